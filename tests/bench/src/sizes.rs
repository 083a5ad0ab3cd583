//! The time a workload at several sizes: whether it stays the same.
//!
//! A small size takes a few milliseconds, of which half is the start, and a large one seconds, while the
//! speed of a shared machine changes between them. So each size is run until it has done as many
//! workloads as the largest, and all meet the same machine; of several rounds the middle one counts.

use std::{fmt, io, time::Duration};

use crate::turns::median;

/// How often the sizes are gone through.
const ROUNDS: usize = 5;

/// How many workloads.
const SIZES: [usize; 3] = [500, 5_000, 50_000];

/// How many workloads each size does in a round.
const DONE: usize = 50_000;

/// How often the start is measured in a round: it is taken off every run.
const STARTS: usize = 30;

/// The time a workload at each size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EachSize {
    /// What no workload takes.
    start: Duration,
    /// In microseconds, in the order of the sizes.
    each: [f64; SIZES.len()],
}

impl EachSize {
    /// How far the slowest is above the fastest, in percent.
    fn apart(self) -> f64 {
        let fastest = self.each.iter().copied().fold(f64::INFINITY, f64::min);
        let slowest = self.each.iter().copied().fold(0.0, f64::max);
        (slowest / fastest - 1.0) * 100.0
    }
}

impl fmt::Display for EachSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "time a workload without the start ({:.1} ms): ",
            self.start.as_secs_f64() * 1e3
        )?;
        for (count, each) in SIZES.iter().zip(self.each) {
            write!(formatter, "{each:.1} µs at {count}, ")?;
        }
        write!(formatter, "{:.0} % apart; bound 25 %", self.apart())
    }
}

/// Runs a command for each size, and for none.
///
/// # Errors
/// Where it cannot be started.
pub(crate) fn measure(command: impl Fn(usize) -> io::Result<Duration>) -> io::Result<EachSize> {
    let mean = |count, times| {
        let runs: io::Result<Duration> = (0..times).map(|_| command(count)).sum();
        runs.map(|all| all.as_secs_f64() / times as f64)
    };
    let mut starts = Vec::new();
    let mut each = [const { Vec::new() }; SIZES.len()];
    for _ in 0..ROUNDS {
        let start = mean(0, STARTS)?;
        for (each, count) in each.iter_mut().zip(SIZES) {
            let taken = mean(count, DONE / count)? - start;
            each.push(Duration::from_secs_f64(taken.max(0.0) / count as f64));
        }
        starts.push(Duration::from_secs_f64(start));
    }
    Ok(EachSize {
        start: median(starts),
        each: each.map(|each| median(each).as_secs_f64() * 1e6),
    })
}
