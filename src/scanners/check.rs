//! What a manifest can get wrong although it is well-formed.

use std::fmt;

use globset::GlobBuilder;

use super::manifest::{ExitMeaning, Manifest, OutputPlace, Produces, Version};
use crate::formats::Format;
use crate::image::SourceKind;
use crate::model::ScannerId;

/// What a manifest gets wrong although it is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// Where: `steps[1].args`.
    pub(super) place: String,
    /// What, and what to do.
    pub(super) message: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.place, self.message)
    }
}

/// Names that may stand between braces, by where.
const IN_STEPS: &[&str] = &["output", "inventory", "cache", "seconds"];
const IN_NAMED_SOURCES: &[&str] = &["image"];
const IN_LOCAL_SOURCES: &[&str] = &["path"];
const IN_PROBES: &[&str] = &["cache"];
const IN_LOGIN: &[&str] = &["home", "docker-config"];

impl Manifest {
    /// Checks what the types cannot say.
    pub(super) fn check(&self) -> Result<(), Flaw> {
        let flaw = |place: &str, message: &str| {
            Err(Flaw {
                place: place.to_owned(),
                message: message.to_owned(),
            })
        };
        if ScannerId::new(self.name.as_str()) != self.name {
            return flaw(
                "name",
                "use lower-case letters, digits and single hyphens, and the usual name of the scanner",
            );
        }
        if self.sources.is_empty() {
            return flaw(
                "sources",
                "name at least one kind of source that it can read",
            );
        }
        for (kind, args) in &self.sources {
            let place = format!("sources.{}", kind.as_str());
            let known = match kind {
                SourceKind::Remote | SourceKind::Daemon => IN_NAMED_SOURCES,
                _ => IN_LOCAL_SOURCES,
            };
            check_placeholders(&place, args, known)?;
            if !args
                .iter()
                .any(|arg| known.iter().any(|k| arg.contains(&format!("{{{k}}}"))))
            {
                return flaw(
                    &place,
                    "no argument names the image: use `{image}` or `{path}`",
                );
            }
        }
        check_placeholders("platform", &self.platform, &["platform"])?;
        check_placeholders("version.args", &self.version.args, IN_PROBES)?;
        if let Some(database) = &self.database {
            check_placeholders("database.args", &database.args, IN_PROBES)?;
        }
        let set: Vec<String> = self.environment.set.values().cloned().collect();
        check_placeholders("environment.set", &set, IN_PROBES)?;
        for file in self.login.iter().flat_map(|login| &login.files) {
            check_placeholders("login.files", std::slice::from_ref(&file.path), IN_LOGIN)?;
        }
        for probe in
            std::iter::once(&self.version).chain(self.companions.iter().map(|c| &c.version))
        {
            if probe.json.is_some() && probe.line_prefix.is_some() {
                return flaw("version", "give either `json` or `line-prefix`, not both");
            }
            if probe
                .minimum
                .as_deref()
                .is_some_and(|m| Version::parse(m).is_none())
            {
                return flaw("version.minimum", "this is not a version such as `1.2.3`");
            }
        }
        self.check_steps()?;
        self.check_capabilities()?;
        if !self.exit_codes.values().any(|m| *m == ExitMeaning::Clean) {
            return flaw("exit-codes", "no code means `clean`");
        }
        Ok(())
    }

    fn check_capabilities(&self) -> Result<(), Flaw> {
        let capabilities = &self.capabilities;
        let flaw = |place: &str, message: &str| {
            Err(Flaw {
                place: format!("capabilities.{place}"),
                message: message.to_owned(),
            })
        };
        for (index, pattern) in capabilities.skips_maintainers.iter().enumerate() {
            let place = || format!("capabilities.skips-maintainers[{index}]");
            check_pattern(place, pattern)?;
        }
        if let Some(since) = &capabilities.skips_maintainers_since {
            if capabilities.skips_maintainers.is_empty() {
                return flaw(
                    "skips-maintainers-since",
                    "there are no `skips-maintainers` that it could be about",
                );
            }
            check_version(
                || "capabilities.skips-maintainers-since".to_owned(),
                Some(since),
            )?;
        }
        for (index, skipped) in capabilities.skips_packages.iter().enumerate() {
            let place = format!("capabilities.skips-packages[{index}]");
            check_pattern(|| format!("{place}.name"), &skipped.name)?;
            for (id, pattern) in skipped.vulnerabilities.iter().enumerate() {
                check_pattern(|| format!("{place}.vulnerabilities[{id}]"), pattern)?;
            }
            check_versions(&place, skipped.since.as_deref(), skipped.before.as_deref())?;
            for (number, title) in skipped.recorded_in.iter().enumerate() {
                if Format::from_title(title).is_none() {
                    return flaw(
                        &format!("skips-packages[{index}].recorded-in[{number}]"),
                        "this is no report format, as `Grype JSON` is one",
                    );
                }
            }
        }
        if let Some(leaves) = &capabilities.leaves_owned_packages {
            if leaves.ecosystems.is_empty() {
                return flaw(
                    "leaves-owned-packages.ecosystems",
                    "name the purl types that it leaves",
                );
            }
            check_versions(
                "capabilities.leaves-owned-packages",
                leaves.since.as_deref(),
                None,
            )?;
        }
        for (index, tool) in capabilities.inventory_tools.iter().enumerate() {
            if ScannerId::new(tool).as_str() != tool {
                return flaw(
                    &format!("inventory-tools[{index}]"),
                    "write the tool's name in lower-case letters, digits and single hyphens, as in `syft`",
                );
            }
        }
        Ok(())
    }

