//! OpenVEX 0.2: why findings are left out of account, in the form that other tools read.
//!
//! One statement for each ignored finding. What a VEX document or the hosts' drivers prove is
//! passed on as `not_affected` or `fixed`; a rule without such a reason accepts a risk and is
//! `affected`. Where several rules together ignore a finding, none of them speaks for all of it,
//! and the most cautious status is written.
//!
//! A report that ignores nothing gives a document without statements, which the specification's
//! schema does not foresee and readers accept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::str::FromStr as _;

use jiff::Timestamp;
use packageurl::PackageUrl;
use serde::Serialize;

use crate::image::ImageReference;
use crate::image::digest::sha256;
use crate::model::report::{Report, TargetSummary};
use crate::model::{
    Action, AdvisoryId, Decision, Distro, Ecosystem, Evidence, Finding, HostDriverEvidence,
    Instance, Justification, RuleMatch, VexEvidence, VexStatus,
};

use super::json::write_json;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    role: &'static str,
    timestamp: &'a str,
    version: u32,
    tooling: String,
    statements: Vec<Statement<'a>>,
}

#[derive(Serialize)]
struct Statement<'a> {
    vulnerability: Vulnerability<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    products: [Product<'a>; 1],
    #[serde(flatten)]
    claim: Claim,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<&'a str>,
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(flatten)]
    image: &'a Image,
    subcomponents: Vec<Component>,
}

/// The image.
#[derive(Serialize)]
struct Image {
    #[serde(flatten)]
    component: Component,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hashes: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Component {
    #[serde(rename = "@id")]
    id: String,
    identifiers: Identifiers,
}

#[derive(Serialize)]
struct Identifiers {
    purl: String,
}

/// What is said of a vulnerability in a product.
#[derive(Serialize)]
struct Claim {
    status: VexStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<Justification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
}

impl Component {
    fn new(purl: &PackageUrl<'_>) -> Self {
        let purl = purl.to_string();
        Self {
            id: purl.clone(),
            identifiers: Identifiers { purl },
        }
    }
}

/// Writes the statements of a report.
///
/// # Errors
/// Only those of `out`.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let image = image(&report.target);
    let distro = report.target.distro.as_ref();
    let statements = report
        .with_action(Action::Ignore)
        .filter_map(|finding| statement(finding, image.as_ref()?, distro))
        .collect();
    let tool = &report.tool;
    let mut document = Document {
        context: "https://openvex.dev/ns/v0.2.0",
        id: String::new(),
        author: format!("{} {}", tool.name, tool.version),
        role: "Document Creator",
        timestamp: &report.evaluated_at,
        version: 1,
        tooling: format!("{}/{}", tool.name, tool.version),
        statements,
    };
    let content = serde_json::to_vec(&document)?;
    document.id = uuid(&sha256(&content));
    write_json(&document, out)
}

/// A name that follows from the content: a UUID of version 8 (RFC 9562 §5.8) made of the first bits
/// of its SHA-256 in hex.
fn uuid(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-8{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}

fn statement<'a>(
    finding: &'a Finding,
    image: &'a Image,
    distro: Option<&Distro>,
) -> Option<Statement<'a>> {
    let (rule, claim) = cautious(finding.decision.as_ref()?);
    // Without the packages the statement would be about the whole image.
    let mut subcomponents: Vec<Component> = finding
        .instances
        .iter()
        .filter_map(|instance| package_url(finding, instance, distro))
        .map(|purl| Component::new(&purl))
        .collect();
    subcomponents.sort_by(|a, b| a.id.cmp(&b.id));
    subcomponents.dedup_by(|a, b| a.id == b.id);
    if subcomponents.is_empty() {
        return None;
    }
    let vulnerability = &finding.vulnerability;
    let timestamp = match &rule.evidence {
        // A statement that is passed on is as old as it was.
        Some(Evidence::Vex(evidence)) => evidence.timestamp.as_deref(),
        _ => None,
    };
    Some(Statement {
        vulnerability: Vulnerability {
            name: vulnerability.id.as_str(),
            aliases: vulnerability
                .aliases
                .iter()
                .map(AdvisoryId::as_str)
                .collect(),
        },
        timestamp: timestamp.filter(|time| time.parse::<Timestamp>().is_ok()),
        products: [Product {
            image,
            subcomponents,
        }],
        claim,
    })
}

