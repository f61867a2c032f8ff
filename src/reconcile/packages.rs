//! Which packages are the same package.
//!
//! Scanners name one installed package in several ways: Debian's `libssl3` is `libssl3`, `openssl`
//! or `openssl/libssl3`. They meet at the *group*: the source package for operating system
//! packages, the normalised name and version for language packages. Which binary comes from which
//! source is learnt from every report and inventory of the run; it is never guessed from names
//! (`docs/decisions/0001-package-identity.md`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::union_find::UnionFind;
use crate::model::version::normal_form;
use crate::model::{Ecosystem, Package, PackageGroup, PackageRule};

/// Name of a source package, and its version in normal form where stated.
type Source = (String, Option<String>);

/// What the run's packages teach about identity.
#[derive(Default)]
pub(super) struct Identity {
    /// Source packages by binary name.
    sources: HashMap<(Ecosystem, String), BTreeSet<String>>,
    /// Source package and its version by binary name and normal version.
    instances: HashMap<(Ecosystem, String, String), BTreeSet<Source>>,
    /// For Debian packages whose documentation lies in another package's directory: that package.
    documented_by: HashMap<String, String>,
    /// Source packages of everything documented in a package's directory.
    documented_sources: HashMap<String, BTreeSet<String>>,
    /// Source versions as stated, by binary name and normal version; only where they are not the
    /// binary's own. The fullest spelling of each normal form, which carries the epoch.
    source_spellings: HashMap<(Ecosystem, String, String), BTreeMap<String, String>>,
    /// Stated versions of each source package, in normal form.
    source_versions: HashMap<(Ecosystem, String), BTreeSet<String>>,
    /// For Maven: the name that stands for `group:artifact` and version, and why.
    maven: HashMap<(String, String), (String, PackageRule)>,
    /// Go names with their versions, and the reports that list them.
    go_listed: HashMap<(String, String), BTreeSet<usize>>,
}

