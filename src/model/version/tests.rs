//! What the tests of every ecosystem share, and the laws that hold for all of them.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{compare, lower_bound, normal_form, sort, upstream};
use crate::model::Ecosystem;

/// Every text is less than every later one, and their normal forms tell them apart, except by an
/// epoch or a rebuild.
#[track_caller]
pub(super) fn ascending(ecosystem: &Ecosystem, versions: &[&str]) {
    for (place, a) in versions.iter().enumerate() {
        assert_eq!(compare(ecosystem, a, a), Some(Ordering::Equal), "{a}");
        for b in versions.iter().skip(place + 1) {
            assert_eq!(compare(ecosystem, a, b), Some(Ordering::Less), "{a} < {b}");
            assert_eq!(
                compare(ecosystem, b, a),
                Some(Ordering::Greater),
                "{b} > {a}"
            );
            if !loses_parts(ecosystem) {
                let (a, b) = (normal_form(ecosystem, a), normal_form(ecosystem, b));
                assert_ne!(a, b, "forms of what differs");
            }
        }
    }
}

/// Each pair is equal in order and, where the ecosystem's form says everything, in form.
#[track_caller]
pub(super) fn equal(ecosystem: &Ecosystem, pairs: &[(&str, &str)]) {
    for (a, b) in pairs {
        assert_eq!(compare(ecosystem, a, b), Some(Ordering::Equal), "{a} = {b}");
        assert_eq!(compare(ecosystem, b, a), Some(Ordering::Equal), "{b} = {a}");
        if !loses_parts(ecosystem) {
            assert_eq!(
                normal_form(ecosystem, a),
                normal_form(ecosystem, b),
                "{a} = {b}"
            );
        }
    }
}

/// None of them is ordered, not even against itself.
#[track_caller]
pub(super) fn unordered(ecosystem: &Ecosystem, versions: &[&str]) {
    for version in versions {
        assert_eq!(compare(ecosystem, version, version), None, "{version}");
        assert_eq!(compare(ecosystem, version, "1.0.0"), None, "{version}");
        assert_eq!(compare(ecosystem, "1.0.0", version), None, "{version}");
    }
}

/// Ecosystems whose normal form is not exact (see [`normal_form`]).
fn loses_parts(ecosystem: &Ecosystem) -> bool {
    matches!(
        ecosystem,
        Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Alpm | Ecosystem::Golang
    )
}

const ECOSYSTEMS: [Ecosystem; 14] = [
    Ecosystem::Deb,
    Ecosystem::Rpm,
    Ecosystem::Apk,
    Ecosystem::Alpm,
    Ecosystem::PyPi,
    Ecosystem::Npm,
    Ecosystem::Golang,
    Ecosystem::Maven,
    Ecosystem::Gem,
    Ecosystem::NuGet,
    Ecosystem::Cargo,
    Ecosystem::Composer,
    Ecosystem::Conda,
    Ecosystem::Generic,
];

/// Pieces from which an ecosystem's versions are made: few, so that versions collide.
fn pieces(ecosystem: &Ecosystem) -> &'static [&'static str] {
    match ecosystem {
        Ecosystem::Deb => &[
            ".", "-", "~", "+", "a", "b1", "0", "1", "00", "1:", "~rc1", "+b1", "+dfsg",
        ],
        Ecosystem::Rpm => &[
            ".", "-", "~", "^", "_", "a", "b", "0", "1", "00", "1:", "~rc1", ".el8",
        ],
        Ecosystem::Apk => &[
            ".0", ".1", ".01", ".10", "a", "b", "_alpha", "_rc", "_p", "_git", "0", "1", "a1",
            "~a", "~1", "-r0", "-r1",
        ],
        Ecosystem::Alpm => &[".", "..", "_", "-", "a", "b", "rc", "0", "1", "00", "1:"],
        Ecosystem::PyPi => &[
            ".0", ".1", "a1", "b0", "rc1", ".post1", ".dev0", ".dev1", "+a", "+1", "+a.1", "1!",
            "-1",
        ],
        Ecosystem::Golang => &[
            ".0",
            ".1",
            ".21",
            "rc1",
            "beta1",
            "-0.1",
            "-a",
            "-1",
            "+incompatible",
            "+dirty",
            " X:a",
        ],
        Ecosystem::Maven => &[
            ".", "-", "0", "1", "a", "alpha", "sp", "rc", "snapshot", "foo", "final", "00", "x1",
        ],
        Ecosystem::Gem => &[
            ".0",
            ".1",
            ".a",
            ".b",
            "a",
            "b1",
            ".pre",
            "-a",
            "-1",
            "-java",
            "-x86-linux",
            ".00",
        ],
        Ecosystem::Composer => &[
            ".0", ".1", "-dev", "-alpha", "a1", "-b", "RC", "-rc1", "-p", "patch1", ".2",
            "-stable", "-01", "-02",
        ],
        Ecosystem::Conda => &[
            ".", "_", "-", "+", "0", "1", "a", "b", "dev", "post", "1!", "rc1", "00",
        ],
        Ecosystem::Generic => &[".0", ".1", "a", "b", ".00", ".01"],
        _ => &[
            ".0", ".1", ".0.0", ".0.1", "-0", "-1", "-a", "-A", ".a", ".b", "-01", "+a", "+b",
            ".10",
        ],
    }
}

