//! SPDX 2 JSON, an inventory of any tool. Packages are known by their purl: SPDX itself has no
//! word for the kind of a package.

use std::collections::HashSet;

use serde::Deserialize;

use super::Format;
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Lenient, OneOrMany, Text};
use crate::model::{
    Distro, Ecosystem, InventoryScope, Package, ScannerId, ScannerReport, SourcePackage, Target,
};

/// Reads an SPDX document. Elements without a purl (files, applications, the image itself) are not
/// packages of the inventory.
pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let creation = document.creation_info.0.unwrap_or_default();
    let (tool, version) = creation.tool();
    let is_syft = tool == "syft";
    let mut builder = ReportBuilder::new(ScannerId::new(&tool), Format::Spdx.title());

    let roots: HashSet<&str> = document
        .describes
        .iter()
        .chain(
            document
                .relationships
                .list()
                .iter()
                .filter(|relationship| {
                    relationship.kind.as_str() == "DESCRIBES"
                        && relationship.from.as_str() == "SPDXRef-DOCUMENT"
                })
                .filter_map(|relationship| relationship.to.get()),
        )
        .collect();

    let mut target = Target::default();
    let mut complete = document.packages.is_array();
    for (pointer, element) in document.packages.located("/packages") {
        let element = match element {
            Ok(element) => element,
            Err(why) => {
                complete = false;
                builder.warn(pointer, format!("a package that could not be read: {why}"));
                continue;
            }
        };
        if element.is_image() || roots.contains(element.spdx_id.as_str()) {
            element.describe(&mut target, is_syft);
        } else if element.purpose.as_str() == "OPERATING-SYSTEM" {
            target.distro = element.distro();
        } else if let Some(purl) = element.purl() {
            if let Some(package) = element.package(purl) {
                if target.distro.is_none() {
                    target.distro = distro_of_purl(&package, purl);
                }
                builder.package(package);
            } else {
                complete = false;
                builder.warn(pointer, "a package whose purl could not be read");
            }
        }
    }
    target.name = target.name.or_else(|| document.name.to_option());

    let report = builder.report();
    report.target = target;
    report.scanner_version = version;
    report.created = timestamp(creation.created.as_str());
    report.inventory = if complete {
        InventoryScope::Complete
    } else {
        InventoryScope::VulnerableOnly
    };
    Ok(builder.finish())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    creation_info: Lenient<CreationInfo<'a>>,
    #[serde(rename = "documentDescribes", borrow, default)]
    describes: OneOrMany<'a>,
    #[serde(borrow, default)]
    packages: Entries<Element<'a>>,
    #[serde(borrow, default)]
    relationships: Lenient<Vec<Relationship<'a>>>,
}

#[derive(Default, Deserialize)]
struct CreationInfo<'a> {
    #[serde(borrow, default)]
    created: Text<'a>,
    #[serde(borrow, default)]
    creators: OneOrMany<'a>,
}

impl CreationInfo<'_> {
    /// Name and version of the first tool: `Tool: syft-1.18.1` (SPDX 2.3, §6.8: the version follows
    /// the last hyphen).
    fn tool(&self) -> (String, Option<String>) {
        let tool = self
            .creators
            .iter()
            .find_map(|creator| creator.strip_prefix("Tool:"))
            .map(str::trim)
            .unwrap_or_default();
        match tool.rsplit_once('-') {
            Some((name, version))
                if version
                    .trim_start_matches('v')
                    .starts_with(|c: char| c.is_ascii_digit()) =>
            {
                (name.to_owned(), Some(version.to_owned()))
            }
            _ => (tool.to_owned(), None),
        }
    }
}

#[derive(Deserialize)]
struct Relationship<'a> {
    #[serde(rename = "spdxElementId", borrow, default)]
    from: Text<'a>,
    #[serde(rename = "relationshipType", borrow, default)]
    kind: Text<'a>,
    #[serde(rename = "relatedSpdxElement", borrow, default)]
    to: Text<'a>,
}

