//! Policies and exceptions to a `PolicySet` that answers requests.

use std::sync::Arc;

use portcullis_api::admission_policy::AdmissionPolicyBinding;
use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_api::policy_exception::PolicyException;
use rustc_hash::FxHashSet;

use crate::compile_options::{CompileError, CompileOptions};
use crate::context::source::EntryKind;
use crate::exceptions::ExceptionSet;
use crate::index::RuleIndex;
use crate::load::Loaded;
use crate::policies::cleanup_policy::CompiledCleanupPolicy;
use crate::policies::cluster_policy::{CompiledClusterPolicy, CompiledRule};
use crate::policies::deleting_policy::CompiledDeletingPolicy;
use crate::policies::generating_policy::CompiledGeneratingPolicy;
use crate::policies::image_validating_policy::CompiledImageValidatingPolicy;
use crate::policies::mutating_admission_policy::CompiledMutatingAdmissionPolicy;
use crate::policies::mutating_policy::CompiledMutatingPolicy;
use crate::policies::validating_admission_policy::CompiledValidatingAdmissionPolicy;
use crate::policies::validating_policy::CompiledValidatingPolicy;
use crate::policy_info::PolicyInfo;
use crate::request::GroupVersionKind;
use crate::response::RuleType;

/// A policy, ready to run.
#[derive(Debug)]
pub enum CompiledPolicy {
    /// A ClusterPolicy or Policy.
    ClusterPolicy(Box<CompiledClusterPolicy>),
    /// A CleanupPolicy or ClusterCleanupPolicy.
    Cleanup(Box<CompiledCleanupPolicy>),
    /// A ValidatingPolicy or NamespacedValidatingPolicy.
    Validating(Box<CompiledValidatingPolicy>),
    /// A MutatingPolicy or NamespacedMutatingPolicy.
    Mutating(Box<CompiledMutatingPolicy>),
    /// A DeletingPolicy or NamespacedDeletingPolicy.
    Deleting(Box<CompiledDeletingPolicy>),
    /// A GeneratingPolicy or NamespacedGeneratingPolicy.
    Generating(Box<CompiledGeneratingPolicy>),
    /// A ValidatingAdmissionPolicy with its bindings.
    ValidatingAdmission(Box<CompiledValidatingAdmissionPolicy>),
    /// A MutatingAdmissionPolicy with its bindings.
    MutatingAdmission(Box<CompiledMutatingAdmissionPolicy>),
    /// An ImageValidatingPolicy or NamespacedImageValidatingPolicy.
    ImageValidating(Box<CompiledImageValidatingPolicy>),
}

/// Where a rule stands in a set: policy and rule.
pub(crate) type RuleId = (u32, u32);

/// Policies and exceptions, ready to answer requests from any number of threads.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) policies: Vec<CompiledPolicy>,
    pub(crate) index: RuleIndex<RuleId>,
    /// The policies that are asked about every request.
    pub(crate) unindexed: Vec<u32>,
    /// The policies that change objects.
    pub(crate) mutating: Vec<u32>,
    /// The policies that verify images.
    pub(crate) verifying: Vec<u32>,
}