impl Identity {
    /// Learns from all packages of all reports and inventories; each comes with the number of the
    /// report that lists it.
    pub(super) fn learn<'a>(packages: impl Iterator<Item = (usize, &'a Package)> + Clone) -> Self {
        let mut identity = Self::default();
        for (report, package) in packages.clone() {
            match package.ecosystem {
                Ecosystem::Golang => {
                    let version = normal_form(&Ecosystem::Golang, &package.version);
                    identity
                        .go_listed
                        .entry((go_name(&package.name), version))
                        .or_default()
                        .insert(report);
                }
                _ if package.ecosystem.is_os() => {
                    identity.learn_documentation(package);
                    identity.learn_source(package);
                }
                _ => {}
            }
        }
        for ((_, name), sources) in &identity.sources {
            let directory = identity.documented_by.get(name).unwrap_or(name);
            identity
                .documented_sources
                .entry(directory.clone())
                .or_default()
                .extend(sources.iter().cloned());
        }
        identity.maven = join_maven(packages.filter(|(_, p)| p.ecosystem == Ecosystem::Maven));
        identity
    }

    fn learn_source(&mut self, package: &Package) {
        let Some(source) = &package.source else {
            return;
        };
        let ecosystem = &package.ecosystem;
        let version = source
            .version
            .as_deref()
            .map(|v| normal_form(ecosystem, v))
            .filter(|v| !v.is_empty());
        if let Some(version) = &version {
            self.source_versions
                .entry((ecosystem.clone(), source.name.clone()))
                .or_default()
                .insert(version.clone());
        }
        self.sources
            .entry((ecosystem.clone(), package.name.clone()))
            .or_default()
            .insert(source.name.clone());
        let instance = (
            ecosystem.clone(),
            package.name.clone(),
            normal_form(ecosystem, &package.version),
        );
        if let (Some(normal), Some(stated)) = (&version, &source.version)
            && *stated != package.version
        {
            let fullest = self
                .source_spellings
                .entry(instance.clone())
                .or_default()
                .entry(normal.clone())
                .or_default();
            if (stated.len(), stated) > (fullest.len(), fullest) {
                fullest.clone_from(stated);
            }
        }
        self.instances
            .entry(instance)
            .or_default()
            .insert((source.name.clone(), version));
    }

    /// The version of a package's source: as its report states it, or as the others do who name
    /// one for this very package.
    pub(super) fn source_version<'s>(&'s self, package: &'s Package) -> Option<&'s str> {
        let stated = package.source.as_ref().and_then(|s| s.version.as_deref());
        stated.or_else(|| {
            if !package.ecosystem.is_os() {
                return None;
            }
            let instance = (
                package.ecosystem.clone(),
                package.name.clone(),
                normal_form(&package.ecosystem, &package.version),
            );
            let spellings = self.source_spellings.get(&instance)?;
            let mut all = spellings.values();
            all.next()
                .filter(|_| all.next().is_none())
                .map(String::as_str)
        })
    }

    /// Debian lets a package's `/usr/share/doc` directory be another package's only if both come from
    /// the same source (Debian Policy §12.3), and every package has its copyright file there (§12.5):
    /// where the copyright file of `libgcc-s1` lies in the directory of `gcc-12-base`, they are siblings.
    fn learn_documentation(&mut self, package: &Package) {
        if package.ecosystem != Ecosystem::Deb {
            return;
        }
        let directory = package.locations.iter().find_map(|location| {
            location
                .path
                .as_deref()?
                .strip_prefix("/usr/share/doc/")?
                .strip_suffix("/copyright")
        });
        if let Some(directory) = directory.filter(|d| *d != package.name && !d.contains('/')) {
            // Reports that name different directories are a contradiction; the choice only has to be the
            // same for every order of reports.
            let known = self
                .documented_by
                .entry(package.name.clone())
                .or_insert_with(|| directory.to_owned());
            if directory < known.as_str() {
                directory.clone_into(known);
            }
        }
    }

    /// The group of a package.
    pub(super) fn group(&self, package: &Package) -> PackageGroup {
        self.place(package).0
    }

    /// The group of a package, and the rule that says so.
    pub(super) fn place(&self, package: &Package) -> (PackageGroup, PackageRule) {
        let ecosystem = package.ecosystem.clone();
        if ecosystem.is_os() {
            return self.os_group(package);
        }
        let version = normal_form(&ecosystem, &package.version);
        let (name, rule) = match ecosystem {
            Ecosystem::Maven => self
                .maven
                .get(&(package.name.clone(), version.clone()))
                .cloned()
                .unwrap_or_else(|| (package.name.clone(), PackageRule::NormalName)),
            Ecosystem::Golang => self.go_module(&package.name, &version),
            _ => (
                normal_name(&ecosystem, &package.name),
                PackageRule::NormalName,
            ),
        };
        let group = PackageGroup {
            ecosystem,
            name,
            version: Some(version),
        };
        (group, rule)
    }

    fn os_group(&self, package: &Package) -> (PackageGroup, PackageRule) {
        let ecosystem = &package.ecosystem;
        let version = normal_form(ecosystem, &package.version);
        let instance = (ecosystem.clone(), package.name.clone(), version.clone());
        let learnt = self.instances.get(&instance);
        let (name, rule) = match &package.source {
            Some(source) => (source.name.clone(), PackageRule::StatedSource),
            None => self.source_name(package, learnt),
        };
        let key = (ecosystem.clone(), name);
        // One known source version: no scanner says that there are two, so all mean the same one.
        let split = self
            .source_versions
            .get(&key)
            .filter(|versions| versions.len() > 1);
        let version = split.and_then(|versions| {
            let stated = package.source.as_ref().and_then(|s| s.version.as_deref());
            if let Some(stated) = stated {
                return Some(normal_form(ecosystem, stated));
            }
            let of_instance: BTreeSet<&String> = learnt
                .into_iter()
                .flatten()
                .filter(|(source, _)| *source == key.1)
                .filter_map(|(_, version)| version.as_ref())
                .collect();
            match of_instance.first() {
                Some(known) if of_instance.len() == 1 => Some((*known).clone()),
                _ => versions.contains(&version).then_some(version),
            }
        });
        let group = PackageGroup {
            ecosystem: key.0,
            name: key.1,
            version,
        };
        (group, rule)
    }

    /// The source of a package that does not state it: the only one that anybody states for this
    /// binary, for this binary in this version, or for the packages that share its documentation.
    /// Otherwise the package stands for itself, or for the one whose documentation it shares.
    fn source_name(
        &self,
        package: &Package,
        learnt: Option<&BTreeSet<Source>>,
    ) -> (String, PackageRule) {
        let sources = self
            .sources
            .get(&(package.ecosystem.clone(), package.name.clone()));
        let only = |names: &BTreeSet<&String>| match names.first() {
            Some(name) if names.len() == 1 => Some((*name).clone()),
            _ => None,
        };
        let by_name: BTreeSet<&String> = sources.into_iter().flatten().collect();
        let by_instance: BTreeSet<&String> =
            learnt.into_iter().flatten().map(|(name, _)| name).collect();
        let directory = self
            .documented_by
            .get(&package.name)
            .unwrap_or(&package.name);
        let by_siblings = || {
            let sources = self
                .documented_sources
                .get(directory)
                .filter(|_| package.ecosystem == Ecosystem::Deb);
            only(&sources.into_iter().flatten().collect())
        };
        if let Some(source) = only(&by_name).or_else(|| only(&by_instance)) {
            return (source, PackageRule::KnownSource);
        }
        if let Some(source) = by_siblings() {
            return (source, PackageRule::SharedDocumentation);
        }
        if by_name.is_empty() && *directory != package.name {
            return (directory.clone(), PackageRule::SharedDocumentation);
        }
        (package.name.clone(), PackageRule::OwnName)
    }

    /// The module of a Go package: some scanners name a package inside the module
    /// (`golang.org/x/net/html/atom`). The nearest shorter path in the same version that only other
    /// reports list is its module: a report that lists both says that they are two.
    fn go_module(&self, name: &str, version: &str) -> (String, PackageRule) {
        let name = go_name(name);
        let listed = |name: &str| self.go_listed.get(&(name.to_owned(), version.to_owned()));
        let own = listed(&name);
        let mut prefix = name.as_str();
        while let Some((shorter, last)) = prefix.rsplit_once('/') {
            // A module path starts with a host name (Go modules reference, "Module paths").
            if !shorter.contains('.') || version.is_empty() {
                break;
            }
            // The path with `/v2` at its end is a module of its own beside the one without (Go modules
            // reference, "Major version suffixes"), and no package inside it.
            if is_major_version(last) {
                break;
            }
            // Listed together in one report they are two packages of that report, which says nothing
            // of what lies above both.
            if let (Some(module), Some(own)) = (listed(shorter), own)
                && module.is_disjoint(own)
            {
                return (shorter.to_owned(), PackageRule::GoModule);
            }
            prefix = shorter;
        }
        (name, PackageRule::NormalName)
    }
}

