//! NVIDIA's security bulletins as data: which driver version of which branch fixes what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::version::{DriverBranch, DriverVersion};
use crate::model::AdvisoryId;
use crate::policy::document::Day;
use crate::policy::problem::{PolicyErrors, did_you_mean};
use crate::policy::values::{Item, Reader, read};
use crate::policy::yaml::Node;

/// The part of the driver that has a flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Component {
    /// The kernel modules.
    KernelMode,
    /// The GPU's firmware, which the kernel modules load.
    Firmware,
    /// The vGPU manager on the host of virtual machines.
    VgpuManager,
    /// Libraries and programs outside the kernel.
    UserMode,
    /// The bulletin does not say.
    Unspecified,
    /// The installer.
    Installer,
    /// A helper of the desktop: its D-Bus file.
    DesktopHelper,
}

impl Component {
    const ALL: [Self; 7] = [
        Self::KernelMode,
        Self::Firmware,
        Self::VgpuManager,
        Self::UserMode,
        Self::Unspecified,
        Self::Installer,
        Self::DesktopHelper,
    ];

    /// The word in a list of bulletins and in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KernelMode => "kernel_mode",
            Self::Firmware => "firmware",
            Self::VgpuManager => "vgpu_manager",
            Self::UserMode => "user_mode",
            Self::Unspecified => "unspecified",
            Self::Installer => "installer",
            Self::DesktopHelper => "desktop_helper",
        }
    }

    /// True for what runs in the host's kernel, in the GPU or in the hypervisor and therefore never
    /// comes out of a container's image.
    pub fn is_host_only(self) -> bool {
        matches!(self, Self::KernelMode | Self::Firmware | Self::VgpuManager)
    }

    /// Whether a hint can be right for it.
    fn allows(self, hint: Hint) -> bool {
        match hint {
            Hint::HostDriver => self.is_host_only(),
            Hint::HostDriverIfImageShipsNone => {
                self.is_host_only() || matches!(self, Self::UserMode | Self::Unspecified)
            }
            Hint::Review => true,
        }
    }
}

/// What a driver on the host can do about a flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hint {
    /// A fixed driver on the host is enough.
    HostDriver,
    /// It is enough unless the image has user-mode driver libraries of its own.
    HostDriverIfImageShipsNone,
    /// Nothing that can be decided here.
    Review,
}

impl Hint {
    const ALL: [Self; 3] = [
        Self::HostDriver,
        Self::HostDriverIfImageShipsNone,
        Self::Review,
    ];

    /// The word in a list of bulletins.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HostDriver => "host_driver",
            Self::HostDriverIfImageShipsNone => "host_driver_if_image_ships_none",
            Self::Review => "review",
        }
    }
}

/// NVIDIA's word for how long a branch is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BranchKind {
    /// Long-term support branch (LTSB): three years.
    LongTermSupport,
    /// Production branch (PB): one year.
    Production,
    /// New feature branch (NFB): until the next one.
    NewFeature,
    /// For GPUs that newer branches have left behind.
    Legacy,
}

impl BranchKind {
    const ALL: [Self; 4] = [
        Self::LongTermSupport,
        Self::Production,
        Self::NewFeature,
        Self::Legacy,
    ];

    /// The word in a list of bulletins.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongTermSupport => "long-term-support",
            Self::Production => "production",
            Self::NewFeature => "new-feature",
            Self::Legacy => "legacy",
        }
    }
}

/// What is known of a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// Its kind.
    pub kind: Option<BranchKind>,
    /// The month in which its support ends, `YYYY-MM`.
    pub end_of_life: Option<String>,
}

/// One vulnerability of the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of NVIDIA's security bulletin.
    pub bulletin: String,
    /// The bulletin's day.
    pub published: Day,
    /// The part of the driver that has the flaw.
    pub component: Component,
    /// What a driver on the host can do about it.
    pub hint: Hint,
    /// By branch, the lowest version with the fix. A branch that is not here is unknown, not fixed.
    pub fixed: BTreeMap<DriverBranch, DriverVersion>,
    /// Marks of where the versions come from: `nvidia`, `debian`, `cve`.
    pub sources: Vec<String>,
}

