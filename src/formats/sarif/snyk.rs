//! Snyk Container's SARIF: one result an advisory, with one representative binary in the rule's
//! full description: `(CVE-2016-20013) glibc/libc-bin@2.39-0ubuntu8.3`.

use crate::formats::entries::Text;
use crate::formats::snyk::linux_or_plain;
use crate::formats::{advisory_source, infer};
use crate::model::{
    AdvisoryId, Ecosystem, FixClaim, FixState, IdLink, IdRelation, RatingSource, ScannerId,
    Severity, Target,
};

use super::document::{Message, Rule, Run};
use super::{Entry, Reading, Rejected};

/// Snyk writes the image as the artifact, with `_` for the colon of a digest or tag. Only in a
/// digest can that be told from an underscore of the name.
pub(super) fn target(run: &Run<'_>, target: &mut Target) {
    let uri = run
        .results
        .iter_ok()
        .find_map(|result| result.uris().next())
        .map(infer::percent_decoded);
    if target.name.is_none()
        && let Some(uri) = uri.filter(|uri| !uri.ends_with("Dockerfile"))
    {
        let name = uri.replacen("@sha256_", "@sha256:", 1);
        target
            .repo_digests
            .extend(infer::repo_digest(&name).map(str::to_owned));
        target.name = Some(name);
    }
}

/// The flaw in `Low severity - Invented Weakness vulnerability in shadow`.
pub(super) fn title(short: &str) -> &str {
    short
        .split_once(" severity - ")
        .map_or(short, |(_, title)| title)
}

pub(super) fn read(entry: &Entry<'_, '_>) -> Result<Vec<Reading>, Rejected> {
    if entry.rule_id.starts_with("snyk:lic:") {
        return Err(Rejected::NotAVulnerability);
    }
    let id = AdvisoryId::new(entry.rule_id);
    if !infer::has_advisory_scheme(&id) {
        return Err(Rejected::Unreadable(format!(
            "rule `{}` is no advisory",
            entry.rule_id
        )));
    }
    let text = entry
        .rule
        .and_then(|rule| rule.full_description.get())
        .map_or("", Message::any);
    let (cves, rest) = match text
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        Some((cves, rest)) => (cves, rest),
        None => ("", text),
    };
    // A scope's `@` stands at the start, the version's after the last.
    let (name, version) = match rest.trim().rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, version),
        _ => return Err("the rule's full description names no package".into()),
    };
    let ecosystem = entry
        .rule
        .and_then(|rule| {
            rule.tags()
                .filter(|tag| *tag != "security" && !tag.starts_with("CWE-"))
                .map(Ecosystem::from_name)
                .find(|ecosystem| !matches!(ecosystem, Ecosystem::Other(_)))
        })
        .or_else(|| infer::ecosystem_of_snyk_id(entry.rule_id))
        .unwrap_or(Ecosystem::Generic);
    let package = linux_or_plain(&ecosystem, name, name, version);

    let level = entry.result.level.get().map_or("", Text::as_str);
    let named = entry
        .rule
        .and_then(|rule| rule.short_description.get())
        .and_then(|short| short.text.as_str().split_once(" severity"))
        .map(|(word, _)| word)
        .filter(|word| Severity::from_label(word).is_some());
    let label = named.or(match level {
        "note" => Some("low"),
        "warning" => Some("medium"),
        "error" => Some("high"),
        _ => None,
    });
    // The rule's `cvssv3_baseScore` is left aside: it follows Snyk's primary rating, which can be
    // CVSS 4, and comes without vector.
    let source = RatingSource::Scanner(ScannerId::SNYK.to_owned());
    let mut reading = Reading::new(id, package).rated(label, source);
    reading.advisory_source = advisory_source::snyk(&reading.id);
    reading.links = cves
        .split([',', ' '])
        .map(AdvisoryId::new)
        .filter(|cve| infer::has_advisory_scheme(cve) && *cve != reading.id)
        .map(|id| IdLink {
            id,
            relation: IdRelation::Alias,
            field: "fullDescription",
        })
        .collect();
    reading.distro = infer::distro_of_snyk_id(entry.rule_id);
    reading.fix = fix(entry.rule);
    Ok(vec![reading])
}

/// The sentence under *Remediation*: `There is no fixed version for …`, or `Upgrade … to version X
/// or higher`.
fn fix(rule: Option<&Rule<'_>>) -> FixClaim {
    let help = rule
        .and_then(|rule| rule.help.get())
        .map_or("", Message::any);
    let Some((_, remediation)) = help.split_once("## Remediation") else {
        return FixClaim::default();
    };
    let sentence = remediation.split("## ").next().unwrap_or_default();
    if sentence.contains("There is no fixed version") {
        return FixClaim::from_versions([], FixState::NotFixed);
    }
    let versions = sentence
        .split_once(" to version ")
        .and_then(|(_, rest)| rest.split_once(" or higher"))
        .map_or("", |(versions, _)| versions);
    FixClaim::from_versions(versions.split(','), FixState::Unknown)
}
