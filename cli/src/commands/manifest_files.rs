//! Files and folders of manifests: `.yaml`, `.yml` and `.json` files, folders with all below them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use portcullis_pipeline::{
    diagnostic::Diagnostic,
    folders::{Walk, is_manifest},
};

/// The files, in the order of the paths and by name within a folder.
pub(crate) fn of(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let mut walk = Walk::new(&is_manifest);
    for path in paths {
        if path.is_dir() {
            let before = (walk.files.len(), walk.faults.len());
            // A gate that is given the wrong folder must not pass.
            if walk.enter(path) && before == (walk.files.len(), walk.faults.len()) {
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
