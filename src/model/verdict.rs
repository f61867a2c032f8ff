//! What a scanner has to say on a finding, and why it says nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a scanner has to say on a finding, or why it says nothing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It reports it.
    Reported,
    /// It reports it through an umbrella or hub advisory.
    Covered,
    /// It found it and withheld it: own ignore rule, VEX, default rule.
    Suppressed,
    /// It saw the package, in another version.
    OtherVersion,
    /// It catalogued the package and did not report the vulnerability.
    NoMatch,
    /// Its complete inventory lacks the package.
    PackageNotSeen,
    /// By design it does not assess that ecosystem, release or third-party package.
    NotAssessed,
    /// It gave no trustworthy result.
    Failed,
    /// The evidence does not decide; the reason names what would.
    Unknown,
}

impl Verdict {
    /// True when the scanner counts as having found it.
    pub fn sees(self) -> bool {
        matches!(self, Self::Reported | Self::Covered)
    }

    /// True when the scanner could not have reported it whatever its data: such pairs are left out
    /// of the adjusted agreement.
    pub fn not_applicable(self) -> bool {
        matches!(self, Self::NotAssessed | Self::Failed)
    }

    /// The name as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Covered => "covered",
            Self::Suppressed => "suppressed",
            Self::OtherVersion => "other-version",
            Self::NoMatch => "no-match",
            Self::PackageNotSeen => "package-not-seen",
            Self::NotAssessed => "not-assessed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// How far the evidence carries a verdict and its cause.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// A record says so.
    Proven,
    /// Consistent with everything seen, but something else is not excluded.
    Inferred,
    /// Open.
    Unknown,
}

impl Strength {
    /// The name as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Inferred => "inferred",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a verdict is what it is: the first test that holds, in the order of these variants.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It lists the vulnerability on the package.
    Listed,
    /// It gave no trustworthy result.
    NoResult,
    /// It lists a notice or another advisory that covers the vulnerability.
    CoveringAdvisory,
    /// A rule that it was given withheld it: ignore file, VEX, policy of its service.
    GivenRule,
    /// A rule that ships with it withheld it, by its own record.
    ShippedRule,
    /// A rule in its program drops such findings without a record.
    BuiltInRule,
    /// The id was rejected by its numbering authority.
    Rejected,
    /// The advisory was withdrawn by its publisher.
    Withdrawn,
    /// It matches no packages of this kind against advisories.
    Ecosystem,
    /// The distribution's release gets no more advisories.
    OutOfSupport,
    /// Not the distribution's own package, and it matches only those.
    ThirdParty,
    /// It shows nothing below a severity.
    SeverityFloor,
    /// It shows nothing that has no fix.
    UnfixedHidden,
    /// The operating system's package manager installed these files, and it leaves them to the
    /// distribution's advisories.
    OwnedByOsPackage,
    /// The same, and the distribution's package is not affected: a fix was carried back, or the
    /// flaw was never in it.
    DistributionFixed,
    /// Its complete package list lacks the package.
    NotCatalogued,
    /// Its complete package list has no package of this kind at all.
    EcosystemNotCatalogued,
    /// It lists what lies there as another package.
    OtherIdentity,
    /// It lists the package in another version only.
    OtherVersion,
    /// A fix version that somebody states is not above the installed one: by such data the package
    /// is fixed.
    FixedAtInstalled,
    /// Others take the flaw from a database that it does not use for such packages.
    OtherAdvisorySource,
    /// It reports the vulnerability elsewhere in the image: it takes this version for unaffected.
    VersionRange,
    /// Its database is older than the vulnerability.
    DatabaseOlder,
    /// It reports the vulnerability nowhere: its data lacks it, disputes it, or takes this version
    /// for unaffected.
    NotInData,
    /// Nothing tells whether it saw the package.
    NoPackageList,
}

impl Cause {
    /// Every cause, in the order in which they are tested.
    pub const ALL: [Self; 25] = [
        Self::Listed,
        Self::NoResult,
        Self::CoveringAdvisory,
        Self::GivenRule,
        Self::ShippedRule,
        Self::BuiltInRule,
        Self::Rejected,
        Self::Withdrawn,
        Self::Ecosystem,
        Self::OutOfSupport,
        Self::ThirdParty,
        Self::SeverityFloor,
        Self::UnfixedHidden,
        Self::OwnedByOsPackage,
        Self::DistributionFixed,
        Self::NotCatalogued,
        Self::EcosystemNotCatalogued,
        Self::OtherIdentity,
        Self::OtherVersion,
        Self::FixedAtInstalled,
        Self::OtherAdvisorySource,
        Self::VersionRange,
        Self::DatabaseOlder,
        Self::NotInData,
        Self::NoPackageList,
    ];

