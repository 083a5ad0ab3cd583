//! The form with an archive: every YAML file of a folder, and a configuration that lists each document
//! with the digest of its text.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use flate2::read::GzDecoder;
use portcullis_values::image_ref::RegistryReference;
use serde::Deserialize;
use tar::{Archive, EntryType};

use super::{BundleFile, Manifest, is_empty, is_plain_name, named};
use crate::{
    error::RegistryError,
    limits::Limits,
    registries::{Registries, digest_of, too_large, unusable},
};

pub(super) const CONFIG: &str = "application/vnd.cncf.kyverno.bundle.config.v1+json";
const LAYER: &str = "application/vnd.cncf.kyverno.bundle.content.v1.tar+gzip";

/// What describes the bundle to those who make it; it is no policy.
const DESCRIPTION: &str = "kyverno-bundle.yaml";

/// The major version of the form that is read.
const VERSION: &str = "1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    format_version: String,
    resources: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    path: String,
    document_index: usize,
    digest: String,
}

/// The digests of documents, by the path of the file and their place in it.
type Digests = BTreeMap<(String, usize), String>;

pub(super) fn read(
    registries: &Registries,
    at: &RegistryReference,
    manifest: &Manifest,
) -> Result<Vec<BundleFile>, RegistryError> {
    let limits = registries.limits();
    let [layer] = manifest.layers.as_slice() else {
        let count = manifest.layers.len();
        let reason = format!("expected one layer, found {count}");
        return Err(unusable(at, "its manifest", reason));
    };
    if layer.media_type != LAYER {
        let reason = format!(
            "expected a layer of `{LAYER}`, found `{}`",
            layer.media_type
        );
        return Err(unusable(at, "its manifest", reason));
    }
    let config = registries.blob(at, &manifest.config, "its configuration", limits.config)?;
    let listed = listed(&config).map_err(|reason| unusable(at, "its configuration", reason))?;
    let content = registries.blob(at, layer, "its archive", limits.layer)?;
    let files = unpacked(&content, limits).map_err(|fault| match fault {
        Fault::TooLarge => too_large(at, "its archive", limits.bundle),
        Fault::Other(reason) => unusable(at, "its archive", reason),
    })?;
    checked(files, listed).map_err(|reason| unusable(at, "its archive", reason))
}

fn listed(config: &[u8]) -> Result<Digests, String> {
    let config: Config = serde_json::from_slice(config).map_err(|error| error.to_string())?;
    let major = config.format_version.split('.').next();
    if major != Some(VERSION) {
        let found = &config.format_version;
        return Err(format!(
            "expected version {VERSION} of the form, found `{found}`"
        ));
    }
    let mut digests = Digests::new();
    for one in config.resources {
        let place = (one.path, one.document_index);
        if digests.contains_key(&place) {
            let (path, index) = place;
            return Err(format!("document {index} of `{path}` is listed twice"));
        }
        digests.insert(place, one.digest);
    }
    Ok(digests)
}

#[derive(Debug)]
enum Fault {
    TooLarge,
    Other(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Other(format!("it cannot be unpacked: {error}"))
    }
}

/// The files of an archive that are policies by their name, with their paths.
fn unpacked(content: &[u8], limits: &Limits) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    // One byte more than is taken tells an archive that is too large from one that fits. The headers
    // and the padding of the entries count, too.
    let mut left = limits.bundle;
    let mut archive = Archive::new(GzDecoder::new(content).take(limits.bundle.saturating_mul(2)));
    let mut files = Vec::new();
    for (number, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if number >= limits.files {
            return Err(Fault::TooLarge);
        }
        let path = entry.path_bytes();
        let path = std::str::from_utf8(&path).map(str::to_owned);
        let path = path.map_err(|_| Fault::Other("a path is not UTF-8".to_owned()))?;
        let shown = path.escape_debug();
        if entry.header().entry_type() != EntryType::Regular {
            return Err(Fault::Other(format!("`{shown}` is no plain file")));
        }
        if !path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
            return Err(Fault::Other(format!(
                "the path `{shown}` leads out of the bundle"
            )));
        }
        left = left.checked_sub(entry.size()).ok_or(Fault::TooLarge)?;
        if !is_policy(&path) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.push((path, bytes));
    }
    Ok(files)
}

/// A YAML file that is not hidden, and not the description.
fn is_policy(path: &str) -> bool {
    let is_yaml = [".yaml", ".yml"]
        .iter()
        .any(|ending| path.ends_with(ending));
    is_yaml && path != DESCRIPTION && path.split('/').all(is_plain_name)
}

/// The files, where they have the documents that are listed and no others.
fn checked(files: Vec<(String, Vec<u8>)>, mut listed: Digests) -> Result<Vec<BundleFile>, String> {
    let mut found = Vec::new();
    for (path, content) in files {
        let text = std::str::from_utf8(&content).map_err(|_| format!("`{path}` is not UTF-8"))?;
        let documents = portcullis_yaml::documents(text).filter(|one| !is_empty(one));
        let mut objects = Vec::new();
        for (index, document) in documents.enumerate() {
            let named = named(&document).map_err(|reason| format!("`{path}`: {reason}"))?;
            objects.push(named.shown());
            let digest = digest_of(document.text.replace("\r\n", "\n").as_bytes());
            match listed.remove(&(path.clone(), index)) {
                Some(wanted) if wanted == digest => {}
                Some(_) => {
                    return Err(format!(
                        "document {index} of `{path}` is not the one that is listed"
                    ));
                }
                None => return Err(format!("document {index} of `{path}` is not listed")),
            }
        }
        found.push(BundleFile {
            path,
            content,
            objects,
        });
    }
    match listed.keys().next() {
        None => Ok(found),
        Some((path, index)) => Err(format!(
            "document {index} of `{path}` is listed and is not there"
        )),
    }
}

#[cfg(test)]
mod tests;
