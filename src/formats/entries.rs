//! Lists whose members are read one by one, so that one bad entry costs that entry and no more.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON array whose members are parsed as `T` separately.
///
/// `null` and a missing field read as the empty list. A value of another type than array is kept as
/// one entry that could not be read: scanners change shapes between versions, and silence would
/// look like *nothing found*.
#[derive(Debug)]
pub(crate) struct Entries<T> {
    members: Vec<Result<T, String>>,
    is_array: bool,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            is_array: true,
        }
    }
}

impl<T> Entries<T> {
    /// Number of members, readable or not.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Members with their index; `Err` holds why a member could not be understood.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = (usize, Result<T, String>)> {
        self.members.into_iter().enumerate()
    }

    /// As [`Entries::into_iter`], borrowed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Result<&T, &String>)> {
        self.members.iter().map(Result::as_ref).enumerate()
    }

    /// The members that could be understood. For lists of details, where a bad member costs
    /// nothing that anybody counts.
    pub(crate) fn iter_ok(&self) -> impl Iterator<Item = &T> {
        self.members
            .iter()
            .filter_map(|member| member.as_ref().ok())
    }

    /// Members with the JSON pointer of each; `list` is the pointer of the list itself.
    pub(crate) fn located(self, list: &str) -> impl Iterator<Item = (String, Result<T, String>)> {
        let is_array = self.is_array;
        self.into_iter().map(move |(index, member)| {
            let pointer = if is_array {
                format!("{list}/{index}")
            } else {
                list.to_owned()
            };
            (pointer, member)
        })
    }

    /// False when the JSON held something else than an array; then there is one, unreadable member
    /// and pointers must not append its index.
    pub(crate) fn is_array(&self) -> bool {
        self.is_array
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // RawValue first: it accepts any JSON value, so that a surprise type is still ours to report.
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text == "null" {
            return Ok(Self::default());
        }
        let mut inner = serde_json::Deserializer::from_str(text);
        match inner.deserialize_seq(MemberVisitor(PhantomData)) {
            Ok(members) => Ok(Self {
                members,
                is_array: true,
            }),
            Err(error) => Ok(Self {
                members: vec![Err(plain_message(&error))],
                is_array: false,
            }),
        }
    }
}

struct MemberVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MemberVisitor<T> {
    type Value = Vec<Result<T, String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(raw) = seq.next_element::<&'de RawValue>()? {
            members
                .push(serde_json::from_str::<T>(raw.get()).map_err(|error| plain_message(&error)));
        }
        Ok(members)
    }
}

/// serde_json's message without its position: that counts from the start of the member, and the
/// pointer beside the message already says where it is.
fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// Text that may be absent, `null`, a string, a number or a boolean. Anything else is an error.
/// Scanners have changed such fields between string and number from one version to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    /// The text, trimmed; `None` when empty.
    pub(crate) fn get(&self) -> Option<&str> {
        Some(self.0.trim()).filter(|t| !t.is_empty())
    }

    /// The text, trimmed, empty when missing.
    pub(crate) fn as_str(&self) -> &str {
        self.0.trim()
    }

    /// Owned copy of [`Text::get`].
    pub(crate) fn to_option(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
            type Value = Text<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
            fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
        }
        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

/// A number that may be absent, `null`, a number or a numeric string. Other text reads as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(Self(
            text.get()
                .and_then(|t| t.parse().ok())
                .filter(|n: &f64| n.is_finite()),
        ))
    }
}

/// One text or a list of texts; `null` reads as none. Members that are not text are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OneOrMany<'a>(pub(crate) Vec<Cow<'a, str>>);

