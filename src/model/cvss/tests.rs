//! The score of vectors: published examples, a second library, hostile text.

use cvss_rs::v2_0::CvssV2;
use cvss_rs::v3::CvssV3;
use cvss_rs::v4_0::CvssV4;
use proptest::prelude::*;

use super::*;

fn of(vector: &str) -> Result<Computed, VectorError> {
    let statement = Cvss::new(Some(vector), None, "").unwrap();
    statement.computed().unwrap()
}

fn base(vector: &str) -> f64 {
    of(vector).unwrap().base
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// FIRST's worked examples of v2 (guide §3.3) and v3.1 (examples document); for v4.0 vectors of
/// real flaws, whose scores the second library below gives too.
#[test]
fn published_examples_give_the_published_scores() {
    for (vector, score) in [
        // CVE-2002-0392, CVE-2003-0818, CVE-2003-0062
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
        // CVE-2013-1937, CVE-2013-0375, CVE-2014-3566, CVE-2012-1516, CVE-2009-0783, CVE-2012-0384,
        // CVE-2014-0160, CVE-2014-6271
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        (
            "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            7.3,
        ),
        (
            "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            7.7,
        ),
        (
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
            10.0,
        ),
    ] {
        assert!(same(base(vector), score), "{vector}: {}", base(vector));
    }
}

#[test]
fn only_base_metrics_count_for_the_base_score() {
    // CVE-2002-0392 with FIRST's temporal metrics (v2 guide §3.3.1): 6.4.
    let v2 = of("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C").unwrap();
    assert!(same(v2.base, 7.8) && same(v2.adjusted, 6.4), "{v2:?}");
    let v3 = of("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N/E:U/RL:O/RC:U").unwrap();
    assert!(same(v3.base, 7.5) && v3.adjusted < 7.0, "{v3:?}");
    let plain = "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    let threat = format!("{plain}/E:U/S:N/AU:N/R:U/V:D/RE:L/U:Green");
    let v4 = of(&threat).unwrap();
    let second: CvssV4 = threat.parse().unwrap();
    assert!(same(v4.base, second.calculated_base_score().unwrap()));
    assert!(same(v4.adjusted, second.calculated_full_score().unwrap()));
    assert!(same(v4.base, 7.7) && same(v4.adjusted, 5.2), "{v4:?}");
    assert!(v4.agrees_with(7.7) && v4.agrees_with(5.2) && !v4.agrees_with(7.6));
    let supplemental = of(&format!("{plain}/S:N/AU:Y/R:A/V:C/RE:H/U:Red")).unwrap();
    assert!(same(supplemental.adjusted, 7.7), "{supplemental:?}");
}

#[test]
fn a_vector_without_its_prefix_takes_the_hint() {
    let v3 = Cvss::new(Some("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), None, "3.0").unwrap();
    assert_eq!(
        (v3.version.as_str(), v3.band()),
        ("3.0", Severity::Critical)
    );
    let v2 = Cvss::new(Some("(AV:N/AC:L/Au:N/C:C/I:C/A:C)"), None, "3.1").unwrap();
    assert_eq!((v2.version.as_str(), v2.band()), ("2.0", Severity::High));
    assert!(same(base("CVSS:2.0/AV:N/AC:L/Au:N/C:C/I:C/A:C"), 10.0));
}

#[test]
fn the_stated_score_counts_before_the_vector() {
    let vector = Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let of = |score| Cvss::new(vector, score, "").unwrap().band();
    assert_eq!(of(None), Severity::Critical);
    assert_eq!(of(Some(5.0)), Severity::Medium);
    assert!(Cvss::new(Some(" "), Some(11.0), "3.1").is_none());
    assert!(
        Cvss::new(None, Some(5.0), "3.1")
            .unwrap()
            .computed()
            .is_none()
    );
}

#[test]
fn cvss_two_has_no_critical_band() {
    let v2 = Cvss::new(Some("AV:N/AC:L/Au:N/C:C/I:C/A:C"), Some(10.0), "").unwrap();
    assert_eq!((v2.version.as_str(), v2.band()), ("2.0", Severity::High));
    let v3 = Cvss::new(None, Some(9.8), "3.1").unwrap();
    assert_eq!(v3.band(), Severity::Critical);
}

#[test]
fn an_invalid_vector_says_why() {
    let error = |vector: &str| of(vector).unwrap_err();
    assert_eq!(
        error("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H"),
        VectorError::Missing("A")
    );
    assert_eq!(error("AV:N/AC:L/Au:N/C:C/I:C"), VectorError::Missing("A"));
    assert_eq!(
        error("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N"),
        VectorError::Missing("SA")
    );
    assert_eq!(
        error("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        VectorError::Twice("AV")
    );
    assert_eq!(
        error("CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        VectorError::Value {
            metric: "AV",
            value: "Z".to_owned()
        }
    );
    assert_eq!(
        error("CVSS:5.0/AV:N"),
        VectorError::Version("5.0".to_owned())
    );
    assert_eq!(error("CVSS:3.1/Au:N"), VectorError::Metric("AU".to_owned()));
    assert_eq!(error("high"), VectorError::Form("high".to_owned()));
    let long = "x".repeat(10_000);
    assert!(error(&long).to_string().len() < 100);
}

/// Every vector that takes one value of each metric.
fn every(prefix: &str, metrics: &[(&str, &[&str])]) -> Vec<String> {
    let mut all = vec![prefix.to_owned()];
    for (name, values) in metrics {
        all = all
            .iter()
            .flat_map(|start| {
                let slash = if start.is_empty() { "" } else { "/" };
                values
                    .iter()
                    .map(move |value| format!("{start}{slash}{name}:{value}"))
            })
            .collect();
    }
    all
}

fn assert_two_agree(vectors: &[String], second: impl Fn(&str) -> Option<f64>) {
    for vector in vectors {
        let theirs = second(vector).unwrap();
        assert!(same(base(vector), theirs), "{vector}: {theirs}");
    }
}

#[test]
fn a_second_library_agrees_on_version_two() {
    let impact: &[&str] = &["N", "P", "C"];
    let vectors = every(
        "",
        &[
            ("AV", &["L", "A", "N"]),
            ("AC", &["H", "M", "L"]),
            ("Au", &["M", "S", "N"]),
            ("C", impact),
            ("I", impact),
            ("A", impact),
        ],
    );
    assert_eq!(vectors.len(), 729);
    assert_two_agree(&vectors, |text| {
        text.parse::<CvssV2>().ok()?.calculated_base_score()
    });
}

#[test]
fn a_second_library_agrees_on_version_three() {
    let impact: &[&str] = &["N", "L", "H"];
    for prefix in ["CVSS:3.0", "CVSS:3.1"] {
        let vectors = every(
            prefix,
            &[
                ("AV", &["N", "A", "L", "P"]),
                ("AC", &["L", "H"]),
                ("PR", &["N", "L", "H"]),
                ("UI", &["N", "R"]),
                ("S", &["U", "C"]),
                ("C", impact),
                ("I", impact),
                ("A", impact),
            ],
        );
        assert_eq!(vectors.len(), 2592);
        assert_two_agree(&vectors, |text| {
            text.parse::<CvssV3>().ok()?.calculated_base_score()
        });
    }
}

/// The 104,976 base vectors of v4 take a second each way in an unoptimised build; every 53rd (a
/// prime, so that all values of all metrics take part) is enough to notice a wrong table.
#[test]
fn a_second_library_agrees_on_version_four() {
    let impact: &[&str] = &["N", "L", "H"];
    let vectors = every(
        "CVSS:4.0",
        &[
            ("AV", &["N", "A", "L", "P"]),
            ("AC", &["L", "H"]),
            ("AT", &["N", "P"]),
            ("PR", &["N", "L", "H"]),
            ("UI", &["N", "P", "A"]),
            ("VC", impact),
            ("VI", impact),
            ("VA", impact),
            ("SC", impact),
            ("SI", impact),
            ("SA", impact),
        ],
    );
    assert_eq!(vectors.len(), 104_976);
    let sample: Vec<String> = vectors.into_iter().step_by(53).collect();
    assert_two_agree(&sample, |text| {
        text.parse::<CvssV4>().ok()?.calculated_base_score()
    });
}

proptest! {
    #[test]
    fn no_text_ends_the_program(text in ".{0,80}", hint in "[234]\\.[01]|.{0,3}") {
        if let Some(statement) = Cvss::new(Some(&text), None, &hint) {
            let _ = statement.computed();
            let _ = statement.band();
        }
    }

    #[test]
    fn nearly_vectors_do_not_end_it_either(
        prefix in "(CVSS:[234]\\.[01]/)?",
        parts in prop::collection::vec("(AV|AC|AT|PR|UI|S|Au|C|I|A|VC|VI|VA|SC|SI|SA|E|RL|MAV|MSI|CR):[NLHPACURXS]", 0..24),
    ) {
        let text = format!("{prefix}{}", parts.join("/"));
        let computed = Cvss::new(Some(&text), None, "").and_then(|statement| statement.computed());
        if let Some(Ok(computed)) = computed {
            prop_assert!((0.0..=10.0).contains(&computed.base), "{text}: {computed:?}");
            prop_assert!((0.0..=10.0).contains(&computed.adjusted), "{text}: {computed:?}");
        }
    }
}
