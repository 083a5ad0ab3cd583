//! Files and folders of manifests: `.yaml`, `.yml` and `.json` files, folders with all below them.
//!
//! Hidden files are left out of folders, and a folder that a link leads back to is entered once.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use portcullis_pipeline::{diagnostic::Diagnostic, offline::is_special};

/// The files, in the order of the paths and by name within a folder.
pub(crate) fn of(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let mut walk = Walk::default();
    for path in paths {
        if path.is_dir() {
            let is_new = fs::canonicalize(path).is_ok_and(|real| !walk.entered.contains(&real));
            let before = (walk.files.len(), walk.faults.len());
            walk.folder(path);
            // A gate that is given the wrong folder must not pass.
            if is_new && before == (walk.files.len(), walk.faults.len()) {
                walk.faults.push(nothing_in(path));
            }
        } else {
            match fs::metadata(path) {
                Ok(_) => walk.files.push(path.clone()),
                Err(error) => walk.faults.push(Diagnostic::unreadable(path, &error)),
            }
        }
    }
    (walk.files, walk.faults)
}

fn nothing_in(folder: &Path) -> Diagnostic {
    Diagnostic::error(format!("{}: no manifest in this folder", folder.display()))
        .help("manifests are files that end in .yaml, .yml or .json, and are not hidden")
        .unusable()
}

#[derive(Default)]
struct Walk {
    files: Vec<PathBuf>,
    faults: Vec<Diagnostic>,
    entered: BTreeSet<PathBuf>,
}

impl Walk {
    /// Takes in a folder; folders wait in a list, so depth costs no stack.
    fn folder(&mut self, folder: &Path) {
        let mut waiting = vec![folder.to_path_buf()];
        while let Some(folder) = waiting.pop() {
            let entries = fs::canonicalize(&folder).and_then(|real| {
                let is_new = self.entered.insert(real);
                if is_new {
                    fs::read_dir(&folder)?
                        .map(|entry| entry.map(|entry| entry.path()))
                        .collect()
                } else {
                    Ok(Vec::new())
                }
            });
            match entries {
                Ok(entries) => waiting.extend(self.take(entries)),
                Err(error) => self.faults.push(Diagnostic::unreadable(&folder, &error)),
            }
        }
    }

    /// Takes in the files, and gives the folders back, the first by name last.
    fn take(&mut self, mut entries: Vec<PathBuf>) -> Vec<PathBuf> {
        entries.retain(|path| !is_hidden(path));
        entries.sort();
        let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|one| one.is_dir());
        let files = files.into_iter().filter(|file| is_manifest(file));
        // A pipe or a socket in a folder would be waited for; a link that leads nowhere is told.
        self.files.extend(files.filter(|file| !is_special(file)));
        folders.into_iter().rev().collect()
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}
