//! .NET: NuGet's package versions, learn.microsoft.com/nuget/concepts/package-versioning: Semantic
//! Versioning 2.0.0 with a fourth number, shorter forms, and without regard to case.

use std::cmp::Ordering;

use super::number;

struct Version<'a> {
    numbers: Vec<&'a str>,
    labels: Vec<&'a str>,
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let order = number::compare_filled(&a.numbers, &b.numbers)
        // A release stands after its pre-releases.
        .then_with(|| a.labels.is_empty().cmp(&b.labels.is_empty()))
        .then_with(|| {
            a.labels
                .iter()
                .zip(&b.labels)
                .map(|(a, b)| compare_labels(a, b))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.labels.len().cmp(&b.labels.len()))
        });
    Some(order)
}

/// Numbers by value and before words; words by their letters, whatever their case.
fn compare_labels(a: &str, b: &str) -> Ordering {
    match (number::is(a), number::is(b)) {
        (true, true) => number::compare(a, b),
        (false, false) => a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
        (in_a, in_b) => in_b.cmp(&in_a),
    }
}

/// As `NuGetVersion.ToNormalizedString` writes it, in lower case, and without zeros in front of a
/// number in the pre-release, which have no weight.
pub(super) fn normal_form(version: &str) -> Option<String> {
    let Version {
        mut numbers,
        labels,
    } = parse(version)?;
    while numbers.len() < 3 {
        numbers.push("0");
    }
    if numbers.len() == 4 && numbers.last().is_some_and(|last| *last == "0") {
        numbers.pop();
    }
    let mut text = numbers.join(".");
    for (place, label) in labels.iter().enumerate() {
        text.push(if place == 0 { '-' } else { '.' });
        if number::is(label) {
            text.push_str(number::plain(label));
        } else {
            text.push_str(&label.to_ascii_lowercase());
        }
    }
    Some(text)
}

fn parse(version: &str) -> Option<Version<'_>> {
    let (version, metadata) = match version.split_once('+') {
        Some((version, metadata)) => (version, Some(metadata)),
        None => (version, None),
    };
    let (release, pre_release) = match version.split_once('-') {
        Some((release, labels)) => (release, Some(labels)),
        None => (version, None),
    };
    let numbers: Option<Vec<&str>> = release
        .split('.')
        .map(|part| number::is(part).then(|| number::plain(part)))
        .collect();
    let numbers = numbers.filter(|numbers| numbers.len() <= 4)?;
    let labels: Vec<&str> = pre_release.map_or_else(Vec::new, |text| text.split('.').collect());
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let valid = labels.iter().all(|label| is_label(label))
        && metadata.is_none_or(|text| text.split('.').all(is_label));
    valid.then_some(Version { numbers, labels })
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::NuGet;
    use crate::model::version::normal_form;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// Facts from NuGet.Client's `NuGet.Versioning.Test` (comparer and normalisation).
    #[test]
    fn nuget_examples() {
        ascending(
            &NuGet,
            &[
                "1.0.0-1.2",
                "1.0.0-1.b",
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-beta",
                "1.0.0-RC.1",
                "1.0.0",
                "1.0.0.1",
                "1.0.1",
                "1.2",
                "1.10",
            ],
        );
        ascending(
            &NuGet,
            &[
                "2.3.2-alpha",
                "2.3.2-Beta",
                "2.3.2-gamma",
                "2.3.2",
                "2.3.2.3-beta",
                "2.3.2.3",
            ],
        );
        equal(
            &NuGet,
            &[
                ("1.0", "1.0.0.0"),
                ("1", "1.0.0"),
                ("1.01.1", "1.1.1"),
                ("1.0.0-BETA+a", "1.0.0-beta+b"),
                ("1.0.0+c", "1.0.0"),
                ("1.2.3-01", "1.2.3-1"),
            ],
        );
        let long = "9".repeat(40);
        ascending(
            &NuGet,
            &["1.5", &format!("1.{long}"), &format!("1.{long}0"), &long],
        );
    }

    #[test]
    fn normal_forms_are_nugets() {
        for (version, expected) in [
            ("1.00", "1.0.0"),
            ("1.01.1", "1.1.1"),
            ("1.00.0.1", "1.0.0.1"),
            ("1.0.0.0", "1.0.0"),
            ("1.0.01.0-Beta+Meta", "1.0.1-beta"),
        ] {
            assert_eq!(normal_form(&NuGet, version), expected, "{version}");
        }
    }

    #[test]
    fn what_nuget_refuses_has_no_order() {
        unordered(
            &NuGet,
            &[
                "1beta",
                "1.2Av^c",
                "1.2..",
                "1.2.3.4.5",
                "1.2.3-",
                "1.2.3-a..b",
                "1.2.3+",
                "v1.0",
                "[1.0]",
                "1.*",
                "latest",
                "1.0-a_b",
            ],
        );
    }
}
