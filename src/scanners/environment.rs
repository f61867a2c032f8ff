//! What a scanner gets to see of the machine: a private home, and a few variables.
//!
//! A stray `trivy.yaml`, `.grype.yaml`, `.snyk` or `TRIVY_SEVERITY` must not change a result
//! unseen, and no scanner has any business with another one's token.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::files::{create_private_dir, read_limited};
use super::manifest::{Manifest, fill};

/// Variables that every scanner sees: how to reach the network and the container engine.
const SHARED: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
];

/// A value shorter than this is not replaced: it would occur everywhere, and it protects nothing.
const SHORTEST_SECRET: usize = 4;
const REDACTED: &str = "***";
/// A login file is kilobytes.
const MAX_LOGIN: u64 = 1 << 20;

/// The machine as the user has set it up: variables, search path, home.
#[derive(Clone, Debug, Default)]
pub struct Host {
    variables: BTreeMap<String, OsString>,
}

impl Host {
    /// The environment of this process.
    pub fn current() -> Self {
        Self::new(std::env::vars_os())
    }

    /// A host with these variables and no others. Names that are not text are left out.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let variables = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { variables }
    }

    /// A variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }

    /// The search path without relative entries: what lies in the current directory must not be
    /// run in a scanner's place.
    fn search_path(&self) -> OsString {
        let entries: Vec<PathBuf> = self
            .variable("PATH")
            .map(|path| {
                std::env::split_paths(path)
                    .filter(|p| p.is_absolute())
                    .collect()
            })
            .unwrap_or_default();
        std::env::join_paths(entries).unwrap_or_default()
    }

    /// The program of that name.
    pub(crate) fn find(&self, executable: &str) -> Option<PathBuf> {
        which::which_in(executable, Some(self.search_path()), "/").ok()
    }

    fn home(&self) -> Option<PathBuf> {
        self.variable("HOME")
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    }

    fn docker_config(&self) -> Option<PathBuf> {
        let directory = self
            .variable("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| Some(self.home()?.join(".docker")))?;
        directory.is_dir().then_some(directory)
    }

    /// The directory in which a scanner's databases lie: where its own variable says, else in the
    /// user's cache directory, where the scanner itself would put it.
    fn cache(&self, manifest: &Manifest) -> Option<PathBuf> {
        let cache = manifest.cache.as_ref()?;
        let own = self.variable(&cache.variable).map(PathBuf::from);
        let own = own.filter(|path| path.is_absolute());
        own.or_else(|| Some(self.cache_home()?.join(&cache.directory)))
    }

    /// The user's cache directory (XDG Base Directory Specification; macOS has a place of its own).
    pub(crate) fn cache_home(&self) -> Option<PathBuf> {
        self.variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| {
                let below = if cfg!(target_os = "macos") {
                    "Library/Caches"
                } else {
                    ".cache"
                };
                Some(self.home()?.join(below))
            })
    }

    /// A login file's path.
    pub(super) fn login_path(&self, pattern: &str) -> Option<PathBuf> {
        let (name, rest) = pattern.strip_prefix('{')?.split_once('}')?;
        let base = match name {
            "home" => self.home(),
            "docker-config" => self.docker_config(),
            _ => None,
        }?;
        Some(base.join(rest.trim_start_matches('/')))
    }
}

/// A scanner's private directories and the environment that goes with them.
#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    /// Empty working directory.
    pub(super) directory: PathBuf,
    /// Cache directory that outlives the run.
    pub(super) cache: PathBuf,
    /// The whole environment of its processes.
    pub(super) variables: BTreeMap<String, OsString>,
    /// Names of the user's own settings among them.
    pub(super) passed: Vec<String>,
    /// What must not be stored.
    pub(super) secrets: Secrets,
}

