//! The parts of SARIF 2.1.0 that carry findings, and the properties that scanners add.

use serde::Deserialize;

use crate::formats::entries::{Entries, Lenient, Number, OneOrMany, Text};

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, default)]
    pub(super) runs: Entries<Run<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    #[serde(borrow, default)]
    pub(super) tool: Lenient<Tool<'a>>,
    #[serde(borrow, default)]
    pub(super) results: Entries<Finding<'a>>,
    #[serde(borrow, default)]
    pub(super) properties: Lenient<RunProperties<'a>>,
    #[serde(borrow, default)]
    pub(super) original_uri_base_ids: Lenient<BaseIds<'a>>,
    #[serde(borrow, default)]
    pub(super) invocations: Entries<Invocation<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Tool<'a> {
    #[serde(borrow, default)]
    pub(super) driver: Lenient<Driver<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) semantic_version: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) rules: Entries<Rule<'a>>,
}

/// Trivy's properties of a run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunProperties<'a> {
    #[serde(borrow, default)]
    pub(super) image_name: Text<'a>,
    #[serde(borrow, default, rename = "imageID")]
    pub(super) image_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) repo_digests: Lenient<OneOrMany<'a>>,
}

#[derive(Deserialize)]
pub(super) struct BaseIds<'a> {
    #[serde(borrow, default, rename = "ROOTPATH")]
    pub(super) root: Lenient<ArtifactLocation<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    #[serde(default)]
    pub(super) execution_successful: Lenient<bool>,
    #[serde(borrow, default)]
    pub(super) end_time_utc: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) short_description: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) full_description: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) help: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) help_uri: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) deprecated_ids: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    pub(super) default_configuration: Lenient<Configuration<'a>>,
    #[serde(borrow, default)]
    pub(super) properties: Lenient<Properties<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Configuration<'a> {
    #[serde(borrow, default)]
    pub(super) level: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
    #[serde(borrow, default)]
    pub(super) markdown: Lenient<Text<'a>>,
}

/// Properties of rules and results, those of all scanners together.
#[derive(Deserialize)]
pub(super) struct Properties<'a> {
    #[serde(borrow, default)]
    pub(super) tags: Lenient<OneOrMany<'a>>,
    #[serde(default, rename = "security-severity")]
    pub(super) security_severity: Lenient<Number>,
    /// crosscheck: the band, which a score cannot say of `negligible` and `unknown`.
    #[serde(borrow, default)]
    pub(super) severity: Lenient<Text<'a>>,
    /// Docker Scout and others: one purl or several.
    #[serde(borrow, default)]
    pub(super) purls: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    pub(super) purl: Lenient<OneOrMany<'a>>,
    /// Docker Scout.
    #[serde(borrow, default)]
    pub(super) fixed_version: Lenient<Text<'a>>,
    #[serde(borrow, default, rename = "cvssV3_severity")]
    pub(super) cvss_severity: Lenient<Text<'a>>,
    #[serde(borrow, default, rename = "cvssV3_vector")]
    pub(super) cvss_vector: Lenient<Text<'a>>,
    #[serde(default, rename = "cvssV3")]
    pub(super) cvss_score: Lenient<Number>,
    /// Trivy.
    #[serde(default, rename = "cvssv2_score")]
    pub(super) trivy_v2_score: Lenient<Number>,
    #[serde(borrow, default, rename = "cvssv2_vector")]
    pub(super) trivy_v2_vector: Lenient<Text<'a>>,
    #[serde(default, rename = "cvssv3_baseScore")]
    pub(super) trivy_v3_score: Lenient<Number>,
    #[serde(borrow, default, rename = "cvssv3_vector")]
    pub(super) trivy_v3_vector: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding<'a> {
    #[serde(borrow, default)]
    pub(super) rule_id: Text<'a>,
    #[serde(default)]
    pub(super) rule_index: Lenient<Number>,
    #[serde(borrow, default)]
    pub(super) rule: Lenient<RuleReference<'a>>,
    #[serde(borrow, default)]
    pub(super) kind: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) level: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) baseline_state: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) locations: Entries<Place<'a>>,
    #[serde(borrow, default)]
    pub(super) suppressions: Entries<Suppression<'a>>,
    #[serde(borrow, default)]
    pub(super) properties: Lenient<Properties<'a>>,
}

#[derive(Deserialize)]
pub(super) struct RuleReference<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(default)]
    pub(super) index: Lenient<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place<'a> {
    #[serde(borrow, default)]
    pub(super) physical_location: Lenient<PhysicalLocation<'a>>,
    #[serde(borrow, default)]
    pub(super) logical_locations: Entries<LogicalLocation<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'a> {
    #[serde(borrow, default)]
    pub(super) artifact_location: Lenient<ArtifactLocation<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ArtifactLocation<'a> {
    #[serde(borrow, default)]
    pub(super) uri: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) fully_qualified_name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Suppression<'a> {
    #[serde(borrow, default)]
    pub(super) status: Text<'a>,
    #[serde(borrow, default)]
    pub(super) justification: Lenient<Text<'a>>,
}

impl Message<'_> {
    /// The text, or the Markdown where there is no text.
    pub(super) fn any(&self) -> &str {
        self.text
            .get()
            .or_else(|| self.markdown.get().and_then(Text::get))
            .unwrap_or_default()
    }
}

impl Rule<'_> {
    pub(super) fn name(&self) -> &str {
        self.name.get().map_or("", Text::as_str)
    }

    /// Tags, which scanners use for severity, package type and CWE.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.properties
            .get()
            .and_then(|properties| properties.tags.get())
            .into_iter()
            .flat_map(OneOrMany::iter)
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.tags().any(|t| t.eq_ignore_ascii_case(tag))
    }
}

impl<'a> Finding<'a> {
    /// The result's own message, empty when there is none.
    pub(super) fn text(&self) -> &str {
        self.message.get().map_or("", Message::any)
    }

    /// URIs of the artifacts that the result lies in.
    pub(super) fn uris(&self) -> impl Iterator<Item = &str> {
        self.locations.iter_ok().filter_map(|place| {
            place
                .physical_location
                .get()?
                .artifact_location
                .get()?
                .uri
                .get()
        })
    }

    pub(super) fn logical_locations(&self) -> impl Iterator<Item = &LogicalLocation<'a>> {
        self.locations
            .iter_ok()
            .flat_map(|place| place.logical_locations.iter_ok())
    }
}

/// The value of a line `Key: value` or `Key   :value` in a message: how Trivy, Grype and Docker
/// Scout write their facts. None when the line is missing or has no value.
pub(super) fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        (name.trim() == key && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_lines_of_both_layouts() {
        let text = "  Package         : pkg:npm/a@1  \nSeverity        :HIGH  \nFixed Version: \n";
        assert_eq!(field(text, "Package"), Some("pkg:npm/a@1"));
        assert_eq!(field(text, "Severity"), Some("HIGH"));
        assert_eq!(field(text, "Fixed Version"), None);
        assert_eq!(field(text, "Version"), None);
    }
}
