//! Things that take turns, so that all meet the same load of the machine.

use std::{io, time::Duration};

/// What something took in several runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// The median.
    pub(crate) middle: Duration,
    /// The fastest: what else the machine does only adds.
    pub(crate) best: Duration,
}

impl Taken {
    fn of(runs: Vec<Duration>) -> Taken {
        Taken {
            best: runs.iter().min().copied().unwrap_or_default(),
            middle: median(runs),
        }
    }

    /// How many times as long as another it is: in the middle, and at the best of both.
    pub(crate) fn ratios(self, other: Taken) -> (f64, f64) {
        let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        (
            ratio(self.middle, other.middle),
            ratio(self.best, other.best),
        )
    }
}

/// The one in the middle.
pub(crate) fn median(mut runs: Vec<Duration>) -> Duration {
    runs.sort();
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

/// Runs each in turn, so many rounds and one before them to warm up.
///
/// # Errors
/// The first that one of them gives.
pub(crate) fn take<const N: usize>(
    rounds: usize,
    mut things: [&mut dyn FnMut() -> io::Result<Duration>; N],
) -> io::Result<[Taken; N]> {
    let mut runs = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (thing, runs) in things.iter_mut().zip(&mut runs) {
            let taken = thing()?;
            if round > 0 {
                runs.push(taken);
            }
        }
    }
    Ok(runs.map(Taken::of))
}
