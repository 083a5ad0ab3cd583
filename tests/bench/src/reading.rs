//! What reading YAML costs: the file from disk, its documents to JSON on all cores, and dropped.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use portcullis_yaml::{Limits, Mode, RawDocument, YamlError};
use rayon::prelude::*;

use crate::process::{Measured, Run, median};

/// Reading, and a command that reads the same file, in turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    /// The command.
    pub(crate) command: Measured,
    /// To JSON, the median.
    pub(crate) plain: Duration,
    /// To JSON, the fastest.
    pub(crate) best: Duration,
    /// To JSON and the place of every node, the median.
    pub(crate) with_spans: Duration,
    /// The size of the file.
    bytes: f64,
}

impl Beside {
    /// How many MB a second that is.
    pub(crate) fn rate(self, taken: Duration) -> f64 {
        self.bytes / 1e6 / taken.as_secs_f64()
    }

    /// How many times as long the command takes: in the middle, and at its best.
    pub(crate) fn ratios(self) -> (f64, f64) {
        let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        (
            ratio(self.command.wall, self.plain),
            ratio(self.command.best, self.best),
        )
    }
}

/// Runs a command and reads its file in turn, so that both meet the same load of the machine.
///
/// # Errors
/// Where the file cannot be read, or is no YAML, or the command cannot be started.
pub(crate) fn measure_beside(
    file: &Path,
    rounds: usize,
    command: impl Fn() -> io::Result<Run>,
) -> io::Result<Beside> {
    let limits = Limits::default();
    let (mut runs, mut plain, mut with_spans) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let run = command()?;
        let without = read(file, |document| {
            document.read(Mode::Lenient, &limits).map(drop)
        })?;
        let with = read(file, |document| {
            document.read_document(Mode::Lenient, &limits).map(drop)
        })?;
        // The first warms up.
        if round > 0 {
            runs.push(run);
            plain.push(without);
            with_spans.push(with);
        }
    }
    Ok(Beside {
        command: Measured::of(&runs),
        best: plain.iter().min().copied().unwrap_or_default(),
        plain: median(plain),
        with_spans: median(with_spans),
        bytes: std::fs::metadata(file)?.len() as f64,
    })
}

fn read(
    file: &Path,
    read: impl Fn(&RawDocument<'_>) -> Result<(), YamlError> + Sync,
) -> io::Result<Duration> {
    let start = Instant::now();
    let text = std::fs::read_to_string(file)?;
    let documents: Vec<RawDocument<'_>> = portcullis_yaml::documents(&text).collect();
    documents
        .par_iter()
        .try_for_each(&read)
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(start.elapsed())
}
