//! One child process and everything that it starts: a group with limits and a certain end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use super::files::create_private;
use super::interrupt::{Interrupt, Urgency};

/// How often the size of the output file and the memory are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How long output is still read after the end of the group. Only a process that left the group
/// and kept the pipe can make us wait for it.
const DRAIN: Duration = Duration::from_secs(2);

/// What to run.
pub(super) struct Invocation<'a> {
    pub(super) program: &'a Path,
    pub(super) args: &'a [OsString],
    pub(super) directory: &'a Path,
    pub(super) variables: &'a BTreeMap<String, OsString>,
    /// File for standard output.
    pub(super) stdout: &'a Path,
    /// File for standard error.
    pub(super) stderr: &'a Path,
    /// File that the program writes itself, watched for its size.
    pub(super) output: Option<&'a Path>,
    /// Most bytes of the report, be it a file or standard output.
    pub(super) max_report: u64,
    /// Most bytes of standard error.
    pub(super) max_stderr: u64,
    /// When to stop it.
    pub(super) deadline: Instant,
    /// Time between SIGTERM and SIGKILL.
    pub(super) grace: Duration,
}

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that we did not send.
    Signalled(i32),
    /// Stopped at the deadline.
    TimedOut,
    /// Stopped for writing too much: the report, or the error output.
    Oversize(&'static str),
    /// Stopped because the run was interrupted.
    Interrupted,
}

/// The end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) ended: Ended,
    /// Largest sum of resident memory over the group that was seen, in bytes; sampled four times
    /// a second, and `None` where the system does not tell.
    pub(super) peak_memory: Option<u64>,
}

/// Runs a program to its end. When this returns, or is dropped, nothing of its group is left.
///
/// # Errors
/// The program cannot be started, or a file for its output cannot be written.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    interrupt: &mut Interrupt,
) -> io::Result<Ending> {
    let stdout_file = tokio::fs::File::from_std(create_private(invocation.stdout)?);
    let stderr_file = tokio::fs::File::from_std(create_private(invocation.stderr)?);
    let mut command = CommandWrap::with_new(invocation.program, |command| {
        command
            .args(invocation.args)
            .env_clear()
            .envs(invocation.variables)
            .current_dir(invocation.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    });
    command.wrap(ProcessGroup::leader());
    let mut group = Group::new(command.spawn()?);
    let stdout = group.child.stdout().take();
    let stderr = group.child.stderr().take();

    let copies = async {
        tokio::try_join!(
            copy(stdout, stdout_file, invocation.max_report, "the report"),
            copy(
                stderr,
                stderr_file,
                invocation.max_stderr,
                "the error output"
            ),
        )
        .map(|_| ())
    };
    tokio::pin!(copies);
    let mut copying = true;
    let mut peak_memory = None;
    let deadline = tokio::time::sleep_until(invocation.deadline.into());
    tokio::pin!(deadline);

    let stopped = loop {
        tokio::select! {
            // Of several things at once the first in this list is the truth.
            biased;
            status = group.leader() => break Ok(status?),
            () = interrupt.at_least(Urgency::Terminate) => break Err(Ended::Interrupted),
            () = &mut deadline => break Err(Ended::TimedOut),
            end = &mut copies, if copying => {
                copying = false;
                match end {
                    Ok(()) => {}
                    Err(Stop::TooMuch(what)) => break Err(Ended::Oversize(what)),
                    Err(Stop::Broken(error)) => {
                        group.end(Duration::ZERO, interrupt).await?;
                        return Err(error);
                    }
                }
            }
            () = sleep(TICK) => {
                peak_memory = peak_memory.max(group.memory());
                if is_larger(invocation.output, invocation.max_report) {
                    break Err(Ended::Oversize("the report"));
                }
            }
        }
    };
    let ended = match stopped {
        Ok(status) => {
            // What it started and left behind must not outlive it.
            group.end(Duration::ZERO, interrupt).await?;
            let mut ended = ended(status);
            if copying {
                match timeout(DRAIN, &mut copies).await {
                    Ok(Err(Stop::TooMuch(what))) => ended = Ended::Oversize(what),
                    Ok(Err(Stop::Broken(error))) => return Err(error),
                    Ok(Ok(())) | Err(_) => {}
                }
            }
            if is_larger(invocation.output, invocation.max_report) {
                ended = Ended::Oversize("the report");
            }
            ended
        }
        Err(reason) => {
            let last_words = async {
                if copying {
                    // It may be blocked in a write; what it says while it ends is worth having.
                    let _ = (&mut copies).await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                end = group.end(invocation.grace, interrupt) => end?,
                () = last_words => {}
            }
            reason
        }
    };
    Ok(Ending { ended, peak_memory })
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or_default()),
    }
}

