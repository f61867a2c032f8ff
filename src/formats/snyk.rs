//! Snyk JSON: what `snyk container test --json` and `snyk test --json` write. One object, or an
//! array with one object a project; an object with `error` when the scan failed.
//!
//! Snyk lists one issue once per dependency path, and for Linux once per binary package. Each of
//! these entries is an observation of its own here.

mod document;

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, Cvss, Ecosystem, Epss, FixClaim, FixState, IdLink,
    IdRelation, InventoryScope, Location, Observation, Package, PackageIndex, Rating, RatingSource,
    ScannerId, ScannerReport, Severity, SourcePackage,
};

use self::document::{Applications, DepGraph, Issue, TestedProject};
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Lenient, OneOrMany};
use super::infer::{self, OsSpelling};
use super::{Format, advisory_source};

pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let mut reader = Reader {
        builder: ReportBuilder::new(ScannerId::new(ScannerId::SNYK), Format::Snyk.title()),
        projects: 0,
        graphs: 0,
        failures: Vec::new(),
        is_image: false,
    };
    if text.trim_start().starts_with('[') {
        let projects: Entries<&RawValue> = serde_json::from_str(text)?;
        for (index, raw) in projects.into_iter() {
            let pointer = format!("/{index}");
            match raw.and_then(|raw| {
                serde_json::from_str::<TestedProject<'_>>(raw.get())
                    .map(|project| (raw, project))
                    .map_err(|error| error.to_string())
            }) {
                Ok((raw, project)) => {
                    reader.project(project, &pointer, false);
                    reader.applications(raw.get(), &pointer);
                }
                Err(why) => reader.builder.unreadable(pointer, why),
            }
        }
    } else {
        reader.project(serde_json::from_str(text)?, "", false);
        reader.applications(text, "");
    }
    Ok(reader.finish())
}

struct Reader {
    builder: ReportBuilder,
    projects: usize,
    /// Projects that list all their packages.
    graphs: usize,
    failures: Vec<String>,
    is_image: bool,
}

/// What the issues of one project have in common.
struct Common<'a> {
    /// The project's package manager, for issues that do not state theirs.
    manager: &'a str,
    /// What the versions of Linux packages look like, for reports that only say `linux`.
    spelling: OsSpelling,
    /// The lock file or binary of an application.
    file: Option<Location>,
    /// The packages of the dependency graph, by name and version in Snyk's spelling.
    known: HashMap<(String, String), PackageIndex>,
}

