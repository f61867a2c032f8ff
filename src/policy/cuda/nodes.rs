//! Host drivers from the nodes of a Kubernetes cluster: the output of
//! `kubectl get nodes -o json`, with the labels of NVIDIA's GPU feature discovery.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::hosts::{ByVersion, Host, HostDriver, Hosts};
use super::version::DriverVersion;
use crate::formats::decode;

/// Largest file of nodes that is read, in bytes (256 MiB). A node has about 20 kB, so this is far
/// above what Kubernetes supports in one cluster.
pub const MAX_NODES_BYTES: usize = 256 << 20;

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

/// Why a file of nodes gives no hosts.
#[derive(Debug, thiserror::Error)]
pub enum NodesError {
    /// Larger than any cluster.
    #[error(
        "{file}: {bytes} bytes; at most {MAX_NODES_BYTES} are read; write only the nodes that the \
         image may run on: kubectl get nodes -l LABEL -o json"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: usize,
    },
    /// Nothing, or no text.
    #[error(
        "{file}: empty, or not text in UTF-8 or UTF-16; write it with: kubectl get nodes -o json"
    )]
    NotText {
        /// The file.
        file: String,
    },
    /// Not JSON, or a field of another type than in Kubernetes.
    #[error("{file}: not a list of nodes: {error}; write it with: kubectl get nodes -o json")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        #[source]
        error: serde_json::Error,
    },
    /// Something else from Kubernetes.
    #[error(
        "{file}: /{pointer}: expected {expected}, found `{found}`; write the file with: kubectl get \
         nodes -o json"
    )]
    WrongKind {
        /// The file.
        file: String,
        /// Where, as a JSON pointer without its first slash.
        pointer: String,
        /// The kind that belongs there.
        expected: &'static str,
        /// The kind that is there; shortened.
        found: String,
    },
    /// No node shows an NVIDIA GPU.
    #[error(
        "{file}: none of its {nodes} nodes shows an NVIDIA GPU, by a label or by a resource; write \
         the nodes of the cluster that the image runs in, and see that GPU feature discovery runs there"
    )]
    NoGpuNode {
        /// The file.
        file: String,
        /// How many nodes it lists.
        nodes: usize,
    },
    /// All nodes with a GPU are cordoned.
    #[error(
        "{file}: all of its {gpu_nodes} nodes with an NVIDIA GPU are cordoned, so that no host counts; \
         uncordon those that the image may run on and write the file again"
    )]
    AllCordoned {
        /// The file.
        file: String,
        /// How many nodes with a GPU it lists.
        gpu_nodes: usize,
    },
}

#[derive(Deserialize)]
struct List {
    kind: Option<String>,
    items: Option<Vec<Node>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    kind: Option<String>,
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

impl Hosts {
    /// The GPU nodes of a cluster, from the output of `kubectl get nodes -o json`. `file` is the
    /// file's name for messages and for the hosts' origins.
    ///
    /// Nodes without an NVIDIA GPU do not count, nor do cordoned ones, which are named in
    /// [`Hosts::skipped`]. A GPU node that does not say its driver's version, or is of a kind that
    /// the bulletins do not cover, is kept as a host that nothing can be mitigated on. Nodes with
    /// the same version are one host.
    ///
    /// # Errors
    /// [`NodesError`]: what is wrong with the file, and that it names no host.
    pub fn from_nodes(json: &[u8], file: &str) -> Result<Self, NodesError> {
        let nodes = read(json, file)?;
        let mut hosts = Self::default();
        let mut by_version = ByVersion::default();
        let mut cannot = Vec::new();
        let count = nodes.len();
        for node in nodes.iter().filter(|node| node.has_nvidia_gpu()) {
            let name = node.name();
            if node.spec.unschedulable {
                hosts.skip(format!("node {name} of {file} is cordoned"));
                continue;
            }
            match node.driver() {
                HostDriver::Known(version) => by_version.add(version, name),
                driver => cannot.push(Host {
                    driver,
                    origin: format!("node {name} of {file}"),
                }),
            }
        }
        // Those that forbid every mitigation come first: they are what a person has to mend.
        for host in cannot.into_iter().chain(by_version.finish(file)) {
            hosts.push(host);
        }
        if !hosts.is_empty() {
            return Ok(hosts);
        }
        let file = file.to_owned();
        match hosts.skipped().len() {
            0 => Err(NodesError::NoGpuNode { file, nodes: count }),
            gpu_nodes => Err(NodesError::AllCordoned { file, gpu_nodes }),
        }
    }
}

/// The nodes of a list, or the only one of `kubectl get node NAME -o json`.
fn read(json: &[u8], file: &str) -> Result<Vec<Node>, NodesError> {
    if json.len() > MAX_NODES_BYTES {
        return Err(NodesError::TooLarge {
            file: file.to_owned(),
            bytes: json.len(),
        });
    }
    // PowerShell writes what a program prints as UTF-16.
    let json = decode(json).map_err(|_| NodesError::NotText {
        file: file.to_owned(),
    })?;
    let malformed = |error| NodesError::Malformed {
        file: file.to_owned(),
        error,
    };
    let wrong = |pointer: String, expected, found: Option<String>| NodesError::WrongKind {
        file: file.to_owned(),
        pointer,
        expected,
        found: found
            .unwrap_or_else(|| "nothing".to_owned())
            .chars()
            .take(60)
            .collect(),
    };
    let list: List = serde_json::from_str(&json).map_err(malformed)?;
    let nodes = match list.kind.as_deref() {
        Some("Node") => return Ok(vec![serde_json::from_str(&json).map_err(malformed)?]),
        Some("List" | "NodeList") => list.items.unwrap_or_default(),
        _ => return Err(wrong("kind".to_owned(), "`List`", list.kind)),
    };
    let foreign = nodes
        .iter()
        .position(|node| node.kind.as_deref().is_some_and(|kind| kind != "Node"));
    match foreign.and_then(|at| Some((at, nodes.get(at)?.kind.clone()))) {
        Some((at, kind)) => Err(wrong(format!("items/{at}/kind"), "`Node`", kind)),
        None => Ok(nodes),
    }
}

impl Node {
    fn name(&self) -> String {
        match self.metadata.name.as_str() {
            "" => "without a name".to_owned(),
            name => name.chars().take(253).collect(),
        }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.metadata.labels.get(key).map(String::as_str)
    }

