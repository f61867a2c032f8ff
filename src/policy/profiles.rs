//! The way from a profile up through all that it extends.

use std::collections::BTreeMap;

use super::document::{BandRule, Consequence, Profile};

/// A profile on the way up from the one asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'p> {
    pub(super) name: &'p str,
    pub(super) profile: &'p Profile,
    /// True for a profile that ships with the program and is not in the file.
    pub(super) shipped: bool,
}

/// Why there is no way up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChainError {
    /// The profile `of` extends `name`, which is not there.
    Unknown { of: String, name: String },
    /// The profiles on a circle, the first one repeated at the end.
    Cycle(Vec<String>),
}

/// A profile and all that it extends, nearest first. A file's profile hides the shipped one of the
/// same name, except from itself: `production: {extends: production}` builds on the shipped one.
pub(super) fn chain<'p>(
    start: &str,
    profiles: &'p BTreeMap<String, Profile>,
    shipped: &'p BTreeMap<String, Profile>,
) -> Result<Vec<Link<'p>>, ChainError> {
    let mut links: Vec<Link<'p>> = Vec::new();
    let mut next = (start, "");
    loop {
        let (name, of) = next;
        let own = profiles.get_key_value(name).filter(|_| of != name);
        let found = own
            .map(|entry| (entry, false))
            .or_else(|| shipped.get_key_value(name).map(|entry| (entry, true)));
        let Some(((name, profile), shipped)) = found else {
            return Err(ChainError::Unknown {
                of: of.to_owned(),
                name: name.to_owned(),
            });
        };
        let same = |link: &Link<'_>| link.name == name && link.shipped == shipped;
        if let Some(first) = links.iter().position(same) {
            let mut circle: Vec<String> = links
                .iter()
                .skip(first)
                .map(|link| link.name.to_owned())
                .collect();
            circle.push(name.clone());
            return Err(ChainError::Cycle(circle));
        }
        links.push(Link {
            name,
            profile,
            shipped,
        });
        match &profile.extends {
            Some(parent) => next = (parent, name),
            None => return Ok(links),
        }
    }
}

/// What a band's rule says for findings with or without a fix.
pub(super) fn half(rule: Option<&BandRule>, fixable: bool) -> Option<Consequence> {
    match rule? {
        BandRule::Always(consequence) => Some(*consequence),
        BandRule::ByFix(by_fix) if fixable => by_fix.fixable,
        BandRule::ByFix(by_fix) => by_fix.unfixed,
    }
}
