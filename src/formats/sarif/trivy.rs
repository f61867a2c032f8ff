//! Trivy's SARIF: facts as `Key: value` lines of the message, the kind of package in the rule's
//! name. The package type of OS packages is not stated at all.

use crate::formats::entries::{Number, Text};
use crate::formats::infer::{self, OsSpelling};
use crate::model::{
    Cvss, Ecosystem, FixClaim, FixState, Location, Package, Rating, RatingSource, ScannerId,
    Severity, Target,
};

use super::document::{Finding, Rule, Run, field};
use super::{Entry, Reading, Rejected};

/// What the rule's name says about the package.
#[derive(PartialEq, Eq)]
enum Kind {
    Os,
    Language,
    /// Old templates name the type: `OS Package Vulnerability (Debian)`.
    Named(Ecosystem),
    Unknown,
    NotAVulnerability,
}

fn kind(rule: Option<&Rule<'_>>) -> Kind {
    let name = rule.map_or("", Rule::name);
    if let Some((_, word)) = name.split_once('(') {
        match Ecosystem::from_name(word.trim_end_matches(')')) {
            Ecosystem::Other(_) | Ecosystem::Generic => {}
            named => return Kind::Named(named),
        }
    }
    match name {
        "OsPackageVulnerability" => Kind::Os,
        "LanguageSpecificPackageVulnerability" => Kind::Language,
        "Misconfiguration" | "Secret" | "License" => Kind::NotAVulnerability,
        _ => Kind::Unknown,
    }
}

/// The facts: in the result's message, or in the rule's help in reports of the old template.
fn fact<'r>(entry: &Entry<'r, '_>, key: &str) -> Option<&'r str> {
    field(entry.result.text(), key).or_else(|| {
        let help = entry.rule?.help.get()?;
        field(help.any(), key)
    })
}

/// Lets the version of an OS package speak for the package manager.
pub(super) fn see_os_version(
    result: &Finding<'_>,
    rule: Option<&Rule<'_>>,
    spelling: &mut OsSpelling,
) {
    let kind = kind(rule);
    let is_os = kind == Kind::Os
        || (kind == Kind::Unknown
            && field(result.text(), "Package")
                .is_some_and(|name| infer::language(name, result.uris().next()).is_none()));
    if is_os && let Some(version) = field(result.text(), "Installed Version") {
        spelling.see(version);
    }
}

pub(super) fn target(run: &Run<'_>, target: &mut Target) {
    if let Some(properties) = run.properties.get() {
        target.name = target.name.take().or(properties.image_name.to_option());
        target.config_digest = target
            .config_digest
            .take()
            .or(properties.image_id.to_option());
        if let Some(digests) = properties.repo_digests.get() {
            target
                .repo_digests
                .extend(digests.iter().map(str::to_owned));
        }
    }
    // An image's paths start at its root; a source tree has its own base.
    let root = run
        .original_uri_base_ids
        .get()
        .and_then(|ids| ids.root.get())
        .and_then(|root| root.uri.get());
    target.not_an_image = target.name.is_none() && root.is_some_and(|uri| uri != "file:///");
}

pub(super) fn read(entry: &Entry<'_, '_>) -> Result<Vec<Reading>, Rejected> {
    let kind = kind(entry.rule);
    if kind == Kind::NotAVulnerability {
        return Err(Rejected::NotAVulnerability);
    }
    let Some(name) = fact(entry, "Package") else {
        return Err(Rejected::NotAVulnerability);
    };
    let id = infer::leading_advisory(entry.rule_id)
        .ok_or_else(|| Rejected::Unreadable(format!("rule `{}` is no advisory", entry.rule_id)))?;
    let path = entry.result.uris().next().map(infer::percent_decoded);
    let ecosystem = match kind {
        Kind::Named(named) => named,
        Kind::Os => entry.os.clone().unwrap_or(Ecosystem::Generic),
        Kind::Language => infer::language(name, path.as_deref()).unwrap_or(Ecosystem::Generic),
        _ => infer::language(name, path.as_deref())
            .or_else(|| entry.os.clone())
            .unwrap_or(Ecosystem::Generic),
    };
    let version = fact(entry, "Installed Version").unwrap_or_default();
    let mut package = Package::new(ecosystem, name, version);
    // For OS packages the artifact is the image.
    if !package.ecosystem.is_os() {
        package
            .locations
            .extend(Location::new(path.as_deref(), None));
    }
    let severity = fact(entry, "Severity").or_else(|| {
        entry
            .rule
            .and_then(|rule| rule.tags().find(|tag| Severity::from_label(tag).is_some()))
    });
    let source = || RatingSource::Scanner(ScannerId::TRIVY.to_owned());
    let mut reading = Reading::new(id, package).rated(severity, source());
    if let Some(properties) = entry.rule.and_then(|rule| rule.properties.get()) {
        let number = |n: Option<&Number>| n.and_then(|n| n.0);
        for (vector, score, hint) in [
            (
                properties.trivy_v3_vector.get(),
                properties.trivy_v3_score.get(),
                "3.1",
            ),
            (
                properties.trivy_v2_vector.get(),
                properties.trivy_v2_score.get(),
                "2.0",
            ),
        ] {
            if let Some(cvss) = Cvss::new(vector.and_then(Text::get), number(score), hint) {
                reading.ratings.push(Rating {
                    source: source(),
                    severity: cvss.band(),
                    label: None,
                    cvss: Some(cvss),
                });
            }
        }
    }
    // SARIF has no status: without a version it is open whether there will be one.
    let fixed = fact(entry, "Fixed Version").unwrap_or_default();
    reading.fix = FixClaim::from_versions(fixed.split(','), FixState::Unknown);
    Ok(vec![reading])
}
