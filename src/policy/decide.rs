//! What happens to each finding.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::report::PolicySummary;
use crate::model::{
    Action, Decision, Evidence, Finding, FixState, Instance, Location, RuleMatch, VexEvidence,
};

use super::circumstances::{Circumstances, Drivers};
use super::cuda::{self, Assessment};
use super::document::{Day, GraceStart};
use super::ignore::Standing;
use super::resolve::ResolvedPolicy;
use super::rules::{CompiledConditions, severity_words};
use super::usage::RuleUse;
use super::vex::{Ruling, Statements};

/// Decides on every finding: fills [`Finding::decision`] with the action, the rule that made it and
/// every other rule that matched, and [`Finding::labels`].
///
/// The order of precedence:
///
/// 1. What takes installed packages out of account: ignore rules, rule sets, VEX statements, the
///    drivers of the hosts. Each takes only those that it is about, so a finding is ignored when
///    they cover every one of its instances, together if need be.
/// 2. The profile's rules, the first that applies. Where a finding has several places that are
///    not taken out of account, each gets its own answer and the strictest counts.
/// 3. The profile's severities.
/// 4. The profile's grace period, which turns a block into a warning.
///
/// The summary names the rules that no longer hold, those that matched nothing, and those that
/// overlap.
pub fn decide(
    policy: &ResolvedPolicy,
    findings: &mut [Finding],
    circumstances: &Circumstances<'_>,
) -> PolicySummary {
    let mut use_of = RuleUse::of(policy);
    for finding in findings.iter_mut() {
        finding.labels = policy.ignore.labels(finding, circumstances.now);
        finding.decision = Some(decision(policy, finding, circumstances, &mut use_of));
    }
    let mut summary = PolicySummary {
        source: policy.source().to_owned(),
        profile: policy.profile().to_owned(),
        severity: policy.severity_rule().describe(),
        ..PolicySummary::default()
    };
    use_of.summarise(policy, circumstances, &mut summary);
    summary
}

/// Instances that a rule takes out of account.
struct Exclusion {
    covered: Vec<bool>,
    rule: RuleMatch,
}

impl Exclusion {
    fn is_whole(&self) -> bool {
        !self.covered.contains(&false)
    }
}

fn decision(
    policy: &ResolvedPolicy,
    finding: &Finding,
    circumstances: &Circumstances<'_>,
    use_of: &mut RuleUse,
) -> Decision {
    let mut notes = Vec::new();
    let mut exclusions = ignoring(policy, finding, circumstances, use_of, &mut notes);
    if let Some(statements) = circumstances.vex {
        exclusions.extend(by_vex(statements, finding, use_of, &mut notes));
    }
    if let Some(drivers) = circumstances.drivers {
        exclusions.extend(by_drivers(drivers, finding, circumstances, &mut notes));
    }
    let mut open = vec![true; finding.instances.len()];
    for exclusion in &exclusions {
        for (open, covered) in open.iter_mut().zip(&exclusion.covered) {
            *open &= !covered;
        }
    }
    let ignored = !exclusions.is_empty() && !open.contains(&true);
    if ignored {
        // A rule that covers everything explains more than one that covers a part.
        exclusions.sort_by_key(|exclusion| !exclusion.is_whole());
        // What it would have come to otherwise is about all of its places.
        open.fill(true);
    }
    let outcome = outcome(policy, finding, &open, circumstances);
    let mut rules: Vec<RuleMatch> = exclusions.into_iter().map(|one| one.rule).collect();
    if ignored {
        rules.extend(outcome);
    } else {
        rules.splice(0..0, outcome);
    }
    let mut rules = rules.into_iter();
    // There is always one: a valid policy decides every severity.
    let rule = rules.next().unwrap_or_else(|| by_severity(policy, finding));
    Decision {
        action: rule.action,
        rule,
        also: rules.collect(),
        notes,
    }
}

/// The ignore rules and rule sets that hold.
fn ignoring(
    policy: &ResolvedPolicy,
    finding: &Finding,
    circumstances: &Circumstances<'_>,
    use_of: &mut RuleUse,
    notes: &mut Vec<String>,
) -> Vec<Exclusion> {
    let all = finding.instances.len();
    let mut exclusions = Vec::new();
    let mut whole: Vec<usize> = Vec::new();
    for (ordinal, rule) in policy.ignore.naming(finding) {
        let covered = rule.covers(finding);
        let count = covered.iter().filter(|covered| **covered).count();
        if count == 0 {
            continue;
        }
        if rule.standing(finding, circumstances.now) != Standing::Holds {
            use_of.lapsed(ordinal);
            continue;
        }
        use_of.held(ordinal);
        if let Some(why) = rule.contradicted(circumstances) {
            notes.push(format!("{} does not apply: {why}", rule.path));
            continue;
        }
        if count == all {
            whole.push(ordinal);
        }
        exclusions.push(Exclusion {
            rule: rule.as_match(&covered),
            covered,
        });
    }
    use_of.overlap(&whole);
    exclusions
}