impl OneOrMany<'_> {
    /// The texts, trimmed, empty ones left out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|t| t.trim()).filter(|t| !t.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for OneOrMany<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ManyVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for ManyVisitor<'a> {
            type Value = OneOrMany<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![Cow::Borrowed(v)]))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![Cow::Owned(v.to_owned())]))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(OneOrMany::default())
            }
            fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(OneOrMany::default())
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(OneOrMany::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(member) = seq.next_element::<MaybeText<'a>>()? {
                    texts.extend(member.0);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

/// A string, or anything else read as nothing.
struct MaybeText<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for MaybeText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(
            serde_json::from_str::<Text<'a>>(raw.get())
                .ok()
                .map(|text| text.0),
        ))
    }
}

/// A part that a report can do without: `None` when it is absent, `null` or of another shape than
/// expected, so that a surprise in a decoration never costs the entry that it decorates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lenient<T>(pub(crate) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Lenient<T> {
    /// The value, when there is one of the expected type.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> Lenient<Vec<T>> {
    /// The members of a list, none when it could not be read.
    pub(crate) fn list(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(
            serde_json::from_str::<Option<T>>(raw.get()).ok().flatten(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        id: Text<'a>,
        #[serde(default)]
        score: Number,
    }

    #[derive(serde::Deserialize)]
    struct Doc<'a> {
        #[serde(borrow, default)]
        rows: Entries<Row<'a>>,
    }

    #[test]
    fn a_bad_member_costs_only_itself() {
        let doc: Doc<'_> = serde_json::from_str(
            r#"{"rows":[{"id":"a","score":"7.5"},{"id":{}},7,{"id":12,"score":"x"}]}"#,
        )
        .unwrap();
        let rows: Vec<_> = doc.rows.into_iter().collect();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0].1.as_ref().unwrap().score, Number(Some(7.5)));
        assert!(rows[1].1.is_err() && rows[2].1.is_err());
        let last = rows[3].1.as_ref().unwrap();
        assert_eq!((last.id.as_str(), last.score), ("12", Number(None)));
    }

    #[test]
    fn null_is_empty_and_another_type_is_one_unreadable_entry() {
        let null: Doc<'_> = serde_json::from_str(r#"{"rows":null}"#).unwrap();
        assert_eq!(null.rows.len(), 0);
        let text: Doc<'_> = serde_json::from_str(r#"{"rows":"none found"}"#).unwrap();
        assert_eq!((text.rows.len(), text.rows.is_array()), (1, false));
    }

    #[test]
    fn a_detail_of_another_type_reads_as_none() {
        let details: Vec<Lenient<Text<'_>>> = serde_json::from_str(r#"["a",{"b":1},[]]"#).unwrap();
        let read: Vec<Option<&str>> = details
            .iter()
            .map(|detail| detail.get().and_then(Text::get))
            .collect();
        assert_eq!(read, [Some("a"), None, None]);
    }

    #[test]
    fn one_or_many_takes_both() {
        let many: OneOrMany<'_> = serde_json::from_str(r#"["a",null," ",{"x":1},"b"]"#).unwrap();
        assert_eq!(many.iter().collect::<Vec<_>>(), ["a", "b"]);
        let one: OneOrMany<'_> = serde_json::from_str(r#""a""#).unwrap();
        assert_eq!(one.iter().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn members_carry_their_pointer() {
        let doc: Doc<'_> = serde_json::from_str(r#"{"rows":[{"id":"a"},{"id":"b"}]}"#).unwrap();
        let pointers: Vec<String> = doc.rows.located("/rows").map(|(p, _)| p).collect();
        assert_eq!(pointers, ["/rows/0", "/rows/1"]);
        let doc: Doc<'_> = serde_json::from_str(r#"{"rows":{"a":1}}"#).unwrap();
        let pointers: Vec<String> = doc.rows.located("/rows").map(|(p, _)| p).collect();
        assert_eq!(pointers, ["/rows"]);
    }

    #[test]
    fn a_decoration_of_another_shape_is_absent() {
        let read = |text: &str| serde_json::from_str::<Lenient<Vec<u8>>>(text).unwrap().0;
        assert_eq!(read("[1,2]"), Some(vec![1, 2]));
        assert_eq!(read("null"), None);
        assert_eq!(read(r#"{"surprise":true}"#), None);
    }
}
