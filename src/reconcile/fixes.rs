//! What all scanners together know of fixes.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::merge::Placed;
use crate::model::version::{compare, lower_bound, sort};
use crate::model::{Ecosystem, Fix, FixState, ScannerId};

/// The state over all scanners and the versions that they name.
pub(super) fn fix(ecosystem: &Ecosystem, voices: &[Placed<'_>]) -> Fix {
    let mut states: BTreeMap<&ScannerId, FixState> = BTreeMap::new();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for placed in voices {
        let claim = &placed.observation.fix;
        let state = states.entry(placed.scanner).or_default();
        if weight(claim.state) > weight(*state) {
            *state = claim.state;
        }
        named.extend(claim.versions.iter().map(String::as_str));
    }
    let state = states
        .values()
        .copied()
        .max_by_key(|state| weight(*state))
        .unwrap_or_default();
    let dissent = states
        .into_iter()
        .filter(|(_, theirs)| *theirs != state && *theirs != FixState::Unknown)
        .map(|(scanner, theirs)| (scanner.clone(), theirs))
        .collect();
    let mut versions: Vec<&str> = named.into_iter().collect();
    sort(ecosystem, &mut versions);
    // What is fixed is written for the source package where there is one.
    let installed: BTreeSet<&str> = voices
        .iter()
        .map(|placed| {
            placed
                .source_version
                .unwrap_or(placed.package.version.as_str())
        })
        .collect();
    Fix {
        state,
        recommended: recommended(ecosystem, &installed, &versions),
        versions: versions.into_iter().map(str::to_owned).collect(),
        dissent,
    }
}

/// A named version beats a decision not to fix, which beats *not yet*; unknown says nothing.
pub(crate) fn weight(state: FixState) -> u8 {
    match state {
        FixState::Unknown => 0,
        FixState::NotFixed => 1,
        FixState::Deferred => 2,
        FixState::EndOfLife => 3,
        FixState::WontFix => 4,
        FixState::Fixed => 5,
    }
}

/// The lowest named version above everything installed, which is also the one on the installed
/// branch where each branch has its own fix. Where versions cannot be ordered, the only one named;
/// never one that is known not to be newer.
fn recommended(
    ecosystem: &Ecosystem,
    installed: &BTreeSet<&str>,
    named: &[&str],
) -> Option<String> {
    let mut candidates: Vec<&str> = named.iter().copied().filter_map(lower_bound).collect();
    sort(ecosystem, &mut candidates);
    candidates.dedup();
    let orders = |fix: &str| -> Vec<Option<Ordering>> {
        installed
            .iter()
            .map(|version| compare(ecosystem, version, fix))
            .collect()
    };
    let above = candidates.iter().find(|fix| {
        orders(fix)
            .iter()
            .all(|order| *order == Some(Ordering::Less))
    });
    let only = || match candidates.as_slice() {
        [only] => Some(only).filter(|fix| {
            let orders = orders(fix);
            orders.contains(&None) && orders.iter().flatten().all(|order| order.is_lt())
        }),
        _ => None,
    };
    above.or_else(only).map(|fix| (*fix).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FixClaim, Observation, Package, PackageRule};

    fn best(ecosystem: &Ecosystem, installed: &[&str], named: &[&str]) -> Option<String> {
        recommended(ecosystem, &installed.iter().copied().collect(), named)
    }

    /// The fix that these claims give together, in this order.
    fn together(claims: &[(&str, FixState, &[&str])]) -> Fix {
        let package = Package::new(Ecosystem::PyPi, "p", "1.0");
        let said: Vec<(ScannerId, Observation)> = claims
            .iter()
            .map(|(scanner, state, versions)| {
                let observation = Observation {
                    fix: FixClaim {
                        state: *state,
                        versions: versions.iter().map(|v| (*v).to_owned()).collect(),
                    },
                    ..Observation::of("CVE-2024-0001", 0, String::new())
                };
                (ScannerId::new(scanner), observation)
            })
            .collect();
        let voices: Vec<Placed<'_>> = said
            .iter()
            .map(|(scanner, observation)| Placed {
                scanner,
                observation,
                package: &package,
                rule: PackageRule::NormalName,
                statement: 0,
                source_version: None,
            })
            .collect();
        fix(&package.ecosystem, &voices)
    }

    #[test]
    fn what_says_more_of_a_fix_counts_and_the_rest_is_dissent() {
        let ascending = [
            FixState::NotFixed,
            FixState::Deferred,
            FixState::EndOfLife,
            FixState::WontFix,
            FixState::Fixed,
        ];
        for pair in ascending.windows(2) {
            let [less, more] = [pair[0], pair[1]];
            let fix = together(&[("grype", more, &[]), ("trivy", less, &[])]);
            assert_eq!(fix.state, more);
            let dissent: Vec<_> = fix.dissent.values().copied().collect();
            assert_eq!(dissent, [less]);
            // Of one scanner's own words likewise, in either order, and that is no dissent.
            for own in [[less, more], [more, less]] {
                let fix = together(&own.map(|state| ("grype", state, &[][..])));
                assert_eq!((fix.state, fix.dissent.len()), (more, 0));
            }
        }
    }

    #[test]
    fn who_says_nothing_of_a_fix_does_not_dissent() {
        let fix = together(&[
            ("grype", FixState::Unknown, &[]),
            ("trivy", FixState::Fixed, &["1.5", "1.2"]),
            ("snyk", FixState::Fixed, &["1.5"]),
        ]);
        assert_eq!((fix.state, fix.dissent.len()), (FixState::Fixed, 0));
        assert_eq!(fix.versions, ["1.2", "1.5"]);
        assert_eq!(fix.recommended.as_deref(), Some("1.2"));
    }

    #[test]
    fn the_fix_on_the_installed_branch_is_recommended() {
        let django = ["2.2.28", "3.2.13", "4.0.4"];
        for (installed, expected) in [
            ("2.2.1", Some("2.2.28")),
            ("3.2.12", Some("3.2.13")),
            ("4.0.3", Some("4.0.4")),
            ("4.0.4", None),
        ] {
            let found = best(&Ecosystem::PyPi, &[installed], &django);
            assert_eq!(found.as_deref(), expected, "{installed}");
        }
        // Two installed side by side: the version that mends both.
        let both = best(&Ecosystem::PyPi, &["2.2.1", "3.2.12"], &django);
        assert_eq!(both.as_deref(), Some("3.2.13"));
    }

    #[test]
    fn an_epoch_counts() {
        let named = ["2.38.1-5+deb12u1", "1:2.38.1-5+deb12u1"];
        let found = best(&Ecosystem::Deb, &["1:2.38.1-5+b1"], &named);
        assert_eq!(found.as_deref(), Some("1:2.38.1-5+deb12u1"));
    }

    #[test]
    fn what_is_not_newer_is_not_recommended() {
        assert_eq!(best(&Ecosystem::Deb, &["1.2-3"], &["1.2-2"]), None);
        assert_eq!(best(&Ecosystem::Deb, &["1.2-3"], &["1.2-3"]), None);
    }

    #[test]
    fn without_an_order_only_a_single_claim_can_be_followed() {
        let other = Ecosystem::Other("swift".to_owned());
        assert_eq!(best(&other, &["1.0"], &["2.0"]).as_deref(), Some("2.0"));
        assert_eq!(best(&other, &["1.0"], &["2.0", "3.0"]), None);
        // One installed version has no order, and for the other the claim is old.
        assert_eq!(best(&Ecosystem::PyPi, &["latest", "2.0"], &["1.0"]), None);
        let half = best(&Ecosystem::PyPi, &["latest", "0.5"], &["1.0"]);
        assert_eq!(half.as_deref(), Some("1.0"));
    }

    #[test]
    fn a_range_is_fixed_from_its_lower_bound_on() {
        let named = [">= 3.1.0", ">= 2.1.3", "< 3.0.0"];
        let found = best(&Ecosystem::Npm, &["2.0.0"], &named);
        assert_eq!(found.as_deref(), Some("2.1.3"));
    }
}
