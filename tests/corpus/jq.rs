//! Counts that owe nothing to the readers: one jq program a format, run by jq itself.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crosscheck::formats::Format;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a jq program of the table prints.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Vulnerability entries, whatever is in them, withheld ones included.
    pub(crate) entries: usize,
    /// Pairs of an entry and a package that it concerns.
    pub(crate) observations: usize,
    /// Entries that are about something else: licences, secrets, checks of the configuration.
    pub(crate) not_vulnerabilities: usize,
    /// Entries that the scanner itself withheld.
    pub(crate) suppressed: usize,
    /// Distinct packages of an inventory; absent where the format lists packages only by the way.
    pub(crate) packages: Option<usize>,
}

/// Definitions that every program of the table starts with.
const PRELUDE: &str = r#"
# Members of a list. What should be a list and is not counts as one entry; null and absent as none.
def list: if . == null then empty elif type == "array" then .[] else . end;
# A usable text.
def filled: type == "string" and test("\\S");
# The shape of an id: a scheme, a separator, a rest.
def id: type == "string" and test("^\\s*[A-Za-z0-9][^\\s]*[-:][^\\s]*$");
def count(stream): reduce stream as $_ (0; . + 1);
"#;

/// The part that all JSON forms of Trivy share, from a stream of results.
const TRIVY_RESULT: &str = r#"
def modified: .ExperimentalModifiedFindings | list
  | select(type != "object" or (.Type // "vulnerability") == "vulnerability");
def trivy(results): {
  entries: count(results | (.Vulnerabilities | list), modified),
  observations: count(results | .Vulnerabilities | list | objects
    | select((.VulnerabilityID | id) and (.PkgName | filled))),
  not_vulnerabilities: 0,
  suppressed: count(results | modified | objects | .Finding | objects
    | select((.VulnerabilityID | id) and (.PkgName | filled))),
  packages: null
};
"#;

/// The jq program for a format. It sees the decoded text of the file and prints [`Counts`].
fn program(format: Format) -> String {
    let body = match format {
        Format::Trivy => "trivy(.Results | list | objects)",
        Format::TrivyLegacy => "trivy(list | objects)",
        Format::TrivyKubernetes => {
            "trivy((.Resources, .Vulnerabilities, .Misconfigurations)
               | list | objects | .Results | list | objects)"
        }
        Format::TrivyOperator => {
            r"{
              entries: count(.report.vulnerabilities | list),
              observations: count(.report.vulnerabilities | list | objects
                | select((.vulnerabilityID | id) and (.resource | filled))),
              not_vulnerabilities: 0, suppressed: 0, packages: null }"
        }
        Format::Grype => {
            r"def usable: objects | select((.vulnerability.id? | id) and (.artifact.name? | filled));
            {
              entries: count(.matches, .ignoredMatches | list),
              observations: count(.matches | list | usable),
              not_vulnerabilities: 0,
              suppressed: count(.ignoredMatches | list | usable),
              packages: null }"
        }
        // A grouped report names all packages of an entry in one list, once per dependency path.
        Format::Snyk => {
            r#"def projects: list | objects | (., (.applications | list | objects));
            def licence: .type == "license" or (.id | strings | startswith("snyk:lic:"));
            def withheld: .filtered | objects | (.ignore, .patch) | list;
            def packages: [(.name // .packageName) | list | select(filled)] | unique | .[];
            def usable: objects | select(licence | not) | select(.id | id);
            {
              entries: count(projects | (.vulnerabilities | list), withheld),
              observations: count(projects | .vulnerabilities | list | usable | packages),
              not_vulnerabilities: count(projects | (.vulnerabilities | list), withheld
                | objects | select(licence)),
              suppressed: count(projects | withheld | usable | packages),
              packages: null }"#
        }
        // Rules are named by the ids of vulnerabilities or of anything else that a tool checks.
        Format::Sarif => {
            r#"def vulnerability: (.ruleId // .rule.id?) | strings
              | test("^((DEBIAN-|UBUNTU-|ALPINE-)?CVE|GHSA|GMS|GO|RUSTSEC|PYSEC|OSV|SNYK|TEMP|D[LS]A|USN|(RH|AL|RL|EL)[SBE]A|ALAS|(open)?SUSE-[SRF]U|MAL|NSWG|CGA|BIT)[-_0-9]|^npm:"; "i");
            def results: .runs | list | objects | .results | list;
            # Something that was found (SARIF 2.1.0, 3.27.9) and is still there (3.27.24).
            def found: (.kind // "fail" | IN("fail", "open", "review"))
              and .baselineState != "absent";
            def withheld: [.suppressions | list | objects | .status // "accepted"]
              | index("accepted") != null;
            def usable: results | objects | select(vulnerability and found);
            {
              entries: count(results),
              observations: count(usable | select(withheld | not)),
              not_vulnerabilities: count(results | objects | select(vulnerability and found | not)),
              suppressed: count(usable | select(withheld)),
              packages: null }"#
        }
        Format::GitLab => {
            r"{
              entries: count(.vulnerabilities | list),
              observations: count(.vulnerabilities | list | objects
                | select(.location.dependency.package.name? | filled)),
              not_vulnerabilities: 0, suppressed: 0, packages: null }"
        }
        Format::ScoutSbom => {
            r"{
              entries: count(.vulnerabilities | list | objects | .vulnerabilities | list),
              observations: count(.vulnerabilities | list | objects | select(.purl | filled)
                | .vulnerabilities | list | objects | select(.source_id | id)),
              not_vulnerabilities: 0, suppressed: 0,
              packages: ([.artifacts | list | [.purl, .version, [.locations[]?.path]]]
                | unique | length) }"
        }
        // An entry that names no component is about the document's subject.
        Format::CycloneDx => {
            r#"def packages: [.affects | list] | if . == [] then "the subject" else .[] end;
            def withheld: [.analysis.state?] | inside(
                ["not_affected", "false_positive", "resolved", "resolved_with_pedigree"]);
            def usable: .vulnerabilities | list | objects | select(.id | id);
            {
              entries: count(.vulnerabilities | list),
              observations: count(usable | select(withheld | not) | packages),
              not_vulnerabilities: 0,
              suppressed: count(usable | select(withheld) | packages),
              packages: null }"#
        }
        Format::Spdx => {
            r#"{ entries: 0, observations: 0, not_vulnerabilities: 0, suppressed: 0,
              packages: ([.packages | list | objects
                | select([.externalRefs[]? | .referenceType] | index("purl"))
                | select(.primaryPackagePurpose
                    | . != "CONTAINER" and . != "OPERATING-SYSTEM" and . != "FILE")
                | .SPDXID] | unique | length) }"#
        }
        Format::Syft => {
            r"{ entries: 0, observations: 0, not_vulnerabilities: 0, suppressed: 0,
              packages: ([.artifacts | list | [.name, .version, .type, .purl,
                [.locations[]?.path]]] | unique | length) }"
        }
        Format::OsvScanner => {
            r"def packages: .results | list | objects | .packages | list | objects;
            {
              entries: count(packages | .vulnerabilities | list),
              observations: count(packages | select(.package.name? | filled)
                | .vulnerabilities | list | objects | select(.id | id)),
              not_vulnerabilities: 0, suppressed: 0, packages: null }"
        }
    };
    format!("{PRELUDE}{TRIVY_RESULT}{body}")
}

