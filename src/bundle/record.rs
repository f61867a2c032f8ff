//! `run.json`: the record of a run.

use serde::{Deserialize, Serialize};

use crate::image::digest::sha256;
use crate::image::{ImageIdentity, SourceKind};
use crate::model::report::ToolInfo;
use crate::policy::InputKind;
use crate::scanners::{FileRecord, ScannerRecord};

/// Value of [`RunRecord::schema_version`].
pub(super) const SCHEMA_VERSION: &str = "1";

/// Everything about a run that is not in its other files.
///
/// Within one `schema_version` fields are only added, and unknown ones are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this layout.
    pub schema_version: String,
    /// The program that wrote it.
    pub tool: ToolInfo,
    /// The moment that the policy is applied for, RFC 3339 in UTC: a replay uses it again.
    pub evaluated_at: String,
    /// What was scanned.
    pub target: TargetRecord,
    /// The policy that was applied; `None` in a run that keeps none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<PolicyRecord>,
    /// The scanners, failed ones included.
    pub scanners: Vec<ScannerRecord>,
    /// Package lists that the user gave.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inventories: Vec<FileRecord>,
    /// What the policy drew on besides the reports.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inputs: Vec<InputRecord>,
    /// What the policy wanted to draw on and could not, or only in part.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub input_warnings: Vec<String>,
    /// True when the run was interrupted.
    #[serde(default)]
    pub interrupted: bool,
}

/// The image of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// The reference or path.
    pub reference: String,
    /// Where it was taken from.
    pub source: SourceKind,
    /// The platform that was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub requested_platform: Option<String>,
    /// What the image itself says.
    #[serde(flatten)]
    pub identity: ImageIdentity,
}

/// A file that the policy drew on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// What it is.
    pub kind: InputKind,
    /// Its path or address when it was taken.
    pub name: String,
    /// True when the policy names it, false when the command line did.
    pub by_policy: bool,
    /// The copy in the run.
    pub file: FileRecord,
}

/// The policy of a run, whose text is in `policy.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Where it came from: a file as the user named it, or `built-in`.
    pub source: String,
    /// The profile that was applied.
    pub profile: String,
    /// SHA-256 of the text, hex.
    pub sha256: String,
}

impl PolicyRecord {
    /// The record of a policy with this text.
    pub fn new(source: &str, profile: &str, text: &str) -> Self {
        Self {
            source: source.to_owned(),
            profile: profile.to_owned(),
            sha256: sha256(text.as_bytes()),
        }
    }
}

impl RunRecord {
    /// A record of this layout by this program.
    pub fn new(evaluated_at: String, target: TargetRecord, scanners: Vec<ScannerRecord>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: ToolInfo {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            evaluated_at,
            target,
            policy: None,
            scanners,
            inventories: Vec::new(),
            inputs: Vec::new(),
            input_warnings: Vec::new(),
            interrupted: false,
        }
    }
}

/// Why a record cannot be read.
pub(super) enum Problem {
    Version(String),
    Json(serde_json::Error),
}

/// Reads a record, its version first: a later layout is told as such and not as a broken file.
pub(super) fn read(bytes: &[u8]) -> Result<RunRecord, Problem> {
    #[derive(Deserialize)]
    struct Head {
        schema_version: String,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(Problem::Json)?;
    if head.schema_version != SCHEMA_VERSION {
        return Err(Problem::Version(
            head.schema_version.chars().take(20).collect(),
        ));
    }
    serde_json::from_slice(bytes).map_err(Problem::Json)
}

/// True for a record of this program, in whatever layout.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        tool: ToolInfo,
    }
    serde_json::from_slice::<Head>(bytes).is_ok_and(|head| head.tool.name == env!("CARGO_PKG_NAME"))
}
