//! The words of VEX (Vulnerability Exploitability eXchange), as OpenVEX 0.2 spells them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a VEX statement says of a vulnerability in a product (OpenVEX 0.2, *Status Labels*).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VexStatus {
    /// The product does not suffer from it.
    NotAffected,
    /// The product suffers from it.
    Affected,
    /// The product carries the fix.
    Fixed,
    /// It is not known yet.
    UnderInvestigation,
}

impl VexStatus {
    /// The name as in OpenVEX.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

/// Why a product is not affected (OpenVEX 0.2, *Status Justifications*; the same words in CSAF's
/// flags).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The vulnerable component is not in the product.
    ComponentNotPresent,
    /// The component is there, its vulnerable code is not.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never executed.
    VulnerableCodeNotInExecutePath,
    /// An attacker cannot reach the vulnerable code in a way that does harm.
    VulnerableCodeCannotBeControlledByAdversary,
    /// The product protects itself.
    InlineMitigationsAlreadyExist,
}

impl Justification {
    /// All of them, in the order of the specification.
    pub const ALL: [Self; 5] = [
        Self::ComponentNotPresent,
        Self::VulnerableCodeNotPresent,
        Self::VulnerableCodeNotInExecutePath,
        Self::VulnerableCodeCannotBeControlledByAdversary,
        Self::InlineMitigationsAlreadyExist,
    ];

    /// The name as in OpenVEX.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }

    /// The justification of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}
