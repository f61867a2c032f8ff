//! Files with limits and private permissions.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Largest report that is read, in bytes (2 GiB).
pub const MAX_REPORT_BYTES: u64 = 2 << 30;

/// Why a file was not read. Every kind names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is nothing at the path.
    #[error("{}: no such file; check the path, and that the step that writes it has run", .0.display())]
    Missing(PathBuf),
    /// A directory, a device or the like.
    #[error("{}: not a file but {what}; give the path of a report file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// Larger than allowed.
    #[error(
        "{}: larger than {max} bytes; that is no report of one image, check what wrote it", path.display()
    )]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        max: u64,
    },
    /// The operating system refuses.
    #[error("{}: cannot be read: {error}; check the permissions", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// The content of a file, at most `max_bytes` of it.
///
/// # Errors
/// [`FileError`]; a larger file is an error and not cut.
pub fn read_limited(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let unreadable = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            FileError::Missing(path.to_owned())
        } else {
            let path = path.to_owned();
            FileError::Unreadable { path, error }
        }
    };
    // Looked at before opening: opening a named pipe would wait for its writer.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile {
            path: path.to_owned(),
            what: if metadata.is_dir() {
                "a directory"
            } else {
                "a device or pipe"
            },
        });
    }
    let too_large = || FileError::TooLarge {
        path: path.to_owned(),
        max: max_bytes,
    };
    if metadata.len() > max_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // The file may grow meanwhile.
    File::open(path)
        .and_then(|file| {
            file.take(max_bytes.saturating_add(1))
                .read_to_end(&mut bytes)
        })
        .map_err(unreadable)?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Creates a directory and its parents that only the user can enter: reports name unfixed flaws.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Creates or empties a file that only the user can read.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Writes a private file so that it is there as a whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = create_private(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_refuses_what_is_no_file_or_too_large() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        assert!(matches!(
            read_limited(&path, 10),
            Err(FileError::Missing(_))
        ));
        assert!(matches!(
            read_limited(dir.path(), 10),
            Err(FileError::NotAFile { .. })
        ));
        fs::write(&path, "0123456789").unwrap();
        assert_eq!(read_limited(&path, 10).unwrap(), b"0123456789");
        let error = read_limited(&path, 9).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { max: 9, .. }));
        assert!(error.to_string().contains("r.json"));
    }

    #[test]
    fn a_file_is_written_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        write_whole(&dir.path().join("x"), b"abc").unwrap();
        let names: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["x"]);
    }
}
