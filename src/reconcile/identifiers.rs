//! Which ids name the same flaw.
//!
//! Reports assert aliases; a union over all of them would weld different CVEs together, since real
//! advisories bundle several flaws. So a CVE is a separator: an id attaches to at most one CVE, an id
//! that names several is a *hub*, and a distribution's notice is an *umbrella*. Hubs and umbrellas
//! are evidence about their members and never join them
//! (`docs/decisions/0002-alias-classes.md`).

mod graph;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::graph::Graph;
use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, AliasAssertion, IdRelation, Observation, ScannerId,
};

/// What makes two alias assertions one: both ids, scanner, field, and how the ids are spelled where
/// that is not how they are interned.
type Saying<'a> = (
    Id,
    Id,
    &'a ScannerId,
    &'a str,
    Option<(&'a AdvisoryId, &'a AdvisoryId)>,
);

/// One observation with the scanner that made it.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub(super) scanner: &'a ScannerId,
    pub(super) observation: &'a Observation,
}

/// Index of a class of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ClassIndex(u32);

/// An interned id. Small, so that the graph is a few flat vectors.
type Id = u32;

/// The classes of a run.
pub(super) struct Classes<'a> {
    interned: HashMap<AdvisoryId, Id>,
    ids: Vec<AdvisoryId>,
    class_of: Vec<ClassIndex>,
    all: Vec<Class<'a>>,
    /// What each statement names, in their order.
    named: Vec<Id>,
    /// Where each statement begins in `named`.
    starts: Vec<usize>,
}

/// A set of ids that name one flaw, or one hub or umbrella by itself.
#[derive(Default)]
pub(super) struct Class<'a> {
    /// Canonical id first, then by rank and text.
    pub(super) ids: Vec<AdvisoryId>,
    /// For hubs and umbrellas: the classes of the CVEs that they cover.
    pub(super) covers: Vec<ClassIndex>,
    /// Why ids of this class are here.
    pub(super) assertions: Vec<AliasAssertion>,
    /// What is known of the ids, canonical first, then by scanner.
    pub(super) advisories: Vec<&'a Advisory>,
    /// Whether the canonical id still stands.
    pub(super) state: AdvisoryState,
}

