//! What a registry says of an image: its manifest, its configuration, and the index it is in.

use portcullis_values::image_ref::RegistryReference;
use serde_json::{Map, Value, json};

use crate::{
    error::RegistryError,
    registries::{Descriptor, RawManifest, Registries, unusable},
};

/// The platform whose image is read where there are several, as in Kyverno.
const PLATFORM: (&str, &str) = ("linux", "amd64");

/// What a registry says of an image.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    at: RegistryReference,
    /// Of the index, where there is one.
    digest: String,
    index: Option<Value>,
    manifest: Value,
    config: Value,
}

impl Registries {
    /// Asks for manifest and configuration.
    pub(crate) fn metadata(&self, at: &RegistryReference) -> Result<Metadata, RegistryError> {
        let RawManifest { bytes, digest } = self.manifest(at)?;
        let top = object(at, "its manifest", &bytes)?;
        let is_index = top.get("manifests").is_some();
        let (index, manifest) = if is_index {
            let child = child(&top).ok_or_else(|| {
                let (system, architecture) = PLATFORM;
                let reason = format!("there is none for {system}/{architecture}");
                unusable(at, "its index", reason)
            })?;
            let bytes = self.manifest(&at.with_digest(&child)?)?.bytes;
            let manifest = object(at, "its manifest", &bytes)?;
            (Some(top), manifest)
        } else {
            (None, top)
        };
        let descriptor = manifest.get("config").cloned().unwrap_or_default();
        let descriptor: Descriptor = serde_json::from_value(descriptor)
            .map_err(|error| unusable(at, "its manifest", format!("`config`: {error}")))?;
        let limit = self.limits().config;
        let config = self.blob(at, &descriptor, "its configuration", limit)?;
        Ok(Metadata {
            config: object(at, "its configuration", &config)?,
            at: at.clone(),
            digest,
            index,
            manifest,
        })
    }

    /// Asks for the digest that a tag stands for.
    pub(crate) fn digest(&self, at: &RegistryReference) -> Result<String, RegistryError> {
        self.manifest(at).map(|manifest| manifest.digest)
    }
}

impl Metadata {
    /// The form of a context entry `imageRegistry`.
    pub(crate) fn of_context(&self, written: &str) -> Value {
        json!({
            "image": written,
            "resolvedImage": format!("{}@{}", self.repository(), self.digest),
            "registry": self.at.registry(),
            "repository": self.at.repository(),
            "identifier": self.at.identifier(),
            "manifestList": self.index,
            "manifest": self.manifest,
            "configData": self.config,
        })
    }

    /// The form of `image.getMetadata` in CEL.
    pub(crate) fn of_cel(&self, written: &str) -> Value {
        let tag = self.at.tag().map(|tag| format!(":{tag}"));
        let tag = tag.unwrap_or_default();
        let mut data = Map::new();
        let mut add = |name: &str, value: Value| data.insert(name.to_owned(), value);
        add("image", Value::from(written));
        let resolved = format!("{}{tag}@{}", self.repository(), self.digest);
        add("resolvedImage", Value::from(resolved));
        add("registry", Value::from(self.at.registry()));
        add("repository", Value::from(self.at.repository()));
        add("identifier", Value::from(self.at.identifier()));
        if let Some(tag) = self.at.tag() {
            add("tag", Value::from(tag));
        }
        add("digest", Value::from(self.digest.as_str()));
        if let Some(index) = &self.index {
            add("imageIndex", index.clone());
        }
        add("manifest", self.manifest.clone());
        add("config", self.config.clone());
        Value::Object(data)
    }

    fn repository(&self) -> String {
        format!("{}/{}", self.at.registry(), self.at.repository())
    }
}

fn object(at: &RegistryReference, what: &str, bytes: &[u8]) -> Result<Value, RegistryError> {
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(unusable(at, what, "expected an object".to_owned())),
        Err(error) => Err(unusable(at, what, format!("this is no JSON: {error}"))),
    }
}

/// The digest of the image in an index that is for the platform. An entry that names none is for it.
fn child(index: &Value) -> Option<String> {
    let entries = index.get("manifests")?.as_array()?;
    let is_wanted = |entry: &&Value| match entry.get("platform") {
        Some(platform) => {
            let is = |key, wanted| platform.get(key).and_then(Value::as_str) == Some(wanted);
            is("os", PLATFORM.0) && is("architecture", PLATFORM.1)
        }
        None => true,
    };
    let entry = entries.iter().find(is_wanted)?;
    entry.get("digest")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_of_an_index() {
        for (entries, expected) in [
            (
                json!([
                    {"digest": "a", "platform": {"os": "linux", "architecture": "arm64"}},
                    {"digest": "b", "platform": {"os": "linux", "architecture": "amd64"}},
                ]),
                Some("b"),
            ),
            (json!([{"digest": "a"}]), Some("a")),
            (
                json!([{"digest": "a", "platform": {"os": "windows", "architecture": "amd64"}}]),
                None,
            ),
            (json!([]), None),
            (json!({}), None),
        ] {
            let found = child(&json!({"manifests": entries}));
            assert_eq!(found.as_deref(), expected);
        }
    }
}
