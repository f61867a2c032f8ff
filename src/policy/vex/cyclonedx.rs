//! CycloneDX JSON 1.4 to 1.7 (<https://cyclonedx.org>): `vulnerabilities[].analysis` with what it
//! `affects`.
//!
//! Where the BOM names its subject (`metadata.component`), that is the product and every affected
//! component a part of it. Where it does not, each affected component is a product of its own.

mod document;

use std::collections::HashMap;
use std::sync::Arc;

use crate::formats::entries::Text;
use crate::formats::percent_decoded;
use crate::model::{Justification, VexStatus};

use self::document::{Document, RawComponent, Vulnerability};
use super::component::{Component, VersionTest};
use super::document::{Diagnostics, ProductReference, Statement, VexDocument, VexFormat};
use super::error::VexError;
use super::purl::shortened;
use super::range::VersionRange;
use super::read::{MAX_IDS, add_id, check_count, is_stated, moment, object, owned, syntax};
use crate::formats::cyclonedx::analysis::{Affected, Analysis};

const SUPPORTED: [&str; 4] = ["1.4", "1.5", "1.6", "1.7"];

pub(super) fn read(text: &str, name: &str) -> Result<VexDocument, VexError> {
    let document: Document<'_> =
        serde_json::from_str(text).map_err(|error| syntax(&error, name, "CycloneDX BOM"))?;
    let version = document.spec_version.as_str();
    if !SUPPORTED.contains(&version) {
        return Err(VexError::UnsupportedVersion {
            name: name.to_owned(),
            pointer: "/specVersion",
            format: VexFormat::CycloneDx.title(),
            version: shortened(version),
            supported: "1.4 to 1.7",
        });
    }
    check_count(&document.vulnerabilities, name, "/vulnerabilities")?;
    let mut diagnostics = Diagnostics::new(name);
    let metadata = document.metadata.as_ref();
    let timestamp = metadata
        .and_then(|metadata| moment(&metadata.timestamp, "/metadata/timestamp", &mut diagnostics));
    let mut reader = Reader {
        timestamp,
        link: document.own_link(),
        diagnostics,
        subject: None,
        components: HashMap::new(),
    };
    if let Some(subject) = metadata.and_then(|metadata| metadata.component.as_ref()) {
        let product = Arc::new(reader.component(subject));
        if let Some(reference) = subject.bom_ref.to_option() {
            reader.components.insert(reference, Listed::Subject);
        }
        reader.subject = Some(product);
        reader.remember(subject.components.as_deref().unwrap_or_default());
    }
    reader.remember(document.components.as_deref().unwrap_or_default());
    let mut statements = Vec::new();
    let mut without_analysis = 0_usize;
    for (pointer, raw) in document.vulnerabilities.located("/vulnerabilities") {
        match raw.and_then(object::<Vulnerability<'_>>) {
            Ok(raw) => match &raw.analysis {
                Some(analysis) => statements.extend(reader.statement(&raw, analysis, pointer)),
                None => without_analysis += 1,
            },
            Err(why) => reader.diagnostics.skip(pointer, why),
        }
    }
    if without_analysis > 0 {
        reader.diagnostics.note(
            "/vulnerabilities",
            format!("{without_analysis} of its vulnerabilities have no analysis and state nothing"),
        );
    }
    let author = metadata.and_then(|metadata| {
        let contacts = metadata.authors.list().first();
        contacts
            .or(metadata.manufacturer.get())
            .or(metadata.supplier.get())
            .and_then(|contact| contact.name.to_option())
    });
    Ok(VexDocument {
        name: name.to_owned(),
        format: VexFormat::CycloneDx,
        id: owned(&document.serial_number),
        author,
        timestamp,
        statements,
        skipped: reader.diagnostics.skipped,
        diagnostics: reader.diagnostics.list,
    })
}

/// What a `bom-ref` leads to.
enum Listed {
    Subject,
    Component(Arc<Component>),
}

struct Reader {
    /// The document's.
    timestamp: Option<jiff::Timestamp>,
    /// [`Document::own_link`].
    link: Option<String>,
    diagnostics: Diagnostics,
    /// What the BOM is about.
    subject: Option<Arc<Component>>,
    components: HashMap<String, Listed>,
}

impl Reader {
    fn component(&mut self, raw: &RawComponent<'_>) -> Component {
        let mut component = Component::default();
        let mut names = vec![raw.purl.as_str().to_owned()];
        let version = raw.version.as_str();
        if raw.kind.as_str() == "container" {
            names.push(container_name(raw.name.as_str(), version));
        }
        for name in names.iter().filter(|name| !name.is_empty()) {
            if let Err(why) = component.add_name(name) {
                let place = format!("component `{}`", shortened(raw.bom_ref.as_str()));
                self.diagnostics
                    .warn("/components", format!("{place}: {why}"));
            }
        }
        for hash in raw.hashes.list() {
            component.add_hash(hash.alg.as_str(), hash.content.as_str());
        }
        component
    }

