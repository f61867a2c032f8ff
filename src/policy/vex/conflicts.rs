//! Contradictions between statements, in words.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Finding, Instance};

use super::document::{Statement, VexDocument};
use super::prepared::Recency;
use super::statements::Statements;

/// How many packages of a contradiction are named.
const NAMED: usize = 3;

/// Contradictions on one finding: the statement that counts, the one that does not, and where.
#[derive(Default)]
pub(super) struct Conflicts {
    packages: BTreeMap<(usize, usize), BTreeSet<String>>,
}

/// One side of a contradiction.
struct Side<'s> {
    document: &'s VexDocument,
    statement: &'s Statement,
    recency: Recency,
}

impl Conflicts {
    pub(super) fn add(&mut self, winner: usize, loser: usize, instance: &Instance) {
        let package = format!("{} {}", instance.name, instance.version);
        self.packages
            .entry((winner, loser))
            .or_default()
            .insert(package);
    }

    pub(super) fn tell(self, statements: &Statements, finding: &Finding) -> Vec<String> {
        let side = |ordinal: usize| {
            let (document, statement) = statements.get(ordinal)?;
            Some(Side {
                document,
                statement,
                recency: statements.recency(ordinal)?,
            })
        };
        let mut lines = Vec::new();
        for ((winner, loser), packages) in self.packages {
            let (Some(counts), Some(overruled)) = (side(winner), side(loser)) else {
                continue;
            };
            let mut names = packages.iter().take(NAMED).cloned().collect::<Vec<_>>();
            if packages.len() > NAMED {
                names.push(format!("and {} more", packages.len() - NAMED));
            }
            lines.push(format!(
                "{} in {}: {} counts, {} does not: {}",
                finding.vulnerability.id,
                names.join(", "),
                counts.describe(),
                overruled.describe(),
                why(&counts, &overruled)
            ));
        }
        lines
    }
}

fn why(counts: &Side<'_>, overruled: &Side<'_>) -> String {
    let caution = if counts.statement.ignores() {
        "both ignore"
    } else if overruled.statement.ignores() {
        "it does not ignore"
    } else {
        "it is the more cautious"
    };
    match (counts.recency, overruled.recency) {
        (Recency::At(one), Recency::At(other)) if one == other => {
            format!("they are equally old, and {caution}")
        }
        (Recency::At(_), Recency::At(_)) => "it is newer".to_owned(),
        (Recency::At(_), _) => format!("the other {}", overruled.lack()),
        (_, Recency::At(_)) => format!("it {}, so the cautious one counts", counts.lack()),
        (_, _) => format!("neither has a time that counts, and {caution}"),
    }
}

impl Side<'_> {
    /// Why it has no time that counts.
    fn lack(&self) -> &'static str {
        if self.statement.timestamp.is_some() {
            "is dated in the future"
        } else {
            "has no time"
        }
    }

    /// `a.json (/statements/3, not_affected, 2026-01-02T03:04:05Z)`.
    fn describe(&self) -> String {
        let time = self
            .statement
            .timestamp
            .map_or_else(|| "no time".to_owned(), |time| time.to_string());
        format!(
            "{} ({}, {}, {time})",
            self.document.name,
            self.statement.pointer,
            self.statement.status.as_str()
        )
    }
}
