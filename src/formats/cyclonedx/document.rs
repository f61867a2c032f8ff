//! The parts of CycloneDX that are read.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::analysis::{Affected, Analysis, Reference};
use crate::formats::entries::{Entries, Lenient, Number, OneOrMany, Text};

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, default)]
    pub(super) metadata: Lenient<Metadata<'a>>,
    #[serde(borrow, default)]
    pub(super) components: Entries<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<Vulnerability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow, default)]
    pub(super) timestamp: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) tools: Lenient<Tools<'a>>,
    #[serde(borrow, default)]
    pub(super) component: Lenient<Component<'a>>,
}

/// A list of tools until 1.4, an object with components and services since 1.5.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Tools<'a> {
    List(#[serde(borrow)] Vec<Tool<'a>>),
    Object {
        #[serde(borrow, default)]
        components: Vec<Tool<'a>>,
        #[serde(borrow, default)]
        services: Vec<Tool<'a>>,
    },
}

#[derive(Deserialize)]
pub(super) struct Tool<'a> {
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) version: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Component<'a> {
    #[serde(borrow, default, rename = "bom-ref")]
    pub(super) bom_ref: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) group: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) purl: Text<'a>,
    #[serde(borrow, default)]
    pub(super) publisher: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) supplier: Lenient<Supplier<'a>>,
    #[serde(borrow, default)]
    pub(super) properties: Entries<Property<'a>>,
    #[serde(borrow, default)]
    pub(super) components: Entries<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Supplier<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Property<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) value: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) source: Lenient<NamedSource<'a>>,
    #[serde(borrow, default)]
    pub(super) references: Entries<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) ratings: Entries<CdxRating<'a>>,
    #[serde(borrow, default)]
    pub(super) cwes: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    pub(super) description: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) detail: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) recommendation: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) advisories: Entries<Link<'a>>,
    #[serde(borrow, default)]
    pub(super) published: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) rejected: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) analysis: Lenient<Analysis<'a>>,
    #[serde(borrow, default)]
    pub(super) affects: Entries<Affected<'a>>,
}

#[derive(Deserialize)]
pub(super) struct NamedSource<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) url: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CdxRating<'a> {
    #[serde(borrow, default)]
    pub(super) source: Lenient<NamedSource<'a>>,
    #[serde(default)]
    pub(super) score: Lenient<Number>,
    #[serde(borrow, default)]
    pub(super) severity: Text<'a>,
    #[serde(borrow, default)]
    pub(super) method: Text<'a>,
    #[serde(borrow, default)]
    pub(super) vector: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Link<'a> {
    #[serde(borrow, default)]
    pub(super) url: Text<'a>,
}
