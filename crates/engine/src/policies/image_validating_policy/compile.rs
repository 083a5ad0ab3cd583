//! A written ImageValidatingPolicy to one that is ready to run, or what keeps it from that.

use std::sync::Arc;

use portcullis_api::{
    cel_policy::ValidationAction,
    cel_policy_exception::CelPolicyException,
    cluster_policy::FailurePolicy,
    image_validating_policy::{
        ImageValidatingPolicy, ImageValidatingPolicyKind, ImageValidatingPolicySpec,
    },
};

use super::{CompiledImageValidatingPolicy, Variant, images::ImageMatcher, signers};
use crate::autogen::cel::Rewriting;
use crate::cel::{
    audit_annotations::AuditAnnotations,
    compiler::Compiler,
    environment::{Flavour, environment},
    exception::Exceptions,
    preamble::Preamble,
    validation::{self, Wording},
};
use crate::compile_options::{CompileError, CompileOptions};
use crate::policies::cel_policy::{
    action, cel_policy_info, derived_of, mode, refuse_repeated_actions,
};
use crate::policy_info::PolicyInfo;
use crate::request::Payload;

impl CompiledImageValidatingPolicy {
    /// Makes a policy ready, with the exceptions that name it. One that cannot be used lets nothing off, and
    /// is told.
    ///
    /// # Errors
    /// Every expression that does not compile, with its path.
    pub fn compile(
        policy: &ImageValidatingPolicy,
        written: &[&CelPolicyException],
        options: &CompileOptions,
        unusable: &mut Vec<CompileError>,
    ) -> Result<CompiledImageValidatingPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let info = info(policy);
        let errors = |faults| CompileError::of_policy(&info, faults);
        let mode = mode(spec.evaluation.as_ref()).map_err(errors)?;
        if matches!(mode, Payload::Envoy | Payload::Http) {
            let problem = "a policy about images has the mode Kubernetes or JSON".to_owned();
            return Err(errors(vec![("spec.evaluation.mode".to_owned(), problem)]));
        }
        let flavour = match policy.kind {
            ImageValidatingPolicyKind::ImageValidatingPolicy => Flavour::ImageValidating,
            ImageValidatingPolicyKind::NamespacedImageValidatingPolicy => {
                Flavour::NamespacedImageValidating
            }
        };
        let mut variants = vec![Variant::compile(spec, flavour).map_err(errors)?];
        for spec in derived_of(mode, spec, Rewriting::Everything).map_err(errors)? {
            variants.push(Variant::compile(&spec, flavour).map_err(errors)?);
        }
        let settings = spec.validation_configurations.as_ref();
        let is_on = |of: Option<Option<bool>>| of.flatten().unwrap_or(true);
        Ok(CompiledImageValidatingPolicy {
            exceptions: Exceptions::of_policy(&info, flavour, written, unusable),
            info: Arc::new(info),
            mode,
            action: action(&spec.validation_actions),
            // Kyverno's commands leave images as they are.
            pins_digests: mode == Payload::Resource && !options.compat && spec.pins_digests(),
            needs_digest: is_on(settings.map(|settings| settings.verify_digest)),
            needs_verification: is_on(settings.map(|settings| settings.required)),
            attestations: spec.attestations.clone(),
            variants,
        })
    }
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
        refuse_repeated_actions(&mut compiler, &spec.validation_actions);
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