/// A list of the driver's vulnerabilities with the versions that fix them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletins {
    data_date: Day,
    branches: BTreeMap<DriverBranch, Branch>,
    entries: BTreeMap<AdvisoryId, Entry>,
}

static SHIPPED: LazyLock<Bulletins> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the file is compiled in, and a test reads it"
    )]
    Bulletins::parse(include_str!("bulletins.yaml"), "bulletins.yaml").expect("shipped bulletins")
});

impl Bulletins {
    /// The list that ships with crosscheck.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Reads a list in the layout of the shipped one (`src/policy/cuda/bulletins.yaml`, which
    /// explains it). `source` is the file's name for messages.
    ///
    /// # Errors
    /// All that is wrong with it, with line and column. A fixed version of another branch than its
    /// key is among it: NVIDIA's own tables have had such slips.
    pub fn parse(text: &str, source: &str) -> Result<Self, PolicyErrors> {
        read(text, source, "a list of bulletins", Reader::bulletins)
    }

    /// This list with another on top: its entries replace those of the same id, its branches those
    /// of the same number, and the later data date holds.
    #[must_use]
    pub fn extended_with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.data_date = both.data_date.max(other.data_date);
        both.branches.extend(other.branches.clone());
        both.entries.extend(other.entries.clone());
        both
    }

    /// The day through which the list is complete.
    pub fn data_date(&self) -> Day {
        self.data_date
    }

    /// The vulnerability of that id; wrappers around a CVE (`DEBIAN-CVE-…`) count as the CVE.
    pub fn get(&self, id: &AdvisoryId) -> Option<(&AdvisoryId, &Entry)> {
        self.entries.get_key_value(&id.unwrapped())
    }

    /// What is known of a branch.
    pub fn branch(&self, branch: DriverBranch) -> Option<&Branch> {
        self.branches.get(&branch)
    }

    /// For tests: every vulnerability, in the order of their ids.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AdvisoryId, &Entry)> {
        self.entries.iter()
    }
}

impl Reader {
    fn bulletins(&mut self, root: &Item<'_>) -> Option<Bulletins> {
        let mut fields = self.fields(root);
        let version = self.required(&mut fields, "version", "add `version: 1`");
        if let Some(version) = version
            && *version.node != Node::Number("1".to_owned())
        {
            let message = format!("expected `1`, found {}", version.node.describe());
            let help = "this program reads version 1 of the list of bulletins";
            self.problem(&version.place, message, Some(help.to_owned()));
        }
        let data_date = self
            .required(
                &mut fields,
                "data-date",
                "add `data-date: YYYY-MM-DD`, the day through which the list is complete",
            )
            .and_then(|item| self.day(&item));
        let branches = fields.take("branches");
        let vulnerabilities = fields.take("vulnerabilities");
        self.finish(&fields);

        let branches = branches
            .map(|item| self.branch_entries(&item))
            .unwrap_or_default()
            .into_iter()
            .map(|(branch, item)| (branch, self.branch(&item)))
            .collect();
        let mut seen = BTreeSet::new();
        let mut entries = BTreeMap::new();
        for (name, item) in vulnerabilities
            .map(|item| self.entries(&item))
            .unwrap_or_default()
        {
            let id = AdvisoryId::new(name);
            if id.cve() != Some(id.as_str()) {
                let message = "expected the id of a CVE: CVE-2026-47600";
                self.problem(&item.place.key(), message, None);
            }
            let entry = self.bulletin_entry(&item);
            if !seen.insert(id.clone()) {
                let message = format!("{id} is there twice; only one can hold");
                self.problem(&item.place.key(), message, None);
            }
            entries.extend(entry.map(|entry| (id, entry)));
        }
        Some(Bulletins {
            data_date: data_date?,
            branches,
            entries,
        })
    }

