//! CSAF 2.0 (OASIS, *Common Security Advisory Framework*): product tree and product status.
//!
//! A product id leads to a full product name in a branch, in the flat list or in a relationship.
//! A relationship makes its product reference a part of what it relates to.

mod document;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::formats::entries::Text;
use crate::model::{Justification, VexStatus};

use self::document::{Branch, Document, FullName, ProductTree, Vulnerability};
use super::component::{Component, VersionTest};
use super::document::{Diagnostics, ProductReference, Statement, VexDocument, VexFormat};
use super::error::VexError;
use super::purl::shortened;
use super::range::VersionRange;
use super::read::{
    MAX_IDS, MAX_PRODUCTS, MAX_STATEMENTS, add_id, check_count, moment, object, owned, syntax,
};

/// Relationships of relationships. Real ones are two deep.
const MAX_CHAIN: usize = 8;

pub(super) fn read(text: &str, name: &str) -> Result<VexDocument, VexError> {
    let document: Document<'_> =
        serde_json::from_str(text).map_err(|error| syntax(&error, name, "CSAF document"))?;
    let version = document.meta.csaf_version.as_str();
    if !matches!(version, "2.0" | "2.1") {
        return Err(VexError::UnsupportedVersion {
            name: name.to_owned(),
            pointer: "/document/csaf_version",
            format: VexFormat::Csaf.title(),
            version: shortened(version),
            supported: "2.0",
        });
    }
    check_count(&document.vulnerabilities, name, "/vulnerabilities")?;
    let mut diagnostics = Diagnostics::new(name);
    let tracking = document.meta.tracking.get();
    let timestamp = tracking.and_then(|tracking| {
        let place = "/document/tracking";
        let current = moment(
            &tracking.current_release_date,
            &format!("{place}/current_release_date"),
            &mut diagnostics,
        );
        let initial = moment(
            &tracking.initial_release_date,
            &format!("{place}/initial_release_date"),
            &mut diagnostics,
        );
        current.or(initial)
    });
    let stage = tracking.and_then(|tracking| owned(&tracking.status));
    let is_stage = |name: &str| {
        let stage = stage.as_deref().map(str::trim);
        stage.is_some_and(|stage| stage.eq_ignore_ascii_case(name))
    };
    let place = "/document/tracking/status";
    let is_draft = is_stage("draft");
    if is_draft {
        let message = "the document is a draft, which ignores nothing; give its final version";
        diagnostics.warn(place, message);
    } else if is_stage("interim") {
        let message = "the document is interim: its author expects to change it";
        diagnostics.note(place, message);
    }
    let mut reader = Reader {
        name,
        timestamp,
        is_draft,
        diagnostics,
        products: HashMap::new(),
        relations: HashMap::new(),
        groups: HashMap::new(),
        products_left: MAX_PRODUCTS,
    };
    reader.product_tree(&document.product_tree);
    let mut statements = Vec::new();
    for (pointer, raw) in document.vulnerabilities.located("/vulnerabilities") {
        match raw.and_then(object::<Vulnerability<'_>>) {
            Ok(raw) => reader.vulnerability(&raw, &pointer, &mut statements)?,
            Err(why) => reader.diagnostics.skip(pointer, why),
        }
    }
    Ok(VexDocument {
        name: name.to_owned(),
        format: VexFormat::Csaf,
        id: tracking.and_then(|tracking| owned(&tracking.id)),
        author: document
            .meta
            .publisher
            .get()
            .and_then(|publisher| publisher.name.to_option()),
        timestamp,
        statements,
        skipped: reader.diagnostics.skipped,
        diagnostics: reader.diagnostics.list,
    })
}

/// What the branches above a product say about it.
#[derive(Clone, Copy, Default)]
struct Above<'t> {
    version: Option<&'t str>,
    range: Option<&'t str>,
    architecture: Option<&'t str>,
}

struct Reader<'t> {
    name: &'t str,
    /// The document's.
    timestamp: Option<jiff::Timestamp>,
    /// True for what its author has not published yet (CSAF 2.0, `/document/tracking/status`).
    is_draft: bool,
    diagnostics: Diagnostics,
    products: HashMap<&'t str, Arc<Component>>,
    /// By the id of the combination: the part, and what it is a part of.
    relations: HashMap<&'t str, (&'t str, &'t str)>,
    groups: HashMap<&'t str, Vec<&'t str>>,
    /// How many more product ids groups may stand for.
    products_left: usize,
}

impl<'t> Reader<'t> {
    fn product_tree(&mut self, tree: &'t ProductTree<'_>) {
        for (index, branch) in tree.branches.iter().enumerate() {
            let pointer = format!("/product_tree/branches/{index}");
            self.branch(branch, Above::default(), &pointer);
        }
        for (index, product) in tree.full_product_names.iter().enumerate() {
            let pointer = format!("/product_tree/full_product_names/{index}");
            self.product(product, Above::default(), &pointer);
        }
        for relation in &tree.relationships {
            let pair = (
                relation.product_reference.as_str(),
                relation.relates_to_product_reference.as_str(),
            );
            let id = relation.full_product_name.product_id.as_str();
            self.relations.entry(id).or_insert(pair);
        }
        for group in &tree.product_groups {
            let members = self.groups.entry(group.group_id.as_str()).or_default();
            members.extend(group.product_ids.iter().map(Text::as_str));
        }
    }

