//! Which of many ratings counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Cvss, Rating, RatingSource, ResolvedSeverity, ScannerId, Severity};

/// How a finding's severity is chosen from its ratings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SeverityRule {
    /// The distribution's own rating for OS packages, the ecosystem's database for language
    /// packages, then CVSS, then the scanners' opinions.
    #[default]
    Vendor,
    /// The highest band that anybody gives.
    Highest,
    /// The lowest band that anybody gives, unknown apart.
    Lowest,
    /// The band that most scanners show; the higher one when tied.
    Majority,
    /// The best CVSS base score: v4, then v3, then v2.
    Cvss,
    /// The National Vulnerability Database's CVSS base score of v4, then v3, then v2, else its
    /// word; what `vendor` gives where it did not rate.
    Nvd,
    /// What the first of these scanners that reports it shows.
    Scanners(Vec<ScannerId>),
}

impl SeverityRule {
    /// The rule of a policy's `severity.resolve`: one of the words `vendor`, `highest`, `lowest`,
    /// `majority`, `cvss`, `nvd`.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "vendor" => Self::Vendor,
            "highest" => Self::Highest,
            "lowest" => Self::Lowest,
            "majority" => Self::Majority,
            "cvss" => Self::Cvss,
            "nvd" => Self::Nvd,
            _ => return None,
        })
    }

    /// The words that [`SeverityRule::from_word`] takes.
    pub const WORDS: [&'static str; 6] = ["vendor", "highest", "lowest", "majority", "cvss", "nvd"];

    /// For reports: the word, or the scanners in order.
    pub fn describe(&self) -> String {
        match self {
            Self::Vendor => "vendor".to_owned(),
            Self::Highest => "highest".to_owned(),
            Self::Lowest => "lowest".to_owned(),
            Self::Majority => "majority".to_owned(),
            Self::Cvss => "cvss".to_owned(),
            Self::Nvd => "nvd".to_owned(),
            Self::Scanners(order) => order
                .iter()
                .map(ScannerId::as_str)
                .collect::<Vec<_>>()
                .join(" > "),
        }
    }
}

/// What resolving looks at for one finding.
pub(super) struct Opinions<'a> {
    /// True for packages of the operating system's package manager.
    pub(super) is_os: bool,
    /// Family of the image's distribution, when known.
    pub(super) distro: Option<&'a str>,
    /// Every rating of every observation.
    pub(super) ratings: &'a [Rating],
    /// The severity that each scanner shows; its highest when it shows several.
    pub(super) shown: &'a BTreeMap<ScannerId, Severity>,
}

/// Chooses a finding's severity. Unknown never wins over a band.
pub(super) fn resolve(rule: &SeverityRule, opinions: &Opinions<'_>) -> ResolvedSeverity {
    let chosen = match rule {
        SeverityRule::Vendor => opinions.ladder(),
        SeverityRule::Highest => opinions.extreme(
            |bands| bands.max_by_key(|(band, _)| *band),
            "highest of all ratings",
        ),
        SeverityRule::Lowest => opinions.extreme(
            |bands| bands.min_by_key(|(band, _)| *band),
            "lowest of all ratings",
        ),
        SeverityRule::Majority => opinions.majority(),
        SeverityRule::Cvss => opinions
            .cvss(&["4", "3", "2"])
            .or_else(|| opinions.majority()),
        SeverityRule::Nvd => opinions.nvd().or_else(|| {
            let choice = opinions.ladder()?;
            Some(Choice {
                rule: format!("not rated by NVD; {}", choice.rule),
                ..choice
            })
        }),
        SeverityRule::Scanners(order) => order
            .iter()
            .find_map(|scanner| opinions.shown_by(scanner))
            .or_else(|| opinions.majority()),
    };
    let (lowest, highest) = opinions.range();
    let disputed =
        lowest != Severity::Unknown && band_number(highest).abs_diff(band_number(lowest)) >= 2;
    let (level, source, rule) = match chosen {
        Some(Choice {
            level,
            source,
            rule,
        }) => (level, Some(source), rule),
        None => (Severity::Unknown, None, "nobody rated it".to_owned()),
    };
    ResolvedSeverity {
        level,
        source,
        rule,
        lowest,
        highest,
        disputed,
    }
}

