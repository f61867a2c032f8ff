//! What holds for any rule, any finding and any text.

use super::*;

fn any_rule() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        Just("id: CVE-2024-6345".to_owned()),
        Just("id: CVE-2020-1000".to_owned()),
        Just("id: GHSA-cx63-2mw6-8hw5".to_owned()),
        Just("id: '*', acknowledge-broad: true, ecosystem: pypi".to_owned()),
    ];
    let condition = prop_oneof![
        Just(""),
        Just(", package: setuptools"),
        Just(", package: pip"),
        Just(", path: '/opt/**'"),
        Just(", version: '65.*'"),
    ];
    let end = prop_oneof![
        Just("expires: 2026-01-01"),
        Just("expires: 2026-12-31"),
        Just("until-fixed: true"),
    ];
    (id, condition, end)
        .prop_map(|(id, condition, end)| format!("{id}{condition}, reason: r, owner: o, {end}"))
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let severity = proptest::sample::select(Severity::WORST_FIRST.to_vec());
    let fix = prop_oneof![Just(FixState::Fixed), Just(FixState::NotFixed)];
    let id = prop_oneof![
        Just("CVE-2024-6345"),
        Just("CVE-2020-1000"),
        Just("CVE-2021-2000")
    ];
    let place = prop_oneof![Just("/opt/x"), Just("/usr/x")];
    let places = proptest::collection::vec(place, 1..4);
    (severity, fix, id, places).prop_map(|(severity, fix, id, places)| {
        let instances = places
            .iter()
            .map(|path| instance("setuptools", "65.5.1", &[path]))
            .collect();
        finding(id, severity, fix, instances)
    })
}

proptest! {
    #[test]
    fn one_more_ignore_rule_never_adds_a_block(
        rules in proptest::collection::vec(any_rule(), 1..5),
        findings in proptest::collection::vec(any_finding(), 1..6),
    ) {
        let texts: Vec<&str> = rules.iter().map(String::as_str).collect();
        let now = at("2026-06-01T00:00:00Z");
        let (mut fewer, mut more) = (findings.clone(), findings);
        decide(&ignoring(&texts[1..]), &mut fewer, &Circumstances::at(now));
        decide(&ignoring(&texts), &mut more, &Circumstances::at(now));
        for (fewer, more) in fewer.iter().zip(&more) {
            let (fewer, more) = (fewer.decision.as_ref().unwrap(), more.decision.as_ref().unwrap());
            prop_assert!(more.action <= fewer.action);
            prop_assert!(more.action == fewer.action || more.action == Action::Ignore);
        }
    }

    #[test]
    fn any_text_gives_a_policy_or_problems(text in "\\PC{0,60}|(version: 1\n)?([a-z]+: ?[\\[{\"'*&!-]{0,3}\n?){0,6}") {
        if let Err(errors) = parse(&text, "p.yaml") {
            prop_assert!(!errors.problems.is_empty());
        }
    }
}