impl Reader {
    fn applications(&mut self, raw: &str, pointer: &str) {
        let Ok(list) = serde_json::from_str::<Applications<'_>>(raw) else {
            return;
        };
        let is_array = list.applications.is_array();
        for (index, raw) in list.applications.into_iter() {
            let pointer = if is_array {
                format!("{pointer}/applications/{index}")
            } else {
                format!("{pointer}/applications")
            };
            match raw.and_then(|raw| {
                serde_json::from_str::<TestedProject<'_>>(raw.get())
                    .map_err(|error| error.to_string())
            }) {
                Ok(project) => self.project(project, &pointer, true),
                Err(why) => self.builder.unreadable(pointer, why),
            }
        }
    }

    fn project(&mut self, project: TestedProject<'_>, pointer: &str, is_application: bool) {
        self.projects += 1;
        if let Some(error) = project.error.get()
            && project.vulnerabilities.len() == 0
        {
            self.failures.push(error.to_owned());
            self.builder.warn(
                format!("{pointer}/error"),
                format!("Snyk could not test this project: {error}"),
            );
        }
        self.target(&project, is_application);
        self.threshold(project.severity_threshold.as_str(), pointer);

        let manager = project.package_manager.as_str();
        let is_os = Ecosystem::from_name(manager).is_os();
        let file = project
            .display_target_file
            .get()
            .or_else(|| project.target_file.get());
        let mut common = Common {
            manager,
            spelling: OsSpelling::default(),
            // For binaries and archives the file is where the packages are. Elsewhere it is the list
            // that they were read from (requirements.txt), and for the image itself the Dockerfile.
            file: file
                .filter(|_| is_application || (!is_os && project.docker.get().is_none()))
                .filter(|_| {
                    matches!(
                        Ecosystem::from_name(manager),
                        Ecosystem::Golang | Ecosystem::Maven
                    )
                })
                .and_then(|path| Location::new(Some(path), None)),
            known: HashMap::new(),
        };
        if let Some(graph) = project.dep_graph.0 {
            self.graphs += 1;
            self.graph(graph, &mut common);
        }

        self.builder.report().packages_stated +=
            project.dependency_count.get().map_or(0, |n| *n as usize);
        self.builder.entries(project.vulnerabilities.len());
        let at = if project.vulnerabilities.is_array() {
            "/vulnerabilities/"
        } else {
            "/vulnerabilities"
        };
        let is_array = project.vulnerabilities.is_array();
        let issues: Vec<_> = project.vulnerabilities.into_iter().collect();
        for issue in issues.iter().filter_map(|(_, issue)| issue.as_ref().ok()) {
            if issue.language.as_str() == "linux" || issue.package_manager.as_str() == "linux" {
                for version in issue.version.iter() {
                    common.spelling.see(version);
                }
            }
        }
        for (index, issue) in issues {
            let pointer = if is_array {
                format!("{pointer}{at}{index}")
            } else {
                format!("{pointer}{at}")
            };
            self.issue(issue, &pointer, &common, None);
        }
        if let Some(filtered) = project.filtered.0 {
            for (list, name) in [(filtered.ignore, "ignore"), (filtered.patch, "patch")] {
                self.builder.entries(list.len());
                for (index, issue) in list.into_iter() {
                    let pointer = format!("{pointer}/filtered/{name}/{index}");
                    self.issue(issue, &pointer, &common, Some(name));
                }
            }
        }
    }

    fn target(&mut self, project: &TestedProject<'_>, is_application: bool) {
        let image_name = project.project_name.as_str().strip_prefix("docker-image|");
        self.is_image |= project.docker.get().is_some()
            || image_name.is_some()
            || Ecosystem::from_name(project.package_manager.as_str()).is_os();
        if is_application {
            return;
        }
        let target = &mut self.builder.report().target;
        if target.name.is_none() {
            target.name = project
                .path
                .get()
                .map(|path| image_reference(path, image_name).to_owned())
                .or_else(|| image_name.map(str::to_owned))
                .or_else(|| project.project_name.to_option());
            if let Some(pinned) = target.name.as_deref().and_then(infer::repo_digest) {
                target.repo_digests.push(pinned.to_owned());
            }
        }
        if target.platform.is_none() {
            target.platform = project.platform.to_option();
        }
        if target.distro.is_none() {
            let pretty = project.docker.get().and_then(|docker| docker.os.get());
            target.distro = pretty.and_then(|os| infer::operating_system(os.pretty_name.as_str()));
        }
    }

    /// Takes over what the scan was told to leave out. One option holds for all projects of a scan;
    /// of reports that were put together the lowest counts.
    fn threshold(&mut self, word: &str, pointer: &str) {
        if word.is_empty() {
            return;
        }
        let pointer = format!("{pointer}/severityThreshold");
        let floor = self.builder.severity(word, &pointer);
        // Snyk has no severity below low, so that this one hides nothing.
        if floor <= Severity::Low {
            return;
        }
        let filters = &mut self.builder.report().filters;
        let known = filters.severity_floor;
        filters.severity_floor = Some(known.map_or(floor, |known| known.min(floor)));
        if known.is_none() {
            self.builder.warn(
                pointer,
                format!(
                    "Snyk ran with --severity-threshold={floor}: what is below is not in its report; \
                     run it without"
                ),
            );
        }
    }

    /// Takes over the package list of a project.
    fn graph(&mut self, graph: DepGraph<'_>, common: &mut Common<'_>) {
        let root = graph.graph.get().and_then(|graph| {
            let root = graph.root_node_id.as_str();
            let nodes = graph.nodes.iter_ok();
            nodes
                .filter(|node| node.node_id.as_str() == root)
                .map(|node| node.pkg_id.as_str().to_owned())
                .next()
        });
        let mut manager = common.manager.to_owned();
        if let Some(described) = graph.pkg_manager.0 {
            if let Some(name) = described.name.get() {
                name.clone_into(&mut manager);
            }
            for repository in described.repositories.iter_ok() {
                self.distro(repository.alias.as_str());
            }
        }
        let ecosystem = Ecosystem::from_name(&manager);
        for (index, entry) in graph.pkgs.into_iter() {
            let Ok(entry) = entry else { continue };
            let is_root = match &root {
                Some(root) => entry.id.as_str() == root,
                None => index == 0,
            };
            let Some(name) = entry.info.name.get().filter(|_| !is_root) else {
                continue;
            };
            let version = entry.info.version.as_str();
            let mut package = linux_or_plain(&ecosystem, name, name, version);
            if let Some(described) = entry.info.purl.get().and_then(Package::from_purl) {
                let stated = package.source.take();
                package = described;
                package.source = package.source.or(stated);
            }
            package.locations.extend(common.file.clone());
            let index = self.builder.package(package);
            common
                .known
                .insert((name.to_owned(), version.to_owned()), index);
        }
    }

    fn distro(&mut self, text: &str) {
        let target = &mut self.builder.report().target;
        if target.distro.is_none() {
            target.distro = infer::operating_system(text);
        }
    }

    fn issue(
        &mut self,
        issue: Result<Issue<'_>, String>,
        pointer: &str,
        common: &Common<'_>,
        withheld: Option<&str>,
    ) {
        let issue = match issue {
            Ok(issue) => issue,
            Err(why) => return self.builder.unreadable(pointer, why),
        };
        if issue.kind.as_str() == "license" || issue.id.as_str().starts_with("snyk:lic:") {
            if withheld.is_none() {
                self.builder.not_a_vulnerability();
            }
            return;
        }
        let id = match ReportBuilder::id(issue.id.as_str()) {
            Ok(id) => id,
            Err(why) => return self.builder.unreadable(pointer, why),
        };
        self.distro(issue.package_manager.as_str());
        if let Some(distro) = infer::distro_of_snyk_id(issue.id.as_str()) {
            self.builder.report().target.distro.get_or_insert(distro);
        }
        if !self.builder.knows(&id) {
            self.builder.advisory(&id, advisory(&issue));
            if let Some((cve, epss)) = epss(&issue) {
                self.builder.epss(&cve, epss);
            }
        }
        let ecosystem = issue_ecosystem(&issue, common);
        let (severity, ratings) = self.ratings(&issue, pointer);
        let links = links(&id, &issue);
        let fix = match issue.nearest_fixed_in_version.get() {
            Some(version) => FixClaim::from_versions([version], FixState::NotFixed),
            None => FixClaim::from_versions(
                issue.fixed_in.get().into_iter().flat_map(OneOrMany::iter),
                FixState::NotFixed,
            ),
        };
        let packages = self.packages(&issue, &ecosystem, common);
        if packages.is_empty() {
            return self
                .builder
                .unreadable(pointer, "the issue names no package");
        }
        for package in packages {
            let observation = Observation {
                id: id.clone(),
                links: links.clone(),
                package,
                severity,
                ratings: ratings.clone(),
                fix: fix.clone(),
                advisory_source: advisory_source::snyk(&id),
                pointer: pointer.to_owned(),
            };
            match withheld {
                Some(list) => {
                    let reason = reason(&issue, list);
                    self.builder.suppress(observation, reason, false);
                }
                None => self.builder.observe(observation),
            }
        }
    }

    /// The packages of an issue: one, except with `--group-issues`, where name and version are
    /// parallel lists with one member a dependency path.
    fn packages(
        &mut self,
        issue: &Issue<'_>,
        ecosystem: &Ecosystem,
        common: &Common<'_>,
    ) -> Vec<PackageIndex> {
        let mut names: Vec<&str> = issue.name.iter().collect();
        if names.is_empty() {
            names.extend(issue.package_name.get());
        }
        let versions: Vec<&str> = issue.version.iter().collect();
        let single = match versions.as_slice() {
            [version] => *version,
            _ => "",
        };
        let mut packages = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let version = match versions.get(index) {
                Some(version) if versions.len() > 1 => version,
                _ => single,
            };
            let known = common.known.get(&(name.to_owned(), version.to_owned()));
            let package = known.copied().unwrap_or_else(|| {
                let source = issue.package_name.get().unwrap_or(name);
                let mut package = linux_or_plain(ecosystem, source, name, version);
                package.locations.extend(common.file.clone());
                self.builder.package(package)
            });
            if !packages.contains(&package) {
                packages.push(package);
            }
        }
        packages
    }

    fn ratings(&mut self, issue: &Issue<'_>, pointer: &str) -> (Severity, Vec<Rating>) {
        // Before Snyk had a critical band, clients were shown `high` and the true band beside it.
        let label = match (
            issue.severity.as_str(),
            issue.severity_with_critical.as_str(),
        ) {
            ("high" | "", "critical") => "critical",
            ("", other) => other,
            (label, _) => label,
        };
        let severity = self.builder.severity(label, pointer);
        let snyk = || RatingSource::Scanner(ScannerId::SNYK.to_owned());
        let mut ratings = Vec::new();
        let mut rate = |source, label: &str, cvss: Option<Cvss>| {
            let named = Severity::from_label(label).unwrap_or_default();
            let severity = match &cvss {
                Some(cvss) if named == Severity::Unknown => cvss.band(),
                _ => named,
            };
            if !label.is_empty() || cvss.is_some() {
                ratings.push(Rating {
                    source,
                    severity,
                    label: Some(label.to_owned()).filter(|l| !l.is_empty()),
                    cvss,
                });
            }
        };
        // A policy of the user's organisation can change what is shown; Snyk's own opinion is then
        // the original.
        match issue.original_severity.get() {
            Some(original) => {
                rate(snyk(), original, None);
                rate(RatingSource::Other("snyk policy".to_owned()), label, None);
            }
            None => rate(snyk(), label, None),
        }
        rate(RatingSource::Nvd, issue.nvd_severity.as_str(), None);
        if let Some(importance) = issue.relative_importance.get() {
            let family = issue.package_manager.as_str().split(':').next();
            let family = family.unwrap_or_default().to_owned();
            rate(RatingSource::Distro(family), importance, None);
        }
        // `cvssScore` follows the primary rating, which can be CVSS 4 while `CVSSv3` is a CVSS 3
        // vector. They belong together only in reports that do not know CVSS 4 yet: those without
        // `cvssSources`.
        let pair_score = match issue.cvss_sources.get() {
            None => issue.cvss_score.get().and_then(|score| score.0),
            Some(sources) => {
                for source in sources.iter_ok() {
                    rate(
                        assigner(source.assigner.as_str()),
                        source.severity.as_str(),
                        Cvss::new(
                            source.vector.get(),
                            source.base_score.0,
                            source.cvss_version.as_str(),
                        ),
                    );
                }
                None
            }
        };
        let has_sources = issue
            .cvss_sources
            .get()
            .is_some_and(|sources| sources.len() > 0);
        if !has_sources {
            for detail in issue.cvss_details.iter_ok() {
                rate(
                    assigner(detail.assigner.as_str()),
                    detail.severity.as_str(),
                    Cvss::new(detail.vector.get(), detail.score.0, "3.1"),
                );
            }
            // Often it is another assigner's, passed on.
            let is_passed_on = issue
                .cvss_details
                .iter_ok()
                .any(|detail| detail.vector.get() == issue.cvss_v3.get());
            if !is_passed_on {
                let cvss = Cvss::new(issue.cvss_v3.get(), pair_score, "3.1");
                rate(snyk(), "", cvss);
            }
        }
        (severity, ratings)
    }

    fn finish(mut self) -> ScannerReport {
        let (projects, graphs) = (self.projects, self.graphs);
        let report = self.builder.report();
        report.target.not_an_image = !self.is_image && self.failures.len() < projects;
        if graphs > 0 && graphs == projects {
            report.inventory = InventoryScope::Complete;
        }
        if projects > 0 && self.failures.len() == projects {
            report.failure = Some(self.failures.join("; "));
        }
        self.builder.finish()
    }
}

