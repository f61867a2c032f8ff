//! A private machine for the runner: stub scanners on a search path of their own, adapters for
//! them, and an environment that is given and never taken from the test process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crosscheck::bundle::{Bundle, RunRecord, TargetRecord};
use crosscheck::image::{ImageIdentity, Source, SourceKind};
use crosscheck::model::{Failure, Outcome, ScannerId};
use crosscheck::scanners::{
    Adapters, Event, Host, Interrupt, Limits, ScanRequest, Scanned, run_all,
};

/// A small report in Trivy's format: one package, one finding.
pub(crate) const REPORT: &str = r#"{"SchemaVersion":2,"ArtifactName":"app","ArtifactType":"container_image","Metadata":{"OS":{"Family":"debian","Name":"12.5"},"DiffIDs":["sha256:aa"]},"Results":[{"Target":"app (debian 12.5)","Class":"os-pkgs","Type":"debian","Packages":[{"ID":"openssl@3.0.11-1","Name":"openssl","Version":"3.0.11-1","SrcName":"openssl","SrcVersion":"3.0.11-1"}],"Vulnerabilities":[{"VulnerabilityID":"CVE-2024-0001","PkgID":"openssl@3.0.11-1","PkgName":"openssl","InstalledVersion":"3.0.11-1","Severity":"HIGH"}]}]}"#;

/// An adapter for a stub. The stub is called with `--version`, or with `scan OUTPUT IMAGE`.
const ADAPTER: &str = r#"
name: NAME
title: Stub NAME
executable: NAME
version: {args: [--version], minimum: 1.0.0}
sources:
  remote: ["{image}"]
  docker-archive: ["{path}"]
steps:
  - name: scan
    produces: findings
    format: trivy-json
    args: [scan, "{output}", "{source}"]
exit-codes: {0: clean, 1: findings, 2: failure, 77: authentication}
environment:
  allow: [NOTES]
  secrets: [NAME_TOKEN]
concurrent: true
timeout: 60s
install: install the stub
"#;

pub(crate) struct Bench {
    root: tempfile::TempDir,
    variables: BTreeMap<String, OsString>,
    pub(crate) limits: Limits,
    pub(crate) jobs: usize,
    pub(crate) identity: ImageIdentity,
    pub(crate) source: Source,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["bin", "notes", "home", "adapters"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let at = |name: &str| root.path().join(name).into_os_string();
        let path = format!("{}:/usr/bin:/bin", root.path().join("bin").display());
        let variables = BTreeMap::from([
            ("PATH".to_owned(), path.into()),
            ("HOME".to_owned(), at("home")),
            ("NOTES".to_owned(), at("notes")),
        ]);
        Self {
            root,
            variables,
            limits: Limits {
                grace: Duration::from_millis(300),
                backoff: Duration::from_millis(50),
                ..Limits::default()
            },
            jobs: 8,
            identity: ImageIdentity::default(),
            source: Source::Remote("example.org/app:1".parse().unwrap()),
        }
    }

