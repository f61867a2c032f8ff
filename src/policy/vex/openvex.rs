//! OpenVEX 0.2 (<https://github.com/openvex/spec>, `OPENVEX-SPEC.md`) and the shapes of 0.0.1, in
//! which vulnerability and products are plain strings.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::entries::{Entries, Lenient, Text};
use crate::model::{AdvisoryId, Justification, VexStatus};

use super::component::Component;
use super::document::{Diagnostics, ProductReference, Statement, VexDocument, VexFormat};
use super::error::VexError;
use super::purl::shortened;
use super::read::{
    MAX_IDS, MAX_PRODUCTS, add_id, check_count, is_stated, moment, object, owned, syntax,
};

/// Start of every OpenVEX context; the version follows after `/v`, none for 0.0.1.
pub(super) const CONTEXT: &str = "https://openvex.dev/ns";
const SUPPORTED: &str = "0.0.1 to 0.2";

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default, rename = "@id")]
    id: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    author: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    timestamp: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    last_updated: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    statements: Entries<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawStatement<'a> {
    #[serde(borrow, default)]
    vulnerability: Option<&'a RawValue>,
    #[serde(borrow, default)]
    products: Entries<&'a RawValue>,
    /// 0.0.1: parts of every product.
    #[serde(borrow, default)]
    subcomponents: Entries<&'a RawValue>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    justification: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    impact_statement: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    status_notes: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    action_statement: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    timestamp: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    last_updated: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    #[serde(borrow, default, rename = "@id")]
    id: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    aliases: Entries<Text<'a>>,
}

#[derive(Deserialize)]
struct RawComponent<'a> {
    #[serde(borrow, default, rename = "@id")]
    id: Text<'a>,
    #[serde(borrow, default)]
    identifiers: Lenient<Identifiers<'a>>,
    #[serde(borrow, default)]
    hashes: Lenient<std::collections::BTreeMap<String, Text<'a>>>,
    #[serde(borrow, default)]
    subcomponents: Entries<&'a RawValue>,
}

#[derive(Deserialize)]
struct Identifiers<'a> {
    #[serde(borrow, default)]
    purl: Text<'a>,
}

pub(super) fn read(text: &str, name: &str, context: &str) -> Result<VexDocument, VexError> {
    check_version(name, context)?;
    let document: Document<'_> =
        serde_json::from_str(text).map_err(|error| syntax(&error, name, "OpenVEX document"))?;
    check_count(&document.statements, name, "/statements")?;
    let mut diagnostics = Diagnostics::new(name);
    let issued = moment(&document.timestamp, "/timestamp", &mut diagnostics);
    let updated = moment(&document.last_updated, "/last_updated", &mut diagnostics);
    let mut reader = Reader {
        issued,
        diagnostics,
        products_left: MAX_PRODUCTS,
    };
    let mut statements = Vec::new();
    for (pointer, raw) in document.statements.located("/statements") {
        match raw.and_then(object::<RawStatement<'_>>) {
            Ok(raw) => statements.extend(reader.statement(&raw, pointer)),
            Err(why) => reader.diagnostics.skip(pointer, why),
        }
    }
    Ok(VexDocument {
        name: name.to_owned(),
        format: VexFormat::OpenVex,
        id: owned(&document.id),
        author: owned(&document.author),
        timestamp: updated.or(issued),
        statements,
        skipped: reader.diagnostics.skipped,
        diagnostics: reader.diagnostics.list,
    })
}

/// A later version may give the same words another meaning.
fn check_version(name: &str, context: &str) -> Result<(), VexError> {
    let rest = context.trim_start_matches(CONTEXT).trim_matches('/');
    let version = rest.strip_prefix('v').unwrap_or(rest);
    let known = version.is_empty()
        || ["0.0", "0.1", "0.2"].iter().any(|known| {
            version
                .strip_prefix(known)
                .is_some_and(|patch| patch.is_empty() || patch.starts_with('.'))
        });
    if known {
        return Ok(());
    }
    Err(VexError::UnsupportedVersion {
        name: name.to_owned(),
        pointer: "/@context",
        format: VexFormat::OpenVex.title(),
        version: shortened(version),
        supported: SUPPORTED,
    })
}

struct Reader {
    /// When the document was issued, which is the time of statements that have none of their own.
    /// Its last change may have been to any other statement (OpenVEX 0.2, *Inheritance Flow*).
    issued: Option<jiff::Timestamp>,
    diagnostics: Diagnostics,
    /// How many more products and parts may be built.
    products_left: usize,
}

impl Reader {
    fn statement(&mut self, raw: &RawStatement<'_>, pointer: String) -> Option<Statement> {
        let Some(status) = status(raw.status.as_str()) else {
            let why = format!(
                "`{}` is no status of OpenVEX",
                shortened(raw.status.as_str())
            );
            self.diagnostics.skip(pointer, why);
            return None;
        };
        let ids = match raw.vulnerability.map(|raw| self.ids(raw, &pointer)) {
            Some(Ok(ids)) => ids,
            Some(Err(why)) => {
                self.diagnostics.skip(pointer, why);
                return None;
            }
            None => Vec::new(),
        };
        let products = self.products(raw, &pointer)?;
        let justification = self.justification(raw, &pointer);
        let made = moment(
            &raw.timestamp,
            &format!("{pointer}/timestamp"),
            &mut self.diagnostics,
        );
        let updated = moment(
            &raw.last_updated,
            &format!("{pointer}/last_updated"),
            &mut self.diagnostics,
        );
        // A time that cannot be read is not the document's.
        let states_time = is_stated(&raw.timestamp) || is_stated(&raw.last_updated);
        Statement {
            ids,
            products,
            status,
            justification,
            impact_statement: owned(&raw.impact_statement),
            notes: owned(&raw.action_statement).or_else(|| owned(&raw.status_notes)),
            timestamp: updated.or(made).or(self.issued.filter(|_| !states_time)),
            pointer,
        }
        .checked(&mut self.diagnostics)
    }

