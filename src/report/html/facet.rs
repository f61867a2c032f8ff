//! A property of findings with few values, by which they are filtered.

use std::cmp::Reverse;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use crate::report::escape;

/// Most values that are offered. Findings with others can be searched.
const MOST_VALUES: usize = 40;

/// Most characters of a value: reports choose the names of ecosystems.
const LONGEST: usize = 60;

/// A property with its values and, for every finding, those that it has.
#[derive(Serialize)]
pub(super) struct Facet {
    /// Its name in addresses and in the script.
    pub(super) name: &'static str,
    #[serde(skip)]
    pub(super) title: &'static str,
    /// The values, in the order in which they are offered.
    #[serde(rename = "values", serialize_with = "values_only")]
    pub(super) options: Vec<FacetOption>,
    /// The combinations of values that occur, as numbers of `values`.
    sets: IndexSet<Vec<usize>>,
    /// For every finding the number of its combination.
    rows: Vec<usize>,
}

/// A value that can be chosen.
pub(super) struct FacetOption {
    /// The value as in addresses.
    pub(super) value: String,
    /// The value in words.
    pub(super) label: String,
    /// Findings that have it.
    pub(super) count: usize,
}

fn values_only<S: serde::Serializer>(
    options: &[FacetOption],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(options.iter().map(|option| &option.value))
}

impl Facet {
    /// A property whose values, in names and words, are given finding by finding. Those that most
    /// findings have are offered first.
    pub(super) fn new<'a>(
        name: &'static str,
        title: &'static str,
        findings: impl Iterator<Item = Vec<(&'a str, &'a str)>>,
    ) -> Self {
        let mut counted: IndexMap<String, FacetOption> = IndexMap::new();
        let mut sets: IndexSet<Vec<usize>> = IndexSet::new();
        let mut rows = Vec::new();
        for values in findings {
            let numbers = values.into_iter().map(|(value, label)| {
                let value = escape::limited(value, LONGEST).into_owned();
                let entry = counted.entry(value.clone());
                let number = entry.index();
                let option = entry.or_insert_with(|| FacetOption {
                    value,
                    label: escape::limited(label, LONGEST).into_owned(),
                    count: 0,
                });
                option.count += 1;
                number
            });
            rows.push(sets.insert_full(numbers.collect()).0);
        }
        let mut facet = Self {
            name,
            title,
            options: counted.into_values().collect(),
            sets,
            rows,
        };
        facet.sort_by_key(|option| Reverse(option.count));
        facet
    }

    /// The same, with the values in this order instead. Others come last.
    pub(super) fn in_order(mut self, values: &[&str]) -> Self {
        self.sort_by_key(|option| {
            let known = values.iter().position(|value| *value == option.value);
            known.unwrap_or(values.len())
        });
        self
    }

    /// Orders the options and leaves out those beyond the limit, in every combination too.
    fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&FacetOption) -> K) {
        let mut order: Vec<(usize, FacetOption)> = std::mem::take(&mut self.options)
            .into_iter()
            .enumerate()
            .collect();
        order.sort_by_key(|(_, option)| key(option));
        order.truncate(MOST_VALUES);
        let mut places = IndexMap::new();
        for (place, (number, option)) in order.into_iter().enumerate() {
            places.insert(number, place);
            self.options.push(option);
        }
        let mut sets = IndexSet::new();
        let renamed: Vec<usize> = self
            .sets
            .iter()
            .map(|set| {
                let mut set: Vec<usize> = set
                    .iter()
                    .filter_map(|number| places.get(number).copied())
                    .collect();
                set.sort_unstable();
                sets.insert_full(set).0
            })
            .collect();
        for row in &mut self.rows {
            *row = renamed.get(*row).copied().unwrap_or_default();
        }
        self.sets = sets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_findings_when_they_are_ordered() {
        let findings = [vec!["a"], vec!["b", "c"], vec!["b"], vec![]];
        let findings = findings.map(|values| values.into_iter().map(|v| (v, v)).collect());
        let facet = Facet::new("x", "X", findings.into_iter());
        let values: Vec<_> = facet
            .options
            .iter()
            .map(|o| (o.value.as_str(), o.count))
            .collect();
        assert_eq!(values, [("b", 2), ("a", 1), ("c", 1)]);
        let of_rows = |facet: &Facet| -> Vec<Vec<String>> {
            let sets = facet.rows.iter().map(|row| &facet.sets[*row]);
            sets.map(|set| {
                set.iter()
                    .map(|n| facet.options[*n].value.clone())
                    .collect()
            })
            .collect()
        };
        assert_eq!(
            of_rows(&facet),
            [vec!["a"], vec!["b", "c"], vec!["b"], vec![]]
        );
        let facet = facet.in_order(&["c", "a"]);
        assert_eq!(
            of_rows(&facet),
            [vec!["a"], vec!["c", "b"], vec!["b"], vec![]]
        );
    }

    #[test]
    fn reports_cannot_offer_thousands_of_values() {
        let names: Vec<String> = (0..1_000).map(|n| format!("kind-{n}")).collect();
        let findings = names
            .iter()
            .map(|name| vec![(name.as_str(), name.as_str())]);
        let facet = Facet::new("x", "X", findings);
        assert_eq!(facet.options.len(), MOST_VALUES);
        assert_eq!(facet.rows.len(), 1_000);
        assert_eq!(facet.sets.len(), MOST_VALUES + 1);
    }
}