    /// The name as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NoResult => "no-result",
            Self::CoveringAdvisory => "covering-advisory",
            Self::GivenRule => "given-rule",
            Self::ShippedRule => "shipped-rule",
            Self::BuiltInRule => "built-in-rule",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Ecosystem => "ecosystem",
            Self::OutOfSupport => "out-of-support",
            Self::ThirdParty => "third-party",
            Self::SeverityFloor => "severity-floor",
            Self::UnfixedHidden => "unfixed-hidden",
            Self::OwnedByOsPackage => "owned-by-os-package",
            Self::DistributionFixed => "distribution-fixed",
            Self::NotCatalogued => "not-catalogued",
            Self::EcosystemNotCatalogued => "ecosystem-not-catalogued",
            Self::OtherIdentity => "other-identity",
            Self::OtherVersion => "other-version",
            Self::FixedAtInstalled => "fixed-at-installed",
            Self::OtherAdvisorySource => "other-advisory-source",
            Self::VersionRange => "version-range",
            Self::DatabaseOlder => "database-older",
            Self::NotInData => "not-in-data",
            Self::NoPackageList => "no-package-list",
        }
    }

    /// The cause in a few words, for a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NoResult => "no trustworthy result",
            Self::CoveringAdvisory => "through an advisory that covers it",
            Self::GivenRule => "withheld by a rule that it was given",
            Self::ShippedRule => "withheld by a rule that ships with it",
            Self::BuiltInRule => "dropped by a rule in its program",
            Self::Rejected => "the id was rejected",
            Self::Withdrawn => "the advisory was withdrawn",
            Self::Ecosystem => "does not match such packages",
            Self::OutOfSupport => "the release is out of support",
            Self::ThirdParty => "not the distribution's own package",
            Self::SeverityFloor => "below the severity from which it shows findings",
            Self::UnfixedHidden => "no fix, and it shows fixable findings only",
            Self::OwnedByOsPackage => "left to the distribution's package",
            Self::DistributionFixed => "fixed or unaffected in the distribution's package",
            Self::NotCatalogued => "not in its package list",
            Self::EcosystemNotCatalogued => "no such package in its package list",
            Self::OtherIdentity => "listed as another package",
            Self::OtherVersion => "listed in another version",
            Self::FixedAtInstalled => "by some data fixed in the installed version",
            Self::OtherAdvisorySource => "others use a database that it does not use",
            Self::VersionRange => "takes this version for unaffected",
            Self::DatabaseOlder => "its database is older",
            Self::NotInData => "not in its data",
            Self::NoPackageList => "open: its package list is not known",
        }
    }

    /// True for a vulnerability that does not stand any more: silence is right then.
    pub fn is_void(self) -> bool {
        matches!(self, Self::Rejected | Self::Withdrawn)
    }
}

/// A verdict with its cause and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScannerVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is that one.
    #[serde(default = "unstated")]
    pub cause: Cause,
    /// How strong.
    pub strength: Strength,
    /// One sentence for a person; for [`Verdict::Unknown`] it names the input that would settle it.
    pub reason: String,
}

/// The cause in reports of versions that wrote none.
fn unstated() -> Cause {
    Cause::NoPackageList
}

impl ScannerVerdict {
    /// True when the scanner could not have reported the finding, by design or by a rule, or was
    /// right not to: such silence is not counted against it.
    pub fn is_excused(&self) -> bool {
        self.verdict.not_applicable()
            || self.verdict == Verdict::Suppressed
            || self.cause.is_void()
            || matches!(
                self.cause,
                Cause::OwnedByOsPackage | Cause::DistributionFixed
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_listed_in_their_order_under_their_names() {
        assert!(Cause::ALL.is_sorted());
        for cause in Cause::ALL {
            let name = serde_json::to_value(cause).unwrap();
            assert_eq!(name, cause.as_str());
        }
    }
}
