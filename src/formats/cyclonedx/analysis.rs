//! What an entry states of effects on components. Findings and VEX statements are written alike, and
//! both readers read them from here.

use serde::Deserialize;

use crate::formats::entries::{Entries, Lenient, OneOrMany, Text};

/// Another id of the vulnerability.
#[derive(Deserialize)]
pub(crate) struct Reference<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
}

/// What the author found out about the vulnerability's effect (`analysis`).
#[derive(Deserialize)]
pub(crate) struct Analysis<'a> {
    #[serde(borrow, default)]
    pub(crate) state: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) justification: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) response: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    pub(crate) detail: Lenient<Text<'a>>,
    #[serde(borrow, default, rename = "firstIssued")]
    pub(crate) first_issued: Lenient<Text<'a>>,
    #[serde(borrow, default, rename = "lastUpdated")]
    pub(crate) last_updated: Lenient<Text<'a>>,
}

/// A component that has the vulnerability (`affects[]`).
#[derive(Deserialize)]
pub(crate) struct Affected<'a> {
    #[serde(borrow, default, rename = "ref")]
    pub(crate) reference: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) versions: Entries<AffectedVersion<'a>>,
}

/// A version of it, or a range (`affects[].versions[]`).
#[derive(Deserialize)]
pub(crate) struct AffectedVersion<'a> {
    #[serde(borrow, default)]
    pub(crate) version: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) range: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) status: Text<'a>,
}