    /// The entries of a mapping whose keys are branches.
    fn branch_entries<'n>(&mut self, item: &Item<'n>) -> Vec<(DriverBranch, Item<'n>)> {
        let mut found: BTreeMap<DriverBranch, Item<'n>> = BTreeMap::new();
        for (name, item) in self.entries(item) {
            let Some(branch) = DriverBranch::parse(name) else {
                let message = "expected a branch of the Linux driver, written `R580`";
                self.problem(&item.place.key(), message, None);
                continue;
            };
            let place = item.place.key();
            if found.insert(branch, item).is_some() {
                let message = format!("{branch} is there twice; only one can hold");
                self.problem(&place, message, None);
            }
        }
        found.into_iter().collect()
    }

    fn branch(&mut self, item: &Item<'_>) -> Branch {
        if *item.node == Node::Null {
            return Branch::default();
        }
        let mut fields = self.fields(item);
        let kind = fields
            .take("kind")
            .and_then(|item| self.one_word(&item, &BranchKind::ALL, BranchKind::as_str));
        let end_of_life = fields.take("end-of-life").and_then(|item| {
            let month = self.text(&item)?;
            if Day::parse(&format!("{month}-01")).is_none() {
                let message = format!("expected a month in the form YYYY-MM, found `{month}`");
                self.problem(&item.place, message, None);
            }
            Some(month)
        });
        self.finish(&fields);
        Branch { kind, end_of_life }
    }

    fn bulletin_entry(&mut self, item: &Item<'_>) -> Option<Entry> {
        let mut fields = self.fields(item);
        let bulletin = self
            .required(&mut fields, "bulletin", "add the bulletin's number")
            .and_then(|item| match item.node {
                Node::Number(number) => Some(number.clone()),
                _ => self.text(&item),
            });
        let published = self
            .required(&mut fields, "published", "add the bulletin's day")
            .and_then(|item| self.day(&item));
        let component = self
            .required(&mut fields, "component", "add `component: unspecified`")
            .and_then(|item| self.one_word(&item, &Component::ALL, Component::as_str));
        let hint = self
            .required(&mut fields, "hint", "add `hint: review`")
            .and_then(|item| {
                let hint = self.one_word(&item, &Hint::ALL, Hint::as_str)?;
                if let Some(component) = component.filter(|component| !component.allows(hint)) {
                    let message = format!(
                        "`{}` cannot be right for the component `{}`, which an image can contain",
                        hint.as_str(),
                        component.as_str()
                    );
                    self.problem(&item.place, message, None);
                }
                Some(hint)
            });
        let fixed = fields.take("fixed");
        let sources = fields.take("sources");
        self.finish(&fields);

        let fixed = fixed
            .map(|item| self.branch_entries(&item))
            .unwrap_or_default();
        let fixed = fixed
            .into_iter()
            .filter_map(|(branch, item)| Some((branch, self.fixed_version(branch, &item)?)))
            .collect();
        let sources = sources
            .map(|item| self.members(&item))
            .unwrap_or_default()
            .iter()
            .filter_map(|item| self.text(item))
            .collect();
        Some(Entry {
            bulletin: bulletin?,
            published: published?,
            component: component?,
            hint: hint?,
            fixed,
            sources,
        })
    }

    fn fixed_version(&mut self, branch: DriverBranch, item: &Item<'_>) -> Option<DriverVersion> {
        let text = self.text(item)?;
        match DriverVersion::parse(&text) {
            Ok(version) if version.branch() == branch => Some(version),
            Ok(version) => {
                let message = format!(
                    "{version} is a version of branch {}, not of {branch}",
                    version.branch()
                );
                let help = "take the version of this branch from the bulletin, or leave it out";
                self.problem(&item.place, message, Some(help.to_owned()));
                None
            }
            Err(malformed) => {
                self.problem(&item.place, malformed.to_string(), None);
                None
            }
        }
    }

    /// The one of `all` whose word stands here.
    fn one_word<T: Copy>(
        &mut self,
        item: &Item<'_>,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        let found = match item.node {
            Node::Text(text) => all.iter().copied().find(|one| word(*one) == text),
            _ => None,
        };
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|one| word(*one)).collect();
            let message = format!(
                "expected one of {}; found {}",
                words.join(", "),
                item.node.describe()
            );
            let help = match item.node {
                Node::Text(text) => did_you_mean(text, words),
                _ => None,
            };
            self.problem(&item.place, message, help);
        }
        found
    }
}

#[cfg(test)]
mod tests;
