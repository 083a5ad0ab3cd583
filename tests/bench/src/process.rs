//! A command as a whole process: wall-clock time, and the peak of its memory.

use std::{
    ffi::OsStr,
    fmt, io,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// What one run of a command took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From start to end.
    pub(crate) wall: Duration,
    /// The most memory it had, in MiB; 0 where the system does not tell.
    peak: u64,
}

/// What a command took in several runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// From start to end, the median.
    pub(crate) wall: Duration,
    /// From start to end, the fastest: what else the machine does only adds.
    pub(crate) best: Duration,
    /// The most memory it had, in MiB, the median.
    peak: u64,
}

impl Measured {
    /// The figures of some runs.
    pub(crate) fn of(runs: &[Run]) -> Self {
        let walls: Vec<Duration> = runs.iter().map(|run| run.wall).collect();
        Self {
            wall: median(walls.clone()),
            best: walls.into_iter().min().unwrap_or_default(),
            peak: median(runs.iter().map(|run| run.peak).collect()),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:.3} s, {} MiB",
            self.wall.as_secs_f64(),
            self.peak
        )
    }
}

/// The one in the middle.
pub(crate) fn median<T: Copy + Default + Ord>(mut figures: Vec<T>) -> T {
    figures.sort();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// Runs a command once to warm up, and then several times.
///
/// # Errors
/// Where it cannot be started.
pub(crate) fn measure(runs: usize, run: impl Fn() -> io::Result<Run>) -> io::Result<Measured> {
    run()?;
    let runs: io::Result<Vec<Run>> = (0..runs).map(|_| run()).collect();
    Ok(Measured::of(&runs?))
}

/// Runs a command once. Its exit code does not matter.
///
/// # Errors
/// Where it cannot be started.
pub(crate) fn run(binary: &Path, words: &[&OsStr]) -> io::Result<Run> {
    let start = Instant::now();
    let mut child = Command::new(binary)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (process, has_ended) = (child.id(), AtomicBool::new(false));
    let (wall, peak) = std::thread::scope(|scope| {
        let peak = scope.spawn(|| watch(process, &has_ended));
        // Nothing stands between the end and the clock.
        let ended = child.wait().map(|_| start.elapsed());
        has_ended.store(true, Ordering::Relaxed);
        (ended, peak.join().unwrap_or(0))
    });
    Ok(Run { wall: wall?, peak })
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
