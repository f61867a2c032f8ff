//! OpenVEX 0.2: why findings are left out of account, in the form that other tools read.
//!
//! One statement for each ignored finding, or one for each rule where several together ignore it,
//! on the packages for which the rule speaks. What a VEX document or the hosts' drivers prove is
//! passed on as `not_affected` or `fixed`; a rule without such a reason accepts a risk and is
//! `affected`. Of several rules on one package the most cautious speaks.
//!
//! The product is the image, by its digest, and the packages are its subcomponents, so that nothing
//! is said of any other image. An archive and a layout directory have no digest by which Trivy or
//! Grype know them: there the packages stand as products too, or no tool could apply the statement.
//! It says in its notes that it is about this image alone, and [`warnings`] tell the user.
//!
//! A document needs a statement (`minItems` of the schema): a report that ignores nothing gives none.

mod product;

use std::io;

use serde::Serialize;

use self::product::{Component, Image, packages};
use super::claims::{Claim, by_claim, claims, stated_at};
use super::json::write_json;
use super::{Description, identity};
use crate::model::report::Report;
use crate::model::{Action, AdvisoryId, Distro, Finding, RuleMatch};

/// Why ignored findings are ignored.
pub(super) const FORMAT: Description = Description {
    name: "openvex",
    title: "why ignored findings are ignored, as OpenVEX",
    file_name: "report.openvex.json",
    is_page: false,
    write: |report, _, out| write(report, out),
    warnings: |report, _| warnings(report),
};

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
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
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
    document.id = format!("urn:uuid:{}", identity::uuid(&content));
    write_json(&document, out)
}

/// What a user of the document has to know beside it.
fn warnings(report: &Report) -> Vec<String> {
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
        .flat_map(move |finding| on_finding(finding, image, distro))
}

/// The statements on one finding. A package URL says nothing of the place: of copies in several
/// places the most cautious claim is written.
fn on_finding<'a>(
    finding: &'a Finding,
    image: &Image,
    distro: Option<&Distro>,
) -> Vec<Statement<'a>> {
    let Some(decision) = &finding.decision else {
        return Vec::new();
    };
    let claims = claims(decision);
    let packages = packages(finding, distro);
    let parts = packages.map(|(instance, package)| (instance, package.id.clone(), package));
    let mut by_claim = by_claim(&claims, parts);
    let claims = claims.into_iter().enumerate();
    claims
        .filter_map(|(ordinal, (rule, claim))| {
            // Without the packages the statement would be about the whole image.
            let packages = by_claim.remove(&Some(ordinal))?;
            statement(finding, rule, claim, packages, image)
        })
        .collect()
}

fn statement<'a>(
    finding: &'a Finding,
    rule: &'a RuleMatch,
    mut claim: Claim,
    packages: Vec<Component>,
    image: &Image,
) -> Option<Statement<'a>> {
    if image.names.is_empty() {
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
    Some(Statement {
        vulnerability: Vulnerability {
            name: vulnerability.id.as_str(),
            aliases: vulnerability
                .aliases
                .iter()
                .map(AdvisoryId::as_str)
                .collect(),
        },
        timestamp: stated_at(rule),
        products,
        claim,
    })
}
