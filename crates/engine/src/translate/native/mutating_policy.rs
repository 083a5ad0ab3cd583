//! A MutatingPolicy as a MutatingAdmissionPolicy.

use portcullis_api::{
    admission_policy::{
        AdmissionPolicyBindingKind, AdmissionPolicyBindingSpec, AdmissionPolicyVersion,
        MutatingAdmissionPolicy, MutatingAdmissionPolicyKind, MutatingAdmissionPolicySpec,
    },
    cluster_policy::FailurePolicy,
    mutating_policy::{MutatingEvaluation, MutatingPolicy, MutatingPolicyKind},
};

use super::{NativeOptions, NativePolicy, Origin, Written, exceptions, refused, unshifted};
use crate::autogen::cel::{Rewriting, expand};
use crate::compile_options::CompileOptions;
use crate::policies::mutating_admission_policy::CompiledMutatingAdmissionPolicy;
use crate::translate::Obstacle;

pub(super) fn native(
    policy: &MutatingPolicy,
    options: &NativeOptions<'_>,
) -> Result<NativePolicy, Vec<Obstacle>> {
    let spec = &policy.spec;
    let name = policy.metadata.name.as_deref().unwrap_or_default();
    let mut obstacles = obstacles_of(policy, options);
    let mut match_conditions = exceptions::conditions(
        "MutatingPolicy",
        name,
        options.cel_exceptions,
        &mut obstacles,
    );
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    let before = match_conditions.len();
    match_conditions.extend(spec.match_conditions.iter().cloned());
    let mut match_constraints = spec.match_constraints.clone().unwrap_or_default();
    match_constraints
        .match_policy
        .get_or_insert_with(|| "Equivalent".to_owned());
    let reinvocation = spec.reinvocation_policy.as_deref().unwrap_or("Never");
    let native = MutatingAdmissionPolicySpec {
        param_kind: None,
        match_constraints: Some(match_constraints),
        variables: spec.variables.clone(),
        mutations: spec.mutations.clone(),
        failure_policy: Some(spec.failure_policy.unwrap_or(FailurePolicy::Fail)),
        match_conditions,
        reinvocation_policy: Some(reinvocation.to_owned()),
    };
    mutating(&origin(policy), native, &|path| unshifted(path, before))
}

fn mutating(
    origin: &Origin<'_>,
    spec: MutatingAdmissionPolicySpec,
    written: Written<'_>,
) -> Result<NativePolicy, Vec<Obstacle>> {
    let policy = MutatingAdmissionPolicy {
        api_version: AdmissionPolicyVersion::V1Beta1,
        kind: MutatingAdmissionPolicyKind::MutatingAdmissionPolicy,
        metadata: origin.metadata(""),
        spec,
        status: None,
    };
    let kind = AdmissionPolicyBindingKind::MutatingAdmissionPolicyBinding;
    let binding = origin.binding(kind, AdmissionPolicyBindingSpec::default());
    match CompiledMutatingAdmissionPolicy::compile(&policy, &[&binding], &CompileOptions::default())
    {
        Ok(_) => Ok(NativePolicy::Mutating(Box::new(policy), Box::new(binding))),
        Err(errors) => Err(refused(errors, written)),
    }
}

fn origin(policy: &MutatingPolicy) -> Origin<'_> {
    Origin {
        prefix: "mpol",
        api_version: policy.api_version.as_str(),
        kind: "MutatingPolicy",
        metadata: &policy.metadata,
    }
}

fn obstacles_of(policy: &MutatingPolicy, options: &NativeOptions<'_>) -> Vec<Obstacle> {
    let spec = &policy.spec;
    let mut obstacles = Vec::new();
    let mut stopped = |path: &str, reason: &str| obstacles.push(Obstacle::new(path, reason));
    if policy.kind == MutatingPolicyKind::NamespacedMutatingPolicy {
        stopped("kind", super::NAMESPACED);
    }
    let autogen = spec.autogen.as_ref();
    let native = autogen.and_then(|autogen| autogen.mutating_admission_policy.as_ref());
    if native.is_none_or(|native| native.enabled != Some(true)) && !options.all {
        stopped(
            "spec",
            "the policy does not ask for it with `autogen.mutatingAdmissionPolicy.enabled`",
        );
    }
    let derived = serde_json::to_value(spec)
        .is_ok_and(|spec| !expand(&spec, Rewriting::Mutations).is_empty());
    if derived {
        stopped("spec", super::CONTROLLERS);
    }
    let targets = !spec.target_match_conditions.is_empty();
    if spec.target_match_constraints.is_some() || targets {
        stopped(
            "spec.targetMatchConstraints",
            "native policies change the object of the request",
        );
    }
    if !spec.audit_annotations.is_empty() {
        stopped(
            "spec.auditAnnotations",
            "a MutatingAdmissionPolicy writes no audit annotations",
        );
    }
    let evaluation = spec.evaluation.as_ref();
    obstacles.extend(evaluation.map(of_evaluation).unwrap_or_default());
    obstacles
}

fn of_evaluation(evaluation: &MutatingEvaluation) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut stopped = |path: &str, reason: &str| {
        obstacles.push(Obstacle::new(format!("spec.evaluation.{path}"), reason));
    };
    let admission = evaluation.admission.as_ref();
    if admission.is_some_and(|admission| admission.enabled == Some(false)) {
        stopped("admission", super::NO_ADMISSION);
    }
    if evaluation
        .mode
        .as_deref()
        .is_some_and(|mode| mode != "Kubernetes")
    {
        stopped("mode", super::NO_RESOURCES);
    }
    let existing = evaluation.mutate_existing.as_ref();
    if existing.is_some_and(|existing| existing.enabled == Some(true)) {
        stopped(
            "mutateExisting",
            "native policies change the object of the request",
        );
    }
    if evaluation.use_server_side_apply == Some(true) {
        stopped("useServerSideApply", "the API server has no such choice");
    }
    obstacles
}
