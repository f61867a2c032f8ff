//! Syft JSON, an inventory without vulnerabilities; and the parts of it that Grype repeats in its
//! own reports, Grype being built on Syft.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Format;
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Lenient, OneOrMany, Text};
use crate::model::package::{driver_library_version, is_driver_installer, source_rpm};
use crate::model::{
    Distro, Ecosystem, InventoryScope, Location, Package, ScannerId, ScannerReport, SourcePackage,
    Target,
};

/// Reads a Syft document of any schema version.
pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut builder = ReportBuilder::new(ScannerId::new("syft"), Format::Syft.title());
    let mut complete = document.artifacts.is_array();
    for (pointer, artifact) in document.artifacts.located("/artifacts") {
        match artifact.and_then(|artifact| artifact.package()) {
            Ok(package) => {
                builder.package(package);
            }
            Err(why) => {
                complete = false;
                builder.warn(pointer, format!("a package that could not be read: {why}"));
            }
        }
    }

    let paths = document.files.iter_ok().filter_map(SourceFile::path);
    let driver_files: BTreeSet<&str> = paths
        .filter(|path| driver_library_version(path).is_some() || is_driver_installer(path))
        .collect();
    let report = builder.report();
    report.driver_files = driver_files.into_iter().map(str::to_owned).collect();
    report.inventory = if complete {
        InventoryScope::Complete
    } else {
        InventoryScope::VulnerableOnly
    };
    if let Some(source) = &document.source.0 {
        report.target = source.target();
    }
    report.target.distro = document.distro.0.as_ref().and_then(LinuxRelease::distro);
    if let Some(descriptor) = document.descriptor.0 {
        report.scanner_version = descriptor.version.to_option();
        report.created = timestamp(descriptor.timestamp.as_str());
    }
    Ok(builder.finish())
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    artifacts: Entries<Artifact<'a>>,
    #[serde(borrow, default)]
    files: Entries<SourceFile<'a>>,
    #[serde(borrow, default)]
    source: Lenient<Source<'a>>,
    #[serde(borrow, default)]
    distro: Lenient<LinuxRelease<'a>>,
    #[serde(borrow, default)]
    descriptor: Lenient<Descriptor<'a>>,
}

/// A file that Syft looked at; by default those that a package owns, and all of them where its
/// configuration says so.
#[derive(Deserialize)]
struct SourceFile<'a> {
    #[serde(borrow, default)]
    location: Lenient<FileLocation<'a>>,
}

#[derive(Deserialize)]
struct FileLocation<'a> {
    #[serde(borrow, default)]
    path: Text<'a>,
}

impl SourceFile<'_> {
    fn path(&self) -> Option<&str> {
        self.location.0.as_ref()?.path.get()
    }
}

#[derive(Deserialize)]
struct Descriptor<'a> {
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
}

/// What was scanned. Grype and Syft before 0.90 call the details `target`, Syft since then
/// `metadata`; they are an object for images and a path for most other things.
#[derive(Deserialize)]
pub(super) struct Source<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(alias = "metadata", borrow, default)]
    target: Option<&'a RawValue>,
}

impl Source<'_> {
    /// The target, without its distribution.
    pub(super) fn target(&self) -> Target {
        let raw = self.target.map_or("null", RawValue::get);
        let mut target = match serde_json::from_str::<ImageSource<'_>>(raw) {
            Ok(image) => image.target(),
            Err(_) => Target {
                name: serde_json::from_str::<Text<'_>>(raw)
                    .ok()
                    .and_then(|path| path.to_option()),
                ..Target::default()
            },
        };
        target.name = target.name.or_else(|| self.name.to_option());
        // Other kinds, such as `sbom-file` or `unknown`, leave open what the thing is.
        target.not_an_image = matches!(self.kind.as_str(), "directory" | "file" | "snap");
        target
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageSource<'a> {
    #[serde(borrow, default)]
    user_input: Text<'a>,
    #[serde(borrow, default)]
    path: Text<'a>,
    #[serde(rename = "imageID", borrow, default)]
    image_id: Text<'a>,
    #[serde(borrow, default)]
    manifest_digest: Text<'a>,
    #[serde(borrow, default)]
    repo_digests: OneOrMany<'a>,
    #[serde(borrow, default)]
    layers: Lenient<Vec<ImageLayer<'a>>>,
    #[serde(borrow, default)]
    os: Text<'a>,
    #[serde(borrow, default)]
    architecture: Text<'a>,
    #[serde(alias = "variant", borrow, default)]
    architecture_variant: Text<'a>,
}

