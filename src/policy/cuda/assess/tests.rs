//! Laws of the rule and its sentences. The single cases are in `tests/cuda/`.

use proptest::prelude::*;

use super::*;
use crate::model::{Ecosystem, Package};

const KERNEL: &str = "CVE-2026-47600";
const UNSPECIFIED: &str = "CVE-2026-24192";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn ids(texts: &[&str]) -> Vec<AdvisoryId> {
    texts.iter().map(|text| AdvisoryId::new(text)).collect()
}

fn image(packages: &[Package], complete: bool) -> Image {
    Image::new(["registry.example/app:1"], packages, complete)
}

fn hosts(texts: &[String]) -> Hosts {
    texts.iter().map(|text| Host::new(text, "case")).collect()
}

fn of(id: &str, image: &Image, versions: &[&str]) -> Assessment {
    let versions: Vec<String> = versions.iter().map(|&text| text.to_owned()).collect();
    let today = day("2026-11-24");
    let ids = ids(&[id]);
    assess(Bulletins::shipped(), &ids, image, &hosts(&versions), today).unwrap()
}

fn mitigated(id: &AdvisoryId, image: &Image, versions: &[String]) -> bool {
    let today = day("2026-11-24");
    let found = assess(Bulletins::shipped(), [id], image, &hosts(versions), today);
    matches!(found, Some(Assessment::Mitigated(_)))
}

