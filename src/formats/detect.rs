//! Which format a document is, from its content alone.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Format, ReadError};

/// The top level of a JSON document: the keys of the object, or of the first object in an array.
#[derive(Debug, Default)]
struct Outline {
    is_array: bool,
    members: usize,
    keys: Vec<String>,
    /// Text values of short top-level fields.
    texts: Vec<(String, String)>,
    descriptor: Option<String>,
}

impl Outline {
    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k == key)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, text)| text.as_str())
    }
}

/// Recognises the format of `text`.
///
/// # Errors
/// Says what it saw: text that is not JSON, half a document, something after it, or JSON that no
/// reader knows, with its top-level keys.
pub fn detect(text: &str) -> Result<Format, ReadError> {
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return Err(not_json(text));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outline =
        Outline::deserialize(&mut deserializer).map_err(|error| ReadError::from_json(&error))?;
    deserializer.end().map_err(|error| trailing(&error, text))?;
    classify(&outline).ok_or_else(|| ReadError::UnknownFormat {
        saw: describe(&outline),
    })
}

fn classify(outline: &Outline) -> Option<Format> {
    if outline.is_array {
        return if outline.has("Target") || outline.has("Vulnerabilities") {
            Some(Format::TrivyLegacy)
        } else if outline.has("vulnerabilities")
            || outline.has("packageManager")
            || outline.has("projectName")
            || (outline.has("ok") && outline.has("error"))
        {
            Some(Format::Snyk)
        } else {
            None
        };
    }
    let has = |key: &str| outline.has(key);
    let text = |key: &str| outline.text(key);
    Some(
        if text("bomFormat").is_some_and(|t| t.eq_ignore_ascii_case("CycloneDX")) {
            Format::CycloneDx
        } else if has("spdxVersion") || text("SPDXID").is_some() {
            Format::Spdx
        } else if has("runs") && (has("version") || has("$schema")) {
            Format::Sarif
        } else if text("kind").is_some_and(|t| t.ends_with("VulnerabilityReport")) && has("report")
        {
            Format::TrivyOperator
        } else if has("ClusterName") || (has("Resources") && !has("Results")) {
            Format::TrivyKubernetes
        } else if has("SchemaVersion")
            || (has("ArtifactName") && (has("Results") || has("ArtifactType")))
        {
            Format::Trivy
        } else if has("matches") && (has("descriptor") || has("source") || has("distro")) {
            Format::Grype
        } else if has("scan") && has("vulnerabilities") && (has("version") || has("schema")) {
            Format::GitLab
        } else if has("artifacts")
            && (outline.descriptor.as_deref() == Some("docker-scout")
                || (has("source") && has("attestations")))
        {
            Format::ScoutSbom
        } else if has("artifacts")
            && (has("schema") || has("artifactRelationships") || has("descriptor"))
        {
            Format::Syft
        } else if has("ok")
            || has("packageManager")
            || (has("vulnerabilities") && has("dependencyCount"))
        {
            Format::Snyk
        } else if has("results")
            && (outline.keys.len() == 1
                || has("experimental_config")
                || has("image_metadata")
                || has("license_summary"))
        {
            Format::OsvScanner
        } else {
            return None;
        },
    )
}

fn describe(outline: &Outline) -> String {
    let keys = |n: usize| {
        let mut list: Vec<String> = outline
            .keys
            .iter()
            .take(n)
            .map(|k| format!("`{}`", short(k)))
            .collect();
        if outline.keys.len() > n {
            list.push("…".to_owned());
        }
        list.join(", ")
    };
    match (outline.is_array, outline.members, outline.keys.is_empty()) {
        (true, 0, _) => "an empty list".to_owned(),
        (true, _, true) => "a list of something else than objects".to_owned(),
        (true, _, false) => format!("a list of objects with the keys {}", keys(8)),
        (false, _, true) => "an empty object".to_owned(),
        (false, _, false) => format!("an object with the keys {}", keys(8)),
    }
}

fn not_json(text: &str) -> ReadError {
    let first_line = short(
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or_default(),
    );
    // A line that opens a JSON document further down: the report is there, with talk before it.
    let json_line = text
        .lines()
        .position(|line| {
            line.trim_end() == "{" || line.starts_with("{\"") || line.starts_with("[{")
        })
        .map(|index| index + 1);
    match json_line {
        Some(line) => ReadError::TextBeforeJson { line, first_line },
        None => ReadError::NotJson { first_line },
    }
}

fn trailing(error: &serde_json::Error, text: &str) -> ReadError {
    let rest = offset(text, error.line(), error.column())
        .and_then(|at| text.get(at..))
        .unwrap_or_default()
        .trim();
    ReadError::Trailing {
        line: error.line(),
        column: error.column(),
        second_json: rest.starts_with(['{', '[']),
        text: short(rest.lines().next().unwrap_or_default()),
    }
}