    fn branch(&mut self, branch: &'t Branch<'_>, mut above: Above<'t>, pointer: &str) {
        let name = branch.name.as_str();
        match branch.category.as_str() {
            "product_version" => above.version = Some(name),
            "product_version_range" => above.range = Some(name),
            "architecture" => above.architecture = Some(name),
            _ => {}
        }
        if let Some(product) = &branch.product {
            self.product(product, above, &format!("{pointer}/product"));
        }
        for (index, inner) in branch.branches.iter().enumerate() {
            self.branch(inner, above, &format!("{pointer}/branches/{index}"));
        }
    }

    fn product(&mut self, product: &'t FullName<'_>, above: Above<'_>, pointer: &str) {
        let mut component = Component::default();
        let id = product.product_id.as_str();
        let helper = product.product_identification_helper.get();
        let purls = helper.into_iter().flat_map(|helper| {
            let purl = helper.purl.get().into_iter();
            purl.chain(helper.purls.list().iter().filter_map(Text::get))
        });
        // A product without a helper may be named by an image reference. A bare word is a product's
        // name and only looks like one.
        let name = product
            .name
            .get()
            .filter(|name| helper.is_none() && name.contains([':', '@']));
        for name in purls.chain(name) {
            if let Err(why) = component.add_name(name) {
                self.diagnostics.warn(pointer, why);
            }
        }
        for hash in helper
            .into_iter()
            .flat_map(|helper| helper.hashes.list())
            .flat_map(|file| file.file_hashes.list())
        {
            component.add_hash(hash.algorithm.as_str(), hash.value.as_str());
        }
        let has_version = component
            .purls
            .iter()
            .any(|purl| purl.stated_version.is_some());
        if let Some(range) = above.range {
            component.versions = Some(match VersionRange::parse(range) {
                Ok(range) => vec![VersionTest::Range(range)],
                Err(why) => {
                    let message = format!("{why}; statements on this product do not apply");
                    self.diagnostics.warn(pointer, message);
                    Vec::new()
                }
            });
        } else if let Some(version) = above.version.filter(|_| !has_version) {
            component.versions = Some(vec![VersionTest::Exact(version.to_owned())]);
        }
        component.architecture = above.architecture.map(str::to_owned);
        if self.products.contains_key(id) {
            let message = format!(
                "the product id `{}` is defined twice; statements on it do not apply",
                shortened(id)
            );
            self.diagnostics.warn(pointer, message);
            component = Component::default();
        }
        self.products.insert(id, Arc::new(component));
    }

    /// The product behind an id; `None` when nothing defines it.
    fn resolve(&self, id: &str) -> Option<ProductReference> {
        let Some((part, whole)) = self.relations.get(id) else {
            return Some(ProductReference {
                product: Arc::clone(self.products.get(id)?),
                parts: Vec::new(),
            });
        };
        let (mut part, mut whole) = (*part, *whole);
        for _ in 0..MAX_CHAIN {
            match (self.relations.get(part), self.relations.get(whole)) {
                (None, None) => break,
                (inner, outer) => {
                    part = inner.map_or(part, |(part, _)| part);
                    whole = outer.map_or(whole, |(_, whole)| whole);
                }
            }
        }
        Some(ProductReference {
            product: Arc::clone(self.products.get(whole)?),
            parts: vec![Arc::clone(self.products.get(part)?)],
        })
    }

