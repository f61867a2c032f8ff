//! What the API answers to a posted dependency graph.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::facts::Advisory;
use crate::matching::{Ecosystem, debian_source_version, is_affected};

/// Any moment will do: the facts hold no dates.
const DATE: &str = "2026-01-01T00:00:00Z";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    #[serde(borrow)]
    scan_result: ScanResult<'a>,
}

#[derive(Deserialize)]
struct ScanResult<'a> {
    #[serde(borrow)]
    facts: Vec<Fact<'a>>,
}

#[derive(Deserialize)]
struct Fact<'a> {
    r#type: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DepGraph {
    pkg_manager: PkgManager,
    pkgs: Vec<Pkg>,
    graph: Graph,
}

#[derive(Deserialize)]
struct PkgManager {
    name: String,
    #[serde(default)]
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    alias: String,
}

#[derive(Deserialize)]
struct Pkg {
    id: String,
    info: PkgInfo,
}

#[derive(Deserialize)]
struct PkgInfo {
    name: String,
    version: Option<String>,
    purl: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    root_node_id: String,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    node_id: String,
    pkg_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    result: TestResult<'a>,
    meta: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResult<'a> {
    issues: Vec<Value>,
    issues_data: BTreeMap<String, Value>,
    /// The graph as it was posted: the client looks up each issue's package in it.
    dep_graph_data: &'a RawValue,
    docker: Value,
}

/// An answer with what it was made from, for the log.
pub struct Tested {
    /// JSON.
    pub body: String,
    /// Package manager of the project.
    pub manager: String,
    /// Packages in the graph, its root apart.
    pub packages: usize,
    /// Issues in the answer.
    pub issues: usize,
}

const WORDS: [&str; 4] = ["low", "medium", "high", "critical"];

