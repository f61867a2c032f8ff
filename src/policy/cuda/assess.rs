//! The rule: whether the drivers of all hosts fix a flaw.

use jiff::civil::Date;

use super::bulletins::{Bulletins, Component, Entry, Hint};
use super::hosts::{Host, HostDriver, Hosts};
use super::image::Image;
use super::version::{DriverBranch, DriverVersion};
use crate::model::{AdvisoryId, HostDriverCheck, HostDriverEvidence, Justification};
use crate::policy::document::Day;

/// Months on whose first day a mitigation ends: about then NVIDIA publishes the next bulletin, which
/// may change what is known.
const BULLETIN_MONTHS: [i8; 4] = [1, 4, 7, 9];
/// Most versions that a sentence lists.
const VERSIONS_SHOWN: usize = 6;

/// What the hosts' drivers do about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assessment {
    /// Every host's driver has the fix.
    Mitigated(Mitigation),
    /// It cannot be left out of account.
    NotMitigated(NotMitigated),
}

/// Why a flaw does no harm on the hosts that were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mitigation {
    /// What it rests on. Where a finding has several ids that the bulletins list, those of the
    /// newest bulletin; the others are in `statement`.
    pub evidence: HostDriverEvidence,
    /// The reason in VEX's words.
    pub justification: Justification,
    /// The reason for a person, with the condition on the hosts; also a VEX impact statement.
    pub statement: String,
    /// Last day on which it holds.
    pub expires: Day,
}

/// Why a flaw counts all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotMitigated {
    /// The id in NVIDIA's bulletin.
    pub vulnerability: AdvisoryId,
    /// The condition that does not hold.
    pub reason: Reason,
    /// The reason for a person, with the host, its version and the version that it needs.
    pub statement: String,
}

/// The first condition of the rule that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The list of bulletins leaves it to a person.
    Review,
    /// The image is itself a driver.
    DriverImage,
    /// The image has user-mode driver libraries of its own, and the flaw may be in them.
    ImageShipsUserModeDriver,
    /// Nobody lists all packages of the image, so that it may have such libraries.
    ImageContentsUnknown,
    /// There is no host, or one without a known version.
    NoHostVersion,
    /// A host's version is no version of the Linux driver.
    MalformedHostVersion,
    /// A host is of a kind that the bulletins do not cover.
    HostExcluded,
    /// The bulletin has no fixed version for a host's branch.
    BranchNotListed,
    /// A host's driver is older than the fix.
    BelowFixed,
}

impl Reason {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::DriverImage => "driver-image",
            Self::ImageShipsUserModeDriver => "image-ships-user-mode-driver",
            Self::ImageContentsUnknown => "image-contents-unknown",
            Self::NoHostVersion => "no-host-version",
            Self::MalformedHostVersion => "malformed-host-version",
            Self::HostExcluded => "host-excluded",
            Self::BranchNotListed => "branch-not-listed",
            Self::BelowFixed => "below-fixed",
        }
    }
}

impl Assessment {
    /// The word for why; `every-host-at-or-above-fixed` for what is mitigated.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Mitigated(_) => "every-host-at-or-above-fixed",
            Self::NotMitigated(not) => not.reason.as_str(),
        }
    }

    /// The reason for a person.
    pub fn statement(&self) -> &str {
        match self {
            Self::Mitigated(mitigation) => &mitigation.statement,
            Self::NotMitigated(not) => &not.statement,
        }
    }
}

/// Whether the drivers of all hosts fix the flaw with these ids. `None` when no id is in the list of
/// bulletins: then no driver has to do with it.
///
/// A wrong yes is worse than a wrong no, so everything that is not known is a no: a host without a
/// version, a branch that the bulletin does not name, an image whose packages nobody lists. Several
/// listed ids have to be fixed all of them.
pub fn assess<'a>(
    bulletins: &Bulletins,
    ids: impl IntoIterator<Item = &'a AdvisoryId>,
    image: &Image,
    hosts: &Hosts,
    today: Day,
) -> Option<Assessment> {
    let mut listed: Vec<(&AdvisoryId, &Entry)> =
        ids.into_iter().filter_map(|id| bulletins.get(id)).collect();
    listed.sort_by_key(|(id, _)| *id);
    listed.dedup_by_key(|(id, _)| *id);
    for (id, entry) in listed.iter().copied() {
        let rule = Rule {
            id,
            entry,
            bulletins,
        };
        if let Err((reason, statement)) = rule.check(image, hosts) {
            return Some(Assessment::NotMitigated(NotMitigated {
                vulnerability: id.clone(),
                reason,
                statement,
            }));
        }
    }
    let statements: Vec<String> = listed
        .iter()
        .map(|(id, entry)| mitigated_statement(id, entry, hosts))
        .collect();
    let (id, entry) = listed.iter().max_by_key(|(id, e)| (e.published, *id))?;
    let all_host_only = listed.iter().all(|(_, e)| e.component.is_host_only());
    Some(Assessment::Mitigated(Mitigation {
        evidence: evidence(bulletins, id, entry, hosts),
        justification: if all_host_only {
            Justification::VulnerableCodeNotPresent
        } else {
            Justification::InlineMitigationsAlreadyExist
        },
        statement: format!(
            "{} Checked on {today} with bulletins up to {}.",
            statements.join(" "),
            bulletins.data_date()
        ),
        expires: next_bulletin(today),
    }))
}

