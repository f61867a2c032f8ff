//! Image references by the grammar of the distribution project
//! (<https://github.com/distribution/reference>, `reference.go`):
//!
//! ```text
//! reference      := name [ ":" tag ] [ "@" digest ]
//! name           := [ domain "/" ] path-component { "/" path-component }
//! domain         := host [ ":" port ]
//! path-component := [a-z0-9]+ { ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ }
//! tag            := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
//! digest         := algorithm ":" hex{32,}
//! ```
//!
//! Nothing in this grammar starts with a hyphen, so a reference can never be taken for an option.

use std::fmt;
use std::str::FromStr;

/// Longest name (domain and path) that registries accept.
const MAX_NAME: usize = 255;
/// Longest tag.
const MAX_TAG: usize = 128;

/// A well-formed image reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageReference {
    domain: Option<String>,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {why}")]
pub struct ReferenceError {
    text: String,
    why: String,
}

impl ImageReference {
    /// The registry, where the reference names one: `ghcr.io`, `localhost:5000`.
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The repository path without the registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, if given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if given: `sha256:…`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same reference with the tag `latest` where it has neither tag nor digest. Some scanners
    /// refuse a bare name, and all others mean `latest` by it.
    #[must_use]
    pub fn or_latest(&self) -> Self {
        let mut reference = self.clone();
        if reference.tag.is_none() && reference.digest.is_none() {
            reference.tag = Some("latest".to_owned());
        }
        reference
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(domain) = &self.domain {
            write!(f, "{domain}/")?;
        }
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|why| ReferenceError {
            text: text
                .chars()
                .take(120)
                .flat_map(char::escape_debug)
                .collect(),
            why,
        })
    }
}

fn parse(text: &str) -> Result<ImageReference, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.starts_with('-') {
        return Err("it starts with a hyphen, like an option".to_owned());
    }
    if let Some(c) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("it holds the character {c:?}"));
    }
    if text.contains("://") {
        return Err("leave out the protocol, as in `registry.example.org/name:tag`".to_owned());
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(check_digest(digest)?)),
        None => (text, None),
    };
    // A colon after the last slash starts the tag; one before it belongs to a port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(check_tag(tag)?)),
        _ => (rest, None),
    };
    if name.len() > MAX_NAME {
        return Err(format!("its name is longer than {MAX_NAME} characters"));
    }
    let (domain, path) = match name.split_once('/') {
        Some((first, path)) if is_domain(first) => (Some(check_domain(first)?), path),
        _ => (None, name),
    };
    for component in path.split('/') {
        check_component(component)?;
    }
    Ok(ImageReference {
        domain,
        path: path.to_owned(),
        tag,
        digest,
    })
}

/// Docker's rule for telling `registry/name` from `user/name`: a dot, a port, `localhost`, or an
/// upper-case letter, which a path must not have.
fn is_domain(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.chars().any(|c| c.is_ascii_uppercase())
}

fn check_domain(domain: &str) -> Result<String, String> {
    let wrong = |what: &str| Err(format!("the registry `{domain}` has {what}"));
    let (host, port) = if let Some(rest) = domain.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return wrong("an unclosed bracket");
        };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return wrong("something else than an IPv6 address in brackets");
        }
        match after.strip_prefix(':') {
            Some(port) => (None, Some(port)),
            None if after.is_empty() => (None, None),
            None => return wrong("text after its bracket"),
        }
    } else {
        match domain.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(domain), None),
        }
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return wrong("a port that is not a number up to 65535");
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if host.is_some_and(|host| !host.split('.').all(label)) {
        return wrong("a host name that is not one");
    }
    Ok(domain.to_owned())
}

fn check_component(component: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the part `{component}` of its name {what}"));
    if component.is_empty() {
        return Err("a part of its name is empty".to_owned());
    }
    if component.chars().any(|c| c.is_ascii_uppercase()) {
        return wrong("has upper-case letters; repository names are lower case");
    }
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(c) = component
        .chars()
        .find(|&c| !is_word(c) && !matches!(c, '.' | '_' | '-'))
    {
        return wrong(&format!("has the character {c:?}"));
    }
    if !component.starts_with(is_word) || !component.ends_with(is_word) {
        return wrong("must start and end with a letter or a digit");
    }
    let separators_fit = component
        .split(is_word)
        .all(|s| matches!(s, "" | "." | "_" | "__") || s.chars().all(|c| c == '-'));
    if !separators_fit {
        return wrong("may only be divided by `.`, `_`, `__` or hyphens");
    }
    Ok(())
}