fn is_larger(path: Option<&Path>, max: u64) -> bool {
    path.and_then(|path| path.metadata().ok())
        .is_some_and(|metadata| metadata.len() > max)
}

/// Why copying ended before the end of the output.
enum Stop {
    TooMuch(&'static str),
    Broken(io::Error),
}

/// Copies output to a file as it comes, up to `max` bytes.
async fn copy(
    from: Option<impl AsyncRead + Unpin>,
    mut to: tokio::fs::File,
    max: u64,
    what: &'static str,
) -> Result<(), Stop> {
    let Some(mut from) = from else {
        return Ok(());
    };
    let mut left = max;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut buffer).await.map_err(Stop::Broken)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return to.flush().await.map_err(Stop::Broken);
        }
        let Some(rest) = left.checked_sub(bytes.len() as u64) else {
            let kept = bytes
                .get(..usize::try_from(left).unwrap_or_default())
                .unwrap_or_default();
            to.write_all(kept).await.map_err(Stop::Broken)?;
            to.flush().await.map_err(Stop::Broken)?;
            return Err(Stop::TooMuch(what));
        };
        to.write_all(bytes).await.map_err(Stop::Broken)?;
        left = rest;
    }
}

/// A process group that is led by our child.
struct Group {
    child: Box<dyn ChildWrapper>,
    /// The group's id. It stays taken as long as any member lives, and until the child is reaped.
    id: Option<Pid>,
    /// True once nothing of it is left.
    over: bool,
}

impl Group {
    fn new(child: Box<dyn ChildWrapper>) -> Self {
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw);
        Self {
            child,
            id,
            over: false,
        }
    }

    /// Sends a signal to every member; an empty group is fine.
    fn signal(&self, signal: Signal) -> io::Result<()> {
        match self.id.map(|id| killpg(id, signal)) {
            // macOS says EPERM for a group of which only zombies are left.
            None | Some(Ok(()) | Err(Errno::ESRCH | Errno::EPERM)) => Ok(()),
            Some(Err(errno)) => Err(errno.into()),
        }
    }

    /// Waits for the leader alone. The wrapper's own wait is for the whole group: where orphans
    /// become our children (as process 1 of a container), it would wait for a grandchild too.
    async fn leader(&mut self) -> io::Result<ExitStatus> {
        self.child.inner_mut().wait().await
    }

    /// Ends the group: SIGTERM, the grace period, SIGKILL. A second interrupt cuts the grace short.
    async fn end(&mut self, grace: Duration, interrupt: &mut Interrupt) -> io::Result<()> {
        if !grace.is_zero() {
            self.signal(Signal::SIGTERM)?;
            tokio::select! {
                _ = self.leader() => {}
                () = sleep(grace) => {}
                () = interrupt.at_least(Urgency::Kill) => {}
            }
        }
        // When the leader is reaped already and the group is empty, its id could in theory belong
        // to a new group by now. Ids are given out in turn, so that takes thousands of new
        // processes between two lines.
        self.signal(Signal::SIGKILL)?;
        self.child.wait().await?;
        self.over = true;
        Ok(())
    }

    /// Resident memory of all members, in bytes.
    fn memory(&self) -> Option<u64> {
        self.id.and_then(|id| resident_memory(id.as_raw()))
    }
}

impl Drop for Group {
    /// The last resort, for a panic or a future that is dropped: the wrapper's own kill-on-drop
    /// would leave grandchildren.
    fn drop(&mut self) {
        if !self.over {
            // Nobody is left to tell about an error.
            let _ = self.signal(Signal::SIGKILL);
        }
    }
}

/// Resident memory of the processes of a group, from `/proc`; `None` where there is none.
fn resident_memory(group: i32) -> Option<u64> {
    let mut sum = None;
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let path = entry.path();
        let is_process = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()));
        if !is_process || process_group(&path) != Some(group) {
            continue;
        }
        let kilobytes: Option<u64> =
            std::fs::read_to_string(path.join("status"))
                .ok()
                .and_then(|status| {
                    let line = status
                        .lines()
                        .find_map(|line| line.strip_prefix("VmRSS:"))?;
                    line.split_whitespace().next()?.parse().ok()
                });
        if let Some(kilobytes) = kilobytes {
            sum = Some(sum.unwrap_or(0) + kilobytes * 1024);
        }
    }
    sum
}

/// The process group in a `/proc/PID/stat` line, its fifth field (proc_pid_stat(5)). The second
/// is the program's name in parentheses and can hold anything.
fn process_group(process: &Path) -> Option<i32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(2)?.parse().ok()
}
