//! What one scanner said about one image: the input of everything else.

use std::fmt;

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Epss, KevEntry};
use super::ids::AdvisoryId;
use super::package::Package;
use super::severity::{Rating, Severity};

/// A scanner's short name, as in its adapter manifest: `trivy`, `grype`, `snyk`, `docker-scout`.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ScannerId(String);

impl ScannerId {
    /// Aqua Trivy.
    pub const TRIVY: &'static str = "trivy";
    /// Anchore Grype.
    pub const GRYPE: &'static str = "grype";
    /// Snyk Container.
    pub const SNYK: &'static str = "snyk";
    /// Docker Scout.
    pub const DOCKER_SCOUT: &'static str = "docker-scout";
    /// Google OSV-Scanner.
    pub const OSV_SCANNER: &'static str = "osv-scanner";
    /// This program, which writes other tools' formats too.
    pub const CROSSCHECK: &'static str = env!("CARGO_PKG_NAME");

    /// The id for a tool's name in any spelling: lower case, everything but letters and digits
    /// becomes one hyphen. Names that the known tools write into their reports map to their ids
    /// (`Snyk Container` to `snyk`).
    pub fn new(name: &str) -> Self {
        let mut id = String::with_capacity(name.len());
        for c in name.trim().chars() {
            if c.is_ascii_alphanumeric() {
                id.push(c.to_ascii_lowercase());
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            }
        }
        let id = id.trim_end_matches('-');
        Self(
            match id {
                "snyk-container" | "snyk-open-source" | "snyk-cli" => Self::SNYK,
                "scout" | "docker-scout-cli" => Self::DOCKER_SCOUT,
                "osv" | "osv-scanner-v2" => Self::OSV_SCANNER,
                "aqua-trivy" | "trivy-operator" | "aquasecurity-trivy" => Self::TRIVY,
                "anchore-grype" => Self::GRYPE,
                "" => "unknown",
                other => other,
            }
            .to_owned(),
        )
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for this program itself.
    pub fn is_own(&self) -> bool {
        self.0 == Self::CROSSCHECK
    }
}

impl fmt::Display for ScannerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The operating system that an image is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Distro {
    /// Family as the scanner names it, lower case: `debian`, `ubuntu`, `alpine`, `redhat`.
    pub family: String,
    /// Release, as precise as the scanner gives it: `12.5`, `22.04`.
    pub version: String,
    /// True when the scanner states that the release gets no more security updates.
    #[serde(default)]
    pub end_of_life: bool,
}

/// What a report says it is about. Every field may be missing: Snyk gives no digest at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The image reference or path as the scanner was given it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Digest of the image configuration (`sha256:…`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub config_digest: Option<String>,
    /// Digest of the platform's manifest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_digest: Option<String>,
    /// `repository@sha256:…` as known to a registry; of the index for multi-platform images.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub repo_digests: Vec<String>,
    /// Digests of the uncompressed layers, bottom first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub diff_ids: Vec<String>,
    /// `os/architecture[/variant]`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<String>,
    /// The distribution, when detected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub distro: Option<Distro>,
    /// True when the report is about something else than a container image (a source tree, a
    /// lock file, a virtual machine).
    #[serde(default)]
    pub not_an_image: bool,
}

/// Index into [`ScannerReport::packages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageIndex(pub u32);

/// How an id that stands beside the primary one relates to it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum IdRelation {
    /// The report lists it among the names of the same entry. Whether that makes it the same flaw
    /// is for reconciling to decide.
    Alias,
    /// OSV's `upstream`: this record was derived from that one.
    Upstream,
    /// Explicitly only related; kept for display, never identity.
    Related,
}

/// An id beside an observation's own, with the field that it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdLink {
    /// The other id.
    pub id: AdvisoryId,
    /// How it is linked.
    pub relation: IdRelation,
    /// Name of the report's field, for `explain`: `VendorIDs`, `relatedVulnerabilities`, `identifiers.CVE`.
    pub field: &'static str,
}

/// Whether a fix exists, in the scanner's opinion.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FixState {
    /// A version with the fix is published.
    Fixed,
    /// Affected, no fix yet.
    NotFixed,
    /// The vendor decided not to fix it.
    WontFix,
    /// The vendor postponed the fix.
    Deferred,
    /// The release is out of support.
    EndOfLife,
    /// Not stated.
    #[default]
    Unknown,
}

impl FixState {
    /// The name as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotFixed => "not-fixed",
            Self::WontFix => "wont-fix",
            Self::Deferred => "deferred",
            Self::EndOfLife => "end-of-life",
            Self::Unknown => "unknown",
        }
    }
}

