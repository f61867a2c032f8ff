//! Observations sorted into findings to be.
//!
//! One sort by package group and vulnerability brings together what belongs together, and leaves
//! neighbours in memory that the reports list side by side.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Groups;
use super::identifiers::{ClassIndex, Classes};
use super::merge::{Context, Placed, reading_order};
use crate::model::{Finding, ScannerId};

/// Statements of one notice on one package, over all its members, above which only what each member
/// needs is kept with it.
const MOST_COVERING: usize = 100_000;

/// Number of a package group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct GroupIndex(pub(super) u32);

/// What makes observations one finding.
pub(super) type Place = (GroupIndex, ClassIndex);

/// A finding under construction.
struct Draft<'a> {
    place: Place,
    /// Its own observations, among all statements.
    direct: Range<usize>,
    /// Observations of notices and hubs that cover it.
    covering: Vec<Placed<'a>>,
}

/// The findings under construction, in the order of their places.
pub(super) struct Drafts<'a> {
    statements: Vec<Placed<'a>>,
    drafts: Vec<Draft<'a>>,
}

impl<'a> Drafts<'a> {
    /// Sorts observations by class and package group, and sends covering ones to the findings that
    /// they cover.
    pub(super) fn new(classes: &Classes<'_>, mut placed: Vec<(Place, Placed<'a>)>) -> Self {
        // Stable, so that one finding's statements stay in the order of the reports.
        placed.sort_by_key(|(place, _)| *place);
        let mut drafts: Vec<Draft<'a>> = Vec::new();
        let mut notices: Vec<Draft<'a>> = Vec::new();
        let mut start = 0;
        for together in placed.chunk_by(|(a, _), (b, _)| a == b) {
            let direct = start..start + together.len();
            start = direct.end;
            let Some((place, _)) = together.first() else {
                continue;
            };
            let covers = classes.get(place.1).is_some_and(|c| !c.covers.is_empty());
            let list = if covers { &mut notices } else { &mut drafts };
            list.push(Draft {
                place: *place,
                direct,
                covering: Vec::new(),
            });
        }
        let mut sorted = Self {
            statements: placed.into_iter().map(|(_, placed)| placed).collect(),
            drafts,
        };
        // Where nobody reports a member by itself, the notice stands as a finding of its own.
        notices.retain(|notice| !sorted.attach(classes, notice));
        sorted.drafts.extend(notices);
        sorted.drafts.sort_by_key(|draft| draft.place);
        sorted
    }

    /// True when there is a finding with these observations of its own.
    pub(super) fn contains(&self, place: Place) -> bool {
        self.find(place).is_some()
    }

    fn find(&self, place: Place) -> Option<usize> {
        self.drafts
            .binary_search_by_key(&place, |draft| draft.place)
            .ok()
    }

    /// Gives a notice's statements to the members that are reported on its package; false when there
    /// are none.
    fn attach(&mut self, classes: &Classes<'_>, notice: &Draft<'_>) -> bool {
        let (group, class) = notice.place;
        let covers = classes.get(class).map_or(&[][..], |c| c.covers.as_slice());
        let first = self.drafts.partition_point(|d| d.place.0 < group);
        let end = self.drafts.partition_point(|d| d.place.0 <= group);
        // Whichever list is shorter: a notice may cover thousands of flaws, a package have thousands.
        let members: Vec<usize> = if covers.len() < end - first {
            covers
                .iter()
                .filter_map(|member| self.find((group, *member)))
                .collect()
        } else {
            let covered = |at: &usize| {
                let draft = self.drafts.get(*at);
                draft.is_some_and(|draft| covers.binary_search(&draft.place.1).is_ok())
            };
            (first..end).filter(covered).collect()
        };
        let all = self
            .statements
            .get(notice.direct.clone())
            .unwrap_or_default();
        let enough = enough(all, members.len());
        for (number, member) in members.iter().enumerate() {
            if let Some(draft) = self.drafts.get_mut(*member) {
                // Nothing is lost: the first member has them all.
                draft
                    .covering
                    .extend(if number == 0 { all } else { &enough });
            }
        }
        !members.is_empty()
    }

    /// The findings in order of vulnerability and package group, and their classes in the same order.
    pub(super) fn finish(
        mut self,
        context: &Context<'_>,
        groups: &Groups,
    ) -> (Vec<ClassIndex>, Vec<Finding>) {
        let ranks = groups.ranks();
        let mut findings = Vec::with_capacity(self.drafts.len());
        let mut order = Vec::with_capacity(self.drafts.len());
        for mut draft in self.drafts {
            let (group, class) = draft.place;
            let direct = self.statements.get_mut(draft.direct);
            if let (Some(named), Some(direct)) = (groups.get(group), direct)
                && let Some(finding) = context.finish(class, named, direct, &mut draft.covering)
            {
                order.push((class, ranks.get(group.0 as usize).copied(), findings.len()));
                findings.push(Some(finding));
            }
        }
        // Findings are large: sorting places first moves each of them once.
        order.sort_unstable();
        let mut sorted = (
            Vec::with_capacity(order.len()),
            Vec::with_capacity(order.len()),
        );
        for (class, _, place) in order {
            if let Some(finding) = findings.get_mut(place).and_then(Option::take) {
                sorted.0.push(class);
                sorted.1.push(finding);
            }
        }
        sorted
    }
}

