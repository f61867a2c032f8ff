//! Which of many ratings counts.

use std::collections::BTreeMap;

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
    /// What the first of these scanners that reports it shows.
    Scanners(Vec<ScannerId>),
}

impl SeverityRule {
    /// The rule of a policy's `severity.resolve`: one of the words `vendor`, `highest`, `lowest`,
    /// `majority`, `cvss`.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "vendor" => Self::Vendor,
            "highest" => Self::Highest,
            "lowest" => Self::Lowest,
            "majority" => Self::Majority,
            "cvss" => Self::Cvss,
            _ => return None,
        })
    }

    /// The words that [`SeverityRule::from_word`] takes.
    pub const WORDS: [&'static str; 5] = ["vendor", "highest", "lowest", "majority", "cvss"];

    /// For reports: the word, or the scanners in order.
    pub fn describe(&self) -> String {
        match self {
            Self::Vendor => "vendor".to_owned(),
            Self::Highest => "highest".to_owned(),
            Self::Lowest => "lowest".to_owned(),
            Self::Majority => "majority".to_owned(),
            Self::Cvss => "cvss".to_owned(),
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
        SeverityRule::Vendor => opinions
            .vendor()
            .or_else(|| opinions.cvss(&["4", "3"]))
            .or_else(|| opinions.majority())
            .or_else(|| opinions.cvss(&["2"])),
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
    /// The rating by those who maintain the package: the image's distribution for OS packages, the
    /// ecosystem's database for language packages. Several that differ: the majority, then the
    /// higher one.
    fn vendor(&self) -> Option<Choice> {
        let by_vendor = self.ratings.iter().filter(|rating| match &rating.source {
            RatingSource::Distro(family) => {
                self.is_os && self.distro.is_none_or(|distro| same_distro(distro, family))
            }
            RatingSource::EcosystemDatabase(_) => !self.is_os,
            _ => false,
        });
        let mut votes: BTreeMap<Severity, (usize, &RatingSource)> = BTreeMap::new();
        for rating in by_vendor.filter(|rating| rating.severity != Severity::Unknown) {
            votes
                .entry(rating.severity)
                .or_insert((0, &rating.source))
                .0 += 1;
        }
        let (level, (_, source)) = votes
            .into_iter()
            .max_by_key(|(band, (count, _))| (*count, *band))?;
        let rule = if self.is_os {
            "rating of the distribution"
        } else {
            "rating of the ecosystem's database"
        };
        Some(Choice {
            level,
            source: source.clone(),
            rule: rule.to_owned(),
        })
    }

    /// The best CVSS score of the first of these major versions that anybody gives, NVD's first.
    fn cvss(&self, majors: &[&str]) -> Option<Choice> {
        majors.iter().find_map(|major| {
            let scored: Vec<(&Rating, &Cvss)> = self
                .ratings
                .iter()
                .filter_map(|rating| Some((rating, rating.cvss.as_ref()?)))
                .filter(|(_, cvss)| {
                    cvss.version.starts_with(major) && cvss.band() != Severity::Unknown
                })
                .collect();
            let (rating, cvss) = scored
                .iter()
                .find(|(rating, _)| rating.source == RatingSource::Nvd)
                .or_else(|| scored.iter().max_by_key(|(_, cvss)| cvss.band()))?;
            Some(Choice {
                level: cvss.band(),
                source: rating.source.clone(),
                rule: format!("CVSS {} base score", cvss.version),
            })
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
            .filter(|rating| match &rating.source {
                RatingSource::Distro(family) => {
                    self.is_os && self.distro.is_none_or(|distro| same_distro(distro, family))
                }
                _ => true,
            })
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
mod tests {
    use super::*;

    fn rating(source: &str, severity: Severity, cvss: Option<(&str, f64)>) -> Rating {
        Rating {
            source: RatingSource::from_name(source),
            severity,
            label: None,
            cvss: cvss.and_then(|(version, score)| Cvss::new(None, Some(score), version)),
        }
    }

    fn level(
        rule: &SeverityRule,
        is_os: bool,
        ratings: &[Rating],
        shown: &[(&str, Severity)],
    ) -> ResolvedSeverity {
        let shown = shown
            .iter()
            .map(|(name, severity)| (ScannerId::new(name), *severity))
            .collect();
        resolve(
            rule,
            &Opinions {
                is_os,
                distro: Some("debian"),
                ratings,
                shown: &shown,
            },
        )
    }

    #[test]
    fn the_distribution_rates_its_own_packages() {
        let ratings = [
            rating("debian", Severity::Low, None),
            rating("redhat", Severity::High, None),
            rating("nvd", Severity::Critical, Some(("3.1", 9.8))),
        ];
        let resolved = level(
            &SeverityRule::Vendor,
            true,
            &ratings,
            &[("trivy", Severity::Low)],
        );
        assert_eq!(
            (resolved.level, resolved.source),
            (Severity::Low, Some(RatingSource::Distro("debian".into())))
        );
        assert_eq!(
            (resolved.lowest, resolved.highest, resolved.disputed),
            (Severity::Low, Severity::Critical, true)
        );
    }

    #[test]
    fn language_packages_follow_their_database_then_cvss_then_scanners() {
        let nvd = rating("nvd", Severity::Critical, Some(("3.1", 9.8)));
        let ghsa = rating("ghsa", Severity::High, None);
        let shown = [("grype", Severity::Medium)];
        assert_eq!(
            level(&SeverityRule::Vendor, false, &[nvd.clone(), ghsa], &shown).level,
            Severity::High
        );
        assert_eq!(
            level(&SeverityRule::Vendor, false, &[nvd], &shown).level,
            Severity::Critical
        );
        assert_eq!(
            level(&SeverityRule::Vendor, false, &[], &shown).level,
            Severity::Medium
        );
        assert_eq!(
            level(
                &SeverityRule::Vendor,
                false,
                &[],
                &[("grype", Severity::Unknown)]
            )
            .level,
            Severity::Unknown
        );
    }

    #[test]
    fn ties_go_to_the_higher_band() {
        let shown = [("grype", Severity::Low), ("trivy", Severity::High)];
        assert_eq!(
            level(&SeverityRule::Majority, true, &[], &shown).level,
            Severity::High
        );
        assert_eq!(
            level(&SeverityRule::Lowest, true, &[], &shown).level,
            Severity::Low
        );
        assert_eq!(
            level(&SeverityRule::Highest, true, &[], &shown).level,
            Severity::High
        );
        let order = SeverityRule::Scanners(vec![ScannerId::new("snyk"), ScannerId::new("grype")]);
        assert_eq!(level(&order, true, &[], &shown).level, Severity::Low);
    }

    #[test]
    fn negligible_and_low_are_no_dispute() {
        let shown = [("grype", Severity::Negligible), ("trivy", Severity::Medium)];
        assert!(!level(&SeverityRule::Vendor, true, &[], &shown).disputed);
    }
}
