//! Grype's SARIF: a rule for each pair of vulnerability and package name (`CVE-2007-5686-login`),
//! facts in the rule's help, the installed version in the result's message.

use crate::formats::infer;
use crate::model::{Ecosystem, FixClaim, FixState, Location, Package, RatingSource, Target};

use super::document::{LogicalLocation, Message, Run, field};
use super::{Entry, Reading, Rejected};

pub(super) fn target(run: &Run<'_>, target: &mut Target) {
    let mut results = run.results.iter_ok().peekable();
    if results.peek().is_none() {
        return;
    }
    // Only images have layers, and only layers give logical locations.
    let image = results.find_map(|result| {
        result
            .logical_locations()
            .find_map(|location| split(location).map(|(image, _)| image.to_owned()))
    });
    target.not_an_image = image.is_none();
    if let Some(image) = image
        && target.name.is_none()
    {
        target
            .repo_digests
            .extend(infer::repo_digest(&image).map(str::to_owned));
        target.name = Some(image);
    }
}

/// Image and layer of `image@sha256:layer:/path`. The image may itself be pinned by digest.
fn split<'l>(location: &'l LogicalLocation<'_>) -> Option<(&'l str, &'l str)> {
    let full = location.fully_qualified_name.get()?;
    let at = full
        .strip_suffix(location.name.as_str())
        .and_then(|rest| rest.strip_suffix(':'))
        .unwrap_or(full);
    let (image, layer) = at.rsplit_once('@')?;
    (layer.starts_with("sha256:") && !image.is_empty()).then_some((image, layer))
}

/// The link in `Link: [CVE-…](https://…)`.
pub(super) fn link(help: &str) -> Option<String> {
    let (_, rest) = field(help, "Link")?.split_once("](")?;
    Some(rest.trim_end_matches(')').to_owned())
}

/// Name, version and type from the sentence in a result: two wordings are known, before and since
/// Grype 0.64. The rule's help has them too, but a rule is shared by all versions of a package.
fn sentence(text: &str) -> Option<(&str, &str, &str)> {
    if let Some((_, rest)) = text.split_once(" reports ") {
        let (name, rest) = rest.split_once(" at version ")?;
        let (version, rest) = rest.split_once(' ')?;
        let (_, rest) = rest.split_once('(')?;
        let (kind, _) = rest.split_once(')')?;
        return Some((name, version, kind));
    }
    let (_, rest) = text.split_once(" vulnerability in ")?;
    let (kind, rest) = rest.split_once(" package: ")?;
    let (name, rest) = rest.split_once(", version ")?;
    let (version, _) = rest.split_once(" was found")?;
    Some((name, version, kind))
}

pub(super) fn read(entry: &Entry<'_, '_>) -> Result<Vec<Reading>, Rejected> {
    let help = entry
        .rule
        .and_then(|rule| rule.help.get())
        .map_or("", Message::any);
    let (name, version, kind) = match sentence(entry.result.text()) {
        Some((name, version, kind)) => (Some(name), Some(version), Some(kind)),
        None => (None, None, None),
    };
    let name = name
        .or_else(|| field(help, "Package"))
        .ok_or("neither message nor rule names the package")?;
    let version = version
        .or_else(|| field(help, "Version"))
        .unwrap_or_default();
    let kind = kind.or_else(|| field(help, "Type")).unwrap_or_default();
    let stated = help
        .lines()
        .find_map(|line| line.trim().strip_prefix("Vulnerability "))
        .map(str::trim)
        .filter(|id| !id.is_empty());
    let id = stated
        .or_else(|| {
            let id = entry.rule_id.strip_suffix(name)?;
            id.strip_suffix('-')
        })
        .and_then(infer::leading_advisory)
        .or_else(|| infer::leading_advisory(entry.rule_id))
        .ok_or_else(|| Rejected::Unreadable(format!("rule `{}` is no advisory", entry.rule_id)))?;

    let mut package = Package::new(Ecosystem::from_name(kind), name.trim(), version.trim());
    for location in entry.result.logical_locations() {
        let layer = split(location).map(|(_, layer)| layer);
        package
            .locations
            .extend(Location::new(location.name.get(), layer));
    }
    if package.locations.is_empty() {
        let path = entry.result.uris().next().map(infer::percent_decoded);
        let path = path
            .as_deref()
            .map(|path| path.strip_prefix("image/").unwrap_or(path));
        package.locations.extend(Location::new(path, None));
    }

    // `debian:distro:debian:12`, `github:language:python`, `nvd:cpe`.
    let namespace = field(help, "Data Namespace").unwrap_or_default();
    let source = match namespace.split(':').next().unwrap_or_default() {
        "github" => RatingSource::EcosystemDatabase("ghsa".to_owned()),
        "" => RatingSource::Scanner(entry.scanner.as_str().to_owned()),
        first => RatingSource::from_name(first),
    };
    let mut reading = Reading::new(id, package).rated(field(help, "Severity"), source);
    reading.distro = namespace
        .split_once(":distro:")
        .and_then(|(_, distro)| infer::operating_system(distro));
    let fixed = field(help, "Fix Version").unwrap_or_default();
    reading.fix = FixClaim::from_versions(fixed.split(','), FixState::Unknown);
    Ok(vec![reading])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wordings_of_the_sentence_read() {
        assert_eq!(
            sentence(
                "The path /a reports login at version 1:4.13+b1  which is a vulnerable (deb) package \
                 installed in the container"
            ),
            Some(("login", "1:4.13+b1", "deb"))
        );
        assert_eq!(
            sentence(
                "A high vulnerability in go-module package: golang.org/x/net, version v0.1.0 was found \
                 in image acme/app at: /bin/tool"
            ),
            Some(("golang.org/x/net", "v0.1.0", "go-module"))
        );
        assert_eq!(sentence("something else"), None);
    }
}
