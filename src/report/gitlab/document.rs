//! The parts of the report, under the names of GitLab's schema.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Scan {
    pub(super) analyzer: Tool,
    pub(super) scanner: Tool,
    pub(super) start_time: String,
    pub(super) end_time: String,
    pub(super) status: &'static str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<Message>,
    pub(super) options: Vec<ScanOption>,
}

#[derive(Clone, Serialize)]
pub(super) struct Tool {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) vendor: Named,
}

#[derive(Clone, Serialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct Message {
    pub(super) level: &'static str,
    pub(super) value: String,
}

#[derive(Serialize)]
pub(super) struct ScanOption {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) source: &'static str,
}

#[derive(Serialize)]
pub(super) struct Vulnerability<'a> {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) solution: Option<String>,
    pub(super) identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cvss_vectors: Vec<Vector>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<Link>,
    pub(super) details: BTreeMap<&'static str, Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) flags: Vec<Flag>,
    pub(super) location: Location<'a>,
}

#[derive(Serialize)]
pub(super) struct Identifier {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Vector {
    pub(super) vendor: String,
    pub(super) vector: String,
}

#[derive(Serialize)]
pub(super) struct Link {
    pub(super) url: String,
}

/// A detail with its heading.
#[derive(Serialize)]
pub(super) struct Field {
    pub(super) name: &'static str,
    #[serde(flatten)]
    pub(super) detail: Detail,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Detail {
    Text {
        value: String,
    },
    Table {
        header: Vec<Detail>,
        rows: Vec<Vec<Detail>>,
    },
}

#[derive(Serialize)]
pub(super) struct Flag {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) origin: String,
    pub(super) description: String,
}

#[derive(Serialize)]
pub(super) struct Location<'a> {
    pub(super) dependency: Dependency,
    pub(super) operating_system: &'a str,
    pub(super) image: &'a str,
}

#[derive(Serialize)]
pub(super) struct Dependency {
    pub(super) package: Named,
    pub(super) version: String,
}
