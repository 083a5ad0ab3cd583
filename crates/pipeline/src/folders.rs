//! Files in folders, by name and with all folders below.
//!
//! Each folder is taken in once, however many links lead to it, and depth costs no stack. Pipes,
//! sockets and devices are left out, for reading one would wait; a link that leads nowhere is a
//! file, so that whoever reads it tells of it.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use crate::{diagnostic::Diagnostic, files::shown};

/// Whether a name ends as manifests do: `.yaml`, `.yml` or `.json`.
#[must_use]
pub fn is_manifest(path: &Path) -> bool {
    is_yaml(path) || path.extension().is_some_and(|ending| ending == "json")
}

/// Whether a name ends in `.yaml` or `.yml`.
#[must_use]
pub fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Whether a path is a pipe, a socket or a device, which nobody means by naming a folder.
#[must_use]
pub fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// A walk through folders.
pub struct Walk<'a> {
    is_wanted: &'a dyn Fn(&Path) -> bool,
    with_hidden: bool,
    entered: BTreeSet<PathBuf>,
    /// The files found so far: folder by folder in the order they were entered, and by name.
    pub files: Vec<PathBuf>,
    /// The folders that could not be read.
    pub faults: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    /// A walk for the files whose path is wanted; those whose name starts with `.` are left out,
    /// and so are such folders.
    #[must_use]
    pub fn new(is_wanted: &'a dyn Fn(&Path) -> bool) -> Self {
        Walk {
            is_wanted,
            with_hidden: false,
            entered: BTreeSet::new(),
            files: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The walk, hidden files and folders included.
    #[must_use]
    pub fn with_hidden(mut self) -> Self {
        self.with_hidden = true;
        self
    }

    /// Takes in a folder; says whether it had not been entered before.
    pub fn enter(&mut self, folder: &Path) -> bool {
        let before = self.entered.len();
        let mut waiting = vec![folder.to_path_buf()];
        while let Some(path) = waiting.pop() {
            if path != folder && !path.is_dir() {
                self.files.push(path);
                continue;
            }
            match self.entries(&path) {
                Ok(entries) => waiting.extend(entries.into_iter().rev()),
                Err(error) => self
                    .faults
                    .push(Diagnostic::unreadable(&shown(&path), &error)),
            }
        }
        self.entered.len() > before
    }

    /// What is wanted of a folder, by name; nothing where it was entered before.
    fn entries(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        if !self.entered.insert(folder.canonicalize()?) {
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if (self.with_hidden || !is_hidden(&path))
                && (path.is_dir() || ((self.is_wanted)(&path) && !is_special(&path)))
            {
                entries.push(path);
            }
        }
        entries.sort();
        Ok(entries)
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_by_name_and_faults_are_kept() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let is_rust = |path: &Path| path.extension().is_some_and(|ending| ending == "rs");
        let mut walk = Walk::new(&is_rust);
        assert!(walk.enter(&root));
        let mut sorted = walk.files.clone();
        sorted.sort();
        assert_eq!(walk.files, sorted);
        assert!(walk.files.contains(&root.join("diff/exceptions/cel.rs")));
        let files = walk.files.len();
        assert!(!walk.enter(&root.join("diff")), "entered already");
        assert!(!walk.enter(&root.join("gone")));
        walk.enter(&root.join("lib.rs"));
        assert_eq!((walk.files.len(), walk.faults.len()), (files, 2));
    }
}
