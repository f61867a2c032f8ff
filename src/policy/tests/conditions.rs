//! The rules of a profile, its grace period, and rule sets.

use super::*;
use crate::model::{
    Cvss, Epss, KevEntry, Rating, ScannerVerdict, Strength, Verdict, report::UncheckedPackage,
};

/// A policy whose only profile has these lines besides the shipped production profile.
fn profile(lines: &str) -> ResolvedPolicy {
    let mut text =
        "version: 1\ndefault-profile: p\nprofiles:\n  p:\n    extends: production\n".to_owned();
    for line in lines.lines() {
        text.extend(["    ", line, "\n"]);
    }
    resolved(&text)
}

fn rule(when: &str, then: &str) -> ResolvedPolicy {
    profile(&format!("rules: [{{name: r, when: {when}, then: {then}}}]"))
}

/// Whether a rule with these conditions applies to a finding that would only be tracked.
fn applies(when: &str, finding: &Finding) -> bool {
    let finding = Finding {
        severity: ResolvedSeverity {
            level: Severity::Low,
            ..finding.severity.clone()
        },
        ..finding.clone()
    };
    action(&rule(when, "block"), finding) == Action::Block
}

fn plain() -> Finding {
    setuptools(Severity::Low, FixState::Fixed)
}

fn with_verdicts(verdicts: &[(&str, Verdict)]) -> Finding {
    let mut finding = plain();
    for (scanner, verdict) in verdicts {
        let verdict = ScannerVerdict {
            verdict: *verdict,
            cause: crate::model::Cause::Listed,
            strength: Strength::Proven,
            reason: String::new(),
        };
        finding.verdicts.insert(ScannerId::new(scanner), verdict);
    }
    finding
}

#[test]
fn each_condition_holds_where_it_should_and_nowhere_else() {
    let mut finding = plain();
    finding.vulnerability.known_exploited = true;
    finding.vulnerability.state = AdvisoryState::Disputed;
    finding.vulnerability.epss = Some(Epss {
        score: 0.4,
        percentile: None,
        date: None,
    });
    finding.ratings.push(Rating {
        source: RatingSource::Nvd,
        severity: Severity::High,
        label: None,
        cvss: Cvss::new(None, Some(8.8), "3.1"),
    });
    for (holds, fails) in [
        ("{severity: low}", "{severity: high}"),
        (
            "{severity: [critical, low]}",
            "{severity: [critical, high]}",
        ),
        ("{fix: available}", "{fix: none}"),
        ("{known-exploited: true}", "{known-exploited: false}"),
        ("{epss-at-least: 0.4}", "{epss-at-least: 0.41}"),
        ("{cvss-at-least: 8.8}", "{cvss-at-least: 9}"),
        ("{state: disputed}", "{state: rejected}"),
        ("{id: GHSA-cx63-2mw6-8hw5}", "{id: CVE-2020-1000}"),
        ("{package: 'setup*'}", "{package: pip}"),
        ("{path: '/opt/**'}", "{path: '/usr/**'}"),
        ("{version: '<65.6'}", "{version: '<65.5'}"),
        ("{ecosystem: pypi}", "{ecosystem: deb}"),
        ("{purl: 'pkg:pypi/*'}", "{purl: 'pkg:npm/*'}"),
        (
            "{fix: available, known-exploited: true}",
            "{fix: available, known-exploited: false}",
        ),
    ] {
        assert!(applies(holds, &finding), "{holds}");
        assert!(!applies(fails, &finding), "{fails}");
    }
    let bare = plain();
    for unknown in [
        "{epss-at-least: 0}",
        "{cvss-at-least: 0}",
        "{layer: own}",
        "{layer: base}",
    ] {
        assert!(!applies(unknown, &bare), "nothing is known: {unknown}");
    }
}