/// One vulnerability's entry, for the rule and its sentences.
struct Rule<'a> {
    id: &'a AdvisoryId,
    entry: &'a Entry,
    bulletins: &'a Bulletins,
}

impl Rule<'_> {
    /// The rule's conditions in their order; an error is the first that does not hold.
    fn check(&self, image: &Image, hosts: &Hosts) -> Result<(), (Reason, String)> {
        let Self { id, entry, .. } = self;
        let bulletin = &entry.bulletin;
        if entry.hint == Hint::Review {
            let statement = format!(
                "NVIDIA bulletin {bulletin} does not tell whether a driver of the host fixes {id} \
                 (component {}); read it and decide",
                entry.component.as_str()
            );
            return Err((Reason::Review, statement));
        }
        if let Some(why) = image.driver_image() {
            let statement = format!(
                "the image is a driver image ({why}), so that it is not the host's driver that \
                 counts for {id}; use an image with a driver that NVIDIA bulletin {bulletin} calls fixed"
            );
            return Err((Reason::DriverImage, statement));
        }
        if image.may_be_driver_image() {
            return Err((Reason::ImageContentsUnknown, self.contents_unknown()));
        }
        if entry.hint == Hint::HostDriverIfImageShipsNone {
            if !image.user_mode().is_empty() {
                return Err((Reason::ImageShipsUserModeDriver, self.ships(image)));
            }
            if !image.is_complete() {
                return Err((Reason::ImageContentsUnknown, self.contents_unknown()));
            }
        }
        if hosts.is_empty() {
            let statement = format!(
                "NVIDIA bulletin {bulletin} fixes {id} with the host's driver, but no host is known; \
                 state the version of every host that the image may run on: --host-driver VERSION"
            );
            return Err((Reason::NoHostVersion, statement));
        }
        let mut failing = hosts
            .iter()
            .filter_map(|host| Some((host, self.host_fails(host)?)));
        let Some((host, reason)) = failing.next() else {
            return Ok(());
        };
        let statement = self.host_statement(host, reason);
        Err((
            reason,
            match failing.count() {
                0 => statement,
                1 => format!("{statement}; 1 more entry of the list of hosts fails too"),
                more => format!("{statement}; {more} more entries of the list of hosts fail too"),
            },
        ))
    }

    fn host_fails(&self, host: &Host) -> Option<Reason> {
        match &host.driver {
            HostDriver::Malformed(_) => Some(Reason::MalformedHostVersion),
            HostDriver::Unknown => Some(Reason::NoHostVersion),
            HostDriver::Excluded(_) => Some(Reason::HostExcluded),
            HostDriver::Known(version) => match self.entry.fixed.get(&version.branch()) {
                None => Some(Reason::BranchNotListed),
                Some(fixed) if version < fixed => Some(Reason::BelowFixed),
                Some(_) => None,
            },
        }
    }

    /// Why a host fails, which [`Rule::host_fails`] has found.
    fn host_statement(&self, host: &Host, reason: Reason) -> String {
        let (origin, id, bulletin) = (&host.origin, self.id, &self.entry.bulletin);
        let wanted = || {
            let versions = alternatives(self.entry.fixed.values());
            format!("NVIDIA bulletin {bulletin} fixes {id} with {versions}")
        };
        match &host.driver {
            HostDriver::Malformed(malformed) => format!("{origin}: {malformed}; {}", wanted()),
            HostDriver::Unknown => {
                format!("{origin}: no version of the driver is known; {}", wanted())
            }
            HostDriver::Excluded(why) => format!(
                "{origin}: {why}; the versions in NVIDIA bulletin {bulletin} for {id} do not apply \
                 to it"
            ),
            HostDriver::Known(version) => {
                let branch = version.branch();
                match self.entry.fixed.get(&branch) {
                    Some(fixed) if reason == Reason::BelowFixed => format!(
                        "{origin} has driver {version}, below {fixed}, with which NVIDIA bulletin \
                         {bulletin} fixes {id} on {branch}; update the host's driver"
                    ),
                    _ => format!(
                        "{origin} has driver {version}, and no fixed version is known for its branch \
                         {}, which is not the same as fixed; {}",
                        self.branch_title(branch),
                        wanted()
                    ),
                }
            }
        }
    }

    fn contents_unknown(&self) -> String {
        format!(
            "no scanner lists all packages of the image, so that it may ship driver libraries with {} \
             (NVIDIA bulletin {}) of its own; let one scanner give a complete list of packages",
            self.id, self.entry.bulletin
        )
    }

    fn ships(&self, image: &Image) -> String {
        let mut shipped = image.user_mode().iter();
        let Some(first) = shipped.next() else {
            return self.contents_unknown();
        };
        let rest = match shipped.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let update = first
            .version
            .as_ref()
            .and_then(|version| {
                let fixed = self.entry.fixed.get(&version.branch())?;
                (version < fixed).then(|| format!("; remove it or update it to {fixed} or newer"))
            })
            .unwrap_or_else(|| "; remove it from the image if nothing needs it".to_owned());
        format!(
            "the image ships user-mode driver libraries of its own, which may be used instead of the \
             host's: {}{rest}; {} (NVIDIA bulletin {}, component {}) may be in them{update}",
            first.what,
            self.id,
            self.entry.bulletin,
            self.entry.component.as_str()
        )
    }

    fn branch_title(&self, branch: DriverBranch) -> String {
        let known = self.bulletins.branch(branch);
        let kind = known.and_then(|known| known.kind);
        let end = known.and_then(|known| known.end_of_life.as_deref());
        let words: Vec<String> = kind
            .map(|kind| format!("a {} branch", kind.as_str()))
            .into_iter()
            .chain(end.map(|end| format!("end of life {end}")))
            .collect();
        if words.is_empty() {
            branch.to_string()
        } else {
            format!("{branch} ({})", words.join(", "))
        }
    }
}

