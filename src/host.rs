//! Floor 5: the NVIDIA driver of the machine that the program runs on.
//!
//! What counts is the kernel module that is loaded: after an upgrade without a restart it is older
//! than the package and than the module's file.

use std::path::PathBuf;
use std::time::Duration;

use crate::policy::cuda::{DriverVersion, Host, HostDriver, MalformedVersion};
use crate::scanners;
use crate::scanners::files::read_limited;

/// Time for nvidia-smi: it starts every GPU first, which takes seconds where nothing uses them.
const TIME: Duration = Duration::from_secs(30);
/// The files are one line or two.
const MAX_BYTES: u64 = 1 << 16;
/// Most of a program's message that an error repeats, in characters.
const MAX_SAID: usize = 200;

const NVIDIA_SMI: &str = "nvidia-smi";
const SYS_VERSION: &str = "/sys/module/nvidia/version";
const PROC_VERSION: &str = "/proc/driver/nvidia/version";

/// Where to look for a driver.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
    nvidia_smi: Option<PathBuf>,
    time: Duration,
}

/// Why the driver of this machine is not known.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Nothing tells of a driver.
    #[error(
        "no NVIDIA driver is found on this machine ({SYS_VERSION} and {PROC_VERSION} tell of none; \
         {nvidia_smi}); state the versions of the hosts instead: --host-driver VERSION"
    )]
    NotFound {
        /// What became of nvidia-smi.
        nvidia_smi: String,
    },
    /// Two sources name two versions.
    #[error(
        "{first_source} says driver {first} and {second_source} says {second}: an upgrade waits for \
         a restart, or there are several drivers; restart this machine, or state the \
         version that counts: --host-driver VERSION"
    )]
    Disagree {
        /// One source.
        first_source: &'static str,
        /// What it says.
        first: DriverVersion,
        /// Another one.
        second_source: &'static str,
        /// What that says.
        second: DriverVersion,
    },
    /// A source names something that is no version.
    #[error("{origin}: {error}; state the version that counts: --host-driver VERSION")]
    Malformed {
        /// The source.
        origin: &'static str,
        /// What is wrong.
        #[source]
        error: MalformedVersion,
    },
}

impl Machine {
    /// The machine that the program runs on, with the search path of `environment`.
    pub fn this(environment: &scanners::Host) -> Self {
        Self {
            root: PathBuf::from("/"),
            nvidia_smi: environment.find(NVIDIA_SMI),
            time: TIME,
        }
    }

    /// The machine's driver, as one of the hosts that an image may run on. WSL2, Jetson, DGX Spark and
    /// vGPU guests give a host that nothing is mitigated on.
    ///
    /// # Errors
    /// [`HostError`]: there is no driver, or what tells of it does not agree.
    pub async fn driver(&self) -> Result<Host, HostError> {
        const ORIGIN: &str = "this machine";
        if let Some(why) = self.exclusion() {
            return Ok(Host::excluded(why, ORIGIN));
        }
        let mut found: Vec<(&'static str, DriverVersion)> = Vec::new();
        let nvidia_smi = match self.ask_nvidia_smi().await {
            Ok(versions) => {
                if let Some(why) = self.exclusion_by_nvidia_smi().await {
                    return Ok(Host::excluded(why, ORIGIN));
                }
                found.extend(versions.into_iter().map(|version| (NVIDIA_SMI, version)));
                "nvidia-smi names none".to_owned()
            }
            Err(said) => said,
        };
        if let Some(text) = self.text(SYS_VERSION) {
            let version = DriverVersion::parse(text.trim()).map_err(|error| {
                let origin = SYS_VERSION;
                HostError::Malformed { origin, error }
            })?;
            found.push((SYS_VERSION, version));
        }
        let nvrm = self.text(PROC_VERSION).and_then(|text| nvrm_version(&text));
        found.extend(nvrm.map(|version| (PROC_VERSION, version)));

        let mut found = found.into_iter();
        let Some((first_source, first)) = found.next() else {
            return Err(HostError::NotFound { nvidia_smi });
        };
        match found.find(|(_, version)| *version != first) {
            Some((second_source, second)) => Err(HostError::Disagree {
                first_source,
                first,
                second_source,
                second,
            }),
            None => Ok(Host {
                driver: HostDriver::Known(first),
                origin: format!("{ORIGIN}, by {first_source}"),
            }),
        }
    }

    /// Why the bulletins say nothing about this machine's driver.
    fn exclusion(&self) -> Option<&'static str> {
        let contains = |path: &str, word: &str| {
            self.text(path)
                .is_some_and(|text| text.to_ascii_lowercase().contains(word))
        };
        if contains("/proc/sys/kernel/osrelease", "microsoft") || self.path("/dev/dxg").exists() {
            Some("it runs in WSL2, where the driver is that of Windows")
        } else if contains("/proc/sys/kernel/osrelease", "tegra")
            || self.path("/etc/nv_tegra_release").exists()
            || ["nvidia", "jetson", "tegra"]
                .iter()
                .any(|word| contains("/proc/device-tree/model", word))
        {
            Some("it is a Jetson, whose driver has bulletins of its own")
        } else {
            None
        }
    }