/// A Go module path without the case differences that scanners introduce; the standard library
/// under one name.
fn go_name(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    match lower.as_str() {
        "go" | "std" | "stdlib" => "stdlib".to_owned(),
        _ if lower.starts_with("std/") => "stdlib".to_owned(),
        _ => lower,
    }
}

/// `v2` and up, as the last element of a Go module path.
fn is_major_version(element: &str) -> bool {
    element
        .strip_prefix('v')
        .and_then(|number| number.parse::<u32>().ok())
        .is_some_and(|number| number >= 2)
}

/// A language package's name by its ecosystem's own rule.
pub(super) fn normal_name(ecosystem: &Ecosystem, name: &str) -> String {
    let name = name.trim();
    match ecosystem {
        // PEP 503: runs of `-`, `_` and `.` are one hyphen, case is ignored.
        Ecosystem::PyPi => {
            let mut normal = String::with_capacity(name.len());
            for c in name.chars() {
                if matches!(c, '-' | '_' | '.') {
                    if !normal.ends_with('-') {
                        normal.push('-');
                    }
                } else {
                    normal.push(c.to_ascii_lowercase());
                }
            }
            normal
        }
        Ecosystem::NuGet | Ecosystem::Composer | Ecosystem::Conda => name.to_ascii_lowercase(),
        Ecosystem::Golang => go_name(name),
        _ => name.to_owned(),
    }
}