/// The most cautious claim of the rules that ignore a finding, the deciding rule's when equal.
fn cautious(decision: &Decision) -> (&RuleMatch, Claim) {
    let others = decision
        .also
        .iter()
        .filter(|rule| rule.action == Action::Ignore);
    let mut chosen = (&decision.rule, claim(&decision.rule));
    for rule in others {
        let other = claim(rule);
        if caution(&other) > caution(&chosen.1) {
            chosen = (rule, other);
        }
    }
    chosen
}

fn caution(claim: &Claim) -> u8 {
    match claim.status {
        VexStatus::Affected | VexStatus::UnderInvestigation => 2,
        VexStatus::NotAffected => 1,
        VexStatus::Fixed => 0,
    }
}

fn claim(rule: &RuleMatch) -> Claim {
    let not_affected = |impact: String, notes: Option<String>| Claim {
        status: VexStatus::NotAffected,
        justification: rule.justification,
        impact_statement: Some(impact),
        action_statement: None,
        status_notes: notes,
    };
    match &rule.evidence {
        Some(Evidence::Vex(evidence)) => match evidence.status {
            VexStatus::NotAffected => not_affected(rule.reason.clone(), Some(origin(evidence))),
            VexStatus::Fixed => Claim {
                status: VexStatus::Fixed,
                justification: None,
                impact_statement: None,
                action_statement: None,
                status_notes: Some(format!("{}; {}", rule.reason, origin(evidence))),
            },
            VexStatus::Affected | VexStatus::UnderInvestigation => accepted(rule),
        },
        Some(Evidence::HostDriver(evidence)) => not_affected(on_hosts(rule, evidence), None),
        None if rule.justification.is_some() => {
            not_affected(rule.reason.clone(), Some(responsible(rule)))
        }
        None => accepted(rule),
    }
}

/// A risk that somebody takes. VEX has no word for that; the product stays affected.
fn accepted(rule: &RuleMatch) -> Claim {
    // Writing to a string cannot fail, here and below.
    let mut action = "accepted".to_owned();
    if let Some(expires) = &rule.expires {
        let _ = write!(action, " until {expires}");
    }
    if let Some(owner) = &rule.owner {
        let _ = write!(action, " by {owner}");
    }
    Claim {
        status: VexStatus::Affected,
        justification: None,
        impact_statement: None,
        action_statement: Some(format!("{action}: {}", rule.reason)),
        status_notes: rule.reference.clone(),
    }
}

/// Who answers for a rule and until when.
fn responsible(rule: &RuleMatch) -> String {
    let mut text = format!("policy rule {}", rule.rule);
    for (word, value) in [
        ("owner", &rule.owner),
        ("holds until", &rule.expires),
        ("see", &rule.reference),
    ] {
        if let Some(value) = value {
            let _ = write!(text, "; {word} {value}");
        }
    }
    text
}

fn origin(evidence: &VexEvidence) -> String {
    let author = evidence.author.as_deref().unwrap_or("an unnamed author");
    format!(
        "stated by {author} in {} at {}",
        evidence.document, evidence.pointer
    )
}

/// The reason of a claim about hosts, with the condition under which it holds.
fn on_hosts(rule: &RuleMatch, evidence: &HostDriverEvidence) -> String {
    let hosts: Vec<String> = evidence
        .hosts
        .iter()
        .map(|host| format!("{} {} (fixed in {})", host.branch, host.version, host.fixed))
        .collect();
    let mut text = format!(
        "{}. NVIDIA bulletin {}, data of {}. Holds only on hosts whose driver has the fix; \
         checked: {}.",
        rule.reason.trim_end_matches('.'),
        evidence.bulletin,
        evidence.data_date,
        hosts.join(", ")
    );
    if let Some(expires) = &rule.expires {
        let _ = write!(text, " Holds until {expires}.");
    }
    text
}

