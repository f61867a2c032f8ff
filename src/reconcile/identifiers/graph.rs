//! From the statements of a run to classes of ids: claims, hubs, umbrellas, and the cut where two CVEs
//! would meet.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Class, ClassIndex, Classes, Duplicates, Id};
use crate::model::{AdvisoryId, IdRelation, IdRole, Observation};
use crate::reconcile::union_find::UnionFind;

/// Claims that an advisory is about a CVE. A *strong* claim stands alone in its entry; a *weak* one
/// stands beside others, as where a scanner copies every id of a bundle to each of its CVEs.
#[derive(Default)]
struct Claims {
    strong: BTreeSet<Id>,
    weak: BTreeSet<Id>,
}

/// Everything that the statements of a run say about ids.
#[derive(Default)]
pub(super) struct Graph {
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

    /// Takes in one statement.
    pub(super) fn add(&mut self, observation: &Observation, duplicates: &Duplicates) {
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

    /// The classes that follow from all statements; without assertions yet.
    pub(super) fn into_classes<'a>(mut self) -> Classes<'a> {
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
