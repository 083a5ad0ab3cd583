//! What reading YAML costs: the file from disk, its documents to JSON on all cores, and dropped.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use portcullis_yaml::{Limits, Mode, RawDocument, YamlError};
use rayon::prelude::*;

/// Reading, each the median of several runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// To JSON.
    pub(crate) plain: Duration,
    /// To JSON and the place of every node.
    pub(crate) with_spans: Duration,
    /// The size of the file.
    bytes: f64,
}

impl Reading {
    /// How many MB a second that is.
    pub(crate) fn rate(self, taken: Duration) -> f64 {
        self.bytes / 1e6 / taken.as_secs_f64()
    }
}

/// Reads a file several times.
///
/// # Errors
/// Where the file cannot be read, or is no YAML.
pub(crate) fn measure(file: &Path, runs: usize) -> io::Result<Reading> {
    let limits = Limits::default();
    Ok(Reading {
        plain: median(file, runs, |document| {
            document.read(Mode::Lenient, &limits).map(drop)
        })?,
        with_spans: median(file, runs, |document| {
            document.read_document(Mode::Lenient, &limits).map(drop)
        })?,
        bytes: std::fs::metadata(file)?.len() as f64,
    })
}

fn median(
    file: &Path,
    runs: usize,
    read: impl Fn(&RawDocument<'_>) -> Result<(), YamlError> + Sync,
) -> io::Result<Duration> {
    let mut walls = Vec::new();
    for run in 0..=runs {
        let start = Instant::now();
        let text = std::fs::read_to_string(file)?;
        let documents: Vec<RawDocument<'_>> = portcullis_yaml::documents(&text).collect();
        documents
            .par_iter()
            .try_for_each(&read)
            .map_err(|error| io::Error::other(error.to_string()))?;
        // The first warms up.
        walls.extend((run > 0).then(|| start.elapsed()));
    }
    walls.sort();
    Ok(walls.get(runs / 2).copied().unwrap_or_default())
}
