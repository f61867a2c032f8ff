//! When a statement speaks of an installed package.

use super::*;

#[test]
fn every_name_of_the_image_is_known_and_no_other() {
    let image = |name: &str| matches(&json!([{"@id": name}]), &openssl())[0];
    let digest = MANIFEST.replace(':', "%3A");
    let other = OTHER.replace(':', "%3A");
    for name in [
        "pkg:oci/trainer",
        "pkg:oci/trainer?repository_url=registry.example.com/team/trainer",
        "pkg:oci/trainer?repository_url=registry.example.com/team",
        "pkg:oci/trainer?repository_url=https%3A%2F%2Fregistry.example.com%2Fteam&tag=2.4.0",
        &format!("pkg:oci/trainer@{digest}?repository_url=registry.example.com/team/trainer"),
        &format!("pkg:oci/elsewhere@{digest}"),
        "pkg:docker/team/trainer@2.4.0?repository_url=registry.example.com",
        REFERENCE,
        MANIFEST,
        &MANIFEST["sha256:".len()..],
        &format!("registry.example.com/team/trainer@{MANIFEST}"),
    ] {
        assert!(image(name), "{name}");
    }
    for name in [
        "pkg:oci/other",
        "pkg:oci/trainer?repository_url=registry.example.com/other",
        "pkg:oci/trainer?tag=2.5.0",
        "pkg:oci/trainer?arch=arm64",
        &format!("pkg:oci/trainer@{other}"),
        "pkg:docker/team/trainer@2.4.0",
        "registry.example.com/team/trainer",
        "registry.example.com/team/trainer:2.4.1",
        "trainer:2.4.0",
        OTHER,
        &format!("registry.example.com/team/trainer:2.4.0@{OTHER}"),
    ] {
        assert!(!image(name), "{name}");
    }
    let hashes = json!([{"@id": "pkg:oci/trainer", "hashes": {"sha-256": &OTHER[7..]}}]);
    assert_eq!(matches(&hashes, &openssl()), [false, false]);
    let hashes = json!([{"@id": "https://a.invalid", "hashes": {"sha-256": &MANIFEST[7..]}}]);
    assert_eq!(matches(&hashes, &openssl()), [true, true]);
}

#[test]
fn an_image_is_known_by_its_digests_in_registries_too() {
    let ours = Product::new(
        &TargetSummary {
            repo_digests: vec![format!("mirror.example.com/trainer@{OTHER}")],
            ..target(REFERENCE)
        },
        &[],
    );
    for name in [OTHER, MANIFEST, &format!("pkg:oci/trainer@{OTHER}")] {
        assert!(ours.is(&Component::named(name).unwrap()), "{name}");
    }
}

#[test]
fn an_archive_is_known_by_the_names_that_it_states() {
    let names = [
        "registry.example/ml/app:1".to_owned(),
        "mirror.example/app:stable".to_owned(),
    ];
    let archive = Product::new(&target("/builds/shop.tar"), &names);
    let is_ours = |name: &str| archive.is(&Component::named(name).unwrap());
    for name in [
        "registry.example/ml/app:1",
        "pkg:oci/app?repository_url=registry.example/ml&tag=1",
        "mirror.example/app:stable",
        MANIFEST,
    ] {
        assert!(is_ours(name), "{name}");
    }
    for name in [
        // The repository of one name and the tag of another.
        "registry.example/ml/app:stable",
        "pkg:oci/app?repository_url=mirror.example&tag=1",
        "registry.example/ml/app:2",
        "pkg:oci/shop",
        "pkg:oci/shop.tar",
        "/builds/shop.tar",
    ] {
        assert!(!is_ours(name), "{name}");
    }
}

#[test]
fn an_archive_without_names_is_known_by_its_digest() {
    let archive = Product::new(&target("shop.tar"), &[]);
    assert!(archive.is(&Component::named(MANIFEST).unwrap()));
    assert!(!archive.is(&Component::named("shop.tar").unwrap()));
}

#[test]
fn spellings_of_docker_hub_are_one() {
    let names = [
        "nginx",
        "nginx:latest",
        "docker.io/library/nginx",
        "index.docker.io/library/nginx",
    ];
    let typed = [
        "registry:nginx",
        "docker:nginx:latest",
        "docker-image|nginx",
    ];
    for ours in names.into_iter().chain(typed) {
        let product = Product::new(&target(ours), &[]);
        for theirs in names {
            assert!(
                product.is(&Component::named(theirs).unwrap()),
                "{ours} {theirs}"
            );
        }
        for purl in [
            "pkg:oci/nginx?repository_url=index.docker.io/library",
            "pkg:docker/nginx@latest",
        ] {
            assert!(
                product.is(&Component::named(purl).unwrap()),
                "{ours} {purl}"
            );
        }
        assert!(!product.is(&Component::named("quay.io/library/nginx").unwrap()));
    }
}