#[test]
fn only_scanners_that_are_able_to_see_a_finding_speak_against_it() {
    use Verdict::{Failed, NoMatch, NotAssessed, PackageNotSeen, Reported, Unknown};
    for (verdicts, two, all) in [
        (
            &[("a", Reported), ("b", Reported), ("c", NoMatch)][..],
            true,
            false,
        ),
        (
            &[("a", Reported), ("b", NoMatch), ("c", NoMatch)],
            false,
            false,
        ),
        (
            &[("a", Reported), ("b", NotAssessed), ("c", Failed)],
            true,
            true,
        ),
        (
            &[("a", Reported), ("b", PackageNotSeen), ("c", Unknown)],
            true,
            true,
        ),
        (&[("a", Reported), ("b", Verdict::Suppressed)], true, true),
        (&[("a", Reported), ("b", Verdict::OtherVersion)], true, true),
        (&[("a", Verdict::Covered), ("b", Reported)], true, true),
    ] {
        let finding = with_verdicts(verdicts);
        assert_eq!(
            applies("{agreement: {at-least: 2}}", &finding),
            two,
            "{verdicts:?}"
        );
        assert_eq!(
            applies("{agreement: {fewer-than: 2}}", &finding),
            !two,
            "{verdicts:?}"
        );
        assert_eq!(
            applies("{agreement: {at-least: all}}", &finding),
            all,
            "{verdicts:?}"
        );
    }
    let one_of_three = with_verdicts(&[("a", Reported), ("b", NoMatch), ("c", NoMatch)]);
    assert!(applies(
        "{agreement: {fewer-than: majority}}",
        &one_of_three
    ));
    let two_of_three = with_verdicts(&[("a", Reported), ("b", Reported), ("c", NoMatch)]);
    assert!(applies("{agreement: {at-least: majority}}", &two_of_three));
}

#[test]
fn the_first_rule_decides_and_the_others_are_told() {
    let policy = profile(
        "rules:\n\
         \x20 - {name: exploited, when: {known-exploited: true}, then: block}\n\
         \x20 - {name: python, when: {ecosystem: pypi}, then: track}\n\
         \x20 - {name: never, when: {ecosystem: deb}, then: block}",
    );
    let mut finding = setuptools(Severity::High, FixState::Fixed);
    assert_eq!(action(&policy, finding.clone()), Action::Track);
    finding.vulnerability.known_exploited = true;
    finding.vulnerability.kev = Some(KevEntry {
        date_added: "2024-08-01".to_owned(),
        due_date: None,
        ransomware: false,
    });
    let decision = decided(&policy, finding, "2026-01-01T00:00:00Z")
        .decision
        .unwrap();
    assert_eq!(decision.action, Action::Block);
    assert_eq!(decision.rule.rule, "profiles.p.rules.exploited");
    assert_eq!(
        decision.rule.reason,
        "known to be exploited (CISA KEV since 2024-08-01)"
    );
    let others: Vec<&str> = decision
        .also
        .iter()
        .map(|rule| rule.rule.as_str())
        .collect();
    assert_eq!(
        others,
        [
            "profiles.p.rules.python",
            "built-in:profiles.production.severity.high.fixable"
        ]
    );
}

#[test]
fn a_milder_rule_for_one_place_does_not_hide_another() {
    let policy = rule("{path: '/opt/tests/**'}", "track");
    let at = |paths: &[&str]| {
        let instance = instance("setuptools", "65.5.1", paths);
        finding(
            "CVE-2024-6345",
            Severity::Critical,
            FixState::Fixed,
            vec![instance],
        )
    };
    assert_eq!(action(&policy, at(&["/opt/tests/a"])), Action::Track);
    assert_eq!(
        action(&policy, at(&["/opt/tests/a", "/usr/lib/a"])),
        Action::Block
    );
    assert_eq!(action(&policy, at(&[])), Action::Block);
    // What an ignore rule takes out of account has no say any more.
    let text = format!(
        "version: 1\ndefault-profile: p\nprofiles: {{p: {{extends: production, rules: [{{name: r, when: {{path: \
         '/opt/tests/**'}}, then: track}}]}}}}\nignore: [{{id: CVE-2024-6345, path: '/usr/**', {ENDS}}}]"
    );
    let two = finding(
        "CVE-2024-6345",
        Severity::Critical,
        FixState::Fixed,
        vec![
            instance("setuptools", "65.5.1", &["/opt/tests/a"]),
            instance("setuptools", "65.5.1", &["/usr/lib/a"]),
        ],
    );
    assert_eq!(action(&resolved(&text), two), Action::Track);
}

#[test]
fn layers_are_told_apart_by_the_base_image() {
    let base = std::collections::BTreeSet::from(["sha256:b".to_owned()]);
    let circumstances = Circumstances {
        base_layers: Some(&base),
        ..Circumstances::at(at("2026-01-01T00:00:00Z"))
    };
    let decide_in = |layer: &str, when: &str| {
        let mut finding = plain();
        finding.instances[0].locations = vec![Location::new(Some("/x"), Some(layer)).unwrap()];
        let mut findings = [finding];
        decide(&rule(when, "block"), &mut findings, &circumstances);
        findings[0].decision.as_ref().unwrap().action
    };
    assert_eq!(decide_in("sha256:b", "{layer: base}"), Action::Block);
    assert_eq!(decide_in("sha256:b", "{layer: own}"), Action::Track);
    assert_eq!(decide_in("sha256:o", "{layer: base}"), Action::Track);
    assert_eq!(decide_in("sha256:o", "{layer: own}"), Action::Block);
}

