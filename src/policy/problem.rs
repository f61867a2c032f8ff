//! What can be wrong with a policy, told with its place and its remedy.

use std::fmt;

/// One thing that is wrong in a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line and column, both counted from one; `None` when the problem is the file as a whole.
    pub position: Option<(usize, usize)>,
    /// Where it stands: `profiles.production.severity.high`, `ignore[2].expires`. Empty for the
    /// file as a whole.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do, where something better than the message can be said.
    pub help: Option<String>,
}

/// Every problem of one policy file, in file order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyErrors {
    /// The file's name as the caller gave it.
    pub source: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            f.write_str(&self.source)?;
            if let Some((line, column)) = problem.position {
                write!(f, ":{line}:{column}")?;
            }
            if !problem.path.is_empty() {
                write!(f, ": {}", problem.path)?;
            }
            write!(f, ": {}", problem.message)?;
            if let Some(help) = &problem.help {
                write!(f, "\n  help: {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// Why a valid policy cannot be applied as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The user named a profile that is not there.
    #[error(
        "{policy} has no profile `{name}`; it has {}{}",
        known.join(", "),
        nearest.as_deref().map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
    )]
    UnknownProfile {
        /// File name of the policy, or `built-in`.
        policy: String,
        /// The name that was asked for.
        name: String,
        /// The names that there are, sorted.
        known: Vec<String>,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
}

/// The known word that `word` is most probably a slip of.
///
/// Optimal string alignment distance, so that swapped neighbours count as one slip; at most a third
/// of the word may differ, beyond which a suggestion confuses more than it helps.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower: String = word.chars().take(64).collect::<String>().to_lowercase();
    let allowed = (lower.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` for a [`Problem`]'s help.
pub(super) fn did_you_mean<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    nearest(word, known).map(|word| format!("did you mean `{word}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["reason", "owner", "expires", "until-fixed"];
        assert_eq!(nearest("reasno", known), Some("reason"));
        assert_eq!(nearest("Expire", known), Some("expires"));
        assert_eq!(nearest("until_fixed", known), Some("until-fixed"));
        assert_eq!(nearest("severity", known), None);
    }

    #[test]
    fn errors_read_like_a_compilers() {
        let errors = PolicyErrors {
            source: "policy.yaml".to_owned(),
            problems: vec![Problem {
                position: Some((12, 5)),
                path: "ignore[0].reasno".to_owned(),
                message: "unknown key".to_owned(),
                help: Some("did you mean `reason`?".to_owned()),
            }],
        };
        assert_eq!(
            errors.to_string(),
            "policy.yaml:12:5: ignore[0].reasno: unknown key\n  help: did you mean `reason`?"
        );
    }
}
