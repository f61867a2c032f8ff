//! From each tool's file to rules.

use super::*;

#[test]
fn an_end_of_another_tool_is_the_first_moment_without_it() {
    for (text, last) in [
        ("2026-03-01", Some("2026-02-28")),
        ("2026-03-01T00:00:00Z", Some("2026-02-28")),
        ("2026-03-01T12:00:00.000Z", Some("2026-02-28")),
        ("2026-03-01T23:59:59Z", Some("2026-03-01")),
        ("2026-03-01T01:00:00+02:00", Some("2026-02-27")),
        ("2026-03-01 10:00:00", Some("2026-02-28")),
        ("soon", None),
        ("", None),
    ] {
        let found = last_day_before(text).map(|day| day.to_string());
        assert_eq!(found.as_deref(), last, "{text}");
    }
    assert_eq!(
        last_day_before(&day_after(day("2026-12-31")).to_string()),
        Some(day("2026-12-31"))
    );
}

#[test]
fn trivyignore_lines_with_comments_and_ends() {
    let import = imported(
        "# Not reached.\n# See ticket 5.\nCVE-2024-1111\nCVE-2024-2222 exp:2026-06-01\n\nGHSA-h5c8-rqwp-cp95 # trailing\r\n  \
         CVE-2024-3333 exp:2026-02-30\nAVD-DS-0002\naws-access-key-id\nCVE-2024-44*\nexp:2026-01-01\n# nothing\n",
        ".trivyignore",
    );
    assert_eq!(
        summary(&import),
        [
            "id: CVE-2024-1111, reason: Not reached. See ticket 5.",
            "id: CVE-2024-2222, reason: Not reached. See ticket 5., expires: 2026-05-31",
            "id: GHSA-h5c8-rqwp-cp95, reason: trailing",
        ]
    );
    assert_eq!(
        import.notes,
        [
            ".trivyignore:7: not imported: `exp:2026-02-30` is no day; Trivy leaves such a line out too",
            ".trivyignore:8: not imported: `AVD-DS-0002` does not name a vulnerability",
            ".trivyignore:9: not imported: `aws-access-key-id` does not name a vulnerability",
            ".trivyignore:10: not imported: `CVE-2024-44*` does not name a vulnerability",
            ".trivyignore:11: not imported: `exp:2026-01-01` does not name a vulnerability",
        ]
    );
    let silent = imported("CVE-2024-1111", ".trivyignore");
    assert_eq!(
        silent.rules[0].reason,
        "imported from .trivyignore, which gives no reason"
    );
}

#[test]
fn trivyignore_yaml_entries_with_their_conditions() {
    let import = imported(
        "\
vulnerabilities:
  - id: CVE-2024-1111
    paths: [opt/**, '**/x.jar', /abs, 'P*', '*']
    statement: stale
    expired_at: 2026-06-01
  - id: CVE-2024-2222
    purls:
      - pkg:deb/debian/openssl@3.0?epoch=1
      - pkg:npm/%40babel/core
      - pkg:deb/debian/zlib1g?arch=amd64
      - nonsense
    paths: ['**']
  - statement: no id
    unknown: key
  - id: secret
misconfigurations: [{id: AVD-1}]
secrets: []
",
        ".trivyignore.yaml",
    );
    let reason = "reason: imported from .trivyignore.yaml, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            "id: CVE-2024-1111, path: /opt/**, reason: stale, expires: 2026-05-31".to_owned(),
            "id: CVE-2024-1111, path: \"**/x.jar\", reason: stale, expires: 2026-05-31".to_owned(),
            format!(
                "id: CVE-2024-2222, package: openssl, purl: pkg:deb/debian/openssl@*, \
                 version: \"1:3.0\", ecosystem: deb, {reason}"
            ),
            format!("id: CVE-2024-2222, package: \"@babel/core\", ecosystem: npm, {reason}"),
        ]
    );
    let notes: Vec<_> = import
        .notes
        .iter()
        .map(|n| n.split(": ").take(3).collect::<Vec<_>>().join(": "))
        .collect();
    assert_eq!(
        notes,
        [
            ".trivyignore.yaml:3: not imported: Trivy's paths have no leading `/`, so that this one matches nothing",
            ".trivyignore.yaml:3: not imported: the path also matches what Trivy calls `Python`, which is no path",
            ".trivyignore.yaml:3: not imported: the path also matches what Trivy calls `Python`, which is no path",
            ".trivyignore.yaml:10: not imported: `pkg:deb/debian/zlib1g?arch=amd64` names more than a version; leave out what follows `?` if every one is meant",
            ".trivyignore.yaml:11: not imported: `nonsense` is no package URL",
            ".trivyignore.yaml:13: not imported: it has no id",
            ".trivyignore.yaml:15: not imported: `secret` is not a vulnerability id",
            ".trivyignore.yaml:16: not imported: misconfigurations (1 in all); a policy is about vulnerabilities",
        ]
    );
}