/// What SPDX calls a package: a package, an application, an image or an operating system.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element<'a> {
    #[serde(rename = "SPDXID", borrow, default)]
    spdx_id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(rename = "versionInfo", borrow, default)]
    version: Text<'a>,
    #[serde(rename = "primaryPackagePurpose", borrow, default)]
    purpose: Text<'a>,
    /// Prose; Trivy puts the source package here.
    #[serde(borrow, default)]
    source_info: Text<'a>,
    #[serde(borrow, default)]
    external_refs: Lenient<Vec<ExternalReference<'a>>>,
    /// Trivy's facts about an image, `ImageID: sha256:…`; since Trivy 0.57 in `annotations`.
    #[serde(borrow, default)]
    attribution_texts: OneOrMany<'a>,
    #[serde(borrow, default)]
    annotations: Lenient<Vec<Annotation<'a>>>,
}

#[derive(Deserialize)]
struct ExternalReference<'a> {
    #[serde(rename = "referenceType", borrow, default)]
    kind: Text<'a>,
    #[serde(rename = "referenceLocator", borrow, default)]
    locator: Text<'a>,
}

#[derive(Deserialize)]
struct Annotation<'a> {
    #[serde(borrow, default)]
    comment: Text<'a>,
}

impl Element<'_> {
    fn purl(&self) -> Option<&str> {
        self.external_refs
            .list()
            .iter()
            .find(|reference| reference.kind.as_str() == "purl")
            .and_then(|reference| reference.locator.get())
    }

    fn is_image(&self) -> bool {
        self.purpose.as_str() == "CONTAINER"
            || self.purl().is_some_and(|purl| purl.starts_with("pkg:oci/"))
    }

    fn package(&self, purl: &str) -> Option<Package> {
        let mut package = Package::from_purl(purl)?;
        // The tool's own spelling, where the purl's type folds case; a Maven name lacks its group
        // in some tools, and the purl has it.
        if let Some(name) = self.name.get()
            && (package.ecosystem != Ecosystem::Maven || name.contains(':'))
        {
            name.clone_into(&mut package.name);
        }
        if package.version.is_empty() {
            self.version.as_str().clone_into(&mut package.version);
        }
        if package.source.is_none() {
            package.source = built_from(self.source_info.as_str());
        }
        Some(package)
    }

    fn distro(&self) -> Option<Distro> {
        Some(Distro {
            family: self.name.get()?.to_ascii_lowercase(),
            version: self.version.as_str().to_owned(),
            end_of_life: false,
        })
    }

    /// Adds what this element, being what the document describes, tells about the target.
    /// `computes_manifest` says that the version of its image purl is the manifest's digest; in other
    /// tools it is that of the index.
    fn describe(&self, target: &mut Target, computes_manifest: bool) {
        target.name = self.name.to_option();
        let facts = self
            .attribution_texts
            .iter()
            .chain(
                self.annotations
                    .list()
                    .iter()
                    .filter_map(|annotation| annotation.comment.get()),
            )
            .filter_map(|fact| fact.split_once(": "));
        for (key, value) in facts {
            let value = value.trim().to_owned();
            match key {
                "ImageID" => target.config_digest = Some(value),
                "DiffID" => target.diff_ids.push(value),
                "RepoDigest" => target.repo_digests.push(value),
                _ => {}
            }
        }
        if computes_manifest {
            target.manifest_digest = self
                .version
                .to_option()
                .into_iter()
                .chain(
                    self.purl()
                        .and_then(Package::from_purl)
                        .map(|package| package.version),
                )
                .find(|version| version.starts_with("sha256:"));
        }
        target.not_an_image = self.purpose.as_str() == "SOURCE";
    }
}

/// The source package in Trivy's words: `built package from: glibc 2.36-9`.
fn built_from(text: &str) -> Option<SourcePackage> {
    let (name, version) = text.strip_prefix("built package from: ")?.split_once(' ')?;
    Some(SourcePackage {
        name: name.to_owned(),
        version: Some(version.trim().to_owned()).filter(|v| !v.is_empty()),
    })
}

