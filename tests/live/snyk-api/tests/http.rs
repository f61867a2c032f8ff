//! The program over its socket, as a client sees it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const TOKEN: &str = "00000000-0000-4000-8000-000000000000";

struct Running {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

impl Running {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let directory =
            std::env::temp_dir().join(format!("fake-snyk-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let facts = directory.join("facts.json");
        std::fs::write(
            &facts,
            r#"[{"id":"CVE-2024-1","aliases":["GHSA-aaaa-bbbb-cccc"],"ecosystem":"pypi","package":"jinja2","fixed":"3.1.3","severity":{"ghsa":"high"},"snyk":"SNYK-PYTHON-JINJA2-1"}]"#,
        )
        .unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_fake-snyk"))
            .arg("--facts")
            .arg(&facts)
            .arg("--port-file")
            .arg(directory.join("port"))
            .arg("--log")
            .arg(directory.join("log"))
            .args(arguments)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let port = loop {
            let text = std::fs::read_to_string(directory.join("port")).unwrap_or_default();
            if let Ok(port) = text.trim().parse() {
                break port;
            }
            assert!(Instant::now() < deadline, "the port file did not come");
            std::thread::sleep(Duration::from_millis(10));
        };
        Self {
            process,
            port,
            directory,
        }
    }

    fn ask(&self, token: &str, line: &str, body: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{line} HTTP/1.1\r\nAuthorization: token {token}\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    fn test(&self, token: &str, posted: &Value) -> (u16, Value) {
        self.test_with(token, posted, "org=")
    }

    fn test_with(&self, token: &str, posted: &Value, query: &str) -> (u16, Value) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(posted.to_string().as_bytes()).unwrap();
        self.ask(
            token,
            &format!("POST /api/v1/test-dependencies?{query}"),
            &packed.finish().unwrap(),
        )
    }
}

/// A Python project with one package, in the form that the client posts.
fn project(version: &str) -> Value {
    let graph = json!({
        "schemaVersion": "1.3.0",
        "pkgManager": {"name": "pip"},
        "pkgs": [
            {"id": "app@", "info": {"name": "app"}},
            {"id": format!("jinja2@{version}"), "info": {"name": "jinja2", "version": version}},
        ],
        "graph": {"rootNodeId": "root-node", "nodes": [
            {"nodeId": "root-node", "pkgId": "app@", "deps": []},
        ]},
    });
    let facts =
        json!([{"type": "imageId", "data": "sha256:0"}, {"type": "depGraph", "data": graph}]);
    json!({"scanResult": {"identity": {"type": "pip"}, "facts": facts}})
}

#[test]
fn an_affected_package_gets_its_issue_and_the_graph_comes_back() {
    let server = Running::start("affected", &[]);
    let posted = project("3.1.2");
    let (status, answer) = server.test(TOKEN, &posted);
    assert_eq!(status, 200);
    let result = &answer["result"];
    assert_eq!(result["issues"][0]["issueId"], "SNYK-PYTHON-JINJA2-1");
    assert_eq!(
        result["issues"][0]["fixInfo"]["nearestFixedInVersion"],
        "3.1.3"
    );
    let data = &result["issuesData"]["SNYK-PYTHON-JINJA2-1"];
    assert_eq!(data["severity"], "high");
    assert_eq!(data["identifiers"]["GHSA"], json!(["GHSA-aaaa-bbbb-cccc"]));
    assert_eq!(
        result["depGraphData"],
        posted["scanResult"]["facts"][1]["data"]
    );

    let log = std::fs::read_to_string(server.directory.join("log")).unwrap();
    assert_eq!(
        log,
        "POST /api/v1/test-dependencies 200 pip: 1 packages, 1 issues\n"
    );
}

#[test]
fn what_is_below_the_threshold_is_left_out() {
    let server = Running::start("threshold", &[]);
    let issues = |threshold: &str| {
        let query = format!("org=&severityThreshold={threshold}");
        let (status, answer) = server.test_with(TOKEN, &project("3.1.2"), &query);
        (status, answer["result"]["issues"].as_array().map(Vec::len))
    };
    assert_eq!(issues("high"), (200, Some(1)));
    assert_eq!(issues("critical"), (200, Some(0)));
    assert_eq!(issues("severe").0, 400);
}

#[test]
fn a_fixed_package_gets_an_empty_list() {
    let server = Running::start("fixed", &[]);
    let (status, answer) = server.test(TOKEN, &project("3.1.3"));
    assert_eq!((status, &answer["result"]["issues"]), (200, &json!([])));
}

#[test]
fn a_foreign_and_an_expired_token_are_refused() {
    let server = Running::start("foreign", &[]);
    let (status, answer) = server.test("11111111-0000-4000-8000-000000000000", &project("3.1.2"));
    assert_eq!((status, &answer["code"]), (401, &json!(401)));
    assert!(answer["userMessage"].is_string());

    let expired = Running::start("expired", &["--expired-token"]);
    assert_eq!(expired.test(TOKEN, &project("3.1.2")).0, 401);
}

#[test]
fn what_is_no_scan_result_and_what_is_no_path_are_told_apart() {
    let server = Running::start("errors", &[]);
    assert_eq!(
        server.test(TOKEN, &json!({"scanResult": {"facts": []}})).0,
        400
    );
    assert_eq!(server.ask(TOKEN, "GET /api/v1/nothing", b"").0, 404);
    let flag = "GET /api/v1/cli-config/feature-flags/containerCliAppVulnsEnabled?org=";
    assert_eq!(server.ask(TOKEN, flag, b"").1, json!({"ok": true}));
    let unknown = "GET /api/v1/cli-config/feature-flags/whatever";
    assert_eq!(server.ask(TOKEN, unknown, b"").1, json!({"ok": false}));
}