/// The image reference in `path`. Snyk appends the repository's name to a reference with tag or
/// digest (`acme/app:1.0/app` for `acme/app`), and neither a tag nor a digest can hold a slash.
fn image_reference<'a>(path: &'a str, image_name: Option<&str>) -> &'a str {
    let rest = image_name.and_then(|name| path.strip_prefix(name));
    match rest {
        Some(rest) if rest.starts_with([':', '@']) => {
            let end = rest
                .find('/')
                .map_or(path.len(), |slash| path.len() - rest.len() + slash);
            path.get(..end).unwrap_or(path)
        }
        _ => path,
    }
}

/// Who assigned a CVSS vector.
fn assigner(name: &str) -> RatingSource {
    match name.trim().to_ascii_lowercase().as_str() {
        "snyk" | "" => RatingSource::Scanner(ScannerId::SNYK.to_owned()),
        "red hat" => RatingSource::Distro("redhat".to_owned()),
        other => RatingSource::from_name(other),
    }
}

/// A package in Snyk's naming. For Linux `name` is `source/binary`, or the name alone when both
/// are equal; slashes in other ecosystems belong to the name (`@scope/name`, Go modules).
pub(super) fn linux_or_plain(
    ecosystem: &Ecosystem,
    source: &str,
    name: &str,
    version: &str,
) -> Package {
    if !ecosystem.is_os() {
        return Package::new(ecosystem.clone(), name, version);
    }
    let (stated, binary) = match name.rsplit_once('/') {
        Some((prefix, binary)) if !prefix.is_empty() && !binary.is_empty() => {
            (Some(if source == name { prefix } else { source }), binary)
        }
        // Snyk knows no source packages for rpm: equal names say nothing there.
        _ if *ecosystem == Ecosystem::Rpm => (Some(source).filter(|s| *s != name), name),
        _ => (Some(source), name),
    };
    let mut package = Package::new(ecosystem.clone(), binary, version);
    package.source = stated.map(|name| SourcePackage {
        name: name.to_owned(),
        version: None,
    });
    package
}

