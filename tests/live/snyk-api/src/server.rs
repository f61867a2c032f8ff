//! The API: who is let in, and which path answers what.

use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::answer;
use crate::facts::Advisory;
use crate::http::{self, Request};

/// What the server answers from.
pub struct Server {
    /// Snyk's database.
    pub advisories: Vec<Advisory>,
    /// The one token that is let in.
    pub token: String,
    /// No token is let in any more.
    pub expired: bool,
    /// Wait before answering a test, so that a scan can be disturbed in the middle.
    pub delay: Duration,
    /// One line a request.
    pub log: Option<Mutex<File>>,
}

struct Reply {
    status: u16,
    body: String,
    /// For the log.
    note: String,
}

impl Reply {
    fn error(status: u16, message: &str) -> Self {
        let body = json!({"code": status, "userMessage": message, "message": message}).to_string();
        Self {
            status,
            body,
            note: message.to_owned(),
        }
    }
}

impl Server {
    /// Answers until the process ends.
    pub fn run(self, listener: &TcpListener) {
        let server = Arc::new(self);
        for stream in listener.incoming().filter_map(Result::ok) {
            let server = Arc::clone(&server);
            std::thread::spawn(move || server.answer(&stream));
        }
    }

    fn answer(&self, stream: &TcpStream) {
        let Ok(request) = http::read(stream) else {
            // Nobody listens to a log of what was no request.
            let _ = http::write(stream, 400, "{}");
            return;
        };
        let reply = self.reply(&request);
        self.note(&request, &reply);
        // The client may have been ended by a test.
        let _ = http::write(stream, reply.status, &reply.body);
    }

    fn note(&self, request: &Request, reply: &Reply) {
        if let Some(Ok(mut log)) = self.log.as_ref().map(Mutex::lock) {
            let path = request.target.split('?').next().unwrap_or_default();
            let _ = writeln!(
                log,
                "{} {path} {} {}",
                request.method, reply.status, reply.note
            );
        }
    }

    fn reply(&self, request: &Request) -> Reply {
        let path = request.target.split('?').next().unwrap_or_default();
        if self.expired || request.authorization != format!("token {}", self.token) {
            return Reply::error(401, "Not authorised: the token is invalid or has expired");
        }
        match (request.method.as_str(), path.strip_prefix("/api/v1/")) {
            ("GET", Some(rest)) if rest.starts_with("cli-config/feature-flags/") => {
                let flag = rest.trim_start_matches("cli-config/feature-flags/");
                // Applications in the image, and the Go standard library that a binary holds.
                let is_on = matches!(
                    flag,
                    "containerCliAppVulnsEnabled" | "includeGoStandardLibraryDeps"
                );
                Reply {
                    status: 200,
                    body: json!({"ok": is_on}).to_string(),
                    note: format!("ok={is_on}"),
                }
            }
            ("POST", Some("test-dependencies")) => {
                std::thread::sleep(self.delay);
                match answer::test(&self.advisories, &request.body, threshold(&request.target)) {
                    Ok(tested) => Reply {
                        status: 200,
                        body: tested.body,
                        note: format!(
                            "{}: {} packages, {} issues",
                            tested.manager, tested.packages, tested.issues
                        ),
                    },
                    Err(why) => Reply::error(400, &why),
                }
            }
            _ => Reply::error(404, "no such path in this stand-in of the Snyk API"),
        }
    }
}
/// The severity below which the client wants nothing, from the query of a request.
fn threshold(target: &str) -> Option<&str> {
    let (_, query) = target.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("severityThreshold="))
}
