//! Copies of fetched files: for each address the bytes, and beside them when and as what they came.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::image::digest::sha256;
use crate::scanners::Host;
use crate::scanners::files::{create_private_dir, read_limited, write_whole};

use super::FeedUrl;
use super::download::Validators;

/// Largest description that is read, in bytes; a real one has less than one kilobyte.
const MAX_DESCRIPTION: u64 = 64 << 10;

/// The folder of the copies, `crosscheck/feeds` in the user's cache folder; `None` when the user
/// has none.
pub fn cache_folder(host: &Host) -> Option<PathBuf> {
    Some(host.cache_home()?.join("crosscheck").join("feeds"))
}

/// A file as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CachedCopy {
    pub(super) bytes: Vec<u8>,
    pub(super) fetched_at: Timestamp,
    pub(super) validators: Validators,
}

/// What stands beside the bytes.
#[derive(Serialize, Deserialize)]
struct Description {
    /// For people; without secrets.
    url: String,
    /// RFC 3339.
    fetched_at: String,
    /// Of the bytes, in hexadecimal.
    sha256: String,
    #[serde(flatten)]
    validators: Validators,
}

/// The folder of the copies.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the copy of an address lies, and its description.
    fn paths(&self, url: &FeedUrl) -> (PathBuf, PathBuf) {
        let name = sha256(url.uri().to_string().as_bytes());
        (
            self.folder.join(format!("{name}.data")),
            self.folder.join(format!("{name}.json")),
        )
    }

    /// The copy of an address; `None` when there is none, and when bytes and description do not
    /// belong together: somebody changed one, or two runs wrote at once.
    pub(super) fn load(&self, url: &FeedUrl, max_bytes: u64) -> Option<CachedCopy> {
        let (data, description) = self.paths(url);
        let description = read_limited(&description, MAX_DESCRIPTION).ok()?;
        let description: Description = serde_json::from_slice(&description).ok()?;
        let bytes = read_limited(&data, max_bytes).ok()?;
        (sha256(&bytes) == description.sha256).then_some(())?;
        Some(CachedCopy {
            bytes,
            fetched_at: description.fetched_at.parse().ok()?,
            validators: description.validators,
        })
    }

    /// Keeps a copy.
    pub(super) fn store(&self, url: &FeedUrl, copy: &CachedCopy) -> io::Result<()> {
        create_private_dir(&self.folder)?;
        let (data, path) = self.paths(url);
        let description = Description {
            url: url.to_string(),
            fetched_at: copy.fetched_at.to_string(),
            sha256: sha256(&copy.bytes),
            validators: copy.validators.clone(),
        };
        write_unless_same(&data, &copy.bytes)?;
        write_whole(&path, &serde_json::to_vec_pretty(&description)?)
    }
}

/// Spares a file that is confirmed rather than new.
fn write_unless_same(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_same = fs::metadata(path).is_ok_and(|known| known.len() == bytes.len() as u64)
        && fs::read(path).is_ok_and(|known| known == bytes);
    if is_same {
        return Ok(());
    }
    write_whole(path, bytes)
}
