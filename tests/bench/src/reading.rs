//! What reading YAML costs: the file from disk, its documents to JSON on all cores, and dropped.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use portcullis_yaml::{Limits, Mode, RawDocument, YamlError};
use rayon::prelude::*;

/// To JSON.
///
/// # Errors
/// Where the file cannot be read, or is no YAML.
pub(crate) fn plain(file: &Path) -> io::Result<Duration> {
    read(file, |document| {
        document.read(Mode::Lenient, &Limits::default()).map(drop)
    })
}

/// To JSON and the place of every node.
///
/// # Errors
/// As [`plain`].
pub(crate) fn with_places(file: &Path) -> io::Result<Duration> {
    read(file, |document| {
        let read = document.read_document(Mode::Lenient, &Limits::default());
        read.map(drop)
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