/// Tests a posted scan result against the advisories, those below the threshold left out. The error is
/// for the client, in words.
pub fn test(
    advisories: &[Advisory],
    posted: &str,
    threshold: Option<&str>,
) -> Result<Tested, String> {
    let rank = |word: &str| WORDS.iter().position(|known| *known == word);
    let floor = match threshold {
        None => Some(0),
        Some(word) => rank(word),
    };
    let floor = floor.ok_or("severityThreshold is none of low, medium, high, critical")?;
    let refused = |error: serde_json::Error| format!("not a scan result: {error}");
    let posted: Posted<'_> = serde_json::from_str(posted).map_err(refused)?;
    let fact = posted
        .scan_result
        .facts
        .iter()
        .find(|fact| fact.r#type == "depGraph");
    let fact = fact.ok_or("the scan result has no depGraph fact")?;
    let graph: DepGraph = serde_json::from_str(fact.data.get()).map_err(refused)?;
    let root = graph
        .graph
        .nodes
        .iter()
        .find(|node| node.node_id == graph.graph.root_node_id);
    let root = root.map(|node| node.pkg_id.as_str());

    let mut issues = Vec::new();
    let mut issues_data = BTreeMap::new();
    let packages = graph
        .pkgs
        .iter()
        .filter(|package| Some(package.id.as_str()) != root);
    let ecosystem = Ecosystem::of_manager(&graph.pkg_manager.name);
    for info in packages.clone().map(|package| &package.info) {
        let (Some(ecosystem), Some(version)) = (ecosystem, info.version.as_deref()) else {
            continue;
        };
        let compared = match ecosystem {
            Ecosystem::Deb => debian_source_version(version, info.purl.as_deref()),
            _ => version.to_owned(),
        };
        for advisory in advisories {
            let is_shown = rank(advisory.shown_severity()) >= Some(floor);
            if is_shown && is_affected(ecosystem, &info.name, &compared, advisory) {
                issues.push(issue(info, version, advisory));
                let data = || issue_data(ecosystem, &graph.pkg_manager, advisory);
                issues_data
                    .entry(advisory.snyk.clone())
                    .or_insert_with(data);
            }
        }
    }
    let (packages, count) = (packages.count(), issues.len());
    let answer = Answer {
        result: TestResult {
            issues,
            issues_data,
            dep_graph_data: fact.data,
            docker: json!({"binariesVulns": {"issuesData": {}, "affectedPkgs": {}}}),
        },
        meta: json!({
            "org": "live-tests", "isPublic": false, "isLicensesEnabled": false, "policy": "",
            "ignoreSettings": null, "licensesPolicy": null,
        }),
    };
    let body = serde_json::to_string(&answer).map_err(|error| error.to_string())?;
    Ok(Tested {
        body,
        manager: graph.pkg_manager.name,
        packages,
        issues: count,
    })
}

fn issue(info: &PkgInfo, version: &str, advisory: &Advisory) -> Value {
    let mut fix = json!({"isPatchable": false, "upgradePaths": [], "isRuntime": false});
    if let (Some(fixed), Some(fix)) = (advisory.named_fix(), fix.as_object_mut()) {
        fix.insert("nearestFixedInVersion".to_owned(), json!(fixed));
    }
    json!({
        "pkgName": info.name, "pkgVersion": version, "issueId": advisory.snyk, "fixInfo": fix,
    })
}

fn issue_data(ecosystem: Ecosystem, manager: &PkgManager, advisory: &Advisory) -> Value {
    let is_linux = ecosystem == Ecosystem::Deb;
    let distro = manager
        .repositories
        .first()
        .map(|repository| repository.alias.as_str());
    let (manager, language) = match ecosystem {
        Ecosystem::Deb => (distro.unwrap_or("linux"), "linux"),
        Ecosystem::PyPi => ("pip", "python"),
        Ecosystem::Npm => ("npm", "js"),
        Ecosystem::Golang => ("golang", "golang"),
    };
    let cves = advisory.ids("CVE-");
    let title = match cves.first() {
        Some(cve) if is_linux => (*cve).to_owned(),
        _ => format!("Flaw in {}", advisory.package),
    };
    let range = match (&advisory.introduced, &advisory.fixed) {
        (None, None) => "*".to_owned(),
        (None, Some(fixed)) => format!("<{fixed}"),
        (Some(introduced), None) => format!(">={introduced}"),
        (Some(introduced), Some(fixed)) => format!(">={introduced} <{fixed}"),
    };
    let mut identifiers = json!({"CVE": cves, "CWE": []});
    let (list, ids) = if is_linux {
        ("ALTERNATIVE", vec![])
    } else {
        ("GHSA", advisory.ids("GHSA-"))
    };
    if let Some(identifiers) = identifiers.as_object_mut() {
        identifiers.insert(list.to_owned(), json!(ids));
    }
    let sources: Vec<Value> = [("NVD", "nvd"), ("Snyk", "ghsa")]
        .iter()
        .filter_map(|(assigner, source)| {
            let vector = advisory.cvss.get(*source)?;
            let version = vector.strip_prefix("CVSS:")?.split('/').next()?;
            Some(json!({
                "type": if *assigner == "Snyk" { "primary" } else { "secondary" },
                "vector": vector, "assigner": assigner, "cvssVersion": version,
                "severity": advisory.severity.get(*source), "modificationTime": DATE,
            }))
        })
        .collect();
    let vector = ["ghsa", "nvd"]
        .iter()
        .filter_map(|source| advisory.cvss.get(*source))
        .find(|vector| vector.starts_with("CVSS:3"));
    let severity = advisory.shown_severity();
    json!({
        "id": advisory.snyk,
        "title": title,
        "description": format!("{title}: made for the live tests, nobody assessed it."),
        "severity": severity,
        "severityWithCritical": severity,
        "nvdSeverity": advisory.severity.get("nvd"),
        "relativeImportance": is_linux.then(|| advisory.severity.get("debian")).flatten(),
        "CVSSv3": vector,
        "cvssScore": null,
        "cvssSources": sources,
        "identifiers": identifiers,
        "semver": {"vulnerable": [range]},
        "fixedIn": advisory.named_fix().as_slice(),
        "patches": [],
        "packageName": advisory.package,
        "packageManager": manager,
        "language": language,
        "exploit": "Not Defined",
        "epssDetails": null,
        "references": [],
        "credit": [""],
        "malicious": false,
        "isDisputed": false,
        "creationTime": DATE,
        "disclosureTime": DATE,
        "publicationTime": advisory.published.as_deref().unwrap_or(DATE),
        "modificationTime": DATE,
    })
}
