//! Are all reports about the same image?

use std::collections::{BTreeMap, BTreeSet};

use crate::model::report::TargetSummary;
use crate::model::{Distro, Target};

/// A report that is about another image than the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Index of the report in the order given.
    pub index: usize,
    /// Index of a report that most others agree with.
    pub home: usize,
    /// What differs, one sentence.
    pub reason: String,
    /// True when digests prove it; false when only names or distributions differ.
    pub proven: bool,
}

/// Compares targets and returns those that do not belong to the largest group of agreeing ones.
///
/// Digests decide where two reports have one of the same kind: layer diffIDs, then configuration,
/// then manifest and registry digests. Without a common kind the distribution decides, and names
/// last: they are what somebody typed, so a different name alone is only a suspicion.
pub fn strangers(targets: &[&Target]) -> Vec<Stranger> {
    let Some(home) = home(targets) else {
        return Vec::new();
    };
    let Some(reference) = targets.get(home) else {
        return Vec::new();
    };
    targets
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != home)
        .filter_map(|(index, target)| match compare(reference, target) {
            Relation::Same => None,
            Relation::Different(reason) => Some(Stranger {
                index,
                home,
                reason,
                proven: true,
            }),
            Relation::Suspicious(reason) => Some(Stranger {
                index,
                home,
                reason,
                proven: false,
            }),
        })
        .collect()
}

/// The report that most others agree with; the richest in identity when tied, then the first by name.
fn home(targets: &[&Target]) -> Option<usize> {
    let score = |index: usize, target: &Target| {
        let agreeing = targets
            .iter()
            .filter(|other| matches!(compare(target, other), Relation::Same))
            .count();
        let kinds = usize::from(!target.diff_ids.is_empty())
            + usize::from(target.config_digest.is_some())
            + usize::from(target.manifest_digest.is_some())
            + usize::from(target.distro.is_some());
        (
            agreeing,
            kinds,
            std::cmp::Reverse(target.name.clone()),
            std::cmp::Reverse(index),
        )
    };
    targets
        .iter()
        .enumerate()
        .max_by_key(|(index, target)| score(*index, target))
        .map(|(index, _)| index)
}

/// Why a package list is not taken for one of a report's image: layers, configuration, distribution or
/// its release differ, or manifest and name where nothing else is common to both.
///
/// A manifest digest that a tool computes for an archive is not the registry's, and a name is what
/// somebody typed, so that for whole reports they prove nothing; a package list of another image however
/// would prove much that is wrong.
pub(super) fn contradict(report: &Target, list: &Target) -> Option<String> {
    let relation = compare(report, list);
    if let Relation::Different(reason) = &relation {
        return Some(reason.clone());
    }
    let layers = !report.diff_ids.is_empty() && !list.diff_ids.is_empty();
    let configurations = report.config_digest.is_some() && list.config_digest.is_some();
    if layers || configurations {
        return None;
    }
    let manifests = report.manifest_digest.as_ref();
    if let Some((a, b)) = manifests.zip(list.manifest_digest.as_ref())
        && a != b
    {
        return Some(format!("its manifest is {b}, the report's {a}"));
    }
    if !digests(report).is_disjoint(&digests(list)) {
        return None;
    }
    if let (Some(a), Some(b)) = (&report.distro, &list.distro)
        && other_release(&a.version, &b.version)
    {
        return Some(format!(
            "it is about {} {}, the report about {} {}",
            b.family, b.version, a.family, a.version
        ));
    }
    match relation {
        Relation::Suspicious(reason) => Some(reason),
        Relation::Same | Relation::Different(_) => None,
    }
}

