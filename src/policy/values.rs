//! Values out of the YAML tree, each with its place, so that whatever is wrong is told there.

use std::collections::BTreeMap;

use super::document::{Age, Day};
use super::problem::{PolicyErrors, Problem, did_you_mean};
use super::yaml::{self, Node, Part};

/// Most problems that one answer lists; the rest is a symptom of something else.
const MAX_PROBLEMS: usize = 50;

/// Reads a YAML file with `build`, which takes the root; `what` names the kind of file for messages.
/// The value is handed out only when there was no problem.
pub(super) fn read<T>(
    text: &str,
    source: &str,
    what: &str,
    build: impl FnOnce(&mut Reader, &Item<'_>) -> Option<T>,
) -> Result<T, PolicyErrors> {
    let whole_file = |position, message| Problem {
        position,
        path: String::new(),
        message,
        help: None,
    };
    let failed = |problems| PolicyErrors {
        source: source.to_owned(),
        problems,
    };
    let root = yaml::load(text).map_err(|(position, message)| {
        failed(vec![whole_file(position, format!("not {what}: {message}"))])
    })?;
    let mut reader = Reader::default();
    let value = build(
        &mut reader,
        &Item {
            node: &root,
            place: Place::root(),
        },
    );
    if reader.problems.is_empty() {
        return value.ok_or_else(|| failed(vec![whole_file(None, format!("not {what}"))]));
    }
    let more = reader.problems.len().saturating_sub(MAX_PROBLEMS);
    let mut problems: Vec<Problem> = reader
        .problems
        .into_iter()
        .take(MAX_PROBLEMS)
        .map(|found| Problem {
            position: yaml::locate(text, &found.place.steps, found.place.part),
            path: found.place.path,
            message: found.message,
            help: found.help,
        })
        .collect();
    problems.sort_by_key(|problem| problem.position);
    if more > 0 {
        let message = format!("{more} more problems are not shown; mend these first");
        problems.push(whole_file(None, message));
    }
    Err(failed(problems))
}

/// A place in the tree, for people (`path`) and for `yaml::locate` (`steps`).
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) steps: Vec<usize>,
    pub(super) part: Part,
}

impl Place {
    pub(super) fn root() -> Self {
        Self {
            path: String::new(),
            steps: Vec::new(),
            part: Part::Value,
        }
    }

    pub(super) fn child(&self, ordinal: usize, path: String) -> Self {
        let mut steps = self.steps.clone();
        steps.push(ordinal);
        Self {
            path,
            steps,
            part: Part::Value,
        }
    }

    pub(super) fn entry(&self, ordinal: usize, key: &str) -> Self {
        let key: String = key.chars().take(60).collect();
        let path = if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        };
        self.child(ordinal, path)
    }

    pub(super) fn member(&self, ordinal: usize) -> Self {
        self.child(ordinal, format!("{}[{ordinal}]", self.path))
    }

    pub(super) fn key(&self) -> Self {
        Self {
            part: Part::Key,
            ..self.clone()
        }
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Item<'n> {
    pub(super) node: &'n Node,
    pub(super) place: Place,
}

pub(super) struct Found {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// A mapping whose keys are taken one by one; what is left over is unknown.
pub(super) struct Fields<'n> {
    pub(super) entries: &'n [(String, Node)],
    pub(super) place: Place,
    pub(super) taken: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The value of a key. `None` when it is not there or is empty: in a configuration a key
    /// without a value is one whose value was commented out.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Item<'n>> {
        self.taken.push(key);
        let ordinal = self.entries.iter().position(|(name, _)| name == key)?;
        let (_, node) = self.entries.get(ordinal)?;
        (*node != Node::Null).then(|| Item {
            node,
            place: self.place.entry(ordinal, key),
        })
    }
}

#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Found>,
}

impl Reader {
    pub(super) fn problem(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.problems.push(Found {
            place: place.clone(),
            message: message.into(),
            help,
        });
    }

