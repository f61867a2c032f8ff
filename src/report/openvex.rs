//! OpenVEX 0.2: why findings are left out of account, in the form that other tools read.
//!
//! One statement for each ignored finding. What a VEX document or the hosts' drivers prove is
//! passed on as `not_affected` or `fixed`; a rule without such a reason accepts a risk and is
//! `affected`. Where several rules together ignore a finding, none of them speaks for all of it,
//! and the most cautious status is written.
//!
//! The product is the image, by its digest, and the packages are its subcomponents, so that nothing
//! is said of any other image. An archive and a layout directory have no digest by which Trivy or
//! Grype know them: there the packages stand as products too, or no tool could apply the statement.
//! It says in its notes that it is about this image alone, and [`warnings`] tell the user.
//!
//! A document needs a statement (`minItems` of the schema): a report that ignores nothing gives none.

mod claim;
mod product;

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use self::claim::{Claim, cautious};
use self::product::{Component, Image, packages};
use super::json::write_json;
use crate::image::digest::sha256;
use crate::model::report::Report;
use crate::model::{Action, AdvisoryId, Distro, Evidence, Finding};

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
    products: Vec<Product>,
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
struct Product {
    #[serde(flatten)]
    component: Component,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Component>,
}

/// In the notes of a statement whose products are packages too.
const THIS_IMAGE_ALONE: &str = "said of this image alone: no digest of it in a registry is known, \
                                so its packages stand as products";

/// Writes the statements of a report; nothing when there are none.
///
/// # Errors
/// Only those of `out`.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let image = Image::new(&report.target);
    let statements: Vec<_> = statements(report, &image).collect();
    if statements.is_empty() {
        return Ok(());
    }
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

/// What a user of the document has to know beside it.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let image = Image::new(&report.target);
    let mut statements = statements(report, &image).peekable();
    if statements.peek().is_none() {
        return vec![
            "no OpenVEX document is written: it needs at least one statement, and the policy \
             ignores nothing here; run the tools that read it without `--vex`"
                .to_owned(),
        ];
    }
    if !image.is_pinned && statements.any(|statement| statement.claim.is_exempting()) {
        return vec![
            "no digest of the image in a registry is known, so the OpenVEX document names its \
             packages as products: give it to no tool with another image, or push the image and \
             scan it as REPOSITORY@DIGEST"
                .to_owned(),
        ];
    }
    Vec::new()
}

fn statements<'a>(report: &'a Report, image: &Image) -> impl Iterator<Item = Statement<'a>> {
    let distro = report.target.distro.as_ref();
    report
        .with_action(Action::Ignore)
        .filter_map(move |finding| statement(finding, image, distro))
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
    image: &Image,
    distro: Option<&Distro>,
) -> Option<Statement<'a>> {
    let (rule, mut claim) = cautious(finding.decision.as_ref()?);
    // Without the packages the statement would be about the whole image.
    let packages = packages(finding, distro);
    if packages.is_empty() || image.names.is_empty() {
        return None;
    }
    let mut products: Vec<Product> = image
        .names
        .iter()
        .map(|name| Product {
            component: name.clone(),
            subcomponents: packages.clone(),
        })
        .collect();
    if !image.is_pinned && claim.is_exempting() {
        claim.note(THIS_IMAGE_ALONE);
        products.extend(packages.into_iter().map(|component| Product {
            component,
            subcomponents: Vec::new(),
        }));
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
        products,
        claim,
    })
}
