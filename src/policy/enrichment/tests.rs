use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::model::{DiagnosticLevel, FixState, KevEntry, Severity};
use crate::policy::tests::finding;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn ids(ids: &[&str]) -> BTreeSet<AdvisoryId> {
    ids.iter().map(|id| AdvisoryId::new(id)).collect()
}

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

const CATALOGUE: &str = r#"{
  "title": "CISA Catalog of Known Exploited Vulnerabilities",
  "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T15:00:12.6483Z", "count": 2,
  "vulnerabilities": [
    {"cveID": "CVE-2021-44228", "vendorProject": "Apache", "dateAdded": "2021-12-10",
     "dueDate": "2021-12-24", "knownRansomwareCampaignUse": "Known", "cwes": ["CWE-20"]},
    {"cveID": "CVE-2024-0001", "dateAdded": "2024-05-01"}]}"#;

const SCORES: &str = "#model_version:v2025.03.14,score_date:2026-11-23T12:55:00Z\n\
    cve,epss,percentile\n\
    CVE-1999-0001,0.0142,0.7991\n\
    CVE-2021-44228,0.97565,0.99992\n";

#[test]
fn the_catalogue_reads_plain_and_compressed_with_and_without_a_mark() {
    let kev = Kev::read(CATALOGUE.as_bytes(), "kev.json").unwrap();
    let log4shell = KevEntry {
        date_added: "2021-12-10".to_owned(),
        due_date: Some("2021-12-24".to_owned()),
        ransomware: true,
    };
    assert_eq!(
        kev.entry(&AdvisoryId::new("CVE-2021-44228")),
        Some(&log4shell)
    );
    assert_eq!(kev.entry(&AdvisoryId::new("CVE-2021-44229")), None);
    assert_eq!((kev.count(), kev.diagnostics()), (2, &[][..]));
    assert_eq!(kev.edition().version.as_deref(), Some("2026.11.20"));
    assert_eq!(kev.edition().day().as_deref(), Some("2026-11-20"));
    let marked = format!("\u{FEFF}{CATALOGUE}");
    for bytes in [gzip(CATALOGUE.as_bytes()), marked.into_bytes()] {
        assert_eq!(Kev::read(&bytes, "kev.json").unwrap(), kev);
    }
}

