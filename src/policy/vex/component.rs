//! What a VEX document calls a product or a part of one.

use super::purl::PurlPattern;
use super::range::VersionRange;

/// More names than any product has.
const MAX_NAMES: usize = 64;
/// A longer name is none that a package or an image has.
const MAX_NAME: usize = 4096;

/// A product or a part of one, by everything that the document gives to recognise it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// Names that are not package URLs: image references.
    pub(super) names: Vec<String>,
    /// Package URLs.
    pub(super) purls: Vec<PurlPattern>,
    /// Digests, `algorithm:hex` in lower case.
    pub(super) digests: Vec<String>,
    /// Versions that are meant, beside those in the package URLs; `None` for all of them.
    pub(super) versions: Option<Vec<VersionTest>>,
    /// Processor architecture that is meant, where the document states one.
    pub(super) architecture: Option<String>,
}

/// A condition on a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VersionTest {
    /// This version.
    Exact(String),
    /// A version in this range.
    Range(VersionRange),
}

impl Component {
    /// The component of one name: a package URL, an image reference or a bare digest.
    ///
    /// # Errors
    /// Why the text names nothing.
    pub(super) fn named(text: &str) -> Result<Self, String> {
        let mut component = Self::default();
        component.add_name(text)?;
        Ok(component)
    }

    /// One more name of the same thing.
    ///
    /// # Errors
    /// Why the text names nothing. The component stays as it was.
    pub(super) fn add_name(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a name is empty".to_owned());
        }
        if text.len() > MAX_NAME {
            return Err(format!("a name has more than {MAX_NAME} bytes"));
        }
        if self.purls.len() + self.names.len() >= MAX_NAMES {
            return Err(format!("it has more than {MAX_NAMES} names"));
        }
        if text.starts_with("pkg:") {
            let purl = PurlPattern::parse(text)?;
            let version = purl.stated_version.as_deref();
            if let Some(digest) = version.filter(|_| purl.is_image()).and_then(digest) {
                self.add_digest(digest);
            }
            if !self.purls.contains(&purl) {
                self.purls.push(purl);
            }
        } else if let Some(digest) = digest(text) {
            self.add_digest(digest);
        } else {
            if let Some((_, stated)) = text.split_once('@')
                && let Some(digest) = digest(stated)
            {
                self.add_digest(digest);
            }
            if !self.names.iter().any(|name| name == text) {
                self.names.push(text.to_owned());
            }
        }
        Ok(())
    }

    /// A hash as OpenVEX, CycloneDX and CSAF write it: `sha-256` or `SHA-256` or `sha256`, and hex.
    /// Other algorithms than those that images are addressed by are left out.
    pub(super) fn add_hash(&mut self, algorithm: &str, value: &str) {
        let algorithm = algorithm.trim().to_ascii_lowercase().replace('-', "");
        let value = value.trim();
        let value = value.split_once(':').map_or(value, |(_, hex)| hex);
        if let Some(digest) = digest(&format!("{algorithm}:{value}")) {
            self.add_digest(digest);
        }
    }

    fn add_digest(&mut self, digest: String) {
        if self.digests.len() < MAX_NAMES && !self.digests.contains(&digest) {
            self.digests.push(digest);
        }
    }

    /// False when nothing is stated that a package or an image could be recognised by.
    pub(super) fn is_comparable(&self) -> bool {
        !(self.names.is_empty() && self.purls.is_empty() && self.digests.is_empty())
    }
}

/// The canonical form of a digest: `sha256:hex`, `sha512:hex`, or bare hex of the length of a
/// SHA-256.
pub(super) fn digest(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (algorithm, hex) = lower.split_once(':').unwrap_or(("sha256", &lower));
    let length = match algorithm {
        "sha256" => 64,
        "sha512" => 128,
        _ => return None,
    };
    (hex.len() == length && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| format!("{algorithm}:{hex}"))
}