#[test]
fn grype_entries_are_left_out_rather_than_widened() {
    let import = imported(
        "\
only-fixed: false
ignore:
  - vulnerability: CVE-2024-1111
    include-aliases: true
    namespace: \"\"
    reason: fine
  - vulnerability: CVE-2024-1111
    namespace: debian:distro:debian:12
  - vulnerability: CVE-2024-1111
    package: {name: openssl, type: deb, version: 3.0.1-1}
  - vulnerability: CVE-2024-1111
    fix-state: not-fixed
    package: {name: 'nvidia-.*', type: python, location: '/opt/**'}
  - fix-state: wont-fix
  - package: {name: linux-libc-dev, type: deb, upstream-name: linux}
    match-type: exact-indirect-match
  - package: {name: kernel-headers, type: rpm, upstream-name: kernel}
  - package: {name: libstdc\\+\\+6}
  - vex-status: not_affected
  - package: {type: jenkins-plugin}
  - package: {language: javascript, type: deb}
  - vulnerability: GHSA-jfh8-c2jp-5v3q
    package: {language: java, name: log4j-core}
  - package: {name: 'a|b', type: npm}
  - package: {version: '1'}
  - package: {name: x, type: npm, location: x}
  - package: {name: x, language: debian}
  - package: {name: x, type: npm, version: '<2'}
",
        ".grype.yaml",
    );
    let reason = "reason: imported from .grype.yaml, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            "id: CVE-2024-1111, reason: fine".to_owned(),
            format!(
                "id: CVE-2024-1111, package: openssl, purl: pkg:deb/*/openssl@*, version: \"3.0.1-1\", ecosystem: deb, {reason}"
            ),
            format!(
                "id: \"*\", package: kernel, purl: pkg:rpm/*/kernel-headers@*, ecosystem: rpm, acknowledge-broad: true, {reason}"
            ),
            format!(
                "id: \"*\", package: libstdc++6, purl: pkg:*/libstdc**6@*, acknowledge-broad: true, {reason}"
            ),
            format!(
                "id: GHSA-jfh8-c2jp-5v3q, purl: pkg:maven/*/log4j-core@*, ecosystem: maven, {reason}"
            ),
        ]
    );
    let lines: Vec<_> = import
        .notes
        .iter()
        .map(|note| note.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [7, 11, 14, 15, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28]
            .map(|line| format!(".grype.yaml:{line}")),
        "{:#?}",
        import.notes
    );
    assert!(
        import.notes[1].contains("not imported: fix-state not-fixed")
            && import.notes[1].contains("until-fixed: true"),
        "{:?}",
        import.notes
    );
}

#[test]
fn source_packages_of_grype_are_those_of_a_system() {
    let import = imported(
        "\
ignore:
  - package: {upstream-name: requests}
  - package: {upstream-name: requests, type: python}
  - package: {upstream-name: linux, name: linux-libc-dev}
  - package: {upstream-name: gcc-12, name: libstdc++6, type: deb}
  - package: {upstream-name: linux, name: linux, type: deb}
  - package: {upstream-name: linux, name: 'linux-.*', type: deb}
  - vulnerability: CVE-2024-1111
    package: {upstream-name: glibc, type: deb}
  - package: {type: rpm}
",
        ".grype.yaml",
    );
    let reason = "reason: imported from .grype.yaml, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            format!("id: CVE-2024-1111, package: glibc, ecosystem: deb, {reason}"),
            format!("id: \"*\", ecosystem: rpm, acknowledge-broad: true, {reason}"),
        ]
    );
    let notes: Vec<_> = import
        .notes
        .iter()
        .map(|note| note.split_once(": ").unwrap())
        .collect();
    let lines: Vec<_> = notes.iter().map(|(line, _)| *line).collect();
    assert_eq!(
        lines,
        [2, 3, 4, 5, 6, 7, 8, 10].map(|line| format!(".grype.yaml:{line}")),
        "{notes:#?}"
    );
    assert!(
        notes[6].1.contains("installed under that name"),
        "{notes:#?}"
    );
    // A rule for every id says so itself; that it does has to be seen.
    assert!(notes[7].1.contains("every vulnerability"), "{notes:#?}");
}