#[test]
fn what_is_not_the_catalogue_is_refused_with_its_place() {
    let refused = |bytes: &[u8]| Kev::read(bytes, "kev.json").unwrap_err().to_string();
    let cut = &CATALOGUE.as_bytes()[..CATALOGUE.len() - 2];
    assert!(refused(cut).starts_with("kev.json:7:"), "{}", refused(cut));
    assert!(refused(b"<html>").starts_with("kev.json:1:1: not CISA's catalogue"));
    assert!(refused(br#"{"Results": []}"#).contains("missing field `catalogVersion`"));
    assert!(refused(b"").starts_with("kev.json:1:"));
    assert!(refused(b"\xFF\xFE{\0}\0").contains("not UTF-8 at byte 0"));
    let deep = "[".repeat(100_000);
    assert!(refused(deep.as_bytes()).starts_with("kev.json:1:"));
    let empty = CATALOGUE.split("\"vulnerabilities\"").next().unwrap();
    let empty = format!("{empty}\"vulnerabilities\": []}}");
    assert!(refused(empty.as_bytes()).contains("not one readable entry"));
    let compressed = gzip(CATALOGUE.as_bytes());
    assert!(refused(&compressed[..compressed.len() / 2]).contains("truncated gzip"));
}

#[test]
fn a_bad_entry_costs_itself_and_a_wrong_count_is_told() {
    let text = CATALOGUE
        .replace("\"count\": 2", "\"count\": 9")
        .replace("{\"cveID\": \"CVE-2024-0001\"", "{\"cveID\": \"everything\"")
        .replace(
            "\"vulnerabilities\": [",
            "\"vulnerabilities\": [7, {\"cveID\": \"CVE-2024-0002\", \"dateAdded\": \"2024-02-30\"},",
        );
    let kev = Kev::read(text.as_bytes(), "kev.json").unwrap();
    assert_eq!(kev.count(), 1);
    let told: Vec<(DiagnosticLevel, Option<&str>)> = kev
        .diagnostics()
        .iter()
        .map(|told| (told.level, told.pointer.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (DiagnosticLevel::Warning, None),
            (DiagnosticLevel::Unreadable, Some("/vulnerabilities/0")),
            (DiagnosticLevel::Unreadable, Some("/vulnerabilities/1")),
            (DiagnosticLevel::Unreadable, Some("/vulnerabilities/3")),
        ]
    );
    assert_eq!(
        kev.diagnostics()[2].message,
        "dateAdded `2024-02-30` is not a day in the form YYYY-MM-DD"
    );
}

#[test]
fn only_the_wanted_scores_are_kept() {
    let wanted = ids(&["CVE-2021-44228", "CVE-2024-0001"]);
    let scores = EpssScores::read(SCORES.as_bytes(), "epss.csv", &wanted).unwrap();
    let expected = Epss {
        score: 0.97565,
        percentile: Some(0.99992),
        date: Some("2026-11-23".to_owned()),
    };
    let score = |id: &str| scores.score(&AdvisoryId::new(id));
    assert_eq!(score("CVE-2021-44228"), Some(&expected));
    assert_eq!(
        (score("CVE-1999-0001"), score("CVE-2024-0001")),
        (None, None)
    );
    assert_eq!((scores.rows(), scores.diagnostics()), (2, &[][..]));
    assert_eq!(scores.edition().version.as_deref(), Some("v2025.03.14"));
    let windows = SCORES.replace('\n', "\r\n");
    for bytes in [gzip(SCORES.as_bytes()), windows.into_bytes()] {
        assert_eq!(
            EpssScores::read(&bytes, "epss.csv", &wanted).unwrap(),
            scores
        );
    }
}

#[test]
fn every_spelling_of_the_score_date_is_a_moment() {
    for text in [
        "2026-01-02T00:00:00+0000",
        "2026-01-02T00:00:00Z",
        "2026-01-02",
    ] {
        assert_eq!(moment(text), Some(at("2026-01-02T00:00:00Z")), "{text}");
    }
    assert_eq!(moment("today"), None);
}

#[test]
fn rows_that_cannot_be_scores_are_told_by_line_and_not_without_end() {
    let mut text = SCORES.to_owned();
    text.push_str(
        "CVE-2024-0001,1.5,0.5\nCVE-2024-0001,NaN,0.5\nCVE-2024-0001,0.5\n\nall,0.5,0.5\n",
    );
    for _ in 0..20 {
        text.push_str("CVE-2024-0001,-0.1,0.5\n");
    }
    let mut bytes = text.into_bytes();
    bytes.extend(b"CVE-2024-0001,\xFF,0.5\n");
    let scores = EpssScores::read(&bytes, "epss.csv", &ids(&["CVE-2024-0001"])).unwrap();
    assert_eq!(scores.score(&AdvisoryId::new("CVE-2024-0001")), None);
    let told: Vec<&str> = scores
        .diagnostics()
        .iter()
        .map(|told| told.message.as_str())
        .collect();
    assert_eq!(
        told[..2],
        [
            "line 5: epss `1.5` of CVE-2024-0001 is not a number from 0 to 1",
            "line 6: epss `NaN` of CVE-2024-0001 is not a number from 0 to 1",
        ]
    );
    assert_eq!(
        told[2],
        "line 7: not of the three columns cve,epss,percentile"
    );
    assert_eq!(told[3], "line 9: `all` is not a CVE id");
    assert_eq!(told.len(), 11);
    assert_eq!(told[10], "15 more entries like these are not listed here");
}

#[test]
fn contradictions_are_told_and_the_worse_word_counts() {
    let text = format!("{SCORES}CVE-2021-44228,0.5,0.5\nCVE-1999-0001,0.0142,0.7991\n");
    let scores = EpssScores::read(text.as_bytes(), "epss.csv", &ids(&["CVE-2021-44228"])).unwrap();
    let kept = scores.score(&AdvisoryId::new("CVE-2021-44228")).unwrap();
    assert_eq!(kept.percentile, Some(0.99992));
    assert_eq!(
        scores.diagnostics()[0].message,
        "line 5: a second score of CVE-2021-44228; the higher counts"
    );
    let again = CATALOGUE.replace("CVE-2024-0001", "CVE-2021-44228");
    let kev = Kev::read(again.as_bytes(), "kev.json").unwrap();
    let kept = kev.entry(&AdvisoryId::new("CVE-2021-44228")).unwrap();
    assert_eq!(kept.date_added, "2024-05-01");
    assert_eq!(kev.diagnostics().len(), 1);
}

#[test]
fn a_file_without_the_header_is_refused_with_its_line() {
    let refused = |text: &str| {
        EpssScores::read(text.as_bytes(), "epss.csv", &BTreeSet::new())
            .unwrap_err()
            .to_string()
    };
    let swapped = SCORES.replace("cve,epss,percentile", "cve,percentile,epss");
    assert!(refused(&swapped).starts_with("epss.csv:2: expected the columns cve,epss,percentile"));
    assert!(refused("<html>").contains("found <html>"));
    assert!(refused("").contains("found the end of the file"));
    assert!(refused("#a:b\n#c\n").starts_with("epss.csv:2:"));
    assert!(refused("cve,epss,percentile\n").contains("not one readable score"));
    let long = format!("cve,epss,percentile\n{}", "x".repeat(10_000));
    assert!(refused(&long).starts_with("epss.csv:2: the line is too long"));
}

#[test]
fn a_bomb_is_refused_before_it_unfolds() {
    let mut text = SCORES.to_owned();
    for number in 0..100_000 {
        writeln!(text, "CVE-2024-{number:04},0.1,0.1").unwrap();
    }
    let limit = text.len() as u64;
    let bomb = gzip(text.as_bytes());
    assert!(bomb.len() * 5 < text.len());
    let read = |limit| EpssScores::read_within(&bomb, "epss.csv.gz", &BTreeSet::new(), limit);
    assert_eq!(read(limit).unwrap().rows(), 100_002);
    assert!(matches!(
        read(limit - 1),
        Err(EnrichmentError::TooLarge { .. })
    ));
    let blank = gzip(&vec![b' '; 1 << 20]);
    assert!(matches!(
        content::text(&blank, "kev.json.gz", 1 << 16),
        Err(EnrichmentError::TooLarge { .. })
    ));
}

#[test]
fn a_truncated_or_damaged_archive_is_an_error_and_never_a_part_of_the_scores() {
    let whole = gzip(SCORES.as_bytes());
    for length in 2..whole.len() {
        let read = EpssScores::read(&whole[..length], "epss.csv.gz", &BTreeSet::new());
        assert!(
            matches!(read, Err(EnrichmentError::Compression { .. })),
            "{length} of {} bytes",
            whole.len()
        );
    }
    let mut flipped = whole.clone();
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    assert!(EpssScores::read(&flipped, "epss.csv.gz", &BTreeSet::new()).is_err());
}

#[test]
fn age_is_counted_from_the_feeds_own_date() {
    let edition = Edition::new("v1", "2026-11-20");
    let day = SignedDuration::from_hours(24);
    assert_eq!(edition.age(at("2026-11-22T00:00:00Z")), Some(day * 2));
    assert!(!edition.is_stale(at("2026-11-22T00:00:00Z"), day * 2));
    assert!(edition.is_stale(at("2026-11-22T00:00:01Z"), day * 2));
    assert!(Edition::new("v1", "").is_stale(at("2026-11-22T00:00:00Z"), day));
}

/// A finding of a class with these ids and what a scanner says of it.
fn found(names: &[&str], kev: Option<KevEntry>, epss: Option<Epss>) -> Finding {
    let mut finding = finding(names[0], Severity::High, FixState::Unknown, Vec::new());
    finding.vulnerability.aliases = names[1..].iter().map(|id| AdvisoryId::new(id)).collect();
    finding.vulnerability.kev = kev;
    finding.vulnerability.epss = epss;
    finding
}

fn feeds(wanted: &[&str]) -> (Kev, EpssScores) {
    (
        Kev::read(CATALOGUE.as_bytes(), "kev.json").unwrap(),
        EpssScores::read(SCORES.as_bytes(), "epss.csv", &ids(wanted)).unwrap(),
    )
}

#[test]
fn any_cve_of_the_class_is_looked_up() {
    let mut findings = [
        found(
            &["GHSA-jfh8-c2jp-5v3q", "DEBIAN-CVE-2021-44228"],
            None,
            None,
        ),
        found(&["GHSA-aaaa-bbbb-cccc"], None, None),
    ];
    assert_eq!(cves(&findings), ids(&["CVE-2021-44228"]));
    let (kev, epss) = feeds(&["CVE-2021-44228"]);
    apply(&mut findings, Some(&kev), Some(&epss));
    let vulnerability = &findings[0].vulnerability;
    assert!(vulnerability.known_exploited);
    assert!(vulnerability.kev.as_ref().unwrap().ransomware);
    assert_eq!(
        vulnerability.epss,
        Epss::new(0.97565, Some(0.99992), "2026-11-23")
    );
    assert_eq!(findings[1], found(&["GHSA-aaaa-bbbb-cccc"], None, None));
}

#[test]
fn a_feed_replaces_a_scanners_word_unless_that_is_newer() {
    let (kev, epss) = feeds(&["CVE-2021-44228"]);
    let enriched = |carried: Option<Epss>| {
        let mut findings = [found(&["CVE-2021-44228"], None, carried)];
        apply(&mut findings, Some(&kev), Some(&epss));
        findings[0].vulnerability.epss.clone()
    };
    let feeds = Epss::new(0.97565, Some(0.99992), "2026-11-23");
    let own = |date| Epss::new(0.5, None, date);
    for older in ["", "2026-11-22", "2026-11-23"] {
        assert_eq!(enriched(own(older)), feeds, "{older}");
    }
    assert_eq!(enriched(own("2026-11-24")), own("2026-11-24"));
}

#[test]
fn what_a_feed_does_not_mention_stays() {
    let entry = KevEntry::new("2020-01-01", "", "Unknown");
    let mut carried = found(&["CVE-2020-9999"], entry, Epss::new(0.5, None, ""));
    carried.vulnerability.known_exploited = true;
    let mut findings = [carried.clone()];
    let (kev, epss) = feeds(&["CVE-2020-9999"]);
    apply(&mut findings, Some(&kev), Some(&epss));
    assert_eq!(findings[0], carried);
}

fn any_epss() -> impl Strategy<Value = Option<Epss>> {
    let date = prop::sample::select(vec!["", "2026-11-22", "2026-11-23", "2026-11-24"]);
    let score = prop::sample::select(vec![-1.0, 0.0, 0.5, 1.0]);
    let percentile = prop::option::of(prop::sample::select(vec![0.0, 0.5, 1.0]));
    (score, percentile, date)
        .prop_map(|(score, percentile, date)| Epss::new(score, percentile, date))
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let names = prop::sample::subsequence(
        vec![
            "CVE-2021-44228",
            "CVE-1999-0001",
            "CVE-2024-0001",
            "GHSA-aaaa-bbbb-cccc",
        ],
        1..=4,
    );
    let added = prop::sample::select(vec!["", "2020-01-01", "2021-12-10", "2026-01-01"]);
    (names, added, any_epss())
        .prop_map(|(names, added, epss)| found(&names, KevEntry::new(added, "", ""), epss))
}

proptest! {
    #[test]
    fn applying_is_idempotent_and_free_of_order(
        mut findings in prop::collection::vec(any_finding(), 0..6)
    ) {
        let kev = Kev::read(CATALOGUE.as_bytes(), "kev.json").unwrap();
        let epss = EpssScores::read(SCORES.as_bytes(), "epss.csv", &cves(&findings)).unwrap();
        let mut reversed = findings.clone();
        reversed.reverse();
        for finding in &mut reversed {
            finding.vulnerability.aliases.reverse();
        }
        apply(&mut findings, Some(&kev), Some(&epss));
        let once = findings.clone();
        apply(&mut findings, Some(&kev), Some(&epss));
        prop_assert_eq!(&findings, &once);
        apply(&mut reversed, None, Some(&epss));
        apply(&mut reversed, Some(&kev), None);
        reversed.reverse();
        for finding in &mut reversed {
            finding.vulnerability.aliases.reverse();
        }
        prop_assert_eq!(reversed, once);
    }

    #[test]
    fn preferring_is_an_order(a in any_epss(), b in any_epss(), c in any_epss()) {
        if let (Some(a), Some(b), Some(c)) = (a, b, c) {
            prop_assert_eq!(a.clone().prefer(b.clone()), b.clone().prefer(a.clone()));
            let left = a.clone().prefer(b.clone()).prefer(c.clone());
            prop_assert_eq!(left, a.clone().prefer(b.prefer(c)));
            prop_assert_eq!(a.clone().prefer(a.clone()), a);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_by_name(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in 0_usize..200,
    ) {
        let wanted = ids(&["CVE-2021-44228"]);
        for text in ["", CATALOGUE, SCORES] {
            let mut damaged = text.as_bytes().to_vec();
            let start = start.min(damaged.len());
            let end = damaged.len().min(start + bytes.len());
            damaged.splice(start..end, bytes.iter().copied());
            match Kev::read(&damaged, "feed") {
                Ok(kev) => prop_assert!(kev.count() > 0),
                Err(error) => prop_assert!(error.to_string().starts_with("feed:")),
            }
            match EpssScores::read(&damaged, "feed", &wanted) {
                Ok(scores) => prop_assert!(scores.rows() > 0),
                Err(error) => prop_assert!(error.to_string().starts_with("feed:")),
            }
        }
    }
}
