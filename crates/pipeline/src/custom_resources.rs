//! CustomResourceDefinitions from files: the kinds that a catalogue has beside those built in.

use std::path::{Path, PathBuf};

use portcullis_schema::Catalogue;
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files,
    offline::{
        self,
        objects::{self, is_list, text},
        places,
    },
};

/// Adds the definitions of a file or folder to a catalogue; `shown` is how people know its files.
/// Returns what cannot be used.
pub fn add_all(
    catalogue: &mut Catalogue,
    path: &Path,
    shown: impl Fn(&Path) -> PathBuf,
) -> Vec<Diagnostic> {
    let paths = match offline::yaml_files(path) {
        Ok(paths) => paths,
        Err(fault) => return vec![fault],
    };
    let added = paths
        .iter()
        .flat_map(|path| match files::read_text(path, &shown(path)) {
            Ok(file) => add(catalogue, &file),
            Err(fault) => vec![fault],
        });
    added.collect()
}

/// Adds the definitions of a file to a catalogue, also those in a `List`, as `kubectl get` writes it.
/// Manifests of other kinds are nobody's fault. Returns what cannot be used.
pub fn add(catalogue: &mut Catalogue, file: &SourceFile) -> Vec<Diagnostic> {
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
    } else if text(value, "/kind") == "CustomResourceDefinition"
        && let Err(error) = catalogue.add_custom_resource(value)
    {
        let label = format!("in the definition `{}`", text(value, "/metadata/name"));
        let fault = Diagnostic::error(error.to_string()).at(place(), label);
        faults.push(fault.unusable());
    }
}
