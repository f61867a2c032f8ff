//! From Trivy's result lists to packages and observations: the part that all its shapes share.

use std::collections::BTreeSet;

use crate::formats::builder::ReportBuilder;
use crate::formats::entries::{Entries, Text};
use crate::model::{Distro, IdentityQuality, InventoryScope, Observation, Severity};

use super::documents::{InstalledPackage, ModifiedFinding, ScanResult, Vulnerability};
use super::packages::{Context, Inventory};
use super::{target, vulnerability as entry};

/// Reads result lists, and gathers on the way what only the results as a whole tell.
pub(super) struct Reader {
    builder: ReportBuilder,
    /// Results that are about packages.
    package_results: usize,
    /// Of those, results whose package list is missing or damaged.
    without_packages: usize,
    distro: Option<Distro>,
    images: BTreeSet<String>,
}

impl Reader {
    pub(super) fn new(builder: ReportBuilder) -> Self {
        Self {
            builder,
            package_results: 0,
            without_packages: 0,
            distro: None,
            images: BTreeSet::new(),
        }
    }

    /// The distribution that the first operating system result's target text names.
    pub(super) fn distro(&self) -> Option<Distro> {
        self.distro.clone()
    }

    /// Number of different images that operating system results name.
    pub(super) fn images(&self) -> usize {
        self.images.len()
    }

    /// The image that the operating system results name, if it is the only one.
    pub(super) fn single_image(&self) -> Option<String> {
        let mut names = self.images.iter();
        names.next().filter(|_| names.next().is_none()).cloned()
    }

    /// The builder, with what follows from all results set.
    pub(super) fn finish(mut self) -> ReportBuilder {
        let complete = self.package_results > 0 && self.without_packages == 0;
        self.builder.report().inventory = if complete {
            InventoryScope::Complete
        } else {
            InventoryScope::VulnerableOnly
        };
        self.builder
    }

    pub(super) fn warn(&mut self, pointer: String, message: String) {
        self.builder.warn(pointer, message);
    }

    /// A part that should hold vulnerabilities and could not be read counts as one entry: how many
    /// it holds cannot be known.
    pub(super) fn unreadable(&mut self, pointer: String, why: String) {
        self.builder.entries(1);
        self.builder.unreadable(pointer, why);
    }

    /// Reads a list of results; `list` is its JSON pointer.
    pub(super) fn read_results(&mut self, results: Entries<ScanResult<'_>>, list: &str) {
        for (pointer, result) in results.located(list) {
            match result {
                Ok(result) => self.read_result(result, &pointer),
                Err(why) => self.unreadable(pointer, why),
            }
        }
    }

    fn read_result(&mut self, result: ScanResult<'_>, pointer: &str) {
        let context = Context::new(
            result.class.as_str(),
            result.kind.as_str(),
            result.target.as_str(),
        );
        if context.is_os {
            self.note_os_target(&result.target);
        }
        if matches!(result.class.as_str(), "os-pkgs" | "lang-pkgs" | "") {
            self.package_results += 1;
            if result.packages.len() == 0 {
                self.without_packages += 1;
            }
        }

        let packages = self.read_packages(result.packages, pointer);
        let mut inventory = Inventory::default();
        for package in &packages {
            let index = self.builder.package(context.installed(package));
            inventory.add(package, index);
        }

        self.read_entries(
            result.vulnerabilities,
            &format!("{pointer}/Vulnerabilities"),
            &context,
            &inventory,
        );
        let list = format!("{pointer}/ExperimentalModifiedFindings");
        for (pointer, modified) in result.modified_findings.located(&list) {
            self.read_modified(modified, pointer, &context, &inventory);
        }
    }

    fn note_os_target(&mut self, text: &Text<'_>) {
        let (name, distro) = target::from_text(text);
        self.images.extend(name.map(str::to_owned));
        if self.distro.is_none() {
            self.distro = distro;
        }
    }