/// The CVEs that a report gives an EPSS score, sorted. Formats without scores have none.
///
/// # Errors
/// As [`counts`].
pub(crate) fn scored(format: Format, text: &str) -> Result<Vec<String>, String> {
    let body = match format {
        Format::Grype => {
            r"[(.matches, .ignoredMatches) | list | objects
              | select((.vulnerability.id? | id) and (.artifact.name? | filled))
              | .vulnerability, (.relatedVulnerabilities | list)
              | .epss | list | select(.epss | number) | .cve]"
        }
        Format::Snyk => {
            r"[list | objects | (., (.applications | list | objects))
              | .vulnerabilities | list | objects | select(.epssDetails.probability | number)
              | .identifiers.CVE | select(length == 1) | .[0]]"
        }
        Format::Sarif => {
            r#"[.runs | list | objects | .results | list | objects
              | select(.message.text | tostring | test("EPSS Score *: *[0-9.]+")) | .ruleId]"#
        }
        Format::CycloneDx => {
            r#"[.vulnerabilities | list | objects
              | select([.ratings | list | select(.source.name? == "FIRST")] | length == 1) | .id]"#
        }
        Format::ScoutSbom => {
            "[.vulnerabilities | list | objects | .vulnerabilities | list
              | select(.epss.score? | number) | .source_id]"
        }
        _ => "[]",
    };
    let number = "def number: (tonumber? // -1) | . >= 0 and . <= 1;";
    run(&format!("{PRELUDE}{number}{body} | unique"), text)
}

/// True when jq can be run at all.
pub(crate) fn is_installed() -> bool {
    Command::new("jq")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What jq counts in `text`.
///
/// # Errors
/// jq's own words when it does not give one [`Counts`].
pub(crate) fn counts(format: Format, text: &str) -> Result<Counts, String> {
    run(&program(format), text)
}

fn run<T: DeserializeOwned>(program: &str, text: &str) -> Result<T, String> {
    let mut jq = Command::new("jq")
        .arg("--compact-output")
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("jq does not start: {error}"))?;
    // jq reads everything before it prints, so writing first cannot block for good. A write that
    // fails means that jq ended early; why stands on its standard error.
    let written = jq
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(text.as_bytes()));
    let output = jq
        .wait_with_output()
        .map_err(|error| format!("jq: {error}"))?;
    if !output.status.success() {
        return Err(format!("jq: {}", String::from_utf8_lossy(&output.stderr)));
    }
    written
        .unwrap_or(Ok(()))
        .map_err(|error| format!("jq does not take the document: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        format!(
            "jq printed {:?}: {error}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}
