//! What the kinds of `policies.kyverno.io` share before their expressions are compiled.

use portcullis_api::{
    cel_policy::{CelPolicyVersion, Evaluation, ValidationAction},
    metadata::ObjectMeta,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::autogen::cel::{Rewriting, expand};
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
