//! Modules: each `.rs` file is reached by a `mod`, and opens with what it is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    crates::{list, metadata, text},
    none, read, root, tracked,
};

#[test]
fn every_file_is_compiled() {
    let mut reached = BTreeSet::new();
    for target in targets() {
        reach(&target, true, &mut reached);
    }
    let orphans: Vec<String> = sources()
        .into_iter()
        .filter(|name| !reached.contains(Path::new(name)))
        .map(|name| format!("{name} is declared by no `mod` and is no target"))
        .collect();
    none(&orphans, "declare or delete them");
}

#[test]
fn every_module_says_what_it_is() {
    let opens = |name: &String| read(name).trim_start().starts_with("//!");
    let silent: Vec<String> = sources().into_iter().filter(|name| !opens(name)).collect();
    none(&silent, "open each with a `//!` line");
}

fn sources() -> Vec<String> {
    let names = tracked().into_iter();
    names.filter(|name| name.ends_with(".rs")).collect()
}

/// The files that cargo compiles first, from the root; the fuzz targets are in a workspace apart.
fn targets() -> Vec<PathBuf> {
    let metadata = metadata();
    let packages = list(metadata.get("packages")).iter();
    let own = packages.filter(|package| package.get("source").is_some_and(Value::is_null));
    let paths = own.flat_map(|package| list(package.get("targets")));
    let paths = paths.map(|target| PathBuf::from(text(target, "src_path")));
    let own = paths.filter_map(|path| path.strip_prefix(root()).ok().map(Path::to_owned));
    let manifest = read("fuzz/Cargo.toml");
    let fuzz = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = "));
    let fuzz = fuzz.map(|path| Path::new("fuzz").join(path.trim_matches('"')));
    own.chain(fuzz).collect()
}

/// Adds a file and all that it declares.
fn reach(file: &Path, is_root: bool, reached: &mut BTreeSet<PathBuf>) {
    if !root().join(file).is_file() || !reached.insert(file.to_owned()) {
        return;
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let inside = if is_root {
        folder.to_owned()
    } else {
        file.with_extension("")
    };
    let text = read(&file.to_string_lossy());
    let mut place = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"") {
            place = Some(folder.join(path.trim_end_matches("\"]")));
        } else if let Some(name) = declared(line) {
            let files = [format!("{name}.rs"), format!("{name}/mod.rs")];
            let files = files.map(|file| inside.join(file));
            let found = files.iter().find(|file| root().join(file).is_file());
            let wanted = place.take().or(found.cloned()).unwrap_or_default();
            reach(&wanted, false, reached);
        }
    }
}

/// The name in `mod name;`, whatever its visibility.
fn declared(line: &str) -> Option<&str> {
    let (before, after) = line.strip_suffix(';')?.split_once("mod ")?;
    let is_visibility = before.is_empty() || before.starts_with("pub");
    let is_name = after
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_');
    (is_visibility && is_name).then_some(after)
}
