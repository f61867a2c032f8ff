//! The parts of CSAF that are read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::entries::{Entries, Lenient, Text};

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, rename = "document")]
    pub(super) meta: Meta<'a>,
    #[serde(borrow, default)]
    pub(super) product_tree: ProductTree<'a>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Meta<'a> {
    #[serde(borrow, default)]
    pub(super) csaf_version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) publisher: Lenient<Publisher<'a>>,
    #[serde(borrow, default)]
    pub(super) tracking: Lenient<Tracking<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Publisher<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Tracking<'a> {
    #[serde(borrow, default)]
    pub(super) id: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) status: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) current_release_date: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) initial_release_date: Lenient<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ProductTree<'a> {
    #[serde(borrow)]
    pub(super) branches: Vec<Branch<'a>>,
    #[serde(borrow)]
    pub(super) full_product_names: Vec<FullName<'a>>,
    #[serde(borrow)]
    pub(super) product_groups: Vec<Group<'a>>,
    #[serde(borrow)]
    pub(super) relationships: Vec<Relationship<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Branch<'a> {
    #[serde(borrow, default)]
    pub(super) category: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product: Option<FullName<'a>>,
    #[serde(borrow, default)]
    pub(super) branches: Vec<Branch<'a>>,
}

#[derive(Deserialize)]
pub(super) struct FullName<'a> {
    #[serde(borrow, default)]
    pub(super) product_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product_identification_helper: Lenient<Helper<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Helper<'a> {
    #[serde(borrow, default)]
    pub(super) purl: Text<'a>,
    /// 2.1 has a list.
    #[serde(borrow, default)]
    pub(super) purls: Lenient<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub(super) hashes: Lenient<Vec<FileHashes<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct FileHashes<'a> {
    #[serde(borrow, default)]
    pub(super) file_hashes: Lenient<Vec<FileHash<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct FileHash<'a> {
    #[serde(borrow, default)]
    pub(super) algorithm: Text<'a>,
    #[serde(borrow, default)]
    pub(super) value: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Group<'a> {
    #[serde(borrow, default)]
    pub(super) group_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Relationship<'a> {
    #[serde(borrow)]
    pub(super) full_product_name: FullName<'a>,
    #[serde(borrow, default)]
    pub(super) product_reference: Text<'a>,
    #[serde(borrow, default)]
    pub(super) relates_to_product_reference: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Text<'a>,
    #[serde(borrow, default)]
    pub(super) ids: Entries<OtherId<'a>>,
    #[serde(borrow, default)]
    pub(super) product_status: BTreeMap<String, Entries<Text<'a>>>,
    #[serde(borrow, default)]
    pub(super) flags: Entries<Flag<'a>>,
    #[serde(borrow, default)]
    pub(super) threats: Entries<Threat<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OtherId<'a> {
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Flag<'a> {
    #[serde(borrow, default)]
    pub(super) label: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) group_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Threat<'a> {
    #[serde(borrow, default)]
    pub(super) category: Text<'a>,
    #[serde(borrow, default)]
    pub(super) details: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) group_ids: Vec<Text<'a>>,
}
