//! `targets` of a `mutate` rule: the existing objects that it changes.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_api::label_selector::LabelSelector;
use portcullis_values::wildcard;
use serde_json::Value;

use super::condition::CompiledConditions;
use super::outcome::Outcome;
use crate::context::entries::{self, Entry};
use crate::context::query::Names;
use crate::context::source::Lookup;
use crate::context::variables::Template;
use crate::evaluation::Evaluation;
use crate::matching::Selector;
use crate::record::Recorder;

/// Existing objects that a rule changes.
#[derive(Debug)]
pub(super) struct Target {
    api_version: Template,
    kind: Template,
    namespace: Option<Template>,
    name: Option<Template>,
    selector: Option<LabelSelector>,
    /// The context of one object.
    pub(super) entries: Vec<Entry>,
    /// Which objects are changed.
    pub(super) preconditions: Option<CompiledConditions>,
}

impl Target {
    /// Compiles a target. `policy_namespace` is the namespace of a namespaced policy, the only one
    /// in which it changes objects. The target's context entries are added to `names`.
    pub(super) fn compile(
        written: &api::MutationTarget,
        policy_namespace: Option<&str>,
        names: &mut Arc<Names>,
    ) -> Target {
        let rule_names = Arc::clone(names);
        let template = |text: &str| Template::compile_text(text, &rule_names);
        let optional = |text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(template)
        };
        let entries = entries::compile(&written.context, names);
        Target {
            api_version: template(written.api_version.as_deref().unwrap_or_default()),
            kind: template(written.kind.as_deref().unwrap_or_default()),
            namespace: policy_namespace
                .map(template)
                .or_else(|| optional(&written.namespace)),
            name: optional(&written.name),
            selector: written.selector.clone(),
            preconditions: written
                .preconditions
                .as_ref()
                .map(|conditions| CompiledConditions::compile(conditions, names)),
            entries,
        }
    }

    /// The objects, in the order of the source.
    ///
    /// # Errors
    /// How the rule ends where they cannot be told.
    pub(super) fn objects<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<Vec<Value>, Outcome> {
        let context = evaluation.context();
        let text = |template: &'a Template| {
            let text = template.evaluate_text(context);
            text.map(|text| text.as_str().to_owned())
                .map_err(|error| Outcome::error("failed to substitute variables in target", &error))
        };
        let api_version = text(&self.api_version)?;
        let kind = text(&self.kind)?;
        let namespace = self.namespace.as_ref().map(text).transpose()?;
        let name = self.name.as_ref().map(text).transpose()?;
        let selector = match &self.selector {
            Some(selector) => Some(Selector::of(selector).map_err(|error| {
                Outcome::error("failed to read the target's label selector", &error)
            })?),
            None => None,
        };
        let found = match context.source().matching_objects(&api_version, &kind) {
            Lookup::Found(Value::Array(found)) => found,
            Lookup::Found(_) | Lookup::NotFound => Vec::new(),
            Lookup::Unavailable => {
                let reason = format!("nobody can be asked for {api_version} {kind} here");
                return Err(Outcome::error("failed to get targets", &reason));
            }
            Lookup::Failed(reason) => {
                return Err(Outcome::error("failed to get targets", &reason));
            }
        };
        let fits = |object: &Value, field: &str, wanted: Option<&String>| {
            let own = object.pointer(field).and_then(Value::as_str);
            wanted.is_none_or(|wanted| wildcard::matches(wanted, own.unwrap_or_default()))
        };
        Ok(found
            .into_iter()
            .filter(|object| fits(object, "/metadata/name", name.as_ref()))
            .filter(|object| fits(object, "/metadata/namespace", namespace.as_ref()))
            .filter(|object| {
                let selector = selector.as_ref();
                selector.is_none_or(|selector| selector.matches_object(object))
            })
            .collect())
    }

    /// Whether an object is changed; `target` is set.
    ///
    /// # Errors
    /// Preconditions that cannot be decided.
    pub(super) fn counts<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Result<bool, Outcome> {
        evaluation.context().defer(&self.entries);
        let Some(preconditions) = &self.preconditions else {
            return Ok(true);
        };
        let hold = preconditions.evaluate_noted(&"targets.preconditions", evaluation);
        let (hold, _) =
            hold.map_err(|error| Outcome::error("failed to evaluate preconditions", &error))?;
        evaluation.preconditions(hold);
        Ok(hold)
    }
}
