//! What an advisory's own text says about whether it still stands.
//!
//! Most reports have no field for it, but numbering authorities and GitHub write it in fixed forms
//! at the start of the description.

use crate::model::{AdvisoryId, AdvisoryState, IdRole};

/// How far into a text the fixed forms are looked for: further down they are quotations.
const OPENING: usize = 400;

/// The state that `text` declares and, only when it is no longer active and the text says so in
/// one sentence with one id, the id that it is a duplicate of.
pub(super) fn state(text: &str) -> (AdvisoryState, Option<AdvisoryId>) {
    let lower = own_words(text).to_ascii_lowercase();
    let opening: String = lower.chars().take(OPENING).collect();
    let state = if lower.starts_with("** reject **") || lower.starts_with("rejected reason:") {
        AdvisoryState::Rejected
    } else if lower.starts_with("withdrawn:")
        || lower.starts_with("duplicate advisory:")
        || lower
            .trim_start_matches(['#', ' ', '*'])
            .starts_with("withdrawn advisory")
        || opening.contains("this advisory has been withdrawn")
    {
        AdvisoryState::Withdrawn
    } else if opening.contains("** disputed **") {
        AdvisoryState::Disputed
    } else {
        AdvisoryState::Active
    };
    let duplicate_of = match state {
        AdvisoryState::Rejected | AdvisoryState::Withdrawn => duplicate_of(&lower),
        AdvisoryState::Active | AdvisoryState::Disputed => None,
    };
    (state, duplicate_of)
}

/// The text without what an editor put before it: headings and notes in Markdown, as Snyk does.
/// A heading that announces a withdrawal stays.
fn own_words(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let lower = line.to_ascii_lowercase();
        let is_heading = line.starts_with('#')
            && !["withdrawn", "duplicate"]
                .iter()
                .any(|word| lower.contains(word));
        let is_note = lower.starts_with("**_note") || lower.starts_with("_see ");
        if after.is_empty() || !(is_heading || is_note) {
            return rest;
        }
        rest = after.trim_start();
    }
}

fn duplicate_of(lower: &str) -> Option<AdvisoryId> {
    let (_, after) = lower.split_once("duplicate of ")?;
    let sentence = after.split(['.', '\n', ';']).next()?;
    let mut ids = sentence
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .map(AdvisoryId::new)
        .filter(|id| id.as_str().starts_with("GHSA-") || id.role() == IdRole::Cve);
    let first = ids.next()?;
    ids.all(|id| id == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_forms_are_recognised() {
        for (text, expected) in [
            ("** DISPUTED ** In x, y.", AdvisoryState::Disputed),
            (
                "** UNSUPPORTED WHEN ASSIGNED ** ** DISPUTED ** z",
                AdvisoryState::Disputed,
            ),
            ("** REJECT ** DO NOT USE.", AdvisoryState::Rejected),
            (
                "## NVD Description\n**_Note:_** About upstream.\n_See How to fix._\n\n** REJECT ** x",
                AdvisoryState::Rejected,
            ),
            ("Rejected reason: none.", AdvisoryState::Rejected),
            (
                "## Withdrawn Advisory\nIt was found to be harmless.",
                AdvisoryState::Withdrawn,
            ),
            (
                "A flaw that makes a server reject requests.",
                AdvisoryState::Active,
            ),
            ("", AdvisoryState::Active),
        ] {
            assert_eq!(state(text).0, expected, "{text}");
        }
    }

    #[test]
    fn a_duplicate_needs_one_explicit_target() {
        let target = |text: &str| state(text).1.map(|id| id.as_str().to_owned());
        assert_eq!(
            target(
                "Rejected reason: Consult CVE-2019-0001. This candidate is a duplicate of \
                 CVE-2019-11358. Notes: see CVE-2019-11358."
            ),
            Some("CVE-2019-11358".to_owned())
        );
        assert_eq!(
            target(
                "## Duplicate Advisory\nThis advisory has been withdrawn because it is a \
                 duplicate of GHSA-2m57-HF25-phgg. The link is kept."
            ),
            Some("GHSA-2m57-hf25-phgg".to_owned())
        );
        assert_eq!(
            target("** REJECT ** duplicate of CVE-2019-1000 and CVE-2019-1001."),
            None
        );
        assert_eq!(target("An active flaw, duplicate of CVE-2019-1000."), None);
        assert_eq!(target("Rejected reason: ConsultIDs: CVE-2019-1000."), None);
    }
}
