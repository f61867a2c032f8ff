//! What is kept of a scanner's part in a run, and how it becomes a [`ScannerRun`] again.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::process::Ended;
use crate::model::{
    Capabilities, Ecosystem, InventoryScope, Location, Outcome, Package, ScannerId, ScannerReport,
    ScannerRun,
};

/// One scanner's part in a run, as `run.json` keeps it. Environment values are never in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScannerRecord {
    /// The scanner.
    pub id: ScannerId,
    /// Name for people.
    pub title: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Its version, as it says itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// When its database was built, RFC 3339 where it says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database_built: Option<String>,
    /// Programs that were run.
    #[serde(default)]
    pub executables: Vec<ExecutableRecord>,
    /// Names of its own variables that the user had set; never the values.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub environment: Vec<String>,
    /// Commands, in order, attempts that were repeated included.
    #[serde(default)]
    pub steps: Vec<StepRecord>,
    /// Wall time of everything together, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// The report, or for a failed scanner whatever it wrote in its place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub report: Option<FileRecord>,
    /// The package list that goes with the report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inventory: Option<FileRecord>,
    /// What it wrote to standard error.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stderr: Option<FileRecord>,
    /// What it assesses, by the adapter that was used.
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutableRecord {
    /// Path at which it was found.
    pub path: String,
    /// SHA-256 of the file, hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// Its version, as it says itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The manifest's name for it.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// How the process ended.
    pub exit: Exit,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// Most memory that its processes were seen to hold at a time, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_memory_bytes: Option<u64>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was stopped when its time was over.
    TimedOut,
    /// It was stopped for writing too much.
    Oversize,
    /// It was stopped because the run was interrupted.
    Interrupted,
}

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Exited(code) => Self::Code(code),
            Ended::Signalled(signal) => Self::Signal(signal),
            Ended::TimedOut => Self::TimedOut,
            Ended::Oversize(_) => Self::Oversize,
            Ended::Interrupted => Self::Interrupted,
        }
    }
}

/// A file of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Path below the run's directory, with `/`.
    pub path: String,
    /// SHA-256 of the content, hex.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Name of the report format, for reports and inventories.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
}

/// What two descriptions of one package have in common: a finding's package leaves out what only the
/// package list says.
type Place = (Ecosystem, String, String, Option<String>, Option<Location>);

fn place(package: &Package) -> Place {
    (
        package.ecosystem.clone(),
        package.name.clone(),
        package.version.clone(),
        package.purl.clone(),
        package.locations.first().cloned(),
    )
}

/// A scanner's report with the package list that it was made from.
pub(crate) fn combine(
    id: &ScannerId,
    mut report: ScannerReport,
    inventory: Option<ScannerReport>,
) -> ScannerReport {
    report.scanner = id.clone();
    let Some(inventory) = inventory.filter(|_| report.inventory != InventoryScope::Complete) else {
        return report;
    };
    // Packages of findings stay where observations point to and learn what only the list says; the
    // others follow.
    let mut listed: HashMap<Place, Vec<Package>> = HashMap::new();
    for package in inventory.packages {
        listed.entry(place(&package)).or_default().push(package);
    }
    for package in &mut report.packages {
        let Some(same) = listed.get_mut(&place(package)) else {
            continue;
        };
        let Some(described) = same.pop() else {
            continue;
        };
        package.source = package.source.take().or(described.source);
        package.maintainer = package.maintainer.take().or(described.maintainer);
        package.third_party |= described.third_party;
        if package.files.is_empty() {
            package.files = described.files;
        }
    }
    let mut others: Vec<Package> = listed.into_values().flatten().collect();
    others.sort();
    report.packages.extend(others);
    report.inventory = inventory.inventory;
    report.driver_files.extend(inventory.driver_files);
    report.driver_files.sort_unstable();
    report.driver_files.dedup();
    report
}

/// The run of a scanner from its record and its report. A scanner that failed has no report,
/// whatever is given.
pub fn assemble(record: &ScannerRecord, report: Option<ScannerReport>) -> ScannerRun {
    let mut report = report.filter(|_| record.outcome.is_trustworthy());
    for diagnostic in report.iter_mut().flat_map(|report| &mut report.diagnostics) {
        if diagnostic.origin.is_empty() {
            diagnostic.origin = record.id.to_string();
        }
    }
    let file = record.report.as_ref();
    ScannerRun {
        scanner: record.id.clone(),
        title: record.title.clone(),
        source: file.map_or_else(
            || format!("raw/{}.json", record.id),
            |file| file.path.clone(),
        ),
        sha256: file.map(|file| file.sha256.clone()),
        outcome: record.outcome.clone(),
        version: record
            .version
            .clone()
            .or_else(|| report.as_ref()?.scanner_version.clone()),
        database_built: record.database_built.clone(),
        duration_ms: Some(record.duration_ms),
        peak_memory_bytes: (record.steps.iter())
            .filter_map(|step| step.peak_memory_bytes)
            .max(),
        capabilities: record.capabilities.clone(),
        report,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_completes_a_report_and_moves_no_package() {
        let package = |name: &str| Package::new(Ecosystem::Deb, name, "1");
        let id = ScannerId::new("grype");
        let mut report = ScannerReport::new(ScannerId::new("x"), "Grype JSON");
        report.packages = vec![package("b")];
        let mut inventory = ScannerReport::new(ScannerId::new("syft"), "Syft JSON");
        inventory.inventory = InventoryScope::Complete;
        inventory.packages = vec![package("a"), package("b")];
        let combined = combine(&id, report.clone(), Some(inventory.clone()));
        assert_eq!(combined.packages, [package("b"), package("a")]);
        assert_eq!(combined.inventory, InventoryScope::Complete);
        assert_eq!(combined.scanner, id);

        let files = vec!["/usr/lib/python3/dist-packages/b-1.egg-info".to_owned()];
        let library = "/usr/lib/libcuda.so.580.159.03";
        let mut described = inventory.clone();
        for package in &mut described.packages {
            package.files.clone_from(&files);
        }
        described.driver_files = vec![library.to_owned()];
        let combined = combine(&id, report.clone(), Some(described));
        assert!(
            combined
                .packages
                .iter()
                .all(|package| package.files == files)
        );
        assert_eq!(combined.driver_files, [library]);

        report.inventory = InventoryScope::Complete;
        assert_eq!(combine(&id, report, Some(inventory)).packages.len(), 1);
    }
}
