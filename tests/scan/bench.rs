//! A machine with scanners that are shell scripts, and nothing else on its search path.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{
    self, IMAGE, OPENSSL, Row, Run, Workspace, grype, osv, scout, scout_sbom, sha256, snyk, syft,
    trivy,
};

/// The moment of every scan here, so that reports can be compared.
pub(crate) const NOW: &str = "2026-02-10T12:00:00Z";

/// A finding that the default policy does not block: nobody knows a fix.
pub(crate) const ZLIB: Row<'static> = Row {
    id: "CVE-2023-45853",
    package: "zlib1g",
    version: "1:1.2.13.dfsg-1",
    fixed: "",
    severity: "MEDIUM",
    title: "a long file name overflows a buffer",
};

/// What every stub does first.
///
/// - It notes its process group, its process and how it was called.
/// - `$output` becomes the file that it is to write.
const PRELUDE: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
read -r process name state parent group rest < /proc/$$/stat
note() { echo "$group $1 ${0##*/} $arguments" >> "$notes/started"; }
arguments="$*" previous= output=
note "$process"
for argument in "$@"; do
  case "$argument" in json=*|syft-json=*|--json-file-output=*) output="${argument#*=}" ;; esac
  case "$previous" in --output|--output-file) output="$argument" ;; esac
  previous="$argument"
done
"#;

/// A program that stands for a scanner's.
struct Stub {
    program: &'static str,
    /// How it answers questions about itself, as branches of a `case` over its arguments.
    probes: &'static str,
    /// What it does when all is well.
    scan: &'static str,
}

const STUBS: [Stub; 6] = [
    Stub {
        program: "trivy",
        probes: r#"version*) echo '{"Version":"0.69.3","VulnerabilityDB":{"UpdatedAt":"2026-02-09T06:00:00Z"}}' ;;"#,
        scan: r#"cat "$documents/trivy.json" > "$output""#,
    },
    Stub {
        program: "grype",
        probes: r#"version*) echo '{"version":"0.110.0"}' ;; "db status"*) echo '{"built":"2026-02-08T06:00:00Z"}' ;;"#,
        scan: r#"cat "$documents/grype.json" > "$output""#,
    },
    Stub {
        program: "syft",
        probes: r#"version*) echo '{"version":"1.30.0"}' ;;"#,
        scan: r#"cat "$documents/syft.json" > "$output""#,
    },
    Stub {
        program: "snyk",
        probes: r#"--version) echo "1.1307.4 (standalone)" ;;"#,
        // Exit code 1 says that it found something.
        scan: r#"cat "$documents/snyk.json" > "$output"; exit 1"#,
    },
    Stub {
        program: "docker",
        probes: r#""scout version") echo "version: v1.18.3 (go1.24 - linux/amd64)" ;;"#,
        scan: r#"cat "$documents/scout-$2.json" > "$output""#,
    },
    Stub {
        program: "osv-scanner",
        probes: r#"--version) echo "osv-scanner version: 2.3.5" ;;"#,
        scan: r#"cat "$documents/osv.json" > "$output"; exit 1"#,
    },
];

/// Hangs: this process and one that it started both ignore SIGTERM.
pub(crate) const HANG: &str = "trap '' TERM; sleep 300 & note $!; sleep 300";

/// Hangs, and ends when it is asked to.
pub(crate) const HANG_POLITELY: &str = "sleep 300 & note $!; sleep 300";

/// The machine, the user's folder on it, and an image to scan, `shop.tar`.
pub(crate) struct Bench {
    workspace: Workspace,
}

impl Bench {
    /// A machine with all scanners; each finds the same vulnerability, which blocks.
    pub(crate) fn new() -> Self {
        Self::finding(&[OPENSSL])
    }

