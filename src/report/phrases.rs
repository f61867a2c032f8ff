//! The words for what a finding, a scanner or a day is. Nothing here is escaped yet.

mod scanners;

use std::cmp::Ordering::{self, Equal, Greater};
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, Unit};

use super::grid::width;
use crate::model::version::{compare, lower_bound};
use crate::model::{
    Decision, Failure, FailureKind, Finding, FixState, IdRelation, ResolvedSeverity, ScannerId,
    Severity, Verdict,
};

pub(super) use scanners::{
    MISSING, NOT_RUN, adjusted, by_trust, gave_result, grounds, insufficient, missing, naive,
    scanner, shortcoming, status, trusted, unreadable, unreadable_entries, without_result,
};

/// Names in a list before the rest is only counted.
const NAMES: usize = 3;

/// `1 finding`, `2 findings`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The first names, and how many more there are. Repeated names count once.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let mut seen = BTreeSet::new();
    let distinct: Vec<&str> = all.into_iter().filter(|name| seen.insert(*name)).collect();
    let shown = distinct.get(..NAMES).unwrap_or(&distinct);
    match distinct.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} +{more}", shown.join(", ")),
    }
}

/// `2 critical, 1 high`: how many findings of each severity, worst first.
pub(super) fn severities<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    levels(findings.into_iter().map(|finding| finding.severity.level))
}

/// The same of severities.
pub(super) fn levels(severities: impl IntoIterator<Item = Severity>) -> String {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for severity in severities {
        *counts.entry(severity).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .rev()
        .map(|(severity, number)| format!("{number} {severity}"))
        .collect();
    parts.join(", ")
}

/// `high`, and the range of opinions where they are far apart: `high (low–critical)`.
pub(super) fn severity(severity: &ResolvedSeverity) -> String {
    match disputed_range(severity) {
        Some(range) => format!("{} ({range})", severity.level),
        None => severity.level.to_string(),
    }
}

/// The range of opinions where they are far apart. Negligible counts as low there, as everywhere
/// where opinions are compared.
pub(super) fn disputed_range(severity: &ResolvedSeverity) -> Option<String> {
    let (lowest, highest) = (severity.lowest.comparable(), severity.highest);
    severity.disputed.then(|| format!("{lowest}–{highest}"))
}

/// The package group, and the installed packages where they have other names.
pub(super) fn package(finding: &Finding) -> String {
    let group = format!("{}/{}", finding.package.ecosystem, finding.package.name);
    let installed = names(
        finding
            .instances
            .iter()
            .map(|instance| instance.name.as_str()),
    );
    if installed.is_empty() || installed == finding.package.name {
        group
    } else {
        format!("{group} ({installed})")
    }
}

/// The installed version and what mends it: `65.5.1 -> 70.0.0`, `1.2-3 (no fix yet)`,
/// `2.0.0 (fixed in 1.2.9, which is older)`.
pub(super) fn versions(finding: &Finding) -> String {
    let installed = installed(finding);
    let Some(mending) = mending(finding) else {
        return format!("{installed} ({})", unmended(finding));
    };
    // Who knows of no fix is part of the answer; how exactly there is none is for `explain`.
    let dissent: Vec<String> = finding
        .fix
        .dissent
        .iter()
        .map(|(scanner, state)| format!("{scanner}: {}", fix_state(*state)))
        .collect();
    if dissent.is_empty() {
        format!("{installed} -> {mending}")
    } else {
        format!("{installed} -> {mending} ({})", dissent.join("; "))
    }
}

/// The installed versions.
pub(super) fn installed(finding: &Finding) -> String {
    let instances = finding.instances.iter();
    let versions = instances.map(|instance| instance.version.as_str());
    let installed = names(versions.filter(|version| !version.is_empty()));
    if installed.is_empty() {
        "version unknown".to_owned()
    } else {
        installed
    }
}

/// The versions that mend it, where anybody names some that are not known to be no newer than what is
/// installed: going there would be a downgrade.
pub(super) fn mending(finding: &Finding) -> Option<String> {
    let fix = &finding.fix;
    if fix.recommended.is_some() {
        return fix.recommended.clone();
    }
    let versions = fix.versions.iter().map(String::as_str);
    let mending = names(versions.filter(|version| is_open(finding, version)));
    (!mending.is_empty()).then_some(mending)
}

/// Why there is no version to go to: `no fix yet`, `fixed in 1.2.9, which is older`.
pub(super) fn unmended(finding: &Finding) -> String {
    let fix = &finding.fix;
    if fix.versions.is_empty() {
        return fix_state(fix.state).to_owned();
    }
    let is_older = |version: &String| orders(finding, version).all(|order| order == Some(Greater));
    let than = match (fix.versions.as_slice(), fix.versions.iter().all(is_older)) {
        ([_], true) => "which is older",
        (_, true) => "which are older",
        ([_], false) => "which is no newer",
        (_, false) => "which are no newer",
    };
    let versions = names(fix.versions.iter().map(String::as_str));
    format!("fixed in {versions}, {than}")
}

/// True when a newer version mends it, as far as versions can be compared.
pub(super) fn is_fixable(finding: &Finding) -> bool {
    let fix = &finding.fix;
    fix.recommended.is_some() || fix.versions.iter().any(|version| is_open(finding, version))
}

/// True for a version that is newer than everything installed, or cannot be compared with it.
fn is_open(finding: &Finding, version: &str) -> bool {
    orders(finding, version).all(|order| !matches!(order, Some(Equal | Greater)))
}

/// How each installed version compares with one that is fixed. What is fixed is written for the source
/// package where there is one.
fn orders(finding: &Finding, fixed: &str) -> impl Iterator<Item = Option<Ordering>> {
    let ecosystem = &finding.package.ecosystem;
    let fixed = lower_bound(fixed);
    finding.instances.iter().map(move |instance| {
        let source = instance.source.as_ref();
        let source = source.and_then(|source| source.version.as_ref());
        compare(ecosystem, source.unwrap_or(&instance.version), fixed?)
    })
}

/// A scanner's opinion on fixes, in a few words.
pub(super) fn fix_state(state: FixState) -> &'static str {
    match state {
        FixState::Fixed => "fixed, version not stated",
        FixState::NotFixed => "no fix yet",
        FixState::WontFix => "will not be fixed",
        FixState::Deferred => "fix deferred",
        FixState::EndOfLife => "no fix: release out of support",
        FixState::Unknown => "fix not known",
    }
}