/// The distribution in an OS package's purl qualifier: `distro=debian-12`, `distro=alpine-3.19.1`.
/// Trivy's apk purls have the bare version there.
fn distro_of_purl(package: &Package, purl: &str) -> Option<Distro> {
    let namespace = package
        .namespace
        .as_deref()
        .filter(|_| package.ecosystem.is_os())?;
    let (_, rest) = purl.split_once("distro=")?;
    let value = rest.split(['&', '#']).next()?;
    let (family, version) = match value.rsplit_once('-') {
        Some((family, version)) => (family, version),
        None => (namespace, value),
    };
    Some(Distro {
        family: family.to_ascii_lowercase(),
        version: version.to_owned(),
        end_of_life: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::mutations::{assert_accounted, assert_survives};

    const SYFT: &str = r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"debian",
      "creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Organization: Anchore, Inc","Tool: syft-1.18.1"]},
      "packages":[
        {"SPDXID":"SPDXRef-libc6","name":"libc6","versionInfo":"2.36-9","externalRefs":[
          {"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:x"},
          {"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:deb/debian/libc6@2.36-9?arch=amd64&upstream=glibc&distro=debian-12"}]},
        {"SPDXID":"SPDXRef-log4j","name":"log4j-core","versionInfo":"2.14.1","externalRefs":[
          {"referenceType":"purl","referenceLocator":"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}]},
        {"SPDXID":"SPDXRef-root","name":"debian","versionInfo":"12","primaryPackagePurpose":"CONTAINER","externalRefs":[
          {"referenceType":"purl","referenceLocator":"pkg:oci/debian@sha256%3Aabc?arch=amd64"}]}],
      "relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-root"}]}"#;

    const TRIVY: &str = r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"alpine:3.19",
      "creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Organization: aquasecurity","Tool: trivy-0.69.3"]},
      "packages":[
        {"SPDXID":"a","name":"alpine","versionInfo":"3.19.9","primaryPackagePurpose":"OPERATING-SYSTEM"},
        {"SPDXID":"b","name":"ssl_client","versionInfo":"1.36.1-r20","sourceInfo":"built package from: busybox 1.36.1-r20",
         "externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:apk/alpine/ssl_client@1.36.1-r20?distro=3.19.9"}]},
        {"SPDXID":"c","name":"package-lock.json","primaryPackagePurpose":"APPLICATION"},
        {"SPDXID":"d","name":"broken","externalRefs":[{"referenceType":"purl","referenceLocator":"nonsense"}]},
        {"SPDXID":"r","name":"alpine:3.19","primaryPackagePurpose":"CONTAINER",
         "annotations":[{"comment":"ImageID: sha256:c"},{"comment":"DiffID: sha256:l"}]}]}"#;

    #[test]
    fn a_syft_document_is_an_inventory_of_its_packages() {
        let report = read(SYFT).unwrap();
        assert_eq!(report.scanner.as_str(), "syft");
        assert_eq!(report.scanner_version.as_deref(), Some("1.18.1"));
        assert!(report.created.is_some());
        assert_eq!(report.inventory, InventoryScope::Complete);
        let names: Vec<&str> = report.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["libc6", "org.apache.logging.log4j:log4j-core"]);
        assert_eq!(report.packages[0].source.as_ref().unwrap().name, "glibc");
        assert_eq!(report.target.manifest_digest.as_deref(), Some("sha256:abc"));
        let distro = report.target.distro.as_ref().unwrap();
        assert_eq!(
            (distro.family.as_str(), distro.version.as_str()),
            ("debian", "12")
        );
        assert_accounted(&report);
    }

    #[test]
    fn a_trivy_document_tells_source_packages_and_image_in_prose() {
        let report = read(TRIVY).unwrap();
        assert_eq!(report.scanner.as_str(), "trivy");
        assert_eq!(report.packages.len(), 1);
        let source = report.packages[0].source.as_ref().unwrap();
        assert_eq!(
            (source.name.as_str(), source.version.as_deref()),
            ("busybox", Some("1.36.1-r20"))
        );
        let target = &report.target;
        assert_eq!(target.config_digest.as_deref(), Some("sha256:c"));
        assert_eq!(target.diff_ids, ["sha256:l"]);
        assert_eq!(target.manifest_digest, None);
        assert_eq!(target.distro.as_ref().unwrap().version, "3.19.9");
    }

    #[test]
    fn a_package_whose_purl_cannot_be_read_is_a_gap() {
        let report = read(TRIVY).unwrap();
        assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
        assert_eq!(
            report.diagnostics[0].pointer.as_deref(),
            Some("/packages/3")
        );
    }

    #[test]
    fn damage_never_ends_the_process() {
        assert_survives(SYFT, read);
        assert_survives(TRIVY, read);
    }
}
