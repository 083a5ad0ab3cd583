//! A ValidatingPolicy as a ValidatingAdmissionPolicy.

use portcullis_api::{
    admission_policy::{AdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec},
    cel_policy::ValidationAction,
    cluster_policy::FailurePolicy,
    validating_policy::{ValidatingPolicy, ValidatingPolicyKind, ValidatingPolicySpec},
};

use super::{NativeOptions, NativePolicy, Origin, exceptions, unshifted};
use crate::autogen::cel::{Rewriting, expand};
use crate::translate::Obstacle;

pub(super) fn native(
    policy: &ValidatingPolicy,
    options: &NativeOptions<'_>,
) -> Result<NativePolicy, Vec<Obstacle>> {
    let spec = &policy.spec;
    let name = policy.metadata.name.as_deref().unwrap_or_default();
    let mut obstacles = obstacles_of(policy, options);
    let mut match_conditions = exceptions::conditions(
        "ValidatingPolicy",
        name,
        options.cel_exceptions,
        &mut obstacles,
    );
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    let before = match_conditions.len();
    match_conditions.extend(spec.match_conditions.iter().cloned());
    let native = ValidatingAdmissionPolicySpec {
        param_kind: None,
        match_constraints: spec.match_constraints.clone(),
        validations: spec.validations.clone(),
        failure_policy: Some(spec.failure_policy.unwrap_or(FailurePolicy::Fail)),
        audit_annotations: spec.audit_annotations.clone(),
        match_conditions,
        variables: spec.variables.clone(),
    };
    let binding = AdmissionPolicyBindingSpec {
        validation_actions: match spec.validation_actions.as_slice() {
            [] => vec![ValidationAction::Deny],
            actions => actions.to_vec(),
        },
        ..AdmissionPolicyBindingSpec::default()
    };
    origin(policy).validating(native, binding, &|path| unshifted(path, before))
}

fn origin(policy: &ValidatingPolicy) -> Origin<'_> {
    Origin {
        prefix: "vpol",
        api_version: policy.api_version.as_str(),
        kind: "ValidatingPolicy",
        metadata: &policy.metadata,
    }
}

fn obstacles_of(policy: &ValidatingPolicy, options: &NativeOptions<'_>) -> Vec<Obstacle> {
    let spec = &policy.spec;
    let mut obstacles = Vec::new();
    let mut stopped = |path: &str, reason: &str| obstacles.push(Obstacle::new(path, reason));
    if policy.kind == ValidatingPolicyKind::NamespacedValidatingPolicy {
        stopped("kind", super::NAMESPACED);
    }
    if !is_asked_for(spec) && !options.all {
        stopped(
            "spec",
            "the policy does not ask for it with `autogen.validatingAdmissionPolicy.enabled`",
        );
    }
    let derived = serde_json::to_value(spec)
        .is_ok_and(|spec| !expand(&spec, Rewriting::Everything).is_empty());
    if derived {
        stopped("spec", super::CONTROLLERS);
    }
    if let Some(evaluation) = &spec.evaluation {
        let admission = evaluation.admission.as_ref();
        if admission.is_some_and(|admission| admission.enabled == Some(false)) {
            stopped("spec.evaluation.admission", super::NO_ADMISSION);
        }
        if evaluation
            .mode
            .as_deref()
            .is_some_and(|mode| mode != "Kubernetes")
        {
            stopped("spec.evaluation.mode", super::NO_RESOURCES);
        }
    }
    obstacles
}

fn is_asked_for(spec: &ValidatingPolicySpec) -> bool {
    let autogen = spec.autogen.as_ref();
    let native = autogen.and_then(|autogen| autogen.validating_admission_policy.as_ref());
    native.is_some_and(|native| native.enabled == Some(true))
}