/// What VEX statements say. One that does not ignore is told: it overrules older ones that would.
fn by_vex(
    statements: &Statements,
    finding: &Finding,
    use_of: &mut RuleUse,
    notes: &mut Vec<String>,
) -> Vec<Exclusion> {
    let resolution = statements.on(finding);
    use_of.vex(&resolution.matched, resolution.conflicts);
    let mut told: BTreeSet<String> = resolution.notes.into_iter().collect();
    let all = finding.instances.len();
    let mut exclusions: BTreeMap<usize, (Ruling, Vec<bool>)> = BTreeMap::new();
    for (instance, ruling) in resolution.rulings.into_iter().enumerate() {
        let Some(ruling) = ruling else { continue };
        if !ruling.ignores {
            let VexEvidence {
                document, status, ..
            } = &ruling.evidence;
            told.insert(format!(
                "{document} says {}, which ignores nothing",
                status.as_str()
            ));
            continue;
        }
        let (_, covered) = exclusions
            .entry(ruling.ordinal)
            .or_insert_with(|| (ruling, vec![false; all]));
        if let Some(covered) = covered.get_mut(instance) {
            *covered = true;
        }
    }
    notes.extend(told);
    let as_exclusion = |(ruling, covered): (Ruling, Vec<bool>)| Exclusion {
        rule: vex_match(ruling, &covered),
        covered,
    };
    exclusions.into_values().map(as_exclusion).collect()
}

fn vex_match(ruling: Ruling, covered: &[bool]) -> RuleMatch {
    let evidence = ruling.evidence;
    let status = evidence.status.as_str();
    let why = ruling
        .impact_statement
        .or_else(|| ruling.justification.map(|one| one.as_str().to_owned()));
    let reason = match why {
        Some(why) => format!("{status}: {why}"),
        None => status.to_owned(),
    };
    let mut rule = RuleMatch {
        owner: evidence.author.clone(),
        justification: ruling.justification,
        ..RuleMatch::new(
            format!("vex:{}#{}", evidence.document, evidence.pointer),
            Action::Ignore,
            reason,
        )
    };
    rule.evidence = Some(Evidence::Vex(evidence));
    rule.limited_to(covered)
}

/// What the hosts' drivers mitigate.
fn by_drivers(
    drivers: Drivers<'_>,
    finding: &Finding,
    circumstances: &Circumstances<'_>,
    notes: &mut Vec<String>,
) -> Option<Exclusion> {
    let Drivers {
        hosts,
        image,
        bulletins,
    } = drivers;
    let today = circumstances.today();
    match cuda::assess(bulletins, finding.ids(), image, hosts, today)? {
        Assessment::Mitigated(mitigation) => Some(Exclusion {
            covered: vec![true; finding.instances.len()],
            rule: RuleMatch {
                expires: Some(mitigation.expires.to_string()),
                justification: Some(mitigation.justification),
                evidence: Some(Evidence::HostDriver(mitigation.evidence)),
                ..RuleMatch::new("cuda.host-drivers", Action::Ignore, mitigation.statement)
            },
        }),
        Assessment::NotMitigated(not) => {
            notes.push(format!(
                "cuda.host-drivers does not apply ({}): {}",
                not.reason.as_str(),
                not.statement
            ));
            None
        }
    }
}

