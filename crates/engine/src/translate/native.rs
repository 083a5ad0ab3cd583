//! Policies of Kyverno as those that the API server evaluates itself: ValidatingAdmissionPolicy and
//! MutatingAdmissionPolicy, each with its binding, as Kyverno generates them.
//!
//! | of | becomes | where |
//! |---|---|---|
//! | ClusterPolicy | `cpol-NAME`, validating | its only rule is `validate.cel` with `generate: true` |
//! | ValidatingPolicy | `vpol-NAME`, validating | `autogen.validatingAdmissionPolicy.enabled`, and no rules for pod controllers |
//! | MutatingPolicy | `mpol-NAME`, mutating | `autogen.mutatingAdmissionPolicy.enabled`, and no rules for pod controllers |
//!
//! The binding is called `NAME-binding`. What comes out is compiled as the API server compiles it.

mod cluster_policy;
mod exceptions;
mod mutating_policy;
mod selection;
mod validating_policy;

use std::collections::BTreeMap;

use portcullis_api::{
    admission_policy::{
        AdmissionPolicyBinding, AdmissionPolicyBindingKind, AdmissionPolicyBindingSpec,
        AdmissionPolicyVersion, MutatingAdmissionPolicy, ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyKind, ValidatingAdmissionPolicySpec,
    },
    cel_policy_exception::CelPolicyException,
    metadata::{ObjectMeta, OwnerReference},
    policy_exception::PolicyException,
};
use portcullis_schema::Catalogue;

use crate::load::Loaded;
use crate::policies::validating_admission_policy::CompiledValidatingAdmissionPolicy;
use crate::translate::Obstacle;

const NOT_COMPILED: &str = "the API server does not compile this";
const NAMESPACED: &str =
    "native policies are about the whole cluster, this one about its namespace";
const CONTROLLERS: &str = "the policy has rules for pod controllers, too, which a native policy has \
                           not; `autogen.podControllers.controllers: []` switches them off";
const NO_ADMISSION: &str =
    "the policy is not for admission requests, native policies are for nothing else";
const NO_RESOURCES: &str = "native policies are about resources of the cluster";

/// What is translated, and with what.
#[derive(Clone, Copy, Debug)]
pub struct NativeOptions<'a> {
    /// Whether policies are translated, too, that do not ask for it.
    pub all: bool,
    /// The exceptions of `kyverno.io`.
    pub exceptions: &'a [&'a PolicyException],
    /// The exceptions of `policies.kyverno.io`.
    pub cel_exceptions: &'a [&'a CelPolicyException],
    /// The kinds, for their resources.
    pub catalogue: &'a Catalogue,
}

/// A native policy with the binding that puts it into effect.
#[derive(Clone, Debug, PartialEq)]
pub enum NativePolicy {
    /// A ValidatingAdmissionPolicy.
    Validating(Box<ValidatingAdmissionPolicy>, Box<AdmissionPolicyBinding>),
    /// A MutatingAdmissionPolicy.
    Mutating(Box<MutatingAdmissionPolicy>, Box<AdmissionPolicyBinding>),
}

/// The native policy of a policy; nothing for what is none, or of a kind that has no native one.
///
/// # Errors
/// Everything that stands in the way.
#[must_use]
pub fn of(
    loaded: &Loaded,
    options: &NativeOptions<'_>,
) -> Option<Result<NativePolicy, Vec<Obstacle>>> {
    match loaded {
        Loaded::Policy(policy) => Some(cluster_policy::native(policy, options)),
        Loaded::Validating(policy) => Some(validating_policy::native(policy, options)),
        Loaded::Mutating(policy) => Some(mutating_policy::native(policy, options)),
        _ => None,
    }
}

/// The policy that a native one is made of.
struct Origin<'a> {
    prefix: &'static str,
    api_version: &'a str,
    kind: &'a str,
    metadata: &'a ObjectMeta,
}

impl Origin<'_> {
    fn name(&self) -> String {
        let name = self.metadata.name.as_deref().unwrap_or_default();
        format!("{}-{name}", self.prefix)
    }

    /// The API server takes an owner by its identity alone, which a policy has once it is there.
    fn metadata(&self, suffix: &str) -> ObjectMeta {
        let owner = self.metadata.uid.as_ref().map(|uid| OwnerReference {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            name: self.metadata.name.clone().unwrap_or_default(),
            uid: uid.clone(),
            controller: None,
            block_owner_deletion: None,
        });
        ObjectMeta {
            name: Some(format!("{}{suffix}", self.name())),
            labels: BTreeMap::from([(
                "app.kubernetes.io/managed-by".to_owned(),
                "kyverno".to_owned(),
            )]),
            owner_references: owner.into_iter().collect(),
            ..ObjectMeta::default()
        }
    }

    fn binding(
        &self,
        kind: AdmissionPolicyBindingKind,
        spec: AdmissionPolicyBindingSpec,
    ) -> AdmissionPolicyBinding {
        AdmissionPolicyBinding {
            api_version: match kind {
                AdmissionPolicyBindingKind::ValidatingAdmissionPolicyBinding => {
                    AdmissionPolicyVersion::V1
                }
                AdmissionPolicyBindingKind::MutatingAdmissionPolicyBinding => {
                    AdmissionPolicyVersion::V1Beta1
                }
            },
            kind,
            metadata: self.metadata("-binding"),
            spec: AdmissionPolicyBindingSpec {
                policy_name: self.name(),
                ..spec
            },
        }
    }

    /// The policy with its binding, if the API server would compile it. `written` tells where an
    /// expression of the native policy comes from.
    fn validating(
        &self,
        spec: ValidatingAdmissionPolicySpec,
        binding: AdmissionPolicyBindingSpec,
        written: Written<'_>,
    ) -> Result<NativePolicy, Vec<Obstacle>> {
        let policy = ValidatingAdmissionPolicy {
            api_version: AdmissionPolicyVersion::V1,
            kind: ValidatingAdmissionPolicyKind::ValidatingAdmissionPolicy,
            metadata: self.metadata(""),
            spec,
            status: None,
        };
        let kind = AdmissionPolicyBindingKind::ValidatingAdmissionPolicyBinding;
        let binding = self.binding(kind, binding);
        match CompiledValidatingAdmissionPolicy::compile(
            &policy,
            &[&binding],
            &crate::CompileOptions::default(),
        ) {
            Ok(_) => Ok(NativePolicy::Validating(
                Box::new(policy),
                Box::new(binding),
            )),
            Err(errors) => Err(refused(errors, written)),
        }
    }
}

/// The path in the policy that a path of the native one comes from; none where it is not written there.
type Written<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the API server does not compile, where it is written; else by its path in the native policy.
fn refused(errors: Vec<crate::CompileError>, written: Written<'_>) -> Vec<Obstacle> {
    let obstacle = |error: crate::CompileError| match written(&error.path) {
        Some(path) => Obstacle::new(path, format!("{NOT_COMPILED}:\n{}", error.message)),
        None => {
            let reason = format!("{NOT_COMPILED}: `{}`: {}", error.path, error.message);
            Obstacle::new("", reason)
        }
    };
    errors.into_iter().map(obstacle).collect()
}

/// The same path, with as many fewer `matchConditions` as stand before those that are written.
fn unshifted(path: &str, before: usize) -> Option<String> {
    let Some(rest) = path.strip_prefix("spec.matchConditions[") else {
        return Some(path.to_owned());
    };
    let (index, rest) = rest.split_once(']')?;
    let index = index.parse::<usize>().ok()?.checked_sub(before)?;
    Some(format!("spec.matchConditions[{index}]{rest}"))
}
