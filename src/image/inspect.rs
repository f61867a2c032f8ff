//! The identity of a local image: digests, layer ids, platform, read from its own metadata.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::source::{Platform, Source, SourceKind};

/// Marks an OCI image layout (image-spec, `image-layout.md`).
pub(super) const LAYOUT_FILE: &str = "oci-layout";
const DOCKER_MANIFEST: &str = "manifest.json";
const INDEX: &str = "index.json";
/// Metadata documents are kilobytes; what is larger is not one.
const MAX_DOCUMENT: u64 = 16 << 20;
/// An index may point to an index; deeper nesting is not met in practice.
const MAX_DEPTH: usize = 4;
/// Annotation by which BuildKit marks what is in an index beside images.
const ATTESTATION: &str = "vnd.docker.reference.type";

/// What identifies an image. Everything is empty for images that are not at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageIdentity {
    /// Digest of the configuration, `sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub config_digest: Option<String>,
    /// Digest of the platform's manifest; a docker archive has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_digest: Option<String>,
    /// Digests of the uncompressed layers, bottom first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub diff_ids: Vec<String>,
    /// `os/architecture[/variant]`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<String>,
    /// Names that the archive gives the image.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub names: Vec<String>,
}

/// Why a local image cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Reading failed.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The archive or directory.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A part that must be there is not.
    #[error(
        "{}: `{member}` is missing; the image is incomplete or of another kind, export it again", path.display()
    )]
    Missing {
        /// The archive or directory.
        path: PathBuf,
        /// The part.
        member: String,
    },
    /// A part that is not what it must be.
    #[error("{}: `{member}`: {why}", path.display())]
    Malformed {
        /// The archive or directory.
        path: PathBuf,
        /// The part.
        member: String,
        /// What is the matter.
        why: String,
    },
    /// Several images where one is needed.
    #[error(
        "{} holds {} images ({}); {remedy}", path.display(), names.len(), names.join(", ")
    )]
    SeveralImages {
        /// The archive or directory.
        path: PathBuf,
        /// Their names or platforms.
        names: Vec<String>,
        /// How to get to one.
        remedy: &'static str,
    },
    /// Not one image.
    #[error("{} holds no image{}", path.display(), platform.as_ref().map(|p| format!(" for {p}")).unwrap_or_default())]
    NoImage {
        /// The archive or directory.
        path: PathBuf,
        /// The platform asked for.
        platform: Option<Platform>,
    },
}

/// Reads the identity of a local image. For images in a registry or an engine nothing is known
/// yet, and the result is empty.
///
/// # Errors
/// [`InspectError`] names the archive and the part in it.
pub fn inspect(
    source: &Source,
    platform: Option<&Platform>,
) -> Result<ImageIdentity, InspectError> {
    match source {
        Source::Remote(_) | Source::Daemon(_) => Ok(ImageIdentity::default()),
        Source::DockerArchive(path) => docker_archive(&Store::Archive(path)),
        Source::OciArchive(path) => oci(&Store::Archive(path), platform),
        Source::OciLayout(path) => oci(&Store::Directory(path), platform),
    }
}

/// Tells a docker archive from an OCI archive by its members; `None` for anything else. Recent
/// Docker versions write both sets of metadata; scanners then read it as a docker archive.
pub(super) fn archive_kind(path: &Path) -> io::Result<Option<SourceKind>> {
    let mut kind = None;
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let Ok(entries) = archive.entries_with_seek() else {
        return Ok(None);
    };
    for entry in entries {
        let Ok(entry) = entry else { break };
        let Ok(name) = entry.path() else { continue };
        match name.strip_prefix("./").unwrap_or(&name).to_str() {
            Some(DOCKER_MANIFEST) => return Ok(Some(SourceKind::DockerArchive)),
            Some(INDEX) => kind = Some(SourceKind::OciArchive),
            _ => {}
        }
    }
    Ok(kind)
}