    /// The driver version of every GPU, or why nvidia-smi tells none.
    async fn ask_nvidia_smi(&self) -> Result<Vec<DriverVersion>, String> {
        let args = ["--query-gpu=driver_version", "--format=csv,noheader"];
        self.nvidia_smi(&args)
            .await?
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| DriverVersion::parse(line).map_err(|error| said(&error.to_string())))
            .collect()
    }

    /// Why the bulletins say nothing about this machine's driver, by the kind of its GPUs. `None`
    /// also where nvidia-smi does not tell: what virtualises a GPU has no field of `--query-gpu`.
    async fn exclusion_by_nvidia_smi(&self) -> Option<&'static str> {
        let printed = self.nvidia_smi(&["-q"]).await.ok()?;
        printed.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let value = value.trim().to_ascii_lowercase();
            match key.trim() {
                "Virtualization Mode" if value == "vgpu" => Some(
                    "it is a vGPU guest, whose flaws may lie in the vGPU manager outside of it",
                ),
                "Product Name" if value.ends_with("gb10") => {
                    Some("it is a DGX Spark, whose driver has bulletins of its own")
                }
                _ => None,
            }
        })
    }

    /// What nvidia-smi prints, or why it prints nothing.
    async fn nvidia_smi(&self, args: &[&str]) -> Result<String, String> {
        let Some(program) = &self.nvidia_smi else {
            return Err("nvidia-smi is not on PATH".to_owned());
        };
        scanners::output(program, args, self.time)
            .await
            .map_err(|error| said(&error.to_string()))
    }

    /// A small file's text; `None` when there is none that can be read.
    fn text(&self, path: &str) -> Option<String> {
        let bytes = read_limited(&self.path(path), MAX_BYTES).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// An absolute path below this machine's root.
    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// What nvidia-smi said, for an error.
fn said(what: &str) -> String {
    let what: String = what.trim().chars().take(MAX_SAID).collect();
    format!("nvidia-smi: {what}")
}

/// The version in the first line of `/proc/driver/nvidia/version`:
/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 …`, with the open modules
/// `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build …`.
fn nvrm_version(text: &str) -> Option<DriverVersion> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("NVRM version:"))?;
    line.split_whitespace()
        .find_map(|word| DriverVersion::parse(word).ok())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    const NVRM: &str = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 \
                        19:39:15 UTC 2024\nGCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1)\n";
    const NVRM_OPEN: &str = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  \
                             Release Build  (dvs-builder@U22)  Tue Sep 23 09:55:41 UTC 2025\n";

    /// A machine with these files and a program in nvidia-smi's place.
    struct Fake(tempfile::TempDir);

    impl Fake {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = folder.path().join(path.trim_start_matches('/'));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(folder)
        }

        fn driver(&self, script: Option<&str>) -> Result<Host, HostError> {
            let nvidia_smi = script.map(|script| {
                let path = self.0.path().join(NVIDIA_SMI);
                // Written by another process: a file that this one has open for writing is handed
                // down to whatever another test starts meanwhile, and cannot be run until then.
                let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod +x \"$0\"";
                let status = Command::new("sh")
                    .args(["-c", write])
                    .arg(&path)
                    .arg(script)
                    .status();
                assert!(status.unwrap().success());
                path
            });
            let machine = Machine {
                root: self.0.path().to_owned(),
                nvidia_smi,
                time: Duration::from_secs(2),
            };
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(machine.driver())
        }
    }

    fn version(found: Result<Host, HostError>) -> String {
        match found.unwrap().driver {
            HostDriver::Known(version) => version.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_source_is_enough() {
        let nothing = Fake::new(&[]);
        let smi = "[ \"$*\" = '--query-gpu=driver_version --format=csv,noheader' ] || exit 1\n\
                   echo 580.178.04; echo 580.178.04";
        assert_eq!(version(nothing.driver(Some(smi))), "580.178.04");
        let sys = Fake::new(&[(SYS_VERSION, "595.91.07\n")]);
        assert_eq!(version(sys.driver(None)), "595.91.07");
        assert_eq!(
            version(Fake::new(&[(PROC_VERSION, NVRM)]).driver(None)),
            "535.183.01"
        );
        let open = Fake::new(&[(PROC_VERSION, NVRM_OPEN)]);
        assert_eq!(version(open.driver(None)), "580.95.05");
        let all = Fake::new(&[(PROC_VERSION, NVRM), (SYS_VERSION, "535.183.01\n")]);
        let host = all.driver(Some("echo 535.183.01")).unwrap();
        assert_eq!(host.origin, "this machine, by nvidia-smi");
    }

    #[test]
    fn a_failing_nvidia_smi_leaves_it_to_the_module() {
        let sys = Fake::new(&[(SYS_VERSION, "595.91.07\n")]);
        for script in [
            "echo no driver >&2; exit 9",
            "echo '[N/A]'",
            "exec sleep 60",
        ] {
            assert_eq!(version(sys.driver(Some(script))), "595.91.07", "{script}");
        }
        let error = Fake::new(&[])
            .driver(Some("echo no driver >&2; exit 9"))
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("no driver") && text.contains("--host-driver"),
            "{text}"
        );
        let error = Fake::new(&[]).driver(None).unwrap_err().to_string();
        assert!(error.contains("nvidia-smi is not on PATH"), "{error}");
    }

    #[test]
    fn sources_that_disagree_are_an_error_that_names_both() {
        let sys = Fake::new(&[(SYS_VERSION, "595.71.05\n")]);
        let error = sys.driver(Some("echo 595.91.07")).unwrap_err().to_string();
        for part in [
            "nvidia-smi says driver 595.91.07",
            "/sys/module/nvidia/version says 595.71.05",
        ] {
            assert!(error.contains(part), "{error}");
        }
        let gpus = Fake::new(&[]).driver(Some("echo 580.178.04; echo 570.211.01"));
        assert!(matches!(gpus, Err(HostError::Disagree { .. })));
        let odd = Fake::new(&[(SYS_VERSION, "soon\n")]).driver(None);
        assert!(matches!(odd, Err(HostError::Malformed { .. })));
    }

    #[test]
    fn nvidia_smi_tells_a_vgpu_guest() {
        let sys = Fake::new(&[(SYS_VERSION, "580.178.04\n")]);
        let details = |product: &str, mode: &str| {
            format!(
                "case $1 in -q) echo '    Product Name                          : {product}'\n\
                 echo '    GPU Virtualization Mode'\n\
                 echo '        Virtualization Mode               : {mode}'\n\
                 echo '        Host VGPU Mode                    : N/A';;\n\
                 *) echo 580.178.04;; esac"
            )
        };
        for (product, mode, excluded) in [
            ("GRID P40-24Q", "VGPU", true),
            ("NVIDIA GB10", "None", true),
            ("NVIDIA A10", "Pass-Through", false),
            ("NVIDIA A10", "None", false),
        ] {
            let host = sys.driver(Some(&details(product, mode))).unwrap();
            let found = matches!(host.driver, HostDriver::Excluded(_));
            assert_eq!(found, excluded, "{product}, {mode}: {host:?}");
        }
        let silent = "[ \"$1\" != -q ] || exit 1; echo 580.178.04";
        assert_eq!(version(sys.driver(Some(silent))), "580.178.04");
    }

    #[test]
    fn machines_with_another_driver_are_excluded() {
        for (path, text) in [
            ("/proc/sys/kernel/osrelease", "5.15.148-tegra\n"),
            (
                "/proc/sys/kernel/osrelease",
                "5.15.167.4-microsoft-standard-WSL2\n",
            ),
            ("/dev/dxg", ""),
            ("/etc/nv_tegra_release", "# R36 (release)"),
            (
                "/proc/device-tree/model",
                "NVIDIA Jetson AGX Orin Developer Kit\0",
            ),
        ] {
            let host = Fake::new(&[(path, text), (SYS_VERSION, "540.4.0")])
                .driver(None)
                .unwrap();
            assert!(
                matches!(host.driver, HostDriver::Excluded(_)),
                "{path}: {host:?}"
            );
        }
    }
}
