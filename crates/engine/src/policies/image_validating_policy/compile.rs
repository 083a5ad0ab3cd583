//! A written ImageValidatingPolicy to one that is ready to run, or what keeps it from that.

use std::sync::Arc;

use portcullis_api::{
    cel_policy::ValidationAction,
    cluster_policy::FailurePolicy,
    image_validating_policy::{
        ImageValidatingPolicy, ImageValidatingPolicyKind, ImageValidatingPolicySpec,
    },
};
use serde_json::Value;

use super::{CompiledImageValidatingPolicy, Variant, images::ImageMatcher, signers};
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
use crate::policies::validating_policy::cel_policy_info;
use crate::policy_info::PolicyInfo;
use crate::response::FailureAction;

impl CompiledImageValidatingPolicy {
    /// Makes a policy ready.
    ///
    /// # Errors
    /// Every expression that does not compile, with its path.
    pub fn compile(
        policy: &ImageValidatingPolicy,
    ) -> Result<CompiledImageValidatingPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let info = info(policy);
        let errors = |faults| CompileError::of_policy(&info, faults);
        let flavour = match policy.kind {
            ImageValidatingPolicyKind::ImageValidatingPolicy => Flavour::ImageValidating,
            ImageValidatingPolicyKind::NamespacedImageValidatingPolicy => {
                Flavour::NamespacedImageValidating
            }
        };
        let mut variants = vec![Variant::compile(spec, flavour).map_err(errors)?];
        let written = serde_json::to_value(spec).unwrap_or_default();
        for derived in expand(&written, Rewriting::Everything) {
            let spec = derived_spec(derived.spec).map_err(errors)?;
            variants.push(Variant::compile(&spec, flavour).map_err(errors)?);
        }
        let is_denied = spec.validation_actions.is_empty()
            || spec.validation_actions.contains(&ValidationAction::Deny);
        let settings = spec.validation_configurations.as_ref();
        let is_on = |of: Option<Option<bool>>| of.flatten().unwrap_or(true);
        Ok(CompiledImageValidatingPolicy {
            info: Arc::new(info),
            flavour,
            action: match is_denied {
                true => FailureAction::Enforce,
                false => FailureAction::Audit,
            },
            needs_digest: is_on(settings.map(|settings| settings.verify_digest)),
            needs_verification: is_on(settings.map(|settings| settings.required)),
            attestations: spec.attestations.clone(),
            variants,
            exceptions: Exceptions::default(),
        })
    }
}

fn derived_spec(spec: Value) -> Result<ImageValidatingPolicySpec, Vec<(String, String)>> {
    serde_json::from_value(spec)
        .map_err(|error| vec![("spec.autogen".to_owned(), error.to_string())])
}

impl Variant {
    fn compile(
        spec: &ImageValidatingPolicySpec,
        flavour: Flavour,
    ) -> Result<Variant, Vec<(String, String)>> {
        let mut compiler = Compiler::new(environment(flavour));
        let matcher =
            ImageMatcher::compile(&mut compiler, &spec.match_image_references, &spec.images);
        let preamble = Preamble::compile(
            &mut compiler,
            spec.match_constraints.as_ref(),
            &spec.match_conditions,
            &spec.variables,
        );
        let signers = signers::compile(&mut compiler, &spec.attestors);
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
                matcher,
                signers,
                validations,
                annotations,
            }),
            faults => Err(faults),
        }
    }
}

fn info(policy: &ImageValidatingPolicy) -> PolicyInfo {
    let kind = match policy.kind {
        ImageValidatingPolicyKind::ImageValidatingPolicy => "ImageValidatingPolicy",
        ImageValidatingPolicyKind::NamespacedImageValidatingPolicy => {
            "NamespacedImageValidatingPolicy"
        }
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
