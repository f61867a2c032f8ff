//! Where a finding lies, in the form that GitHub's code scanning takes: a relative reference
//! (RFC 3986 §4.2) without scheme, tag and digest.

use std::fmt::Write as _;

use crate::model::{Finding, Instance};

/// The longest reference; of a longer path its package stands instead.
const LONGEST: usize = 1_000;

/// The place of an installed package.
pub(super) struct Place<'a> {
    /// The reference.
    pub(super) uri: String,
    /// What lies there.
    pub(super) instance: &'a Instance,
    /// Whether the reference is a path in the image.
    is_path: bool,
}

/// The places of a finding, those first whose path in the image is known, in text order: GitHub shows
/// the first. What has no path gets a reference made of the image's repository and the package.
pub(super) fn places<'a>(finding: &'a Finding, repository: &str) -> Vec<Place<'a>> {
    let mut places: Vec<Place<'a>> = Vec::new();
    for instance in &finding.instances {
        let locations = instance.locations.iter();
        let paths = locations.filter_map(|location| reference(location.path.as_deref()?));
        let before = places.len();
        places.extend(paths.map(|uri| Place {
            uri,
            instance,
            is_path: true,
        }));
        if places.len() == before {
            places.push(Place {
                uri: package(finding, repository),
                instance,
                is_path: false,
            });
        }
    }
    places.sort_by(|a, b| (!a.is_path, &a.uri).cmp(&(!b.is_path, &b.uri)));
    places
}

/// `REPOSITORY/ECOSYSTEM/PACKAGE`.
pub(super) fn package(finding: &Finding, repository: &str) -> String {
    let group = &finding.package;
    let text = format!("{repository}/{}/{}", group.ecosystem, group.name);
    reference(&text).unwrap_or_else(|| "image".to_owned())
}

/// A path as a relative reference. Empty segments, `.` and `..` are left out, so that it leads nowhere
/// else; `None` when nothing is left, or too much.
pub(super) fn reference(path: &str) -> Option<String> {
    let mut reference = String::new();
    for segment in path.split('/') {
        if matches!(segment, "" | "." | "..") {
            continue;
        }
        if !reference.is_empty() {
            reference.push('/');
        }
        for byte in segment.bytes() {
            // The unreserved characters, and those of the reserved ones that file names often have
            // and that mean nothing in a path. A colon would make a scheme of what stands before it.
            if byte.is_ascii_alphanumeric() || b"-._~+,=@".contains(&byte) {
                reference.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(reference, "%{byte:02X}");
            }
        }
        if reference.len() > LONGEST {
            return None;
        }
    }
    (!reference.is_empty()).then_some(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_relative_and_has_no_scheme() {
        for (path, expected) in [
            ("/usr/lib/a b.so", Some("usr/lib/a%20b.so")),
            ("localhost:5000/a/deb/x", Some("localhost%3A5000/a/deb/x")),
            ("javascript:alert(1)", Some("javascript%3Aalert%281%29")),
            ("//host/../../etc/./passwd", Some("host/etc/passwd")),
            ("/ü", Some("%C3%BC")),
            ("/../.", None),
            ("", None),
        ] {
            assert_eq!(reference(path).as_deref(), expected, "{path}");
        }
        assert_eq!(reference(&"/a".repeat(2_000)), None);
    }
}