fn any_version(ecosystem: &Ecosystem) -> BoxedStrategy<String> {
    let start = prop_oneof![
        8 => proptest::sample::select(vec!["0", "1", "1.0", "1.0.0", "1.1", "01", "1.21", "0.0.1"]),
        1 => proptest::sample::select(vec!["", "v", "v1.0.0", "go1", "1:1", "1!1", "2010"]),
    ];
    let rest =
        proptest::collection::vec(proptest::sample::select(pieces(ecosystem).to_vec()), 0..5);
    (start, rest)
        .prop_map(|(start, rest)| format!("{start}{}", rest.concat()))
        .boxed()
}

/// Some versions of one ecosystem.
fn any_versions() -> impl Strategy<Value = (Ecosystem, Vec<String>)> {
    proptest::sample::select(ECOSYSTEMS.to_vec()).prop_flat_map(|ecosystem| {
        let versions = proptest::collection::vec(any_version(&ecosystem), 3..9);
        (Just(ecosystem), versions)
    })
}

/// As many cases an ecosystem as tests have that are about one thing.
fn for_each_ecosystem() -> ProptestConfig {
    let config = ProptestConfig::default();
    let ecosystems = u32::try_from(ECOSYSTEMS.len()).unwrap();
    ProptestConfig {
        cases: config.cases * ecosystems,
        ..config
    }
}

