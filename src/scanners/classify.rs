//! From the end of a process to a failure that a person can act on. Pure.

use std::time::Duration;

use super::manifest::{ExitMeaning, FailurePattern, Manifest};
use super::process::Ended;
use crate::model::{Failure, FailureKind};

/// Longest cause, in characters.
const MAX_CAUSE: usize = 300;

/// A failure, and whether trying again can help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Classified {
    pub(super) failure: Failure,
    pub(super) retry: bool,
}

impl Classified {
    pub(super) fn new(
        kind: FailureKind,
        cause: impl AsRef<str>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            failure: Failure {
                kind,
                cause: one_line(cause.as_ref()),
                remedy: remedy.into(),
            },
            retry: false,
        }
    }
}

/// What is known of a failed step.
pub(super) struct Evidence<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) ended: Ended,
    /// Meaning of the exit code, when there is one.
    pub(super) meaning: ExitMeaning,
    /// The time that it had.
    pub(super) timeout: Duration,
    /// The scanner's own error document, standard error, standard output: in order of weight.
    pub(super) texts: [&'a str; 3],
    /// What is wrong with the report, when the exit code promises one.
    pub(super) report: Option<String>,
    /// File in which its error output is kept.
    pub(super) stderr_file: &'a str,
}

/// Texts that mean the same for every scanner: most of them go through the same libraries to the
/// same registries. The first that occurs wins.
struct Common {
    contains: &'static [&'static str],
    kind: FailureKind,
    remedy: &'static str,
    retry: bool,
}

const COMMON: &[Common] = &[
    Common {
        contains: &["toomanyrequests", "too many requests", "rate limit"],
        kind: FailureKind::RateLimit,
        remedy: "wait and try again, or log in: registries and services give named users more",
        retry: true,
    },
    Common {
        contains: &[
            "unauthorized",
            "authentication required",
            "requested access to the resource is denied",
            "denied: ",
            "no basic auth credentials",
        ],
        kind: FailureKind::Authentication,
        remedy: "log in to the registry (`docker login`), and check that the image name is right: \
                 registries refuse unknown names like this too",
        retry: false,
    },
    Common {
        contains: &["no space left on device"],
        kind: FailureKind::Other,
        remedy: "free disk space: images are unpacked beside the results while they are scanned",
        retry: false,
    },
    Common {
        contains: &[
            "cannot connect to the docker daemon",
            "docker daemon is not running",
        ],
        kind: FailureKind::Image,
        remedy: "start the container engine, or scan the image from a registry or an archive",
        retry: false,
    },
    Common {
        contains: &[
            "no such host",
            "connection refused",
            "connection reset",
            "i/o timeout",
            "tls handshake timeout",
            "temporary failure in name resolution",
            "network is unreachable",
            "503 service unavailable",
            "502 bad gateway",
        ],
        kind: FailureKind::Other,
        remedy: "check the network connection and the proxy variables",
        retry: true,
    },
    Common {
        contains: &[
            "panic: ",
            "goroutine 1 [running]",
            "segmentation fault",
            "heap out of memory",
        ],
        kind: FailureKind::Crash,
        remedy: "this is a fault of the scanner: try another version of it, and give it more memory",
        retry: false,
    },
];

const COMMON_IMAGE: &[Common] = &[Common {
    contains: &[
        "manifest_unknown",
        "manifest unknown",
        "name_unknown",
        "unable to find the specified image",
        "no such image",
        "repository does not exist",
        "file manifest.json not found in tar",
    ],
    kind: FailureKind::Image,
    remedy: "check the image name and tag, or that the archive is complete",
    retry: false,
}];

