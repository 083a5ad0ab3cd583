//! Objects that policies changed or made, as YAML.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use portcullis_pipeline::{
    apply::{Produced, ProducedAs},
    diagnostic::Diagnostic,
};

/// An object under a line that says what became of it.
#[must_use]
pub fn titled(produced: &Produced) -> String {
    let policies = produced.policies.join(", ");
    let resource = &produced.resource;
    let title = match produced.produced_as {
        ProducedAs::Unchanged => format!("no policy changed {resource}:"),
        ProducedAs::Mutated => format!("policy {policies} applied to {resource}:"),
        ProducedAs::Target => format!("policy {policies} applied to {resource}, patched target:"),
        ProducedAs::Generated => format!("policy {policies} applied to {resource}, generated:"),
    };
    format!("\n{title}\n{}---\n", produced.text)
}

/// Writes objects to a file; or into a folder, each changed object to `NAME-mutated.yaml` and what a
/// policy made to `POLICY-generated.yaml`. What was in these files is lost. As in Kyverno, a name that
/// nothing has is a file where it ends in `.yaml` or `.yml`, and folders that are missing are made.
///
/// # Errors
/// A file that cannot be written.
pub fn write(path: &Path, produced: &[Produced]) -> Result<(), Diagnostic> {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let is_folder = is_folder(path);
    let folder = if is_folder {
        Some(path)
    } else {
        files.insert(path.to_path_buf(), String::new());
        path.parent()
    };
    let unwritable = |file: &Path, error: &io::Error| {
        let why = Diagnostic::unreadable(file, error);
        why.help("name a file or a folder that can be written to")
    };
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    for one in produced {
        let file = if is_folder {
            path.join(file_name(one))
        } else {
            path.to_path_buf()
        };
        let text = files.entry(file).or_default();
        text.extend(["---\n", &one.text]);
    }
    for (file, text) in files {
        fs::write(&file, text).map_err(|error| unwritable(&file, &error))?;
    }
    Ok(())
}

fn is_folder(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(found) => found.is_dir(),
        Err(_) => {
            let name = path.to_string_lossy();
            ![".yaml", ".yml"].iter().any(|end| name.ends_with(end))
        }
    }
}

fn file_name(produced: &Produced) -> String {
    match (produced.produced_as, produced.policies.first()) {
        (ProducedAs::Generated, Some(policy)) => {
            format!("{}-generated.yaml", policy.replace('/', "-"))
        }
        _ => {
            let name = produced.name.as_deref().unwrap_or("unnamed");
            format!("{}-mutated.yaml", name.replace('/', "-"))
        }
    }
}
