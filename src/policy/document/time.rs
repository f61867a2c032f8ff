//! Days and lengths of time.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A calendar day, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

impl Day {
    /// The day behind a text; `None` when it is not an existing day in the form `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        // jiff also reads times and offsets after the date; a day has none.
        (text.len() == 10)
            .then(|| text.parse().ok().map(Self))
            .flatten()
    }

    /// The day that a moment is part of, in UTC, in which the ends of rules are counted.
    pub fn of(moment: Timestamp) -> Self {
        Self(TimeZone::UTC.to_datetime(moment).date())
    }

    /// Its first moment in UTC; `None` where that is no moment that can be written.
    pub fn start(self) -> Option<Timestamp> {
        TimeZone::UTC.to_timestamp(self.0.at(0, 0, 0, 0)).ok()
    }

    /// True when a rule with this last day no longer holds.
    pub fn is_over(self, now: Timestamp) -> bool {
        Self::of(now) > self
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "description": "A calendar day, written YYYY-MM-DD."
        })
    }
}

/// A length of time, written in days or hours: `7d`, `36h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    hours: u32,
}

impl Age {
    /// The length behind a text; `None` for zero and for anything but a whole number with `d` or
    /// `h` after it.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hours_each) = match text.strip_suffix('d') {
            Some(number) => (number, 24),
            None => (text.strip_suffix('h')?, 1),
        };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let hours = number.parse::<u32>().ok()?.checked_mul(hours_each)?;
        (hours > 0).then_some(Self { hours })
    }

    /// Its length in hours.
    pub fn hours(self) -> u32 {
        self.hours
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hours.is_multiple_of(24) {
            write!(f, "{}d", self.hours / 24)
        } else {
            write!(f, "{}h", self.hours)
        }
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Age {
    fn schema_name() -> Cow<'static, str> {
        "Age".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^0*[1-9][0-9]*[dh]$",
            "description": "A length of time in days or hours: 7d, 36h."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_and_nothing_else() {
        assert_eq!(Day::parse("2026-02-28").unwrap().to_string(), "2026-02-28");
        for text in ["2026-02-30", "2026-2-3", "2026-02-28T10:00", "tomorrow", ""] {
            assert!(Day::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_last_day_is_over_when_the_next_one_begins_in_utc() {
        let last = Day::parse("2026-02-28").unwrap();
        for (now, is_over) in [
            ("2026-02-28T23:59:59Z", false),
            ("2026-03-01T00:00:00Z", true),
            ("2026-03-01T01:00:00+02:00", false),
        ] {
            assert_eq!(last.is_over(now.parse().unwrap()), is_over, "{now}");
        }
    }

    #[test]
    fn ages_read_in_days_and_hours() {
        assert_eq!(Age::parse("7d").unwrap().hours(), 168);
        assert_eq!(Age::parse("48h").unwrap().to_string(), "2d");
        assert_eq!(Age::parse("36h").unwrap().to_string(), "36h");
        for text in ["7", "d", "0d", "-1d", "+1d", "1.5d", "7 d", "99999999999d"] {
            assert!(Age::parse(text).is_none(), "{text}");
        }
    }
}