#[derive(Deserialize)]
struct ImageLayer<'a> {
    /// Of the uncompressed layer, although the media type is that of the compressed one.
    #[serde(borrow, default)]
    digest: Text<'a>,
}

impl ImageSource<'_> {
    fn target(&self) -> Target {
        let platform = self
            .os
            .get()
            .zip(self.architecture.get())
            .map(|(os, architecture)| match self.architecture_variant.get() {
                Some(variant) => format!("{os}/{architecture}/{variant}"),
                None => format!("{os}/{architecture}"),
            });
        Target {
            name: self
                .user_input
                .to_option()
                .or_else(|| self.path.to_option()),
            config_digest: self.image_id.to_option(),
            manifest_digest: self.manifest_digest.to_option(),
            repo_digests: self.repo_digests.iter().map(str::to_owned).collect(),
            diff_ids: self
                .layers
                .list()
                .iter()
                .filter_map(|layer| layer.digest.to_option())
                .collect(),
            platform,
            ..Target::default()
        }
    }
}

/// The distribution: Syft's fields are those of os-release, Grype's and old Syft's only name and
/// version.
#[derive(Deserialize)]
pub(super) struct LinuxRelease<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(rename = "versionID", borrow, default)]
    version_id: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

impl LinuxRelease<'_> {
    /// The distribution, `None` when the fields are all empty.
    pub(super) fn distro(&self) -> Option<Distro> {
        let family = self.id.get().or_else(|| self.name.get())?;
        let version = self.version_id.get().or_else(|| self.version.get());
        Some(Distro {
            family: family.to_ascii_lowercase(),
            version: version.unwrap_or_default().to_owned(),
            end_of_life: false,
        })
    }
}

/// A package as Syft catalogued it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(rename = "type", borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    language: Text<'a>,
    #[serde(borrow, default)]
    locations: Lenient<Vec<ArtifactLocation<'a>>>,
    #[serde(borrow, default)]
    purl: Text<'a>,
    /// The source package; only in Grype's reports, and only where its name differs.
    #[serde(borrow, default)]
    upstreams: Lenient<Vec<Upstream<'a>>>,
    /// The package manager's own record. Its fields depend on the type of package.
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ArtifactLocation<'a> {
    #[serde(borrow, default)]
    path: Text<'a>,
    #[serde(rename = "layerID", borrow, default)]
    layer_id: Text<'a>,
    #[serde(borrow, default)]
    annotations: Lenient<Annotations<'a>>,
}

#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(borrow, default)]
    evidence: Text<'a>,
}

impl ArtifactLocation<'_> {
    fn is_primary(&self) -> bool {
        self.annotations
            .0
            .as_ref()
            .is_some_and(|annotations| annotations.evidence.as_str() == "primary")
    }
}

#[derive(Deserialize)]
struct Upstream<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

/// What dpkg, rpm and apk record, in one; absent fields belong to the others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OsMetadata<'a> {
    #[serde(borrow, default)]
    architecture: Text<'a>,
    #[serde(borrow, default)]
    maintainer: Text<'a>,
    #[serde(borrow, default)]
    vendor: Text<'a>,
    #[serde(borrow, default)]
    epoch: Text<'a>,
    /// dpkg: empty when the source has the name of the binary package.
    #[serde(borrow, default)]
    source: Option<Text<'a>>,
    #[serde(borrow, default)]
    source_version: Text<'a>,
    #[serde(borrow, default)]
    origin_package: Text<'a>,
    #[serde(borrow, default)]
    source_rpm: Text<'a>,
    #[serde(borrow, default)]
    files: Lenient<Vec<InstalledFile<'a>>>,
}

#[derive(Deserialize)]
struct InstalledFile<'a> {
    #[serde(borrow, default)]
    path: Text<'a>,
}

/// What conda records in `conda-meta/`.
#[derive(Deserialize)]
struct CondaMetadata<'a> {
    /// Relative to the environment.
    #[serde(borrow, default)]
    files: OneOrMany<'a>,
}

/// Where a jar's group id can stand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JavaMetadata<'a> {
    #[serde(rename = "pomGroupID", borrow, default)]
    pom_group_id: Text<'a>,
    #[serde(borrow, default)]
    pom_properties: Lenient<PomProperties<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PomProperties<'a> {
    #[serde(borrow, default)]
    group_id: Text<'a>,
}

