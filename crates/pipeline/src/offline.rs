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
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    diagnostic::{Diagnostic, SourceFile},
    files::{self, shown},
    folders::{Walk, is_yaml},
};

/// Texts that stand in for files, such as a rendered policy for its template.
pub type Overrides = BTreeMap<PathBuf, String>;

/// The text of a file, or what stands in for it.
///
/// # Errors
/// Where the file cannot be read or is not UTF-8.
pub fn read(path: &Path, overrides: &Overrides) -> Result<SourceFile, Diagnostic> {
    match overrides.get(path) {
        Some(text) => Ok(SourceFile::new(shown(path), text)),
        None => files::read_text(path, &shown(path)),
    }
}

/// The YAML files in a file or folder, by name; those whose name starts with `.` are left out.
///
/// # Errors
/// Where the path does not exist or a folder cannot be read.
pub fn yaml_files(path: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let unreadable = |error: std::io::Error| Diagnostic::unreadable(&shown(path), &error);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut walk = Walk::new(&is_yaml);
    walk.enter(path);
    match walk.faults.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(walk.files),
    }
}