/// Splits `group:artifact`; a missing group, or one that only repeats the artifact, is a guess of
/// the scanner and counts as none.
fn maven_parts(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once(':') {
        Some((group, artifact)) if !group.is_empty() && group != artifact => {
            (Some(group), artifact)
        }
        Some((_, artifact)) => (None, artifact),
        None => (None, name),
    }
}

/// Scanners guess a jar's group from its manifest. Two names are one artifact when different reports
/// give them to the same file, or when one of them has no group and only one real group is known for
/// that artifact and version. One report that lists both in one file says that they are two: shaded
/// into the archive side by side.
fn join_maven<'a>(
    packages: impl Iterator<Item = (usize, &'a Package)>,
) -> HashMap<(String, String), (String, PackageRule)> {
    /// Paths with the reports that say so, by name.
    type Names<'a> = BTreeMap<&'a str, BTreeSet<(String, usize)>>;
    let mut artifacts: BTreeMap<(&str, String), Names<'a>> = BTreeMap::new();
    for (report, package) in packages {
        let (_, artifact) = maven_parts(&package.name);
        let version = normal_form(&Ecosystem::Maven, &package.version);
        let paths = artifacts
            .entry((artifact, version))
            .or_default()
            .entry(&package.name)
            .or_default();
        // Scanners write a jar inside a jar with `:` or with `/`.
        paths.extend(
            package
                .locations
                .iter()
                .filter_map(|l| l.path.as_ref())
                .map(|p| (p.replace(':', "/"), report)),
        );
    }
    let mut joined = HashMap::new();
    for ((_, version), names) in artifacts {
        let names: Vec<(&str, BTreeSet<(String, usize)>)> = names.into_iter().collect();
        let mut sets = UnionFind::new(names.len());
        for indices in one_artifact_files(&names).values() {
            for pair in indices.windows(2) {
                if let [a, b] = pair {
                    sets.union(*a, *b);
                }
            }
        }
        let mut members: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (index, (name, _)) in (0_u32..).zip(&names) {
            members.entry(sets.find(index)).or_default().push(name);
        }
        let has_group = |name: &&&str| maven_parts(name).0.is_some();
        // Names are in text order, so the first one with a group does not depend on the input's order.
        let with_group: Vec<&str> = members
            .values()
            .filter_map(|names| names.iter().find(has_group))
            .copied()
            .collect();
        for names in members.values() {
            let (target, rule) = match (names.iter().find(has_group), with_group.as_slice()) {
                (Some(name), _) => (*name, PackageRule::SharedFile),
                (None, [only]) => (*only, PackageRule::OnlyGroup),
                (None, _) => match names.first() {
                    Some(first) => (*first, PackageRule::SharedFile),
                    None => continue,
                },
            };
            for name in names {
                let rule = if *name == target {
                    PackageRule::NormalName
                } else {
                    rule
                };
                joined.insert(
                    ((*name).to_owned(), version.clone()),
                    (target.to_owned(), rule),
                );
            }
        }
    }
    joined
}

