//! The only file that knows the YAML library: text to a tree, and a place in the tree back to its
//! line and column.
//!
//! The library gives positions to errors alone. [`locate`] therefore reads the text once more and
//! stops with an error at the wanted place. That costs a second pass only where a problem is
//! shown, and buys every problem of a file its exact position.

use std::cell::Cell;
use std::fmt;

use serde::Serialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// Largest text that is read, in bytes.
pub(super) const MAX_BYTES: usize = 1024 * 1024;
/// Deepest nesting of lists and mappings. A policy needs six levels.
const MAX_DEPTH: usize = 32;
/// Most brackets that may be open at once. The library's scanner looks at every open bracket for
/// every token, so that half a megabyte of `[` would keep it busy for minutes. Counted without
/// regard to quotes, hence far above [`MAX_DEPTH`].
const MAX_OPEN_BRACKETS: usize = 256;
/// Most values, aliases counted as often as they are used.
pub(super) const MAX_NODES: usize = 100_000;

/// A YAML value. Mappings keep their order and their duplicate keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number without quotes, as the library prints it.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in file order.
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// What it is, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Flag(flag) => format!("`{flag}`"),
            Self::Number(number) => format!("the number {number}"),
            Self::Text(text) => format!("the text `{}`", text.chars().take(60).collect::<String>()),
            Self::List(_) => "a list".to_owned(),
            Self::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// Which half of a mapping's entry a place means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The key.
    Key,
    /// The value; the only half that a list's member has.
    Value,
}

/// Line and column of a place, both counted from one.
pub(super) type Position = (usize, usize);

/// Reads a text into a tree.
///
/// # Errors
/// Where and why the text is not YAML, or is larger or deeper than any policy.
pub(super) fn load(text: &str) -> Result<Node, (Option<Position>, String)> {
    if text.len() > MAX_BYTES {
        return Err((
            None,
            format!(
                "the file has {} bytes; a policy may have {MAX_BYTES}",
                text.len()
            ),
        ));
    }
    if let Some(line) = too_many_brackets(text) {
        let message = format!("more than {MAX_OPEN_BRACKETS} brackets are open here");
        return Err((Some((line, 1)), message));
    }
    let nodes = Cell::new(0);
    let seed = Tree {
        depth: 0,
        nodes: &nodes,
    };
    seed.deserialize(serde_yaml::Deserializer::from_str(without_mark(text)))
        .map_err(|error| {
            let position = error.location().map(|at| (at.line(), at.column()));
            (position, plain_message(&error))
        })
}

/// The text without the byte order mark that some editors write. To the library it would be a column,
/// and the next line the end of the document.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The line on which too many brackets are open, if there is one.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut open: usize = 0;
    let lines = text.lines().enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim_start().starts_with('#')) {
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > MAX_OPEN_BRACKETS {
                return Some(number + 1);
            }
        }
    }
    None
}

/// The position of a place: at each level the ordinal of the mapping's entry or the list's member.
/// `None` only when the text is not the one that the place was found in.
pub(super) fn locate(text: &str, steps: &[usize], part: Part) -> Option<Position> {
    let error = Seek { steps, part }
        .deserialize(serde_yaml::Deserializer::from_str(without_mark(text)))
        .err()?;
    error.location().map(|at| (at.line(), at.column()))
}

/// Reads a text as a type, within the limits of [`load`].
///
/// # Errors
/// As [`load`], and where and why the text is not of that type.
pub(super) fn typed<T: DeserializeOwned>(text: &str) -> Result<T, (Option<Position>, String)> {
    load(text)?;
    serde_yaml::from_str(without_mark(text)).map_err(|error| {
        let position = error.location().map(|at| (at.line(), at.column()));
        (position, plain_message(&error))
    })
}

/// The position of a key, found by the names and ordinals that lead to it; `None` when the text has
/// no such key. A list's member is also found by its `name`.
pub(super) fn position_of(text: &str, path: &[&str]) -> Option<Position> {
    let root = load(text).ok()?;
    let mut node = &root;
    let mut steps = Vec::new();
    for name in path {
        let ordinal = match node {
            Node::Mapping(entries) => entries.iter().position(|(key, _)| key == name)?,
            Node::List(members) => members
                .iter()
                .position(|member| is_named(member, name))
                .or_else(|| name.parse().ok())?,
            _ => return None,
        };
        node = match node {
            Node::Mapping(entries) => &entries.get(ordinal)?.1,
            Node::List(members) => members.get(ordinal)?,
            _ => return None,
        };
        steps.push(ordinal);
    }
    locate(text, &steps, Part::Key)
}

fn is_named(member: &Node, name: &str) -> bool {
    let Node::Mapping(entries) = member else {
        return false;
    };
    let is = |(key, value): &(String, Node)| key == "name" && *value == Node::Text(name.to_owned());
    entries.iter().any(is)
}

/// Writes a value as YAML.
///
/// # Errors
/// The library's message; the types of a policy give it no reason.
pub(super) fn write<T: Serialize>(value: &T) -> Result<String, String> {
    serde_yaml::to_string(value).map_err(|error| error.to_string())
}