#[test]
fn rules_are_inherited_and_replaced_by_name() {
    let policy = resolved(
        "version: 1\ndefault-profile: b\nprofiles:\n\
         \x20 a: {extends: production, rules: [{name: x, when: {severity: low}, then: block}, {name: y, when: {severity: medium}, then: block}]}\n\
         \x20 b: {extends: a, rules: [{name: x, when: {severity: low}, then: warn}]}\n",
    );
    assert_eq!(action(&policy, plain()), Action::Warn);
    let medium = setuptools(Severity::Medium, FixState::Fixed);
    let decision = decided(&policy, medium, "2026-01-01T00:00:00Z")
        .decision
        .unwrap();
    assert_eq!(decision.rule.rule, "profiles.a.rules.y");
    let again = resolved(&policy.to_yaml().unwrap());
    assert_eq!(again.to_document(), policy.to_document());
    assert_eq!(action(&again, plain()), Action::Warn);
}

#[test]
fn grace_turns_a_block_into_a_warning_until_it_is_over() {
    let policy = profile("grace: {critical: 2d, high: 36h}");
    let published = |severity, published: Option<&str>, now: &str| {
        let mut finding = setuptools(severity, FixState::Fixed);
        finding.vulnerability.published = published.map(str::to_owned);
        decided(&policy, finding, now).decision.unwrap()
    };
    let day = Some("2026-05-01T00:00:00Z");
    for (severity, published_at, now, expected) in [
        (
            Severity::Critical,
            day,
            "2026-05-02T23:59:59Z",
            Action::Warn,
        ),
        (
            Severity::Critical,
            day,
            "2026-05-03T00:00:00Z",
            Action::Block,
        ),
        (Severity::High, day, "2026-05-02T11:59:59Z", Action::Warn),
        (Severity::High, day, "2026-05-02T12:00:00Z", Action::Block),
        (
            Severity::Critical,
            None,
            "2026-05-02T00:00:00Z",
            Action::Block,
        ),
        (
            Severity::Critical,
            Some("soon"),
            "2026-05-02T00:00:00Z",
            Action::Block,
        ),
        // A date in the future is a wrong date, not a longer grace.
        (
            Severity::Critical,
            Some("2027-01-01T00:00:00Z"),
            "2026-05-02T00:00:00Z",
            Action::Block,
        ),
    ] {
        let decision = published(severity, published_at, now);
        assert_eq!(
            decision.action, expected,
            "{severity} {published_at:?} {now}"
        );
    }
    let decision = published(Severity::Critical, day, "2026-05-01T12:00:00Z");
    assert_eq!(decision.rule.rule, "profiles.p.grace.critical");
    assert_eq!(
        decision.rule.reason,
        "only warns until 2026-05-03: 2d from publication (2026-05-01)"
    );
    assert_eq!(decision.also[0].action, Action::Block);
}

#[test]
fn grace_may_be_counted_from_first_sight_and_be_refused_by_a_rule() {
    let policy = profile("grace: {from: first-sight, critical: 2d}");
    let mut finding = setuptools(Severity::Critical, FixState::Fixed);
    finding.vulnerability.published = Some("2020-01-01T00:00:00Z".to_owned());
    let now = "2026-05-02T00:00:00Z";
    assert_eq!(
        decided(&policy, finding.clone(), now)
            .decision
            .unwrap()
            .action,
        Action::Block
    );
    finding.first_seen = Some("2026-05-01T00:00:00Z".to_owned());
    let decision = decided(&policy, finding.clone(), now).decision.unwrap();
    assert_eq!(decision.action, Action::Warn);
    assert!(
        decision.rule.reason.contains("first sight"),
        "{}",
        decision.rule.reason
    );

    finding.vulnerability.known_exploited = true;
    for (no_grace, expected) in [(true, Action::Block), (false, Action::Warn)] {
        let policy = profile(&format!(
            "grace: {{from: first-sight, critical: 2d}}\nrules: [{{name: r, when: {{known-exploited: true}}, \
             then: block, no-grace: {no_grace}}}]"
        ));
        assert_eq!(
            decided(&policy, finding.clone(), now)
                .decision
                .unwrap()
                .action,
            expected
        );
    }
}

