//! `cargo xtask kubernetes-schemas`: extracts the structure of every built-in kind, for each
//! Kubernetes version, from the OpenAPI v3 documents in two Go modules, into one compact file a
//! version under `schemas/kubernetes/`. Names, types, constraints, defaults and merge rules are
//! kept; descriptions are not. The documents of still older versions tell only which kinds are
//! gone since when, for `removed.json`. Needs `go`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use portcullis_schema::{Catalogue, encode};
use serde_json::{Value, json};

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

/// Versions that are not built in, oldest first, of which only the kinds are read: an OpenAPI v2
/// document each, and then as above.
const OLDER: &[(&str, &str, &str)] = &[
    ("1.15", "k8s.io/kubernetes@v1.15.12", SWAGGER),
    ("1.16", "k8s.io/kubernetes@v1.16.15", SWAGGER),
    ("1.17", "k8s.io/kubernetes@v1.17.17", SWAGGER),
    ("1.18", "k8s.io/kubernetes@v1.18.20", SWAGGER),
    ("1.19", "k8s.io/kubernetes@v1.19.16", SWAGGER),
    ("1.20", "k8s.io/kubernetes@v1.20.15", SWAGGER),
    ("1.21", "k8s.io/kubernetes@v1.21.14", SWAGGER),
    ("1.22", "k8s.io/kubernetes@v1.22.17", SWAGGER),
    ("1.23", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.23"),
    ("1.24", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.24"),
    ("1.25", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.25"),
    ("1.26", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.26"),
    ("1.27", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.27"),
    ("1.28", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.28"),
    ("1.29", KUBECTL_VALIDATE, "pkg/openapiclient/builtins/1.29"),
];

const SWAGGER: &str = "api/openapi-spec/swagger.json";

/// Writes every version's file into `kubernetes/` of the schema folder, and that of the kinds that
/// are gone. Names the files that changed.
///
/// # Errors
/// Where a module cannot be had, or a document cannot be read.
pub(crate) fn write(schemas: &Path) -> io::Result<Vec<String>> {
    let target = schemas.join("kubernetes");
    fs::create_dir_all(&target)?;
    let mut changed = Vec::new();
    let mut write = |name: String, text: String| {
        if fs::read_to_string(target.join(&name)).ok().as_ref() != Some(&text) {
            fs::write(target.join(&name), text)?;
            changed.push(name);
        }
        Ok::<_, io::Error>(())
    };
    let mut versions = Vec::new();
    for source in OLDER {
        versions.push((source.0, kinds(&catalogue(source)?)));
    }
    for source in SOURCES {
        let catalogue = catalogue(source)?;
        versions.push((source.0, kinds(&catalogue)));
        write(format!("v{}.json", source.0), encode(&catalogue))?;
    }
    write("removed.json".to_owned(), removed(&versions))?;
    Ok(changed)
}

fn catalogue((version, module, place): &(&str, &str, &str)) -> io::Result<Catalogue> {
    let mut documents = Vec::new();
    let place = module_folder(module)?.join(place);
    if place.is_file() {
        documents.push(place);
    } else {
        collect(&place, &mut documents)?;
    }
    documents.sort();
    let mut catalogue = Catalogue::new(version);
    for document in &documents {
        let mut document: Value = serde_json::from_slice(&fs::read(document)?)?;
        // The older form, as the newer one has it.
        if let Some(fields) = document.as_object_mut()
            && let Some(definitions) = fields.remove("definitions")
        {
            fields.insert("components".to_owned(), json!({"schemas": definitions}));
        }
        catalogue.add_openapi(&document);
    }
    Ok(catalogue)
}

/// `apiVersion` and kind of every kind.
fn kinds(catalogue: &Catalogue) -> BTreeSet<(String, String)> {
    let api_version = |group: &str, version: &str| match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    let kinds = catalogue.kinds();
    kinds
        .map(|kind| (api_version(&kind.group, &kind.version), kind.kind.clone()))
        .collect()
}

/// The first version without each kind that no later version has: `{version: {apiVersion: "A,B"}}`.
fn removed(versions: &[(&str, BTreeSet<(String, String)>)]) -> String {
    let mut removed = Vec::new();
    let mut later: BTreeSet<&(String, String)> = BTreeSet::new();
    for pair in versions.windows(2).rev() {
        let [(_, before), (version, after)] = pair else {
            continue;
        };
        later.extend(after);
        let mut gone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for kind in before.iter().filter(|kind| !later.contains(kind)) {
            gone.entry(&kind.0).or_default().push(&kind.1);
        }
        let gone: Vec<String> = gone
            .iter()
            .map(|(api_version, kinds)| {
                format!("{}:{}", json!(api_version), json!(kinds.join(",")))
            })
            .collect();
        if !gone.is_empty() {
            removed.push(format!("{}:{{\n{}}}", json!(version), gone.join(",\n")));
        }
    }
    removed.reverse();
    format!("{{{}}}\n", removed.join(",\n"))
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