/// The statements of a notice that each of its members needs: all, as long as that stays within
/// reason, else the first one of each scanner. Otherwise a report that repeats a notice a thousand
/// times beside a thousand of its members would take a million records.
fn enough<'a>(statements: &[Placed<'a>], members: usize) -> Vec<Placed<'a>> {
    if statements.len().saturating_mul(members) <= MOST_COVERING {
        return statements.to_vec();
    }
    let mut first: BTreeMap<&ScannerId, Placed<'a>> = BTreeMap::new();
    for statement in statements {
        let known = first.entry(statement.scanner).or_insert(*statement);
        if reading_order(statement, known).is_lt() {
            *known = *statement;
        }
    }
    first.into_values().collect()
}

#[cfg(test)]
mod tests {
    use crate::model::{
        AdvisoryId, Attachment, Ecosystem, IdLink, IdRelation, Observation, Package, ScannerId,
        ScannerReport, ScannerRun,
    };
    use crate::reconcile::reconcile;
    use crate::reconcile::severity::SeverityRule;

    /// A report with `flaws` CVEs of one package, each naming one notice, and `notices` entries of that
    /// notice itself.
    fn run(scanner: &str, flaws: usize, notices: usize) -> ScannerRun {
        let mut report = ScannerReport::new(ScannerId::new(scanner), "test");
        report
            .packages
            .push(Package::new(Ecosystem::Deb, "openssl", "3.0.9-1"));
        let cves = (0..flaws).map(|n| (format!("CVE-2024-{}", 10_000 + n), Some("DSA-1-1")));
        let own = (0..notices).map(|_| ("DSA-1-1".to_owned(), None));
        for (number, (id, alias)) in cves.chain(own).enumerate() {
            report.observations.push(Observation {
                links: alias
                    .map(|alias| IdLink {
                        id: AdvisoryId::new(alias),
                        relation: IdRelation::Alias,
                        field: "test",
                    })
                    .into_iter()
                    .collect(),
                ..Observation::of(&id, 0, format!("/{number}"))
            });
        }
        ScannerRun::of(report, "test")
    }

    /// How many covering statements each finding has.
    fn covering(runs: &[ScannerRun]) -> Vec<usize> {
        let findings = reconcile(runs, &[], &SeverityRule::Vendor).findings;
        findings
            .iter()
            .map(|finding| {
                let observations = finding.observations.iter();
                observations
                    .filter(|o| o.attachment == Attachment::Covering)
                    .count()
            })
            .collect()
    }

    #[test]
    fn a_notice_is_evidence_on_every_member() {
        assert_eq!(covering(&[run("trivy", 3, 2)]), [2, 2, 2]);
        // One flaw among many that the notice covers is on this package.
        let elsewhere = run("grype", 1, 0);
        assert_eq!(covering(&[elsewhere, run("trivy", 0, 1)]), [0]);
    }

    #[test]
    fn a_notice_is_no_evidence_on_what_it_does_not_name() {
        // More findings on the package than the notice covers, and the notice sorts last.
        let mut run = run("trivy", 6, 1);
        let observations = &mut run.report.as_mut().unwrap().observations;
        for observation in observations.iter_mut().take(4) {
            observation.links.clear();
        }
        assert_eq!(covering(&[run]), [0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn a_notice_repeated_beside_very_many_members_is_kept_whole_once() {
        let runs = [run("trivy", 400, 400), run("grype", 0, 10)];
        let covering = covering(&runs);
        assert_eq!(covering.len(), 400);
        assert_eq!(covering[0], 410, "nothing is lost");
        assert!(
            covering[1..].iter().all(|count| *count == 2),
            "one a scanner"
        );
    }
}
