//! Which packages are one package, and by which rule.

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
    assert_eq!(
        known(std::slice::from_ref(&bare), &other).as_deref(),
        Some("9-1")
    );
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