impl Artifact<'_> {
    /// The package, or why there is none.
    pub(super) fn package(&self) -> Result<Package, String> {
        let name = self
            .name
            .get()
            .ok_or_else(|| "the package has no name".to_owned())?;
        let mut package = Package::from_purl(self.purl.as_str())
            .unwrap_or_else(|| Package::new(self.ecosystem(), "", ""));
        if package.ecosystem == Ecosystem::Maven {
            if !package.name.contains(':') {
                package.name = self.maven_name(name);
            }
        } else {
            name.clone_into(&mut package.name);
        }
        self.set_version(&mut package);
        if package.ecosystem.is_os() {
            self.add_os_details(&mut package);
        }
        package.locations = self.places();
        if package.ecosystem == Ecosystem::Conda {
            self.add_conda_files(&mut package);
        }
        Ok(package)
    }

    fn ecosystem(&self) -> Ecosystem {
        match (self.kind.as_str(), self.language.as_str()) {
            ("" | "UnknownPackage", language) => Ecosystem::from_name(language),
            (kind, _) => Ecosystem::from_name(kind),
        }
    }

    /// `group:artifact`. Syft's name is the artifact alone, and its purl lacks the group where it
    /// did not dare to guess one.
    fn maven_name(&self, artifact: &str) -> String {
        let metadata: Option<JavaMetadata<'_>> = self.parse_metadata();
        let group = metadata.as_ref().and_then(|metadata| {
            metadata.pom_group_id.get().or_else(|| {
                let properties = metadata.pom_properties.0.as_ref()?;
                properties.group_id.get()
            })
        });
        match group {
            Some(group) if !artifact.contains(':') => format!("{group}:{artifact}"),
            _ => artifact.to_owned(),
        }
    }

    /// Syft's version is the whole one, with epoch; old versions left an rpm's epoch to the purl.
    fn set_version(&self, package: &mut Package) {
        let Some(version) = self.version.get() else {
            return;
        };
        let is_tail = package
            .version
            .strip_suffix(version)
            .is_some_and(|epoch| epoch.ends_with(':'));
        if !(package.ecosystem.is_os() && is_tail) {
            version.clone_into(&mut package.version);
        }
    }

    fn add_os_details(&self, package: &mut Package) {
        if let Some(upstream) = self.upstreams.list().first()
            && let Some(name) = upstream.name.to_option()
        {
            package.source = Some(SourcePackage {
                name,
                version: upstream.version.to_option(),
            });
        }
        let Some(metadata) = self.parse_metadata::<OsMetadata<'_>>() else {
            return;
        };
        if let Some(epoch) = metadata.epoch.get().filter(|epoch| *epoch != "0")
            && package.ecosystem == Ecosystem::Rpm
            && !package.version.contains(':')
        {
            package.version = format!("{epoch}:{}", package.version);
        }
        if package.source.is_none() {
            package.source = metadata.source_package(package);
        }
        if package.architecture.is_none() {
            package.architecture = metadata.architecture.to_option();
        }
        package.maintainer = metadata
            .maintainer
            .to_option()
            .or_else(|| metadata.vendor.to_option());
        package.record_files(
            metadata
                .files
                .list()
                .iter()
                .filter_map(|file| file.path.get()),
        );
    }

    fn add_conda_files(&self, package: &mut Package) {
        let environment = package.locations.iter().find_map(|location| {
            let (environment, _) = location.path.as_deref()?.rsplit_once("/conda-meta/")?;
            Some(environment.to_owned())
        });
        if let Some(environment) = environment
            && let Some(metadata) = self.parse_metadata::<CondaMetadata<'_>>()
        {
            let paths: Vec<String> = metadata
                .files
                .iter()
                .map(|file| format!("{environment}/{file}"))
                .collect();
            package.record_files(paths.iter().map(String::as_str));
        }
    }

    fn parse_metadata<'m, T: Deserialize<'m>>(&'m self) -> Option<T> {
        serde_json::from_str(self.metadata?.get()).ok()
    }

    /// Where the package lies. Newer versions tell the file that proves the package from files
    /// that only support it, such as a Debian package's copyright file.
    fn places(&self) -> Vec<Location> {
        let all = self.locations.list();
        let any_primary = all.iter().any(ArtifactLocation::is_primary);
        all.iter()
            .filter(|location| !any_primary || location.is_primary())
            .filter_map(|location| Location::new(location.path.get(), location.layer_id.get()))
            .collect()
    }
}

