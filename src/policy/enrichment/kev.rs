//! CISA's catalogue of Known Exploited Vulnerabilities.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::{AdvisoryId, Diagnostic, KevEntry};

use super::content;
use super::notes::Notes;
use super::{Edition, EnrichmentError};

/// Largest text, in bytes, after decompression; the real one has 2 MB. gzip can make a terabyte of a
/// small file.
const MAX_TEXT: u64 = 32 << 20;

/// The catalogue, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kev {
    edition: Edition,
    entries: BTreeMap<AdvisoryId, KevEntry>,
    diagnostics: Vec<Diagnostic>,
}

/// The parts of the file that are used, by CISA's own schema
/// (`known_exploited_vulnerabilities_schema.json`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    catalog_version: Cow<'a, str>,
    #[serde(borrow)]
    date_released: Cow<'a, str>,
    count: u64,
    #[serde(borrow)]
    vulnerabilities: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, rename = "cveID")]
    cve: Cow<'a, str>,
    #[serde(borrow)]
    date_added: Cow<'a, str>,
    #[serde(borrow, default)]
    due_date: Cow<'a, str>,
    #[serde(borrow, default)]
    known_ransomware_campaign_use: Cow<'a, str>,
}

impl Kev {
    /// Reads CISA's JSON, plain or gzip. `name` is the file in messages.
    ///
    /// # Errors
    /// What is not the catalogue at all, is cut off, or has not one readable entry. A single entry
    /// that cannot be read is told in [`Kev::diagnostics`].
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, EnrichmentError> {
        let text = content::text(bytes, name, MAX_TEXT)?;
        let document: Document<'_> =
            serde_json::from_str(&text).map_err(|error| EnrichmentError::json(name, &error))?;
        let mut notes = Notes::new(name);
        let listed = document.vulnerabilities.len();
        if document.count != listed as u64 {
            notes.warn(format!(
                "the catalogue says that it has {} entries and has {listed}; it may have been cut, \
                 fetch it anew",
                document.count
            ));
        }
        let mut entries: BTreeMap<AdvisoryId, KevEntry> = BTreeMap::new();
        for (index, raw) in document.vulnerabilities.into_iter().enumerate() {
            match entry(raw) {
                Ok((cve, entry)) => {
                    if let Some(known) = entries.get(&cve)
                        && *known != entry
                    {
                        let why = format!("a second entry of {cve}; the later date counts");
                        notes.unreadable(Some(format!("/vulnerabilities/{index}")), why);
                    }
                    let known = entries.entry(cve).or_insert_with(|| entry.clone());
                    if *known < entry {
                        *known = entry;
                    }
                }
                Err(why) => notes.unreadable(Some(format!("/vulnerabilities/{index}")), why),
            }
        }
        if entries.is_empty() {
            return Err(EnrichmentError::Nothing {
                name: name.to_owned(),
                what: "entry",
            });
        }
        Ok(Self {
            edition: Edition::new(&document.catalog_version, &document.date_released),
            entries,
            diagnostics: notes.finish(),
        })
    }

    /// Which publication of the catalogue it is: `catalogVersion` and `dateReleased`.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// Number of vulnerabilities in it.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The entry of a CVE.
    pub fn entry(&self, cve: &AdvisoryId) -> Option<&KevEntry> {
        self.entries.get(cve)
    }

    /// What a person should know about the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

fn entry(raw: &RawValue) -> Result<(AdvisoryId, KevEntry), String> {
    let entry: Entry<'_> = serde_json::from_str(raw.get()).map_err(|error| {
        // The position counts from the start of the entry; the pointer says where that is.
        let message = error.to_string();
        let end = message.rfind(" at line ").unwrap_or(message.len());
        message.get(..end).unwrap_or_default().to_owned()
    })?;
    let cve = content::cve(&entry.cve)?;
    KevEntry::new(
        &entry.date_added,
        &entry.due_date,
        &entry.known_ransomware_campaign_use,
    )
    .map(|kev| (cve, kev))
    .ok_or_else(|| {
        format!(
            "dateAdded `{}` is not a day in the form YYYY-MM-DD",
            content::short(&entry.date_added)
        )
    })
}
