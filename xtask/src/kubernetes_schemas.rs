//! `cargo xtask kubernetes-schemas`: extracts the structure of every built-in kind, for each
//! Kubernetes version, from the OpenAPI v3 documents in two Go modules, into one compact file a
//! version under `schemas/kubernetes/`. Names, types, constraints, defaults and merge rules are
//! kept; descriptions are not. Needs `go`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use portcullis_schema::{Catalogue, encode};
use serde_json::Value;

/// The module with the documents of the older versions, in `pkg/openapiclient/builtins/<version>`.
const KUBECTL_VALIDATE: &str = "sigs.k8s.io/kubectl-validate@v0.0.5-0.20260105161640-a97ccfaca20b";

/// Each version with the module that has its documents, and their folder in it.
const SOURCES: &[(&str, &str, &str)] = &[
    ("1.30", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.30"),
    ("1.31", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.31"),
    ("1.32", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.32"),
    ("1.33", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.33"),
    ("1.34", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.34"),
    ("1.35", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.35"),
    ("1.36", "k8s.io/kubernetes@v1.36.3", "api/openapi-spec/v3"),
    ("1.37", "k8s.io/kubernetes@v1.37.2", "api/openapi-spec/v3"),
];

/// Writes every version's file into `kubernetes/` of the schema folder, and names those that
/// changed.
///
/// # Errors
/// Where a module cannot be had, or a document cannot be read.
pub(crate) fn write(schemas: &Path) -> io::Result<Vec<String>> {
    let target = schemas.join("kubernetes");
    fs::create_dir_all(&target)?;
    let mut changed = Vec::new();
    for (version, module, folder) in SOURCES {
        let mut documents = Vec::new();
        collect(&module_folder(module)?.join(folder), &mut documents)?;
        documents.sort();
        let mut catalogue = Catalogue::new(version);
        for document in &documents {
            catalogue.add_openapi(&serde_json::from_slice::<Value>(&fs::read(document)?)?);
        }
        let name = format!("v{version}.json");
        let text = encode(&catalogue);
        if fs::read_to_string(target.join(&name)).ok().as_ref() != Some(&text) {
            fs::write(target.join(&name), text)?;
            changed.push(name);
        }
    }
    Ok(changed)
}

fn module_folder(module: &str) -> io::Result<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .current_dir(std::env::temp_dir())
        .output()?;
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let folder = answer.get("Dir").and_then(Value::as_str).map(PathBuf::from);
    folder.ok_or_else(|| io::Error::other(format!("`go mod download {module}` found no module")))
}

fn collect(folder: &Path, documents: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, documents)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            documents.push(path);
        }
    }
    Ok(())
}
