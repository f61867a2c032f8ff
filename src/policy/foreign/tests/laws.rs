//! What holds for every rule and every file.

use proptest::prelude::*;

use super::super::super::ignore::IgnoreRules;
use super::*;

/// For each finding of the image and each of its packages: whether one of the rules covers it.
fn covers(rules: &[IgnoreRule]) -> Vec<bool> {
    let compiled = IgnoreRules::listed(rules).unwrap();
    let mut all = Vec::new();
    for finding in image() {
        let mut covered = vec![false; finding.instances.len()];
        for (_, rule) in compiled.naming(&finding) {
            for (flag, covers) in covered.iter_mut().zip(rule.covers(&finding)) {
                *flag |= covers;
            }
        }
        all.extend(covered);
    }
    all
}

fn some_rule() -> impl Strategy<Value = IgnoreRule> {
    let id = prop::sample::select(vec![
        "CVE-2024-5535",
        "CVE-2024-22195",
        "CVE-2021-44228",
        "GHSA-h5c8-rqwp-cp95",
        "SNYK-PYTHON-JINJA2-1",
        "*",
    ]);
    let pick = |values: &[&'static str]| {
        prop::option::of(prop::sample::select(values.to_vec()).prop_map(str::to_owned))
    };
    (
        id,
        pick(&[
            "openssl",
            "libssl3",
            "jinja2",
            "Jinja*",
            "log4j-core",
            "org.apache.logging.log4j:log4j-core",
        ]),
        pick(&[
            "pkg:pypi/jinja2@*",
            "pkg:pypi/jinja2@3.1.2",
            "pkg:deb/debian/openssl@*",
            "pkg:deb/*",
            "pkg:maven/org.apache.logging.log4j/log4j-core@*",
        ]),
        pick(&[
            "/opt/**",
            "/usr/lib/**",
            "**",
            "**/METADATA",
            "/srv/app.jar",
        ]),
        pick(&["3.1.2", "2.*", "1:3.0.11-1~deb12u2"]),
        pick(&["deb", "pypi", "maven"]),
        any::<bool>(),
    )
        .prop_filter_map("a policy would refuse it", |picked| {
            let (id, package, purl, path, version, ecosystem, until_fixed) = picked;
            let rule = IgnoreRule {
                id: id.to_owned(),
                package,
                purl,
                path,
                version,
                ecosystem,
                reason: "not: reached # at \"all\"".to_owned(),
                owner: "ml".to_owned(),
                reference: None,
                justification: None,
                created: None,
                expires: (!until_fixed).then(|| day("2026-12-31")),
                until_fixed,
                acknowledge_broad: id == "*",
            };
            check_each(&[rule]).pop()?.ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_comes_back_from_another_format_covers_the_same(
        rule in some_rule(),
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let export = export(std::slice::from_ref(&rule), None, format, now());
        let back = import(&export.text, "x", format, &defaults()).map_err(|error| {
            TestCaseError::fail(format!("{error}\n{}", export.text))
        })?;
        let (before, after) = (covers(std::slice::from_ref(&rule)), covers(&back.rules));
        if export.notes.iter().any(|note| note.contains("not exported")) {
            prop_assert_eq!(back.rules.len(), 0, "{}", export.text);
        } else {
            prop_assert_eq!(before, after, "{}\n{:?}", export.text, back);
        }
    }

    #[test]
    fn hostile_files_give_rules_or_errors(
        text in "(ignore:\n|vulnerabilities:\n)?[-a-z0-9: #>*@/\\[\\]{}\n\"'.|&!\u{0}\u{feff}]{0,80}",
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let _ = import(&text, "x", format, &defaults());
    }

    #[test]
    fn exports_hold_whatever_text_a_rule_has(
        reason in "[^ ].{0,20}[^ ]",
        owner in "[^ ].{0,10}[^ ]",
        format in prop::sample::select(vec![Format::TrivyignoreYaml, Format::Grype, Format::Snyk]),
    ) {
        let id = if format == Format::Snyk { "SNYK-JS-X-1" } else { "CVE-2024-5535" };
        let rule = IgnoreRule { reason, owner, ..IgnoreRule {
            id: id.to_owned(), package: None, purl: None, path: None, version: None,
            ecosystem: None, reason: String::new(), owner: String::new(), reference: None,
            justification: None, created: None, expires: Some(day("2026-12-31")),
            until_fixed: false, acknowledge_broad: false,
        }};
        prop_assume!(!rule.reason.trim().is_empty());
        let export = export(std::slice::from_ref(&rule), None, format, now());
        let back = import(&export.text, "x", format, &defaults()).unwrap();
        prop_assert_eq!(back.rules.len(), 1);
        prop_assert_eq!(&back.rules[0].reason, rule.reason.trim());
    }
}
