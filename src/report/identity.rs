//! Names that stay the same from run to run, by which other programs know a finding again.

use std::collections::HashMap;
use std::io;
use std::str::FromStr as _;

use serde::Serialize;

use super::escape;
use crate::image::ImageReference;
use crate::image::digest::{sha256, sha256_written};
use crate::model::Finding;
use crate::model::report::{ImageName, Report, TargetSummary};

/// A UUID of version 8 (RFC 9562 §5.8) that follows from `content`: the first bits of its SHA-256.
pub(super) fn uuid(content: &[u8]) -> String {
    uuid_of_digest(&sha256(content))
}

/// The same of a document that is too large to be held as text: of its JSON.
pub(super) fn uuid_of_document(document: &impl Serialize) -> io::Result<String> {
    let digest = sha256_written(|out| Ok(serde_json::to_writer(out, document)?))?;
    Ok(uuid_of_digest(&digest))
}

fn uuid_of_digest(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-8{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}

/// The hexadecimal digits of a digest `sha256:…`; `None` for what is none.
pub(super) fn sha256_hex(digest: &str) -> Option<&str> {
    let hex = digest.strip_prefix("sha256:")?;
    let is_hex = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then_some(hex)
}

/// The image's repository without tag and digest, `registry.example/ml/trainer`, as typed: rebuilds of
/// an image share it. Of an archive or a layout directory the last part of its path, since the
/// folder it lies in may be another one every time.
pub(super) fn repository(target: &TargetSummary) -> String {
    match target.name() {
        ImageName::Registry(name) => match ImageReference::from_str(name) {
            Ok(reference) => repository_of(&reference),
            Err(_) => last_part(name),
        },
        ImageName::Path(path) => last_part(path),
    }
}

/// What is to be known where other programs tell images apart by [`repository`] and this one has no
/// name of a registry.
pub(super) fn name_warning(target: &TargetSummary, format: &str) -> Option<String> {
    let ImageName::Path(path) = target.name() else {
        return None;
    };
    Some(format!(
        "{format}: the image is known by the name of its file alone, `{}`: the alerts of another \
         image in a file of that name would be taken for its own; scan it under its name in a registry",
        escape::limited(&last_part(path), 200)
    ))
}

/// The same of a reference.
pub(super) fn repository_of(reference: &ImageReference) -> String {
    match reference.domain() {
        Some(domain) => format!("{domain}/{}", reference.path()),
        None => reference.path().to_owned(),
    }
}

fn last_part(path: &str) -> String {
    let name = path.rsplit('/').find(|part| !part.is_empty());
    name.unwrap_or("image").to_owned()
}

/// What tells each finding of a report from all others of the image's repository, in the order of
/// [`Report::findings`]: SHA-256 in hex over the repository, the vulnerability's id and the package's
/// kind and name. No two are alike.
///
/// They depend on neither tag, digest, severity nor text, nor on the version: a program that remembers
/// findings by them knows one again in the next build. Only where a run finds one vulnerability in
/// several copies of a package does more go in: the place of the copy, without the version that names
/// of directories have in them, or the version where the places do not tell the copies apart. An
/// ordinal would do that too, but what somebody decided on one copy would pass to another as soon as
/// the first is gone.
pub(super) fn fingerprints(report: &Report) -> Vec<String> {
    let repository = repository(&report.target);
    let mut copies: HashMap<Flaw<'_>, usize> = HashMap::new();
    for finding in &report.findings {
        *copies.entry(flaw(finding)).or_default() += 1;
    }
    let is_copy = |finding: &Finding| copies.get(&flaw(finding)).is_some_and(|number| *number > 1);
    let mut places: HashMap<(Flaw<'_>, String), usize> = HashMap::new();
    for finding in report.findings.iter().filter(|finding| is_copy(finding)) {
        if let Some(place) = place(finding) {
            *places.entry((flaw(finding), place)).or_default() += 1;
        }
    }
    let copy = |finding: &Finding| {
        if !is_copy(finding) {
            return ["", ""].map(str::to_owned);
        }
        let place = place(finding).filter(|place| {
            let here = places.get(&(flaw(finding), place.clone()));
            here == Some(&1)
        });
        match place {
            Some(place) => ["place".to_owned(), place],
            None => ["version".to_owned(), version(finding).to_owned()],
        }
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let findings = report.findings.iter();
    findings
        .map(|finding| {
            let (id, ecosystem, name) = flaw(finding);
            let [kind, value] = copy(finding);
            let fingerprint = hash(&[&repository, id, ecosystem, name, &kind, &value]);
            // The findings of a report differ in that; those of one that somebody wrote may not.
            let twins = seen.entry(fingerprint.clone()).or_default();
            *twins += 1;
            match *twins {
                1 => fingerprint,
                more => hash(&[&fingerprint, &more.to_string()]),
            }
        })
        .collect()
}

/// A vulnerability in a package, whatever the version.
type Flaw<'a> = (&'a str, &'a str, &'a str);

fn flaw(finding: &Finding) -> Flaw<'_> {
    let package = &finding.package;
    (
        finding.vulnerability.id.as_str(),
        package.ecosystem.as_str(),
        &package.name,
    )
}

/// The version of the package group, else the first installed one.
fn version(finding: &Finding) -> &str {
    let installed = finding.instances.first();
    let installed = installed.map(|instance| instance.version.as_str());
    finding
        .package
        .version
        .as_deref()
        .or(installed)
        .unwrap_or("")
}

/// The first of a finding's places in text order, without the version in it.
fn place(finding: &Finding) -> Option<String> {
    let instances = finding.instances.iter();
    let paths = instances.flat_map(|instance| {
        let locations = instance.locations.iter();
        let paths = locations.filter_map(|location| location.path.as_deref());
        paths.map(|path| without_version(path, &instance.version))
    });
    paths.min()
}

/// `/usr/lib/x-1.0.dist-info` without `1.0`: only where no other letters or digits touch it, so that
/// version 1 does not take the 1 out of `python3.11`.
fn without_version(path: &str, version: &str) -> String {
    if version.is_empty() {
        return path.to_owned();
    }
    let mut rest = path;
    let mut kept = String::with_capacity(path.len());
    while let Some(at) = rest.find(version) {
        let (before, found) = rest.split_at(at);
        let after = found.get(version.len()..).unwrap_or_default();
        kept.push_str(before);
        let is_apart =
            !kept.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        if !is_apart {
            kept.push_str(version);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// SHA-256 in hex over parts that cannot hold the character that parts them.
fn hash(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.replace('\0', "")).collect();
    sha256(parts.join("\0").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(reference: &str) -> TargetSummary {
        TargetSummary {
            reference: reference.to_owned(),
            ..TargetSummary::default()
        }
    }

    #[test]
    fn a_repository_has_neither_tag_nor_digest_nor_folder() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (reference, expected) in [
            ("nginx:1.25", "nginx"),
            ("registry:localhost:5000/a/b:1", "localhost:5000/a/b"),
            (&format!("ghcr.io/a/b@{digest}"), "ghcr.io/a/b"),
            ("docker-archive:/tmp/x/app.tar", "app.tar"),
            ("oci-dir:/tmp/x/layout/", "layout"),
            ("", "image"),
        ] {
            assert_eq!(repository(&target(reference)), expected, "{reference}");
        }
    }

    #[test]
    fn a_place_has_no_version_in_it() {
        for (path, version, expected) in [
            (
                "/usr/lib/python3.11/x-1.1.dist-info",
                "1.1",
                "/usr/lib/python3.11/x-.dist-info",
            ),
            ("/usr/lib/python3.11/x", "1", "/usr/lib/python3.11/x"),
            ("/app/x-1-1.jar", "1", "/app/x--.jar"),
            ("/app/x", "", "/app/x"),
        ] {
            assert_eq!(without_version(path, version), expected, "{path} {version}");
        }
    }

    #[test]
    fn a_uuid_follows_from_the_content() {
        // printf a | sha256sum: ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
        assert_eq!(uuid(b"a"), "ca978112-ca1b-8bdc-aafa-c231b39a23dc");
        assert_eq!(uuid_of_document(&5).unwrap(), uuid(b"5"));
    }
}