impl OsMetadata<'_> {
    /// The source package that the package manager records. dpkg leaves it empty when the source
    /// has name and version of the binary package, which is a statement all the same.
    fn source_package(&self, package: &Package) -> Option<SourcePackage> {
        if let Some(name) = self.origin_package.to_option() {
            return Some(SourcePackage {
                name,
                version: None,
            });
        }
        if let Some(file) = self.source_rpm.get() {
            return source_rpm(file);
        }
        let source = self.source.as_ref()?;
        if package.ecosystem != Ecosystem::Deb {
            return None;
        }
        let version = self
            .source_version
            .to_option()
            .unwrap_or_else(|| package.version.clone());
        Some(SourcePackage {
            name: source.get().unwrap_or(&package.name).to_owned(),
            version: Some(version),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::mutations::{assert_accounted, assert_survives};

    const DOCUMENT: &str = r#"{
      "artifacts": [
        {"name":"libssl3","version":"3.0.11-1","type":"deb","language":"",
         "locations":[{"path":"/usr/share/doc/libssl3/copyright","layerID":"sha256:b","annotations":{"evidence":"supporting"}},
                      {"path":"/var/lib/dpkg/status","layerID":"sha256:a","annotations":{"evidence":"primary"}}],
         "purl":"pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&upstream=openssl&distro=debian-12",
         "metadataType":"dpkg-db-entry","metadata":{"source":"openssl","sourceVersion":"","architecture":"amd64","maintainer":"M"}},
        {"name":"bash","version":"5.2.15-2+b2","type":"deb","purl":"pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64",
         "metadata":{"source":"","sourceVersion":""}},
        {"name":"openssl-libs","version":"1.1.1k-4.el8","type":"rpm","purl":"pkg:rpm/rhel/openssl-libs@1.1.1k-4.el8?arch=x86_64",
         "metadata":{"epoch":1,"sourceRpm":"openssl-1.1.1k-4.el8.src.rpm","vendor":"Red Hat"}},
        {"name":"libcrypto3","version":"3.1.4-r5","type":"apk","purl":"","metadata":{"originPackage":"openssl"}},
        {"name":"log4j-core","version":"2.14.1","type":"java-archive","purl":"pkg:maven/log4j-core/log4j-core@2.14.1",
         "metadata":{"pomProperties":{"groupId":"org.apache.logging.log4j"}}},
        {"name":"guessed","version":"1","type":"java-archive","purl":"",
         "metadata":{"pomProperties":{"groupId":"com.example"}}},
        {"name":"Jinja2","version":"3.1","type":"python","purl":"pkg:pypi/jinja2@3.1","metadata":{"source":{"odd":1}}}
      ],
      "source":{"id":"x","name":"debian","type":"image","metadata":{"userInput":"debian:12","imageID":"sha256:c",
        "manifestDigest":"sha256:m","layers":[{"digest":"sha256:a"},{"digest":"sha256:b"}],"repoDigests":null,
        "architecture":"arm","variant":"v7","os":"linux"}},
      "distro":{"prettyName":"Debian","name":"Debian GNU/Linux","id":"debian","version":"12 (bookworm)","versionID":"12"},
      "descriptor":{"name":"syft","version":"1.18.1"},
      "schema":{"version":"16.0.18","url":"x"}
    }"#;

    fn packages(text: &str) -> Vec<Package> {
        read(text).unwrap().packages
    }

    #[test]
    fn an_inventory_has_no_entries_and_is_complete() {
        let report = read(DOCUMENT).unwrap();
        assert_eq!((report.entries, report.observations.len()), (0, 0));
        assert_eq!(report.inventory, InventoryScope::Complete);
        assert_eq!(report.scanner.as_str(), "syft");
        assert_eq!(report.scanner_version.as_deref(), Some("1.18.1"));
        let target = &report.target;
        assert_eq!(target.name.as_deref(), Some("debian:12"));
        assert_eq!(target.config_digest.as_deref(), Some("sha256:c"));
        assert_eq!(target.diff_ids, ["sha256:a", "sha256:b"]);
        assert_eq!(target.platform.as_deref(), Some("linux/arm/v7"));
        let distro = target.distro.as_ref().unwrap();
        assert_eq!(
            (distro.family.as_str(), distro.version.as_str()),
            ("debian", "12")
        );
        assert!(!target.not_an_image);
        assert_accounted(&report);
    }

    #[test]
    fn source_packages_come_from_each_package_managers_record() {
        let packages = packages(DOCUMENT);
        let source = |index: usize| {
            let source = packages[index].source.as_ref().unwrap();
            (source.name.as_str(), source.version.as_deref())
        };
        assert_eq!(source(0).0, "openssl");
        assert_eq!(source(1), ("bash", Some("5.2.15-2+b2")));
        assert_eq!(source(2), ("openssl", Some("1.1.1k-4.el8")));
        assert_eq!(source(3), ("openssl", None));
        assert_eq!(packages[6].source, None);
    }

    #[test]
    fn names_and_versions_are_whole() {
        let packages = packages(DOCUMENT);
        assert_eq!(packages[2].version, "1:1.1.1k-4.el8");
        assert_eq!(packages[4].name, "log4j-core:log4j-core");
        assert_eq!(packages[5].name, "com.example:guessed");
        assert_eq!(packages[6].name, "Jinja2");
    }

    #[test]
    fn an_epoch_is_never_doubled() {
        let versions: Vec<String> = packages(
            r#"{"artifacts":[
              {"name":"a","version":"1:2-3","type":"rpm","purl":"pkg:rpm/rhel/a@2-3?epoch=1","metadata":{"epoch":1}},
              {"name":"b","version":"2-3","type":"rpm","purl":"pkg:rpm/rhel/b@2-3?epoch=1","metadata":{"epoch":1}},
              {"name":"c","version":"2-3","type":"rpm","purl":"","metadata":{"epoch":0}}]}"#,
        )
        .into_iter()
        .map(|p| p.version)
        .collect();
        assert_eq!(versions, ["1:2-3", "1:2-3", "2-3"]);
    }

    #[test]
    fn package_managers_tell_which_files_are_theirs() {
        let packages = packages(
            r#"{"artifacts":[
              {"name":"python3-six","version":"1.16.0-4","type":"deb","purl":"pkg:deb/debian/python3-six@1.16.0-4",
               "metadata":{"files":[{"path":"/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO"},
                                    {"path":"/usr/share/doc/python3-six/README.rst"}]}},
              {"name":"six","version":"1.16.0","type":"conda","purl":"pkg:conda/six@1.16.0",
               "locations":[{"path":"/opt/conda/conda-meta/six-1.16.0-0.json"}],
               "metadata":{"files":["lib/python3.9/site-packages/six-1.16.0.dist-info/METADATA",
                                    "lib/python3.9/site-packages/six-1.16.0.dist-info/RECORD"]}}]}"#,
        );
        assert_eq!(
            packages[0].files,
            ["/usr/lib/python3/dist-packages/six-1.16.0.egg-info"]
        );
        assert_eq!(
            packages[1].files,
            ["/opt/conda/lib/python3.9/site-packages/six-1.16.0.dist-info"]
        );
    }

    #[test]
    fn copied_driver_files_are_told() {
        let report = read(
            r#"{"artifacts":[],"files":[
              {"id":"a","location":{"path":"/usr/bin/nvidia-installer","layerID":"sha256:a"}},
              {"id":"b","location":{"path":"/opt/lib/libcuda.so.580.159.03"}},
              {"id":"c","location":{"path":"/opt/lib/libcuda.so.580.159.03"}},
              {"id":"d","location":{"path":"/opt/lib/libcuda.so.1"}},
              {"id":"e","location":{"path":"/usr/local/cuda-12.4/targets/x86_64-linux/lib/stubs/libcuda.so.12.4"}},
              {"id":"f","location":7}, 8, {"id":"g"}]}"#,
        )
        .unwrap();
        assert_eq!(
            report.driver_files,
            [
                "/opt/lib/libcuda.so.580.159.03",
                "/usr/bin/nvidia-installer"
            ]
        );
        assert_eq!(report.inventory, InventoryScope::Complete);
        assert!(read(r#"{"artifacts":[]}"#).unwrap().driver_files.is_empty());
    }

    #[test]
    fn the_place_that_proves_a_package_is_kept() {
        let locations = &packages(DOCUMENT)[0].locations;
        assert_eq!(locations.len(), 1);
        assert_eq!(locations[0].path.as_deref(), Some("/var/lib/dpkg/status"));
    }

    #[test]
    fn a_package_that_cannot_be_read_makes_the_inventory_incomplete() {
        let report = read(r#"{"artifacts":[{"name":"a","version":"1","type":"npm"},{"version":"1"},7],"source":{"type":"directory","target":"/src"}}"#).unwrap();
        assert_eq!(report.packages.len(), 1);
        assert_eq!(report.inventory, InventoryScope::VulnerableOnly);
        assert_eq!(report.diagnostics.len(), 2);
        assert_eq!(
            report.diagnostics[1].pointer.as_deref(),
            Some("/artifacts/2")
        );
        assert!(report.target.not_an_image);
        assert_eq!(report.target.name.as_deref(), Some("/src"));
    }

    #[test]
    fn damage_never_ends_the_process() {
        assert_survives(DOCUMENT, read);
    }
}
