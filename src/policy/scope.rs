//! Conditions on packages, shared by ignore rules, rule sets and the rules of a profile.

use globset::{Glob, GlobMatcher};

use crate::model::{Ecosystem, Finding, Instance, Location};

use super::document::{Conditions, IgnoreRule, SetEntry};
use super::pattern::{exact_pattern, name_pattern, path_pattern};
use super::versions::VersionPattern;

/// The conditions as they are written. All that are given have to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ScopeText<'t> {
    pub(super) package: Option<&'t str>,
    pub(super) purl: Option<&'t str>,
    pub(super) path: Option<&'t str>,
    pub(super) version: Option<&'t str>,
    pub(super) ecosystem: Option<&'t str>,
}

/// The same keys with the same meaning stand in three places of a policy.
macro_rules! scope_of {
    ($($written:ty),*) => {$(
        impl<'t> From<&'t $written> for ScopeText<'t> {
            fn from(written: &'t $written) -> Self {
                Self {
                    package: written.package.as_deref(),
                    purl: written.purl.as_deref(),
                    path: written.path.as_deref(),
                    version: written.version.as_deref(),
                    ecosystem: written.ecosystem.as_deref(),
                }
            }
        }
    )*};
}
scope_of!(IgnoreRule, SetEntry, Conditions);

/// The conditions made ready for matching.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    package: Option<GlobMatcher>,
    purl: Option<GlobMatcher>,
    path: Option<GlobMatcher>,
    version: Option<VersionPattern>,
    ecosystem: Option<Ecosystem>,
}

impl Scope {
    /// Makes conditions ready. They were checked when the policy was read; what is wrong with them is
    /// told all the same.
    pub(super) fn compile<'t>(text: impl Into<ScopeText<'t>>) -> Result<Self, String> {
        let text = text.into();
        let compile = |text: Option<&str>, build: fn(&str) -> Result<Glob, globset::Error>| {
            text.map(|text| build(text).map(|glob| glob.compile_matcher()))
                .transpose()
                .map_err(|error| error.to_string())
        };
        Ok(Self {
            package: compile(text.package, name_pattern)?,
            purl: compile(text.purl, exact_pattern)?,
            path: compile(text.path, path_pattern)?,
            version: text.version.map(VersionPattern::parse).transpose()?,
            ecosystem: text.ecosystem.map(Ecosystem::from_name),
        })
    }

    /// Which of the finding's instances are covered, in their order. A package without a known path
    /// is not covered by a condition on the path, and one with several has to match with all of
    /// them: a copy elsewhere in the image was not what the rule's reason is about.
    pub(super) fn covers(&self, finding: &Finding) -> Vec<bool> {
        finding
            .instances
            .iter()
            .map(|instance| {
                let mut paths = instance.locations.iter().filter_map(path_of).peekable();
                self.is_on(finding, instance)
                    && (self.path.is_none()
                        || paths.peek().is_some() && paths.all(|path| self.is_at(Some(path))))
            })
            .collect()
    }

    /// Whether one place of an instance is meant.
    pub(super) fn covers_place(
        &self,
        finding: &Finding,
        instance: &Instance,
        place: Option<&Location>,
    ) -> bool {
        self.is_on(finding, instance) && self.is_at(place.and_then(path_of))
    }

    /// Everything but the path.
    fn is_on(&self, finding: &Finding, instance: &Instance) -> bool {
        let group = &finding.package;
        let ecosystem = &group.ecosystem;
        self.ecosystem.as_ref().is_none_or(|own| own == ecosystem)
            // The source package's name stands for all that is built from it.
            && (matches(self.package.as_ref(), &group.name)
                || matches(self.package.as_ref(), &instance.name))
            && self.version.as_ref().is_none_or(|version| version.matches(ecosystem, &instance.version))
            && self.is_purl(instance)
    }

    fn is_purl(&self, instance: &Instance) -> bool {
        let Some(pattern) = &self.purl else {
            return true;
        };
        instance.purl.as_deref().is_some_and(|purl| {
            let bare = purl.split(['?', '#']).next().unwrap_or_default();
            let unversioned = bare.rsplit_once('@').map(|(name, _)| name);
            pattern.is_match(purl)
                || pattern.is_match(bare)
                // A scope (`pkg:npm/@babel/core`) is no version, and is written `%40` besides.
                || unversioned.is_some_and(|name| name.contains('/') && pattern.is_match(name))
        })
    }

    fn is_at(&self, path: Option<&str>) -> bool {
        self.path
            .as_ref()
            .is_none_or(|pattern| path.is_some_and(|path| pattern.is_match(path)))
    }
}

fn path_of(place: &Location) -> Option<&str> {
    place.path.as_deref()
}

fn matches(pattern: Option<&GlobMatcher>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(text))
}