proptest! {
    #![proptest_config(for_each_ecosystem())]

    #[test]
    fn the_order_is_total((ecosystem, versions) in any_versions()) {
        is_total(&ecosystem, &versions)?;
    }

    #[test]
    fn equal_versions_have_equal_forms((ecosystem, versions) in any_versions()) {
        let exact = !loses_parts(&ecosystem);
        for (a, b) in pairs(&versions).filter(|_| exact) {
            let forms = [normal_form(&ecosystem, a), normal_form(&ecosystem, b)];
            if let Some(order) = compare(&ecosystem, a, b) {
                let same = forms[0] == forms[1];
                prop_assert_eq!(order.is_eq(), same, "{} {} {} {:?}", ecosystem, a, b, forms);
                let again = forms.each_ref().map(|form| normal_form(&ecosystem, form));
                prop_assert_eq!(&again, &forms, "{}", ecosystem);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_comparing_panic(a in ".{0,24}", b in "[0-9a-zA-Z.:~^+!@ _-]{0,24}", long in "[0-9]{40,300}") {
        for ecosystem in &ECOSYSTEMS {
            for (a, b) in [(&a, &b), (&long, &b), (&b, &b), (&a, &a)] {
                let forwards = compare(ecosystem, a, b);
                prop_assert_eq!(forwards.map(Ordering::reverse), compare(ecosystem, b, a));
                normal_form(ecosystem, a);
                upstream(ecosystem, a);
            }
            normal_form(ecosystem, &b);
            if let Some(part) = upstream(ecosystem, &b) {
                prop_assert!(b.contains(part) && !part.is_empty());
            }
        }
    }
}

fn pairs(versions: &[String]) -> impl Iterator<Item = (&String, &String)> {
    versions
        .iter()
        .flat_map(|a| versions.iter().map(move |b| (a, b)))
}

fn is_total(ecosystem: &Ecosystem, versions: &[String]) -> Result<(), TestCaseError> {
    let is_version = |v: &str| compare(ecosystem, v, v) == Some(Ordering::Equal);
    for (a, b) in pairs(versions) {
        let order = compare(ecosystem, a, b);
        prop_assert_eq!(
            order.is_some(),
            is_version(a) && is_version(b),
            "{} {}",
            a,
            b
        );
        prop_assert_eq!(
            order.map(Ordering::reverse),
            compare(ecosystem, b, a),
            "{} {}",
            a,
            b
        );
    }
    let known: Vec<&String> = versions.iter().filter(|v| is_version(v)).collect();
    let orders: Vec<Vec<Option<Ordering>>> = known
        .iter()
        .map(|a| known.iter().map(|b| compare(ecosystem, a, b)).collect())
        .collect();
    for (a, of_a) in orders.iter().enumerate() {
        for (b, of_b) in orders.iter().enumerate() {
            for (c, bc) in of_b.iter().enumerate() {
                let (Some(ab), Some(bc)) = (of_a[b], *bc) else {
                    continue;
                };
                // Two steps in one direction lead there, and only two that are none lead nowhere.
                if ab.is_le() && bc.is_le() {
                    let names = [known[a], known[b], known[c]];
                    prop_assert_eq!(of_a[c], Some(ab.then(bc)), "{} {:?}", ecosystem, names);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn forms_of_packages_of_the_distribution_lose_epoch_and_rebuild() {
    for (ecosystem, a, b) in [
        (Ecosystem::Deb, "1:2.38.1-5+b1", "2.38.1-5"),
        (Ecosystem::Rpm, "1:1.0.2k-16.el7", "1.0.2k-16.el7"),
        (Ecosystem::Alpm, "1:1.0-1", "1.0-1"),
        (Ecosystem::Golang, "go1.18.10", "v1.18.10"),
        (Ecosystem::Golang, "v2.7.1+incompatible", "2.7.1"),
        (Ecosystem::Golang, "go1.22.3-bigcorp", "1.22.3"),
        (Ecosystem::Npm, "v1.2.3", "1.2.3"),
    ] {
        let (form_a, form_b) = (normal_form(&ecosystem, a), normal_form(&ecosystem, b));
        assert_eq!(form_a, form_b, "{a} {b}");
    }
    assert_eq!(
        normal_form(&Ecosystem::Deb, "2.36-9+deb12u4"),
        "2.36-9+deb12u4"
    );
    assert_eq!(
        normal_form(&Ecosystem::PyPi, "1.0.0rc1+cu121"),
        "1rc1+cu121"
    );
}

#[test]
fn what_is_no_version_keeps_its_text() {
    for (ecosystem, text, expected) in [
        (
            Ecosystem::Maven,
            " ${project.version} ",
            "${project.version}",
        ),
        (Ecosystem::Golang, "(devel)", "(devel)"),
        (Ecosystem::Gem, "git-abc", "git-abc"),
        (Ecosystem::PyPi, "Not A Version", "not a version"),
        (Ecosystem::Other("swift".to_owned()), "1.0 ", "1.0"),
    ] {
        assert_eq!(normal_form(&ecosystem, text), expected);
    }
}

#[test]
fn a_range_has_a_lower_bound_or_names_no_fix() {
    for (text, bound) in [
        ("1.4.3", Some("1.4.3")),
        (">=1.4.3", Some("1.4.3")),
        (">= 2.1.0", Some("2.1.0")),
        ("~> 3.2.13", Some("3.2.13")),
        ("^1.2", Some("1.2")),
        ("< 3.0.0", None),
        ("> 1.0", None),
        (">=", None),
        ("", None),
    ] {
        assert_eq!(lower_bound(text), bound, "{text}");
    }
}

#[test]
fn versions_without_an_order_come_last() {
    let mut versions = vec!["latest", "10.0", "9.0", "(none)", "1.0"];
    sort(&Ecosystem::PyPi, &mut versions);
    assert_eq!(versions, ["1.0", "9.0", "10.0", "(none)", "latest"]);
}

#[test]
fn only_the_distributions_packages_have_an_upstream() {
    for ecosystem in ECOSYSTEMS {
        let known = upstream(&ecosystem, "1.0").is_some();
        assert_eq!(known, ecosystem.is_os(), "{ecosystem}");
    }
    assert_eq!(upstream(&Ecosystem::Alpm, "2:6.0-8"), Some("6.0"));
}