#[test]
fn snyk_entries_by_path() {
    let import = imported(
        "\
version: v1.25.0
ignore:
  SNYK-DEBIAN12-OPENSSL-1:
    - '*':
        reason: fine
        expires: 2026-06-01T00:00:00.000Z
        created: 2026-01-05T10:00:00.000Z
        disregardIfFixable: true
    - '* > openssl/libssl3@1:3.0':
        reason: ''
  SNYK-JS-AXIOS-1:
    - 'a > b > axios@0.21.0': {reason: deep}
      '* > axios@0.21.0':
    - '* > axios@<1.0': {}
  npm:debug:20170905:
    - '*': {created: 2027-01-01, expires: 2026-12-01}
  snyk:lic:pip:x:GPL: [{'*': {}}]
  SNYK-NEW-X-1: [{'* > x': {}}]
  SNYK-NEW-X-2:
patch: {'npm:ms:1': [{'a': {patched: 2020-01-01}}]}
exclude: {}
",
        ".snyk",
    );
    let reason = "reason: imported from .snyk, which gives no reason";
    assert_eq!(
        summary(&import),
        [
            "id: SNYK-DEBIAN12-OPENSSL-1, package: openssl, ecosystem: deb, reason: fine, created: 2026-01-05, expires: 2026-05-31, until-fixed: true".to_owned(),
            format!("id: SNYK-DEBIAN12-OPENSSL-1, package: libssl3, purl: pkg:deb/*/libssl3@*, version: \"1:3.0\", ecosystem: deb, {reason}"),
            format!("id: SNYK-JS-AXIOS-1, package: axios, version: \"0.21.0\", ecosystem: npm, {reason}"),
            format!("id: npm:debug:20170905, package: debug, ecosystem: npm, {reason}, expires: 2026-11-30"),
        ]
    );
    let lines: Vec<_> = import
        .notes
        .iter()
        .map(|n| n.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [4, 12, 14, 17, 18, 20].map(|line| format!(".snyk:{line}")),
        "{:#?}",
        import.notes
    );
}

#[test]
fn every_path_of_snyk_is_every_path_of_the_package_in_the_id() {
    let reason = "reason: imported from .snyk, which gives no reason";
    for (id, expected) in [
        (
            "SNYK-PYTHON-PARAMIKO-7933074",
            Some("package: paramiko, ecosystem: pypi"),
        ),
        (
            "SNYK-JS-LODASH-590103",
            Some("package: lodash, ecosystem: npm"),
        ),
        (
            "npm:@scope/x:20170905",
            Some("package: \"@scope/x\", ecosystem: npm"),
        ),
        (
            "SNYK-UBUNTU2404-GCC13-1",
            Some("package: gcc13, ecosystem: deb"),
        ),
        // Snyk names what is installed from an RPM, which a source package can also be named.
        (
            "SNYK-RHEL8-OPENSSL-1",
            Some("package: openssl, purl: pkg:rpm/*/openssl@*, ecosystem: rpm"),
        ),
        // The group alone, and paths without their punctuation.
        ("SNYK-JAVA-COMGOOGLEGUAVA-32236", None),
        ("SNYK-GOLANG-GOLANGORGXNETHTML-8535262", None),
        ("SNYK-PHP-SYMFONYHTTPKERNEL-1", None),
        ("SNYK-LINUX-APT-116518", None),
        ("SNYK-PYTHON", None),
        ("CVE-2024-1111", None),
    ] {
        let import = imported(&format!("ignore: {{'{id}': [{{'*': {{}}}}]}}"), ".snyk");
        let expected: Vec<_> = expected
            .map(|conditions| format!("id: \"{id}\", {conditions}, {reason}"))
            .into_iter()
            .collect();
        let found: Vec<_> = summary(&import)
            .iter()
            .map(|rule| rule.replace(&format!("id: {id},"), &format!("id: \"{id}\",")))
            .collect();
        assert_eq!(found, expected, "{:?}", import.notes);
        let is_whole = id.starts_with("npm:");
        assert_eq!(import.notes.len(), usize::from(!is_whole), "{id}");
    }
}