/// Names the failure.
pub(super) fn classify(evidence: &Evidence<'_>) -> Classified {
    let manifest = evidence.manifest;
    let see = || format!("read its error output in {}", evidence.stderr_file);
    match evidence.ended {
        Ended::TimedOut => {
            let seconds = evidence.timeout.as_secs_f64();
            return Classified::new(
                FailureKind::Timeout,
                format!("it did not end within {seconds:.0} s and was stopped"),
                "give it more time with --timeout; large images need it",
            );
        }
        Ended::Oversize(what) => {
            return Classified::new(
                FailureKind::Oversize,
                format!("{what} grew beyond the limit, and it was stopped"),
                format!("no image needs that much: {}", see()),
            );
        }
        Ended::Interrupted => return interrupted(),
        Ended::Signalled(signal) => {
            let remedy = if signal == 9 {
                "the system probably ended it for want of memory: give it more, or run fewer at a \
                 time with --jobs"
                    .to_owned()
            } else {
                format!("this is a fault of the scanner: {}", see())
            };
            let last = best_line(evidence.texts[1]).map_or_else(String::new, |l| format!(": {l}"));
            let cause = format!("it died of signal {signal}{last}");
            return Classified::new(FailureKind::Crash, cause, remedy);
        }
        Ended::Exited(_) => {}
    }
    for text in evidence.texts {
        if let Some(classified) = recognise(manifest, text) {
            return classified;
        }
    }
    let code = match evidence.ended {
        Ended::Exited(code) => code,
        _ => 0,
    };
    let said = evidence.texts.iter().find_map(|text| best_line(text));
    let cause = match (&evidence.report, &said) {
        (Some(report), _) => report.clone(),
        (None, Some(said)) => said.clone(),
        (None, None) => format!("it ended with exit code {code} and said nothing"),
    };
    match evidence.meaning {
        ExitMeaning::Clean | ExitMeaning::Findings => Classified::new(
            FailureKind::BadReport,
            cause,
            format!("it ended well without a usable report: {}", see()),
        ),
        ExitMeaning::Authentication => Classified::new(
            FailureKind::Authentication,
            cause,
            manifest
                .login
                .as_ref()
                .map_or_else(|| "log in".to_owned(), |login| login.hint.clone()),
        ),
        ExitMeaning::Unsupported => Classified::new(
            FailureKind::Unsupported,
            cause,
            "it finds nothing in this image that it can assess: leave it out for this image",
        ),
        ExitMeaning::Usage => Classified::new(
            FailureKind::Other,
            cause,
            "it did not understand its arguments: update it, or correct its adapter",
        ),
        ExitMeaning::Failure => Classified::new(FailureKind::Other, cause, see()),
    }
}

/// The failure of a run that was stopped from outside.
pub(super) fn interrupted() -> Classified {
    Classified::new(
        FailureKind::Interrupted,
        "the run was interrupted",
        "run it again",
    )
}

/// The failure that an error output tells of although the exit code promises a result.
pub(super) fn contradiction(manifest: &Manifest, text: &str) -> Option<Classified> {
    let lower = text.to_lowercase();
    manifest
        .failures
        .iter()
        .filter(|pattern| pattern.despite_exit_code)
        .find_map(|pattern| {
            let line = line_with(text, &lower, pattern.contains.iter().map(String::as_str))?;
            Some(Classified {
                retry: pattern.retry,
                ..Classified::new(pattern.kind, line, pattern.remedy.as_str())
            })
        })
}

/// The failure that a text is known for. Texts about images come last: scanners wrap every other
/// error of a registry in one of them.
pub(super) fn recognise(manifest: &Manifest, text: &str) -> Option<Classified> {
    let is_image = |pattern: &&FailurePattern| pattern.kind == FailureKind::Image;
    let lower = text.to_lowercase();
    let own = |image: bool| {
        manifest
            .failures
            .iter()
            .filter(move |pattern| is_image(pattern) == image)
            .find_map(|pattern| {
                let line = line_with(text, &lower, pattern.contains.iter().map(String::as_str))?;
                Some((line, pattern.kind, pattern.remedy.as_str(), pattern.retry))
            })
    };
    let common = |list: &'static [Common]| {
        list.iter().find_map(|pattern| {
            let line = line_with(text, &lower, pattern.contains.iter().copied())?;
            Some((line, pattern.kind, pattern.remedy, pattern.retry))
        })
    };
    let (line, kind, remedy, retry) = own(false)
        .or_else(|| common(COMMON))
        .or_else(|| own(true))
        .or_else(|| common(COMMON_IMAGE))?;
    Some(Classified {
        retry,
        ..Classified::new(kind, line, remedy)
    })
}

/// The last line that holds one of the patterns, in any case.
fn line_with<'t>(
    text: &'t str,
    lower: &str,
    mut patterns: impl Iterator<Item = &'t str>,
) -> Option<&'t str> {
    patterns.find_map(|pattern| {
        let pattern = pattern.to_lowercase();
        if !lower.contains(&pattern) {
            return None;
        }
        text.lines()
            .rev()
            .find(|line| line.to_lowercase().contains(&pattern))
    })
}

/// The line of an error output that says most: the last that calls itself an error, or the last.
fn best_line(text: &str) -> Option<String> {
    let lines = || text.lines().rev().filter(|line| !line.trim().is_empty());
    let is_error = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("error") || line.contains("fatal")
    };
    lines()
        .find(is_error)
        .or_else(|| lines().next())
        .map(one_line)
}