/// The library's message without its own position and path, which [`load`]'s caller shows better.
fn plain_message(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.rsplit_once(": ") {
        Some((path, message)) if !path.contains(' ') => message.to_owned(),
        _ => text.to_owned(),
    }
}

/// Builds a [`Node`], within the limits.
#[derive(Clone, Copy)]
struct Tree<'a> {
    depth: usize,
    nodes: &'a Cell<usize>,
}

impl Tree<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!(
                "nested deeper than {MAX_DEPTH} levels; no policy is"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES {
            return Err(D::Error::custom(format!(
                "more than {MAX_NODES} values, aliases counted each time; no policy is that large"
            )));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut members = Vec::new();
        while let Some(member) = list.next_element_seed(inner)? {
            members.push(member);
        }
        Ok(Node::List(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(key) = mapping.next_key_seed(inner)? {
            let key = match key {
                Node::Text(text) | Node::Number(text) => text,
                Node::Flag(flag) => flag.to_string(),
                Node::Null => "null".to_owned(),
                Node::List(_) | Node::Mapping(_) => {
                    return Err(A::Error::custom("a key must be a word"));
                }
            };
            entries.push((key, mapping.next_value_seed(inner)?));
        }
        Ok(Node::Mapping(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (tag, content): (String, _) = tagged.variant()?;
        content.newtype_variant::<IgnoredAny>()?;
        Err(A::Error::custom(format!(
            "the tag `!{tag}` has no meaning here; remove it"
        )))
    }
}

/// Walks to a place and fails there.
struct Seek<'a> {
    steps: &'a [usize],
    part: Part,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.steps.is_empty() {
            deserializer.deserialize_any(Here)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a mapping")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((&first, rest)) = self.steps.split_first() else {
            return Ok(());
        };
        for _ in 0..first {
            list.next_element::<IgnoredAny>()?;
        }
        let seek = Seek {
            steps: rest,
            part: self.part,
        };
        list.next_element_seed(seek).map(|_| ())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<(), A::Error> {
        let Some((&first, rest)) = self.steps.split_first() else {
            return Ok(());
        };
        for _ in 0..first {
            mapping.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if rest.is_empty() && self.part == Part::Key {
            let here = Seek {
                steps: &[],
                part: Part::Key,
            };
            return mapping.next_key_seed(here).map(|_| ());
        }
        mapping.next_key::<IgnoredAny>()?;
        mapping.next_value_seed(Seek {
            steps: rest,
            part: self.part,
        })
    }
}

/// Accepts no value at all: the library then reports the position of the value that it was given.
struct Here;

impl Visitor<'_> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nb:\n  - x\n  - {c: yes, d: [p, q]}\nb: {}\ne:\n";

    #[test]
    fn a_tree_keeps_order_and_duplicate_keys() {
        let Node::Mapping(entries) = load(TEXT).unwrap() else {
            panic!("a mapping")
        };
        let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "b", "e"]);
        assert_eq!(entries[0].1, Node::Number("1".to_owned()));
        assert_eq!(entries[3].1, Node::Null);
    }

    #[test]
    fn every_place_is_found_again() {
        for (steps, part, expected) in [
            (&[][..], Part::Value, (1, 1)),
            (&[0], Part::Key, (1, 1)),
            (&[0], Part::Value, (1, 4)),
            (&[1, 1, 0], Part::Key, (4, 6)),
            (&[1, 1, 0], Part::Value, (4, 9)),
            (&[1, 1, 1, 1], Part::Value, (4, 21)),
            (&[2], Part::Key, (5, 1)),
            (&[2], Part::Value, (5, 4)),
        ] {
            assert_eq!(locate(TEXT, steps, part), Some(expected), "{steps:?}");
        }
        assert_eq!(locate(TEXT, &[9], Part::Key), None);
        let marked = format!("\u{feff}{TEXT}");
        assert_eq!(load(&marked), load(TEXT));
        assert_eq!(locate(&marked, &[1], Part::Key), Some((2, 1)));
    }

    #[test]
    fn broken_yaml_says_where() {
        let (position, message) = load("a:\n  - b\n c: d\n").unwrap_err();
        assert_eq!(position.unwrap().0, 3, "{message}");
        assert!(load("a: 1\n---\nb: 2\n").is_err());
        assert!(load("a: !tag b\n").unwrap_err().1.contains("!tag"));
        assert!(load("? [x]\n: y\n").unwrap_err().1.contains("key"));
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let mut aliases = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (name, previous) in ('b'..='j').zip('a'..) {
            let list = vec![format!("*{previous}"); 10].join(", ");
            let line = format!("{name}: &{name} [{list}]\n");
            aliases.push_str(&line);
        }
        assert!(load(&aliases).unwrap_err().1.contains("values"));
        let quadratic = format!(
            "a: &a [{}]\nb: [{}]\n",
            "x,".repeat(5000),
            "*a,".repeat(5000)
        );
        assert!(load(&quadratic).unwrap_err().1.contains("values"));
        let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        assert!(load(&deep).unwrap_err().1.contains("nested"));
        let deeper = format!("a: 1\n{}", "[a: ".repeat(MAX_BYTES / 8));
        assert_eq!(load(&deeper).unwrap_err().0, Some((2, 1)));
        assert!(load(&"#".repeat(MAX_BYTES + 1)).is_err());
    }
}
