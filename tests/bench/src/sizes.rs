//! The time a workload at several sizes: whether it stays the same.
//!
//! A small size takes a few milliseconds, of which half is the start, so a single hiccup of the
//! machine shows in it most. Every size is run in turn, the small ones more often, and the fastest
//! run of each counts.

use std::{fmt, io, time::Duration};

/// How often the sizes are gone through.
const ROUNDS: usize = 5;

/// How many workloads, and how often they are run each time.
const SIZES: [(usize, usize); 3] = [(500, 10), (5_000, 4), (50_000, 1)];

/// The start is taken off every size, so it is measured as well as the smallest.
const STARTS: usize = 10;

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
        for ((count, _), each) in SIZES.iter().zip(self.each) {
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
    let mut start = Duration::MAX;
    let mut best = [Duration::MAX; SIZES.len()];
    let fastest = |best: &mut Duration, count, times| {
        for _ in 0..times {
            *best = command(count)?.min(*best);
        }
        Ok::<_, io::Error>(())
    };
    for _ in 0..ROUNDS {
        fastest(&mut start, 0, STARTS)?;
        for (best, (count, times)) in best.iter_mut().zip(SIZES) {
            fastest(best, count, times)?;
        }
    }
    let mut each = [0.0; SIZES.len()];
    for ((each, best), (count, _)) in each.iter_mut().zip(best).zip(SIZES) {
        *each = best.saturating_sub(start).as_secs_f64() * 1e6 / count as f64;
    }
    Ok(EachSize { start, each })
}
