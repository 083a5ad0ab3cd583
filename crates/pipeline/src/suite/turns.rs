//! Rows that Kyverno has, or lacks, because it asks the kinds of rules one after the other.

use portcullis_engine::{
    CompiledPolicy,
    response::{EngineResponse, RuleResponse, RuleType},
};

/// Whether rules of an earlier kind come before those that answered. Kyverno asks those that change
/// objects, those that verify images, those that validate and those that generate one after the
/// other, and shows a row of what came before the first answer.
pub(super) fn is_late(
    policy: &CompiledPolicy,
    answered: &[&(&EngineResponse, &RuleResponse)],
) -> bool {
    let CompiledPolicy::ClusterPolicy(policy) = policy else {
        return false;
    };
    let turn = |kind: RuleType| match kind {
        RuleType::Mutation => 0,
        RuleType::ImageVerify => 1,
        RuleType::Validation => 2,
        RuleType::Generation => 3,
        RuleType::Deletion => 4,
    };
    let first = answered
        .iter()
        .map(|(_, found)| turn(found.rule_type))
        .min();
    let rules = policy.rules().iter();
    rules.map(|rule| turn(rule.rule_type())).min() < first
}

/// Whether Kyverno has no response where a policy says nothing: where it does nothing but generate, verifies images or deletes,
/// has no constraints but one resource rule, or is the API server's and changes objects.
pub(super) fn is_silent(policy: &CompiledPolicy) -> bool {
    match policy {
        CompiledPolicy::ClusterPolicy(policy) => policy
            .rules()
            .iter()
            .all(|rule| rule.rule_type() == RuleType::Generation),
        CompiledPolicy::Validating(policy) => policy.is_simple(),
        CompiledPolicy::Mutating(policy) => policy.is_simple(),
        CompiledPolicy::Generating(_)
        | CompiledPolicy::ImageValidating(_)
        | CompiledPolicy::Deleting(_)
        | CompiledPolicy::MutatingAdmission(_) => true,
        CompiledPolicy::Cleanup(_) | CompiledPolicy::ValidatingAdmission(_) => false,
    }
}
