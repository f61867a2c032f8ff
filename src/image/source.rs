//! Where an image is taken from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inspect::{LAYOUT_FILE, archive_kind};
use super::reference::{ImageReference, ReferenceError};

/// An image and the place that it is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a registry.
    Remote(ImageReference),
    /// In the local container engine's store.
    Daemon(ImageReference),
    /// A tar archive as `docker save` writes it, with one image.
    DockerArchive(PathBuf),
    /// A tar archive of an OCI image layout.
    OciArchive(PathBuf),
    /// A directory that is an OCI image layout.
    OciLayout(PathBuf),
}

/// The kind of a [`Source`], as adapter manifests name it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// [`Source::Remote`].
    Remote,
    /// [`Source::Daemon`].
    Daemon,
    /// [`Source::DockerArchive`].
    DockerArchive,
    /// [`Source::OciArchive`].
    OciArchive,
    /// [`Source::OciLayout`].
    OciLayout,
}

impl SourceKind {
    /// The name in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Daemon => "daemon",
            Self::DockerArchive => "docker-archive",
            Self::OciArchive => "oci-archive",
            Self::OciLayout => "oci-layout",
        }
    }

    /// The words for a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Remote => "an image in a registry",
            Self::Daemon => "an image in the local container engine",
            Self::DockerArchive => "a docker archive",
            Self::OciArchive => "an OCI archive",
            Self::OciLayout => "an OCI layout directory",
        }
    }
}

/// Why a text does not name a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Neither a reference nor an existing path.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A path that cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A path to something else than an image.
    #[error("{} is not an image: {why}", path.display())]
    NotAnImage {
        /// The path.
        path: PathBuf,
        /// What it is, and what would do.
        why: &'static str,
    },
}

