//! The plans of every rule of a policy set for one trigger.

use std::sync::Arc;

use serde_json::Value;

use super::plan::{self, Cause, Change, Situation};
use crate::compile::{CompiledPolicy, PolicySet};
use crate::context::source::ContextSource;
use crate::evaluate::evaluate;
use crate::policies::cluster_policy::CompiledRule;
use crate::policy_info::PolicyInfo;
use crate::record::Silent;
use crate::request::{Operation, Request};
use crate::response::{EngineResponse, RuleResponse, RuleStatus};

/// What one rule plans.
#[derive(Clone, Debug, PartialEq)]
pub struct RulePlan {
    /// The policy.
    pub policy: Arc<PolicyInfo>,
    /// The rule.
    pub rule: String,
    /// What must be done; the message of the rule where it cannot tell, and then nothing is done.
    pub changes: Result<Vec<Change>, Arc<str>>,
}

/// What every rule that generates plans after a request, in the order of the policies. `existing`
/// are the objects that rules may have generated.
///
/// A rule no longer matches a trigger when it would have matched the old object of an update, and
/// does not match the new one.
#[must_use]
pub fn plans(
    set: &PolicySet,
    request: &Request<'_>,
    existing: &[Value],
    source: &dyn ContextSource,
) -> Vec<RulePlan> {
    let asked = |request: &Request<'_>| evaluate(set, request, source, &mut Silent);
    let occasion = Occasion {
        request,
        existing,
        now: asked(request),
        before: match (request.operation, request.old_object) {
            (Operation::Update, Some(old)) => asked(&Request {
                object: Some(old),
                old_object: None,
                ..request.clone()
            }),
            _ => Vec::new(),
        },
    };
    let mut plans = Vec::new();
    for policy in set.policies() {
        if let CompiledPolicy::ClusterPolicy(policy) = policy {
            let info = policy.info();
            let rules = policy.rules().iter();
            plans.extend(rules.filter_map(|rule| {
                Some(RulePlan {
                    policy: Arc::clone(info),
                    rule: rule.name().to_owned(),
                    changes: occasion.plan(info, rule)?,
                })
            }));
        }
    }
    plans
}

/// A request, and what rules say of it.
struct Occasion<'a> {
    request: &'a Request<'a>,
    existing: &'a [Value],
    now: Vec<EngineResponse>,
    /// What rules say of the old object of an update.
    before: Vec<EngineResponse>,
}

impl Occasion<'_> {
    /// The plan of a rule; none where it does not generate, or has nothing to do with the trigger.
    fn plan(
        &self,
        policy: &PolicyInfo,
        rule: &CompiledRule,
    ) -> Option<Result<Vec<Change>, Arc<str>>> {
        let synchronisation = rule.synchronisation()?;
        let answer = answer(&self.now, policy, rule);
        let is_deleted = self.request.operation == Operation::Delete;
        let cause = match answer {
            _ if is_deleted && !rule.matcher().names_deletion() => Cause::TriggerDeleted,
            Some(answer) if answer.status == RuleStatus::Pass => Cause::Trigger,
            Some(answer) if answer.status == RuleStatus::Error => {
                return Some(Err(Arc::clone(&answer.message)));
            }
            Some(answer) if !answer.exceptions().is_empty() => return None,
            _ => {
                let before = self::answer(&self.before, policy, rule)?.status;
                let matched = matches!(before, RuleStatus::Pass | RuleStatus::Error);
                matched.then_some(Cause::TriggerUnmatched)?
            }
        };
        Some(Ok(plan::changes(&Situation {
            policy_namespace: &policy.namespace,
            policy: &policy.name,
            rule: rule.name(),
            synchronisation,
            cause: &cause,
            trigger: self.request.subject(),
            wanted: answer.map_or(&[], RuleResponse::generated),
            existing: self.existing,
        })))
    }
}

fn answer<'r>(
    responses: &'r [EngineResponse],
    policy: &PolicyInfo,
    rule: &CompiledRule,
) -> Option<&'r RuleResponse> {
    let mut responses = responses.iter();
    let of_policy = responses.find(|response| response.policy.key() == policy.key())?;
    let mut rules = of_policy.rules.iter();
    rules.find(|answer| *answer.rule == *rule.name())
}
