//! Which ids name the same flaw.
//!
//! Reports assert aliases; a union over all of them would weld different CVEs together, since real
//! advisories bundle several flaws. So a CVE is a separator: an id attaches to at most one CVE, an id
//! that names several is a *hub*, and a distribution's notice is an *umbrella*. Hubs and umbrellas
//! are evidence about their members and never join them
//! (`docs/decisions/0002-alias-classes.md`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::union_find::UnionFind;
use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, AliasAssertion, IdRelation, IdRole, Observation, ScannerId,
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

/// Claims that an advisory is about a CVE. A *strong* claim stands alone in its entry; a *weak* one
/// stands beside others, as where a scanner copies every id of a bundle to each of its CVEs.
#[derive(Default)]
struct Claims {
    strong: BTreeSet<Id>,
    weak: BTreeSet<Id>,
}

#[derive(Default)]
struct Graph {
    interned: HashMap<AdvisoryId, Id>,
    ids: Vec<AdvisoryId>,
    roles: Vec<IdRole>,
    claims: HashMap<Id, Claims>,
    /// CVEs that a hub or umbrella lists; advisories, for an umbrella over nothing but such.
    members: HashMap<Id, BTreeSet<Id>>,
    /// Advisories that some entry makes a hub by listing several CVEs.
    hubs: HashSet<Id>,
    /// Between advisories of one entry.
    edges: Vec<(Id, Id)>,
    /// Advisories whose only other id is one umbrella.
    under: HashMap<Id, BTreeSet<Id>>,
    /// Spellings that were replaced by another id: wrappers and declared duplicates.
    replaced: Vec<(AdvisoryId, Id)>,
    /// As in [`Classes`].
    named: Vec<Id>,
    starts: Vec<usize>,
}

impl Graph {
    fn intern(&mut self, id: &AdvisoryId, duplicates: &Duplicates) -> Id {
        if let Some(known) = self.interned.get(id) {
            return *known;
        }
        let resolved = duplicates.resolve(id);
        let index = if let Some(known) = self.interned.get(&resolved) {
            *known
        } else {
            let index = Id::try_from(self.ids.len()).unwrap_or(Id::MAX);
            self.roles.push(resolved.role());
            self.ids.push(resolved.clone());
            self.interned.insert(resolved.clone(), index);
            index
        };
        if resolved != *id {
            self.interned.insert(id.clone(), index);
            self.replaced.push((id.clone(), index));
        }
        index
    }

    fn role(&self, id: Id) -> IdRole {
        self.roles
            .get(id as usize)
            .copied()
            .unwrap_or(IdRole::Advisory)
    }

    fn add(&mut self, observation: &Observation, duplicates: &Duplicates) {
        let primary = self.intern(&observation.id, duplicates);
        self.starts.push(self.named.len());
        self.named.push(primary);
        let (mut cves, mut advisories, mut umbrellas) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for link in &observation.links {
            let id = self.intern(&link.id, duplicates);
            self.named.push(id);
            if link.relation == IdRelation::Related || id == primary {
                continue;
            }
            match self.role(id) {
                IdRole::Cve => cves.insert(id),
                IdRole::Advisory => advisories.insert(id),
                IdRole::Umbrella => umbrellas.insert(id),
            };
        }
        match self.role(primary) {
            IdRole::Cve => {
                let alone = advisories.len() == 1 && cves.is_empty();
                for advisory in advisories {
                    let claims = self.claims.entry(advisory).or_default();
                    if alone {
                        &mut claims.strong
                    } else {
                        &mut claims.weak
                    }
                    .insert(primary);
                }
                for umbrella in umbrellas {
                    self.members.entry(umbrella).or_default().insert(primary);
                }
            }
            IdRole::Umbrella => {
                self.members.entry(primary).or_default().extend(cves);
            }
            IdRole::Advisory => match cves.len() {
                0 | 1 => {
                    if let Some(cve) = cves.first() {
                        self.claims.entry(primary).or_default().strong.insert(*cve);
                        for umbrella in &umbrellas {
                            self.members.entry(*umbrella).or_default().insert(*cve);
                        }
                    } else if let (true, 1, Some(umbrella)) =
                        (advisories.is_empty(), umbrellas.len(), umbrellas.first())
                    {
                        self.under.entry(primary).or_default().insert(*umbrella);
                    }
                    self.edges
                        .extend(advisories.into_iter().map(|advisory| (primary, advisory)));
                }
                _ => {
                    self.hubs.insert(primary);
                    self.members.entry(primary).or_default().extend(cves);
                }
            },
        }
    }

