//! Nodes of a cluster: which count, and what they say of their driver.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn node(name: &str, labels: &Value) -> Value {
    json!({
        "kind": "Node",
        "metadata": { "name": name, "labels": labels },
        "spec": {},
        "status": { "capacity": { "cpu": "8", "nvidia.com/gpu": "1" } }
    })
}

fn hosts(nodes: &[Value]) -> Result<Hosts, NodesError> {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": nodes });
    Hosts::from_nodes(list.to_string().as_bytes(), "nodes.json")
}

fn driver_of(labels: &Value) -> HostDriver {
    let hosts = hosts(&[node("a", labels)]).unwrap();
    hosts.iter().next().unwrap().driver.clone()
}

fn known(text: &str) -> HostDriver {
    HostDriver::Known(DriverVersion::parse(text).unwrap())
}

#[test]
fn the_version_comes_from_the_best_label() {
    let full = json!({
        "nvidia.com/cuda.driver-version.full": "580.178.04",
        "nvidia.com/cuda.driver-version.major": "570",
        "nvidia.com/cuda.driver.major": "560",
    });
    assert_eq!(driver_of(&full), known("580.178.04"));
    let parts = json!({
        "nvidia.com/cuda.driver-version.major": "580",
        "nvidia.com/cuda.driver-version.minor": "142",
        "nvidia.com/cuda.driver-version.revision": "",
    });
    assert_eq!(driver_of(&parts), known("580.142"));
    let deprecated = json!({
        "nvidia.com/cuda.driver.major": "535",
        "nvidia.com/cuda.driver.minor": "309",
        "nvidia.com/cuda.driver.rev": "01",
    });
    assert_eq!(driver_of(&deprecated), known("535.309.01"));
}

#[test]
fn a_gpu_node_that_cannot_be_judged_stays_a_host() {
    assert_eq!(driver_of(&json!({})), HostDriver::Unknown);
    for labels in [
        json!({ "nvidia.com/cuda.driver-version.full": "580.x" }),
        json!({ "nvidia.com/cuda.driver-version.full": "" }),
        json!({ "nvidia.com/cuda.driver-version.major": "580" }),
    ] {
        let driver = driver_of(&labels);
        assert!(matches!(driver, HostDriver::Malformed(_)), "{driver:?}");
    }
    let version = |more: &[(&str, &str)]| {
        let mut labels = json!({ "nvidia.com/cuda.driver-version.full": "580.178.04" });
        for (key, value) in more {
            labels[key] = json!(value);
        }
        labels
    };
    for labels in [
        version(&[("kubernetes.io/os", "windows")]),
        version(&[("nvidia.com/vgpu.present", "true")]),
        version(&[("nvidia.com/gpu.machine", "NVIDIA-Jetson-AGX-Orin")]),
    ] {
        let driver = driver_of(&labels);
        assert!(matches!(driver, HostDriver::Excluded(_)), "{driver:?}");
    }
    for (key, value) in [
        ("operatingSystem", "windows"),
        ("kernelVersion", "5.15.148-tegra"),
        ("kernelVersion", "5.15.167.4-microsoft-standard-WSL2"),
    ] {
        let mut node = node("a", &version(&[]));
        node["status"]["nodeInfo"] = json!({ key: value });
        let hosts = hosts(&[node]).unwrap();
        let driver = &hosts.iter().next().unwrap().driver;
        assert!(
            matches!(driver, HostDriver::Excluded(_)),
            "{value}: {driver:?}"
        );
    }
}

#[test]
fn every_sign_of_a_gpu_counts() {
    let plain = |labels: Value, status: Value| json!({ "metadata": { "name": "a", "labels": labels }, "status": status });
    for node in [
        plain(json!({ "nvidia.com/gpu.present": "true" }), json!({})),
        plain(json!({}), json!({ "allocatable": { "nvidia.com/gpu": 2 } })),
        plain(
            json!({}),
            json!({ "capacity": { "nvidia.com/mig-1g.10gb": "7" } }),
        ),
        plain(
            json!({}),
            json!({ "capacity": { "nvidia.com/gpu.shared": "4" } }),
        ),
        plain(
            json!({ "feature.node.kubernetes.io/pci-0302_10de.present": "true" }),
            json!({}),
        ),
        plain(
            json!({ "feature.node.kubernetes.io/pci-10de.present": "true" }),
            json!({}),
        ),
        plain(
            json!({ "cloud.google.com/gke-accelerator": "nvidia-l4" }),
            json!({}),
        ),
        plain(
            json!({ "kubernetes.azure.com/accelerator": "nvidia" }),
            json!({}),
        ),
        plain(
            json!({ "k8s.amazonaws.com/accelerator": "nvidia-tesla-t4" }),
            json!({}),
        ),
    ] {
        let hosts = hosts(std::slice::from_ref(&node)).unwrap();
        assert_eq!(hosts.iter().count(), 1, "{node}");
    }
    for node in [
        plain(
            json!({}),
            json!({ "capacity": { "nvidia.com/gpu": "0", "amd.com/gpu": "8" } }),
        ),
        plain(json!({ "nvidia.com/gpu.present": "false" }), json!({})),
        plain(
            json!({ "feature.node.kubernetes.io/pci-0302_1002.present": "true" }),
            json!({}),
        ),
        plain(
            json!({ "kubernetes.azure.com/accelerator": "amd" }),
            json!({}),
        ),
    ] {
        let error = hosts(std::slice::from_ref(&node)).unwrap_err();
        assert!(
            matches!(error, NodesError::NoGpuNode { nodes: 1, .. }),
            "{node}: {error}"
        );
    }
}

