//! A written ValidatingPolicy to one that is ready to run, or what keeps it from that.

use std::sync::Arc;

use portcullis_api::{
    cel_policy::ValidationAction,
    cel_policy_exception::CelPolicyException,
    cluster_policy::FailurePolicy,
    validating_policy::{ValidatingPolicy, ValidatingPolicyKind, ValidatingPolicySpec},
};
use portcullis_cel::{
    library::kyverno::{CHECK_RESPONSE, HTTP_RESPONSE},
    types::Type,
};

use super::{CompiledValidatingPolicy, Variant};
use crate::autogen::cel::Rewriting;
use crate::cel::{
    audit_annotations::AuditAnnotations,
    compiler::{Compiler, PlacedProgram},
    environment::{Flavour, environment},
    exception::Exceptions,
    preamble::Preamble,
    validation::{self, Wording},
};
use crate::compile_options::CompileError;
use crate::policies::cel_policy::{
    action, cel_policy_info, derived_of, mode, refuse_namesakes, refuse_repeated_actions,
};
use crate::policy_info::PolicyInfo;
use crate::request::Payload;

impl CompiledValidatingPolicy {
    /// Makes a policy ready, with the exceptions that name it. One that cannot be used lets nothing off, and
    /// is told.
    ///
    /// # Errors
    /// Every expression that does not compile, with its path.
    pub fn compile(
        policy: &ValidatingPolicy,
        written: &[&CelPolicyException],
        unusable: &mut Vec<CompileError>,
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
        for spec in derived_of(mode, spec, Rewriting::Everything).map_err(errors)? {
            variants.push(Variant::compile(&spec, flavour).map_err(errors)?);
        }
        Ok(CompiledValidatingPolicy {
            exceptions: Exceptions::of_policy(&info, flavour, written, unusable),
            info: Arc::new(info),
            mode,
            action: action(&spec.validation_actions),
            variants,
        })
    }
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
        let conditions = ("spec.matchConditions", spec.match_conditions.as_slice());
        refuse_namesakes(&mut compiler, conditions, &spec.variables);
        refuse_repeated_actions(&mut compiler, &spec.validation_actions);
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
        answers: Vec<PlacedProgram>,
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
fn answers(
    compiler: &mut Compiler,
    spec: &ValidatingPolicySpec,
    response: &str,
) -> Vec<PlacedProgram> {
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
