//! JUnit XML: the verdict as test results, for the pages that build servers make of them.
//!
//! Three suites. *policy* says whether the image passes, *scanners* has a test for each scanner, in
//! error where it gave no result, and *vulnerabilities* one for each finding: failed where it blocks,
//! passed with its text as output where it warns, skipped with the reason where it is ignored. Findings
//! that are only tracked are counted in the suite's output. An image without findings has the tests of
//! the first two suites, so that no server takes its file for an empty one.
//!
//! There is no specification. What is written is the part that Jenkins, GitLab and others share: the
//! schema of Jenkins' xunit plugin; the message of a failure again in its text, since GitLab shows
//! only that; no two tests of one class and name, of which GitLab keeps the first; fewer bytes than
//! GitLab takes, with a test that says what was left out.

mod suite;

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;
use jiff::tz::Offset;

use self::suite::{Details, Outcome, Suite, write_suites};
use super::{Description, identity, links, phrases, sentence};
use crate::model::report::{Report, RunOutcome, ScannerSummary};
use crate::model::{self, Action, AdvisoryId, Ecosystem, Finding, ScannerId};

/// Test results for a build server.
pub(super) const FORMAT: Description = Description {
    name: "junit",
    title: "test results for a build server, as JUnit XML",
    file_name: "report.junit.xml",
    is_page: false,
    write: |report, _, out| write(report, out),
    warnings: |report, _| warnings(report),
};

/// Bytes of the suite of findings. GitLab takes files of less than 30 MB.
const BUDGET: usize = 25_000_000;

/// Findings whose tests fit whatever they hold: each is eleven lines at most, class, name and message
/// twice among them, of which a character takes up to eight bytes (`\u{fffe}` made visible), and some
/// elements.
const FIT: usize = BUDGET / (11 * suite::LINE * 8 + 500);

/// Writes the suites.
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let suites = [
        policy(report)?,
        scanners(report)?,
        vulnerabilities(report)?.0,
    ];
    let image = identity::repository(&report.target);
    let moment: Option<Timestamp> = report.evaluated_at.parse().ok();
    // In UTC and without a zone, as other writers do.
    let moment = moment.map(|moment| {
        Offset::UTC
            .to_datetime(moment)
            .strftime("%Y-%m-%dT%H:%M:%S")
    });
    let moment = moment.map_or_else(String::new, |moment| moment.to_string());
    write_suites(&image, &moment, &suites, out)
}

/// Whether the image passes.
fn policy(report: &Report) -> io::Result<Suite> {
    let verdict = &report.verdict;
    let mut suite = Suite::new("policy");
    let blocked = verdict.outcome == RunOutcome::Block || verdict.blocking > 0;
    let outcome = if blocked {
        Outcome::Failed(Details::new("blocked", sentence(report)))
    } else {
        Outcome::Passed(None)
    };
    suite.case("policy", "no finding blocks", None, outcome)?;
    let unsure = verdict.outcome == RunOutcome::Insufficient || !verdict.insufficient.is_empty();
    let outcome = if unsure {
        let mut details = Details::new("insufficient", "too few results can be trusted");
        details.lines.extend(verdict.insufficient.iter().cloned());
        Outcome::Error(details)
    } else {
        Outcome::Passed(None)
    };
    suite.case("policy", "enough results can be trusted", None, outcome)?;
    Ok(suite)
}

/// Whether each scanner gave a result.
fn scanners(report: &Report) -> io::Result<Suite> {
    let mut suite = Suite::new("scanners");
    let name = |scanner: &ScannerId| format!("{scanner} gives a result");
    for scanner in &report.policy.missing_scanners {
        let [said, to_do] = phrases::NOT_RUN;
        let mut details = Details::new(phrases::MISSING, said);
        details
            .lines
            .extend([to_do.to_owned(), REQUIRED.to_owned()]);
        suite.case("scanner", &name(scanner), None, Outcome::Error(details))?;
    }
    for scanner in &report.scanners {
        let outcome = scanner_outcome(report, scanner);
        suite.case("scanner", &name(&scanner.id), scanner.duration_ms, outcome)?;
    }
    Ok(suite)
}

/// Said of a scanner whose result the policy demands.
const REQUIRED: &str = "required by the policy";

fn scanner_outcome(report: &Report, scanner: &ScannerSummary) -> Outcome {
    let unreadable = phrases::unreadable(report, &scanner.id);
    match &scanner.outcome {
        model::Outcome::Completed => Outcome::Passed(unreadable.map(|text| vec![text])),
        model::Outcome::Partial { missing } => {
            let missing = format!("missing: {missing}");
            Outcome::Passed(Some([missing].into_iter().chain(unreadable).collect()))
        }
        model::Outcome::Failed(failure) => {
            let mut details = Details::new(failure.kind.as_str(), phrases::failure(failure));
            details.lines.push(format!("to do: {}", failure.remedy));
            if scanner.required {
                details.lines.push(REQUIRED.to_owned());
            }
            Outcome::Error(details)
        }
    }
}