/// One scanner's statement about fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FixClaim {
    /// The state.
    pub state: FixState,
    /// Versions that carry the fix, as stated; for libraries one per release branch.
    pub versions: Vec<String>,
}

impl FixClaim {
    /// A claim from a list of fixed versions (empty texts dropped) and the state to assume
    /// when there is none.
    pub fn from_versions<'a>(
        versions: impl IntoIterator<Item = &'a str>,
        otherwise: FixState,
    ) -> Self {
        let versions: Vec<String> = versions
            .into_iter()
            .map(str::trim)
            .filter(|v| !v.is_empty())
            .map(str::to_owned)
            .collect();
        let state = if versions.is_empty() {
            otherwise
        } else {
            FixState::Fixed
        };
        Self { state, versions }
    }
}

/// Whose advisory a scanner matched.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AdvisorySource {
    /// The distribution's.
    Distribution,
    /// The National Vulnerability Database's, by CPE.
    Nvd,
    /// GitHub's Advisory Database.
    Github,
    /// A database of the language's own: Go, PyPA, RustSec, RubySec, GitLab's, …
    Ecosystem,
    /// The scanner's maker's own.
    Scanner,
}

/// What a scanner was told to leave out of its report, by the report's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// The lowest severity that it shows.
    pub severity_floor: Option<Severity>,
}

/// One scanner's statement that one vulnerability concerns one package instance, in its own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The id under which the scanner lists it.
    pub id: AdvisoryId,
    /// Other ids of the same entry.
    pub links: Vec<IdLink>,
    /// The package.
    pub package: PackageIndex,
    /// The severity that the scanner shows.
    pub severity: Severity,
    /// All ratings that the entry carries, the shown one included.
    pub ratings: Vec<Rating>,
    /// The fix, in the scanner's opinion.
    pub fix: FixClaim,
    /// Whose advisory it is, where the report says so.
    pub advisory_source: Option<AdvisorySource>,
    /// JSON pointer (RFC 6901) of the entry in the decoded report.
    pub pointer: String,
}

#[cfg(test)]
impl Observation {
    /// For tests: an id on the report's package of that number, of which nothing else is said.
    pub(crate) fn of(id: &str, package: usize, pointer: String) -> Self {
        Self {
            id: AdvisoryId::new(id),
            links: Vec::new(),
            package: PackageIndex(u32::try_from(package).unwrap_or(u32::MAX)),
            severity: Severity::High,
            ratings: Vec::new(),
            fix: FixClaim::default(),
            advisory_source: None,
            pointer,
        }
    }
}

/// Whether an advisory still stands, where a report says so.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AdvisoryState {
    /// Nothing says otherwise.
    #[default]
    Active,
    /// Contested by the supplier.
    Disputed,
    /// Withdrawn by its publisher.
    Withdrawn,
    /// Rejected by its numbering authority.
    Rejected,
}

/// What a report tells about a vulnerability as such, whatever the package. Kept once per id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advisory {
    /// One line.
    pub title: Option<String>,
    /// Longer text, any markup as given. Hostile.
    pub description: Option<String>,
    /// Page to read more at.
    pub url: Option<String>,
    /// `CWE-79`, …
    pub cwes: Vec<String>,
    /// When the advisory was published.
    pub published: Option<Timestamp>,
    /// Whether it still stands.
    pub state: AdvisoryState,
    /// The id that this one was declared a duplicate of.
    pub duplicate_of: Option<AdvisoryId>,
    /// Listed as exploited in the wild (CISA KEV), by the scanner's word.
    pub known_exploited: bool,
    /// Its entry in that list, where the report has it.
    pub kev: Option<KevEntry>,
    /// The score that the report gives this very id.
    pub epss: Option<Epss>,
}

impl Advisory {
    /// Fills what is missing here from `other`.
    pub fn fill_from(&mut self, other: Self) {
        self.title = self.title.take().or(other.title);
        self.description = self.description.take().or(other.description);
        self.url = self.url.take().or(other.url);
        self.published = self.published.or(other.published);
        self.duplicate_of = self.duplicate_of.take().or(other.duplicate_of);
        self.state = self.state.max(other.state);
        self.known_exploited |= other.known_exploited;
        self.kev = self.kev.take().max(other.kev);
        self.epss = match (self.epss.take(), other.epss) {
            (Some(own), Some(other)) => Some(own.prefer(other)),
            (own, other) => own.or(other),
        };
        for cwe in other.cwes {
            if !self.cwes.contains(&cwe) {
                self.cwes.push(cwe);
            }
        }
    }
}

