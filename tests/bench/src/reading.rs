//! What reading YAML costs: the file from disk, its documents to JSON on all cores, and dropped.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use portcullis_yaml::{Limits, Mode, RawDocument};
use rayon::prelude::*;

/// The median of several runs.
///
/// # Errors
/// Where the file cannot be read, or is no YAML.
pub(crate) fn measure(file: &Path, runs: usize) -> io::Result<Duration> {
    let mut walls = Vec::new();
    for _ in 0..=runs {
        let start = Instant::now();
        let text = std::fs::read_to_string(file)?;
        let documents: Vec<RawDocument<'_>> = portcullis_yaml::documents(&text).collect();
        documents.par_iter().try_for_each(|document| {
            let read = document.read(Mode::Lenient, &Limits::default());
            read.map(drop)
                .map_err(|error| io::Error::other(error.to_string()))
        })?;
        walls.push(start.elapsed());
    }
    walls.sort();
    Ok(walls.get(runs / 2).copied().unwrap_or_default())
}