/// Named documents in an archive or a directory.
enum Store<'a> {
    Archive(&'a Path),
    Directory(&'a Path),
}

impl Store<'_> {
    fn path(&self) -> PathBuf {
        match self {
            Self::Archive(path) | Self::Directory(path) => (*path).to_owned(),
        }
    }

    fn read(&self, member: &str) -> Result<Vec<u8>, InspectError> {
        let unreadable = |error| InspectError::Unreadable {
            path: self.path(),
            error,
        };
        match self {
            Self::Directory(root) => match File::open(root.join(member)) {
                Ok(file) => self.take(member, file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.missing(member)),
                Err(error) => Err(unreadable(error)),
            },
            Self::Archive(path) => {
                let file = BufReader::new(File::open(path).map_err(unreadable)?);
                let mut archive = tar::Archive::new(file);
                for entry in archive.entries_with_seek().map_err(unreadable)? {
                    let entry = entry.map_err(unreadable)?;
                    let is_it = entry.path().is_ok_and(|name| {
                        name.strip_prefix("./").unwrap_or(&name) == Path::new(member)
                    });
                    if is_it && entry.header().entry_type().is_file() {
                        return self.take(member, entry);
                    }
                }
                Err(self.missing(member))
            }
        }
    }

    fn take(&self, member: &str, reader: impl Read) -> Result<Vec<u8>, InspectError> {
        let mut bytes = Vec::new();
        reader
            .take(MAX_DOCUMENT + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| InspectError::Unreadable {
                path: self.path(),
                error,
            })?;
        if bytes.len() as u64 > MAX_DOCUMENT {
            return Err(self.malformed(member, "it is larger than 16 MiB"));
        }
        Ok(bytes)
    }

    fn parse<T: DeserializeOwned>(&self, member: &str, bytes: &[u8]) -> Result<T, InspectError> {
        serde_json::from_slice(bytes).map_err(|error| self.malformed(member, error.to_string()))
    }

    /// A blob of an OCI layout, its content checked against its digest.
    fn blob<T: DeserializeOwned>(&self, digest: &str) -> Result<T, InspectError> {
        let hex = digest
            .strip_prefix("sha256:")
            .filter(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(hex) = hex else {
            return Err(self.malformed(INDEX, format!("`{digest}` is not a sha256 digest")));
        };
        let member = format!("blobs/sha256/{hex}");
        let bytes = self.read(&member)?;
        if sha256(&bytes) != digest {
            return Err(self.malformed(&member, "its content does not have the digest in its name"));
        }
        self.parse(&member, &bytes)
    }

    fn missing(&self, member: &str) -> InspectError {
        InspectError::Missing {
            path: self.path(),
            member: member.to_owned(),
        }
    }

    fn malformed(&self, member: &str, why: impl Into<String>) -> InspectError {
        InspectError::Malformed {
            path: self.path(),
            member: member.chars().flat_map(char::escape_debug).collect(),
            why: why.into(),
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", super::digest::sha256(bytes))
}

/// One image of a docker archive's `manifest.json` (Docker Image Specification v1.2, "Combined
/// image JSON + filesystem changeset format").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

/// The parts of an image configuration that identify (OCI image-spec, `config.md`).
#[derive(Deserialize)]
struct Config {
    #[serde(flatten)]
    platform: StatedPlatform,
    rootfs: RootFs,
}

/// The same three keys in a configuration and in a descriptor's `platform`.
#[derive(Clone, Deserialize)]
struct StatedPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

impl StatedPlatform {
    /// `os/architecture[/variant]`; `None` when one of the first two is not stated.
    fn name(&self) -> Option<String> {
        let Self {
            os,
            architecture,
            variant,
        } = self;
        if os.is_empty() || architecture.is_empty() {
            return None;
        }
        Some(match variant.as_deref().filter(|v| !v.is_empty()) {
            Some(variant) => format!("{os}/{architecture}/{variant}"),
            None => format!("{os}/{architecture}"),
        })
    }
}

fn docker_archive(store: &Store<'_>) -> Result<ImageIdentity, InspectError> {
    let images: Vec<DockerImage> = store.parse(DOCKER_MANIFEST, &store.read(DOCKER_MANIFEST)?)?;
    let image = match images.as_slice() {
        [] => {
            return Err(InspectError::NoImage {
                path: store.path(),
                platform: None,
            });
        }
        [image] => image,
        several => {
            return Err(InspectError::SeveralImages {
                path: store.path(),
                names: several.iter().map(name_of).collect(),
                remedy: "scanners take one image an archive: save each on its own",
            });
        }
    };
    let bytes = store.read(&image.config)?;
    let config: Config = store.parse(&image.config, &bytes)?;
    if config.rootfs.diff_ids.len() != image.layers.len() {
        return Err(store.malformed(
            DOCKER_MANIFEST,
            format!(
                "it lists {} layers, the configuration {}",
                image.layers.len(),
                config.rootfs.diff_ids.len()
            ),
        ));
    }
    let digest = sha256(&bytes);
    // The file is named after its digest, by `docker save` old (`HEX.json`) and new (`blobs/…`).
    let stem = image.config.rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    let is_hex = stem.len() == 64 && stem.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex && !digest.ends_with(stem) {
        return Err(store.malformed(
            &image.config,
            "its content does not have the digest in its name",
        ));
    }
    Ok(ImageIdentity {
        config_digest: Some(digest),
        manifest_digest: None,
        platform: config.platform.name(),
        diff_ids: config.rootfs.diff_ids,
        names: image.repo_tags.clone().unwrap_or_default(),
    })
}

fn name_of(image: &DockerImage) -> String {
    image
        .repo_tags
        .iter()
        .flatten()
        .next()
        .unwrap_or(&image.config)
        .chars()
        .take(120)
        .flat_map(char::escape_debug)
        .collect()
}

/// An entry of an index, or a manifest's pointer to its configuration (image-spec,
/// `descriptor.md`).
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    platform: Option<StatedPlatform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
}

fn oci(store: &Store<'_>, wanted: Option<&Platform>) -> Result<ImageIdentity, InspectError> {
    let index: Index = store.parse(INDEX, &store.read(INDEX)?)?;
    let mut images = Vec::new();
    collect(store, index, MAX_DEPTH, &mut images)?;
    // A layout may list one image under several names.
    images.sort_by(|a, b| a.0.digest.cmp(&b.0.digest));
    images.dedup_by(|a, b| a.0.digest == b.0.digest);
    if let (Some(wanted), true) = (wanted, images.len() > 1) {
        images.retain(|(_, platform)| platform.as_deref().is_some_and(|p| fits(p, wanted)));
    }
    let (descriptor, listed) = match images.as_slice() {
        [] => {
            return Err(InspectError::NoImage {
                path: store.path(),
                platform: wanted.cloned(),
            });
        }
        [one] => one,
        several => {
            return Err(InspectError::SeveralImages {
                path: store.path(),
                names: several
                    .iter()
                    .map(|(d, platform)| platform.clone().unwrap_or_else(|| d.digest.clone()))
                    .collect(),
                remedy: "copy the one to scan into a layout of its own, as with `skopeo copy`",
            });
        }
    };
    let manifest: Manifest = store.blob(&descriptor.digest)?;
    let config: Config = store.blob(&manifest.config.digest)?;
    let name = |key: &str| descriptor.annotations.as_ref()?.get(key).cloned();
    Ok(ImageIdentity {
        platform: config.platform.name().or_else(|| listed.clone()),
        config_digest: Some(manifest.config.digest),
        manifest_digest: Some(descriptor.digest.clone()),
        diff_ids: config.rootfs.diff_ids,
        names: name("io.containerd.image.name")
            .or_else(|| name("org.opencontainers.image.ref.name"))
            .into_iter()
            .collect(),
    })
}

/// `linux/arm64` also asks for `linux/arm64/v8`.
fn fits(platform: &str, wanted: &Platform) -> bool {
    platform
        .strip_prefix(wanted.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The images of an index, those of indexes in it included; attestations are left out.
fn collect(
    store: &Store<'_>,
    index: Index,
    depth: usize,
    images: &mut Vec<(Descriptor, Option<String>)>,
) -> Result<(), InspectError> {
    for descriptor in index.manifests {
        let is_attestation = descriptor
            .annotations
            .as_ref()
            .is_some_and(|a| a.contains_key(ATTESTATION));
        if is_attestation {
            continue;
        }
        let is_index = descriptor.media_type.contains("image.index")
            || descriptor.media_type.contains("manifest.list");
        if is_index {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(store.malformed(INDEX, "indexes are nested too deeply"));
            };
            collect(store, store.blob(&descriptor.digest)?, depth, images)?;
        } else {
            let platform = descriptor
                .platform
                .as_ref()
                .and_then(StatedPlatform::name)
                .filter(|p| !p.starts_with("unknown/"));
            images.push((descriptor, platform));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "inspect/tests.rs"]
mod tests;