    /// The one CVE that each advisory attaches to; advisories with several become hubs.
    fn attach(&mut self) -> Vec<Option<Id>> {
        let mut attached: Vec<Option<Id>> = vec![None; self.ids.len()];
        for (advisory, claims) in &self.claims {
            let candidates = if claims.strong.is_empty() {
                &claims.weak
            } else {
                &claims.strong
            };
            if self.hubs.contains(advisory) || candidates.len() > 1 {
                self.hubs.insert(*advisory);
                self.members
                    .entry(*advisory)
                    .or_default()
                    .extend(candidates.iter().copied());
            } else if let (Some(slot), Some(cve)) =
                (attached.get_mut(*advisory as usize), candidates.first())
            {
                *slot = Some(*cve);
            }
        }
        attached
    }

    fn into_classes<'a>(mut self) -> Classes<'a> {
        let attached = self.attach();
        let joins = |id: Id| self.role(id) == IdRole::Advisory && !self.hubs.contains(&id);
        let edges: Vec<(Id, Id)> = self
            .edges
            .iter()
            .copied()
            .filter(|(a, b)| joins(*a) && joins(*b))
            .collect();

        let mut sets = UnionFind::new(self.ids.len());
        for (a, b) in &edges {
            sets.union(*a, *b);
        }
        // The CVEs that each set would pull together.
        let mut owned: HashMap<Id, BTreeSet<Id>> = HashMap::new();
        for (id, cve) in attached.iter().enumerate() {
            if let Some(cve) = cve {
                let root = sets.find(Id::try_from(id).unwrap_or(Id::MAX));
                owned.entry(root).or_default().insert(*cve);
            }
        }
        // In a set with several CVEs only the ids without a CVE of their own stay together.
        let torn = |sets: &mut UnionFind, id: Id| {
            owned.get(&sets.find(id)).is_some_and(|cves| cves.len() > 1)
        };
        let is_attached = |id: Id| attached.get(id as usize).is_some_and(Option::is_some);
        let mut remnants = UnionFind::new(self.ids.len());
        for (a, b) in &edges {
            if torn(&mut sets, *a) && !is_attached(*a) && !is_attached(*b) {
                remnants.union(*a, *b);
            }
        }

        let under_notice = self.place_under_notices(&mut sets, &owned);

        // The id that stands for each id's class.
        let representative: Vec<Id> = (0..self.ids.len())
            .map(|index| {
                let id = Id::try_from(index).unwrap_or(Id::MAX);
                if let Some(cve) = attached.get(index).copied().flatten() {
                    return cve;
                }
                match self.role(id) {
                    IdRole::Cve => id,
                    IdRole::Umbrella => self.only_member(id).unwrap_or(id),
                    IdRole::Advisory => {
                        if torn(&mut sets, id) {
                            return remnants.find(id);
                        }
                        let root = sets.find(id);
                        let cve = owned.get(&root).and_then(|cves| cves.first());
                        cve.or_else(|| under_notice.get(&root))
                            .copied()
                            .unwrap_or(root)
                    }
                }
            })
            .collect();
        self.number(&representative)
    }

    /// The CVE of an umbrella that is known to cover just one.
    fn only_member(&self, umbrella: Id) -> Option<Id> {
        let members = self.members.get(&umbrella)?;
        if members.len() == 1 {
            members.first().copied()
        } else {
            None
        }
    }