fn check_tag(tag: &str) -> Result<String, String> {
    let fits = !tag.is_empty()
        && tag.len() <= MAX_TAG
        && !tag.starts_with(['.', '-'])
        && tag
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if fits {
        Ok(tag.to_owned())
    } else {
        Err(format!(
            "the tag `{tag}` must be 1 to {MAX_TAG} letters, digits, `_`, `.` or `-`, and not start with `.` or `-`"
        ))
    }
}

fn check_digest(digest: &str) -> Result<String, String> {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return Err(format!(
            "the digest `{digest}` must look like `sha256:` and 64 hexadecimal digits"
        ));
    };
    let expected = match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    };
    let algorithm_fits = algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
        && algorithm
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '_' | '-'));
    let length_fits = match expected {
        Some(length) => hex.len() == length,
        None => hex.len() >= 32,
    };
    if algorithm_fits && length_fits && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(digest.to_owned())
    } else if let (Some(length), true) = (expected, !length_fits) {
        Err(format!(
            "its {algorithm} digest has {} digits instead of {length}",
            hex.len()
        ))
    } else {
        Err(format!("the digest `{digest}` is not well-formed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, String, Option<String>, Option<String>) {
        let r: ImageReference = text.parse().unwrap();
        assert_eq!(r.to_string(), text, "a reference is shown as it was given");
        (r.domain, r.path, r.tag, r.digest)
    }

    #[test]
    fn registry_path_tag_and_digest_are_told_apart() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(parts("alpine"), (None, "alpine".into(), None, None));
        assert_eq!(
            parts("pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime").2,
            some("2.4.0-cuda12.1-cudnn9-runtime")
        );
        let hex = "0123456789abcdef".repeat(4);
        let full = parts(&format!("localhost:5000/team/app__x:v1@sha256:{hex}"));
        assert_eq!(full.0, some("localhost:5000"));
        assert_eq!(full.1, "team/app__x");
        assert_eq!(full.2, some("v1"));
        assert_eq!(full.3, Some(format!("sha256:{hex}")));
        assert_eq!(parts("[::1]:5000/a").0, some("[::1]:5000"));
        assert_eq!(parts("user/name").0, None);
        // The port of a registry is not a tag.
        assert_eq!(parts("example.org:443/a/b").2, None);
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "empty"),
            ("--config=/etc/passwd", "hyphen"),
            ("-v", "hyphen"),
            ("Alpine", "upper-case"),
            ("a b", "' '"),
            ("a\u{1b}[2J", "character"),
            ("https://example.org/a", "protocol"),
            ("a//b", "empty"),
            ("a/b:", "tag"),
            ("a:-x", "tag"),
            ("a@sha256:abc", "3 digits instead of 64"),
            ("a@latest", "digest"),
            ("example.org:99999/a", "port"),
            ("ex_ample.org/a", "host name"),
            ("a.-b", "divided"),
            ("a/$(reboot)", "character"),
            ("..", "start and end"),
        ] {
            let error = text.parse::<ImageReference>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains('\u{1b}'), "{error:?}");
        }
        assert!("a".repeat(256).parse::<ImageReference>().is_err());
    }

    #[test]
    fn a_bare_name_means_latest_and_a_pinned_one_stays() {
        let latest = |text: &str| {
            text.parse::<ImageReference>()
                .unwrap()
                .or_latest()
                .to_string()
        };
        assert_eq!(latest("alpine"), "alpine:latest");
        assert_eq!(latest("alpine:3.19"), "alpine:3.19");
        let pinned = format!("alpine@sha256:{}", "a".repeat(64));
        assert_eq!(latest(&pinned), pinned);
    }
}
