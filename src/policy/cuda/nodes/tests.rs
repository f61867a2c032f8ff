//! Nodes of a cluster: which count, and what they say of their driver.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::policy::cuda::{DriverVersion, HostDriver};

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
        "nvidia.com/cuda.driver-version.major": "580",
        "nvidia.com/cuda.driver-version.minor": "178",
        "nvidia.com/cuda.driver-version.revision": "04",
        "nvidia.com/cuda.driver.major": "580",
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
fn labels_that_contradict_each_other_say_no_version() {
    for (labels, said) in [
        (
            json!({
                "nvidia.com/cuda.driver-version.full": "580.178.04",
                "nvidia.com/cuda.driver-version.major": "570",
            }),
            "580.178.04 by one and 570 by nvidia.com/cuda.driver-version.major",
        ),
        (
            json!({
                "nvidia.com/cuda.driver-version.full": "580.178.04",
                "nvidia.com/cuda.driver.rev": "",
            }),
            "580.178.04 by one and none by nvidia.com/cuda.driver.rev",
        ),
        (
            json!({
                "nvidia.com/cuda.driver-version.major": "580",
                "nvidia.com/cuda.driver-version.minor": "178",
                "nvidia.com/cuda.driver-version.revision": "04",
                "nvidia.com/cuda.driver.major": "580",
                "nvidia.com/cuda.driver.minor": "159",
            }),
            "580.178.04 by one and 159 by nvidia.com/cuda.driver.minor",
        ),
    ] {
        let hosts = hosts(&[node("a", &labels)]).unwrap();
        let host = hosts.iter().next().unwrap();
        assert_eq!(host.driver, HostDriver::Unknown);
        assert_eq!(
            host.origin,
            format!("node a of nodes.json (its labels contradict each other: {said})")
        );
    }
    let agreeing = json!({
        "nvidia.com/cuda.driver-version.full": "580.142",
        "nvidia.com/cuda.driver-version.revision": "",
        "nvidia.com/cuda.driver.minor": "0142",
    });
    assert_eq!(driver_of(&agreeing), known("580.142"));
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
        version(&[("nvidia.com/vgpu.host-driver-version", "580.10")]),
        version(&[("nvidia.com/gpu.product", "GRID-T4-16Q")]),
        version(&[("nvidia.com/gpu.product", "NVIDIA-A10-24Q-SHARED")]),
        version(&[("nvidia.com/gpu.product", "NVIDIA-A100-1-10CME")]),
        version(&[("nvidia.com/gpu.machine", "NVIDIA-Jetson-AGX-Orin")]),
        version(&[("nvidia.com/gpu.product", "Orin")]),
        version(&[
            ("nvidia.com/gpu.product", "Tegra-Orin"),
            ("nvidia.com/gpu.machine", "Unknown"),
        ]),
        version(&[("nvidia.com/gpu.machine", "IGX-Orin-Developer-Kit")]),
        version(&[("nvidia.com/gpu.product", "NVIDIA-GB10")]),
        version(&[("nvidia.com/gpu.machine", "NVIDIA_DGX_Spark")]),
        version(&[("nvidia.com/gpu.workload.config", "vm-passthrough")]),
        version(&[("nvidia.com/gpu.workload.config", "vm-vgpu")]),
        version(&[("nvidia.com/gpu.deploy.vfio-manager", "true")]),
    ] {
        let driver = driver_of(&labels);
        assert!(matches!(driver, HostDriver::Excluded(_)), "{driver:?}");
    }
    for product in [
        "NVIDIA-A100-SXM4-80GB-MIG-1c.3g.40gb",
        "NVIDIA-L40S",
        "Tesla-T4-SHARED",
        "NVIDIA-GB200",
    ] {
        let labels = version(&[
            ("nvidia.com/gpu.product", product),
            ("nvidia.com/gpu.machine", "NVIDIA-DGX-A100"),
            ("nvidia.com/gpu.workload.config", "container"),
            ("nvidia.com/vgpu.present", "false"),
        ]);
        assert_eq!(driver_of(&labels), known("580.178.04"), "{product}");
    }
    for (key, value) in [
        ("operatingSystem", "windows"),
        ("kernelVersion", "5.15.148-tegra-custom"),
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
        plain(
            json!({ "nvidia.com/gpu.product": "NVIDIA-A100" }),
            json!({}),
        ),
        plain(
            json!({ "nvidia.com/gpu.deploy.driver": "true", "nvidia.com/gpu.present": "false" }),
            json!({}),
        ),
        plain(
            json!({}),
            json!({ "capacity": { "nvidia.com/GRID_T4-16Q": "4" } }),
        ),
        json!({
            "metadata": { "name": "a" },
            "spec": { "taints": [{ "key": "nvidia.com/gpu", "effect": "NoSchedule" }] },
        }),
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
        // NVIDIA's network operator.
        plain(
            json!({
                "nvidia.com/ofed-driver-upgrade-state": "upgrade-done",
                "network.nvidia.com/operator.mofed.wait": "false",
                "feature.node.kubernetes.io/pci-15b3.present": "true",
            }),
            json!({ "capacity": {
                "nvidia.com/hostdev": "8", "nvidia.com/mlnxnics": "2", "rdma/rdma_shared_device_a": "63",
            } }),
        ),
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
    assert_eq!(some.skipped(), ["cordoned: node old of nodes.json"]);
    assert_eq!(some.iter().count(), 1);
    let many = vec![cordoned; 1000];
    let none = hosts(&many).unwrap_err();
    assert!(matches!(
        none,
        NodesError::AllCordoned {
            gpu_nodes: 1000,
            ..
        }
    ));
    let all = [many, vec![node("new", &labels)]].concat();
    assert_eq!(
        hosts(&all).unwrap().skipped(),
        ["cordoned: nodes old, old, old and 997 more of nodes.json"]
    );
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
fn nodes_that_cannot_be_judged_are_one_host_for_each_reason() {
    let full = |text: &str| json!({ "nvidia.com/cuda.driver-version.full": text });
    let vgpu = json!({ "nvidia.com/vgpu.present": "true" });
    let mut nodes: Vec<Value> = (0..2000)
        .map(|n| node(&format!("n{n:04}"), &json!({})))
        .collect();
    nodes.extend((0..2000).map(|n| node(&format!("m{n:04}"), &full(&format!("580.x{n}")))));
    nodes.extend(["v2", "v1"].map(|name| node(name, &vgpu)));
    let hosts = hosts(&nodes).unwrap();
    let origins: Vec<&str> = hosts.iter().map(|host| host.origin.as_str()).collect();
    assert_eq!(
        origins,
        [
            "nodes v1, v2 of nodes.json",
            "nodes n0000, n0001, n0002 and 1997 more of nodes.json",
            "nodes m0000, m0001, m0002 and 1997 more of nodes.json",
        ]
    );
}

#[test]
fn a_page_of_a_longer_list_is_refused() {
    let labels = json!({ "nvidia.com/cuda.driver-version.full": "580.178.04" });
    let list = |metadata: Value| {
        let list =
            json!({ "kind": "NodeList", "metadata": metadata, "items": [node("a", &labels)] });
        Hosts::from_nodes(list.to_string().as_bytes(), "nodes.json")
    };
    for metadata in [
        json!({ "continue": "eyJ2Ijo", "remainingItemCount": 40 }),
        json!({ "continue": "eyJ2Ijo" }),
        json!({ "remainingItemCount": 1 }),
    ] {
        let error = list(metadata).unwrap_err();
        assert!(matches!(error, NodesError::Page { nodes: 1, .. }));
        assert!(error.to_string().contains("kubectl get nodes -o json"));
    }
    for metadata in [
        json!({}),
        json!({ "continue": "", "remainingItemCount": 0, "resourceVersion": "" }),
        json!({ "continue": null, "remainingItemCount": null }),
    ] {
        assert!(list(metadata).is_ok());
    }
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