    fn remember(&mut self, list: &[RawComponent<'_>]) {
        for raw in list {
            if let Some(reference) = raw.bom_ref.to_option() {
                let component = Arc::new(self.component(raw));
                self.list(reference, component);
            }
            self.remember(raw.components.as_deref().unwrap_or_default());
        }
    }

    /// Notes what a `bom-ref` leads to. One that leads to two different things leads nowhere.
    fn list(&mut self, reference: String, component: Arc<Component>) {
        let clashes = match self.components.get(&reference) {
            None => false,
            Some(Listed::Component(other)) => *other != component,
            Some(Listed::Subject) => self.subject.as_ref() != Some(&component),
        };
        if clashes {
            let message = format!(
                "the bom-ref `{}` is defined twice; statements on it do not apply",
                shortened(&reference)
            );
            self.diagnostics.warn("/components", message);
            let nothing = Listed::Component(Arc::default());
            self.components.insert(reference, nothing);
        } else {
            self.components
                .entry(reference)
                .or_insert(Listed::Component(component));
        }
    }

    fn statement(
        &mut self,
        raw: &Vulnerability<'_>,
        analysis: &Analysis<'_>,
        pointer: String,
    ) -> Option<Statement> {
        let state = analysis.state.as_str();
        let status = match state {
            "not_affected" | "false_positive" => VexStatus::NotAffected,
            "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
            "exploitable" => VexStatus::Affected,
            "in_triage" => VexStatus::UnderInvestigation,
            other => {
                let why = format!("`{}` is no analysis state of CycloneDX", shortened(other));
                self.diagnostics.skip(pointer, why);
                return None;
            }
        };
        let mut ids = Vec::new();
        add_id(&mut ids, raw.id.as_str());
        for reference in raw.references.iter_ok().take(MAX_IDS) {
            add_id(&mut ids, reference.id.as_str());
        }
        let mut products = Vec::new();
        for (index, affected) in raw.affects.iter() {
            let place = format!("{pointer}/affects/{index}");
            let product = affected
                .map_err(Clone::clone)
                .and_then(|affected| self.product(affected, status, &place));
            match product {
                Ok(product) => products.extend(product),
                Err(why) => self
                    .diagnostics
                    .warn(place, format!("{why}; the product is left out")),
            }
        }
        let word = analysis.justification.get().and_then(Text::get);
        let justification = word.and_then(justification);
        let mut reasons: Vec<String> = Vec::new();
        reasons.extend(owned(&analysis.detail));
        if justification.is_none()
            && let Some(word) = word
        {
            reasons.push(format!("CycloneDX justification: {}", shortened(word)));
        }
        let mut notes: Vec<String> = Vec::new();
        if let Some(response) = analysis.response.get() {
            notes.extend(response.iter().map(str::to_owned));
        }
        let issued = moment(
            &analysis.first_issued,
            &format!("{pointer}/analysis/firstIssued"),
            &mut self.diagnostics,
        );
        let updated = moment(
            &analysis.last_updated,
            &format!("{pointer}/analysis/lastUpdated"),
            &mut self.diagnostics,
        );
        // A time that cannot be read is not the document's.
        let states_time = is_stated(&analysis.first_issued) || is_stated(&analysis.last_updated);
        let reason = Some(reasons.join("; ")).filter(|text| !text.is_empty());
        let response = Some(notes.join(", "))
            .filter(|text| !text.is_empty())
            .map(|words| format!("response: {words}"));
        let (impact_statement, notes) = if status == VexStatus::NotAffected {
            (reason, response)
        } else {
            (None, reason.or(response))
        };
        Statement {
            ids,
            products,
            status,
            justification,
            impact_statement,
            notes,
            timestamp: updated
                .or(issued)
                .or(self.timestamp.filter(|_| !states_time)),
            pointer,
        }
        .checked(&mut self.diagnostics)
    }

    /// The product behind a member of `affects`; `None`, and a diagnostic, where no version is left
    /// that the analysis holds for.
    fn product(
        &mut self,
        affected: &Affected<'_>,
        status: VexStatus,
        pointer: &str,
    ) -> Result<Option<ProductReference>, String> {
        let reference = affected.reference.as_str();
        let versions = self.versions(affected, status, pointer);
        if versions.as_ref().is_some_and(Vec::is_empty) {
            self.diagnostics.warn(
                pointer,
                "the analysis holds for none of the versions; the product is left out",
            );
            return Ok(None);
        }
        let restrict = |component: &Arc<Component>| match versions {
            None => Arc::clone(component),
            Some(versions) => Arc::new(Component {
                versions: Some(versions),
                ..(**component).clone()
            }),
        };
        let linked = self.linked(reference)?;
        let key = linked.as_deref().unwrap_or(reference);
        let part = match (self.components.get(key), &self.subject) {
            (Some(Listed::Subject), Some(subject)) => {
                return Ok(Some(ProductReference {
                    product: restrict(subject),
                    parts: Vec::new(),
                }));
            }
            (Some(Listed::Component(component)), _) => restrict(component),
            _ if key.starts_with("pkg:") => restrict(&Arc::new(Component::named(key)?)),
            _ => {
                return Err(format!(
                    "no component has the bom-ref `{}`, and it is no package URL",
                    shortened(key)
                ));
            }
        };
        Ok(Some(match &self.subject {
            Some(subject) => ProductReference {
                product: Arc::clone(subject),
                parts: vec![part],
            },
            None => ProductReference {
                product: part,
                parts: Vec::new(),
            },
        }))
    }

    /// The `bom-ref` behind a BOM-Link, `urn:cdx:SERIAL/VERSION#BOM-REF` and percent-encoded; `None`
    /// for what is no such link.
    ///
    /// # Errors
    /// A link into another BOM. Its references are not those of this one, and which product that one
    /// describes is not known.
    fn linked(&self, reference: &str) -> Result<Option<String>, String> {
        let Some(link) = reference.strip_prefix("urn:cdx:") else {
            return Ok(None);
        };
        let (bom, name) = link.split_once('#').unwrap_or((link, ""));
        let is_own = |own: &String| own.eq_ignore_ascii_case(bom);
        if !self.link.as_ref().is_some_and(is_own) {
            return Err(format!(
                "`{}` leads into another BOM; name a component of this one, or its package URL",
                shortened(reference)
            ));
        }
        Ok(Some(percent_decoded(name)))
    }

    /// The versions that an analysis holds for; `None` when it names none, which means all.
    ///
    /// The list says which versions have the flaw, the analysis what follows for the product. So
    /// `not_affected` holds for affected versions as well, `resolved` only for those that are
    /// unaffected, and what does not ignore for all but the unaffected.
    fn versions(
        &mut self,
        affected: &Affected<'_>,
        status: VexStatus,
        pointer: &str,
    ) -> Option<Vec<VersionTest>> {
        if affected.versions.len() == 0 {
            return None;
        }
        let mut tests = Vec::new();
        for (index, version) in affected.versions.iter() {
            let place = format!("{pointer}/versions/{index}");
            let version = match version {
                Ok(version) => version,
                Err(why) => {
                    self.diagnostics.warn(place, why.clone());
                    continue;
                }
            };
            // `affected` where nothing is stated.
            let holds = match version.status.as_str() {
                "unaffected" => matches!(status, VexStatus::Fixed | VexStatus::NotAffected),
                "" | "affected" => status != VexStatus::Fixed,
                _ => matches!(status, VexStatus::Affected | VexStatus::UnderInvestigation),
            };
            if !holds {
                continue;
            }
            if let Some(exact) = version.version.get() {
                tests.push(VersionTest::Exact(exact.to_owned()));
            } else {
                match VersionRange::parse(version.range.as_str()) {
                    Ok(range) => tests.push(VersionTest::Range(range)),
                    Err(why) => self.diagnostics.warn(
                        place,
                        format!("{why}; the statement does not apply to that range"),
                    ),
                }
            }
        }
        Some(tests)
    }
}

/// What a container is called: scanners put a digest where others put a tag, or the tag into the
/// name.
fn container_name(name: &str, version: &str) -> String {
    if version.starts_with("sha256:") {
        version.to_owned()
    } else if version.is_empty() || name.contains('@') || name.ends_with(&format!(":{version}")) {
        name.to_owned()
    } else {
        format!("{name}:{version}")
    }
}

/// OpenVEX's word for a justification of CycloneDX; `None` where there is none: a missing
/// configuration, dependency, environment, or a wall around the product is a reason of its own.
fn justification(word: &str) -> Option<Justification> {
    Some(match word {
        "code_not_present" => Justification::VulnerableCodeNotPresent,
        "code_not_reachable" => Justification::VulnerableCodeNotInExecutePath,
        "protected_by_compiler" | "protected_at_runtime" | "protected_by_mitigating_control" => {
            Justification::InlineMitigationsAlreadyExist
        }
        _ => return None,
    })
}
