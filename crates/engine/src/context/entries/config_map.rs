//! `configMap: {name, namespace}`; the namespace of a namespaced policy is the only one that it may
//! read.

use portcullis_values::Str;
use serde_json::Value;

use super::error::{EntryError, answered};
use crate::context::json_context::JsonContext;
use crate::context::variables::Template;

#[derive(Debug)]
pub(super) struct ConfigMap {
    pub(super) name: Template,
    pub(super) namespace: Option<Template>,
}

impl ConfigMap {
    pub(super) fn load<'a>(
        &'a self,
        context: &JsonContext<'a>,
    ) -> Result<Option<Value>, EntryError> {
        let name = self.name.evaluate_text(context)?;
        let namespace = match &self.namespace {
            Some(namespace) => namespace.evaluate_text(context)?,
            None => Str::from(""),
        };
        let own = context.policy_namespace();
        let namespace = match namespace.as_str() {
            "" => own.unwrap_or("default"),
            namespace => namespace,
        };
        let what = || format!("configmap {namespace}/{}", name.as_str());
        if let Some(own) = own
            && own != namespace
        {
            return Err(EntryError::OtherNamespace {
                what: what(),
                namespace: own.to_owned(),
            });
        }
        answered(context.source().config_map(namespace, &name), what)
    }
}
