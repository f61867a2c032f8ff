//! Why a scanner says nothing on a finding that no record explains.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::model::version::compare;
use crate::model::{
    AdvisorySource, AdvisoryState, Cause, Ecosystem, ScannerId, ScannerVerdict, Strength, Verdict,
};

use super::catalogue::Sight;
use super::evidence::{Case, direct};
use super::places::{hiding_place, holds_many, paths};
use super::subject::Subject;
use super::{inferred, proven};

/// In so many versions a source package may be installed for fixes to be compared with each.
const MAX_INSTALLED: usize = 16;

impl<'r> Subject<'r> {
    /// The steps that are left when no record decides. `all` are the scanners of the run.
    pub(super) fn by_silence(&self, case: &Case<'_>, all: &[Subject<'r>]) -> ScannerVerdict {
        let mut verdict = self.why_silent(case, all);
        if let Some(end) = self.end_of_life(case) {
            let reason = &mut verdict.reason;
            reason.push_str("; it ");
            reason.push_str(&end);
            reason.push_str(": what was found since is outside its data");
        }
        verdict
    }

    fn why_silent(&self, case: &Case<'_>, all: &[Subject<'r>]) -> ScannerVerdict {
        let sight = self.sight_of(case);
        let may_be_listed = sight.is_listed() || sight == Sight::Unknown;
        let shown = self.shown(case.key.0.is_os());
        let hidden = may_be_listed.then(|| shown.hides(case.traits)).flatten();
        hidden
            .or_else(|| self.owned(case, all))
            .unwrap_or_else(|| match sight {
                Sight::Same | Sight::Sibling => self.no_match(case, sight),
                Sight::Other(version) => ScannerVerdict {
                    // Without its whole list it may have the right version as well.
                    strength: if self.catalogue.is_complete() {
                        Strength::Proven
                    } else {
                        Strength::Inferred
                    },
                    ..proven(
                        Verdict::OtherVersion,
                        Cause::OtherVersion,
                        format!("saw the package in version {version}"),
                    )
                },
                Sight::Absent => self.not_seen(case, all),
                Sight::Unknown => self.unknown(),
            })
    }

    /// Its complete list lacks the package.
    fn not_seen(&self, case: &Case<'_>, all: &[Subject<'r>]) -> ScannerVerdict {
        if let Some(verdict) = self.as_another(case, all) {
            return verdict;
        }
        let (ecosystem, name) = &case.key;
        let hidden = hiding_place(case.finding).map_or_else(String::new, |why| format!(": {why}"));
        let (cause, lacks) = if self.catalogue.has_any_of(ecosystem) {
            let lacks = format!("its complete package list has no {ecosystem}/{name}{hidden}");
            (Cause::NotCatalogued, lacks)
        } else {
            let lacks =
                format!("its complete package list has no {ecosystem} package at all{hidden}");
            (Cause::EcosystemNotCatalogued, lacks)
        };
        proven(Verdict::PackageNotSeen, cause, lacks)
    }

    /// The other package as which it lists what lies there.
    fn as_another(&self, case: &Case<'_>, all: &[Subject<'r>]) -> Option<ScannerVerdict> {
        let (ecosystem, name) = &case.key;
        let finding = case.finding;
        let mut reporters: Option<Vec<&Subject<'r>>> = None;
        for path in paths(finding).filter(|path| !holds_many(ecosystem, path)) {
            let Some(other) = self.catalogue.places.only_at(path) else {
                continue;
            };
            let reporters = reporters.get_or_insert_with(|| {
                let names: BTreeSet<&ScannerId> = direct(finding).map(|row| &row.scanner).collect();
                let all = all.iter();
                all.filter(|subject| names.contains(subject.scanner))
                    .collect()
            });
            // One package lies there if a reporter whose list is complete sees this one alone, and none
            // sees several: a list may name one of many in a file.
            let is_alone = |reporter: &&Subject<'r>| {
                let only = reporter.catalogue.places.only_at(path);
                reporter.catalogue.is_complete() && only.is_some_and(|only| *only.key == case.key)
            };
            let is_one_package = !holds_many(&other.key.0, path)
                && reporters.iter().any(is_alone)
                && !reporters
                    .iter()
                    .any(|reporter| reporter.catalogue.places.has_several_at(path));
            if is_one_package {
                let (ecosystem, name) = other.key;
                let reason = format!(
                    "lists what lies at {path} as {ecosystem}/{name} {} only",
                    other.version
                );
                return Some(proven(
                    Verdict::PackageNotSeen,
                    Cause::OtherIdentity,
                    reason,
                ));
            }
        }
        if *ecosystem == Ecosystem::Maven
            && let Some(version) = &finding.package.version
            && let Some(other) = self.catalogue.artifact(name, version)
        {
            let reason = format!("lists the artifact in this version as {other}");
            return Some(inferred(
                Verdict::PackageNotSeen,
                Cause::OtherIdentity,
                reason,
            ));
        }
        None
    }

    /// It has the package and does not report the vulnerability.
    fn no_match(&self, case: &Case<'_>, sight: Sight<'_>) -> ScannerVerdict {
        let saw = match sight {
            Sight::Same => "has the package in this version and does not report it",
            _ => "has a package of the same source and does not report it",
        };
        let (cause, strength, because) = self.why_no_match(case);
        let disputed = match case.finding.vulnerability.state {
            AdvisoryState::Disputed => "; the vulnerability is disputed",
            _ => "",
        };
        ScannerVerdict {
            verdict: Verdict::NoMatch,
            cause,
            strength,
            reason: format!("{saw}: {because}{disputed}"),
        }
    }

    fn why_no_match(&self, case: &Case<'_>) -> (Cause, Strength, String) {
        if let Some((strength, fix, installed)) = self.fixed_at_installed(case) {
            let because = format!(
                "a fix is stated in {fix}, and {installed} is installed, which is not older; its data \
                 takes that for fixed"
            );
            return (Cause::FixedAtInstalled, strength, because);
        }
        if self.follows_distribution && is_from_elsewhere(case) {
            let because = "all who report it take it from another database than the distribution's \
                           advisories, which it goes by for such packages; those would settle it";
            return (
                Cause::OtherAdvisorySource,
                Strength::Inferred,
                because.to_owned(),
            );
        }
        if case.is_known_by(self.scanner) {
            let because = "it reports the vulnerability on other packages, so it takes this one for \
                           unaffected";
            return (Cause::VersionRange, Strength::Inferred, because.to_owned());
        }
        if let (Some(built), Some(published)) = (self.database_built, case.published())
            && built < published
        {
            let because =
                format!("its database of {built} is older than the vulnerability ({published})");
            return (Cause::DatabaseOlder, Strength::Proven, because);
        }
        let because = "its data lack the vulnerability or take this version for unaffected; a look \
                       into its database would settle it";
        (Cause::NotInData, Strength::Inferred, because.to_owned())
    }

    /// A fix version with an installed version that is not older, where that holds for all fixes that
    /// anybody states: one of another release's or branch's says nothing. Only for packages of the
    /// operating system, whose fixes belong to one release. Proven where all are the distribution's word.
    ///
    /// The national database counts in the versions of whoever wrote the program, and is left out.
    fn fixed_at_installed<'c>(
        &'c self,
        case: &'c Case<'_>,
    ) -> Option<(Strength, &'c str, &'c str)> {
        let finding = case.finding;
        if !case.key.0.is_os() {
            return None;
        }
        let installed = self.catalogue.source_versions(&case.key, finding)?;
        if installed.len() > MAX_INSTALLED {
            return None;
        }
        let mut strength = Strength::Proven;
        let mut fixes: BTreeSet<&str> = BTreeSet::new();
        for row in &finding.observations {
            if row.fixed_in.is_empty() || row.advisory_source == Some(AdvisorySource::Nvd) {
                continue;
            }
            if row.advisory_source != Some(AdvisorySource::Distribution) {
                strength = Strength::Inferred;
            }
            fixes.extend(row.fixed_in.iter().map(String::as_str));
        }
        let (fix, first) = (*fixes.first()?, *installed.first()?);
        let is_fixed = fixes.iter().all(|fix| {
            let mut installed = installed.iter();
            installed.all(|version| is_at_least(&case.key.0, version, fix))
        });
        is_fixed.then_some((strength, fix, first))
    }

    /// Nothing tells whether it saw the package.
    fn unknown(&self) -> ScannerVerdict {
        ScannerVerdict {
            verdict: Verdict::Unknown,
            cause: Cause::NoPackageList,
            strength: Strength::Unknown,
            reason: format!(
                "its report does not hold its whole package list; {} to tell whether it saw the \
                 package",
                self.settling_input()
            ),
        }
    }

    /// The input that would show whether the scanner catalogued a package.
    fn settling_input(&self) -> &'static str {
        if self.reduced_identity {
            return "give its JSON report instead of SARIF";
        }
        match self.scanner.as_str() {
            ScannerId::TRIVY => "run it with --list-all-pkgs",
            ScannerId::GRYPE => "give the Syft SBOM that it matched",
            ScannerId::SNYK => "run it with --print-deps and --json-file-output",
            ScannerId::DOCKER_SCOUT => "give the output of `docker scout sbom`",
            ScannerId::OSV_SCANNER => "run it with --all-packages",
            _ => "give its package list",
        }
    }
}

/// Whether an installed version is not older than a fix. Scanners lose epochs: where one of the two
/// has none, neither counts.
fn is_at_least(ecosystem: &Ecosystem, installed: &str, fix: &str) -> bool {
    let rest = |version| match str::split_once(version, ':') {
        Some((_, rest)) if installed.contains(':') != fix.contains(':') => rest,
        _ => version,
    };
    compare(ecosystem, rest(installed), rest(fix)).is_some_and(Ordering::is_ge)
}

/// Whether all that the others say on a package of the operating system comes from a database that is
/// not the distribution's.
fn is_from_elsewhere(case: &Case<'_>) -> bool {
    let mut sources = direct(case.finding).map(|row| row.advisory_source);
    let is_elsewhere =
        |source| matches!(source, Some(AdvisorySource::Nvd | AdvisorySource::Scanner));
    case.key.0.is_os() && sources.next().is_some_and(is_elsewhere) && sources.all(is_elsewhere)
}
