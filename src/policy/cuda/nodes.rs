//! Host drivers from the nodes of a Kubernetes cluster: the output of
//! `kubectl get nodes -o json`, with the labels of NVIDIA's GPU feature discovery.

use serde::Deserialize;

use self::node::Node;
use super::hosts::{ByDriver, Hosts, origin};
use crate::formats::decode;

mod node;

/// Largest file of nodes that is read, in bytes (256 MiB). A node has about 20 kB, so this is far
/// above what Kubernetes supports in one cluster.
pub const MAX_NODES_BYTES: usize = 256 << 20;

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
    /// A page of a longer list.
    #[error(
        "{file}: /metadata: one page of a longer list (nodes in it: {nodes}), so that hosts are missing; \
         write all of them, without a limit: kubectl get nodes -o json"
    )]
    Page {
        /// The file.
        file: String,
        /// How many nodes it lists.
        nodes: usize,
    },
    /// No node shows an NVIDIA GPU.
    #[error(
        "{file}: none of its {nodes} nodes shows an NVIDIA GPU, by a label, a taint or a resource; write \
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
    #[serde(default)]
    metadata: ListMetadata,
    items: Option<Vec<Node>>,
}

/// What the API tells of a list; both are absent from the last page.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    r#continue: Option<String>,
    remaining_item_count: Option<u64>,
}

impl ListMetadata {
    fn more_pages(&self) -> bool {
        self.r#continue
            .as_deref()
            .is_some_and(|token| !token.is_empty())
            || self.remaining_item_count.is_some_and(|count| count > 0)
    }
}

impl Hosts {
    /// The GPU nodes of a cluster, from the output of `kubectl get nodes -o json`. `file` is the
    /// file's name for messages and for the hosts' origins.
    ///
    /// Nodes without an NVIDIA GPU do not count, nor do cordoned ones, which are named in
    /// [`Hosts::skipped`]. A GPU node that does not say its driver's version, or is of a kind that
    /// the bulletins do not cover, is kept as a host that nothing can be mitigated on. Nodes with
    /// the same version, or that cannot be judged for the same reason, are one host.
    ///
    /// # Errors
    /// [`NodesError`]: what is wrong with the file, and that it names no host.
    pub fn from_nodes(json: &[u8], file: &str) -> Result<Self, NodesError> {
        let nodes = read(json, file)?;
        let mut hosts = Self::default();
        let mut by_driver = ByDriver::default();
        let mut cordoned = Vec::new();
        let count = nodes.len();
        for node in nodes.iter().filter(|node| node.has_nvidia_gpu()) {
            let name = node.name();
            if node.is_cordoned() {
                cordoned.push(name);
            } else {
                by_driver.add(name, node.driver());
            }
        }
        let gpu_nodes = cordoned.len();
        if gpu_nodes > 0 {
            hosts.skip(format!("cordoned: {}", origin(cordoned, file)));
        }
        for host in by_driver.finish(file) {
            hosts.push(host);
        }
        if !hosts.is_empty() {
            return Ok(hosts);
        }
        let file = file.to_owned();
        Err(match gpu_nodes {
            0 => NodesError::NoGpuNode { file, nodes: count },
            _ => NodesError::AllCordoned { file, gpu_nodes },
        })
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
    let more_pages = list.metadata.more_pages();
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
        None if more_pages => Err(NodesError::Page {
            file: file.to_owned(),
            nodes: nodes.len(),
        }),
        None => Ok(nodes),
    }
}

#[cfg(test)]
mod tests;