    /// A machine with all scanners; each finds these.
    pub(crate) fn finding(rows: &[Row<'_>]) -> Self {
        let bench = Self {
            workspace: Workspace::new(),
        };
        for folder in ["bin", "notes", "documents", "work"] {
            fs::create_dir(bench.workspace.join(folder)).unwrap();
        }
        let image = "shop:1.0";
        for (name, document) in [
            ("trivy", trivy(image, IMAGE, rows)),
            ("grype", grype(image, IMAGE, rows)),
            ("syft", syft(image, IMAGE, rows)),
            ("snyk", snyk(image, rows)),
            ("scout-sbom", scout_sbom(image, IMAGE, rows)),
            ("scout-cves", scout(image, IMAGE, rows)),
            ("osv", osv(IMAGE, rows)),
        ] {
            let name = format!("documents/{name}.json");
            bench.workspace.write_json(&name, &document);
        }
        for stub in &STUBS {
            bench.stub(stub.program, stub.scan);
        }
        fs::write(bench.path("shop.tar"), docker_archive()).unwrap();
        bench
    }

    /// Has the program do this when it is to scan; it goes on to answer questions about itself.
    pub(crate) fn stub(&self, program: &str, scan: &str) -> &Self {
        let probes = STUBS
            .iter()
            .find(|stub| stub.program == program)
            .map_or("--version) echo 1.0.0 ;;", |stub| stub.probes);
        self.program(
            program,
            &format!("case \"$*\" in\n{probes}\n*)\n{scan}\n;;\nesac"),
        )
    }

    /// Has the program do this before it scans as usual.
    pub(crate) fn stub_first(&self, program: &str, script: &str) -> &Self {
        let stub = STUBS.iter().find(|stub| stub.program == program).unwrap();
        self.stub(program, &format!("{script}\n{}", stub.scan))
    }

    /// Puts a program on the search path. Another process writes it: Linux does not run a file
    /// that is open for writing, and a test beside this one may start a process, which inherits
    /// what is open, at any moment.
    pub(crate) fn program(&self, name: &str, script: &str) -> &Self {
        let place = |name: &str| self.workspace.join(name).display().to_string();
        let script = format!(
            "#!/bin/sh\nnotes='{}' documents='{}'\n{}\n{script}\n",
            place("notes"),
            place("documents"),
            PRELUDE.trim_start_matches("#!/bin/sh\n"),
        );
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(self.program_path(name))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(script.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
        self
    }

    pub(crate) fn remove_program(&self, name: &str) -> &Self {
        fs::remove_file(self.program_path(name)).unwrap();
        self
    }

    pub(crate) fn program_path(&self, name: &str) -> PathBuf {
        self.workspace.join("bin").join(name)
    }

    /// A path in the user's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.workspace.join("work").join(name)
    }

    /// Writes a file in the user's folder.
    pub(crate) fn write(&self, name: &str, content: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// What a stub wrote for the test; empty when it wrote nothing.
    pub(crate) fn note(&self, name: &str) -> String {
        fs::read_to_string(self.workspace.join("notes").join(name)).unwrap_or_default()
    }

    /// The program, in the user's folder, with an environment that holds a home and a search path
    /// and nothing else.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosscheck"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.workspace.join("home"))
            .env("PATH", self.workspace.join("bin"))
            .current_dir(self.workspace.join("work"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        finish(&mut self.command(arguments))
    }

    /// The command that scans the image into `out`, with these further arguments.
    pub(crate) fn scan_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["scan", "shop.tar", "--out", "out", "--now", NOW]);
        command.args(arguments);
        command
    }

    /// Scans the image into `out`, with these further arguments.
    pub(crate) fn scan(&self, arguments: &[&str]) -> Run {
        finish(&mut self.scan_command(arguments))
    }

    /// Judges the run in `out` again.
    pub(crate) fn replay(&self, arguments: &[&str]) -> Run {
        finish(self.command(&["scan", "--replay", "out"]).args(arguments))
    }

    /// A document of the run in `out`.
    pub(crate) fn document(&self, name: &str) -> Value {
        let path = self.path("out").join(name);
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()
    }

    /// How the scanner ended, in the run's report.
    #[track_caller]
    pub(crate) fn outcome(&self, scanner: &str) -> Value {
        let report = self.document("report.json");
        let scanners = report["scanners"].as_array().unwrap();
        match scanners.iter().find(|summary| summary["id"] == scanner) {
            Some(summary) => summary.clone(),
            None => panic!("no {scanner} in the report"),
        }
    }

    /// Starts a scan and waits until these programs hang.
    pub(crate) fn start(&self, mut command: Command, hanging: &[&str]) -> Running {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let running = Running { child };
        for program in hanging {
            // Only then it notes a process beside its own.
            let is_it = |process: &Process| process.program == *program && !process.leads();
            self.wait_for(|bench| bench.processes().iter().any(is_it), program);
        }
        running
    }

    /// Waits until something is true of the notes.
    pub(crate) fn wait_for(&self, mut condition: impl FnMut(&Self) -> bool, what: &str) {
        let begin = Instant::now();
        while !condition(self) {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "{what} never came so far: {}",
                self.note("started")
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// The processes that stubs noted.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let parse = |line: &str| {
            let mut words = line.split(' ');
            Some(Process {
                group: words.next()?.parse().ok()?,
                id: words.next()?.parse().ok()?,
                program: words.next()?.to_owned(),
            })
        };
        self.note("started").lines().filter_map(parse).collect()
    }

    /// Asserts that none of the stubs' processes lives: no member of one of their groups, and
    /// nothing that works in a folder of the scan. The kernel takes a moment to end what is killed.
    #[track_caller]
    pub(crate) fn assert_no_process_left(&self) {
        let noted = self.processes();
        assert!(!noted.is_empty(), "no stub ever ran");
        let groups: BTreeSet<i32> = noted.iter().map(|process| process.group).collect();
        assert!(
            groups
                .iter()
                .all(|group| noted.iter().any(|p| p.leads() && p.id == *group)),
            "every scanner leads a group of its own"
        );
        let folder = fs::canonicalize(self.workspace.path()).unwrap();
        let begin = Instant::now();
        loop {
            let left = living(&groups, &folder);
            if left.is_empty() {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(2), "left: {left:#?}");
            sleep(Duration::from_millis(20));
        }
    }
}

/// A process that a stub noted.
pub(crate) struct Process {
    group: i32,
    id: i32,
    program: String,
}

impl Process {
    fn leads(&self) -> bool {
        self.id == self.group
    }
}

/// A scan at work. Ends with the test, whatever becomes of it.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).unwrap();
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Run {
        use std::io::Read as _;
        let (mut stdout, mut stderr) = (String::new(), String::new());
        // A page at most on either side, which a pipe holds.
        self.child.wait().unwrap();
        let child = &mut self.child;
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        Run {
            code: child.wait().unwrap().code(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After its end there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Living processes of these groups, and those whose working directory is below `folder`.
fn living(groups: &BTreeSet<i32>, folder: &Path) -> Vec<String> {
    let mut living = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // It may end between two looks.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // `pid (name) state parent group …`, proc_pid_stat(5); a zombie is dead.
        let Some((_, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = rest.split(' ');
        let (state, group) = (fields.next(), fields.nth(1));
        let in_group = group
            .and_then(|group| group.parse().ok())
            .is_some_and(|group| groups.contains(&group));
        let in_folder = fs::read_link(entry.path().join("cwd"))
            .is_ok_and(|directory| directory.starts_with(folder));
        if state != Some("Z") && (in_group || in_folder) {
            living.push(stat);
        }
    }
    living
}

/// A docker archive with one image of one layer, [`IMAGE`].
fn docker_archive() -> Vec<u8> {
    let config = json!({
        "os": "linux",
        "architecture": "amd64",
        "rootfs": { "type": "layers", "diff_ids": [IMAGE] },
    })
    .to_string();
    let manifest = json!([{
        "Config": format!("{}.json", sha256(config.as_bytes())),
        "RepoTags": ["shop:1.0"],
        "Layers": ["layer.tar"],
    }]);
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in [
        (manifest[0]["Config"].as_str().unwrap(), &config),
        ("manifest.json", &manifest.to_string()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

/// The files of a run.
pub(crate) fn files(bench: &Bench) -> Vec<String> {
    common::files_below(&bench.path("out"))
        .into_keys()
        .collect()
}
