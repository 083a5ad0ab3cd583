//! Bundles of policies, as Kyverno keeps them in registries. Two forms are read:
//!
//! - a layer for each policy: configuration `application/vnd.cncf.kyverno.config.v1+json`, layers
//!   `application/vnd.cncf.kyverno.policy.layer.v1+yaml` with the annotations `io.kyverno.image.kind`,
//!   `io.kyverno.image.name` and `io.kyverno.image.apiVersion`. This is the form that is written;
//! - an archive: configuration `application/vnd.cncf.kyverno.bundle.config.v1+json`, which lists the
//!   documents, and one layer `application/vnd.cncf.kyverno.bundle.content.v1.tar+gzip`.

mod archive;
mod layers;

use std::collections::BTreeSet;

use portcullis_values::image_ref::RegistryReference;
use portcullis_yaml::{Limits as YamlLimits, Mode, RawDocument};
use serde::Deserialize;
use serde_json::Value;

pub use self::layers::PolicyLayer;
use crate::{
    error::RegistryError,
    registries::{Descriptor, Registries, unusable},
};

/// Policies that were in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The digest of its manifest.
    pub digest: String,
    /// Its files, in the order of their paths.
    pub files: Vec<BundleFile>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Relative, with `/`; no part of it is hidden or leads upwards.
    pub path: String,
    /// What is in it, to the byte.
    pub content: Vec<u8>,
    /// Kinds and names of its objects: `ClusterPolicy require-labels`.
    pub objects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u64,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Registries {
    /// Fetches a bundle, in either form.
    ///
    /// # Errors
    /// Where the registry does not give it, or it is no bundle of policies.
    pub fn pull(&self, at: &RegistryReference) -> Result<Bundle, RegistryError> {
        let raw = self.manifest(at)?;
        let unusable = |reason: String| unusable(at, "its manifest", reason);
        let manifest: Manifest = serde_json::from_slice(&raw.bytes)
            .map_err(|error| unusable(format!("this is no manifest of an image: {error}")))?;
        if manifest.schema_version != 2 {
            let found = manifest.schema_version;
            return Err(unusable(format!(
                "expected schema version 2, found {found}"
            )));
        }
        let mut files = match manifest.config.media_type.as_str() {
            archive::CONFIG => archive::read(self, at, &manifest)?,
            _ if manifest.layers.iter().any(layers::is_policy) => {
                layers::read(self, at, &manifest)?
            }
            other => {
                return Err(unusable(format!(
                    "this is no bundle of policies: its configuration is of `{other}`"
                )));
            }
        };
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let paths: BTreeSet<String> = files.iter().map(|file| file.path.to_lowercase()).collect();
        if paths.len() < files.len() {
            return Err(unusable("two of its files have the same name".to_owned()));
        }
        Ok(Bundle {
            digest: raw.digest,
            files,
        })
    }
}

/// What a document of a bundle is called: kind, namespace and name.
struct Named {
    kind: String,
    namespace: String,
    name: String,
}

/// The name of a document, or why it has none.
fn named(document: &RawDocument<'_>) -> Result<Named, String> {
    let value = document.read(Mode::Lenient, &YamlLimits::default());
    let value = value.map_err(|error| error.to_string())?;
    let text = |pointer: &str| {
        let found = value.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let named = Named {
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    match named.kind.is_empty() || named.name.is_empty() {
        true => Err("a document has no `kind` or no `metadata.name`".to_owned()),
        false => Ok(named),
    }
}

impl Named {
    fn shown(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// Whether there is nothing in a document but blanks and comments.
fn is_empty(document: &RawDocument<'_>) -> bool {
    let mut lines = document.text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

/// A part of a path that is taken from a registry.
fn is_plain_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.+@ ()".contains(letter);
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.chars().all(is_plain)
}
