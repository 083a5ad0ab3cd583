//! What policies are compiled with: the exceptions to them, and the bindings of the API server's own.

use std::sync::Arc;

use portcullis_api::admission_policy::AdmissionPolicyBinding;
use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_api::policy_exception::PolicyException;

use super::CompiledPolicy;
use crate::compile_options::{CompileError, CompileOptions};
use crate::exceptions::ExceptionSet;
use crate::load::Loaded;
use crate::policies::cleanup_policy::CompiledCleanupPolicy;
use crate::policies::cluster_policy::CompiledClusterPolicy;
use crate::policies::deleting_policy::CompiledDeletingPolicy;
use crate::policies::generating_policy::CompiledGeneratingPolicy;
use crate::policies::image_validating_policy::CompiledImageValidatingPolicy;
use crate::policies::mutating_admission_policy::CompiledMutatingAdmissionPolicy;
use crate::policies::mutating_policy::CompiledMutatingPolicy;
use crate::policies::validating_admission_policy::CompiledValidatingAdmissionPolicy;
use crate::policies::validating_policy::CompiledValidatingPolicy;

/// What policies are compiled with. Of these, a policy depends on those that name it.
#[derive(Debug)]
pub struct Surroundings<'l> {
    exceptions: ExceptionSet,
    cel_exceptions: Vec<&'l CelPolicyException>,
    bindings: Vec<&'l AdmissionPolicyBinding>,
}

impl<'l> Surroundings<'l> {
    /// Those among what was loaded, with exceptions of `kyverno.io`, and which of these cannot be used.
    pub fn of<'e>(
        loaded: impl IntoIterator<Item = &'l Loaded>,
        exceptions: impl IntoIterator<Item = &'e PolicyException>,
        options: &CompileOptions,
    ) -> (Surroundings<'l>, Vec<CompileError>) {
        let (exceptions, unusable) = ExceptionSet::compile(exceptions, options);
        let (mut cel_exceptions, mut bindings) = (Vec::new(), Vec::new());
        for loaded in loaded {
            match loaded {
                Loaded::CelException(exception) => cel_exceptions.push(exception.as_ref()),
                Loaded::Binding(binding) => bindings.push(binding.as_ref()),
                _ => {}
            }
        }
        let errors = unusable.into_iter().map(|unusable| CompileError {
            kind: "PolicyException".to_owned(),
            policy: unusable.key,
            path: "metadata.annotations".to_owned(),
            message: unusable.error.to_string(),
        });
        let surroundings = Surroundings {
            exceptions,
            cel_exceptions,
            bindings,
        };
        (surroundings, errors.collect())
    }

    /// Compiles a policy, and tells what is wrong with it or its exceptions; none of what is no policy.
    #[must_use]
    pub fn compile(
        &self,
        loaded: &Loaded,
        options: &CompileOptions,
    ) -> (Option<CompiledPolicy>, Vec<CompileError>) {
        let mut errors = Vec::new();
        let policy = self.compiled(loaded, options, &mut errors);
        let policy = policy.map_err(|found| errors.extend(found));
        (policy.ok().flatten(), errors)
    }

    fn compiled(
        &self,
        loaded: &Loaded,
        options: &CompileOptions,
        errors: &mut Vec<CompileError>,
    ) -> Result<Option<CompiledPolicy>, Vec<CompileError>> {
        let (exceptions, bindings) = (&self.cel_exceptions, &self.bindings);
        Ok(Some(match loaded {
            Loaded::Policy(policy) => {
                let policy = CompiledClusterPolicy::compile(policy, &self.exceptions, options)?;
                CompiledPolicy::ClusterPolicy(Arc::new(policy))
            }
            Loaded::Cleanup(policy) => {
                let policy = CompiledCleanupPolicy::compile(policy)?;
                CompiledPolicy::Cleanup(Arc::new(policy))
            }
            Loaded::Validating(policy) => {
                let policy = CompiledValidatingPolicy::compile(policy, exceptions, errors)?;
                CompiledPolicy::Validating(Arc::new(policy))
            }
            Loaded::Deleting(policy) => {
                let policy = CompiledDeletingPolicy::compile(policy, exceptions, errors)?;
                CompiledPolicy::Deleting(Arc::new(policy))
            }
            Loaded::Mutating(policy) => {
                let policy = CompiledMutatingPolicy::compile(policy, exceptions, errors)?;
                CompiledPolicy::Mutating(Arc::new(policy))
            }
            Loaded::Generating(policy) => {
                let policy = CompiledGeneratingPolicy::compile(policy, exceptions, errors)?;
                CompiledPolicy::Generating(Arc::new(policy))
            }
            Loaded::ValidatingAdmission(policy) => {
                let policy = CompiledValidatingAdmissionPolicy::compile(policy, bindings, options)?;
                CompiledPolicy::ValidatingAdmission(Arc::new(policy))
            }
            Loaded::MutatingAdmission(policy) => {
                let policy = CompiledMutatingAdmissionPolicy::compile(policy, bindings, options)?;
                CompiledPolicy::MutatingAdmission(Arc::new(policy))
            }
            Loaded::ImageValidating(policy) => {
                let policy =
                    CompiledImageValidatingPolicy::compile(policy, exceptions, options, errors)?;
                CompiledPolicy::ImageValidating(Arc::new(policy))
            }
            Loaded::Exception(_) | Loaded::CelException(_) | Loaded::Binding(_) => return Ok(None),
        }))
    }
}
