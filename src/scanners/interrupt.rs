//! Stopping a run from outside: Ctrl-C, SIGTERM, or another part of the program.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How urgently to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Go on.
    #[default]
    None,
    /// Ask the scanners to end, and end them after a grace period.
    Terminate,
    /// End them at once.
    Kill,
}

/// The side that stops a run.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<Urgency>);

/// The side that a run listens to.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<Urgency>);

impl Interrupter {
    /// A pair of both sides.
    pub fn new() -> (Self, Interrupt) {
        let (sender, receiver) = watch::channel(Urgency::None);
        (Self(sender), Interrupt(receiver))
    }

    /// Stops the run: politely the first time, at once the second.
    pub fn interrupt(&self) {
        self.0.send_modify(|urgency| {
            *urgency = match urgency {
                Urgency::None => Urgency::Terminate,
                Urgency::Terminate | Urgency::Kill => Urgency::Kill,
            };
        });
    }
}

impl Interrupt {
    /// One that never comes.
    pub fn never() -> Self {
        Interrupter::new().1
    }

    /// One that comes with SIGINT, SIGTERM or SIGHUP. Scanners run in process groups of their own,
    /// so that the terminal's Ctrl-C reaches only this process, and this is how they learn of it.
    ///
    /// # Errors
    /// The operating system refuses a handler. Must be called inside a tokio runtime.
    pub fn on_signals() -> io::Result<Self> {
        let (interrupter, interrupt) = Interrupter::new();
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = int.recv() => {}
                    _ = term.recv() => {}
                    _ = hangup.recv() => {}
                    // Nobody listens any more: the run is over.
                    () = interrupter.0.closed() => return,
                }
                interrupter.interrupt();
            }
        });
        Ok(interrupt)
    }

    /// True when the run is to stop.
    pub fn is_set(&self) -> bool {
        *self.0.borrow() > Urgency::None
    }

    /// Waits until the run is to stop. Cancel-safe.
    pub async fn comes(&mut self) {
        self.at_least(Urgency::Terminate).await;
    }

    /// Waits until the run is to stop this urgently. Cancel-safe.
    pub(super) async fn at_least(&mut self, urgency: Urgency) {
        if self.0.wait_for(|now| *now >= urgency).await.is_err() {
            // The other side is gone without a word: it never comes.
            std::future::pending::<()>().await;
        }
    }
}
