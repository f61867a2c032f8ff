//! One node: whether it has an NVIDIA GPU, and what it says of its driver.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::policy::cuda::hosts::NodeDriver;
use crate::policy::cuda::version::{DriverVersion, number};

/// Labels by which clouds mark nodes with an NVIDIA GPU; the value begins with `nvidia`.
const CLOUD_LABELS: &[&str] = &[
    "cloud.google.com/gke-accelerator",
    "eks.amazonaws.com/instance-gpu-manufacturer",
    "k8s.amazonaws.com/accelerator",
    "karpenter.azure.com/sku-gpu-manufacturer",
    "karpenter.k8s.aws/instance-gpu-manufacturer",
    "kubernetes.azure.com/accelerator",
    "accelerator",
];

/// Prefix of the labels, taints and resources of NVIDIA's GPU operator, device plugin and GPU feature
/// discovery.
const NVIDIA: &str = "nvidia.com/";

/// Parts of names under the same prefix that are those of NVIDIA's network operator: the state of its
/// driver (`ofed-driver-upgrade-state`), and resources that its documentation calls `hostdev`,
/// `rdma_host_dev`, `mlnxnics`, `sriov_rdma`.
const NETWORK: &[&str] = &["ofed", "rdma", "hostdev", "host_dev", "mlnx", "sriov"];

/// Words in the names of products and machines whose driver has bulletins of its own.
const TEGRA: &[&str] = &["jetson", "tegra", "orin", "thor", "xavier", "igx"];

/// The driver's version in parts: the current labels of GPU feature discovery, and the deprecated
/// ones. The last part is empty where the version has two.
const PARTS: [[&str; 3]; 2] = [
    [
        "nvidia.com/cuda.driver-version.major",
        "nvidia.com/cuda.driver-version.minor",
        "nvidia.com/cuda.driver-version.revision",
    ],
    [
        "nvidia.com/cuda.driver.major",
        "nvidia.com/cuda.driver.minor",
        "nvidia.com/cuda.driver.rev",
    ],
];
/// The same in one.
const FULL: &str = "nvidia.com/cuda.driver-version.full";

/// Most characters of a node's name that are shown; Kubernetes allows no more.
const MAX_NAME: usize = 253;
/// Most characters of a label's value that are shown; Kubernetes allows no more.
const MAX_VALUE: usize = 63;

#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) kind: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    unschedulable: bool,
    taints: Option<Vec<Taint>>,
}

#[derive(Deserialize)]
struct Taint {
    #[serde(default)]
    key: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    capacity: BTreeMap<String, Quantity>,
    #[serde(default)]
    allocatable: BTreeMap<String, Quantity>,
    #[serde(default)]
    node_info: NodeInfo,
}

/// Kubernetes writes quantities as text; people who edit the file write numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Quantity {
    Text(String),
    Number(serde_json::Number),
}

