//! A command as a whole process: wall-clock time, and the peak of its memory.
//!
//! The two are taken in runs of their own: whoever looks at the memory takes time from the command
//! where it keeps all cores busy.

use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::turns::{self, Taken};

/// A program and its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    binary: PathBuf,
    words: Vec<OsString>,
}

/// What a command took in several runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// From start to end.
    pub(crate) wall: Taken,
    /// The most memory it had, in MiB; 0 where the system does not tell.
    pub(crate) peak: u64,
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:.3} s, {} MiB",
            self.wall.middle.as_secs_f64(),
            self.peak
        )
    }
}

impl Invocation {
    /// The program with these arguments.
    pub(crate) fn new(binary: &Path, words: &[&OsStr]) -> Invocation {
        Invocation {
            binary: binary.to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    /// Runs it once for its memory, and then several times for how long it takes.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(crate) fn measure(&self, runs: usize) -> io::Result<Measured> {
        let peak = self.peak()?;
        let [wall] = turns::take(runs, [&mut || self.time()])?;
        Ok(Measured { wall, peak })
    }

    /// Runs it once: how long it takes from start to end. Its exit code does not matter.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(crate) fn time(&self) -> io::Result<Duration> {
        let start = Instant::now();
        self.spawn()?.wait()?;
        Ok(start.elapsed())
    }

    /// Runs it once: the most memory it has, in MiB.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(crate) fn peak(&self) -> io::Result<u64> {
        let mut child = self.spawn()?;
        let (process, has_ended) = (child.id(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let peak = scope.spawn(|| watch(process, &has_ended));
            let ended = child.wait();
            has_ended.store(true, Ordering::Relaxed);
            ended.map(|_| peak.join().unwrap_or(0))
        })
    }

    fn spawn(&self) -> io::Result<Child> {
        Command::new(&self.binary)
            .args(&self.words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// Reads the peak of a process's memory every few milliseconds until it has ended.
fn watch(process: u32, has_ended: &AtomicBool) -> u64 {
    let status = format!("/proc/{process}/status");
    let mut peak = 0;
    while !has_ended.load(Ordering::Relaxed) {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}
