//! A command as a whole process: wall-clock time, and the peak of its memory.

use std::{
    ffi::OsStr,
    fmt, io,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// What a command took, each the median of several runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// From start to end.
    pub(crate) wall: Duration,
    /// The most memory it had, in MiB; 0 where the system does not tell.
    peak: u64,
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

/// Runs a command once to warm up, and then several times. Its exit code does not matter.
///
/// # Errors
/// Where it cannot be started.
pub(crate) fn measure(binary: &Path, words: &[&OsStr], runs: usize) -> io::Result<Measured> {
    let mut walls = Vec::new();
    let mut peaks = Vec::new();
    for run in 0..=runs {
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
        if run > 0 {
            walls.push(wall?);
            peaks.push(peak);
        }
    }
    walls.sort();
    peaks.sort_unstable();
    Ok(Measured {
        wall: walls.get(runs / 2).copied().unwrap_or_default(),
        peak: peaks.get(runs / 2).copied().unwrap_or_default(),
    })
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