/// Versions with their branches, for a sentence.
fn alternatives<'v>(versions: impl Iterator<Item = &'v DriverVersion>) -> String {
    let titles: Vec<String> = versions
        .map(|version| format!("{version} ({})", version.branch()))
        .collect();
    enumeration(titles, "or").unwrap_or_else(|| "a version that it does not name".to_owned())
}

/// `a, b or c`; a long list is cut and says so. `None` for an empty one.
fn enumeration(mut words: Vec<String>, conjunction: &str) -> Option<String> {
    let more = words.len().saturating_sub(VERSIONS_SHOWN);
    if more > 0 {
        words.truncate(VERSIONS_SHOWN);
        words.push(format!("{more} more"));
    }
    let last = words.pop()?;
    Some(if words.is_empty() {
        last
    } else {
        format!("{} {conjunction} {last}", words.join(", "))
    })
}

/// The hosts that are known, with the fixed version of their branch. Sorted, each once.
fn checks(entry: &Entry, hosts: &Hosts) -> Vec<HostDriverCheck> {
    let mut checks: Vec<(&DriverVersion, HostDriverCheck)> = hosts
        .iter()
        .filter_map(|host| {
            let HostDriver::Known(version) = &host.driver else {
                return None;
            };
            let fixed = entry.fixed.get(&version.branch())?;
            let check = HostDriverCheck {
                version: version.to_string(),
                branch: version.branch().to_string(),
                fixed: fixed.to_string(),
                origin: host.origin.clone(),
            };
            Some((version, check))
        })
        .collect();
    checks.sort();
    checks.dedup();
    checks.into_iter().map(|(_, check)| check).collect()
}

fn evidence(
    bulletins: &Bulletins,
    id: &AdvisoryId,
    entry: &Entry,
    hosts: &Hosts,
) -> HostDriverEvidence {
    HostDriverEvidence {
        vulnerability: id.clone(),
        component: entry.component.as_str().to_owned(),
        bulletin: entry.bulletin.clone(),
        data_date: bulletins.data_date().to_string(),
        hosts: checks(entry, hosts),
    }
}

fn mitigated_statement(id: &AdvisoryId, entry: &Entry, hosts: &Hosts) -> String {
    let place = match entry.component {
        Component::KernelMode => "in the driver's kernel modules, which the host loads",
        Component::Firmware => "in the GPU's firmware, which the host's driver loads",
        Component::VgpuManager => "in the vGPU manager, which runs on the host",
        Component::UserMode => {
            "in the user-mode driver, of which the image ships nothing, so that the host's is used"
        }
        Component::Unspecified | Component::Installer | Component::DesktopHelper => {
            "in the driver, of which the image ships nothing, so that the host's is used"
        }
    };
    let checks = checks(entry, hosts);
    let mut fixed: Vec<&DriverVersion> = hosts
        .iter()
        .filter_map(|host| match &host.driver {
            HostDriver::Known(version) => entry.fixed.get(&version.branch()),
            _ => None,
        })
        .collect();
    fixed.sort();
    fixed.dedup();
    let mut versions: Vec<String> = checks.into_iter().map(|check| check.version).collect();
    versions.dedup();
    format!(
        "{id} is {place} (NVIDIA bulletin {}). This holds only on hosts with driver {} or newer of \
         the same branch; the hosts have {}.",
        entry.bulletin,
        alternatives(fixed.into_iter()),
        enumeration(versions, "and").unwrap_or_default()
    )
}

/// The first day of the next month in which a bulletin is expected.
fn next_bulletin(today: Day) -> Day {
    let year = today.0.year();
    BULLETIN_MONTHS
        .into_iter()
        .map(|month| (year, month))
        .chain([(year.saturating_add(1), 1)])
        .filter_map(|(year, month)| Date::new(year, month, 1).ok())
        .map(Day)
        .find(|day| *day > today)
        // Past the last year of the calendar there is no next one.
        .unwrap_or(Day(Date::MAX))
}

#[cfg(test)]
mod tests;
