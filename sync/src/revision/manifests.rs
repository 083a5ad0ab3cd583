//! The objects of manifests in a folder: each is read, held against its schema, and compiled.

use std::{
    fs,
    path::{Path, PathBuf},
};

use portcullis_engine::{CompileOptions, compile, load};
use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files,
    offline::places,
    schema_check::DocumentSchema,
};
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::{Found, slashed, unreadable};
use crate::source::Checkout;

const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads and judges every manifest below the path.
pub(super) fn read(checkout: &Checkout) -> Result<Vec<Found>, Vec<Diagnostic>> {
    let root = checkout.folder.path();
    let mut paths = Vec::new();
    collect(&root.join(&checkout.path), &mut paths).map_err(|fault| vec![fault])?;
    paths.sort();
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        let shown = path.strip_prefix(root).unwrap_or(&path);
        let objects = files::read_text(&path, shown).and_then(|file| {
            let objects = objects(&file)?;
            faults.extend(judge(&file));
            Ok(objects)
        });
        match objects {
            Ok(objects) => found.extend(objects),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(faults)
    }
}

/// The manifests at a path; none that is hidden or in a hidden folder.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> Result<(), Diagnostic> {
    if !path.is_dir() {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            into.push(path.to_owned());
        }
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    for entry in entries.filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with('.') {
            collect(&entry.path(), into)?;
        }
    }
    Ok(())
}

/// The objects of a file, each with its line.
pub(super) fn objects(file: &SourceFile) -> Result<Vec<Found>, Diagnostic> {
    let mut found = Vec::new();
    for raw in portcullis_yaml::documents(&file.text) {
        let read = raw.read_document(Mode::Strict, &Limits::default());
        let document = read.map_err(|error| places::not_yaml(file, &error))?;
        if document.value.is_null() {
            continue;
        }
        let start = document.spans.of_pointer("", false).start;
        found.push(Found {
            object: document.value,
            path: slashed(&file.path),
            line: file.line_number(raw.offset + start),
        });
    }
    Ok(found)
}

/// What is wrong with the documents of a file by their schemas, and for the engine.
fn judge(file: &SourceFile) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (number, raw) in portcullis_yaml::documents(&file.text).enumerate() {
        let Ok(value) = raw.read(Mode::Strict, &Limits::default()) else {
            continue;
        };
        let at = |pointer: &str, is_key| places::in_document(file, number, pointer, is_key);
        let before = faults.len();
        faults.extend(by_schema(&value, &at));
        if faults.len() == before {
            faults.extend(by_engine(&value, &at));
        }
    }
    faults
}

fn by_schema(value: &Value, at: &dyn Fn(&str, bool) -> Place) -> Vec<Diagnostic> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let schema = DocumentSchema::for_resource(text("apiVersion"), text("kind"));
    let faults = schema.into_iter().flat_map(|schema| schema.faults(value));
    faults
        .map(|fault| fault.diagnostic(at(&fault.pointer, fault.at_key)))
        .collect()
}

fn by_engine(value: &Value, at: &dyn Fn(&str, bool) -> Place) -> Vec<Diagnostic> {
    let is_policy = value
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| {
            kind.ends_with("Policy") || kind.ends_with("PolicyBinding") || kind == "PolicyException"
        });
    if !is_policy {
        return Vec::new();
    }
    let (loaded, errors) = load::load(value);
    let mut faults: Vec<Diagnostic> = errors
        .into_iter()
        .map(|error| {
            let place = at(&places::pointer(&error.path), false);
            Diagnostic::error(error.to_string()).at(place, error.message)
        })
        .collect();
    let (_, errors) = compile(&loaded, &[], &CompileOptions::default());
    faults.extend(errors.into_iter().map(|error| {
        let place = at(&places::pointer(&error.path), false);
        Diagnostic::error(format!("{}: {}", error.path, error.message)).at(place, error.message)
    }));
    faults
}
