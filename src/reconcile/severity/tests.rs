//! The rules, one after the other, on facts small enough to see.

use super::*;

fn rating(source: &str, severity: Severity, cvss: Option<(&str, f64)>) -> Rating {
    Rating {
        source: RatingSource::from_name(source),
        severity,
        label: None,
        cvss: cvss.and_then(|(version, score)| Cvss::new(None, Some(score), version)),
    }
}

fn level(
    rule: &SeverityRule,
    is_os: bool,
    ratings: &[Rating],
    shown: &[(&str, Severity)],
) -> ResolvedSeverity {
    let shown = shown
        .iter()
        .map(|(name, severity)| (ScannerId::new(name), *severity))
        .collect();
    resolve(
        rule,
        &Opinions {
            is_os,
            distro: Some("debian"),
            ratings,
            shown: &shown,
        },
    )
}

#[test]
fn the_distribution_rates_its_own_packages() {
    let ratings = [
        rating("debian", Severity::Low, None),
        rating("redhat", Severity::High, None),
        rating("nvd", Severity::Critical, Some(("3.1", 9.8))),
    ];
    let resolved = level(
        &SeverityRule::Vendor,
        true,
        &ratings,
        &[("trivy", Severity::Low)],
    );
    assert_eq!(
        (resolved.level, resolved.source),
        (Severity::Low, Some(RatingSource::Distro("debian".into())))
    );
    assert_eq!(
        (resolved.lowest, resolved.highest, resolved.disputed),
        (Severity::Low, Severity::Critical, true)
    );
}

#[test]
fn language_packages_follow_their_database_then_cvss_then_scanners() {
    let nvd = rating("nvd", Severity::Critical, Some(("3.1", 9.8)));
    let ghsa = rating("ghsa", Severity::High, None);
    let shown = [("grype", Severity::Medium)];
    assert_eq!(
        level(&SeverityRule::Vendor, false, &[nvd.clone(), ghsa], &shown).level,
        Severity::High
    );
    assert_eq!(
        level(&SeverityRule::Vendor, false, &[nvd], &shown).level,
        Severity::Critical
    );
    assert_eq!(
        level(&SeverityRule::Vendor, false, &[], &shown).level,
        Severity::Medium
    );
    assert_eq!(
        level(
            &SeverityRule::Vendor,
            false,
            &[],
            &[("grype", Severity::Unknown)]
        )
        .level,
        Severity::Unknown
    );
}

#[test]
fn ties_go_to_the_higher_band() {
    let shown = [("grype", Severity::Low), ("trivy", Severity::High)];
    assert_eq!(
        level(&SeverityRule::Majority, true, &[], &shown).level,
        Severity::High
    );
    assert_eq!(
        level(&SeverityRule::Lowest, true, &[], &shown).level,
        Severity::Low
    );
    assert_eq!(
        level(&SeverityRule::Highest, true, &[], &shown).level,
        Severity::High
    );
    let order = SeverityRule::Scanners(vec![ScannerId::new("snyk"), ScannerId::new("grype")]);
    assert_eq!(level(&order, true, &[], &shown).level, Severity::Low);
}

#[test]
fn negligible_and_low_are_no_dispute() {
    let shown = [("grype", Severity::Negligible), ("trivy", Severity::Medium)];
    assert!(!level(&SeverityRule::Vendor, true, &[], &shown).disputed);
}

#[test]
fn nvd_counts_by_its_newest_cvss_version() {
    let ratings = [
        rating("debian", Severity::Low, None),
        rating("redhat", Severity::Critical, Some(("4.0", 9.9))),
        rating("nvd", Severity::High, Some(("2.0", 10.0))),
        rating("nvd", Severity::High, Some(("3.1", 7.5))),
    ];
    let resolved = level(&SeverityRule::Nvd, true, &ratings, &[]);
    assert_eq!(resolved.level, Severity::High);
    assert_eq!(resolved.source, Some(RatingSource::Nvd));
    assert_eq!(resolved.rule, "NVD's CVSS 3.1 base score");
    let newer = rating("nvd", Severity::High, Some(("4.0", 5.1)));
    let ratings = [&ratings[..], &[newer]].concat();
    assert_eq!(
        level(&SeverityRule::Nvd, true, &ratings, &[]).level,
        Severity::Medium
    );
    let word = rating("nvd", Severity::Medium, None);
    let resolved = level(&SeverityRule::Nvd, true, &[word], &[]);
    assert_eq!(
        (resolved.level, resolved.rule.as_str()),
        (Severity::Medium, "NVD's own word")
    );
}