    /// The product ids that a flag or a threat names, those of groups included.
    fn members<'v>(
        &mut self,
        products: &'v [Text<'_>],
        groups: &[Text<'_>],
        pointer: &str,
    ) -> Result<Vec<&'v str>, VexError>
    where
        't: 'v,
    {
        let mut members: Vec<&'v str> = products.iter().map(Text::as_str).collect();
        for group in groups {
            let ids = self.groups.get(group.as_str());
            let ids = ids.map(Vec::as_slice).unwrap_or_default();
            self.products_left = self
                .products_left
                .checked_sub(ids.len())
                .ok_or_else(|| self.too_many(pointer, "products in groups", MAX_PRODUCTS))?;
            members.extend(ids);
        }
        Ok(members)
    }

    fn too_many(&self, pointer: &str, what: &'static str, limit: usize) -> VexError {
        VexError::TooMany {
            name: self.name.to_owned(),
            pointer: pointer.to_owned(),
            what,
            limit,
        }
    }

    fn vulnerability(
        &mut self,
        raw: &Vulnerability<'_>,
        pointer: &str,
        statements: &mut Vec<Statement>,
    ) -> Result<(), VexError> {
        let mut ids = Vec::new();
        add_id(&mut ids, raw.cve.as_str());
        for other in raw.ids.iter_ok().take(MAX_IDS) {
            add_id(&mut ids, other.text.as_str());
        }
        let reasons = self.reasons(raw, pointer)?;
        for (word, list) in &raw.product_status {
            let place = format!("{pointer}/product_status/{}", escaped(word));
            let status = match word.as_str() {
                "known_not_affected" => VexStatus::NotAffected,
                "fixed" | "first_fixed" => VexStatus::Fixed,
                "known_affected" | "first_affected" | "last_affected" => VexStatus::Affected,
                "under_investigation" => VexStatus::UnderInvestigation,
                "recommended" => {
                    let message = "recommended versions are advice and no status; they ignore \
                                   nothing";
                    self.diagnostics.note(place, message);
                    continue;
                }
                other => {
                    let why = format!("`{}` is no product status of CSAF", shortened(other));
                    self.diagnostics.skip(place, why);
                    continue;
                }
            };
            // One statement for all products with the same reason.
            let mut by_reason: BTreeMap<Reason<'_>, Vec<ProductReference>> = BTreeMap::new();
            let mut undefined = 0_usize;
            for id in list.iter_ok().map(Text::as_str) {
                match self.resolve(id) {
                    Some(product) => by_reason
                        .entry(reasons.of(id, status))
                        .or_default()
                        .push(product),
                    None => undefined += 1,
                }
            }
            if undefined > 0 {
                self.diagnostics.warn(
                    place.clone(),
                    format!("{undefined} of its product ids are not in the product tree"),
                );
            }
            for (reason, products) in by_reason {
                if statements.len() == MAX_STATEMENTS {
                    return Err(self.too_many(&place, "statements", MAX_STATEMENTS));
                }
                let statement = Statement {
                    ids: ids.clone(),
                    products,
                    status,
                    justification: reason.justification,
                    impact_statement: reason.impact.map(str::to_owned),
                    notes: None,
                    timestamp: self.timestamp,
                    pointer: place.clone(),
                };
                if self.is_draft && statement.ignores() {
                    let why = format!("{} of a draft", status.as_str());
                    self.diagnostics.skip(statement.pointer, why);
                    continue;
                }
                statements.extend(statement.checked(&mut self.diagnostics));
            }
        }
        Ok(())
    }

    fn reasons<'v>(
        &mut self,
        raw: &'v Vulnerability<'_>,
        pointer: &str,
    ) -> Result<Reasons<'v>, VexError>
    where
        't: 'v,
    {
        let mut reasons = Reasons::default();
        for (index, flag) in raw.flags.iter() {
            let place = format!("{pointer}/flags/{index}");
            let flag = match flag {
                Ok(flag) => flag,
                Err(why) => {
                    self.diagnostics.warn(place, why.clone());
                    continue;
                }
            };
            let Some(justification) = Justification::from_name(flag.label.as_str()) else {
                let message = format!(
                    "`{}` is no flag of CSAF and justifies nothing",
                    shortened(flag.label.as_str())
                );
                self.diagnostics.warn(place, message);
                continue;
            };
            for id in self.members(&flag.product_ids, &flag.group_ids, &place)? {
                reasons.justification.entry(id).or_insert(justification);
            }
        }
        for (index, threat) in raw.threats.iter() {
            let place = format!("{pointer}/threats/{index}");
            let threat = match threat {
                Ok(threat) => threat,
                Err(why) => {
                    self.diagnostics.warn(place, why.clone());
                    continue;
                }
            };
            let Some(details) = threat.details.get() else {
                continue;
            };
            if threat.category.as_str() != "impact" {
                continue;
            }
            // Such a threat says how bad it is where products are affected.
            if threat.product_ids.is_empty() && threat.group_ids.is_empty() {
                if raw.product_status.contains_key("known_not_affected") {
                    let message = "it names no product, and is no reason why one is not affected; \
                                   add its `product_ids`";
                    self.diagnostics.note(place, message);
                }
                continue;
            }
            for id in self.members(&threat.product_ids, &threat.group_ids, &place)? {
                reasons.impact.entry(id).or_insert(details);
            }
        }
        Ok(reasons)
    }
}

/// Why products are not affected, by product id.
#[derive(Default)]
struct Reasons<'v> {
    justification: HashMap<&'v str, Justification>,
    impact: HashMap<&'v str, &'v str>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Reason<'v> {
    justification: Option<Justification>,
    impact: Option<&'v str>,
}

impl<'v> Reasons<'v> {
    /// The reason for one product. Only *not affected* needs one; impact threats say how bad it is
    /// where the product is affected.
    fn of(&self, id: &str, status: VexStatus) -> Reason<'v> {
        if status != VexStatus::NotAffected {
            return Reason {
                justification: None,
                impact: None,
            };
        }
        Reason {
            justification: self.justification.get(id).copied(),
            impact: self.impact.get(id).copied(),
        }
    }
}

/// A key as a token of a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    shortened(key).replace('~', "~0").replace('/', "~1")
}