/// What each scanner claims of a fix, in the order of the observations. The same claim counts once.
pub(super) fn fix_claims(finding: &Finding) -> Vec<(&ScannerId, String)> {
    let mut seen = BTreeSet::new();
    let observations = finding.observations.iter();
    let claims = observations.map(|o| (&o.scanner, o.fix_state, o.fixed_in.as_slice()));
    let claims = claims.filter(|claim| seen.insert(*claim));
    claims
        .map(|(scanner, state, versions)| match versions {
            [] => (scanner, fix_state(state).to_owned()),
            versions => (scanner, format!("fixed in {}", versions.join(", "))),
        })
        .collect()
}

/// How an id stands to another one, between the two.
pub(super) fn id_relation(relation: IdRelation) -> &'static str {
    match relation {
        IdRelation::Alias => "is",
        IdRelation::Upstream => "comes from",
        IdRelation::Related => "is related to",
    }
}

/// Why an id that somebody names with the others is not one of them.
pub(super) const NOT_JOINED: &str =
    "not joined: a notice or advisory over several flaws, or only related";

/// Who reports it, how many of those that could, and what the others say:
/// `trivy, grype (2 of 3); snyk: no match`.
pub(super) fn seen_by(finding: &Finding) -> String {
    let reporters: Vec<&str> = finding.reporters().map(ScannerId::as_str).collect();
    let seen = format!("{} ({})", reporters.join(", "), agreement(finding));
    let others = finding
        .verdicts
        .iter()
        // A scanner that failed has nothing to say on any finding; the list of scanners says so once.
        .filter(|(_, verdict)| !verdict.verdict.sees() && verdict.verdict != Verdict::Failed)
        .map(|(scanner, verdict)| format!("{scanner}: {}", verdict_words(verdict.verdict)));
    std::iter::once(seen)
        .chain(others)
        .collect::<Vec<_>>()
        .join("; ")
}

/// How many report it, of how many that could: `2 of 3`.
pub(super) fn agreement(finding: &Finding) -> String {
    let verdicts = finding.verdicts.values();
    let able = verdicts.filter(|verdict| !verdict.verdict.not_applicable());
    format!("{} of {}", finding.reporters().count(), able.count())
}

/// What happened to a scanner; its class first, where it has one that tells something.
pub(super) fn failure(failure: &Failure) -> String {
    match failure.kind {
        FailureKind::Other => failure.cause.clone(),
        kind => format!("{kind}: {}", failure.cause),
    }
}

