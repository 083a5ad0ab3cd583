//! `cargo xtask schemas`: writes `schemas/*.json`, the JSON Schemas of the files that people write.
//!
//! They come from the types of the `api` crate. Files there that are not generated any more are deleted;
//! subfolders have other owners.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use portcullis_api::schemas::schema_documents;

/// Folder of the schemas.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

/// Writes the schemas and says which files changed.
pub(crate) fn write(folder: &Path) -> io::Result<Vec<String>> {
    let wanted = generated()?;
    let committed = committed(folder)?;
    fs::create_dir_all(folder)?;
    for (name, text) in &wanted {
        if committed.get(name) != Some(text) {
            fs::write(folder.join(name), text)?;
        }
    }
    for name in committed.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    Ok(changed(&wanted, &committed))
}

/// The files as they should be, by name.
fn generated() -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for document in schema_documents() {
        let text = serde_json::to_string_pretty(&document.schema)?;
        files.insert(document.file_name.to_owned(), text + "\n");
    }
    Ok(files)
}

/// The files as they are, by name.
fn committed(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|name| name.ends_with(".json"));
        if let Some(name) = name {
            files.insert(name.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

fn changed(wanted: &BTreeMap<String, String>, committed: &BTreeMap<String, String>) -> Vec<String> {
    let names = wanted
        .keys()
        .chain(committed.keys().filter(|name| !wanted.contains_key(*name)));
    names
        .filter(|name| wanted.get(*name) != committed.get(*name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_schemas_are_the_generated_ones() {
        if std::env::var_os("UPDATE").is_some() {
            write(&folder()).expect("schemas are written");
        }
        let (wanted, committed) = (
            generated().expect("JSON"),
            committed(&folder()).expect("readable"),
        );
        let changed = changed(&wanted, &committed);
        assert!(
            changed.is_empty(),
            "{changed:?} differ from what the types say; run `cargo xtask schemas`"
        );
    }

    #[test]
    fn files_are_named_once_and_say_their_name() {
        let documents = schema_documents();
        assert_eq!(generated().expect("JSON").len(), documents.len());
        for document in &documents {
            let id = document
                .schema
                .get("$id")
                .and_then(|id| id.as_str())
                .expect("an id");
            assert!(id.ends_with(document.file_name), "{id}");
        }
    }

    #[test]
    fn writing_restores_and_removes() {
        let folder =
            std::env::temp_dir().join(format!("portcullis-schemas-{}", std::process::id()));
        assert_eq!(
            write(&folder).expect("writes").len(),
            schema_documents().len()
        );
        fs::write(folder.join("old.json"), "{}").expect("writes");
        fs::write(folder.join("test.json"), "{}").expect("writes");
        assert_eq!(write(&folder).expect("writes"), ["test.json", "old.json"]);
        assert_eq!(write(&folder).expect("writes"), [""; 0]);
        fs::remove_dir_all(&folder).expect("removes");
    }
}