#[test]
fn without_nvd_the_vendor_is_asked_and_the_rule_says_so() {
    let ratings = [
        rating("debian", Severity::Low, None),
        rating("nvd", Severity::Unknown, Some(("3.1", 0.0))),
    ];
    let resolved = level(&SeverityRule::Nvd, true, &ratings, &[]);
    assert_eq!(resolved.level, Severity::Low);
    assert_eq!(
        resolved.rule,
        "not rated by NVD; rating of the distribution"
    );
    let nobody = level(&SeverityRule::Nvd, true, &[], &[]);
    assert_eq!(nobody.rule, "nobody rated it");
}

/// Every rung of the ladder, from the last one up.
#[test]
fn vendor_asks_one_after_the_other() {
    let shown = [("grype", Severity::Negligible)];
    let mut ratings = vec![rating("nvd", Severity::High, Some(("2.0", 9.0)))];
    let rule = |ratings: &[Rating], shown: &[(&str, Severity)]| {
        let resolved = level(&SeverityRule::Vendor, true, ratings, shown);
        (resolved.level, resolved.rule)
    };
    let expect = |band, rule: &str| (band, rule.to_owned());
    assert_eq!(
        rule(&ratings, &[]),
        expect(Severity::High, "CVSS 2.0 base score")
    );
    assert_eq!(
        rule(&ratings, &shown),
        expect(Severity::Negligible, "shown by 1 of 1 scanners")
    );
    ratings.push(rating("redhat", Severity::High, Some(("3.1", 9.8))));
    assert_eq!(
        rule(&ratings, &shown),
        expect(Severity::Critical, "CVSS 3.1 base score")
    );
    // Who is no other distribution's security team is heard before one that is.
    ratings.push(rating(
        "cve@mitre.org",
        Severity::Medium,
        Some(("3.1", 5.0)),
    ));
    assert_eq!(rule(&ratings, &shown).0, Severity::Medium);
    ratings.push(rating("nvd", Severity::Low, Some(("3.0", 2.0))));
    assert_eq!(rule(&ratings, &shown).0, Severity::Low);
    ratings.push(rating("ghsa", Severity::High, Some(("4.0", 8.0))));
    assert_eq!(rule(&ratings, &shown).0, Severity::High);
    ratings.push(rating("debian", Severity::Negligible, None));
    assert_eq!(
        rule(&ratings, &shown),
        expect(Severity::Negligible, "rating of the distribution")
    );
}

#[test]
fn one_word_is_one_vote_however_many_scores_it_has() {
    let word = |source, severity, label: &str, cvss| Rating {
        label: Some(label.to_owned()),
        ..rating(source, severity, cvss)
    };
    let ratings = [
        word("ghsa", Severity::Medium, "MODERATE", Some(("4.0", 5.0))),
        word("ghsa", Severity::Medium, "MODERATE", Some(("3.1", 5.0))),
        word("ghsa", Severity::Medium, "moderate", None),
        word("glad", Severity::High, "High", None),
    ];
    assert_eq!(
        level(&SeverityRule::Vendor, false, &ratings, &[]).level,
        Severity::High
    );
}

#[test]
fn a_vector_without_score_gives_the_band() {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let bare = Rating {
        cvss: Cvss::new(Some(vector), None, ""),
        ..rating("nvd", Severity::Unknown, None)
    };
    for rule in [SeverityRule::Cvss, SeverityRule::Nvd, SeverityRule::Vendor] {
        assert_eq!(
            level(&rule, true, std::slice::from_ref(&bare), &[]).level,
            Severity::Critical
        );
    }
}

#[test]
fn every_word_is_read_and_written_alike() {
    for word in SeverityRule::WORDS {
        assert_eq!(SeverityRule::from_word(word).unwrap().describe(), word);
    }
    assert_eq!(SeverityRule::from_word("NVD"), None);
}
