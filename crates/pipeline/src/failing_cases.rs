//! Rules that refuse requests, and that no case of their suite shows to fail.

use portcullis_api::cluster_policy::{FailureAction, FailureActionOverride, Policy, Rule};

use crate::{
    diagnostic::Diagnostic, policy_set::policies, render::RenderedPolicy, suite::SuiteOutcome,
    suite_run::SuiteRun,
};

/// A warning for each such rule, at its place in the template.
#[must_use]
pub fn check(suites: &[SuiteRun]) -> Vec<Diagnostic> {
    let runs = suites.iter().filter_map(|run| {
        let can_run = run.outcomes.iter().all(SuiteOutcome::can_run);
        Some((run, run.rendered.as_ref().filter(|_| can_run)?))
    });
    runs.flat_map(|(run, rendered)| check_run(run, rendered))
        .collect()
}

fn check_run(run: &SuiteRun, rendered: &RenderedPolicy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for policy in policies(rendered) {
        for (index, rule) in policy.spec.rules.iter().enumerate() {
            if enforces(&policy, rule) && !has_failing_case(&run.outcomes, &policy, rule) {
                let place = rendered.pointer_place(&format!("/spec/rules/{index}/name"), false);
                let message = format!("no test shows that `{}` refuses anything", rule.name);
                let warning = Diagnostic::warning(message)
                    .at(
                        place,
                        "the rule enforces, and has no case with `result: fail`",
                    )
                    .help("add a resource that it must refuse, and a case for it, to the suite");
                found.push(warning.rendered_for(&run.renderings));
            }
        }
    }
    found
}

/// Whether a failure is refused anywhere.
fn enforces(policy: &Policy, rule: &Rule) -> bool {
    let Some(body) = &rule.validate else {
        return false;
    };
    let action = body
        .failure_action
        .or(policy.spec.validation_failure_action);
    let is_enforce = |action: Option<FailureAction>| action.is_some_and(FailureAction::is_enforce);
    let any = |list: &[FailureActionOverride]| list.iter().any(|it| is_enforce(it.action));
    is_enforce(action)
        || any(&body.failure_action_overrides)
        || any(&policy.spec.validation_failure_action_overrides)
}

/// Whether some case wants the rule, or one that autogen makes of it, to fail.
fn has_failing_case(outcomes: &[SuiteOutcome], policy: &Policy, rule: &Rule) -> bool {
    let policy = policy.metadata.name.as_deref().unwrap_or_default();
    let rules = ["", "autogen-", "autogen-cronjob-"].map(|made| format!("{made}{}", rule.name));
    let mut rows = outcomes.iter().flat_map(|outcome| &outcome.rows);
    rows.any(|row| {
        let name = row
            .policy
            .rsplit_once('/')
            .map_or(&*row.policy, |(_, it)| it);
        row.wanted == "fail" && name == policy && rules.contains(&row.rule)
    })
}
