//! `targetMatchConstraints`: the existing objects that a policy changes because of a request.

use std::collections::BTreeMap;

use portcullis_api::{
    match_constraints::MatchConstraints,
    mutating_policy::{MutatingPolicySpec, TargetMatchConstraints},
};
use portcullis_cel::types::Type;
use serde_json::Value;

use crate::cel::{
    compiler::{Compiler, PlacedProgram},
    preamble::compiled_constraints,
    scope::Scope,
};
use crate::context::source::{ContextSource, Lookup};
use crate::generate::ObjectRef;
use crate::matching::constraints::Constraints;
use crate::request::{GroupVersionKind, GroupVersionResource, Request};

/// Existing objects that a policy changes.
#[derive(Debug)]
pub(super) struct Targets {
    constraints: Option<Constraints>,
    expression: Option<PlacedProgram>,
    /// Conditions on each of them.
    pub(super) conditions: Vec<PlacedProgram>,
}

impl Targets {
    /// Makes the targets of a policy ready, if it changes existing objects: those that an expression
    /// gives, or that constraints meet, or else those that the policy itself is about.
    pub(super) fn compile(compiler: &mut Compiler, spec: &MutatingPolicySpec) -> Option<Targets> {
        let evaluation = spec.evaluation.as_ref()?;
        if evaluation.mutate_existing.as_ref()?.enabled != Some(true) {
            return None;
        }
        let written = spec.target_match_constraints.as_ref();
        let expression = written.and_then(|written| {
            let text = written
                .expression
                .as_ref()
                .filter(|text| !text.is_empty())?;
            let path = "spec.targetMatchConstraints.expression";
            let object = |of| Type::map(Type::String, of);
            let wanted = [object(Type::Any), object(Type::Dyn)];
            let lists = wanted.clone().map(Type::list);
            compiler.expression(path, text, &[wanted, lists].concat())
        });
        let of_targets = written.map(plain);
        let (path, constraints) = match &of_targets {
            Some(constraints) => ("spec.targetMatchConstraints", Some(constraints)),
            None => ("spec.matchConstraints", spec.match_constraints.as_ref()),
        };
        let constraints = compiled_constraints(compiler, path, constraints);
        let conditions = spec.target_match_conditions.iter().enumerate();
        Some(Targets {
            constraints: constraints.map(Constraints::of_every_operation),
            expression,
            conditions: conditions
                .filter_map(|(index, condition)| {
                    let path = format!("spec.targetMatchConditions[{index}].expression");
                    compiler.expression(&path, &condition.expression, &[Type::Bool])
                })
                .collect(),
        })
    }

    /// The objects; `scope` is that of the request, and `namespace` the only one where a namespaced
    /// policy changes objects.
    ///
    /// # Errors
    /// Why they cannot be told.
    pub(super) fn objects<'a>(
        &'a self,
        scope: &Scope<'_, 'a>,
        source: &dyn ContextSource,
        namespace: &str,
    ) -> Result<Vec<Value>, String> {
        let mut found = match &self.expression {
            Some(expression) => {
                let value = scope.evaluate(expression).map_err(|error| error.message)?;
                listed(value.to_json()?)
            }
            None => self.matching(source)?,
        };
        found.retain(|object| {
            namespace.is_empty() || text(object, "/metadata/namespace") == namespace
        });
        Ok(found)
    }

    fn matching(&self, source: &dyn ContextSource) -> Result<Vec<Value>, String> {
        let Some(constraints) = &self.constraints else {
            return Ok(Vec::new());
        };
        let mut matching = Vec::new();
        for kind in source.catalogue().kinds() {
            let named = GroupVersionKind {
                group: kind.group.clone(),
                version: kind.version.clone(),
                kind: kind.kind.clone(),
            };
            if !constraints.is_about(&named, &kind.resource) {
                continue;
            }
            let resource = GroupVersionResource {
                group: kind.group.clone(),
                version: kind.version.clone(),
                resource: kind.resource.clone(),
            };
            let api_version = match kind.group.as_str() {
                "" => kind.version.clone(),
                group => format!("{group}/{}", kind.version),
            };
            let found = match source.matching_objects(&api_version, &kind.kind) {
                Lookup::Found(Value::Array(found)) => found,
                Lookup::Found(_) | Lookup::NotFound | Lookup::Unavailable => continue,
                Lookup::Failed(reason) => return Err(reason),
            };
            for object in found {
                let labels = namespace_labels(source, text(&object, "/metadata/namespace"));
                let request = Request {
                    kind: named.clone(),
                    resource: resource.clone(),
                    name: text(&object, "/metadata/name"),
                    namespace: text(&object, "/metadata/namespace"),
                    namespace_labels: Some(&labels),
                    object: Some(&object),
                    ..Request::default()
                };
                if constraints.matches(&request) {
                    matching.push(object);
                }
            }
        }
        Ok(matching)
    }
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

fn namespace_labels(source: &dyn ContextSource, namespace: &str) -> BTreeMap<String, String> {
    let found = source.object(&ObjectRef {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        namespace: String::new(),
        name: namespace.to_owned(),
    });
    let Lookup::Found(found) = found else {
        return BTreeMap::new();
    };
    let labels = found.pointer("/metadata/labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    labels
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The objects of a list, or the one that is none; nothing for null.
fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.into_iter().flat_map(listed).collect(),
        Value::Object(mut fields) => match fields.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => vec![Value::Object(fields)],
        },
        other => vec![other],
    }
}

fn plain(written: &TargetMatchConstraints) -> MatchConstraints {
    MatchConstraints {
        resource_rules: written.resource_rules.clone(),
        exclude_resource_rules: written.exclude_resource_rules.clone(),
        namespace_selector: written.namespace_selector.clone(),
        object_selector: written.object_selector.clone(),
        match_policy: written.match_policy.clone(),
    }
}