/// True for two releases of one distribution of which neither is a part of the other: `12` and `12.5` may
/// be one, `11` and `12` are not. What does not begin with a number is not compared.
fn other_release(a: &str, b: &str) -> bool {
    let numbers = |version: &str| -> Vec<String> {
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.');
        let version = version.get(..end.unwrap_or(version.len()));
        let parts = version.unwrap_or_default().split('.');
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    numbers(a).iter().zip(&numbers(b)).any(|(a, b)| a != b)
}

/// Every digest that a report has of its image, of whatever kind.
fn digests(target: &Target) -> BTreeSet<String> {
    let repo = target
        .repo_digests
        .iter()
        .filter_map(|d| d.rsplit('@').next())
        .map(str::to_owned);
    let name = target
        .name
        .iter()
        .filter_map(|n| n.split_once('@'))
        .map(|(_, d)| d.to_owned());
    repo.chain(name)
        .chain(target.manifest_digest.clone())
        .chain(target.config_digest.clone())
        .collect()
}

enum Relation {
    Same,
    Different(String),
    Suspicious(String),
}

fn compare(a: &Target, b: &Target) -> Relation {
    if !a.diff_ids.is_empty() && !b.diff_ids.is_empty() {
        return if a.diff_ids == b.diff_ids {
            Relation::Same
        } else {
            Relation::Different("its layers (diffIDs) are others".to_owned())
        };
    }
    let (known_a, known_b) = (digests(a), digests(b));
    if !known_a.is_disjoint(&known_b) {
        return Relation::Same;
    }
    if let (Some(x), Some(y)) = (&a.config_digest, &b.config_digest) {
        return Relation::Different(format!("its image id is {y}, the others have {x}"));
    }
    if let (Some(x), Some(y)) = (&a.distro, &b.distro)
        && family(x) != family(y)
    {
        return Relation::Different(format!(
            "it is about a {} image, the others about {}",
            y.family, x.family
        ));
    }
    match (&a.name, &b.name) {
        (Some(x), Some(y)) if repository(x) != repository(y) => {
            Relation::Suspicious(format!("it names its target `{y}`, the others `{x}`"))
        }
        _ => Relation::Same,
    }
}

/// Scanners spell a family in several ways.
fn family(distro: &Distro) -> String {
    let family = distro.family.to_ascii_lowercase();
    match family.as_str() {
        "rhel" | "red hat" => "redhat".to_owned(),
        "amazonlinux" | "amzn" => "amazon".to_owned(),
        "oraclelinux" | "ol" => "oracle".to_owned(),
        "almalinux" => "alma".to_owned(),
        "rockylinux" => "rocky".to_owned(),
        _ => family,
    }
}

/// The repository's last path component of a reference or file name: what survives of a name in
/// all the ways that scanners write it.
fn repository(name: &str) -> String {
    let name = name.rsplit('|').next().unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name);
    let last = name
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(name);
    let last = last.split(':').next().unwrap_or(last);
    last.to_ascii_lowercase()
}

