//! A written ValidatingPolicy to one that is ready to run, or what keeps it from that.

use std::sync::Arc;

use portcullis_api::{
    cel_policy::{CelPolicyVersion, Evaluation, ValidationAction},
    cluster_policy::FailurePolicy,
    metadata::ObjectMeta,
    validating_policy::{ValidatingPolicy, ValidatingPolicyKind, ValidatingPolicySpec},
};
use portcullis_cel::{
    library::kyverno::{CHECK_RESPONSE, HTTP_RESPONSE},
    program::Program,
    types::Type,
};
use serde_json::Value;

use super::{CompiledValidatingPolicy, Variant};
use crate::autogen::cel::{Rewriting, expand};
use crate::cel::{
    audit_annotations::AuditAnnotations,
    compiler::Compiler,
    environment::{Flavour, environment},
    exception::Exceptions,
    preamble::Preamble,
    validation::{self, Wording},
};
use crate::compile_options::CompileError;
use crate::policy_info::PolicyInfo;
use crate::request::Payload;
use crate::response::FailureAction;

impl CompiledValidatingPolicy {
    /// Makes a policy ready.
    ///
    /// # Errors
    /// Every expression that does not compile, with its path.
    pub fn compile(
        policy: &ValidatingPolicy,
    ) -> Result<CompiledValidatingPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let info = info(policy);
        let errors = |faults| CompileError::of_policy(&info, faults);
        let mode = mode(spec.evaluation.as_ref()).map_err(errors)?;
        let flavour = match (mode, policy.kind) {
            (Payload::Envoy, _) => Flavour::Envoy,
            (Payload::Http, _) => Flavour::Http,
            (_, ValidatingPolicyKind::ValidatingPolicy) => Flavour::Validating,
            (_, ValidatingPolicyKind::NamespacedValidatingPolicy) => Flavour::NamespacedValidating,
        };
        let mut variants = vec![Variant::compile(spec, flavour).map_err(errors)?];
        let written = serde_json::to_value(spec).unwrap_or_default();
        let derived = match mode {
            Payload::Resource => expand(&written, Rewriting::Everything),
            _ => Vec::new(),
        };
        for derived in derived {
            let spec = derived_spec(derived.spec).map_err(errors)?;
            variants.push(Variant::compile(&spec, flavour).map_err(errors)?);
        }
        let is_denied = spec.validation_actions.is_empty()
            || spec.validation_actions.contains(&ValidationAction::Deny);
        Ok(CompiledValidatingPolicy {
            info: Arc::new(info),
            flavour,
            mode,
            exceptions: Exceptions::default(),
            action: match is_denied {
                true => FailureAction::Enforce,
                false => FailureAction::Audit,
            },
            variants,
        })
    }
}

/// What a policy is about.
fn mode(evaluation: Option<&Evaluation>) -> Result<Payload, Vec<(String, String)>> {
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

fn derived_spec(spec: Value) -> Result<ValidatingPolicySpec, Vec<(String, String)>> {
    serde_json::from_value(spec)
        .map_err(|error| vec![("spec.autogen".to_owned(), error.to_string())])
}

impl Variant {
    fn compile(
        spec: &ValidatingPolicySpec,
        flavour: Flavour,
    ) -> Result<Variant, Vec<(String, String)>> {
        let mut compiler = Compiler::new(environment(flavour));
        let constraints = spec.match_constraints.as_ref();
        let preamble = Preamble::compile(
            &mut compiler,
            constraints,
            &spec.match_conditions,
            &spec.variables,
        );
        let response = match flavour {
            Flavour::Envoy => Some(CHECK_RESPONSE),
            Flavour::Http => Some(HTTP_RESPONSE),
            _ => None,
        };
        if let Some(response) = response {
            let answers = answers(&mut compiler, spec, response);
            return Variant::of_answers(compiler, preamble, answers);
        }
        let validations = validation::compile(
            &mut compiler,
            "spec.validations",
            &spec.validations,
            Wording::Kyverno,
        );
        let annotations = AuditAnnotations::compile(&mut compiler, &spec.audit_annotations);
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(Variant {
                preamble,
                validations,
                answers: Vec::new(),
                annotations,
            }),
            faults => Err(faults),
        }
    }

    fn of_answers(
        compiler: Compiler,
        preamble: Preamble,
        answers: Vec<Program>,
    ) -> Result<Variant, Vec<(String, String)>> {
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(Variant {
                preamble,
                validations: Vec::new(),
                answers,
                annotations: AuditAnnotations::default(),
            }),
            faults => Err(faults),
        }
    }
}

/// The expressions that answer a request of a proxy: with an answer, or with null.
fn answers(compiler: &mut Compiler, spec: &ValidatingPolicySpec, response: &str) -> Vec<Program> {
    let wanted = [Type::message(response), Type::Null];
    let written = spec.validations.iter().enumerate();
    written
        .filter_map(|(index, validation)| {
            let path = format!("spec.validations[{index}].expression");
            compiler.expression(&path, &validation.expression, &wanted)
        })
        .collect()
}

fn info(policy: &ValidatingPolicy) -> PolicyInfo {
    let kind = match policy.kind {
        ValidatingPolicyKind::ValidatingPolicy => "ValidatingPolicy",
        ValidatingPolicyKind::NamespacedValidatingPolicy => "NamespacedValidatingPolicy",
    };
    let spec = &policy.spec;
    PolicyInfo {
        emit_warning: spec.validation_actions.contains(&ValidationAction::Warn),
        errors_deny: spec.failure_policy != Some(FailurePolicy::Ignore),
        ..cel_policy_info(
            policy.api_version,
            kind,
            &policy.metadata,
            spec.evaluation.as_ref(),
        )
    }
}

/// Who a policy of `policies.kyverno.io` is.
pub(in crate::policies) fn cel_policy_info(
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