    fn has_nvidia_gpu(&self) -> bool {
        let resources = self.status.capacity.iter().chain(&self.status.allocatable);
        let mut labels = self.metadata.labels.iter();
        self.label("nvidia.com/gpu.present") == Some("true")
            || resources
                .filter(|(name, _)| {
                    matches!(name.as_str(), "nvidia.com/gpu" | "nvidia.com/gpu.shared")
                        || name.starts_with("nvidia.com/mig-")
                })
                .any(|(_, quantity)| quantity.is_some())
            || labels.any(|(key, value)| {
                // Node feature discovery; 10de is NVIDIA's PCI vendor id.
                let by_pci_id = key.starts_with("feature.node.kubernetes.io/pci-")
                    && key.contains("10de")
                    && key.ends_with(".present")
                    && value == "true";
                let by_cloud = CLOUD_LABELS.contains(&key.as_str())
                    && value.to_ascii_lowercase().starts_with("nvidia");
                by_pci_id || by_cloud || key.starts_with("nvidia.com/cuda.driver")
            })
    }

    fn driver(&self) -> HostDriver {
        if let Some(why) = self.exclusion() {
            return HostDriver::Excluded(why.to_owned());
        }
        match self.driver_text() {
            None => HostDriver::Unknown,
            Some(text) => match DriverVersion::parse(&text) {
                Ok(version) => HostDriver::Known(version),
                Err(malformed) => HostDriver::Malformed(malformed),
            },
        }
    }

    /// Why the list of bulletins says nothing about this node's driver.
    fn exclusion(&self) -> Option<&'static str> {
        let info = &self.status.node_info;
        let product = self
            .label("nvidia.com/gpu.machine")
            .or(self.label("nvidia.com/gpu.product"))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let windows = [
            info.operating_system.as_str(),
            self.label("kubernetes.io/os").unwrap_or_default(),
        ];
        if windows.contains(&"windows") {
            Some("it runs Windows, whose driver has other versions")
        } else if self.label("nvidia.com/vgpu.present") == Some("true") {
            Some("it is a vGPU guest, whose flaws may lie in the vGPU manager outside of it")
        } else if info.kernel_version.ends_with("-tegra")
            || info.os_image.to_ascii_lowercase().contains("tegra")
            || ["jetson", "tegra"]
                .iter()
                .any(|word| product.contains(word))
        {
            Some("it is a Jetson, whose driver has bulletins of its own")
        } else if info
            .kernel_version
            .to_ascii_lowercase()
            .contains("microsoft")
        {
            Some("it runs in WSL2, where the driver is that of Windows")
        } else {
            None
        }
    }

    /// The driver's version from the labels of GPU feature discovery: whole, in parts, or in the
    /// parts of the deprecated labels. The last part is empty where the version has two.
    fn driver_text(&self) -> Option<String> {
        if let Some(full) = self.label("nvidia.com/cuda.driver-version.full") {
            return Some(full.to_owned());
        }
        let joined = |prefix: &str, last: &str| {
            let part = |name: &str| self.label(&format!("{prefix}{name}"));
            let revision = part(last).filter(|part| !part.is_empty());
            let parts = [part("major")?, part("minor").unwrap_or_default()];
            Some(
                parts
                    .into_iter()
                    .chain(revision)
                    .collect::<Vec<_>>()
                    .join("."),
            )
        };
        joined("nvidia.com/cuda.driver-version.", "revision")
            .or_else(|| joined("nvidia.com/cuda.driver.", "rev"))
    }
}

#[cfg(test)]
mod tests;