impl Quantity {
    /// False for nothing at all. What cannot be read counts as something.
    fn is_some(&self) -> bool {
        match self {
            Self::Text(text) => text.trim() != "0",
            Self::Number(number) => number.as_f64() != Some(0.0),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    #[serde(default)]
    operating_system: String,
    #[serde(default)]
    os_image: String,
    #[serde(default)]
    kernel_version: String,
}

impl Node {
    pub(super) fn name(&self) -> String {
        match self.metadata.name.as_str() {
            "" => "without a name".to_owned(),
            name => name.chars().take(MAX_NAME).collect(),
        }
    }

    /// True where the scheduler places nothing.
    pub(super) fn is_cordoned(&self) -> bool {
        self.spec.unschedulable
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.metadata.labels.get(key).map(String::as_str)
    }

    /// Whether anything shows an NVIDIA GPU. A GPU that does not show would leave a host out of
    /// account, so that whatever NVIDIA's GPU software leaves on a node is a sign.
    pub(super) fn has_nvidia_gpu(&self) -> bool {
        let by_label = self
            .metadata
            .labels
            .iter()
            .any(|(key, value)| is_sign(key, value));
        let by_taint = self
            .spec
            .taints
            .iter()
            .flatten()
            .any(|taint| is_gpu_software(&taint.key));
        let resources = self.status.capacity.iter().chain(&self.status.allocatable);
        let by_resource = || {
            resources
                .filter(|(name, _)| is_gpu_software(name))
                .any(|(_, quantity)| quantity.is_some())
        };
        by_label || by_taint || by_resource()
    }

    /// What the node says of its driver.
    pub(super) fn driver(&self) -> NodeDriver {
        if let Some(why) = self.exclusion() {
            return NodeDriver::Excluded(why);
        }
        let Some(text) = self.driver_text() else {
            return NodeDriver::Unknown;
        };
        match DriverVersion::parse(&text) {
            Err(malformed) => NodeDriver::Malformed(malformed),
            Ok(version) => match self.contradiction(&version) {
                Some((key, value)) => {
                    let value: String = match value {
                        "" => "none".to_owned(),
                        value => value.chars().take(MAX_VALUE).collect(),
                    };
                    NodeDriver::Contradictory(format!("{version} by one and {value} by {key}"))
                }
                None => NodeDriver::Known(version),
            },
        }
    }

    /// Why the list of bulletins says nothing about this node's driver.
    fn exclusion(&self) -> Option<&'static str> {
        let info = &self.status.node_info;
        let kernel = info.kernel_version.to_ascii_lowercase();
        let os_image = info.os_image.to_ascii_lowercase();
        let os = [
            info.operating_system.as_str(),
            self.label("kubernetes.io/os").unwrap_or_default(),
        ];
        let words: Vec<String> = self.hardware().flat_map(words).collect();
        let named = |word: &str| words.iter().any(|found| found == word);
        if os.iter().any(|os| os.eq_ignore_ascii_case("windows")) {
            Some("it runs Windows, whose driver has other versions")
        } else if kernel.contains("microsoft") {
            Some("it runs in WSL2, where the driver is that of Windows")
        } else if kernel.contains("tegra")
            || ["tegra", "jetson"]
                .iter()
                .any(|word| os_image.contains(word))
            || TEGRA.iter().any(|word| named(word))
        {
            Some("it is a Jetson or an IGX, whose driver has bulletins of its own")
        } else if named("gb10") || (named("dgx") && named("spark")) {
            Some("it is a DGX Spark, whose driver has bulletins of its own")
        } else if self.gives_gpus_to_machines() {
            Some("it hands its GPUs to virtual machines, whose drivers it does not tell")
        } else if self.is_vgpu_guest() || named("grid") || words.iter().any(|w| is_vgpu_profile(w))
        {
            Some("it is a vGPU guest, whose flaws may lie in the vGPU manager outside of it")
        } else {
            None
        }
    }

    /// Products, machines and families of its GPUs; several where they differ.
    fn hardware(&self) -> impl Iterator<Item = &str> {
        let labels = self.metadata.labels.iter();
        labels
            .filter(|(key, _)| {
                key.starts_with(NVIDIA)
                    && [".product", ".machine", ".family"]
                        .iter()
                        .any(|end| key.ends_with(end))
            })
            .map(|(_, value)| value.as_str())
    }

    /// The GPU operator's kinds of workload: `container`, and those of virtual machines (Kata,
    /// KubeVirt), which are also known by what it deploys for them.
    fn gives_gpus_to_machines(&self) -> bool {
        self.label("nvidia.com/gpu.workload.config")
            .is_some_and(|kind| kind != "container")
            || ["vfio-manager", "vgpu-manager", "sandbox-device-plugin"]
                .iter()
                .any(|part| self.label(&format!("nvidia.com/gpu.deploy.{part}")) == Some("true"))
    }

    fn is_vgpu_guest(&self) -> bool {
        self.label("nvidia.com/vgpu.present") == Some("true")
            || ["version", "branch"].iter().any(|what| {
                self.label(&format!("nvidia.com/vgpu.host-driver-{what}"))
                    .is_some()
            })
    }

    /// The driver's version from the best label that is there.
    fn driver_text(&self) -> Option<String> {
        if let Some(full) = self.label(FULL) {
            return Some(full.to_owned());
        }
        PARTS.iter().find_map(|[major, minor, revision]| {
            let revision = self.label(revision).filter(|part| !part.is_empty());
            let parts = [self.label(major)?, self.label(minor).unwrap_or_default()];
            let parts: Vec<&str> = parts.into_iter().chain(revision).collect();
            Some(parts.join("."))
        })
    }

    /// A label that says another version than this one.
    fn contradiction(&self, version: &DriverVersion) -> Option<(&'static str, &str)> {
        PARTS.iter().find_map(|keys| {
            keys.iter().zip(version.parts()).find_map(|(key, part)| {
                let value = self.label(key)?;
                // An empty last part is none, and a missing one is zero.
                let stated = if value.is_empty() {
                    Some(0)
                } else {
                    number(value)
                };
                (stated != Some(part)).then_some((*key, value))
            })
        })
    }
}

/// Whether a label shows an NVIDIA GPU.
fn is_sign(key: &str, value: &str) -> bool {
    if key == "nvidia.com/gpu.present" {
        return value != "false";
    }
    // Node feature discovery; 10de is NVIDIA's PCI vendor id.
    let by_pci_id = key.starts_with("feature.node.kubernetes.io/pci-")
        && key.contains("10de")
        && key.ends_with(".present")
        && value == "true";
    let by_cloud = CLOUD_LABELS.contains(&key) && value.to_ascii_lowercase().starts_with("nvidia");
    by_pci_id || by_cloud || is_gpu_software(key)
}

/// Whether a label, taint or resource of that name belongs to NVIDIA's software for GPUs.
fn is_gpu_software(name: &str) -> bool {
    name.strip_prefix(NVIDIA)
        .is_some_and(|rest| rest.contains("gpu") || !NETWORK.iter().any(|part| rest.contains(part)))
}

/// The words of a product's name, in lower case: labels join them by hyphens.
fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(['-', '_', ' ']).map(str::to_ascii_lowercase)
}

/// `24q` in `NVIDIA-A10-24Q`: a vGPU's frame buffer in GB and its series (Q, C, A, B), with MIG
/// behind it `me`, and in old names a number of displays.
fn is_vgpu_profile(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let series = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    rest.len() < word.len() && matches!(series.trim_end_matches("me"), "q" | "c" | "a" | "b")
}