#[test]
fn cordoned_nodes_are_skipped_and_named() {
    let labels = json!({ "nvidia.com/cuda.driver-version.full": "580.178.04" });
    let mut cordoned = node(
        "old",
        &json!({ "nvidia.com/cuda.driver-version.full": "470.1" }),
    );
    cordoned["spec"]["unschedulable"] = json!(true);
    let some = hosts(&[node("new", &labels), cordoned.clone()]).unwrap();
    assert_eq!(some.skipped(), ["node old of nodes.json is cordoned"]);
    assert_eq!(some.iter().count(), 1);
    let none = hosts(&[cordoned]).unwrap_err();
    assert!(matches!(none, NodesError::AllCordoned { gpu_nodes: 1, .. }));
}

#[test]
fn equal_nodes_are_one_host_and_the_unknown_ones_come_first() {
    let labels = json!({ "nvidia.com/cuda.driver-version.full": "580.178.04" });
    let mut nodes: Vec<Value> = (0..6).map(|n| node(&format!("gpu-{n}"), &labels)).collect();
    nodes.push(node("bare", &json!({})));
    let hosts = hosts(&nodes).unwrap();
    let origins: Vec<&str> = hosts.iter().map(|host| host.origin.as_str()).collect();
    assert_eq!(
        origins,
        [
            "node bare of nodes.json",
            "nodes gpu-0, gpu-1, gpu-2 and 3 more of nodes.json"
        ]
    );
}

#[test]
fn one_node_alone_will_do_and_so_does_powershell() {
    let labels = json!({ "nvidia.com/cuda.driver-version.full": "580.178.04" });
    let node = node("a", &labels).to_string();
    let utf16 = format!("\u{feff}{node}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<u8>>();
    assert_eq!(Hosts::from_nodes(&utf16, "n").unwrap().iter().count(), 1);
    assert_eq!(
        Hosts::from_nodes(node.as_bytes(), "n")
            .unwrap()
            .iter()
            .count(),
        1
    );
}

#[test]
fn other_files_are_refused_with_what_to_do() {
    for text in [
        "",
        "not json",
        "[]",
        "{}",
        r#"{"kind":"List"}"#,
        r#"{"kind":"PodList","items":[]}"#,
        r#"{"kind":"List","items":[{"kind":"Pod"}]}"#,
        r#"{"kind":"List","items":[{"kind":"Node","spec":{"unschedulable":"yes"}}]}"#,
        r#"{"kind":"List","items":[{"kind":"Node","#,
        &format!(r#"{{"kind":"List","items":{}"#, "[".repeat(100_000)),
    ] {
        let error = Hosts::from_nodes(text.as_bytes(), "nodes.json")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("nodes.json:"), "{error}");
        assert!(
            error.contains("kubectl get nodes") || error.contains("write the nodes"),
            "{error}"
        );
    }
    assert!(matches!(
        Hosts::from_nodes(b"{\xff}", "n"),
        Err(NodesError::NotText { .. })
    ));
}

proptest! {
    #[test]
    fn any_labels_give_a_host_or_none(
        key in "nvidia\\.com/(cuda\\.driver(-version)?\\.(full|major|minor|rev|revision)|gpu\\.present)",
        value in "\\PC{0,12}",
        unschedulable in any::<bool>(),
    ) {
        let mut node = node("a", &json!({ key: value }));
        node["spec"]["unschedulable"] = json!(unschedulable);
        match hosts(&[node]) {
            Ok(hosts) => prop_assert_eq!(hosts.iter().count(), 1),
            Err(error) => prop_assert!(unschedulable, "{}", error),
        }
    }

    #[test]
    fn any_bytes_give_hosts_or_an_error(bytes in "\\{\"kind\":\"(List|Node)\",?\\PC{0,40}|\\PC{0,40}") {
        if let Err(error) = Hosts::from_nodes(bytes.as_bytes(), "nodes.json") {
            prop_assert!(error.to_string().starts_with("nodes.json:"));
        }
    }
}
