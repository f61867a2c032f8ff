//! The policy file that is looked at or changed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::{Algorithm, TextDiff};

use super::FileArgs;
use crate::cli::common::read_text;
use crate::cli::error::Error;
use crate::policy::{self, IgnoreRule, Policy};
use crate::report::escape;

/// The file that is used when none is named.
const USUAL: &str = "policy.yaml";

/// After which a difference need no longer be the shortest. Only many rules for one id take as long.
const DIFF_TIME: Duration = Duration::from_secs(2);

/// A policy file, read and valid.
pub(super) struct PolicyFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
    policy: Policy,
}

impl PolicyFile {
    /// Reads the file that the arguments name.
    pub(super) fn read(args: &FileArgs) -> Result<Self, Error> {
        let path = args.policy.clone().unwrap_or_else(|| PathBuf::from(USUAL));
        if args.policy.is_none() && !path.exists() {
            return Err(Error::usage(format!(
                "there is no {USUAL} in the working directory; name a file with --policy, or begin \
                 one that holds the line `version: 1`"
            )));
        }
        let text = read_text(&path).map_err(Error::usage)?;
        let policy = policy::parse(&text, &path.display().to_string()).map_err(Error::usage)?;
        Ok(Self { path, text, policy })
    }

    /// Its name for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Its ignore rules.
    pub(super) fn rules(&self) -> &[IgnoreRule] {
        &self.policy.document().ignore
    }

    /// Puts `text` into its place, as a whole or not at all. Permissions stay; of a symbolic link
    /// the file behind it is replaced.
    pub(super) fn replace(&self, text: &str) -> Result<(), Error> {
        let failed = |error: std::io::Error| {
            let remedy = "check the permissions of the file and its directory";
            Error::usage(format!(
                "{}: cannot be written: {error}; {remedy}",
                self.name()
            ))
        };
        let target = fs::canonicalize(&self.path).map_err(failed)?;
        let permissions = fs::metadata(&target).map_err(failed)?.permissions();
        if permissions.readonly() {
            return Err(failed(std::io::ErrorKind::PermissionDenied.into()));
        }
        let directory = target.parent().unwrap_or(Path::new("/"));
        let mut new = tempfile::Builder::new()
            .prefix(".policy-")
            .tempfile_in(directory)
            .map_err(failed)?;
        new.write_all(text.as_bytes()).map_err(failed)?;
        new.as_file().set_permissions(permissions).map_err(failed)?;
        new.as_file().sync_all().map_err(failed)?;
        // Somebody may have saved it in an editor meanwhile.
        if read_text(&target).map_err(Error::usage)? != self.text {
            return Err(Error::usage(format!(
                "{}: changed while the command ran; run it again",
                self.name()
            )));
        }
        new.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// The difference to `text` as a unified diff that is safe on a terminal.
    pub(super) fn diff(&self, text: &str) -> String {
        let name = self.name();
        // With thousands of rules gone the usual algorithm takes long; ids are lines of their own, by
        // which this one finds its way.
        let diff = TextDiff::configure()
            .algorithm(Algorithm::Patience)
            .timeout(DIFF_TIME)
            .diff_lines(self.text.as_str(), text);
        let diff = diff
            .unified_diff()
            .context_radius(3)
            .header(&name, &name)
            .to_string();
        let lines = diff.split_terminator('\n');
        lines
            .map(|line| {
                let line = line.strip_suffix('\r').unwrap_or(line);
                escape::terminal(line).into_owned() + "\n"
            })
            .collect()
    }
}