struct Choice {
    level: Severity,
    source: RatingSource,
    rule: String,
}

fn band_number(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Negligible | Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

/// Names under which one distribution's security team appears.
fn same_distro(a: &str, b: &str) -> bool {
    fn team(family: &str) -> &str {
        match family {
            "rhel" | "redhat" | "centos" | "red" => "redhat",
            "ol" | "oracle" | "oraclelinux" => "oracle",
            "amzn" | "amazon" | "amazonlinux" => "amazon",
            "alma" | "almalinux" => "alma",
            "rocky" | "rockylinux" => "rocky",
            "suse" | "sles" | "sled" | "opensuse" | "opensuse-leap" | "opensuse.leap" => "suse",
            "mariner" | "cbl" | "cbl-mariner" | "azurelinux" | "azure" => "azure",
            other => other,
        }
    }
    team(a) == team(b)
}

impl Opinions<'_> {
    /// The rule `vendor`: those who maintain the package, then CVSS, then the scanners. CVSS v2
    /// comes last: its scale has no critical, and NVD gave it up in 2022.
    fn ladder(&self) -> Option<Choice> {
        self.vendor()
            .or_else(|| self.cvss(&["4", "3"]))
            .or_else(|| self.majority())
            .or_else(|| self.cvss(&["2"]))
    }

    /// True for another distribution than that of the image: it rates a build of its own.
    fn is_foreign(&self, source: &RatingSource) -> bool {
        match source {
            RatingSource::Distro(family) => {
                !self.is_os || self.distro.is_some_and(|own| !same_distro(own, family))
            }
            _ => false,
        }
    }

    /// The rating by those who maintain the package: the image's distribution for OS packages, the
    /// ecosystem's database for language packages. Several that differ: the majority, then the
    /// higher one. A source's word is one vote, however many scanners and CVSS statements repeat
    /// it: otherwise a scanner without a band below low, which shows `LOW` for Debian's
    /// *unimportant*, would win by repetition.
    fn vendor(&self) -> Option<Choice> {
        let by_vendor = self.ratings.iter().filter(|rating| match &rating.source {
            RatingSource::Distro(_) => self.is_os && !self.is_foreign(&rating.source),
            RatingSource::EcosystemDatabase(_) => !self.is_os,
            _ => false,
        });
        let mut votes: BTreeMap<Severity, BTreeSet<(&RatingSource, Option<String>)>> =
            BTreeMap::new();
        for rating in by_vendor.filter(|rating| rating.severity != Severity::Unknown) {
            votes.entry(rating.severity).or_default().insert((
                &rating.source,
                rating.label.as_deref().map(str::to_lowercase),
            ));
        }
        let (level, voices) = votes
            .into_iter()
            .max_by_key(|(band, voices)| (voices.len(), *band))?;
        let (source, _) = voices.first()?;
        let rule = if self.is_os {
            "rating of the distribution"
        } else {
            "rating of the ecosystem's database"
        };
        Some(Choice {
            level,
            source: (*source).clone(),
            rule: rule.to_owned(),
        })
    }

    /// The best CVSS score of the first of these major versions that anybody gives: NVD's, else
    /// that of whoever else rates the flaw, else another distribution's.
    fn cvss(&self, majors: &[&str]) -> Option<Choice> {
        majors.iter().find_map(|major| {
            let (rating, cvss, band) = self.scored(major).max_by_key(|(rating, cvss, band)| {
                let closeness = match &rating.source {
                    RatingSource::Nvd => 2,
                    source if !self.is_foreign(source) => 1,
                    _ => 0,
                };
                (closeness, *band, &cvss.version)
            })?;
            Some(Choice {
                level: band,
                source: rating.source.clone(),
                rule: format!("CVSS {} base score", cvss.version),
            })
        })
    }

    /// CVSS statements of one major version that give a band, with their bands.
    fn scored(&self, major: &str) -> impl Iterator<Item = (&Rating, &Cvss, Severity)> {
        self.ratings
            .iter()
            .filter_map(|rating| Some((rating, rating.cvss.as_ref()?)))
            .filter(move |(_, cvss)| cvss.version.starts_with(major))
            .map(|(rating, cvss)| (rating, cvss, cvss.band()))
            .filter(|(_, _, band)| *band != Severity::Unknown)
    }

    /// What NVD says: the score of its newest CVSS version, else its word. Where reports repeat
    /// several of its states, the higher one.
    fn nvd(&self) -> Option<Choice> {
        let scored = ["4", "3", "2"].iter().find_map(|major| {
            self.scored(major)
                .filter(|(rating, ..)| rating.source == RatingSource::Nvd)
                .max_by_key(|(_, cvss, band)| (*band, &cvss.version))
                .map(|(_, cvss, band)| (band, format!("NVD's CVSS {} base score", cvss.version)))
        });
        let worded = || {
            self.ratings
                .iter()
                .filter(|rating| rating.source == RatingSource::Nvd)
                .map(|rating| rating.severity)
                .filter(|band| *band != Severity::Unknown)
                .max()
                .map(|band| (band, "NVD's own word".to_owned()))
        };
        let (level, rule) = scored.or_else(worded)?;
        Some(Choice {
            level,
            source: RatingSource::Nvd,
            rule,
        })
    }

    /// The band that most scanners show; the higher one when tied.
    fn majority(&self) -> Option<Choice> {
        let mut votes: BTreeMap<Severity, Vec<&ScannerId>> = BTreeMap::new();
        for (scanner, severity) in self.shown.iter().filter(|(_, s)| **s != Severity::Unknown) {
            votes.entry(*severity).or_default().push(scanner);
        }
        let (level, scanners) = votes
            .into_iter()
            .max_by_key(|(band, scanners)| (scanners.len(), *band))?;
        Some(Choice {
            level,
            source: RatingSource::Scanner(scanners.first()?.to_string()),
            rule: format!(
                "shown by {} of {} scanners",
                scanners.len(),
                self.shown.len()
            ),
        })
    }

    fn shown_by(&self, scanner: &ScannerId) -> Option<Choice> {
        let level = *self
            .shown
            .get(scanner)
            .filter(|s| **s != Severity::Unknown)?;
        Some(Choice {
            level,
            source: RatingSource::Scanner(scanner.to_string()),
            rule: format!("shown by {scanner}"),
        })
    }

    /// Bands with their sources: what scanners show, and what those say who rate this package or
    /// the flaw itself. Other distributions rate other builds and are left out.
    fn bands(&self) -> impl Iterator<Item = (Severity, RatingSource)> {
        let shown = self
            .shown
            .iter()
            .map(|(scanner, band)| (*band, RatingSource::Scanner(scanner.to_string())));
        let rated = self
            .ratings
            .iter()
            .filter(|rating| !self.is_foreign(&rating.source))
            .map(|rating| (rating.severity, rating.source.clone()));
        shown
            .chain(rated)
            .filter(|(band, _)| *band != Severity::Unknown)
    }

    fn extreme<F>(&self, pick: F, rule: &str) -> Option<Choice>
    where
        F: FnOnce(
            &mut dyn Iterator<Item = (Severity, RatingSource)>,
        ) -> Option<(Severity, RatingSource)>,
    {
        let (level, source) = pick(&mut self.bands())?;
        Some(Choice {
            level,
            source,
            rule: rule.to_owned(),
        })
    }

    fn range(&self) -> (Severity, Severity) {
        let bands = || self.bands().map(|(band, _)| band);
        (
            bands().min().unwrap_or_default(),
            bands().max().unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests;