fn issue_ecosystem(issue: &Issue<'_>, common: &Common<'_>) -> Ecosystem {
    let word = issue.package_manager.as_str();
    // Snyk's word for programs that no package manager installed, which it tells by their hashes.
    if word == "upstream" || issue.id.as_str().starts_with("SNYK-UPSTREAM-") {
        return Ecosystem::Generic;
    }
    let own = Ecosystem::from_name(word);
    let is_linux = issue.language.as_str() == "linux" || word == "linux" || own.is_os();
    let project = Ecosystem::from_name(common.manager);
    if is_linux {
        let named = infer::ecosystem_of_snyk_id(issue.id.as_str());
        return [Some(own), Some(project), named, common.spelling.ecosystem()]
            .into_iter()
            .flatten()
            .find(Ecosystem::is_os)
            .unwrap_or(Ecosystem::Generic);
    }
    if !word.is_empty() {
        own
    } else if !common.manager.is_empty() {
        project
    } else {
        infer::ecosystem_of_snyk_id(issue.id.as_str()).unwrap_or(Ecosystem::Generic)
    }
}

fn links(id: &AdvisoryId, issue: &Issue<'_>) -> Vec<IdLink> {
    let mut links: Vec<IdLink> = Vec::new();
    let Some(identifiers) = issue.identifiers.get() else {
        return links;
    };
    for (scheme, values) in identifiers {
        let field = match scheme.as_ref() {
            "CWE" => continue,
            "CVE" => "identifiers.CVE",
            "GHSA" => "identifiers.GHSA",
            "ALTERNATIVE" => "identifiers.ALTERNATIVE",
            "NSP" => "identifiers.NSP",
            "SUSE" => "identifiers.SUSE",
            "RHSA" => "identifiers.RHSA",
            _ => "identifiers",
        };
        for value in values.get().into_iter().flat_map(OneOrMany::iter) {
            let other = AdvisoryId::new(value);
            let is_new = other != *id && links.iter().all(|link| link.id != other);
            // Node Security Platform ids are bare numbers and mean nothing elsewhere.
            if other.is_plausible() && is_new {
                links.push(IdLink {
                    id: other,
                    relation: IdRelation::Alias,
                    field,
                });
            }
        }
    }
    links
}

