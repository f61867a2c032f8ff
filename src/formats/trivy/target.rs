//! What Trivy scanned: from the metadata of schema 2, or from a result's target text.

use crate::formats::entries::{OneOrMany, Text};
use crate::model::{Distro, Target};

use super::documents::{ImageConfig, Metadata, OperatingSystem};

/// The target that schema 2 metadata describes; the caller adds the artifact's name and kind.
pub(super) fn from_metadata(metadata: &Metadata<'_>) -> Target {
    let config = metadata.image_config.0.as_ref();
    let mut diff_ids = owned(&metadata.diff_ids);
    if diff_ids.is_empty()
        && let Some(rootfs) = config.and_then(|config| config.rootfs.0.as_ref())
    {
        diff_ids = owned(&rootfs.diff_ids);
    }
    Target {
        name: metadata
            .repo_tags
            .iter()
            .next()
            .map(str::to_owned)
            .or_else(|| metadata.reference.to_option()),
        config_digest: metadata.image_id.to_option(),
        manifest_digest: None,
        repo_digests: owned(&metadata.repo_digests),
        diff_ids,
        platform: config.and_then(platform),
        distro: metadata.os.0.as_ref().and_then(distro),
        not_an_image: false,
    }
}

fn owned(texts: &OneOrMany<'_>) -> Vec<String> {
    texts.iter().map(str::to_owned).collect()
}

fn platform(config: &ImageConfig<'_>) -> Option<String> {
    let (os, architecture) = (config.os.get()?, config.architecture.get()?);
    Some(match config.variant.get() {
        Some(variant) => format!("{os}/{architecture}/{variant}"),
        None => format!("{os}/{architecture}"),
    })
}

/// The distribution that an `OS` block names.
pub(super) fn distro(os: &OperatingSystem<'_>) -> Option<Distro> {
    Some(Distro {
        family: os.family.get()?.to_ascii_lowercase(),
        version: os.name.as_str().to_owned(),
        end_of_life: os.end_of_service_life.as_str() == "true",
    })
}

/// Splits an operating system result's target, `NAME (family version)`. The version may hold
/// parentheses of its own: `amazonlinux:2 (amazon 2 (Karoo))`.
pub(super) fn from_text<'t>(text: &'t Text<'_>) -> (Option<&'t str>, Option<Distro>) {
    let text = text.as_str();
    let Some((name, inner)) = outer_parentheses(text) else {
        return (Some(text).filter(|t| !t.is_empty()), None);
    };
    let (family, version) = inner.split_once(' ').unwrap_or((inner, ""));
    let distro = (!family.is_empty()).then(|| Distro {
        family: family.to_ascii_lowercase(),
        version: version.trim().to_owned(),
        end_of_life: false,
    });
    (Some(name.trim()).filter(|n| !n.is_empty()), distro)
}

/// The text before the parentheses that close at the end of `text`, and what they enclose.
pub(super) fn outer_parentheses(text: &str) -> Option<(&str, &str)> {
    let body = text.strip_suffix(')')?;
    let mut depth = 1_usize;
    for (at, c) in body.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((body.get(..at)?, body.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn split(text: &str) -> (Option<String>, Option<(String, String)>) {
        let text = Text(Cow::Borrowed(text));
        let (name, distro) = from_text(&text);
        (
            name.map(str::to_owned),
            distro.map(|d| (d.family, d.version)),
        )
    }

    #[test]
    fn a_target_text_names_image_and_distribution() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            split("debian:latest (debian 10.3)"),
            (Some("debian:latest".to_owned()), pair("debian", "10.3"))
        );
        assert_eq!(
            split("x (amazon 2 (Karoo))"),
            (Some("x".to_owned()), pair("amazon", "2 (Karoo)"))
        );
        assert_eq!(
            split("copy (1).tar (alpine 3.9)"),
            (Some("copy (1).tar".to_owned()), pair("alpine", "3.9"))
        );
        assert_eq!(
            split("app/composer.lock"),
            (Some("app/composer.lock".to_owned()), None)
        );
        assert_eq!(split("x) )"), (Some("x) )".to_owned()), None));
    }
}