impl Sandbox {
    /// Makes the directories below `root`, which must be private and empty.
    pub(super) fn create(root: &Path, manifest: &Manifest, host: &Host) -> io::Result<Self> {
        let (directory, home, temporary) = (root.join("cwd"), root.join("home"), root.join("tmp"));
        for path in [&directory, &home, &temporary] {
            create_private_dir(path)?;
        }
        let cache = match host.cache(manifest) {
            // A cache that cannot be made is not worth failing for: the private one will do.
            Some(path) if fs::create_dir_all(&path).is_ok() => path,
            _ => home.join(".cache/scanner"),
        };
        link_logins(manifest, host, &home)?;

        let mut variables: BTreeMap<String, OsString> = BTreeMap::new();
        let mut set = |name: &str, value: &OsStr| {
            variables.insert(name.to_owned(), value.to_owned());
        };
        let mut passed = Vec::new();
        let own = &manifest.environment;
        for name in SHARED.iter().copied() {
            if let Some(value) = host.variable(name) {
                set(name, value);
            }
        }
        for name in own.allow.iter().chain(&own.secrets) {
            if let Some(value) = host.variable(name) {
                set(name, value);
                passed.push(name.clone());
            }
        }
        for (name, value) in &own.set {
            let value = fill(value, |name| {
                (name == "cache").then(|| cache.to_string_lossy().into_owned())
            });
            set(name, OsStr::new(&value));
        }
        if let Some(docker) = host.docker_config() {
            set("DOCKER_CONFIG", docker.as_os_str());
        }
        set("PATH", &host.search_path());
        set("HOME", home.as_os_str());
        set("TMPDIR", temporary.as_os_str());
        for (name, below) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_STATE_HOME", ".local/state"),
        ] {
            set(name, home.join(below).as_os_str());
        }
        for (name, value) in [
            ("NO_COLOR", "1"),
            ("CI", "1"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ] {
            set(name, OsStr::new(value));
        }
        let secrets = Secrets::of(manifest, host, &variables);
        Ok(Self {
            directory,
            cache,
            variables,
            passed,
            secrets,
        })
    }
}

/// Shows the scanner its own login files in its private home.
fn link_logins(manifest: &Manifest, host: &Host, home: &Path) -> io::Result<()> {
    for file in manifest.login.iter().flat_map(|login| &login.files) {
        let Some(below) = file.path.strip_prefix("{home}/") else {
            continue;
        };
        let is_plain = Path::new(below)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if let Some(path) = host
            .login_path(&file.path)
            .filter(|path| is_plain && path.is_file())
        {
            let link = home.join(below);
            if let Some(parent) = link.parent() {
                create_private_dir(parent)?;
            }
            symlink(path, link)?;
        }
    }
    Ok(())
}

/// The secrets in login files.
fn secret_files<'a>(manifest: &'a Manifest, host: &'a Host) -> impl Iterator<Item = String> + 'a {
    let files = manifest.login.iter().flat_map(|login| &login.files);
    files.filter(|file| file.secret).flat_map(|file| {
        let document: serde_json::Value = host
            .login_path(&file.path)
            .and_then(|path| read_limited(&path, MAX_LOGIN).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let texts: Vec<String> = file
            .json
            .iter()
            .filter_map(|pointer| Some(document.pointer(pointer)?.as_str()?.to_owned()))
            .collect();
        texts
    })
}

/// Values that must not be in anything that is stored.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    fn of(manifest: &Manifest, host: &Host, variables: &BTreeMap<String, OsString>) -> Self {
        let mut values: Vec<String> = secret_files(manifest, host).collect();
        for name in &manifest.environment.secrets {
            if let Some(value) = variables.get(name) {
                values.push(value.to_string_lossy().into_owned());
            }
        }
        // `http://user:password@proxy`
        for name in SHARED
            .iter()
            .filter(|name| name.to_ascii_lowercase().ends_with("_proxy"))
        {
            let user_info = variables.get(*name).and_then(|value| {
                let value = value.to_str()?;
                let authority = value.split_once("://").map_or(value, |(_, rest)| rest);
                Some(authority.rsplit_once('@')?.0.to_owned())
            });
            if let Some(user_info) = user_info {
                if let Some((_, password)) = user_info.split_once(':') {
                    values.push(password.to_owned());
                }
                values.push(user_info);
            }
        }
        // Inside JSON a quote or backslash is escaped.
        let escaped: Vec<String> = values
            .iter()
            .filter_map(|value| serde_json::to_string(value).ok())
            .map(|json| json.trim_matches('"').to_owned())
            .collect();
        values.extend(escaped);
        values.retain(|value| value.len() >= SHORTEST_SECRET);
        // Longest first, so that one secret inside another leaves no rest.
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self(values)
    }

    /// `text` with every secret replaced.
    pub(super) fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret, REDACTED)
        })
    }

    /// `bytes` with every secret replaced, or `None` when there is none in them.
    pub(super) fn redact_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut redacted: Option<Vec<u8>> = None;
        for secret in &self.0 {
            let current = redacted.as_deref().unwrap_or(bytes);
            if let Some(next) = replace(current, secret.as_bytes()) {
                redacted = Some(next);
            }
        }
        redacted
    }
}

