//! What a person sees while the scanners run: one line a scanner on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::common::{say, stderr_is_terminal};
use crate::model::{Outcome, ScannerId};
use crate::report::escape;
use crate::scanners::Event;

/// The progress display.
pub(super) struct Progress {
    kind: Kind,
}

enum Kind {
    Quiet,
    Lines,
    Bars {
        all: MultiProgress,
        each: Mutex<HashMap<ScannerId, ProgressBar>>,
    },
}

impl Progress {
    /// A display for standard error; none when `quiet`.
    pub(super) fn new(quiet: bool) -> Self {
        let kind = if quiet {
            Kind::Quiet
        } else if stderr_is_terminal() {
            Kind::Bars {
                all: MultiProgress::new(),
                each: Mutex::default(),
            }
        } else {
            Kind::Lines
        };
        Self { kind }
    }

    /// Shows an event.
    pub(super) fn show(&self, event: &Event) {
        match &self.kind {
            Kind::Quiet => {}
            Kind::Lines => {
                say(&describe(event));
            }
            Kind::Bars { all, each } => {
                let (Event::Started { scanner, title } | Event::Finished { scanner, title, .. }) =
                    event
                else {
                    return;
                };
                let mut each = each.lock().unwrap_or_else(PoisonError::into_inner);
                let bar = each.entry(scanner.clone()).or_insert_with(|| {
                    let bar = all.add(ProgressBar::new_spinner());
                    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                        bar.set_style(style);
                    }
                    bar.enable_steady_tick(Duration::from_millis(200));
                    bar
                });
                bar.set_message(escape::terminal(title).into_owned());
                if matches!(event, Event::Finished { .. }) {
                    bar.finish_and_clear();
                    // Lines that stay are printed above the bars that still move.
                    let _ = all.println(escape::terminal(&describe(event)));
                }
            }
        }
    }

    /// Removes what still moves.
    pub(super) fn finish(&self) {
        if let Kind::Bars { all, .. } = &self.kind {
            let _ = all.clear();
        }
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Started { title, .. } => format!("{title}: started"),
        Event::Retrying {
            scanner,
            cause,
            after,
        } => {
            format!("{scanner}: {cause}; trying again in {} s", after.as_secs())
        }
        Event::Finished {
            title,
            outcome,
            elapsed,
            ..
        } => {
            let seconds = elapsed.as_secs_f64();
            match outcome {
                Outcome::Completed => format!("{title}: done after {seconds:.1} s"),
                Outcome::Partial { missing } => {
                    format!("{title}: done after {seconds:.1} s, without {missing}")
                }
                Outcome::Failed(failure) => {
                    format!(
                        "{title}: failed after {seconds:.1} s ({}): {}",
                        failure.kind, failure.cause
                    )
                }
            }
        }
    }
}