/// What the reports together know of the image. Digests and platform from whoever has them, the
/// most frequent name; ties go to the first in text order. All registry digests count, save those of
/// reports about another image.
pub fn summarise(targets: &[&Target], reference: Option<&str>) -> TargetSummary {
    fn most_frequent<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Option<T> {
        let mut votes: BTreeMap<T, usize> = BTreeMap::new();
        for value in values {
            *votes.entry(value).or_default() += 1;
        }
        votes
            .into_iter()
            .rev()
            .max_by_key(|(_, count)| *count)
            .map(|(value, _)| value)
    }
    let name = || most_frequent(targets.iter().filter_map(|t| t.name.clone()));
    let distro = most_frequent(
        targets
            .iter()
            .filter_map(|t| t.distro.as_ref())
            .map(|d| (family(d), d.version.clone())),
    );
    let end_of_life = targets
        .iter()
        .filter_map(|t| t.distro.as_ref())
        .any(|d| d.end_of_life);
    let strangers: BTreeSet<usize> = strangers(targets).iter().map(|s| s.index).collect();
    let repo_digests: BTreeSet<&String> = targets
        .iter()
        .enumerate()
        .filter(|(index, _)| !strangers.contains(index))
        .flat_map(|(_, target)| &target.repo_digests)
        .collect();
    TargetSummary {
        reference: reference
            .map(str::to_owned)
            .or_else(name)
            .unwrap_or_else(|| "unknown".to_owned()),
        config_digest: most_frequent(targets.iter().filter_map(|t| t.config_digest.clone())),
        manifest_digest: most_frequent(targets.iter().filter_map(|t| t.manifest_digest.clone())),
        repo_digests: repo_digests.into_iter().cloned().collect(),
        platform: most_frequent(targets.iter().filter_map(|t| t.platform.clone())),
        distro: distro.map(|(family, version)| Distro {
            family,
            version,
            end_of_life,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, config: Option<&str>, distro: Option<&str>) -> Target {
        Target {
            name: Some(name.to_owned()),
            config_digest: config.map(str::to_owned),
            distro: distro.map(|f| Distro {
                family: f.to_owned(),
                version: "1".to_owned(),
                end_of_life: false,
            }),
            ..Target::default()
        }
    }

    fn odd(targets: &[Target]) -> Vec<(usize, bool)> {
        strangers(&targets.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|s| (s.index, s.proven))
            .collect()
    }

    #[test]
    fn digests_prove_a_stranger_whatever_the_name() {
        let (a, b) = (Some("sha256:aa"), Some("sha256:bb"));
        assert_eq!(
            odd(&[
                target("x", a, None),
                target("x", b, None),
                target("y", a, None)
            ]),
            [(1, true)]
        );
    }

    #[test]
    fn without_digests_the_distribution_decides_and_names_only_raise_suspicion() {
        assert_eq!(
            odd(&[
                target("x", None, Some("debian")),
                target("x", None, Some("alpine"))
            ]),
            [(1, true)]
        );
        assert_eq!(
            odd(&[
                target("x", None, Some("rhel")),
                target("x", None, Some("redhat"))
            ]),
            []
        );
        assert_eq!(
            odd(&[target("nginx", None, None), target("redis", None, None)]),
            [(1, false)]
        );
    }

    #[test]
    fn a_package_list_of_another_image_contradicts() {
        let of = |config: Option<&str>, manifest: Option<&str>, layers: &[&str]| Target {
            manifest_digest: manifest.map(str::to_owned),
            diff_ids: layers.iter().map(|layer| (*layer).to_owned()).collect(),
            ..target("x", config, None)
        };
        let (a, b) = (Some("sha256:aa"), Some("sha256:bb"));
        for (report, list, expected) in [
            (of(a, None, &[]), of(b, None, &[]), true),
            (of(a, a, &[]), of(a, b, &[]), false),
            (of(a, a, &["sha256:01"]), of(None, b, &["sha256:01"]), false),
            (of(a, a, &["sha256:01"]), of(a, a, &["sha256:02"]), true),
            // A list that knows nothing but the manifest.
            (of(a, a, &["sha256:01"]), of(None, b, &[]), true),
            (of(a, a, &["sha256:01"]), of(None, a, &[]), false),
            (of(a, None, &[]), of(None, b, &[]), false),
            (of(None, None, &[]), of(None, None, &[]), false),
        ] {
            assert_eq!(
                contradict(&report, &list).is_some(),
                expected,
                "{report:?} {list:?}"
            );
        }
        let (debian, alpine) = (
            target("x", None, Some("debian")),
            target("x", None, Some("alpine")),
        );
        assert!(contradict(&debian, &alpine).is_some());
        let (x, y) = (target("x", None, None), target("y", None, None));
        assert!(contradict(&x, &y).is_some());
        assert!(contradict(&x, &x).is_none());
    }

    #[test]
    fn spellings_of_one_name_agree() {
        let names = [
            "docker-image|nginx",
            "nginx:1.25",
            "docker.io/library/nginx@sha256:aa",
            "library/nginx",
        ];
        let targets: Vec<Target> = names.iter().map(|n| target(n, None, None)).collect();
        assert_eq!(odd(&targets), []);
    }

    #[test]
    fn registry_digests_of_another_image_are_not_this_ones() {
        let with = |digest: &str, config| Target {
            repo_digests: vec![digest.to_owned()],
            ..target("x", Some(config), None)
        };
        let targets = [
            with("x@sha256:03", "sha256:aa"),
            with("mirror.example/x@sha256:03", "sha256:aa"),
            with("x@sha256:07", "sha256:bb"),
        ];
        let summary = summarise(&targets.iter().collect::<Vec<_>>(), None);
        assert_eq!(
            summary.repo_digests,
            ["mirror.example/x@sha256:03", "x@sha256:03"]
        );
    }

    #[test]
    fn a_registry_digest_in_the_name_counts() {
        let a = Target {
            repo_digests: vec!["nginx@sha256:aa".to_owned()],
            ..target("one", None, None)
        };
        assert_eq!(odd(&[a, target("two@sha256:aa", None, None)]), []);
    }
}