fn replace(bytes: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let first = *secret.first()?;
    let mut out: Option<Vec<u8>> = None;
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == first))
        .map(|offset| at + offset)
    {
        if bytes
            .get(found..)
            .is_some_and(|rest| rest.starts_with(secret))
        {
            let out = out.get_or_insert_with(Vec::new);
            out.extend_from_slice(bytes.get(kept..found).unwrap_or_default());
            out.extend_from_slice(REDACTED.as_bytes());
            kept = found + secret.len();
            at = kept;
        } else {
            at = found + 1;
        }
    }
    if let Some(out) = &mut out {
        out.extend_from_slice(bytes.get(kept..).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScannerId;
    use crate::scanners::Adapters;

    fn host(variables: &[(&str, &str)]) -> Host {
        Host::new(
            variables
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        )
    }

    fn sandbox(name: &str, host: &Host) -> (tempfile::TempDir, Sandbox) {
        let adapters = Adapters::load(None).unwrap();
        let root = tempfile::tempdir().unwrap();
        let manifest = adapters.get(&ScannerId::new(name)).unwrap();
        let sandbox = Sandbox::create(root.path(), manifest, host).unwrap();
        (root, sandbox)
    }

    #[test]
    fn a_scanner_sees_its_own_token_and_no_other_and_no_stray_setting() {
        let host = host(&[
            ("PATH", "/usr/bin"),
            ("SNYK_TOKEN", "snyk-secret"),
            ("TRIVY_PASSWORD", "trivy-secret"),
            ("AWS_SECRET_ACCESS_KEY", "aws-secret"),
            ("TRIVY_SEVERITY", "CRITICAL"),
            ("HTTPS_PROXY", "http://proxy.example:3128"),
        ]);
        let (_root, trivy) = sandbox("trivy", &host);
        let names: Vec<&str> = trivy.variables.keys().map(String::as_str).collect();
        assert!(names.contains(&"TRIVY_PASSWORD") && names.contains(&"HTTPS_PROXY"));
        for foreign in ["SNYK_TOKEN", "AWS_SECRET_ACCESS_KEY", "TRIVY_SEVERITY"] {
            assert!(!names.contains(&foreign), "{foreign}");
        }
        assert_eq!(trivy.passed, ["TRIVY_PASSWORD"]);
        assert_eq!(trivy.variables["NO_COLOR"], "1");
    }

    #[test]
    fn secrets_are_replaced_in_texts_and_bytes_and_never_shown() {
        let host = host(&[
            ("SNYK_TOKEN", "abcd\"efgh"),
            ("HTTPS_PROXY", "http://me:hunter22@proxy.example:3128"),
        ]);
        let (_root, snyk) = sandbox("snyk", &host);
        assert_eq!(snyk.secrets.redact("token abcd\"efgh!"), "token ***!");
        assert_eq!(
            snyk.secrets.redact("http://me:hunter22@proxy"),
            "http://***@proxy"
        );
        let json = br#"{"t":"abcd\"efgh","u":"hunter22"}"#;
        assert_eq!(
            snyk.secrets.redact_bytes(json).unwrap(),
            br#"{"t":"***","u":"***"}"#
        );
        assert_eq!(snyk.secrets.redact_bytes(b"aabcd"), None);
        assert!(!format!("{:?}", snyk.secrets).contains("efgh"));
    }

    #[test]
    fn relative_entries_of_the_search_path_are_not_searched() {
        let dir = tempfile::tempdir().unwrap();
        let path = format!(".::bin:{}", dir.path().display());
        assert_eq!(
            host(&[("PATH", &path)]).search_path(),
            dir.path().as_os_str()
        );
        assert_eq!(host(&[]).find("sh"), None);
    }

    #[test]
    fn the_home_is_private_but_the_own_login_is_in_it() {
        let user = tempfile::tempdir().unwrap();
        let config = user.path().join(".config/configstore");
        fs::create_dir_all(&config).unwrap();
        fs::write(config.join("snyk.json"), r#"{"api":"token-in-file"}"#).unwrap();
        fs::write(user.path().join(".grype.yaml"), "only-fixed: true").unwrap();
        let host = host(&[("HOME", user.path().to_str().unwrap())]);
        let (_root, snyk) = sandbox("snyk", &host);
        let home = PathBuf::from(&snyk.variables["HOME"]);
        assert_ne!(home, user.path());
        assert!(home.join(".config/configstore/snyk.json").is_file());
        assert!(!home.join(".grype.yaml").exists());
        assert_eq!(snyk.secrets.redact("with token-in-file"), "with ***");
        let (_root, grype) = sandbox("grype", &host);
        assert_eq!(grype.cache, user.path().join(".cache/grype/db"));
        assert_eq!(
            grype.variables["GRYPE_DB_CACHE_DIR"],
            grype.cache.as_os_str()
        );
    }
}