#[test]
fn files_that_their_own_tool_could_not_read_are_errors_with_every_place() {
    let error = errors(
        "ignore:\n  - vulnerability: [CVE-1]\n  - package: openssl\n  - package: {version: 1.10}\n",
        ".grype.yaml",
    );
    assert!(
        error.contains(".grype.yaml:2:20: ignore[0].vulnerability: expected text, found a list"),
        "{error}"
    );
    assert!(
        error.contains(".grype.yaml:3:14: ignore[1].package: expected keys and values"),
        "{error}"
    );
    assert!(error.contains("put it into quotes"), "{error}");
    for (text, name, part) in [
        ("a: [", ".snyk", "not a file of this kind"),
        (
            "ignore: 1",
            ".snyk",
            ".snyk:1:9: ignore: expected ids with lists",
        ),
        ("ignore: {A: {x: y}}", ".snyk", "ignore.A: expected a list"),
        (
            "vulnerabilities:\n - id: CVE-1-1\n   expired_at: soon\n",
            ".trivyignore.yaml",
            ":3:16: vulnerabilities[0].expired_at: expected a day",
        ),
        (
            "- a\n",
            ".grype.yaml",
            "expected keys and values, found a list",
        ),
        (&"#".repeat(2 << 20), ".trivyignore", "at most"),
    ] {
        let error = errors(text, name);
        assert!(error.contains(part), "{error}");
    }
    for name in [".grype.yaml", ".snyk", ".trivyignore.yaml", ".trivyignore"] {
        assert_eq!(imported("# nothing\n", name).rules, []);
    }
}

#[test]
fn many_entries_that_are_left_out_take_no_time() {
    let text = format!("ignore:\n{}", "  - namespace: x\n".repeat(3000));
    let import = imported(&text, ".grype.yaml");
    assert_eq!(import.notes.len(), 3000);
    assert!(import.notes[0].starts_with(".grype.yaml:2: "));
    assert!(import.notes[2999].starts_with(".grype.yaml: ignore[2999]: "));
}

#[test]
fn a_file_that_would_fill_more_than_a_policy_is_refused_at_its_line() {
    let many = |what: &str| {
        let members: Vec<_> = (0..1000).map(|n| format!("'{what}{n}'")).collect();
        members.join(", ")
    };
    let product = format!(
        "vulnerabilities:\n  - id: CVE-2024-1111\n    paths: [{}]\n    purls: [{}]\n",
        many("opt/"),
        many("pkg:npm/x")
    );
    let ids: Vec<_> = (0..20_000).map(|n| format!("CVE-2024-{n:05}\n")).collect();
    let ids = ids.concat();
    let comment = format!("# {}\n{ids}", "x".repeat(500_000));
    for (text, name, place) in [
        (product, ".trivyignore.yaml", ".trivyignore.yaml:4:"),
        (format!("# r\n{ids}"), ".trivyignore", ".trivyignore:10002:"),
        (comment, ".trivyignore", ".trivyignore:4:"),
    ] {
        let error = errors(&text, name);
        assert!(error.starts_with(place), "{error}");
        assert!(
            error.contains("at most 10000 rules") && error.contains("help: "),
            "{error}"
        );
    }
}

#[test]
fn rules_that_a_policy_refuses_are_left_out_and_the_others_stay() {
    let ids: Vec<_> = (0..3000)
        .map(|n| {
            format!(
                "  - id: {}\n",
                if n % 1000 == 7 {
                    "no".to_owned()
                } else {
                    format!("CVE-2024-{n:04}")
                }
            )
        })
        .collect();
    let import = imported(
        &format!("vulnerabilities:\n{}", ids.concat()),
        ".trivyignore.yaml",
    );
    assert_eq!(import.rules.len(), 2997);
    assert_eq!(import.rules[7].id, "CVE-2024-0008");
    assert_eq!(import.notes.len(), 3, "{:?}", import.notes);
    assert!(import.notes[1].starts_with(".trivyignore.yaml:1009: not imported: `no` is not"));
}
