//! What can be evaluated without a cluster: policies, manifests and values from files.
//!
//! This is the model of Kyverno's `apply` and `test`: an object without a namespace is in
//! `default`, the request creates it, and what a policy asks of the world is answered from files.

pub mod companions;
mod image_verification;
pub mod objects;
pub mod payloads;
pub mod places;
pub mod policies;
pub mod requests;
pub mod source;
pub mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    diagnostic::{Diagnostic, SourceFile},
    files,
};

/// Texts that stand in for files, such as a rendered policy for its template.
pub type Overrides = BTreeMap<PathBuf, String>;

/// The text of a file, or what stands in for it.
///
/// # Errors
/// Where the file cannot be read or is not UTF-8.
pub fn read(path: &Path, overrides: &Overrides) -> Result<SourceFile, Diagnostic> {
    match overrides.get(path) {
        Some(text) => Ok(SourceFile::new(
            shown(path),
            Arc::<str>::from(text.as_str()),
        )),
        None => files::read_text(path, &shown(path)),
    }
}

/// What people know standard input by.
pub const STANDARD_INPUT: &str = "standard input";

/// A path as people know it: from the folder that the command was started in, where it is below.
#[must_use]
pub fn shown(path: &Path) -> PathBuf {
    if path == Path::new("-") {
        return PathBuf::from(STANDARD_INPUT);
    }
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// The YAML files in a file or folder, sorted; files and folders whose name starts with `.` are
/// left out, and each folder is taken in once, however many links lead to it.
///
/// # Errors
/// Where the path does not exist or a folder cannot be read.
pub fn yaml_files(path: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let unreadable = |error: std::io::Error| Diagnostic::unreadable(&shown(path), &error);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    collect(path, &mut BTreeSet::new(), &mut files)?;
    Ok(files)
}

/// Takes in a folder that is not among those entered.
fn collect(
    path: &Path,
    entered: &mut BTreeSet<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<(), Diagnostic> {
    let unreadable = |error: std::io::Error| Diagnostic::unreadable(&shown(path), &error);
    if !entered.insert(path.canonicalize().map_err(unreadable)?) {
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(unreadable)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|entry| {
            !is_hidden(entry) && (entry.is_dir() || (is_yaml(entry) && !is_special(entry)))
        })
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, entered, files)?;
        } else {
            // Whoever reads a link that leads nowhere tells so, and reads the others.
            files.push(entry);
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Whether a path is a pipe, a socket or a device, which nobody means by naming a folder.
#[must_use]
pub fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}
