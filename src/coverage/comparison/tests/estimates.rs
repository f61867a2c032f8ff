//! What all scanners miss, at least.

use super::*;

#[test]
fn two_scanners_give_chapmans_estimate() {
    // 10 of both, 5 and 6 of one: (15 + 1)(16 + 1) / 11 − 1 = 23.727 of 21 seen. Variance
    // 16·17·5·6 / (11²·12) = 5.6198; unseen 2.727; factor exp(1.96·√ln(1 + 5.6198/2.727²)) = 4.3508.
    let image = image("a", &["a", "b"])
        .with(10, "RR")
        .with(5, "R-")
        .with(6, "-R")
        .with(9, "Re");
    let unseen = compared([&image]).unseen;
    let Estimate::LowerBound {
        estimator,
        seen,
        total,
        interval,
        sample_coverage,
    } = &unseen.pairs[0].estimate
    else {
        panic!("{unseen:?}")
    };
    assert_eq!(
        (estimator.as_str(), *seen, *sample_coverage),
        ("Chapman", 21, None)
    );
    assert!(close(*total, 23.727), "{total}");
    assert!(
        close(interval.low, 21.627) && close(interval.high, 32.866),
        "{interval:?}"
    );
    let Estimate::Refused { reason } = &unseen.all else {
        panic!("{unseen:?}")
    };
    assert_eq!(
        reason,
        "scanners with a result: 2; the bound over all takes at least 3"
    );
    assert_eq!(unseen.assumptions.len(), 4);
}

#[test]
fn three_scanners_give_chaos_bound() {
    // q1 6, q2 4, q3 12: unseen 2/3 · 6·5 / (2·5) = 2. Variance 2 + 4/9 · (6·11²/(4·25) +
    // 36·4·25/(4·625)) = 5.8667; factor exp(1.96·√ln(1 + 5.8667/4)) = 6.4390. Reports
    // 6 + 2·4 + 3·12 = 50, of which 6 are alone.
    let image = image("a", &["a", "b", "c"])
        .with(4, "R--")
        .with(2, "--R")
        .with(4, "RR-")
        .with(12, "RRR")
        .with(5, "R-e");
    let Estimate::LowerBound {
        estimator,
        seen,
        total,
        interval,
        sample_coverage,
    } = compared([&image]).unseen.all
    else {
        panic!("refused")
    };
    assert_eq!((estimator.as_str(), seen), ("Chao2", 22));
    assert!(close(total, 24.0), "{total}");
    assert!(
        close(interval.low, 22.3106) && close(interval.high, 34.8781),
        "{interval:?}"
    );
    let coverage = sample_coverage.unwrap();
    assert_eq!(
        (coverage.count, coverage.of, coverage.value),
        (44, 50, Some(0.88))
    );
}

/// Three independent scanners that each find a share `p` of what is there, in numbers as they are
/// expected: the bound lies at what is there and not above it.
#[test]
fn the_bound_over_all_is_no_higher_than_what_is_there() {
    // p = 1/2 of 800: each of the 8 sets of reporters has 100 findings, 100 are seen by nobody.
    let half = [("R--", 100), ("RR-", 100), ("RRR", 100)];
    // p = 1/3 of 1350: 8/27 are seen by nobody, 4/27 by each alone, 2/27 by each two, 1/27 by all.
    let third = [("R--", 200), ("RR-", 100), ("RRR", 50)];
    for (there, sets) in [(800.0, half), (1350.0, third)] {
        let mut image = image("a", &["a", "b", "c"]);
        for (said, count) in sets {
            // The same number for every order of the letters, of which `RRR` has one.
            for turn in 0..if said == "RRR" { 1 } else { 3 } {
                let turned = format!("{}{}", &said[turn..], &said[..turn]);
                image = image.with(count, &turned);
            }
        }
        let Estimate::LowerBound {
            total, interval, ..
        } = compared([&image]).unseen.all
        else {
            panic!("refused")
        };
        assert!(there - 3.0 < total && total <= there, "{total} of {there}");
        assert!(
            interval.low < there && there < interval.high,
            "{interval:?}"
        );
    }
}

#[test]
fn counts_that_carry_no_estimate_give_none() {
    let reasons = |image: OneImage| {
        let unseen = compared([&image]).unseen;
        [unseen.pairs[0].estimate.clone(), unseen.all].map(|estimate| match estimate {
            Estimate::Refused { reason } => reason,
            Estimate::LowerBound { .. } => "given".to_owned(),
        })
    };
    let scanners = ["a", "b", "c"];
    assert_eq!(
        reasons(image("a", &scanners).with(19, "RRR")),
        [
            "findings that both could have reported: 19; an estimate takes at least 20",
            "findings that all could have reported: 19; an estimate takes at least 20"
        ]
    );
    assert_eq!(
        reasons(image("a", &scanners).with(6, "RRR").with(20, "R--")),
        [
            "both report only 6 of 26 findings, and an estimate takes at least 7",
            "no finding is reported by exactly two scanners"
        ]
    );
    assert_eq!(
        reasons(image("a", &scanners).with(7, "RR-").with(20, "R--")),
        ["given", "given"]
    );
}