fn advisory(issue: &Issue<'_>) -> Advisory {
    let cwes = issue.identifiers.get().and_then(|all| all.get("CWE"));
    Advisory {
        title: issue.title.to_option(),
        description: issue.description.to_option(),
        url: Some(format!(
            "https://security.snyk.io/vuln/{}",
            issue.id.as_str()
        )),
        cwes: cwes
            .and_then(Lenient::get)
            .into_iter()
            .flat_map(OneOrMany::iter)
            .map(str::to_owned)
            .collect(),
        published: issue
            .publication_time
            .get()
            .and_then(|time| timestamp(time.as_str())),
        state: match issue.is_disputed.get() {
            Some(true) => AdvisoryState::Disputed,
            _ => AdvisoryState::Active,
        },
        ..Advisory::default()
    }
}

/// The score of an issue with the CVE that it is of; none for an issue over several, where nothing
/// tells which of them is meant.
fn epss(issue: &Issue<'_>) -> Option<(AdvisoryId, Epss)> {
    let details = issue.epss_details.get()?;
    let epss = Epss::new(details.probability.0?, details.percentile.0, "")?;
    let mut cves = issue.identifiers.get()?.get("CVE")?.get()?.iter();
    let cve = AdvisoryId::new(cves.next()?);
    (cves.next().is_none() && cve.cve().is_some()).then_some((cve, epss))
}

/// Why Snyk withheld an issue: kind and text of the ignore rules.
fn reason(issue: &Issue<'_>, list: &str) -> String {
    let rules = issue.filtered.get().map(|filtered| &filtered.ignored);
    let mut reasons: Vec<String> = Vec::new();
    for rule in rules.into_iter().flat_map(Entries::iter_ok) {
        let text = match (rule.reason_type.get(), rule.reason.get()) {
            (Some(kind), Some(reason)) => format!("{kind}: {reason}"),
            (Some(text), None) | (None, Some(text)) => text.to_owned(),
            (None, None) => continue,
        };
        if !reasons.contains(&text) {
            reasons.push(text);
        }
    }
    if reasons.is_empty() {
        match list {
            "patch" => "patched by Snyk".to_owned(),
            _ => "ignored in Snyk, no reason given".to_owned(),
        }
    } else {
        reasons.join("; ")
    }
}

#[cfg(test)]
mod tests;