#[test]
fn a_package_url_fits_by_type_namespace_name_version_and_qualifiers() {
    let parts = |purl: &str| {
        let products = json!([{"@id": "pkg:oci/trainer", "subcomponents": [{"@id": purl}]}]);
        let part = matches(&products, &openssl());
        let alone = matches(&json!([{"@id": purl}]), &openssl());
        assert_eq!(part, alone, "{purl}");
        part
    };
    for (purl, expected) in [
        ("pkg:deb/debian/libssl3", [true, false]),
        ("pkg:deb/debian/libssl3@3.0.15-1~deb12u1", [true, false]),
        (
            "pkg:deb/debian/libssl3@3.0.15-1~deb12u1%2Bb1",
            [true, false],
        ),
        ("pkg:deb/debian/libssl3@3.0.14-1", [false, false]),
        ("pkg:deb/debian/libssl3?arch=amd64", [true, false]),
        ("pkg:deb/debian/libssl3?arch=arm64", [false, false]),
        ("pkg:deb/debian/libssl3?distro=debian-12", [true, false]),
        ("pkg:deb/debian/libssl3?distro=debian-1", [false, false]),
        ("pkg:deb/debian/libssl3?upstream=openssl", [true, false]),
        ("pkg:deb/ubuntu/libssl3", [false, false]),
        ("pkg:deb/libssl3", [false, false]),
        ("pkg:rpm/debian/libssl3", [false, false]),
        ("pkg:npm/libssl3", [false, false]),
        // The binary package of this name, not its source.
        ("pkg:deb/debian/openssl", [false, true]),
        ("pkg:deb/debian/openssl?arch=source", [true, true]),
        (
            "pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=source",
            [true, true],
        ),
        (
            "pkg:deb/debian/openssl@3.0.14-1?arch=source",
            [false, false],
        ),
        ("pkg:deb/debian/libssl3?arch=source", [false, false]),
    ] {
        assert_eq!(parts(purl), expected, "{purl}");
    }
}

#[test]
fn names_follow_the_rules_of_their_ecosystem() {
    for (ecosystem, name, version, purl, stated) in [
        (
            "pypi",
            "Zope.Interface",
            "6.0",
            None,
            "pkg:pypi/zope-interface@6.0.0",
        ),
        (
            "npm",
            "@babel/core",
            "7.0.0",
            None,
            "pkg:npm/%40babel/core@7.0.0",
        ),
        (
            "golang",
            "golang.org/x/net",
            "v0.1.0",
            None,
            "pkg:golang/golang.org/x/net@0.1.0",
        ),
        (
            "maven",
            "com.google.guava:guava",
            "22.0",
            Some("pkg:maven/com.google.guava/guava@22.0"),
            "pkg:maven/com.google.guava/guava@22.0",
        ),
        // Without package URL the distribution of the image is the namespace.
        (
            "deb",
            "libssl3",
            "1:3",
            None,
            "pkg:deb/debian/libssl3@1%3A3",
        ),
    ] {
        let finding = finding(ecosystem, name, &[(name, version, purl)]);
        assert_eq!(matches(&json!([stated]), &finding), [true], "{stated}");
        let other = format!("{stated}9");
        assert_eq!(matches(&json!([other]), &finding), [false], "{other}");
    }
}

#[test]
fn an_id_alone_or_a_product_alone_ignores_nothing() {
    let mut other = harmless(&json!(["pkg:oci/trainer"]));
    other["vulnerability"]["name"] = json!("CVE-2024-5536");
    let other = openvex(&json!([other]));
    assert_eq!(ignored(&[&other], &openssl()), [false, false]);
    // Other spellings of one of the finding's ids.
    for id in [
        "cve-2024-5535",
        "DEBIAN-CVE-2024-5535",
        "GHSA-4FC7-MVRR-WV2C",
    ] {
        let mut same = harmless(&json!(["pkg:oci/trainer"]));
        same["vulnerability"] = json!(id);
        assert_eq!(
            ignored(&[&openvex(&json!([same]))], &openssl()),
            [true, true]
        );
    }
}

#[test]
fn parts_of_another_product_are_not_ours() {
    let parts = json!([{"@id": "pkg:deb/debian/libssl3"}]);
    for product in [
        "pkg:oci/other",
        "pkg:golang/example.com/app",
        "pkg:deb/debian/openssl",
    ] {
        let products = json!([{"@id": product, "subcomponents": parts}]);
        assert_eq!(matches(&products, &openssl()), [false, false], "{product}");
    }
    // Parts that cannot be read are not the whole image.
    let products = json!([{"@id": "pkg:oci/trainer", "subcomponents": [{"@id": ""}]}]);
    assert_eq!(matches(&products, &openssl()), [false, false]);
}

#[test]
fn statements_that_match_nothing_are_named() {
    let mut other = harmless(&json!(["pkg:oci/trainer"]));
    other["vulnerability"]["name"] = json!("CVE-2024-5536");
    let used = harmless(&json!(["pkg:oci/trainer"]));
    let elsewhere = harmless(&json!(["pkg:oci/other"]));
    let document = openvex(&json!([used, other, elsewhere, elsewhere, elsewhere]));
    let statements = Statements::new(vec![parsed("a.json", &document)], &product(), now());
    let matched = statements.on(&openssl()).matched;
    assert_eq!(
        statements.unmatched(&matched),
        [
            "a.json: 4 of 5 statements match no finding: /statements/1 (CVE-2024-5536), \
             /statements/2 (CVE-2024-5535), /statements/3 (CVE-2024-5535) and 1 more"
        ]
    );
}