    /// Sets of advisories without a CVE whose only further id is one notice: what stands for each of
    /// them, where that is not the set itself.
    ///
    /// A notice of which one CVE is known is that CVE. Otherwise one set stands with its notice; of
    /// several the notice is no bridge, so that they stay apart and it covers them.
    fn place_under_notices(
        &mut self,
        sets: &mut UnionFind,
        owned: &HashMap<Id, BTreeSet<Id>>,
    ) -> HashMap<Id, Id> {
        let mut notices: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        for (advisory, umbrellas) in &self.under {
            let root = sets.find(*advisory);
            if !owned.contains_key(&root) && !self.hubs.contains(advisory) {
                notices.entry(root).or_default().extend(umbrellas);
            }
        }
        let mut tenants: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
        for (root, umbrellas) in notices {
            if let (1, Some(umbrella)) = (umbrellas.len(), umbrellas.first()) {
                tenants.entry(*umbrella).or_default().push(root);
            }
        }
        let mut placed = HashMap::new();
        for (umbrella, roots) in tenants {
            if let Some(cve) = self.only_member(umbrella) {
                placed.extend(roots.into_iter().map(|root| (root, cve)));
            } else if let [root] = roots.as_slice() {
                placed.insert(*root, umbrella);
            } else if let Some(cves) = self
                .members
                .get(&umbrella)
                .filter(|cves| !cves.is_empty())
                .cloned()
            {
                // Each of them may be about any of the notice's CVEs.
                for root in roots {
                    self.hubs.insert(root);
                    self.members.insert(root, cves.clone());
                }
            } else {
                self.members.insert(umbrella, roots.into_iter().collect());
            }
        }
        placed
    }

    /// Turns representatives into class indices; classes are numbered by their canonical ids, so
    /// that no order of input shows.
    fn number<'a>(self, representative: &[Id]) -> Classes<'a> {
        let mut by_representative: HashMap<Id, Vec<AdvisoryId>> = HashMap::new();
        for (id, root) in self.ids.iter().zip(representative) {
            by_representative.entry(*root).or_default().push(id.clone());
        }
        for (spelling, index) in &self.replaced {
            if let Some(root) = representative.get(*index as usize) {
                by_representative
                    .entry(*root)
                    .or_default()
                    .push(spelling.clone());
            }
        }
        let mut ordered: Vec<(Id, Vec<AdvisoryId>)> = by_representative.into_iter().collect();
        for (root, ids) in &mut ordered {
            // A class that has a CVE is named by it, even if a rejected CVE sorts before.
            let cve = self
                .ids
                .get(*root as usize)
                .filter(|id| id.role() == IdRole::Cve)
                .cloned();
            ids.sort_by_cached_key(|id| (Some(id) != cve.as_ref(), id.rank(), id.clone()));
            ids.dedup();
        }
        ordered.sort_by(|(_, a), (_, b)| a.first().cmp(&b.first()));

        let mut index_of: HashMap<Id, ClassIndex> = HashMap::new();
        for (number, (root, _)) in ordered.iter().enumerate() {
            index_of.insert(*root, ClassIndex(u32::try_from(number).unwrap_or(u32::MAX)));
        }
        let class_of: Vec<ClassIndex> = representative
            .iter()
            .filter_map(|root| index_of.get(root).copied())
            .collect();
        let classes = ordered
            .into_iter()
            .map(|(root, ids)| {
                let is_cover = self.role(root) == IdRole::Umbrella || self.hubs.contains(&root);
                let covers = if is_cover {
                    self.members.get(&root)
                } else {
                    None
                };
                let covers: BTreeSet<ClassIndex> = covers
                    .into_iter()
                    .flatten()
                    .filter_map(|cve| class_of.get(*cve as usize).copied())
                    .collect();
                Class {
                    ids,
                    covers: covers.into_iter().collect(),
                    ..Class::default()
                }
            })
            .collect();
        Classes {
            interned: self.interned,
            ids: self.ids,
            class_of,
            all: classes,
            named: self.named,
            starts: self.starts,
        }
    }
}

#[cfg(test)]
mod tests;
