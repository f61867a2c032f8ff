//! Files of reports: written whole or not at all, where the user's path leads.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is there.
    Whole,
    /// The format has nothing to say, so there is no file. One from an earlier time is gone: it would be
    /// taken for what is said now.
    Nothing,
}

/// Where a path leads: the same for all its spellings, also of a file that is not there yet, and for
/// links to it.
pub(super) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let folder = folder(path);
    if let Ok(target) = fs::read_link(path) {
        return fs::canonicalize(folder).map_or(target.clone(), |folder| folder.join(target));
    }
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Writes a file: a reader never sees half of it, and what was there before stays until the new one is
/// complete. It keeps the permissions of what was there; those of a new file are as always.
pub(super) fn write(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Written> {
    let path = real(path);
    let before = fs::metadata(&path).ok();
    if before.is_some() {
        // Renaming would not ask whether this file may be written.
        let mut file = File::options().write(true).open(&path)?;
        if !before.as_ref().is_some_and(fs::Metadata::is_file) {
            // A device or a pipe takes what it gets.
            write(&mut file)?;
            return Ok(Written::Whole);
        }
    }
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".crosscheck-");
    let builder = builder.permissions(Permissions::from_mode(0o666));
    let mut file = match builder.tempfile_in(folder(&path)) {
        Ok(file) => file,
        // The file may be written and its folder may not: then there is no other way.
        Err(error) if before.is_some() && error.kind() == io::ErrorKind::PermissionDenied => {
            let mut file = File::options().write(true).truncate(true).open(&path)?;
            write(&mut file)?;
            return Ok(Written::Whole);
        }
        // The name of the temporary file means nothing to the user.
        Err(error) => return Err(error.kind().into()),
    };
    write(&mut file)?;
    file.flush()?;
    if file.as_file().metadata()?.len() == 0 {
        if before.is_some() {
            fs::remove_file(&path)?;
        }
        return Ok(Written::Nothing);
    }
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions())?;
    }
    file.persist(&path).map_err(|error| error.error)?;
    Ok(Written::Whole)
}
