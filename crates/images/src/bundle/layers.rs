//! The form with a layer for each policy.

use std::collections::BTreeMap;

use portcullis_values::image_ref::RegistryReference;
use serde_json::json;

use super::{BundleFile, Manifest, Named, is_empty, is_plain_name, named};
use crate::{
    error::RegistryError,
    registries::{Descriptor, Registries, digest_of, too_large, unusable},
};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.kyverno.config.v1+json";
const LAYER: &str = "application/vnd.cncf.kyverno.policy.layer.v1+yaml";

/// A policy to keep in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLayer {
    /// Its API version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The document, which stays as it is to the byte.
    pub content: Vec<u8>,
}

pub(super) fn is_policy(layer: &Descriptor) -> bool {
    layer.media_type == LAYER
}

/// The policies of an image; layers of another kind are left out.
pub(super) fn read(
    registries: &Registries,
    at: &RegistryReference,
    manifest: &Manifest,
) -> Result<Vec<BundleFile>, RegistryError> {
    let limits = registries.limits();
    let layers: Vec<&Descriptor> = manifest
        .layers
        .iter()
        .filter(|one| is_policy(one))
        .collect();
    let size: u64 = layers
        .iter()
        .fold(0, |sum, one| sum.saturating_add(one.size));
    if layers.len() > limits.files || size > limits.bundle {
        return Err(too_large(at, "the bundle", limits.bundle));
    }
    let mut found = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let what = format!("layer {}", number + 1);
        let content = registries.blob(at, layer, &what, limits.layer)?;
        documents(content, &mut found).map_err(|reason| unusable(at, &what, reason))?;
    }
    files(found).map_err(|reason| unusable(at, "the bundle", reason))
}

/// The documents of a layer: its bytes where it has one only.
fn documents(content: Vec<u8>, all: &mut Vec<(Named, Vec<u8>)>) -> Result<(), String> {
    let text = std::str::from_utf8(&content).map_err(|_| "it is not UTF-8".to_owned())?;
    let documents: Vec<_> = portcullis_yaml::documents(text)
        .filter(|document| !is_empty(document))
        .collect();
    if let [only] = documents.as_slice() {
        let named = named(only)?;
        all.push((named, content));
        return Ok(());
    }
    for document in &documents {
        all.push((named(document)?, document.text.as_bytes().to_vec()));
    }
    Ok(())
}

/// `NAME.yaml`, as Kyverno calls them; with kind and namespace where several have the name.
fn files(found: Vec<(Named, Vec<u8>)>) -> Result<Vec<BundleFile>, String> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (named, _) in &found {
        *uses.entry(named.name.to_lowercase()).or_default() += 1;
    }
    let mut files = Vec::new();
    for (named, content) in found {
        let is_only = uses.get(&named.name.to_lowercase()) == Some(&1);
        let parts = [&named.kind.to_lowercase(), &named.namespace, &named.name];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let name = match is_only {
            true => named.name.clone(),
            false => parts.cloned().collect::<Vec<_>>().join("-"),
        };
        let path = format!("{name}.yaml");
        if !is_plain_name(&path) {
            return Err(format!(
                "the name `{}` is none for a file",
                named.name.escape_debug()
            ));
        }
        files.push(BundleFile {
            path,
            content,
            objects: vec![named.shown()],
        });
    }
    Ok(files)
}

impl Registries {
    /// Keeps policies in a registry, and gives the digest of the manifest.
    ///
    /// # Errors
    /// Where the registry does not take them.
    pub fn push(
        &self,
        at: &RegistryReference,
        policies: &[PolicyLayer],
    ) -> Result<String, RegistryError> {
        let digests: Vec<String> = policies.iter().map(|one| digest_of(&one.content)).collect();
        let config = json!({
            "architecture": "",
            "os": "",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": digests},
        });
        let config = config.to_string().into_bytes();
        let layers = policies.iter().zip(&digests).map(|(policy, digest)| {
            json!({
                "mediaType": LAYER,
                "digest": digest,
                "size": policy.content.len(),
                "annotations": {
                    "io.kyverno.image.apiVersion": policy.api_version,
                    "io.kyverno.image.kind": policy.kind,
                    "io.kyverno.image.name": policy.name,
                },
            })
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest_of(&config), "size": config.len()},
            "layers": layers.collect::<Vec<_>>(),
        });
        let blobs = policies.iter().map(|policy| policy.content.clone());
        let blobs: Vec<Vec<u8>> = blobs.chain([config]).collect();
        let manifest = manifest.to_string().into_bytes();
        let digest = digest_of(&manifest);
        self.send(at, blobs, manifest, MANIFEST)?;
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], expected: &str) {
        let mut found = Vec::new();
        let read = texts
            .iter()
            .try_for_each(|text| documents(text.as_bytes().to_vec(), &mut found));
        let told = match read.and_then(|()| files(found)) {
            Ok(files) => {
                let told = files.iter().map(|file| {
                    let text = String::from_utf8_lossy(&file.content);
                    format!("{}:{}:{}", file.path, file.objects.join(","), text.len())
                });
                told.collect::<Vec<_>>().join(" ")
            }
            Err(reason) => reason,
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_file_for_each_policy() {
        let one = "# why\nkind: ClusterPolicy\nmetadata: {name: one}";
        let two = "kind: Policy\nmetadata: {name: one, namespace: shop}\n";
        check(&[one], "one.yaml:ClusterPolicy one:47");
        check(
            &[one, two],
            "clusterpolicy-one.yaml:ClusterPolicy one:47 policy-shop-one.yaml:Policy shop/one:52",
        );
        let both = format!("---\n{two}---\n# nothing\n---\nkind: A\nmetadata: {{name: b}}\n");
        check(&[&both], "one.yaml:Policy shop/one:56 b.yaml:A b:28");
        check(&[], "");
    }

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["../up", "a/b", ".hidden", "a\\\\b", "a\\0b", "C:x"] {
            let text = format!("kind: A\nmetadata: {{name: \"{name}\"}}");
            let mut found = Vec::new();
            documents(text.into_bytes(), &mut found).unwrap();
            assert!(
                files(found).unwrap_err().ends_with("is none for a file"),
                "{name}"
            );
        }
        check(
            &["kind: A"],
            "a document has no `kind` or no `metadata.name`",
        );
    }
}
