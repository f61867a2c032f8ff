//! Versions of NVIDIA's Linux driver.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Most digits of one part; NVIDIA uses three.
const MAX_DIGITS: usize = 6;
/// Most characters of a malformed text that a message repeats.
const MAX_SHOWN: usize = 40;

/// A branch of the Linux driver, which is the first part of its versions: `R580`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DriverBranch(pub u32);

impl DriverBranch {
    /// The branch behind `R580`; `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        number(text.strip_prefix('R')?).map(Self)
    }
}

impl fmt::Display for DriverBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0)
    }
}

/// A version of the Linux driver: `580.178.04`, `390.157`.
///
/// Compared part by part as numbers, so that `05` is `5`; a missing third part is zero. Only versions
/// of one branch compare meaningfully: a higher branch need not have an older one's fixes.
#[derive(Clone, Debug)]
pub struct DriverVersion {
    parts: [u32; 3],
    /// As it was written.
    text: String,
}

/// Why a text is no version of the Linux driver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{shown}` is not a version of NVIDIA's Linux driver: {reason}; it looks like 580.178.04 or 390.157"
)]
pub struct MalformedVersion {
    /// The text, shortened.
    pub shown: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl DriverVersion {
    /// The version behind a text of two or three numbers with dots between them, and nothing else.
    ///
    /// # Errors
    /// What is wrong with the text. Package versions (`1:535.183.01-0ubuntu1`) are errors too:
    /// a package is not what the host has loaded.
    pub fn parse(text: &str) -> Result<Self, MalformedVersion> {
        let malformed = |reason| MalformedVersion {
            shown: text.chars().take(MAX_SHOWN).collect(),
            reason,
        };
        if text.trim().is_empty() {
            return Err(malformed("it is empty"));
        }
        let mut numbers = [0; 3];
        let mut count = 0;
        for part in text.split('.') {
            let Some(slot) = numbers.get_mut(count) else {
                return Err(malformed("it has more than three parts, as on Windows"));
            };
            *slot = number(part)
                .ok_or_else(|| malformed("its parts are not all plain numbers of a few digits"))?;
            count += 1;
        }
        if count < 2 {
            return Err(malformed("it has one part only"));
        }
        Ok(Self {
            parts: numbers,
            text: text.to_owned(),
        })
    }

    /// The driver version in a package's version: without epoch and without release.
    pub fn from_package_version(version: &str) -> Option<Self> {
        let version = version.split_once(':').map_or(version, |(_, rest)| rest);
        let upstream = version.split(['-', '+', '~']).next().unwrap_or(version);
        Self::parse(upstream).ok()
    }

    /// Its branch.
    pub fn branch(&self) -> DriverBranch {
        let [branch, _, _] = self.parts;
        DriverBranch(branch)
    }

    /// Its parts; the third is zero where it has two.
    pub(super) fn parts(&self) -> [u32; 3] {
        self.parts
    }
}

/// A part of a version: a few plain digits.
pub(super) fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty()
        && digits.len() <= MAX_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for DriverVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for DriverVersion {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for DriverVersion {}

impl Hash for DriverVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

impl PartialOrd for DriverVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DriverVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> DriverVersion {
        DriverVersion::parse(text).unwrap()
    }

    #[test]
    fn parts_compare_as_numbers() {
        assert!(version("580.95.05") < version("580.126.09"));
        assert_eq!(version("580.95.05"), version("580.95.5"));
        assert_eq!(version("390.157"), version("390.157.00"));
        assert!(version("390.157") < version("390.157.01"));
        assert_eq!(version("580.95.05").to_string(), "580.95.05");
        assert_eq!(version("0580.1").branch(), DriverBranch(580));
    }

    #[test]
    fn everything_but_two_or_three_numbers_is_malformed() {
        for text in [
            "",
            " ",
            "580",
            "580.",
            ".580.1",
            "580..04",
            "580.abc",
            "580.178.04 ",
            "580.178.04\n",
            "+580.178.04",
            "-580.178.04",
            "580.-1",
            "580.178.0x4",
            "32.0.15.8088",
            "580.178.04.1",
            "1:580.178.04",
            "580.178.04-0ubuntu1",
            "580.178.04-open",
            "v580.178.04",
            "５８０.178",
            "580.9999999",
            "N/A",
        ] {
            assert!(DriverVersion::parse(text).is_err(), "{text:?}");
        }
        let long = DriverVersion::parse(&"9".repeat(10_000)).unwrap_err();
        assert!(long.to_string().len() < 200);
    }

    #[test]
    fn a_packages_version_holds_a_drivers() {
        for (package, expected) in [
            ("580.159.03-0ubuntu0.24.04.1", Some("580.159.03")),
            ("3:535.183.01-1.el9", Some("535.183.01")),
            ("535.183.01-1~deb12u1", Some("535.183.01")),
            ("550.54.15", Some("550.54.15")),
            ("12.4.1-1ubuntu1", Some("12.4.1")),
            ("latest", None),
        ] {
            let found = DriverVersion::from_package_version(package);
            assert_eq!(found.map(|v| v.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn a_branch_is_written_with_its_r() {
        assert_eq!(DriverBranch::parse("R580"), Some(DriverBranch(580)));
        for text in ["580", "r580", "R", "R58x", "R580.1"] {
            assert_eq!(DriverBranch::parse(text), None, "{text}");
        }
    }
}
