//! What the kinds of `policies.kyverno.io` share before their expressions are compiled.

use std::collections::{BTreeMap, btree_map::Entry};

use portcullis_api::{
    cel_expression::{CelVariable, MatchCondition},
    cel_policy::{CelPolicyVersion, Evaluation, ValidationAction},
    metadata::ObjectMeta,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::autogen::cel::{Rewriting, expand};
use crate::cel::compiler::Compiler;
use crate::policy_info::PolicyInfo;
use crate::request::Payload;
use crate::response::FailureAction;

/// What a policy is about.
pub(super) fn mode(evaluation: Option<&Evaluation>) -> Result<Payload, Vec<(String, String)>> {
    match evaluation.and_then(|of| of.mode.as_deref()) {
        None | Some("" | "Kubernetes") => Ok(Payload::Resource),
        Some("JSON") => Ok(Payload::Json),
        Some("Envoy") => Ok(Payload::Envoy),
        Some("HTTP") => Ok(Payload::Http),
        Some(other) => {
            let problem = format!("`{other}` is no mode; expected Kubernetes, JSON, Envoy or HTTP");
            Err(vec![("spec.evaluation.mode".to_owned(), problem)])
        }
    }
}

/// The policies that are derived from one; none from a policy about payloads.
pub(super) fn derived_of<S: Serialize + DeserializeOwned>(
    mode: Payload,
    spec: &S,
    rewriting: Rewriting,
) -> Result<Vec<S>, Vec<(String, String)>> {
    if mode != Payload::Resource {
        return Ok(Vec::new());
    }
    let written = serde_json::to_value(spec).unwrap_or_default();
    let derived = expand(&written, rewriting).into_iter();
    derived
        .map(|derived| {
            let spec = serde_json::from_value(derived.spec);
            spec.map_err(|error| vec![("spec.autogen".to_owned(), error.to_string())])
        })
        .collect()
}

/// Keeps what stands twice in a list whose elements are told apart by a field: the API server, and
/// Kyverno's commands, refuse the policy.
pub(super) fn refuse_twins<'t>(
    compiler: &mut Compiler,
    list: &str,
    field: &str,
    values: impl IntoIterator<Item = &'t str>,
) {
    let mut first = BTreeMap::new();
    for (index, value) in values.into_iter().enumerate() {
        match first.entry(value) {
            Entry::Vacant(entry) => {
                entry.insert(index);
            }
            Entry::Occupied(entry) => compiler.fault(
                format!("{list}[{index}]{field}"),
                format!(
                    "`{value}` stands in {list}[{}], too; the API server takes each once",
                    entry.get()
                ),
            ),
        }
    }
}

/// Keeps conditions and variables of the same name.
pub(super) fn refuse_namesakes(
    compiler: &mut Compiler,
    conditions: (&str, &[MatchCondition]),
    variables: &[CelVariable],
) {
    let (list, conditions) = conditions;
    let names = conditions.iter().map(|one| one.name.as_str());
    refuse_twins(compiler, list, ".name", names);
    let names = variables.iter().map(|one| one.name.as_str());
    refuse_twins(compiler, "spec.variables", ".name", names);
}

/// Keeps actions that stand twice.
pub(super) fn refuse_repeated_actions(compiler: &mut Compiler, actions: &[ValidationAction]) {
    let names = actions.iter().map(|one| match one {
        ValidationAction::Deny => "Deny",
        ValidationAction::Audit => "Audit",
        ValidationAction::Warn => "Warn",
    });
    refuse_twins(compiler, "spec.validationActions", "", names);
}

/// What a failure means for a request; without actions it denies.
pub(super) fn action(actions: &[ValidationAction]) -> FailureAction {
    match actions.is_empty() || actions.contains(&ValidationAction::Deny) {
        true => FailureAction::Enforce,
        false => FailureAction::Audit,
    }
}

/// Who a policy of `policies.kyverno.io` is.
pub(super) fn cel_policy_info(
    version: CelPolicyVersion,
    kind: &str,
    metadata: &ObjectMeta,
    evaluation: Option<&Evaluation>,
) -> PolicyInfo {
    let enabled = |of: Option<&portcullis_api::cel_policy::EnabledByDefault>| {
        of.and_then(|of| of.enabled).unwrap_or(true)
    };
    PolicyInfo {
        api_version: match version {
            CelPolicyVersion::V1 => "policies.kyverno.io/v1",
            CelPolicyVersion::V1Beta1 => "policies.kyverno.io/v1beta1",
            CelPolicyVersion::V1Alpha1 => "policies.kyverno.io/v1alpha1",
        }
        .to_owned(),
        kind: kind.to_owned(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone(),
        annotations: metadata.annotations.clone(),
        admission: enabled(evaluation.and_then(|of| of.admission.as_ref())),
        background: enabled(evaluation.and_then(|of| of.background.as_ref())),
        emit_warning: false,
        errors_deny: true,
    }
}