/// A test for each finding that is not only tracked, those first that block, and how many did not
/// fit.
fn vulnerabilities(report: &Report) -> io::Result<(Suite, LeftOut)> {
    let mut suite = Suite::new("vulnerabilities");
    let mut left_out = LeftOut::default();
    let names = Names::of(&report.findings);
    let undecided = report
        .findings
        .iter()
        .filter(|finding| finding.decision.is_none());
    let findings = report
        .with_action(Action::Block)
        .chain(undecided)
        .chain(report.with_action(Action::Warn))
        .chain(report.with_action(Action::Ignore));
    for finding in findings {
        if suite.size() >= BUDGET {
            left_out.count(finding);
            continue;
        }
        let class = format!("vulnerability.{}", finding.package.ecosystem);
        suite.case(&class, &names.name(finding), None, finding_outcome(finding))?;
    }
    if let Some(sentence) = left_out.sentence() {
        let details = Details::new("left-out", sentence);
        let outcome = if left_out.failing > 0 {
            Outcome::Failed(details)
        } else {
            Outcome::Skipped(details)
        };
        suite.case(
            "report",
            "findings that do not fit into this file",
            None,
            outcome,
        )?;
    }
    let tracked = report.with_action(Action::Track).count();
    if tracked > 0 {
        let findings = phrases::count(tracked, "finding is", "findings are");
        suite.remark(&format!("{findings} only tracked and no test here"))?;
    }
    Ok((suite, left_out))
}

/// What findings are called in every run: without the severity, and with the installed version only
/// where it tells one from another.
struct Names<'a>(HashMap<Name<'a>, usize>);

/// A vulnerability in a package, of whatever version.
type Name<'a> = (&'a AdvisoryId, &'a Ecosystem, &'a str);

impl<'a> Names<'a> {
    fn of(findings: &'a [Finding]) -> Self {
        let mut names = HashMap::new();
        for finding in findings {
            *names.entry(Self::without_version(finding)).or_default() += 1;
        }
        Self(names)
    }

    fn without_version(finding: &Finding) -> Name<'_> {
        let package = &finding.package;
        (&finding.vulnerability.id, &package.ecosystem, &package.name)
    }

    fn name(&self, finding: &Finding) -> String {
        let (id, _, package) = Self::without_version(finding);
        let is_shared = self.0.get(&Self::without_version(finding)) > Some(&1);
        if is_shared {
            format!("{id} in {package} {}", phrases::installed(finding))
        } else {
            format!("{id} in {package}")
        }
    }
}

fn finding_outcome(finding: &Finding) -> Outcome {
    let severity = &finding.severity;
    let message = format!(
        "{}: {} {}; {}{}",
        phrases::severity(severity),
        phrases::package(finding),
        phrases::versions(finding),
        phrases::exploited(finding),
        phrases::why(finding).join(" "),
    );
    let mut details = Details::new(severity.level.as_str(), message);
    details.lines.extend(finding.vulnerability.title.clone());
    let reported = phrases::seen_by(finding);
    details.lines.push(format!("reported by: {reported}"));
    details.lines.extend(links::page(&finding.vulnerability));
    let Some(decision) = &finding.decision else {
        return Outcome::Error(details);
    };
    match decision.action {
        Action::Block => Outcome::Failed(details),
        Action::Warn | Action::Track => Outcome::Passed(Some(details.into_lines())),
        Action::Ignore => {
            if let Some(owner) = &decision.rule.owner {
                details.lines.push(format!("owner: {owner}"));
            }
            if let Some(day) = &decision.rule.expires {
                details.lines.push(format!("expires: {day}"));
            }
            Outcome::Skipped(details)
        }
    }
}

/// Findings that have no test because the file would be too long.
#[derive(Default)]
struct LeftOut {
    /// Those that would fail.
    failing: usize,
    others: usize,
}

impl LeftOut {
    fn count(&mut self, finding: &Finding) {
        let decision = finding.decision.as_ref();
        if decision.is_none_or(|decision| decision.action == Action::Block) {
            self.failing += 1;
        } else {
            self.others += 1;
        }
    }

    fn sentence(&self) -> Option<String> {
        let all = self.failing + self.others;
        let findings = phrases::count(all, "finding has", "findings have");
        (all > 0).then(|| {
            format!(
                "{findings} no test in the JUnit XML, {} of them blocking, because servers take no \
                 longer file; the JSON report lists all",
                self.failing
            )
        })
    }
}

fn warnings(report: &Report) -> Vec<String> {
    // So that most reports are not written twice.
    if report.findings.len() <= FIT {
        return Vec::new();
    }
    let left_out = vulnerabilities(report).ok();
    let sentence = left_out.and_then(|(_, left_out)| left_out.sentence());
    sentence.into_iter().collect()
}