    pub(super) fn fields<'n>(&mut self, item: &Item<'n>) -> Fields<'n> {
        let entries = if let Node::Mapping(entries) = item.node {
            entries.as_slice()
        } else {
            let message = format!("expected keys and values, found {}", item.node.describe());
            self.problem(&item.place, message, None);
            &[]
        };
        Fields {
            entries,
            place: item.place.clone(),
            taken: Vec::new(),
        }
    }

    /// The value of a condition. A condition without a value would hold everywhere, which is not what
    /// somebody means who writes one down.
    pub(super) fn condition<'n>(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
    ) -> Option<Item<'n>> {
        let item = fields.take(key);
        let place = fields.entries.iter().position(|(name, _)| name == key);
        if let (None, Some(ordinal)) = (&item, place) {
            let place = fields.place.entry(ordinal, key).key();
            let message = "the condition has no value, and would hold for everything";
            let help = "give it a value, or remove the key";
            self.problem(&place, message, Some(help.to_owned()));
        }
        item
    }

    pub(super) fn required<'n>(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
        help: &str,
    ) -> Option<Item<'n>> {
        let item = fields.take(key);
        if item.is_none() {
            let message = format!("`{key}` is missing");
            self.problem(&fields.place, message, Some(help.to_owned()));
        }
        item
    }

    /// Reports what nobody has taken, and what is there twice.
    pub(super) fn finish(&mut self, fields: &Fields<'_>) {
        let mut seen = BTreeMap::new();
        for (ordinal, (key, _)) in fields.entries.iter().enumerate() {
            let place = fields.place.entry(ordinal, key).key();
            if !fields.taken.contains(&key.as_str()) {
                let known = fields.taken.iter().copied();
                let message = format!("unknown key; there are {}", fields.taken.join(", "));
                self.problem(&place, message, did_you_mean(key, known));
            } else if seen.insert(key, ordinal).is_some() {
                self.problem(&place, "the key is there twice; only one can hold", None);
            }
        }
    }

    /// The entries of a mapping whose keys are free.
    pub(super) fn entries<'n>(&mut self, item: &Item<'n>) -> Vec<(&'n str, Item<'n>)> {
        let fields = self.fields(item);
        let mut found: BTreeMap<&str, Item<'n>> = BTreeMap::new();
        for (ordinal, (key, node)) in fields.entries.iter().enumerate() {
            let place = fields.place.entry(ordinal, key);
            if found.contains_key(key.as_str()) {
                self.problem(
                    &place.key(),
                    "the name is there twice; only one can hold",
                    None,
                );
            } else {
                found.insert(key, Item { node, place });
            }
        }
        found.into_iter().collect()
    }

    pub(super) fn members<'n>(&mut self, item: &Item<'n>) -> Vec<Item<'n>> {
        if let Node::List(members) = item.node {
            members
                .iter()
                .enumerate()
                .map(|(ordinal, node)| Item {
                    node,
                    place: item.place.member(ordinal),
                })
                .collect()
        } else {
            let message = format!("expected a list, found {}", item.node.describe());
            let help = "write the members as `- …` lines or in `[…]`";
            self.problem(&item.place, message, Some(help.to_owned()));
            Vec::new()
        }
    }

    pub(super) fn text(&mut self, item: &Item<'_>) -> Option<String> {
        let help = match item.node {
            Node::Text(text) if !text.trim().is_empty() => return Some(text.trim().to_owned()),
            // YAML reads 1.10 as the number 1.1: what was meant is lost, so it cannot be taken.
            Node::Number(_) | Node::Flag(_) => Some("put it into quotes".to_owned()),
            _ => None,
        };
        let message = match item.node {
            Node::Text(_) => "expected text, found nothing but blanks".to_owned(),
            other => format!("expected text, found {}", other.describe()),
        };
        self.problem(&item.place, message, help);
        None
    }

    pub(super) fn flag(&mut self, item: &Item<'_>) -> bool {
        if let Node::Flag(flag) = item.node {
            return *flag;
        }
        let message = format!("expected `true` or `false`, found {}", item.node.describe());
        self.problem(&item.place, message, None);
        false
    }

    pub(super) fn day(&mut self, item: &Item<'_>) -> Option<Day> {
        let day = match item.node {
            Node::Text(text) => Day::parse(text.trim()),
            _ => None,
        };
        if day.is_none() {
            let message = format!(
                "expected an existing day in the form YYYY-MM-DD, found {}",
                item.node.describe()
            );
            self.problem(&item.place, message, None);
        }
        day
    }

    pub(super) fn age(&mut self, item: &Item<'_>) -> Option<Age> {
        let age = match item.node {
            Node::Text(text) => Age::parse(text),
            _ => None,
        };
        if age.is_none() {
            let message = format!(
                "expected a length of time such as `7d` or `36h`, found {}",
                item.node.describe()
            );
            self.problem(&item.place, message, None);
        }
        age
    }

    /// A number within limits.
    pub(super) fn score(&mut self, item: &Item<'_>, highest: f64) -> Option<f64> {
        let number = match item.node {
            Node::Number(number) => number.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (0.0..=highest).contains(number));
        if number.is_none() {
            let message = format!(
                "expected a number from 0 to {highest}, found {}",
                item.node.describe()
            );
            self.problem(&item.place, message, None);
        }
        number
    }

    /// One of some words.
    pub(super) fn choice<T>(
        &mut self,
        item: &Item<'_>,
        words: &[&str],
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = match item.node {
            Node::Text(word) => word.as_str(),
            _ => "",
        };
        let found = meaning(word);
        if found.is_none() {
            let message = format!("expected {}, found {}", one_of(words), item.node.describe());
            self.problem(
                &item.place,
                message,
                did_you_mean(word, words.iter().copied()),
            );
        }
        found
    }

    /// A list, or a single member without the brackets.
    pub(super) fn one_or_more<'n>(&mut self, item: &Item<'n>) -> Vec<Item<'n>> {
        if matches!(item.node, Node::List(_)) {
            let members = self.members(item);
            if members.is_empty() {
                self.problem(&item.place, "expected at least one member", None);
            }
            members
        } else {
            vec![item.clone()]
        }
    }
}

/// Words for a message, in their order.
pub(super) fn one_of(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