/// The names, by index, that each file carries; without the files in which one report sees several
/// real groups.
fn one_artifact_files<'n>(
    names: &'n [(&str, BTreeSet<(String, usize)>)],
) -> HashMap<&'n str, Vec<u32>> {
    let mut files: HashMap<&str, Vec<u32>> = HashMap::new();
    let mut with_group: HashMap<(&str, usize), u32> = HashMap::new();
    let mut shaded: HashSet<&str> = HashSet::new();
    for (index, (name, paths)) in (0_u32..).zip(names) {
        for (path, report) in paths {
            let carried = files.entry(path).or_default();
            if carried.last() != Some(&index) {
                carried.push(index);
            }
            if maven_parts(name).0.is_some()
                && *with_group.entry((path, *report)).or_insert(index) != index
            {
                shaded.insert(path);
            }
        }
    }
    files.retain(|path, _| !shaded.contains(path));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Location, SourcePackage};

    fn os(name: &str, version: &str, source: Option<(&str, Option<&str>)>) -> Package {
        let mut package = Package::new(Ecosystem::Deb, name, version);
        package.source = source.map(|(name, version)| SourcePackage {
            name: name.into(),
            version: version.map(str::to_owned),
        });
        package
    }

    fn groups(packages: &[Package]) -> Vec<String> {
        let identity = Identity::learn(packages.iter().enumerate());
        packages
            .iter()
            .map(|p| identity.group(p).to_string())
            .collect()
    }

    #[test]
    fn a_source_stated_by_one_scanner_serves_all() {
        let packages = [
            os("libssl3", "3.0.9-1", Some(("openssl", None))),
            os("libssl3", "3.0.9-1", None),
            os("openssl", "3.0.9-1", None),
        ];
        assert_eq!(groups(&packages), ["deb/openssl"; 3]);
    }

    #[test]
    fn shared_documentation_means_a_shared_source() {
        let documented = |name: &str, directory: &str, source: Option<(&str, Option<&str>)>| {
            let mut package = os(name, "12.2.0-14", source);
            package.locations.extend(Location::new(
                Some(&format!("/usr/share/doc/{directory}/copyright")),
                None,
            ));
            package
        };
        let base = documented("gcc-12-base", "gcc-12-base", None);
        let gcc = documented("libgcc-s1", "gcc-12-base", None);
        let stdcxx = documented("libstdc++6", "gcc-12-base", None);
        assert_eq!(
            groups(&[base.clone(), gcc.clone(), stdcxx.clone()]),
            ["deb/gcc-12-base"; 3]
        );
        let stated = os("libstdc++6", "12.2.0-14", Some(("gcc-12", None)));
        assert_eq!(groups(&[base, gcc, stdcxx, stated]), ["deb/gcc-12"; 4]);
    }

    #[test]
    fn names_are_never_guessed() {
        assert_eq!(
            groups(&[
                os("libssl3", "3.0.9-1", None),
                os("openssl", "3.0.9-1", None)
            ]),
            ["deb/libssl3", "deb/openssl"]
        );
    }

    #[test]
    fn two_source_versions_side_by_side_are_two_groups() {
        let packages = [
            os("libssl3", "3.0.9-1", Some(("openssl", Some("3.0.9-1")))),
            os(
                "libssl-old",
                "1.1.1-1+b2",
                Some(("openssl", Some("1.1.1-1"))),
            ),
            os("libssl3", "3.0.9-1", None),
            os("openssl", "1.1.1-1", None),
        ];
        assert_eq!(
            groups(&packages),
            [
                "deb/openssl@3.0.9-1",
                "deb/openssl@1.1.1-1",
                "deb/openssl@3.0.9-1",
                "deb/openssl@1.1.1-1"
            ]
        );
    }

    #[test]
    fn epoch_and_rebuild_do_not_split() {
        let packages = [
            os(
                "login",
                "1:4.13+dfsg1-1+b1",
                Some(("shadow", Some("1:4.13+dfsg1-1"))),
            ),
            os(
                "passwd",
                "4.13+dfsg1-1",
                Some(("shadow", Some("4.13+dfsg1-1"))),
            ),
        ];
        assert_eq!(groups(&packages), ["deb/shadow"; 2]);
    }

    #[test]
    fn a_source_version_stated_by_one_scanner_serves_all() {
        let known = |packages: &[Package], package: &Package| {
            let identity = Identity::learn(packages.iter().enumerate());
            identity.source_version(package).map(str::to_owned)
        };
        let binary = os("dmsetup", "2:1.02.185-2", None);
        let stated = |version| os("dmsetup", "2:1.02.185-2", Some(("lvm2", Some(version))));
        assert_eq!(
            known(&[stated("2.03.16-2"), binary.clone()], &binary).as_deref(),
            Some("2.03.16-2")
        );
        // The spelling with the epoch, whoever comes first.
        let (bare, full) = (stated("2.03.16-2"), stated("1:2.03.16-2"));
        for order in [[bare.clone(), full.clone()], [full, bare.clone()]] {
            assert_eq!(known(&order, &binary).as_deref(), Some("1:2.03.16-2"));
        }
        // Its own word first; and two versions for one package are none.
        let other = stated("9-1");
        assert_eq!(known(&[bare.clone()], &other).as_deref(), Some("9-1"));
        assert_eq!(known(&[bare, other], &binary), None);
        assert_eq!(known(&[], &binary), None);
    }

    #[test]
    fn contradictory_source_versions_leave_a_package_to_its_own() {
        let stated = |name, version, source| os(name, version, Some(("x", Some(source))));
        let packages = [
            stated("libx", "2.0-1", "1.0-1"),
            stated("libx", "2.0-1", "2.0-1"),
            os("libx", "2.0-1", None),
        ];
        assert_eq!(groups(&packages)[2], "deb/x@2.0-1");
    }

    #[test]
    fn two_sources_of_one_name_leave_a_third_version_to_itself() {
        let packages = [
            os("liba", "1-1", Some(("a", None))),
            os("liba", "2-1", Some(("b", None))),
            os("liba", "3-1", None),
            os("liba", "2-1", None),
        ];
        assert_eq!(groups(&packages), ["deb/a", "deb/b", "deb/liba", "deb/b"]);
    }

    #[test]
    fn the_rule_that_grouped_a_package_is_told() {
        let packages = [
            os("libssl3", "3-1", Some(("openssl", None))),
            os("libssl3", "3-1", None),
            os("bash", "5-1", None),
            Package::new(Ecosystem::PyPi, "Jinja2", "3.1"),
        ];
        let identity = Identity::learn(packages.iter().enumerate());
        let rules: Vec<PackageRule> = packages.iter().map(|p| identity.place(p).1).collect();
        assert_eq!(
            rules,
            [
                PackageRule::StatedSource,
                PackageRule::KnownSource,
                PackageRule::OwnName,
                PackageRule::NormalName
            ]
        );
    }

    #[test]
    fn a_joined_jar_tells_why_and_the_name_that_stands_does_not() {
        let file = Some("/opt/app/lib/groovy.jar");
        let rules = |jars: &[Package]| -> Vec<PackageRule> {
            let identity = Identity::learn(jars.iter().enumerate());
            jars.iter().map(|jar| identity.place(jar).1).collect()
        };
        assert_eq!(
            rules(&[
                jar("org.codehaus.groovy:groovy", file),
                jar("org.apache.groovy:groovy", file)
            ]),
            [PackageRule::SharedFile, PackageRule::NormalName]
        );
        assert_eq!(
            rules(&[jar("groovy", None), jar("org.apache.groovy:groovy", None)]),
            [PackageRule::OnlyGroup, PackageRule::NormalName]
        );
    }

    #[test]
    fn a_go_package_needs_a_version_and_a_host_to_have_a_module() {
        let group = |name: &str, module: &str, version: &str| {
            let package = Package::new(Ecosystem::Golang, name, version);
            let module = Package::new(Ecosystem::Golang, module, version);
            let identity = Identity::learn([(0, &module), (1, &package)].into_iter());
            identity.group(&package).name
        };
        assert_eq!(group("x.org/m/p", "x.org/m", "v1.0.0"), "x.org/m");
        assert_eq!(group("x.org/m/p", "x.org/m", ""), "x.org/m/p");
        assert_eq!(group("m/p", "m", "v1.0.0"), "m/p");
        for name in ["go", "std", "stdlib", "std/net/http"] {
            assert_eq!(go_name(name), "stdlib");
        }
        assert_eq!(go_name("toolchain"), "toolchain");
        assert_eq!(normal_name(&Ecosystem::Golang, "X.org/M"), "x.org/m");
    }

    #[test]
    fn only_a_copyright_file_of_another_packages_directory_makes_siblings() {
        let documented = |name: &str, paths: &[&str]| {
            let mut package = os(name, "1-1", None);
            package.locations.extend(
                paths
                    .iter()
                    .filter_map(|path| Location::new(Some(path), None)),
            );
            package
        };
        let nested = documented("a", &["/usr/share/doc/b/examples/copyright"]);
        let own = documented("c", &["/usr/share/doc/c/copyright"]);
        assert_eq!(groups(&[nested, own]), ["deb/a", "deb/c"]);
        let (one, other) = (
            documented("a", &["/usr/share/doc/y/copyright"]),
            documented("a", &["/usr/share/doc/x/copyright"]),
        );
        for order in [[one.clone(), other.clone()], [other, one]] {
            assert_eq!(groups(&order), ["deb/x"; 2], "in whatever order");
        }
    }

    #[test]
    fn pypi_names_follow_pep_503() {
        for (a, b) in [
            ("Jinja2", "jinja2"),
            ("zope.interface", "zope-interface"),
            ("ruamel__yaml", "ruamel-yaml"),
        ] {
            assert_eq!(
                normal_name(&Ecosystem::PyPi, a),
                normal_name(&Ecosystem::PyPi, b)
            );
        }
    }

    fn jar(name: &str, path: Option<&str>) -> Package {
        let mut package = Package::new(Ecosystem::Maven, name, "4.0.33");
        package.locations.extend(Location::new(path, None));
        package
    }

    #[test]
    fn maven_groups_join_by_file_or_by_being_the_only_one() {
        let file = Some("/opt/app/lib/groovy.jar");
        assert_eq!(
            groups(&[
                jar("org.codehaus.groovy:groovy", None),
                jar("org.apache.groovy:groovy", None)
            ]),
            [
                "maven/org.codehaus.groovy:groovy@4.0.33",
                "maven/org.apache.groovy:groovy@4.0.33"
            ]
        );
        assert_eq!(
            groups(&[
                jar("org.codehaus.groovy:groovy", file),
                jar("org.apache.groovy:groovy", file)
            ]),
            ["maven/org.apache.groovy:groovy@4.0.33"; 2]
        );
        assert_eq!(
            groups(&[
                jar("groovy:groovy", None),
                jar("groovy", None),
                jar("org.apache.groovy:groovy", None)
            ]),
            ["maven/org.apache.groovy:groovy@4.0.33"; 3]
        );
    }

    #[test]
    fn a_go_package_belongs_to_its_module() {
        let go = |name: &str, version: &str| Package::new(Ecosystem::Golang, name, version);
        let packages = [
            go("golang.org/x/net", "v0.9.0"),
            go("golang.org/x/net/idna", "0.9.0"),
            go("std/net/http", "1.20.1"),
            go("stdlib", "go1.20.1"),
        ];
        assert_eq!(
            groups(&packages),
            [
                "golang/golang.org/x/net@0.9.0",
                "golang/golang.org/x/net@0.9.0",
                "golang/stdlib@1.20.1",
                "golang/stdlib@1.20.1"
            ]
        );
    }

    #[test]
    fn packages_that_one_report_lists_side_by_side_share_the_module_above_them() {
        let go = |name: &str| Package::new(Ecosystem::Golang, name, "v0.7.0");
        let (module, html, atom) = (
            go("golang.org/x/net"),
            go("golang.org/x/net/html"),
            go("golang.org/x/net/html/atom"),
        );
        let group = |identity: &Identity, package| identity.group(package).name;
        let known = Identity::learn([(0, &module), (1, &html), (1, &atom)].into_iter());
        assert_eq!(
            [group(&known, &html), group(&known, &atom)],
            ["golang.org/x/net"; 2]
        );
        // Without the module nothing says that one is part of the other.
        let unknown = Identity::learn([(1, &html), (1, &atom)].into_iter());
        assert_ne!(group(&unknown, &html), group(&unknown, &atom));
    }
}