/// A verdict in plain words.
pub(super) fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Reported => "reported",
        Verdict::Covered => "by notice",
        Verdict::Suppressed => "withheld",
        Verdict::OtherVersion => "other version",
        Verdict::NoMatch => "no match",
        Verdict::PackageNotSeen => "not seen",
        Verdict::NotAssessed => "not assessed",
        Verdict::Failed => "failed",
        Verdict::Unknown => "unknown",
    }
}

/// An EPSS score from which on it is worth a reader's time: one in ten is exploited within a month.
const LIKELY: f64 = 0.1;

/// What is said first of a vulnerability that attackers use already or will, and its labels. Empty,
/// or with `; ` at its end.
pub(super) fn exploited(finding: &Finding) -> String {
    let vulnerability = &finding.vulnerability;
    let mut text = String::new();
    if vulnerability.known_exploited {
        text.push_str("known to be exploited; ");
    }
    if let Some(epss) = vulnerability
        .epss
        .as_ref()
        .filter(|epss| epss.score >= LIKELY)
    {
        text.extend([format!("EPSS {:.2}; ", epss.score)]);
    }
    for label in &finding.labels {
        text.extend([label.as_str(), "; "]);
    }
    text
}

/// All that is known of exploitation, in one line; `None` when nothing is.
pub(super) fn exploitation(finding: &Finding) -> Option<String> {
    let vulnerability = &finding.vulnerability;
    let mut parts = Vec::new();
    match &vulnerability.kev {
        Some(kev) => {
            let due = kev.due_date.as_ref();
            let due = due.map_or_else(String::new, |day| format!(", to be mended by {day}"));
            let ransomware = if kev.ransomware {
                ", used by ransomware"
            } else {
                ""
            };
            parts.push(format!(
                "in CISA KEV since {}{due}{ransomware}",
                kev.date_added
            ));
        }
        None if vulnerability.known_exploited => parts.push("known to be exploited".to_owned()),
        None => {}
    }
    if let Some(epss) = &vulnerability.epss {
        let percentile = epss.percentile.map_or_else(String::new, |share| {
            format!(", higher than {:.1} % of all", share * 100.0)
        });
        let date = epss
            .date
            .as_ref()
            .map_or_else(String::new, |day| format!(", of {day}"));
        parts.push(format!("EPSS {}{percentile}{date}", epss.score));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Why the policy decided so, and the rule in brackets.
pub(super) fn why(finding: &Finding) -> [String; 2] {
    match &finding.decision {
        Some(Decision { rule, .. }) => [rule.reason.clone(), format!("[{}]", rule.rule)],
        None => [String::new(), "[no decision]".to_owned()],
    }
}

/// The parts on one line where `room` columns hold them, else one line each.
pub(super) fn flow<const N: usize>(parts: [String; N], room: usize) -> Vec<String> {
    let together = parts.join(" ");
    if width(&together) <= room {
        vec![together]
    } else {
        parts.into()
    }
}

/// The last day of an ignore rule, and how far away it is: `2026-12-01 (in 7 days)`.
pub(super) fn expiry(expires: Option<&str>, evaluated_at: &str) -> String {
    let Some(expires) = expires else {
        return "no end date".to_owned();
    };
    match days_after(evaluated_at, expires.parse().ok()) {
        Some(0) => format!("{expires} (last day)"),
        Some(1) => format!("{expires} (in 1 day)"),
        Some(days) if days > 1 => format!("{expires} (in {days} days)"),
        Some(_) => format!("{expires} (expired)"),
        None => expires.to_owned(),
    }
}

/// The day on which a database was built, and its age: `2026-11-23 (1 day old)`.
pub(super) fn database(built: &str, evaluated_at: &str) -> String {
    let Some(day) = utc_day(built) else {
        return built.to_owned();
    };
    match days_after(evaluated_at, Some(day)).map(|days| -days) {
        Some(0) => format!("{day} (same day)"),
        Some(1) => format!("{day} (1 day old)"),
        Some(age) if age > 1 => format!("{day} ({age} days old)"),
        _ => day.to_string(),
    }
}

/// Days from the day of `moment` to `day`.
fn days_after(moment: &str, day: Option<Date>) -> Option<i32> {
    let span = utc_day(moment)?.until((Unit::Day, day?)).ok()?;
    Some(span.get_days())
}

/// The day in UTC of a moment in RFC 3339.
pub(super) fn utc_day(moment: &str) -> Option<Date> {
    let moment: Timestamp = moment.parse().ok()?;
    Some(Offset::UTC.to_datetime(moment).date())
}

/// Milliseconds for a person: `850 ms`, `12.4 s`, `3 min 5 s`.
pub(super) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!(
            "{} min {} s",
            milliseconds / 60_000,
            milliseconds % 60_000 / 1_000
        ),
    }
}