#[test]
fn a_rule_set_applies_when_it_is_used_and_its_argument_holds() {
    let headers = || {
        let mut finding = finding(
            "CVE-2026-1",
            Severity::Critical,
            FixState::Fixed,
            vec![instance("linux-libc-dev", "6.1", &[])],
        );
        finding.package.ecosystem = Ecosystem::Deb;
        finding.package.name = "linux".to_owned();
        finding
    };
    let unused = resolved("version: 1");
    let used = resolved(
        "version: 1\nuse-rule-sets: [{name: kernel-headers, owner: platform, expires: 2026-12-31}]",
    );
    let image = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let no_kernel: std::collections::BTreeSet<String> = image(&["linux-libc-dev", "bash"]);
    let kernel = image(&["linux-libc-dev", "linux-image-6.1.0-18-amd64"]);
    let decide_with = |policy: &ResolvedPolicy, installed, now: &str| {
        let mut findings = [headers()];
        let circumstances = Circumstances {
            installed,
            ..Circumstances::at(at(now))
        };
        decide(policy, &mut findings, &circumstances);
        findings[0].decision.clone().unwrap()
    };
    let now = "2026-06-01T00:00:00Z";
    assert_eq!(
        decide_with(&unused, Some(&no_kernel), now).action,
        Action::Block
    );
    let decision = decide_with(&used, Some(&no_kernel), now);
    assert_eq!(decision.action, Action::Ignore);
    assert_eq!(decision.rule.rule, "rule-sets.kernel-headers.ignore[0]");
    assert_eq!(decision.rule.owner.as_deref(), Some("platform"));
    assert!(decision.rule.justification.is_some());
    let decision = decide_with(&used, Some(&kernel), now);
    assert_eq!(decision.action, Action::Block);
    assert!(
        decision.notes[0].contains("linux-image-6.1.0-18-amd64"),
        "{:?}",
        decision.notes
    );
    let decision = decide_with(&used, None, now);
    assert!(decision.action == Action::Block && decision.notes[0].contains("package list"));
    assert_eq!(
        decide_with(&used, Some(&no_kernel), "2027-01-01T00:00:00Z").action,
        Action::Block
    );
    let again = resolved(&used.to_yaml().unwrap());
    assert_eq!(
        decide_with(&again, Some(&no_kernel), now).action,
        Action::Ignore
    );
}

#[test]
fn a_set_is_unused_only_when_none_of_its_entries_has_a_part() {
    let text =
        "version: 1\nuse-rule-sets: [{name: kernel-headers, owner: platform, expires: 2026-12-31}]";
    let mut headers = plain();
    headers.package.ecosystem = Ecosystem::Deb;
    headers.instances[0].name = "linux-libc-dev".to_owned();
    let now = Circumstances::at(at("2026-06-01T00:00:00Z"));
    let used = decide(&resolved(text), &mut [headers], &now);
    assert!(used.unused_rules.is_empty(), "{:?}", used.unused_rules);
    let unused = decide(&resolved(text), &mut [plain()], &now);
    assert_eq!(
        unused.unused_rules,
        ["rule-sets.kernel-headers (owner platform) matches no finding"]
    );
}

#[test]
fn disputed_is_a_label_and_never_ignores() {
    let policy = resolved(
        "version: 1\nuse-rule-sets: [{name: disputed, owner: platform, expires: 2026-12-31}]",
    );
    let mut ray = finding(
        "CVE-2023-48022",
        Severity::Critical,
        FixState::NotFixed,
        vec![instance("ray", "2.6.0", &[])],
    );
    ray.package.name = "ray".to_owned();
    let decided_ray = decided(&policy, ray.clone(), "2026-06-01T00:00:00Z");
    assert_eq!(decided_ray.labels, ["disputed"]);
    assert_eq!(decided_ray.decision.unwrap().action, Action::Block);
    assert!(
        decided(&policy, ray, "2027-06-01T00:00:00Z")
            .labels
            .is_empty()
    );
    assert!(
        decided(&policy, plain(), "2026-06-01T00:00:00Z")
            .labels
            .is_empty()
    );
    let mut by_state = plain();
    by_state.vulnerability.state = AdvisoryState::Disputed;
    assert_eq!(
        decided(&policy, by_state, "2026-06-01T00:00:00Z").labels,
        ["disputed"]
    );
}

