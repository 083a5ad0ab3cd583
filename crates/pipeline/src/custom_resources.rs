//! CustomResourceDefinitions from files: the kinds that a catalogue has beside those built in.

use std::path::{Path, PathBuf};

use portcullis_schema::Catalogue;
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files,
    folders::{Walk, is_manifest},
    offline::{
        objects::{self, is_list, text},
        places,
    },
};

/// The kind of what defines kinds.
const KIND: &str = "CustomResourceDefinition";

/// Adds the definitions of a file or folder to a catalogue; `shown` is how people know its files.
/// Returns what cannot be used; a path without any definition is a slip, and told too.
pub fn add_all(
    catalogue: &mut Catalogue,
    path: &Path,
    shown: impl Fn(&Path) -> PathBuf,
) -> Vec<Diagnostic> {
    let mut walk = Walk::new(&is_manifest);
    if path.is_dir() {
        walk.enter(path);
    } else {
        walk.files.push(path.to_path_buf());
    }
    let mut faults = walk.faults;
    let mut files = Vec::new();
    for path in walk.files {
        match files::read_text(&path, &shown(&path)) {
            Ok(file) => files.push(file),
            Err(fault) => faults.push(fault),
        }
    }
    add_of(catalogue, &files, &shown(path), faults)
}

/// Adds the definitions of files that are read already, as [`add_all`] does those of a path.
pub fn add_files(catalogue: &mut Catalogue, files: &[SourceFile]) -> Vec<Diagnostic> {
    match files.first() {
        Some(first) => add_of(catalogue, files, &first.path, Vec::new()),
        None => Vec::new(),
    }
}

/// Adds the definitions of files, which people know by a path; `faults` are those of reading them.
fn add_of(
    catalogue: &mut Catalogue,
    files: &[SourceFile],
    path: &Path,
    mut faults: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    faults.extend(files.iter().flat_map(|file| add(catalogue, file)));
    if faults.is_empty() && !files.iter().any(|file| file.text.contains(KIND)) {
        faults.push(none_in(path));
    }
    faults
}

fn none_in(path: &Path) -> Diagnostic {
    Diagnostic::error(format!("{}: no {KIND} in it", path.display()))
        .help("`kubectl get crd NAME -o yaml` writes one; leave the path out where none is needed")
        .unusable()
}

/// Adds the definitions of a file to a catalogue, also those in a `List`, as `kubectl get` writes it.
/// Manifests of other kinds are nobody's fault. Returns what cannot be used.
fn add(catalogue: &mut Catalogue, file: &SourceFile) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for document in portcullis_yaml::documents(&file.text) {
        let place = || Place {
            file: file.clone(),
            span: document.offset..document.offset,
        };
        match document.read(Mode::Lenient, &Limits::default()) {
            Err(error) => faults.push(places::not_yaml(file, &error)),
            Ok(value) => match objects::not_manifest(&value, document.offset, || file.clone()) {
                Some(fault) => faults.push(fault),
                None => add_object(catalogue, &value, &place, &mut faults),
            },
        }
    }
    faults
}

fn add_object(
    catalogue: &mut Catalogue,
    value: &Value,
    place: &dyn Fn() -> Place,
    faults: &mut Vec<Diagnostic>,
) {
    if is_list(value) {
        let items = value.get("items").and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            add_object(catalogue, item, place, faults);
        }
    } else if text(value, "/kind") == KIND
        && let Err(error) = catalogue.add_custom_resource(value)
    {
        let label = format!("in the definition `{}`", text(value, "/metadata/name"));
        let fault = Diagnostic::error(error.to_string()).at(place(), label);
        faults.push(fault.unusable());
    }
}