    /// Puts a program on the search path. Another process writes it: a file that this process, or
    /// a child that another test forks meanwhile, holds open for writing cannot be executed.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.root.path().join("bin").join(name);
        let mut writer = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let script = format!("#!/bin/sh\n{script}\n");
        writer
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        assert!(writer.wait().unwrap().success());
    }

    /// Adds a scanner with its adapter. `script` runs for the scan: `$2` is the report's file,
    /// `$NOTES` a directory for what the test wants to know.
    pub(crate) fn scanner(&self, name: &str, script: &str) -> &Self {
        self.adapter(name, |text| text);
        self.program(
            name,
            &format!("if [ \"$1\" = --version ]; then echo 1.2.3; exit 0; fi\n{script}"),
        );
        self
    }

    /// Adds an adapter, changed as the test needs it.
    pub(crate) fn adapter(&self, name: &str, change: impl Fn(String) -> String) {
        let text = change(ADAPTER.replace("NAME_TOKEN", &format!("{}_TOKEN", name.to_uppercase())))
            .replace("NAME", name);
        fs::write(self.root.path().join(format!("adapters/{name}.yaml")), text).unwrap();
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.into());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn note(&self, name: &str) -> String {
        fs::read_to_string(self.path("notes").join(name)).unwrap_or_default()
    }

    pub(crate) fn adapters(&self) -> Adapters {
        Adapters::load(Some(&self.path("adapters"))).unwrap()
    }

    pub(crate) fn host(&self) -> Host {
        Host::new(
            self.variables
                .iter()
                .map(|(name, value)| (name.into(), value.clone())),
        )
    }

    pub(crate) fn request(&self, scanners: &[&str], root: &Path) -> ScanRequest {
        let adapters = self.adapters();
        let scanners = scanners
            .iter()
            .map(|name| Arc::clone(adapters.get(&ScannerId::new(name)).unwrap()));
        ScanRequest {
            source: self.source.clone(),
            platform: None,
            identity: self.identity.clone(),
            scanners: scanners.collect(),
            host: self.host(),
            root: root.to_owned(),
            jobs: self.jobs,
            limits: self.limits.clone(),
        }
    }

    /// Runs scanners into a bundle.
    pub(crate) async fn run(&self, scanners: &[&str]) -> Done {
        self.run_until(scanners, Interrupt::never()).await
    }

    pub(crate) async fn run_until(&self, scanners: &[&str], interrupt: Interrupt) -> Done {
        let draft = Bundle::create(&self.path("out")).unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&events);
        let request = self.request(scanners, draft.directory());
        let listener = move |event| sink.lock().unwrap().push(event);
        let scanned = run_all(request, interrupt, listener).await.unwrap();
        let target = TargetRecord {
            reference: self.source.to_string(),
            source: SourceKind::Remote,
            requested_platform: None,
            identity: self.identity.clone(),
        };
        let records = scanned
            .iter()
            .map(|scanned| scanned.record.clone())
            .collect();
        let record = RunRecord::new("2026-03-01T00:00:00Z".to_owned(), target, records);
        let bundle = draft.finish(record).unwrap();
        let events = events.lock().unwrap().clone();
        Done {
            scanned,
            bundle,
            events,
        }
    }

    /// Every file of the bundle as text.
    pub(crate) fn everything_stored(&self) -> String {
        fn collect(directory: &Path, out: &mut String) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(&path, out);
                } else {
                    out.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
                }
            }
        }
        let mut out = String::new();
        collect(&self.path("out"), &mut out);
        out
    }

    /// Waits for a stub to note something.
    pub(crate) async fn noted(&self, name: &str) -> String {
        for _ in 0..500 {
            let note = self.note(name);
            if note.ends_with('\n') {
                return note.trim().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the stub never wrote {name}");
    }
}

pub(crate) struct Done {
    pub(crate) scanned: Vec<Scanned>,
    pub(crate) bundle: Bundle,
    pub(crate) events: Vec<Event>,
}

impl Done {
    /// The only scanner's part.
    pub(crate) fn only(&self) -> &Scanned {
        assert_eq!(self.scanned.len(), 1);
        &self.scanned[0]
    }

    /// The only scanner's failure.
    pub(crate) fn failure(&self) -> &Failure {
        match &self.only().record.outcome {
            Outcome::Failed(failure) => {
                assert!(!failure.cause.is_empty() && !failure.cause.contains('\n'));
                assert!(!failure.remedy.is_empty() && !failure.remedy.contains('\n'));
                assert!(self.only().report.is_none());
                failure
            }
            other => panic!("expected a failure, got {other:?}"),
        }
    }
}

/// Living processes of a process group; zombies are dead.
pub(crate) fn group_members(group: &str) -> Vec<String> {
    let mut members = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let Some((_, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        if fields[0] != "Z" && fields[2] == group {
            members.push(stat);
        }
    }
    members
}

/// Asserts that nothing of a stub's process group lives. Being killed takes the kernel a moment.
pub(crate) async fn assert_gone(group: &str) {
    assert!(group.parse::<u32>().is_ok(), "not a process id: {group:?}");
    for _ in 0..100 {
        if group_members(group).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("left behind: {:?}", group_members(group));
}
