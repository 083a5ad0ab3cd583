//! Mutating policies as they are written, made ready.

use std::sync::Arc;

use portcullis_api::cel_policy::Evaluation;
use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_api::cluster_policy::FailurePolicy;
use portcullis_api::mutating_policy::{MutatingPolicy, MutatingPolicyKind, MutatingPolicySpec};

use super::{CompiledMutatingPolicy, Variant, targets::Targets};
use crate::autogen::cel::Rewriting;
use crate::cel::{
    compiler::Compiler,
    environment::{Flavour, environment},
    exception::Exceptions,
    mutation,
    preamble::Preamble,
};
use crate::compile_options::CompileError;
use crate::patch::apply_configuration::Atomic;
use crate::policies::cel_policy::{cel_policy_info, derived_of, refuse_namesakes, refuse_twins};
use crate::policy_info::PolicyInfo;
use crate::request::Payload;

impl CompiledMutatingPolicy {
    /// Makes a policy ready, with the exceptions that name it. One that cannot be used lets nothing off, and
    /// is told.
    ///
    /// # Errors
    /// Every expression that does not compile, with its path.
    pub fn compile(
        policy: &MutatingPolicy,
        written: &[&CelPolicyException],
        unusable: &mut Vec<CompileError>,
    ) -> Result<CompiledMutatingPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let info = info(policy);
        let errors = |faults| CompileError::of_policy(&info, faults);
        let flavour = match policy.kind {
            MutatingPolicyKind::MutatingPolicy => Flavour::Mutating,
            MutatingPolicyKind::NamespacedMutatingPolicy => Flavour::NamespacedMutating,
        };
        let mut variants = vec![Variant::compile(spec, flavour).map_err(errors)?];
        let derived = derived_of(Payload::Resource, spec, Rewriting::Mutations);
        for spec in derived.map_err(errors)? {
            let derived = Variant::compile(&spec, flavour).map_err(errors)?;
            variants.push(Variant {
                targets: None,
                ..derived
            });
        }
        Ok(CompiledMutatingPolicy {
            exceptions: Exceptions::of_policy(&info, flavour, written, unusable),
            info: Arc::new(info),
            variants,
        })
    }
}

impl Variant {
    fn compile(
        spec: &MutatingPolicySpec,
        flavour: Flavour,
    ) -> Result<Variant, Vec<(String, String)>> {
        let mut compiler = Compiler::new(environment(flavour));
        let preamble = Preamble::with_variables_first(
            &mut compiler,
            spec.match_constraints.as_ref(),
            &spec.match_conditions,
            &spec.variables,
        );
        let conditions = ("spec.matchConditions", spec.match_conditions.as_slice());
        refuse_namesakes(&mut compiler, conditions, &spec.variables);
        let names = spec
            .target_match_conditions
            .iter()
            .map(|one| one.name.as_str());
        refuse_twins(&mut compiler, "spec.targetMatchConditions", ".name", names);
        let targets = Targets::compile(&mut compiler, spec);
        let evaluation = spec.evaluation.as_ref();
        let atomic = match evaluation.and_then(|of| of.use_server_side_apply) {
            Some(true) => Atomic::Replaced,
            _ => Atomic::Refused,
        };
        let mutations = mutation::compile(&mut compiler, &spec.mutations, atomic);
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(Variant {
                preamble,
                mutations,
                targets,
            }),
            faults => Err(faults),
        }
    }
}

fn info(policy: &MutatingPolicy) -> PolicyInfo {
    let kind = match policy.kind {
        MutatingPolicyKind::MutatingPolicy => "MutatingPolicy",
        MutatingPolicyKind::NamespacedMutatingPolicy => "NamespacedMutatingPolicy",
    };
    let evaluation = policy.spec.evaluation.as_ref().map(|of| Evaluation {
        mode: of.mode.clone(),
        admission: of.admission.clone(),
        background: of.background.clone(),
    });
    PolicyInfo {
        errors_deny: policy.spec.failure_policy != Some(FailurePolicy::Ignore),
        ..cel_policy_info(
            policy.api_version,
            kind,
            &policy.metadata,
            evaluation.as_ref(),
        )
    }
}