/// Compiles policies and exceptions: every error of every policy, and the policies that have none.
/// Exceptions of `policies.kyverno.io` stand among the policies, in any place.
#[must_use]
pub fn compile<'l>(
    policies: impl IntoIterator<Item = &'l Loaded>,
    exceptions: &[PolicyException],
    options: &CompileOptions,
) -> (PolicySet, Vec<CompileError>) {
    let mut compiled = Vec::new();
    let policies: Vec<&Loaded> = policies.into_iter().collect();
    let cel_exceptions = cel_exceptions(&policies);
    let (exceptions, unusable) = ExceptionSet::compile(exceptions);
    let mut errors: Vec<CompileError> = unusable
        .into_iter()
        .map(|unusable| CompileError {
            kind: "PolicyException".to_owned(),
            policy: unusable.key,
            path: "metadata.annotations".to_owned(),
            message: unusable.error.to_string(),
        })
        .collect();
    let policies: Vec<&Loaded> = policies.into_iter().collect();
    let bindings: Vec<&AdmissionPolicyBinding> = policies
        .iter()
        .filter_map(|loaded| match loaded {
            Loaded::Binding(binding) => Some(binding.as_ref()),
            _ => None,
        })
        .collect();
    for loaded in policies {
        match loaded {
            Loaded::Policy(policy) => {
                match CompiledClusterPolicy::compile(policy, &exceptions, options) {
                    Ok(policy) => compiled.push(CompiledPolicy::ClusterPolicy(Box::new(policy))),
                    Err(found) => errors.extend(found),
                }
            }
            Loaded::Cleanup(policy) => match CompiledCleanupPolicy::compile(policy) {
                Ok(policy) => compiled.push(CompiledPolicy::Cleanup(Box::new(policy))),
                Err(found) => errors.extend(found),
            },
            Loaded::Validating(policy) => match CompiledValidatingPolicy::compile(policy) {
                Ok(policy) => {
                    let policy = policy.with_exceptions(&cel_exceptions, &mut errors);
                    compiled.push(CompiledPolicy::Validating(Box::new(policy)));
                }
                Err(found) => errors.extend(found),
            },
            Loaded::Deleting(policy) => match CompiledDeletingPolicy::compile(policy) {
                Ok(policy) => {
                    let policy = policy.with_exceptions(&cel_exceptions, &mut errors);
                    compiled.push(CompiledPolicy::Deleting(Box::new(policy)));
                }
                Err(found) => errors.extend(found),
            },
            Loaded::Mutating(policy) => match CompiledMutatingPolicy::compile(policy) {
                Ok(policy) => {
                    let policy = policy.with_exceptions(&cel_exceptions, &mut errors);
                    compiled.push(CompiledPolicy::Mutating(Box::new(policy)));
                }
                Err(found) => errors.extend(found),
            },
            Loaded::Generating(policy) => match CompiledGeneratingPolicy::compile(policy) {
                Ok(policy) => {
                    let policy = policy.with_exceptions(&cel_exceptions, &mut errors);
                    compiled.push(CompiledPolicy::Generating(Box::new(policy)));
                }
                Err(found) => errors.extend(found),
            },
            Loaded::ValidatingAdmission(policy) => {
                match CompiledValidatingAdmissionPolicy::compile(policy, &bindings, options) {
                    Ok(policy) => {
                        compiled.push(CompiledPolicy::ValidatingAdmission(Box::new(policy)));
                    }
                    Err(found) => errors.extend(found),
                }
            }
            Loaded::MutatingAdmission(policy) => {
                match CompiledMutatingAdmissionPolicy::compile(policy, &bindings, options) {
                    Ok(policy) => {
                        compiled.push(CompiledPolicy::MutatingAdmission(Box::new(policy)));
                    }
                    Err(found) => errors.extend(found),
                }
            }
            Loaded::ImageValidating(policy) => {
                match CompiledImageValidatingPolicy::compile(policy, options) {
                    Ok(policy) => {
                        let policy = policy.with_exceptions(&cel_exceptions, &mut errors);
                        compiled.push(CompiledPolicy::ImageValidating(Box::new(policy)));
                    }
                    Err(found) => errors.extend(found),
                }
            }
            Loaded::Exception(_) | Loaded::CelException(_) | Loaded::Binding(_) => {}
        }
    }
    // An exception that names several policies is compiled for each of them.
    let mut known = FxHashSet::default();
    errors.retain(|error| known.insert(error.clone()));
    (PolicySet::new(compiled), errors)
}

fn cel_exceptions<'l>(loaded: &[&'l Loaded]) -> Vec<&'l CelPolicyException> {
    let exceptions = loaded.iter().filter_map(|loaded| match loaded {
        Loaded::CelException(exception) => Some(exception.as_ref()),
        _ => None,
    });
    exceptions.collect()
}

impl PolicySet {
    fn new(policies: Vec<CompiledPolicy>) -> PolicySet {
        let numbered = || (0_u32..).zip(&policies);
        let rules = numbered().flat_map(|(number, policy)| {
            (0_u32..)
                .zip(policy.rules())
                .map(move |(rule, compiled)| ((number, rule), compiled.matcher()))
        });
        let index = RuleIndex::build(rules);
        let unindexed = numbered()
            .filter(|(_, policy)| {
                !policy.is_cel_mutation() && !matches!(policy, CompiledPolicy::ClusterPolicy(_))
            })
            .map(|(number, _)| number)
            .collect();
        let having = |rule_type| {
            let mut having: Vec<(u8, u32)> = numbered()
                .filter(|(_, policy)| policy.has(rule_type))
                .map(|(number, policy)| (policy.turn(), number))
                .collect();
            having.sort_unstable();
            having.into_iter().map(|(_, number)| number).collect()
        };
        let mutating = having(RuleType::Mutation);
        let verifying = having(RuleType::ImageVerify);
        PolicySet {
            index,
            unindexed,
            mutating,
            verifying,
            policies,
        }
    }

    /// The policies that belong, and the others, each in the order in which they were given.
    #[must_use]
    pub fn split(self, belongs: impl Fn(&CompiledPolicy) -> bool) -> (PolicySet, PolicySet) {
        let (one, other) = self.policies.into_iter().partition(belongs);
        (PolicySet::new(one), PolicySet::new(other))
    }

    /// The policies, in the order in which they were given.
    #[must_use]
    pub fn policies(&self) -> &[CompiledPolicy] {
        &self.policies
    }