/// What the rules and severities of the profile come to for the places that count: the rule that
/// decides, then every other that applies.
fn outcome(
    policy: &ResolvedPolicy,
    finding: &Finding,
    open: &[bool],
    circumstances: &Circumstances<'_>,
) -> Vec<RuleMatch> {
    let candidates: Vec<&CompiledConditions> = policy
        .rules
        .iter()
        .filter(|rule| rule.is_about(finding))
        .collect();
    let severity = by_severity(policy, finding);
    // Of each rule, whether it applies anywhere; of the places, the strictest first answer.
    let mut applies = vec![false; candidates.len()];
    let mut strictest: Option<(Action, bool, Option<usize>)> = None;
    for (instance, place) in places(finding, open) {
        let mut first = None;
        for (ordinal, rule) in candidates.iter().enumerate() {
            if rule.is_at(finding, instance, place, circumstances) {
                if let Some(applies) = applies.get_mut(ordinal) {
                    *applies = true;
                }
                first = first.or(Some((ordinal, *rule)));
            }
        }
        let answer = first.map_or((severity.action, false, None), |(ordinal, rule)| {
            (rule.rule.then.into(), rule.rule.no_grace, Some(ordinal))
        });
        let stricter =
            strictest.is_none_or(|(action, no_grace, _)| (answer.0, answer.1) > (action, no_grace));
        if stricter {
            strictest = Some(answer);
        }
    }
    let (_, no_grace, deciding) = strictest.unwrap_or((severity.action, false, None));
    let mut matches: Vec<RuleMatch> = Vec::new();
    for (ordinal, (rule, applies)) in candidates.iter().zip(applies).enumerate() {
        if applies {
            let action = rule.rule.then.into();
            let one = RuleMatch::new(&rule.path, action, rule.describe(finding));
            if deciding == Some(ordinal) {
                matches.insert(0, one);
            } else {
                matches.push(one);
            }
        }
    }
    if deciding.is_none() {
        matches.insert(0, severity);
    } else {
        matches.push(severity);
    }
    let blocks = matches
        .first()
        .is_some_and(|rule| rule.action == Action::Block);
    if blocks
        && !no_grace
        && let Some(delayed) = grace(policy, finding, circumstances.now)
    {
        matches.insert(0, delayed);
    }
    matches
}

/// The places of the instances that count; an instance without a known place is one place.
fn places<'f>(
    finding: &'f Finding,
    open: &'f [bool],
) -> impl Iterator<Item = (&'f Instance, Option<&'f Location>)> {
    let counting = finding
        .instances
        .iter()
        .zip(open)
        .filter(|(_, open)| **open);
    counting.flat_map(|(instance, _)| {
        let known = instance.locations.iter().map(Some);
        let unknown = instance.locations.is_empty().then_some(None);
        known.chain(unknown).map(move |place| (instance, place))
    })
}

/// The grace period, while it lasts. A start that is not known or lies in the future gives none.
fn grace(policy: &ResolvedPolicy, finding: &Finding, now: Timestamp) -> Option<RuleMatch> {
    let level = finding.severity.level;
    let (grace, path) = policy.grace.as_ref()?;
    let length = grace.get(level)?;
    let published = finding.vulnerability.published.as_deref();
    let (start, what) = match (grace.from.unwrap_or_default(), &finding.first_seen) {
        (GraceStart::FirstSight, Some(seen)) => (seen.as_str(), "first sight"),
        _ => (published?, "publication"),
    };
    let start: Timestamp = start.parse().ok()?;
    let end = start
        .checked_add(SignedDuration::from_hours(length.hours().into()))
        .ok()?;
    (start <= now && now < end).then(|| {
        RuleMatch::new(
            format!("{path}.{level}"),
            Action::Warn,
            format!(
                "only warns until {}: {length} from {what} ({})",
                Day::of(end),
                Day::of(start)
            ),
        )
    })
}

/// The decision that the finding's severity leads to.
fn by_severity(policy: &ResolvedPolicy, finding: &Finding) -> RuleMatch {
    let severity = finding.severity.level;
    let fixable = finding.fix.state == FixState::Fixed;
    let (action, rule) = policy.severity_decision(severity, fixable).map_or_else(
        // A valid policy decides every band; if it ever did not, nothing may slip through.
        || (Action::Block, format!("profiles.{}", policy.profile())),
        |decision| (decision.action(), decision.rule.clone()),
    );
    let reason = format!("{}; {}", severity_words(finding), fix_words(finding));
    RuleMatch::new(rule, action, reason)
}

fn fix_words(finding: &Finding) -> String {
    let fix = &finding.fix;
    match (fix.state, fix.recommended.as_ref().or(fix.versions.first())) {
        (FixState::Fixed, Some(version)) => format!("fixed in {version}"),
        (FixState::Fixed, None) => "a fix is available".to_owned(),
        (FixState::WontFix, _) => "the vendor will not fix it".to_owned(),
        (FixState::Deferred, _) => "the vendor postponed the fix".to_owned(),
        (FixState::EndOfLife, _) => "the release gets no more fixes".to_owned(),
        (FixState::NotFixed | FixState::Unknown, _) => "no fix is known".to_owned(),
    }
}
