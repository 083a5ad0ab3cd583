//! The exceptions that name a rule, with their conditions compiled.

use std::sync::Arc;

use portcullis_api::cluster_policy::PodSecurityStandard;

use super::condition::CompiledConditions;
use crate::context::query::Names;
use crate::evaluation::Evaluation;
use crate::exceptions::{Exception, ExceptionSet};
use crate::record::Recorder;
use crate::response::ExceptionName;

/// An exception that names a rule.
#[derive(Debug)]
pub(super) struct RuleException {
    exception: Exception,
    name: ExceptionName,
    conditions: Option<CompiledConditions>,
}

impl RuleException {
    /// The exceptions of a rule; `policy` is `name`, or `namespace/name`.
    #[must_use]
    pub(super) fn of_rule(
        exceptions: &ExceptionSet,
        policy: &str,
        rule: &str,
        names: &Arc<Names>,
    ) -> Vec<RuleException> {
        let named = exceptions.for_rule(policy, rule);
        named
            .map(|exception| RuleException {
                name: ExceptionName::of_key(&exception.key),
                conditions: exception
                    .conditions
                    .as_ref()
                    .map(|conditions| CompiledConditions::compile_block(conditions, names)),
                exception: exception.clone(),
            })
            .collect()
    }

    /// Its name.
    #[must_use]
    pub(super) fn name(&self) -> &ExceptionName {
        &self.name
    }

    /// `namespace/name`, or `name` where there is no namespace.
    #[must_use]
    pub(super) fn key(&self) -> &str {
        &self.exception.key
    }

    /// The parts of a `podSecurity` rule that it lets off; empty for the whole rule.
    #[must_use]
    pub(super) fn pod_security(&self) -> &[PodSecurityStandard] {
        &self.exception.pod_security
    }

    /// Whether it lets the request off; conditions that cannot be decided do not.
    pub(super) fn holds<'a, R: Recorder>(&'a self, evaluation: &mut Evaluation<'a, '_, R>) -> bool {
        let holds = self.is_met(evaluation);
        if R::LISTENS {
            let rule = evaluation.rule_name();
            evaluation.recorder().exception(&rule, self.key(), holds);
        }
        holds
    }

    fn is_met<'a, R: Recorder>(&'a self, evaluation: &mut Evaluation<'a, '_, R>) -> bool {
        let now = match self.exception.expires {
            Some(_) => evaluation.context().source().now(),
            None => 0,
        };
        self.exception.holds(evaluation.subject(), now)
            && self.conditions.as_ref().is_none_or(|conditions| {
                let block = format_args!("exception {} conditions", self.key());
                let decided = conditions.evaluate_noted(&block, evaluation);
                matches!(decided, Ok((true, _)))
            })
    }
}