impl<'a> Classes<'a> {
    /// Builds the classes from every statement of the run and what the reports say of single ids.
    pub(super) fn build(
        statements: &[Statement<'a>],
        advisories: &[(&'a ScannerId, &'a AdvisoryId, &'a Advisory)],
    ) -> Self {
        let duplicates = duplicates(advisories);
        let mut graph = Graph::default();
        for statement in statements {
            graph.add(statement.observation, &duplicates);
        }
        let mut classes = graph.into_classes();
        classes.record_assertions(statements, &duplicates);
        // A rejected or disputed CVE is often known from another id's record only. A withdrawn
        // advisory says nothing of the CVE that it was about, and a duplicate nothing of the other.
        for (_, id, advisory) in advisories {
            let own = duplicates.resolve(id) == id.unwrapped();
            if own
                && matches!(
                    advisory.state,
                    AdvisoryState::Rejected | AdvisoryState::Disputed
                )
            {
                let class = classes.class(id);
                if let Some(class) = class.and_then(|c| classes.all.get_mut(c.0 as usize)) {
                    class.state = class.state.max(advisory.state);
                }
            }
        }
        // Twice over the list: what concerns the canonical id comes first, each time by scanner.
        for canonical in [true, false] {
            for (_, id, advisory) in advisories {
                let Some(class) = classes.class(id) else {
                    continue;
                };
                let Some(class) = classes.all.get_mut(class.0 as usize) else {
                    continue;
                };
                if (class.ids.first() == Some(&id.unwrapped())) == canonical {
                    class.advisories.push(advisory);
                    if canonical {
                        class.state = class.state.max(advisory.state);
                    }
                }
            }
        }
        classes
    }

    /// The class of an id; `None` when no statement names it.
    pub(super) fn class(&self, id: &AdvisoryId) -> Option<ClassIndex> {
        let id = self
            .interned
            .get(id)
            .or_else(|| self.interned.get(&id.unwrapped()))?;
        self.class_of.get(*id as usize).copied()
    }

    /// The classes of the ids that a statement names, its own first, then its links in their order.
    /// `statement` is its place in the list that the classes were built from.
    pub(super) fn named(&self, statement: usize) -> impl Iterator<Item = ClassIndex> {
        let start = self.starts.get(statement).copied().unwrap_or_default();
        let end = self.starts.get(statement + 1).copied();
        let named = self.named.get(start..end.unwrap_or(self.named.len()));
        named
            .into_iter()
            .flatten()
            .filter_map(|id| self.class_of.get(*id as usize).copied())
    }

    /// A class by its index.
    pub(super) fn get(&self, index: ClassIndex) -> Option<&Class<'a>> {
        self.all.get(index.0 as usize)
    }

    fn record_assertions(&mut self, statements: &[Statement<'_>], duplicates: &Duplicates) {
        let mut said: HashMap<Saying<'_>, (IdRelation, &str, &Observation, &AdvisoryId)> =
            HashMap::new();
        for (statement, start) in statements.iter().zip(&self.starts) {
            let observation = statement.observation;
            let Some((primary, linked)) = self.named.get(*start..).and_then(<[Id]>::split_first)
            else {
                continue;
            };
            let class = |id: Id| self.class_of.get(id as usize);
            let is_plain =
                |id: Id, spelled: &AdvisoryId| self.ids.get(id as usize) == Some(spelled);
            for (link, id) in observation.links.iter().zip(linked) {
                if link.relation == IdRelation::Related
                    || link.id == observation.id
                    || class(*id) != class(*primary)
                {
                    continue;
                }
                let plain = is_plain(*primary, &observation.id) && is_plain(*id, &link.id);
                let spelled = (!plain).then_some((&observation.id, &link.id));
                let pointer = observation.pointer.as_str();
                let first = said
                    .entry((*primary, *id, statement.scanner, link.field, spelled))
                    .or_insert((link.relation, pointer, observation, &link.id));
                // The first entry that says so, whatever order the statements come in.
                if (pointer.len(), pointer) < (first.1.len(), first.1) {
                    *first = (link.relation, pointer, observation, &link.id);
                }
            }
        }
        for ((primary, _, scanner, field, _), (relation, pointer, observation, alias)) in said {
            let class = self.class_of.get(primary as usize).copied();
            if let Some(class) = class.and_then(|class| self.all.get_mut(class.0 as usize)) {
                class.assertions.push(AliasAssertion {
                    id: observation.id.clone(),
                    alias: alias.clone(),
                    relation,
                    scanner: scanner.clone(),
                    field: field.to_owned(),
                    pointer: pointer.to_owned(),
                });
            }
        }
        for (id, (target, scanner)) in &duplicates.stated {
            let Some(class) = self.class(target) else {
                continue;
            };
            let Some(class) = self.all.get_mut(class.0 as usize) else {
                continue;
            };
            class.assertions.push(AliasAssertion {
                id: id.clone(),
                alias: target.clone(),
                relation: IdRelation::Alias,
                scanner: scanner.clone(),
                field: "duplicate of".to_owned(),
                pointer: String::new(),
            });
        }
        for class in &mut self.all {
            class.assertions.sort();
        }
    }
}

/// Explicit statements that one id was withdrawn or rejected as a duplicate of another: the only
/// way in which two CVEs become one.
#[derive(Default)]
struct Duplicates {
    stated: BTreeMap<AdvisoryId, (AdvisoryId, ScannerId)>,
}

fn duplicates(advisories: &[(&ScannerId, &AdvisoryId, &Advisory)]) -> Duplicates {
    let mut stated: BTreeMap<AdvisoryId, (AdvisoryId, ScannerId)> = BTreeMap::new();
    let mut contradicted = BTreeSet::new();
    for (scanner, id, advisory) in advisories {
        let Some(target) = &advisory.duplicate_of else {
            continue;
        };
        if !matches!(
            advisory.state,
            AdvisoryState::Rejected | AdvisoryState::Withdrawn
        ) {
            continue;
        }
        let (id, target) = (id.unwrapped(), target.unwrapped());
        match stated.get_mut(&id) {
            Some((known, _)) if *known != target => {
                contradicted.insert(id);
            }
            Some((_, first)) => *first = (*first).clone().min((*scanner).clone()),
            None if id != target => {
                stated.insert(id, (target, (*scanner).clone()));
            }
            None => {}
        }
    }
    // Two reports that name different originals prove nothing: a false split can be repaired.
    stated.retain(|id, _| !contradicted.contains(id));
    Duplicates { stated }
}

impl Duplicates {
    /// The id at the end of the chain of statements; a circle leads nowhere and gives `id` back.
    fn resolve(&self, id: &AdvisoryId) -> AdvisoryId {
        let start = id.unwrapped();
        let mut current = &start;
        for _ in 0..=self.stated.len() {
            match self.stated.get(current) {
                Some((target, _)) => current = target,
                None => return current.clone(),
            }
        }
        start
    }
}

#[cfg(test)]
mod tests;