/// Milliseconds as seconds with three decimals, for a program: `12.048`.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

/// Bytes for a person, in powers of 1024: `850 KiB`, `310 MiB`, `1.4 GiB`.
pub(super) fn memory(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    match bytes {
        0..MIB => format!("{} KiB", bytes.div_ceil(KIB)),
        MIB..GIB => format!("{} MiB", bytes / MIB),
        _ => format!("{}.{} GiB", bytes / GIB, bytes % GIB * 10 / GIB),
    }
}

/// A share with the counts that it is made of: `83 % (100/120)`. Nothing but all is 100 %, and
/// nothing but none is 0 %.
pub(super) fn share(index: Option<f64>, both: usize, either: usize) -> String {
    match index {
        Some(index) if both < either && index >= 0.995 => format!("> 99 % ({both}/{either})"),
        Some(index) if both > 0 && index < 0.005 => format!("< 1 % ({both}/{either})"),
        Some(index) => format!("{:.0} % ({both}/{either})", index * 100.0),
        None => "nothing reported".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T23:30:00Z";

    #[test]
    fn an_expiry_says_how_far_away_it_is() {
        for (expires, text) in [
            (Some("2027-11-24"), "2027-11-24 (in 365 days)"),
            (Some("2026-11-25"), "2026-11-25 (in 1 day)"),
            (Some("2026-11-24"), "2026-11-24 (last day)"),
            (Some("2026-11-23"), "2026-11-23 (expired)"),
            (Some("one fine day"), "one fine day"),
            (None, "no end date"),
        ] {
            assert_eq!(expiry(expires, NOW), text);
        }
        assert_eq!(expiry(Some("2026-11-25"), "no moment"), "2026-11-25");
    }

    #[test]
    fn a_database_has_an_age_in_days_of_utc() {
        for (built, text) in [
            ("2026-11-24T00:10:00Z", "2026-11-24 (same day)"),
            ("2026-11-24T00:10:00+02:00", "2026-11-23 (1 day old)"),
            ("2025-11-24T12:00:00Z", "2025-11-24 (365 days old)"),
            // A clock that is wrong somewhere: no age is better than a negative one.
            ("2026-12-01T00:00:00Z", "2026-12-01"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(database(built, NOW), text);
        }
    }

    #[test]
    fn long_lists_of_names_are_counted_and_repetitions_are_not() {
        assert_eq!(names([]), "");
        assert_eq!(names(["a", "b", "a"]), "a, b");
        assert_eq!(names(["a", "b", "c", "d", "e", "d"]), "a, b, c +2");
    }

    #[test]
    fn durations_are_in_the_unit_that_fits() {
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(12_480), "12.4 s");
        assert_eq!(duration(185_000), "3 min 5 s");
        assert_eq!(seconds(12_048), "12.048");
        assert_eq!(seconds(0), "0.000");
    }

    #[test]
    fn memory_is_in_the_unit_that_fits() {
        assert_eq!(memory(1), "1 KiB");
        assert_eq!(memory(310 << 20), "310 MiB");
        assert_eq!(memory(1_500 << 20), "1.4 GiB");
    }

    #[test]
    fn only_all_is_a_hundred_percent_and_only_none_is_zero() {
        assert_eq!(share(Some(1.0), 250, 250), "100 % (250/250)");
        assert_eq!(share(Some(0.996), 249, 250), "> 99 % (249/250)");
        assert_eq!(share(Some(0.004), 1, 250), "< 1 % (1/250)");
        assert_eq!(share(Some(0.0), 0, 250), "0 % (0/250)");
        assert_eq!(share(None, 0, 0), "nothing reported");
    }

    #[test]
    fn parts_flow_onto_one_line_only_where_they_fit() {
        let parts = || ["ab".to_owned(), "cd".to_owned()];
        assert_eq!(flow(parts(), 5), ["ab cd"]);
        assert_eq!(flow(parts(), 4), ["ab", "cd"]);
    }
}
