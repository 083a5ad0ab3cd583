//! Which files there are below the paths that are named.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How deep folders may lie in folders.
const DEPTH: usize = 32;

/// What there is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The files, each with what it is known by: when it was written, and its length.
    pub(super) files: BTreeMap<PathBuf, (Option<SystemTime>, u64)>,
    /// What cannot be looked at, and why.
    pub(super) faults: BTreeMap<PathBuf, String>,
}

impl Found {
    /// The files at and below these paths. In folders those that end in `.yaml` and `.yml` count; hidden ones
    /// are left out, such as those that a mounted ConfigMap has.
    pub(super) fn below(paths: &[PathBuf]) -> Found {
        let mut found = Found::default();
        for path in paths {
            found.collect(path, true, DEPTH);
        }
        found
    }

    fn collect(&mut self, path: &Path, is_named: bool, depth: usize) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => {
                // What else is in a folder may come and go.
                if is_named || is_yaml(path) {
                    self.faults.insert(path.to_owned(), error.to_string());
                }
                return;
            }
        };
        if !metadata.is_dir() {
            if is_named || is_yaml(path) {
                let written = metadata.modified().ok();
                self.files
                    .insert(path.to_owned(), (written, metadata.len()));
            }
            return;
        }
        let Some(depth) = depth.checked_sub(1) else {
            let why = format!("the folder lies in more than {DEPTH} others; put it higher");
            self.faults.insert(path.to_owned(), why);
            return;
        };
        if let Err(error) = self.collect_entries(path, depth) {
            self.faults.insert(path.to_owned(), error.to_string());
        }
    }

    fn collect_entries(&mut self, folder: &Path, depth: usize) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with('.') {
                self.collect(&entry.path(), false, depth);
            }
        }
        Ok(())
    }
}

fn is_yaml(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}