/// Byte offset of a serde_json position: lines from 1, columns from 1 in bytes.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = match line.checked_sub(2) {
        Some(skip) => text.match_indices('\n').nth(skip).map(|(at, _)| at + 1)?,
        None => 0,
    };
    Some((start + column.saturating_sub(1)).min(text.len()))
}

/// At most 60 characters, control characters made visible: this goes to a terminal.
fn short(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(60)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect();
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OutlineVisitor;
        impl<'de> Visitor<'de> for OutlineVisitor {
            type Value = Outline;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object or array")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
                let mut outline = Outline::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "bomFormat" | "SPDXID" | "kind" | "descriptor" => {
                            let raw = map.next_value::<&'de RawValue>()?.get();
                            if let Ok(text) = serde_json::from_str::<String>(raw) {
                                outline.texts.push((key.clone(), text));
                            } else if let Ok(descriptor) = serde_json::from_str::<Named>(raw) {
                                outline.descriptor = descriptor.name;
                            }
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                    outline.keys.push(key);
                }
                Ok(outline)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outline, A::Error> {
                let mut outline = Outline {
                    is_array: true,
                    ..Outline::default()
                };
                while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                    outline.members += 1;
                    if outline.keys.is_empty()
                        && raw.get().starts_with('{')
                        && let Ok(member) = serde_json::from_str::<Outline>(raw.get())
                    {
                        outline.keys = member.keys;
                    }
                }
                Ok(outline)
            }
        }
        deserializer.deserialize_any(OutlineVisitor)
    }
}

#[derive(serde::Deserialize)]
struct Named {
    name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised_from_their_own_keys() {
        for (text, format) in [
            (r#"{"SchemaVersion":2,"ArtifactName":"x"}"#, Format::Trivy),
            (
                r#"[{"Target":"x","Vulnerabilities":null}]"#,
                Format::TrivyLegacy,
            ),
            (
                r#"{"matches":[],"source":null,"distro":{},"descriptor":{"name":"grype"}}"#,
                Format::Grype,
            ),
            (r#"{"ok":false,"error":"x","path":"y"}"#, Format::Snyk),
            (r#"[{"vulnerabilities":[],"ok":true}]"#, Format::Snyk),
            (
                r#"{"$schema":"x","version":"2.1.0","runs":[]}"#,
                Format::Sarif,
            ),
            (
                r#"{"bomFormat":"CycloneDX","specVersion":"1.5"}"#,
                Format::CycloneDx,
            ),
            (r#"{"spdxVersion":"SPDX-2.3","SPDXID":"x"}"#, Format::Spdx),
            (
                r#"{"artifacts":[],"source":{},"schema":{"version":"16"}}"#,
                Format::Syft,
            ),
            (
                r#"{"source":{},"attestations":[],"artifacts":[],"descriptor":{"name":"docker-scout"}}"#,
                Format::ScoutSbom,
            ),
            (r#"{"results":null}"#, Format::OsvScanner),
            (
                r#"{"version":"15.0.6","vulnerabilities":[],"scan":{}}"#,
                Format::GitLab,
            ),
            (
                r#"{"kind":"VulnerabilityReport","report":{}}"#,
                Format::TrivyOperator,
            ),
            (
                r#"{"ClusterName":"x","Resources":[]}"#,
                Format::TrivyKubernetes,
            ),
        ] {
            assert_eq!(detect(text).unwrap(), format, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_report_is_named() {
        let error = |text: &str| detect(text).unwrap_err();
        assert!(matches!(
            error("Usage: docker scout"),
            ReadError::NotJson { .. }
        ));
        assert!(matches!(
            error("  ✓ indexed\n{\n  \"runs\": []\n}"),
            ReadError::TextBeforeJson { line: 2, .. }
        ));
        assert!(matches!(
            error("{\"matches\":[{\"a\":1}"),
            ReadError::Truncated { .. }
        ));
        assert!(matches!(
            error("{\"results\":[]}\nWhat's next:"),
            ReadError::Trailing {
                line: 2,
                second_json: false,
                ..
            }
        ));
        assert!(matches!(
            error("{\"results\":[]} {\"results\":[]}"),
            ReadError::Trailing {
                second_json: true,
                ..
            }
        ));
        assert!(matches!(
            error("{\"results\":[],}"),
            ReadError::Syntax { .. }
        ));
        let ReadError::UnknownFormat { saw } = error(r#"{"name":"left-pad","dependencies":{}}"#)
        else {
            panic!()
        };
        assert!(saw.contains("`name`, `dependencies`"), "{saw}");
        assert!(matches!(error("[]"), ReadError::UnknownFormat { .. }));
    }
}
