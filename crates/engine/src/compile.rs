//! Policies and exceptions to a `PolicySet` that answers requests.

mod surroundings;

use std::sync::Arc;

use portcullis_api::policy_exception::PolicyException;

pub use self::surroundings::Surroundings;
use crate::compile_options::{CompileError, CompileOptions};
use crate::context::source::EntryKind;
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

/// A policy, ready to run; sets may share it.
#[derive(Clone, Debug)]
pub enum CompiledPolicy {
    /// A ClusterPolicy or Policy.
    ClusterPolicy(Arc<CompiledClusterPolicy>),
    /// A CleanupPolicy or ClusterCleanupPolicy.
    Cleanup(Arc<CompiledCleanupPolicy>),
    /// A ValidatingPolicy or NamespacedValidatingPolicy.
    Validating(Arc<CompiledValidatingPolicy>),
    /// A MutatingPolicy or NamespacedMutatingPolicy.
    Mutating(Arc<CompiledMutatingPolicy>),
    /// A DeletingPolicy or NamespacedDeletingPolicy.
    Deleting(Arc<CompiledDeletingPolicy>),
    /// A GeneratingPolicy or NamespacedGeneratingPolicy.
    Generating(Arc<CompiledGeneratingPolicy>),
    /// A ValidatingAdmissionPolicy with its bindings.
    ValidatingAdmission(Arc<CompiledValidatingAdmissionPolicy>),
    /// A MutatingAdmissionPolicy with its bindings.
    MutatingAdmission(Arc<CompiledMutatingAdmissionPolicy>),
    /// An ImageValidatingPolicy or NamespacedImageValidatingPolicy.
    ImageValidating(Arc<CompiledImageValidatingPolicy>),
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
    let policies: Vec<&Loaded> = policies.into_iter().collect();
    let (surroundings, mut errors) =
        Surroundings::of(policies.iter().copied(), exceptions, options);
    let mut compiled = Vec::new();
    for loaded in policies {
        let (policy, found) = surroundings.compile(loaded, options);
        compiled.extend(policy);
        errors.extend(found);
    }
    CompileError::keep_once(&mut errors);
    (PolicySet::new(compiled), errors)
}

impl PolicySet {
    /// A set of policies that are compiled.
    #[must_use]
    pub fn new(policies: Vec<CompiledPolicy>) -> PolicySet {
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