    /// The names of a vulnerability, a string or an object.
    fn ids(&mut self, raw: &RawValue, pointer: &str) -> Result<Vec<AdvisoryId>, String> {
        let mut ids = Vec::new();
        if raw.get().starts_with('"') {
            let name: String = text(raw)?;
            add_id(&mut ids, &name);
            return Ok(ids);
        }
        let vulnerability: Vulnerability<'_> = object(raw)?;
        add_id(&mut ids, vulnerability.name.as_str());
        for alias in vulnerability.aliases.iter_ok().take(MAX_IDS) {
            add_id(&mut ids, alias.as_str());
        }
        // Its IRI is often the page of a database, the id at its end. It is no name: one that leads
        // to another CVE than the names do is a slip.
        let page = vulnerability.id.get().map(Text::as_str).unwrap_or_default();
        let last = page.rsplit('/').next().unwrap_or_default();
        let id = AdvisoryId::new(last).unwrapped();
        if id.cve().is_none() {
            return Ok(ids);
        }
        // By the prefix: what was mistyped is no less another one.
        let mut named = ids.iter().filter(|id| id.as_str().starts_with("CVE-"));
        let is_named = named.clone().any(|named| *named == id);
        if is_named || named.next().is_none() {
            add_id(&mut ids, last);
        } else {
            self.diagnostics.warn(
                format!("{pointer}/vulnerability/@id"),
                format!(
                    "`{}` leads to another vulnerability than `name`, which counts",
                    shortened(page)
                ),
            );
        }
        Ok(ids)
    }

    fn justification(&mut self, raw: &RawStatement<'_>, pointer: &str) -> Option<Justification> {
        let word = raw.justification.get()?.get()?;
        let justification = Justification::from_name(word);
        if justification.is_none() {
            self.diagnostics.warn(
                format!("{pointer}/justification"),
                format!(
                    "`{}` is no justification of OpenVEX and counts as none",
                    shortened(word)
                ),
            );
        }
        justification
    }

    /// The products of a statement; `None`, and a diagnostic, when they are too many.
    fn products(&mut self, raw: &RawStatement<'_>, pointer: &str) -> Option<Vec<ProductReference>> {
        let list = format!("{pointer}/products");
        let shared_list = format!("{pointer}/subcomponents");
        let shared = self.components(&raw.subcomponents, &shared_list);
        let has_shared = raw.subcomponents.len() > 0;
        let mut products = Vec::new();
        for (index, member) in raw.products.iter() {
            let place = format!("{list}/{index}");
            let (product, parts) = match member.map_err(Clone::clone).and_then(|raw| component(raw))
            {
                Ok(read) => read,
                Err(why) => {
                    self.diagnostics
                        .warn(place, format!("{why}; the product is left out"));
                    continue;
                }
            };
            let own = self.components(&parts, &format!("{place}/subcomponents"));
            // A list of parts of which none can be read is not the whole product.
            if (has_shared || parts.len() > 0) && own.is_empty() && shared.is_empty() {
                self.diagnostics.warn(
                    place,
                    "none of its parts can be read; the product is left out",
                );
                continue;
            }
            let count = 1 + own.len() + shared.len();
            let Some(left) = self.products_left.checked_sub(count) else {
                self.diagnostics.skip(
                    pointer,
                    format!("the document has more than {MAX_PRODUCTS} products and parts"),
                );
                return None;
            };
            self.products_left = left;
            let mut all = own;
            all.extend(shared.iter().cloned());
            products.push(ProductReference {
                product: Arc::new(product),
                parts: all,
            });
        }
        Some(products)
    }

    fn components(&mut self, list: &Entries<&RawValue>, pointer: &str) -> Vec<Arc<Component>> {
        let mut components = Vec::new();
        for (index, member) in list.iter() {
            match member.map_err(Clone::clone).and_then(|raw| component(raw)) {
                Ok((part, _)) => components.push(Arc::new(part)),
                Err(why) => self.diagnostics.warn(
                    format!("{pointer}/{index}"),
                    format!("{why}; the part is left out"),
                ),
            }
        }
        components
    }
}

fn status(word: &str) -> Option<VexStatus> {
    [
        VexStatus::NotAffected,
        VexStatus::Affected,
        VexStatus::Fixed,
        VexStatus::UnderInvestigation,
    ]
    .into_iter()
    .find(|status| status.as_str() == word)
}

/// A component, a string or an object, and its parts.
fn component<'a>(raw: &'a RawValue) -> Result<(Component, Entries<&'a RawValue>), String> {
    if raw.get().starts_with('"') {
        let name: String = text(raw)?;
        return Ok((Component::named(&name)?, Entries::default()));
    }
    let raw: RawComponent<'a> = object(raw)?;
    let mut component = Component::default();
    let purl = raw.identifiers.get().and_then(|all| all.purl.get());
    for name in raw.id.get().into_iter().chain(purl) {
        component.add_name(name)?;
    }
    for (algorithm, value) in raw.hashes.get().into_iter().flatten() {
        component.add_hash(algorithm, value.as_str());
    }
    Ok((component, raw.subcomponents))
}

fn text(raw: &RawValue) -> Result<String, String> {
    serde_json::from_str(raw.get()).map_err(|error| error.to_string())
}