    fn read_packages<'a>(
        &mut self,
        packages: Entries<InstalledPackage<'a>>,
        pointer: &str,
    ) -> Vec<InstalledPackage<'a>> {
        let mut readable = Vec::with_capacity(packages.len());
        let list = format!("{pointer}/Packages");
        let mut damaged = false;
        for (pointer, package) in packages.located(&list) {
            match package {
                Ok(package) if package.name.get().is_some() => readable.push(package),
                Ok(_) => {
                    damaged = true;
                    self.builder.warn(pointer, "a package without a name");
                }
                Err(why) => {
                    damaged = true;
                    self.builder
                        .warn(pointer, format!("a package that could not be read: {why}"));
                }
            }
        }
        if damaged {
            self.without_packages += 1;
        }
        readable
    }

    fn read_entries(
        &mut self,
        vulnerabilities: Entries<Vulnerability<'_>>,
        list: &str,
        context: &Context<'_>,
        inventory: &Inventory<'_>,
    ) {
        self.builder.entries(vulnerabilities.len());
        for (pointer, vulnerability) in vulnerabilities.located(list) {
            let observed = vulnerability.and_then(|vulnerability| {
                self.observation(&vulnerability, context, inventory, &pointer)
            });
            match observed {
                Ok(observation) => self.builder.observe(observation),
                Err(why) => self.builder.unreadable(pointer, why),
            }
        }
    }

    /// Reads the operator's list, whose entries carry their own class, type and target. `family` is
    /// the report's distribution: the only hint at the ecosystem before the operator wrote the type.
    pub(super) fn read_operator_entries(
        &mut self,
        vulnerabilities: Entries<Vulnerability<'_>>,
        list: &str,
        family: Option<&str>,
    ) {
        self.builder.entries(vulnerabilities.len());
        for (pointer, vulnerability) in vulnerabilities.located(list) {
            let observed = vulnerability.and_then(|vulnerability| {
                let kind = vulnerability.operator_type.get();
                if kind.is_none() && vulnerability.operator_purl.get().is_none() {
                    self.builder.report().identity = IdentityQuality::Reduced;
                }
                let context = Context::new(
                    vulnerability.operator_class.as_str(),
                    kind.or(family).unwrap_or_default(),
                    vulnerability.operator_target.as_str(),
                );
                if context.is_os {
                    self.note_os_target(&vulnerability.operator_target);
                }
                self.observation(&vulnerability, &context, &Inventory::default(), &pointer)
            });
            match observed {
                Ok(observation) => self.builder.observe(observation),
                Err(why) => self.builder.unreadable(pointer, why),
            }
        }
    }

    /// Reads a finding that was taken out. Those of other kinds than vulnerabilities are no entries.
    fn read_modified(
        &mut self,
        modified: Result<ModifiedFinding<'_>, String>,
        pointer: String,
        context: &Context<'_>,
        inventory: &Inventory<'_>,
    ) {
        let modified = match modified {
            Ok(modified) if !matches!(modified.kind.as_str(), "vulnerability" | "") => return,
            Ok(modified) => modified,
            Err(why) => return self.unreadable(pointer, why),
        };
        self.builder.entries(1);
        let observed = match modified.finding {
            None => Err("the withheld finding is missing".to_owned()),
            Some(raw) => serde_json::from_str::<Vulnerability<'_>>(raw.get())
                .map_err(|error| error.to_string())
                .and_then(|vulnerability| {
                    self.observation(&vulnerability, context, inventory, &pointer)
                }),
        };
        match observed {
            Ok(observation) => self.builder.suppress(observation, reason(&modified), false),
            Err(why) => self.builder.unreadable(pointer, why),
        }
    }

    fn observation(
        &mut self,
        vulnerability: &Vulnerability<'_>,
        context: &Context<'_>,
        inventory: &Inventory<'_>,
        pointer: &str,
    ) -> Result<Observation, String> {
        let id = ReportBuilder::id(vulnerability.id.as_str())?;
        if vulnerability.package_name.get().is_none() {
            return Err("the entry names no package".to_owned());
        }
        let package = match inventory.find(vulnerability) {
            Some(index) => index,
            None => self.builder.package(context.vulnerable(vulnerability)),
        };
        if !self.builder.knows(&id) {
            self.builder.advisory(&id, entry::advisory(vulnerability));
        }
        let severity = self.shown_severity(vulnerability, pointer);
        Ok(Observation {
            links: entry::links(vulnerability, &id),
            id,
            package,
            severity,
            ratings: entry::ratings(vulnerability, severity),
            fix: entry::fix(vulnerability),
            advisory_source: entry::advisory_source(vulnerability),
            pointer: pointer.to_owned(),
        })
    }

    /// The severity that Trivy prints. Where an entry has none, it is that of the source named.
    fn shown_severity(&mut self, vulnerability: &Vulnerability<'_>, pointer: &str) -> Severity {
        if let Some(label) = vulnerability.severity.get() {
            return self.builder.severity(label, pointer);
        }
        entry::severity_of_source(vulnerability, vulnerability.severity_source.as_str())
    }
}

/// Why a finding was withheld: `not_affected: vulnerable_code_not_present (vex.json)`.
fn reason(modified: &ModifiedFinding<'_>) -> String {
    let mut reason = modified.status.get().unwrap_or("withheld").to_owned();
    if let Some(statement) = modified.statement.get() {
        reason.push_str(": ");
        reason.push_str(statement);
    }
    if let Some(source) = modified.source.get() {
        reason.push_str(" (");
        reason.push_str(source);
        reason.push(')');
    }
    reason
}
