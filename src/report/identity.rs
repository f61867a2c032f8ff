//! Names that stay the same from run to run, by which other programs know a finding again.

use std::io;
use std::str::FromStr as _;

use serde::Serialize;

use crate::image::ImageReference;
use crate::image::digest::{sha256, sha256_written};
use crate::model::Finding;
use crate::model::report::{ImageName, TargetSummary};

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

/// Tells a finding from all others of this image's repository: SHA-256 in hex over the repository, the
/// vulnerability's name and the package. It depends on neither tag, digest, severity nor text; of
/// the version only where the package group has one, because several are installed side by side.
pub(super) fn fingerprint(target: &TargetSummary, finding: &Finding) -> String {
    // No part can hold the character that parts them, so no two findings are written alike.
    let parts = [repository(target), finding.key.clone()];
    sha256(
        parts
            .map(|part| part.replace('\0', ""))
            .join("\0")
            .as_bytes(),
    )
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
    fn a_uuid_follows_from_the_content() {
        // printf a | sha256sum: ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
        assert_eq!(uuid(b"a"), "ca978112-ca1b-8bdc-aafa-c231b39a23dc");
        assert_eq!(uuid_of_document(&5).unwrap(), uuid(b"5"));
    }
}