#[test]
fn a_mitigation_carries_evidence_condition_and_end() {
    let Assessment::Mitigated(found) = of(
        KERNEL,
        &image(&[], true),
        &["595.99.02", "580.178.04", "580.178.4"],
    ) else {
        panic!("mitigated")
    };
    assert_eq!(found.justification, Justification::VulnerableCodeNotPresent);
    assert_eq!(found.expires, day("2027-01-01"));
    assert_eq!(found.evidence.bulletin, "5861");
    assert_eq!(found.evidence.component, "kernel_mode");
    assert_eq!(found.evidence.data_date, "2026-09-30");
    let rows: Vec<(&str, &str, &str)> = found
        .evidence
        .hosts
        .iter()
        .map(|row| {
            (
                row.version.as_str(),
                row.branch.as_str(),
                row.fixed.as_str(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("580.178.04", "R580", "580.178.04"),
            ("580.178.4", "R580", "580.178.04"),
            ("595.99.02", "R595", "595.91.07"),
        ]
    );
    assert_eq!(
        found.statement,
        "CVE-2026-47600 is in the driver's kernel modules, which the host loads (NVIDIA bulletin \
         5861). This holds only on hosts with driver 580.178.04 (R580) or 595.91.07 (R595) or newer \
         of the same branch; the hosts have 580.178.04, 580.178.4 and 595.99.02. Checked on \
         2026-11-24 with bulletins up to 2026-09-30."
    );
}

#[test]
fn what_is_not_in_the_kernel_is_mitigated_by_the_hosts_libraries() {
    let Assessment::Mitigated(found) = of(UNSPECIFIED, &image(&[], true), &["595.71.05"]) else {
        panic!("mitigated")
    };
    assert_eq!(
        found.justification,
        Justification::InlineMitigationsAlreadyExist
    );
}

#[test]
fn a_refusal_says_where_and_what_to_do() {
    let compat = Package::new(Ecosystem::Deb, "cuda-compat-13-0", "595.45.01-1");
    for (id, packages, versions, parts) in [
        (
            KERNEL,
            &[][..],
            &["580.178.04", "580.159.03", "470.1"][..],
            &[
                "case has driver 580.159.03, below 580.178.04",
                "5861",
                "1 more entry",
            ][..],
        ),
        (
            KERNEL,
            &[],
            &["535.309.01"],
            &[
                "R535 (a long-term-support branch, end of life 2026-06)",
                "580.178.04 (R580)",
            ],
        ),
        (KERNEL, &[], &[], &["no host is known"]),
        (KERNEL, &[], &["580.x"], &["case: `580.x` is not a version"]),
        (
            UNSPECIFIED,
            std::slice::from_ref(&compat),
            &["595.71.05"],
            &["cuda-compat-13-0 595.45.01-1", "update it to 595.71.05"],
        ),
    ] {
        let found = of(id, &image(packages, true), versions);
        for part in parts {
            assert!(
                found.statement().contains(part),
                "{part}: {}",
                found.statement()
            );
        }
    }
}

#[test]
fn what_nobody_lists_may_be_there() {
    let incomplete = image(&[], false);
    let versions = ["595.91.07"];
    assert_eq!(
        of(UNSPECIFIED, &incomplete, &versions).reason(),
        "image-contents-unknown"
    );
    assert!(matches!(
        of(KERNEL, &incomplete, &versions),
        Assessment::Mitigated(_)
    ));
    let kernel = Package::new(Ecosystem::Deb, "nvidia-dkms-595", "595.91.07-0ubuntu1");
    let may_be_driver = image(&[kernel], false);
    assert_eq!(
        of(KERNEL, &may_be_driver, &versions).reason(),
        "image-contents-unknown"
    );
}

#[test]
fn a_host_outside_of_the_bulletins_forbids_everything() {
    let hosts: Hosts = [
        Host::new("580.178.04", "--host-driver"),
        Host::excluded(
            "it is a Jetson, whose driver has bulletins of its own",
            "node edge",
        ),
    ]
    .into_iter()
    .collect();
    let ids = ids(&[KERNEL]);
    let today = day("2026-11-24");
    let image = image(&[], true);
    let found = assess(Bulletins::shipped(), &ids, &image, &hosts, today).unwrap();
    assert_eq!(found.reason(), "host-excluded");
    assert!(found.statement().contains("node edge: it is a Jetson"));
}

#[test]
fn every_listed_id_has_to_be_fixed() {
    let both = ids(&[
        "CVE-2026-24192",
        "GHSA-aaaa-bbbb-cccc",
        "DEBIAN-CVE-2026-47600",
    ]);
    let today = day("2026-11-24");
    let image = image(&[], true);
    let found = |version: &str| {
        let hosts = hosts(&[version.to_owned()]);
        assess(Bulletins::shipped(), &both, &image, &hosts, today).unwrap()
    };
    let Assessment::Mitigated(all) = found("595.91.07") else {
        panic!("mitigated")
    };
    assert_eq!(all.evidence.vulnerability, AdvisoryId::new(KERNEL));
    assert_eq!(
        all.justification,
        Justification::InlineMitigationsAlreadyExist
    );
    assert!(all.statement.contains("CVE-2026-24192 is in the driver"));
    assert_eq!(found("595.71.05").reason(), "below-fixed");
    let none = ids(&["CVE-2024-6345"]);
    assert!(assess(Bulletins::shipped(), &none, &image, &hosts(&[]), today).is_none());
}

#[test]
fn a_mitigation_ends_when_the_next_bulletin_is_due() {
    for (today, end) in [
        ("2026-11-24", "2027-01-01"),
        ("2026-12-31", "2027-01-01"),
        ("2027-01-01", "2027-04-01"),
        ("2026-06-30", "2026-07-01"),
        ("2026-08-15", "2026-09-01"),
        ("2026-09-01", "2027-01-01"),
        ("9999-12-31", "9999-12-31"),
    ] {
        assert_eq!(next_bulletin(day(today)), day(end), "{today}");
    }
}

/// A listed vulnerability that is not left to a person, and versions around its fixes.
fn any_case() -> impl Strategy<Value = (AdvisoryId, Vec<String>)> {
    let listed: Vec<(AdvisoryId, Vec<String>)> = Bulletins::shipped()
        .iter()
        .filter(|(_, entry)| entry.hint != Hint::Review)
        .map(|(id, entry)| {
            (
                id.clone(),
                entry.fixed.values().map(ToString::to_string).collect(),
            )
        })
        .collect();
    proptest::sample::select(listed).prop_flat_map(|(id, fixed)| {
        let version = prop_oneof![
            6 => proptest::sample::select(fixed.clone()),
            2 => (300..650u32, 0..300u32, 0..20u32).prop_map(|(a, b, c)| format!("{a}.{b}.{c}")),
            2 => proptest::sample::select(fixed).prop_map(|text| {
                let branch = text.split('.').next().unwrap().to_owned();
                format!("{branch}.50.01")
            }),
            1 => Just("580.abc".to_owned()),
        ];
        (Just(id), proptest::collection::vec(version, 0..5))
    })
}

proptest! {
    #[test]
    fn one_host_more_never_mitigates(
        (id, versions) in any_case(),
        more in "[3-6][0-9]0\\.[0-9]{2,3}\\.0[0-9]",
        complete in any::<bool>(),
    ) {
        let image = image(&[], complete);
        let mut all = versions.clone();
        all.push(more);
        prop_assume!(!versions.is_empty());
        prop_assert!(mitigated(&id, &image, &versions) || !mitigated(&id, &image, &all));
    }

    #[test]
    fn a_newer_version_of_the_same_branch_never_undoes_a_mitigation(
        (id, versions) in any_case(),
        which in any::<proptest::sample::Index>(),
        minor in 0..100u32,
        patch in 0..100u32,
    ) {
        prop_assume!(!versions.is_empty());
        let image = image(&[], true);
        let mut newer = versions.clone();
        let at = which.index(newer.len());
        if let Ok(version) = DriverVersion::parse(&newer[at]) {
            let parts: Vec<u32> = version.to_string().split('.').map(|p| p.parse().unwrap()).collect();
            let last = parts.get(2).copied().unwrap_or_default();
            newer[at] = format!("{}.{}.{}", parts[0], parts[1] + minor, last + patch);
        }
        prop_assert!(mitigated(&id, &image, &newer) || !mitigated(&id, &image, &versions));
    }

    #[test]
    fn the_order_of_hosts_does_not_show_in_a_mitigation((id, versions) in any_case()) {
        let image = image(&[], true);
        let today = day("2026-11-24");
        let of = |versions: &[String]| {
            assess(Bulletins::shipped(), [&id], &image, &hosts(versions), today).unwrap()
        };
        let reversed: Vec<String> = versions.iter().rev().cloned().collect();
        match (of(&versions), of(&reversed)) {
            (Assessment::Mitigated(a), Assessment::Mitigated(b)) => prop_assert_eq!(a, b),
            (Assessment::NotMitigated(_), Assessment::NotMitigated(_)) => {}
            (a, b) => prop_assert!(false, "{:?} {:?}", a, b),
        }
    }
}
