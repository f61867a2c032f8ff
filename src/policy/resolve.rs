//! From a policy and the name of a profile to what is applied.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::{Action, ScannerId, Severity};
use crate::reconcile::severity::SeverityRule;

use super::acknowledged::Acknowledgements;
use super::document::{
    Age, BandRule, Bands, ByFix, Consequence, Cuda, Document, Enrichment, Grace, Profile, Resolve,
    ScannerDemands, SeverityChoice, UncheckedDemand,
};
use super::ignore::IgnoreRules;
use super::pattern::name_pattern;
use super::problem::{PolicyError, PolicyErrors, nearest};
use super::profiles::{Link, chain, half};
use super::read;
use super::rules::CompiledConditions;
use super::yaml;

/// The documented default policy, as it stands at the top of the repository.
const BUILT_IN: &str = include_str!("../../policy.yaml");
/// What the built-in policy is called in reports and messages.
const BUILT_IN_SOURCE: &str = "built-in";
/// The profile that applies when neither the user nor the policy names one.
const USUAL_PROFILE: &str = "production";

static SHIPPED: LazyLock<Document> = LazyLock::new(|| {
    let shipped = read::Shipped {
        profiles: &BTreeMap::new(),
        rule_sets: &BTreeMap::new(),
    };
    #[expect(
        clippy::expect_used,
        reason = "the text is compiled in and a test reads it"
    )]
    read::document(BUILT_IN, BUILT_IN_SOURCE, shipped)
        .expect("the policy that ships with the program is valid")
});

/// A valid policy: every profile that it has can be resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub(super) document: Document,
    source: String,
    /// The file, in which positions are looked up.
    pub(super) text: String,
}

/// Reads and checks a policy file. `source` is the name under which problems are reported.
///
/// # Errors
/// Every problem of the file, each with line, column and what to do about it. A text that is not
/// YAML at all has one.
pub fn parse(text: &str, source: &str) -> Result<Policy, PolicyErrors> {
    let shipped = read::Shipped {
        profiles: &SHIPPED.profiles,
        rule_sets: &SHIPPED.rule_sets,
    };
    Ok(Policy {
        document: read::document(text, source, shipped)?,
        source: source.to_owned(),
        text: text.to_owned(),
    })
}

impl Policy {
    /// The policy that ships with the program.
    pub fn built_in() -> Self {
        Self {
            document: SHIPPED.clone(),
            source: BUILT_IN_SOURCE.to_owned(),
            text: BUILT_IN.to_owned(),
        }
    }