/// An observation that the scanner itself withheld from its findings.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// What it would have reported.
    pub observation: Observation,
    /// Why, in the scanner's words: rule, VEX status, ignore reason.
    pub reason: String,
    /// True when a rule that ships with the scanner did it, not one of the user's.
    pub by_default_rule: bool,
}

/// How much of the image's package list a report holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InventoryScope {
    /// Every package that the scanner catalogued.
    Complete,
    /// Only packages that have findings: a missing package proves nothing.
    #[default]
    VulnerableOnly,
}

/// How well a report identifies packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityQuality {
    /// Ecosystem, name, version and, for OS packages, the source package where it differs.
    #[default]
    Full,
    /// Some of that had to be read out of prose (SARIF), or cannot be had.
    Reduced,
}

/// How bad a [`Diagnostic`] is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosticLevel {
    /// Worth knowing; nothing is missing.
    Note,
    /// Something may be missing or misleading.
    Warning,
    /// An entry could not be understood and is not among the observations.
    Unreadable,
}

/// Something about an input that a person should know.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Diagnostic {
    /// How bad.
    pub level: DiagnosticLevel,
    /// The scanner or file concerned; empty when the reader that writes it cannot know.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub origin: String,
    /// JSON pointer of the place, when there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer: Option<String>,
    /// What is the matter, and what to do where something can be done.
    pub message: String,
}

/// The database that a scanner matched against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// When it was built.
    pub built: Option<Timestamp>,
    /// Its schema or data version.
    pub version: Option<String>,
}

/// A report file, read: everything that one scanner said, in the common model.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannerReport {
    /// Which scanner wrote it, as far as the file says.
    pub scanner: ScannerId,
    /// The scanner's version.
    pub scanner_version: Option<String>,
    /// Name of the format that was read, for messages: `Trivy JSON`.
    pub format: &'static str,
    /// The database, when the report names it.
    pub database: Option<Database>,
    /// When the scan ran.
    pub created: Option<Timestamp>,
    /// What was scanned.
    pub target: Target,
    /// Packages that observations point to and, if [`ScannerReport::inventory`] says so, all others.
    pub packages: Vec<Package>,
    /// Packages that the scanner says it looked at without listing them (Snyk's `dependencyCount`).
    /// Tells *found nothing* from *recognised nothing*.
    pub packages_stated: usize,
    /// How complete `packages` is.
    pub inventory: InventoryScope,
    /// What it leaves out because it was told to.
    pub filters: Filters,
    /// Paths of libraries of NVIDIA's driver and of its installer among the files that the report
    /// lists beside its packages: such a file was copied into the image if no package owns it.
    /// Sorted, each once.
    pub driver_files: Vec<String>,
    /// How well packages are identified.
    pub identity: IdentityQuality,
    /// What is known of each id as such.
    pub advisories: IndexMap<AdvisoryId, Advisory>,
    /// The findings, in file order.
    pub observations: Vec<Observation>,
    /// What the scanner withheld.
    pub suppressed: Vec<Suppressed>,
    /// Vulnerability entries in the file, readable or not, withheld ones included. One entry can hold
    /// several observations (several packages) and an unreadable one holds none.
    pub entries: usize,
    /// Entries that the format lists among vulnerabilities but that are something else: licence
    /// issues, lint results. Part of `entries`.
    pub not_vulnerabilities: usize,
    /// The scanner's own statement that it failed, when the file is an error document.
    pub failure: Option<String>,
    /// What a person should know about the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl ScannerReport {
    /// An empty report.
    pub fn new(scanner: ScannerId, format: &'static str) -> Self {
        Self {
            scanner,
            scanner_version: None,
            format,
            database: None,
            created: None,
            target: Target::default(),
            packages: Vec::new(),
            packages_stated: 0,
            inventory: InventoryScope::default(),
            filters: Filters::default(),
            driver_files: Vec::new(),
            identity: IdentityQuality::default(),
            advisories: IndexMap::new(),
            observations: Vec::new(),
            suppressed: Vec::new(),
            entries: 0,
            not_vulnerabilities: 0,
            failure: None,
            diagnostics: Vec::new(),
        }
    }

    /// The package that an observation of this report points to.
    pub fn package(&self, index: PackageIndex) -> Option<&Package> {
        self.packages.get(index.0 as usize)
    }

    /// Number of entries that could not be understood.
    pub fn unreadable(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|d| d.level == DiagnosticLevel::Unreadable)
            .count()
    }
}