impl Source {
    /// The source that a user names: `registry:REF`, `docker:REF`, `docker-archive:PATH`,
    /// `oci-archive:PATH`, `oci-dir:PATH` (or `oci:PATH`); without a prefix an existing archive
    /// or layout, told by its content, or else a reference to a registry. Paths become absolute.
    ///
    /// # Errors
    /// [`SourceError`] for a malformed reference, a missing path, and a path without an image.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let prefixed = |prefix: &str| text.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(path) = prefixed("docker-archive:") {
            return Ok(Self::DockerArchive(file(path)?));
        }
        if let Some(path) = prefixed("oci-archive:") {
            return Ok(Self::OciArchive(file(path)?));
        }
        if let Some(path) = prefixed("oci-dir:").or_else(|| prefixed("oci:")) {
            return Ok(Self::OciLayout(directory(path)?));
        }
        if let Some(reference) = prefixed("registry:") {
            return Ok(Self::Remote(reference.parse()?));
        }
        // `docker:24` is also a well-known image with a tag, so a prefix that leaves something
        // that is not a name (a version) does not count.
        if let Some(reference) = prefixed("docker:")
            && !reference.starts_with(|c: char| c.is_ascii_digit())
            && let Ok(reference) = reference.parse()
        {
            return Ok(Self::Daemon(reference));
        }
        match Self::detect(text)? {
            Some(source) => Ok(source),
            None => Ok(Self::Remote(text.parse()?)),
        }
    }

    /// The local image at a path, if there is one. A file or directory that only happens to be
    /// called like an image is left alone, unless the text can be nothing but a path.
    fn detect(text: &str) -> Result<Option<Self>, SourceError> {
        let is_path = text.starts_with(['/', '.'])
            || Path::new(text)
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("tar"));
        let path = Path::new(text);
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if is_path => {
                return Err(SourceError::Unreadable {
                    path: path.to_owned(),
                    error,
                });
            }
            Err(_) => return Ok(None),
        };
        let not_an_image = |why| {
            if is_path {
                let path = path.to_owned();
                Err(SourceError::NotAnImage { path, why })
            } else {
                Ok(None)
            }
        };
        if metadata.is_dir() {
            return if path.join(LAYOUT_FILE).is_file() {
                Ok(Some(Self::OciLayout(absolute(path)?)))
            } else {
                not_an_image(
                    "a directory without an `oci-layout` file; give an OCI image layout or an archive",
                )
            };
        }
        let unreadable = |error| SourceError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let mut magic = [0; 2];
        let is_gzip = File::open(path)
            .and_then(|mut file| file.read_exact(&mut magic))
            .is_ok_and(|()| magic == [0x1f, 0x8b]);
        if is_gzip {
            return not_an_image("a gzip-compressed file; decompress it first, as with `gunzip`");
        }
        match archive_kind(path).map_err(unreadable)? {
            Some(SourceKind::OciArchive) => Ok(Some(Self::OciArchive(absolute(path)?))),
            Some(_) => Ok(Some(Self::DockerArchive(absolute(path)?))),
            None => not_an_image(
                "neither `manifest.json` nor `index.json` is in it; make one with `docker save` or `skopeo copy`",
            ),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> SourceKind {
        match self {
            Self::Remote(_) => SourceKind::Remote,
            Self::Daemon(_) => SourceKind::Daemon,
            Self::DockerArchive(_) => SourceKind::DockerArchive,
            Self::OciArchive(_) => SourceKind::OciArchive,
            Self::OciLayout(_) => SourceKind::OciLayout,
        }
    }

    /// The reference, for images that are named by one.
    pub fn reference(&self) -> Option<&ImageReference> {
        match self {
            Self::Remote(reference) | Self::Daemon(reference) => Some(reference),
            _ => None,
        }
    }

    /// The path, for local copies.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::DockerArchive(path) | Self::OciArchive(path) | Self::OciLayout(path) => {
                Some(path)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Source {
    /// What a report calls it: the reference, or the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(reference) | Self::Daemon(reference) => reference.fmt(f),
            Self::DockerArchive(path) | Self::OciArchive(path) | Self::OciLayout(path) => {
                path.display().fmt(f)
            }
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf, SourceError> {
    std::path::absolute(path).map_err(|error| SourceError::Unreadable {
        path: path.to_owned(),
        error,
    })
}

fn file(path: &str) -> Result<PathBuf, SourceError> {
    let path = absolute(Path::new(path))?;
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(SourceError::NotAnImage {
            path,
            why: "it is a directory; use the prefix `oci-dir:` for an OCI image layout",
        }),
        Ok(_) => Ok(path),
        Err(error) => Err(SourceError::Unreadable { path, error }),
    }
}

fn directory(path: &str) -> Result<PathBuf, SourceError> {
    let path = absolute(Path::new(path))?;
    match path.metadata() {
        Ok(_) if path.join(LAYOUT_FILE).is_file() => Ok(path),
        Ok(_) => Err(SourceError::NotAnImage {
            path,
            why: "there is no `oci-layout` file in it",
        }),
        Err(error) => Err(SourceError::Unreadable { path, error }),
    }
}

/// A platform as in `linux/arm64/v8`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform(String);

impl Platform {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if (2..=3).contains(&text.split('/').count()) && text.split('/').all(part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{}` is not a platform; write it as in `linux/amd64` or `linux/arm64/v8`",
                text.escape_debug()
            ))
        }
    }
}

impl TryFrom<String> for Platform {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.0
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_choose_the_kind() {
        let kind = |text: &str| Source::parse(text).unwrap().kind();
        assert_eq!(kind("alpine:3.19"), SourceKind::Remote);
        assert_eq!(kind("registry:alpine:3.19"), SourceKind::Remote);
        assert_eq!(kind("docker:app:local"), SourceKind::Daemon);
        assert_eq!(kind("docker:24-dind"), SourceKind::Remote);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(LAYOUT_FILE), "{}").unwrap();
        let text = dir.path().to_str().unwrap();
        assert_eq!(kind(text), SourceKind::OciLayout);
        assert_eq!(kind(&format!("oci:{text}")), SourceKind::OciLayout);
        assert_eq!(kind(&format!("oci-dir:{text}")), SourceKind::OciLayout);
    }

    #[test]
    fn paths_that_hold_no_image_are_refused_with_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let error = |text: &str| Source::parse(text).unwrap_err().to_string();
        assert!(error(dir.path().to_str().unwrap()).contains("oci-layout"));
        assert!(error("./no/such.tar").contains("cannot read"));
        let zipped = dir.path().join("image.tar");
        std::fs::write(&zipped, [0x1f, 0x8b, 8, 0]).unwrap();
        assert!(error(zipped.to_str().unwrap()).contains("gunzip"));
        std::fs::write(&zipped, "hello").unwrap();
        assert!(error(zipped.to_str().unwrap()).contains("docker save"));
        assert!(error("--help").contains("hyphen"));
    }

    #[test]
    fn platforms_are_checked() {
        assert!("linux/arm64/v8".parse::<Platform>().is_ok());
        for bad in ["linux", "linux/", "--platform", "a/b/c/d", "linux/ARM"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