/// The image as a package URL: by its digest where known, else by its tag. What is no image
/// reference (an archive's path) becomes a `generic` one.
fn image(target: &TargetSummary) -> Option<Image> {
    let name = target.reference.rsplit('|').next().unwrap_or_default();
    let reference = ImageReference::from_str(name).ok();
    let digest = target
        .manifest_digest
        .as_deref()
        .or_else(|| reference.as_ref()?.digest());
    let mut purl = if let Some(reference) = &reference {
        image_url(reference, digest.is_none())?
    } else {
        let file = name.rsplit('/').find(|part| !part.is_empty());
        PackageUrl::new("generic", file.unwrap_or("image").to_owned()).ok()?
    };
    if let Some(digest) = digest {
        purl.with_version(digest.to_owned()).ok()?;
    }
    let hash = digest
        .or(target.config_digest.as_deref())
        .and_then(|digest| digest.strip_prefix("sha256:"));
    Some(Image {
        component: Component::new(&purl),
        hashes: hash
            .map(|hex| ("sha-256", hex.to_owned()))
            .into_iter()
            .collect(),
    })
}

/// `pkg:oci/NAME?repository_url=REGISTRY/PATH/NAME`, the spelling that Trivy looks for.
fn image_url(reference: &ImageReference, with_tag: bool) -> Option<PackageUrl<'static>> {
    let path = reference.path();
    let name = path.rsplit('/').next()?;
    let repository = match reference.domain() {
        Some(domain) if domain != "docker.io" => format!("{domain}/{path}"),
        _ if path.contains('/') => format!("index.docker.io/{path}"),
        _ => format!("index.docker.io/library/{path}"),
    };
    let mut purl = PackageUrl::new("oci", name.to_owned()).ok()?;
    purl.add_qualifier("repository_url", repository).ok()?;
    let tagged = reference.or_latest();
    if let Some(tag) = tagged.tag().filter(|_| with_tag) {
        purl.add_qualifier("tag", tag.to_owned()).ok()?;
    }
    Some(purl)
}

/// Qualifiers that tell packages apart. The others differ between the tools that made the URL, and
/// a reader that compares them would miss the package.
const IDENTIFYING: [&str; 5] = ["arch", "epoch", "classifier", "type", "platform"];

/// The package URL of an installed package; made from its name where no scanner gave one.
fn package_url(
    finding: &Finding,
    instance: &Instance,
    distro: Option<&Distro>,
) -> Option<PackageUrl<'static>> {
    if let Some(mut purl) = instance
        .purl
        .as_deref()
        .and_then(|text| PackageUrl::from_str(text).ok())
    {
        let kept: Vec<(String, String)> = IDENTIFYING
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), purl.qualifiers().get(*key)?.to_string())))
            .collect();
        purl.clear_qualifiers();
        for (key, value) in kept {
            purl.add_qualifier(key, value).ok()?;
        }
        return Some(purl);
    }
    let ecosystem = &finding.package.ecosystem;
    let (namespace, name) = match ecosystem {
        Ecosystem::Maven => split(&instance.name, ':'),
        Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer => split(&instance.name, '/'),
        os if os.is_os() => (
            distro.map(|distro| distro.family.as_str()),
            instance.name.as_str(),
        ),
        _ => (None, instance.name.as_str()),
    };
    let mut purl = PackageUrl::new(ecosystem.as_str().to_owned(), name.to_owned())
        .or_else(|_| PackageUrl::new("generic", name.to_owned()))
        .ok()?;
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace.to_owned()).ok()?;
    }
    if !instance.version.is_empty() {
        purl.with_version(instance.version.clone()).ok()?;
    }
    Some(purl)
}

/// The part before the last separator, and the rest.
fn split(name: &str, separator: char) -> (Option<&str>, &str) {
    match name.rsplit_once(separator) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    }
}