    fn check_steps(&self) -> Result<(), Flaw> {
        let flaw = |place: String, message: &str| {
            Err(Flaw {
                place,
                message: message.to_owned(),
            })
        };
        let mut names = Vec::new();
        let mut inventory = false;
        let mut findings = false;
        for (index, step) in self.steps.iter().enumerate() {
            let place = format!("steps[{index}]");
            let is_word = !step.name.is_empty()
                && step
                    .name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if !is_word || names.contains(&&step.name) {
                return flaw(
                    format!("{place}.name"),
                    "give every step its own name of lower-case letters, digits and hyphens",
                );
            }
            names.push(&step.name);
            let own: Vec<String> = step
                .args
                .iter()
                .filter(|arg| !matches!(arg.as_str(), "{source}" | "{platform}"))
                .cloned()
                .collect();
            check_placeholders(&format!("{place}.args"), &own, IN_STEPS)?;
            let uses = |name: &str| own.iter().any(|arg| arg.contains(name));
            if (step.output == OutputPlace::File) != uses("{output}") {
                return flaw(
                    format!("{place}.args"),
                    "a step with `output: file` names it by `{output}`, one with `output: stdout` does not",
                );
            }
            if uses("{inventory}") && !inventory {
                return flaw(
                    format!("{place}.args"),
                    "no step before this one produces the inventory",
                );
            }
            let is_companion = |name: &String| {
                self.companions
                    .iter()
                    .any(|companion| companion.executable == *name)
            };
            if step
                .executable
                .as_ref()
                .is_some_and(|name| !is_companion(name))
            {
                return flaw(
                    format!("{place}.executable"),
                    "list this program among the `companions`",
                );
            }
            match step.produces {
                Produces::Inventory if inventory || findings => {
                    return flaw(
                        place,
                        "one inventory is enough, and it comes before the findings",
                    );
                }
                Produces::Findings if findings => {
                    return flaw(place, "one step may produce the findings");
                }
                Produces::Fallback if !findings => {
                    return flaw(
                        place,
                        "a fallback comes after the step that it stands in for",
                    );
                }
                Produces::Inventory => inventory = true,
                Produces::Findings => findings = true,
                Produces::Fallback => {}
            }
        }
        if findings {
            Ok(())
        } else {
            flaw("steps".to_owned(), "no step produces the findings")
        }
    }
}

/// A limit on patterns, whose automata grow with them.
const MAX_PATTERN: usize = 2000;

/// Refuses what no package name, maintainer or id could be matched against.
fn check_pattern(place: impl Fn() -> String, pattern: &str) -> Result<(), Flaw> {
    let message = if pattern.trim().is_empty() {
        "this pattern is empty; use `*` for everything".to_owned()
    } else if pattern.len() > MAX_PATTERN {
        format!("this pattern has more than {MAX_PATTERN} characters; make several of it")
    } else {
        match GlobBuilder::new(pattern).build() {
            Ok(_) => return Ok(()),
            Err(error) => format!(
                "`{pattern}` is no pattern: {}; write it as in `lib*-dev` or `{{a,b}}`",
                error.kind()
            ),
        }
    };
    Err(Flaw {
        place: place(),
        message,
    })
}

fn check_version(place: impl Fn() -> String, text: Option<&str>) -> Result<(), Flaw> {
    // A word after the numbers would be left out when versions are compared.
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    match text {
        Some(text) if !is_plain(text) || Version::parse(text).is_none() => Err(Flaw {
            place: place(),
            message: "this is not a version such as `1.2.3`".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The first version with a rule and the first without it again, in their order.
fn check_versions(place: &str, since: Option<&str>, before: Option<&str>) -> Result<(), Flaw> {
    check_version(|| format!("{place}.since"), since)?;
    check_version(|| format!("{place}.before"), before)?;
    let order = since
        .and_then(Version::parse)
        .zip(before.and_then(Version::parse));
    if order.is_some_and(|(since, before)| since >= before) {
        return Err(Flaw {
            place: place.to_owned(),
            message:
                "no version is from `since` on and before `before`; swap them or leave one out"
                    .to_owned(),
        });
    }
    Ok(())
}

fn check_placeholders(place: &str, args: &[String], known: &[&str]) -> Result<(), Flaw> {
    for arg in args {
        for name in placeholders(arg) {
            if !known.contains(&name) {
                let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
                return Err(Flaw {
                    place: place.to_owned(),
                    message: format!(
                        "`{{{name}}}` has no meaning here; known: {}",
                        known.join(", ")
                    ),
                });
            }
        }
    }
    Ok(())
}

/// The names between braces.
fn placeholders(arg: &str) -> impl Iterator<Item = &str> {
    arg.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}