#[test]
fn rules_that_cover_the_same_are_told() {
    let policy = ignoring(&[
        &format!("id: CVE-2024-6345, package: setuptools, {ENDS}"),
        &format!("id: GHSA-cx63-2mw6-8hw5, {ENDS}"),
        &format!("id: CVE-2024-6345, path: '/usr/**', {ENDS}"),
    ]);
    let mut findings = [setuptools(Severity::High, FixState::Fixed)];
    let summary = decide(
        &policy,
        &mut findings,
        &Circumstances::at(at("2026-06-01T00:00:00Z")),
    );
    assert_eq!(
        summary.overlapping_rules,
        ["ignore[0] and ignore[1] both cover 1 finding"]
    );
    assert_eq!(summary.unused_rules.len(), 1);
}

#[test]
fn unchecked_packages_may_have_to_be_acknowledged() {
    let package = |name: &str| UncheckedPackage {
        ecosystem: Ecosystem::Deb,
        name: name.to_owned(),
        version: "1".to_owned(),
        reason: String::new(),
    };
    let unchecked = [package("libcudnn9-cuda-12"), package("libnccl2")];
    let runs = [ScannerRun::of(
        crate::model::ScannerReport::new(ScannerId::new("trivy"), "test"),
        "t.json",
    )];
    let verdict = |text: &str, now: &str| {
        let text = format!("version: 1\nscanners: {{quorum: 1}}\n{text}");
        judge(&resolved(&text), &[], &unchecked, &runs, at(now))
    };
    let now = "2026-06-01T00:00:00Z";
    let demand = "profiles: {production: {extends: production, unchecked: acknowledge}}\n";
    let entry = |package: &str| {
        format!(
            "{{package: '{package}', ecosystem: deb, reason: r, owner: o, expires: 2026-06-30}}"
        )
    };
    let entries = |packages: &[&str]| {
        let list: Vec<String> = packages.iter().map(|package| entry(package)).collect();
        format!("{demand}acknowledge-unchecked: [{}]", list.join(", "))
    };
    assert_eq!(verdict("", now).exit_code, 0);
    let all = verdict(demand, now);
    assert_eq!(all.exit_code, 3);
    assert!(
        all.insufficient[0].starts_with("2 packages are checked by no scanner"),
        "{all:?}"
    );
    let one = verdict(&entries(&["libcudnn*"]), now);
    assert!(
        one.exit_code == 3 && one.insufficient[0].contains("acknowledged: libnccl2;"),
        "{one:?}"
    );
    let acknowledged = entries(&["libcudnn*", "libnccl*"]);
    assert_eq!(verdict(&acknowledged, now).exit_code, 0);
    assert_eq!(verdict(&acknowledged, "2026-07-01T00:00:00Z").exit_code, 3);
}

#[test]
fn images_choose_their_profile() {
    let policy = parse(
        "version: 1\ndefault-profile: development\nprofile-for:\n\
         \x20 - {image: 'registry.example/prod/*', profile: production}\n\
         \x20 - {image: '*', profile: research}",
        "p",
    )
    .unwrap();
    for (image, expected) in [
        (Some("registry.example/prod/team/app:1"), "production"),
        (Some("registry.example/dev/app:1"), "research"),
        (None, "development"),
    ] {
        assert_eq!(policy.profile_of(image), expected, "{image:?}");
    }
}

proptest! {
    #[test]
    fn a_grace_period_never_makes_anything_stricter(
        hours in 1u32..200,
        offset in -100i64..300,
        severity in proptest::sample::select(Severity::WORST_FIRST.to_vec()),
    ) {
        let policy = profile(&format!("grace: {{critical: {hours}h, high: {hours}h, medium: {hours}h}}"));
        let start = at("2026-05-01T00:00:00Z");
        let now = start.checked_add(jiff::SignedDuration::from_hours(offset)).unwrap();
        let mut finding = setuptools(severity, FixState::Fixed);
        finding.vulnerability.published = Some(start.to_string());
        let with = decided(&policy, finding.clone(), &now.to_string()).decision.unwrap();
        let without = decided(&resolved("version: 1"), finding, &now.to_string()).decision.unwrap();
        let inside = (0..i64::from(hours)).contains(&offset);
        prop_assert_eq!(with.action, if inside { without.action.min(Action::Warn) } else { without.action });
    }
}