    /// The text of [`Policy::built_in`], comments included.
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// What is written in the file.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The name under which the policy was read.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of all profiles, those that ship with the program included, sorted.
    pub fn profiles(&self) -> Vec<&str> {
        let own = self.document.profiles.keys();
        let mut names: Vec<&str> = own
            .chain(SHIPPED.profiles.keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// True for [`Policy::built_in`].
    pub fn is_built_in(&self) -> bool {
        self.source == BUILT_IN_SOURCE
    }

    /// What ships with the program besides the file's own.
    pub(super) fn shipped() -> &'static Document {
        &SHIPPED
    }

    /// The profile that applies to an image when the user names none. `image` is the reference by
    /// which the user, or another job, asked for it: the names that an archive gives itself are its
    /// maker's word and must not choose how strictly it is judged.
    pub fn profile_of(&self, image: Option<&str>) -> &str {
        let own = image.and_then(|image| {
            self.document.profile_for.iter().find(|entry| {
                name_pattern(&entry.image)
                    .is_ok_and(|pattern| pattern.compile_matcher().is_match(image))
            })
        });
        own.map(|entry| entry.profile.as_str())
            .or(self.document.default_profile.as_deref())
            .unwrap_or(USUAL_PROFILE)
    }

    /// The policy under one profile; without a name, under the policy's default.
    ///
    /// # Errors
    /// [`PolicyError::UnknownProfile`] with the profiles that there are.
    pub fn resolve(&self, profile: Option<&str>) -> Result<ResolvedPolicy, PolicyError> {
        let name = profile.unwrap_or_else(|| self.profile_of(None));
        let unknown = || PolicyError::UnknownProfile {
            policy: self.source.clone(),
            name: name.to_owned(),
            known: self.profiles().into_iter().map(str::to_owned).collect(),
            nearest: nearest(name, self.profiles()).map(str::to_owned),
        };
        // A broken chain or pattern was an error of `parse`; nothing else is left to be unknown.
        let chain =
            chain(name, &self.document.profiles, &SHIPPED.profiles).map_err(|_| unknown())?;
        let document = &self.document;
        let origin = Origin {
            is_shipped: self.is_built_in(),
        };
        Ok(ResolvedPolicy {
            source: self.source.clone(),
            profile: name.to_owned(),
            description: first(&chain, |profile| profile.description.clone()),
            severity: severity_rule(document.severity.as_ref()),
            scanners: scanner_rules(&chain, &document.scanners),
            rules: rules(&chain, origin).map_err(|_| unknown())?,
            decisions: decisions(&chain, origin).ok_or_else(unknown)?,
            grace: chain.iter().find_map(|link| {
                let path = origin.path(link, "grace");
                link.profile.grace.map(|grace| (grace, path))
            }),
            unchecked: first(&chain, |profile| profile.unchecked).unwrap_or(UncheckedDemand::List),
            ignore: IgnoreRules::compile(document, &SHIPPED.rule_sets).map_err(|_| unknown())?,
            acknowledged: Acknowledgements::compile(&document.acknowledge_unchecked)
                .map_err(|_| unknown())?,
            written: document.clone(),
        })
    }
}

/// Where a resolved value is written.
#[derive(Clone, Copy, Debug)]
struct Origin {
    is_shipped: bool,
}

impl Origin {
    /// The path of a key in a profile. In a user's report one that is not in the user's file says
    /// so.
    fn path(self, link: &Link<'_>, key: &str) -> String {
        let prefix = if link.shipped && !self.is_shipped {
            "built-in:"
        } else {
            ""
        };
        format!("{prefix}profiles.{}.{key}", link.name)
    }
}

/// The rules of all profiles on the way up, nearest first; of one name the nearest.
fn rules(chain: &[Link<'_>], origin: Origin) -> Result<Vec<CompiledConditions>, String> {
    let mut rules: Vec<CompiledConditions> = Vec::new();
    for link in chain {
        for rule in &link.profile.rules {
            if !rules.iter().any(|nearer| nearer.rule.name == rule.name) {
                let path = origin.path(link, &format!("rules.{}", rule.name));
                rules.push(CompiledConditions::new(rule, path)?);
            }
        }
    }
    Ok(rules)
}

/// What the nearest profile states.
fn first<T>(chain: &[Link<'_>], get: impl Fn(&Profile) -> Option<T>) -> Option<T> {
    chain.iter().find_map(|link| get(link.profile))
}

fn severity_rule(choice: Option<&SeverityChoice>) -> SeverityRule {
    match choice.map(|choice| &choice.resolve) {
        Some(Resolve::Word(word)) => SeverityRule::from_word(word).unwrap_or_default(),
        Some(Resolve::Scanners(names)) => {
            SeverityRule::Scanners(names.iter().map(|name| ScannerId::new(name)).collect())
        }
        None => SeverityRule::default(),
    }
}

fn scanner_rules(chain: &[Link<'_>], policy: &ScannerDemands) -> ScannerRules {
    let shipped = &SHIPPED.scanners;
    let required = first(chain, |profile| profile.scanners.required.clone())
        .or_else(|| policy.required.clone())
        .unwrap_or_default();
    let quorum = first(chain, |profile| profile.scanners.quorum)
        .or(policy.quorum)
        .or(shipped.quorum)
        .unwrap_or(1);
    ScannerRules {
        required: required.iter().map(|name| ScannerId::new(name)).collect(),
        quorum: usize::try_from(quorum).unwrap_or(usize::MAX),
        max_database_age: first(chain, |profile| profile.scanners.max_database_age)
            .or(policy.max_database_age)
            .or(shipped.max_database_age),
    }
}

/// For each band, worst first: what happens with a fix and without.
fn decisions(chain: &[Link<'_>], origin: Origin) -> Option<Vec<BandDecision>> {
    Severity::WORST_FIRST
        .into_iter()
        .map(|severity| {
            let stated = |fixable: bool| {
                chain.iter().find_map(|link| {
                    let rule = link.profile.severity.get(severity)?;
                    let consequence = half(Some(rule), fixable)?;
                    let suffix = match (rule, fixable) {
                        (BandRule::Always(_), _) => "",
                        (BandRule::ByFix(_), true) => ".fixable",
                        (BandRule::ByFix(_), false) => ".unfixed",
                    };
                    Some(SeverityDecision {
                        consequence,
                        rule: origin.path(link, &format!("severity.{severity}{suffix}")),
                    })
                })
            };
            Some(BandDecision {
                severity,
                fixable: stated(true)?,
                unfixed: stated(false)?,
            })
        })
        .collect()
}

/// A policy under one profile: nothing is inherited any more, every pattern is ready.
#[derive(Clone, Debug)]
pub struct ResolvedPolicy {
    source: String,
    profile: String,
    description: Option<String>,
    severity: SeverityRule,
    scanners: ScannerRules,
    pub(super) rules: Vec<CompiledConditions>,
    decisions: Vec<BandDecision>,
    /// With the path at which it is written.
    pub(super) grace: Option<(Grace, String)>,
    pub(super) unchecked: UncheckedDemand,
    pub(super) ignore: IgnoreRules,
    pub(super) acknowledged: Acknowledgements,
    /// The policy as it was read, for what every profile shares.
    written: Document,
}

/// What a policy demands of the scanners of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannerRules {
    /// Scanners whose trustworthy result is indispensable.
    pub required: Vec<ScannerId>,
    /// How many scanners have to give a trustworthy result, at least 1.
    pub quorum: usize,
    /// How old a database may be; `None` for any age.
    pub max_database_age: Option<Age>,
}

#[derive(Clone, Debug)]
struct BandDecision {
    severity: Severity,
    fixable: SeverityDecision,
    unfixed: SeverityDecision,
}

/// What a severity leads to, and where that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeverityDecision {
    consequence: Consequence,
    pub(super) rule: String,
}

impl SeverityDecision {
    pub(super) fn action(&self) -> Action {
        self.consequence.into()
    }
}

impl ResolvedPolicy {
    /// The name under which the policy was read; `built-in` for the shipped one.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// What the profile is for, when it says so.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// How severities are chosen; an input of reconciling.
    pub fn severity_rule(&self) -> &SeverityRule {
        &self.severity
    }

    /// What is demanded of the scanners.
    pub fn scanners(&self) -> &ScannerRules {
        &self.scanners
    }

    /// The VEX documents that apply, as the policy names them.
    pub fn vex(&self) -> &[String] {
        &self.written.vex
    }

    /// Where what is known of exploitation comes from.
    pub fn enrichment(&self) -> &Enrichment {
        &self.written.enrichment
    }

    /// What the policy says of the hosts' drivers.
    pub fn cuda(&self) -> &Cuda {
        &self.written.cuda
    }

    /// True when the run cannot pass without this scanner's result.
    pub fn requires(&self, scanner: &ScannerId) -> bool {
        self.scanners.required.contains(scanner)
    }

    /// What a severity leads to.
    pub fn action(&self, severity: Severity, fixable: bool) -> Action {
        self.severity_decision(severity, fixable)
            .map_or(Action::Block, SeverityDecision::action)
    }

    /// `None` is impossible: a policy that does not decide every band is not valid.
    pub(super) fn severity_decision(
        &self,
        severity: Severity,
        fixable: bool,
    ) -> Option<&SeverityDecision> {
        let band = self
            .decisions
            .iter()
            .find(|band| band.severity == severity)?;
        Some(if fixable {
            &band.fixable
        } else {
            &band.unfixed
        })
    }

    /// The policy as applied: a complete policy of this one profile, which decides the same
    /// without the file that it came from.
    pub fn to_document(&self) -> Document {
        let mut severity = Bands::default();
        for band in &self.decisions {
            let (fixable, unfixed) = (band.fixable.consequence, band.unfixed.consequence);
            *severity.slot(band.severity) = Some(if fixable == unfixed {
                BandRule::Always(fixable)
            } else {
                BandRule::ByFix(ByFix {
                    fixable: Some(fixable),
                    unfixed: Some(unfixed),
                })
            });
        }
        let profile = Profile {
            extends: None,
            description: self.description.clone(),
            severity,
            rules: self.rules.iter().map(|rule| rule.rule.clone()).collect(),
            grace: self.grace.as_ref().map(|(grace, _)| *grace),
            unchecked: Some(self.unchecked),
            scanners: ScannerDemands::default(),
        };
        let resolve = match &self.severity {
            SeverityRule::Scanners(order) => {
                Resolve::Scanners(order.iter().map(|id| id.as_str().to_owned()).collect())
            }
            word => Resolve::Word(word.describe()),
        };
        let required = self
            .scanners
            .required
            .iter()
            .map(|id| id.as_str().to_owned());
        let used = self.written.use_rule_sets.iter().map(|used| &used.name);
        Document {
            version: 1,
            scanners: ScannerDemands {
                required: Some(required.collect()),
                quorum: u32::try_from(self.scanners.quorum).ok(),
                max_database_age: self.scanners.max_database_age,
            },
            severity: Some(SeverityChoice { resolve }),
            default_profile: Some(self.profile.clone()),
            profile_for: Vec::new(),
            profiles: BTreeMap::from([(self.profile.clone(), profile)]),
            // A later version of the program may ship other sets under these names.
            rule_sets: used
                .filter_map(|name| {
                    let own = self.written.rule_sets.get(name);
                    let set = own.or_else(|| SHIPPED.rule_sets.get(name))?;
                    Some((name.clone(), set.clone()))
                })
                .collect(),
            ..self.written.clone()
        }
    }

    /// [`ResolvedPolicy::to_document`] as YAML that [`parse`] reads again.
    ///
    /// # Errors
    /// The YAML library's message. The types of a policy give it no reason for one.
    pub fn to_yaml(&self) -> Result<String, String> {
        yaml::write(&self.to_document())
    }
}