    /// How many rules there are, derived ones included; a policy of another kind counts as one.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.policies.iter().map(CompiledPolicy::rule_count).sum()
    }

    /// Whether a policy may be about objects of a kind, which is the kind of a resource such as `pods`.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let mut policies = self.policies.iter();
        policies.any(|policy| policy.is_about(kind, resource))
    }

    /// What the policies may ask of the world.
    #[must_use]
    pub fn needs(&self) -> Vec<EntryKind> {
        let mut needs: Vec<EntryKind> = self
            .policies
            .iter()
            .flat_map(CompiledPolicy::needs)
            .collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

impl CompiledPolicy {
    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        match self {
            CompiledPolicy::ClusterPolicy(policy) => policy.info(),
            CompiledPolicy::Cleanup(policy) => policy.info(),
            CompiledPolicy::Validating(policy) => policy.info(),
            CompiledPolicy::Mutating(policy) => policy.info(),
            CompiledPolicy::Deleting(policy) => policy.info(),
            CompiledPolicy::Generating(policy) => policy.info(),
            CompiledPolicy::ValidatingAdmission(policy) => policy.info(),
            CompiledPolicy::MutatingAdmission(policy) => policy.info(),
            CompiledPolicy::ImageValidating(policy) => policy.info(),
        }
    }

    /// How many rules there are, derived ones included; one for a policy of another kind.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        match self {
            CompiledPolicy::ClusterPolicy(policy) => policy.rules().len(),
            CompiledPolicy::Cleanup(_)
            | CompiledPolicy::Validating(_)
            | CompiledPolicy::Mutating(_)
            | CompiledPolicy::Deleting(_)
            | CompiledPolicy::Generating(_)
            | CompiledPolicy::ValidatingAdmission(_)
            | CompiledPolicy::MutatingAdmission(_)
            | CompiledPolicy::ImageValidating(_) => 1,
        }
    }

    /// The rules, derived ones after the written ones; none of a policy of another kind.
    #[must_use]
    pub fn rules(&self) -> &[CompiledRule] {
        match self {
            CompiledPolicy::ClusterPolicy(policy) => policy.rules(),
            CompiledPolicy::Cleanup(_)
            | CompiledPolicy::Validating(_)
            | CompiledPolicy::Mutating(_)
            | CompiledPolicy::Deleting(_)
            | CompiledPolicy::Generating(_)
            | CompiledPolicy::ValidatingAdmission(_)
            | CompiledPolicy::MutatingAdmission(_)
            | CompiledPolicy::ImageValidating(_) => &[],
        }
    }

    /// The names of the rules, in the same order.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.rules().iter().map(|rule| rule.name())
    }

    /// Whether the policy may be about objects of a kind, which is the kind of a resource such as `pods`.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        match self {
            CompiledPolicy::ClusterPolicy(policy) => {
                let mut rules = policy.rules().iter();
                rules.any(|rule| rule.matcher().is_about(kind))
            }
            CompiledPolicy::Cleanup(policy) => policy.is_about(kind),
            CompiledPolicy::Validating(policy) => policy.is_about(kind, resource),
            CompiledPolicy::Mutating(policy) => policy.is_about(kind, resource),
            CompiledPolicy::Deleting(policy) => policy.is_about(kind, resource),
            CompiledPolicy::Generating(policy) => policy.is_about(kind, resource),
            CompiledPolicy::ValidatingAdmission(policy) => policy.is_about(kind, resource),
            CompiledPolicy::MutatingAdmission(policy) => policy.is_about(kind, resource),
            CompiledPolicy::ImageValidating(policy) => policy.is_about(kind, resource),
        }
    }

    /// Whether expressions change the object.
    fn is_cel_mutation(&self) -> bool {
        matches!(
            self,
            CompiledPolicy::Mutating(_) | CompiledPolicy::MutatingAdmission(_)
        )
    }

    /// The turn of a policy that changes objects: Kyverno asks kind by kind.
    fn turn(&self) -> u8 {
        match self {
            CompiledPolicy::MutatingAdmission(_) => 1,
            CompiledPolicy::Mutating(_) => 2,
            _ => 0,
        }
    }

    fn has(&self, rule_type: RuleType) -> bool {
        if self.is_cel_mutation() {
            return rule_type == RuleType::Mutation;
        }
        if let CompiledPolicy::ImageValidating(policy) = self {
            return rule_type == RuleType::ImageVerify && policy.pins_digests();
        }
        let mut rules = self.rules().iter();
        rules.any(|rule| rule.rule_type() == rule_type)
    }

    /// What the policy may ask of the world; a policy that needs nothing runs inline.
    #[must_use]
    pub fn needs(&self) -> Vec<EntryKind> {
        let mut needs: Vec<EntryKind> = match self {
            CompiledPolicy::ClusterPolicy(policy) => policy
                .rules()
                .iter()
                .flat_map(|rule| rule.needs())
                .collect(),
            CompiledPolicy::Cleanup(policy) => policy.needs().collect(),
            CompiledPolicy::Validating(_)
            | CompiledPolicy::Mutating(_)
            | CompiledPolicy::Deleting(_)
            | CompiledPolicy::Generating(_)
            | CompiledPolicy::ValidatingAdmission(_)
            | CompiledPolicy::MutatingAdmission(_)
            | CompiledPolicy::ImageValidating(_) => Vec::new(),
        };
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}