/// One line for a person: no colours, no control characters, runs of blanks as one, at most
/// [`MAX_CAUSE`] characters.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A control sequence: `ESC [`, parameters, a letter (ECMA-48 §5.4).
            if chars.next_if_eq(&'[').is_some() {
                while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                chars.next();
            }
            continue;
        }
        let c = if c.is_control() || c.is_whitespace() {
            ' '
        } else {
            c
        };
        if c == ' ' && out.ends_with(' ') {
            continue;
        }
        if length == MAX_CAUSE {
            out.push('…');
            break;
        }
        out.push(c);
        length += 1;
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScannerId;
    use crate::scanners::Adapters;

    fn class(scanner: &str, ended: Ended, texts: [&str; 3]) -> Classified {
        let adapters = Adapters::load(None).unwrap();
        let manifest = adapters.get(&ScannerId::new(scanner)).unwrap();
        let meaning = match ended {
            Ended::Exited(code) => manifest.exit_meaning(code),
            _ => ExitMeaning::Failure,
        };
        classify(&Evidence {
            manifest,
            ended,
            meaning,
            timeout: Duration::from_secs(60),
            texts,
            report: None,
            stderr_file: "raw/x.stderr",
        })
    }

    #[test]
    fn known_words_of_each_scanner_name_the_failure() {
        use FailureKind::{Authentication, Database, Image, NotInstalled, Other, RateLimit};
        for (scanner, text, kind) in [
            (
                "trivy",
                "2026-01-01\tFATAL\tFatal error\tunable to find the specified image: remote error: UNAUTHORIZED: authentication required",
                Authentication,
            ),
            (
                "trivy",
                "FATAL\tunable to find the specified image \"x\" in [\"remote\"]: MANIFEST_UNKNOWN",
                Image,
            ),
            (
                "trivy",
                "FATAL\t--skip-db-update cannot be specified on the first run",
                Database,
            ),
            (
                "trivy",
                "FATAL\tcache may be in use by another process: timeout",
                Other,
            ),
            (
                "grype",
                "[0000] ERROR failed to load vulnerability db: the vulnerability database was built 9 days ago (max allowed age is 5 days)",
                Database,
            ),
            (
                "grype",
                "an error occurred attempting to resolve 'x': TOOMANYREQUESTS: limit",
                RateLimit,
            ),
            (
                "snyk",
                "MissingApiTokenError: `snyk` requires an authenticated account. Please run `snyk auth`",
                Authentication,
            ),
            (
                "docker-scout",
                "Log in with your Docker ID or email address to use docker scout.",
                Authentication,
            ),
            (
                "docker-scout",
                "docker: 'scout' is not a docker command.",
                NotInstalled,
            ),
            (
                "osv-scanner",
                "Failed to scan: not a tagged image name",
                Image,
            ),
        ] {
            let classified = class(scanner, Ended::Exited(2), ["", text, ""]);
            assert_eq!(classified.failure.kind, kind, "{scanner}: {text}");
            assert!(!classified.failure.remedy.is_empty());
        }
    }

    #[test]
    fn only_failures_that_pass_are_tried_again() {
        let retry = |text| class("trivy", Ended::Exited(1), ["", text, ""]).retry;
        assert!(retry("TOOMANYREQUESTS"));
        assert!(retry("dial tcp: lookup ghcr.io: no such host"));
        assert!(retry("cache may be in use by another process"));
        assert!(!retry("UNAUTHORIZED"));
        assert!(!retry("something else"));
        assert!(!class("trivy", Ended::TimedOut, ["", "TOOMANYREQUESTS", ""]).retry);
    }

    #[test]
    fn the_exit_code_speaks_where_the_text_is_unknown() {
        let kind = |code| {
            class("snyk", Ended::Exited(code), ["", "hm", ""])
                .failure
                .kind
        };
        assert_eq!(kind(77), FailureKind::Authentication);
        assert_eq!(kind(3), FailureKind::Unsupported);
        assert_eq!(kind(2), FailureKind::Other);
        assert_eq!(kind(0), FailureKind::BadReport);
        assert_eq!(kind(99), FailureKind::Other);
    }

    #[test]
    fn the_scanners_own_error_document_weighs_most() {
        let classified = class(
            "snyk",
            Ended::Exited(2),
            ["connect ECONNREFUSED 127.0.0.1:443", "Unauthorized", ""],
        );
        assert_eq!(classified.failure.kind, FailureKind::Other);
        assert!(classified.failure.cause.contains("ECONNREFUSED"));
    }

    #[test]
    fn a_cause_is_one_clean_line() {
        let text = "\u{1b}[31mERROR\u{1b}[0m  first\u{7}\nFATAL the cause\u{1b}]0;x\nUsage:\n";
        assert_eq!(best_line(text).unwrap(), "FATAL the cause]0;x");
        assert_eq!(
            one_line("\u{1b}[31mERROR\u{1b}[0m  first\nsecond"),
            "ERROR first second"
        );
        assert_eq!(one_line(&"x".repeat(1000)).chars().count(), MAX_CAUSE + 1);
    }

    #[test]
    fn a_kill_from_outside_points_to_memory() {
        let classified = class("trivy", Ended::Signalled(9), ["", "", ""]);
        assert_eq!(classified.failure.kind, FailureKind::Crash);
        assert!(classified.failure.remedy.contains("memory"));
    }
}
