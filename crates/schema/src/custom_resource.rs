//! Kinds of CustomResourceDefinitions (`apiextensions.k8s.io/v1`), every version of each that is served.

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{
    catalogue::{Catalogue, Kind, METADATA},
    openapi::Reader,
    structure::{Schema, Shape},
};

/// Why a CustomResourceDefinition cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CustomResourceError {
    /// Something that a definition must have is missing.
    #[error("the CustomResourceDefinition has no `{0}`")]
    Missing(&'static str),
}

impl Catalogue {
    /// Adds every version of a CustomResourceDefinition that is served.
    ///
    /// # Errors
    /// Where group, kind, resource name or versions are missing.
    pub fn add_custom_resource(&mut self, definition: &Value) -> Result<(), CustomResourceError> {
        let required = |pointer: &'static str, name: &'static str| {
            let text = definition.pointer(pointer).and_then(Value::as_str);
            text.map(str::to_owned)
                .ok_or(CustomResourceError::Missing(name))
        };
        let group = required("/spec/group", "spec.group")?;
        let kind = required("/spec/names/kind", "spec.names.kind")?;
        let resource = required("/spec/names/plural", "spec.names.plural")?;
        let versions = definition
            .pointer("/spec/versions")
            .and_then(Value::as_array);
        for version in versions.ok_or(CustomResourceError::Missing("spec.versions"))? {
            if version.get("served") == Some(&json!(false)) {
                continue;
            }
            let name = version.get("name").and_then(Value::as_str);
            let name = name.ok_or(CustomResourceError::Missing("spec.versions[].name"))?;
            let schema = version
                .pointer("/schema/openAPIV3Schema")
                .unwrap_or(&Value::Null);
            let schema = self.custom_schema(schema);
            let subresources = version.get("subresources").and_then(Value::as_object);
            self.add_kind(Kind {
                group: group.clone(),
                version: name.to_owned(),
                kind: kind.clone(),
                resource: resource.clone(),
                namespaced: definition.pointer("/spec/scope") != Some(&json!("Cluster")),
                subresources: subresources
                    .into_iter()
                    .flatten()
                    .map(|(key, _)| key.clone())
                    .collect(),
                schema,
            });
        }
        Ok(())
    }

    /// The structure of a custom object: its own, with Kubernetes' `apiVersion`, `kind` and
    /// `metadata` where it declares none or leaves them open.
    fn custom_schema(&mut self, node: &Value) -> crate::structure::SchemaId {
        let definitions = Map::new();
        let id = Reader {
            catalogue: self,
            definitions: &definitions,
        }
        .place(node, 0);
        let metadata = self.named(METADATA);
        let Some(Shape::Object(object)) = self.schema(id).map(|schema| schema.shape.clone()) else {
            return id;
        };
        let mut object = object;
        object
            .fields
            .retain(|(name, _)| !matches!(name.as_ref(), "apiVersion" | "kind" | "metadata"));
        let text = Schema {
            shape: Shape::Text(crate::Text::Plain),
            ..Schema::default()
        };
        let text = self.add_schema(text);
        let metadata = metadata.unwrap_or_else(|| self.add_schema(Schema::default()));
        object.fields.push(("apiVersion".into(), text));
        object.fields.push(("kind".into(), text));
        object.fields.push(("metadata".into(), metadata));
        object.fields.sort();
        self.add_schema(Schema {
            shape: Shape::Object(object),
            ..Schema::default()
        })
    }
}
