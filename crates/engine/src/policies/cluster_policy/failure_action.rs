//! What a failure means: `Audit` or `Enforce`, for a policy and the namespace of an object.
//!
//! The first rule of the policy that yields an action decides for the whole policy: an override of
//! the rule that fits the namespace, else the rule's own action. Then the policy's overrides are
//! asked, then its own action, which is `Audit` when it has none.

use portcullis_api::cluster_policy as api;
use portcullis_values::wildcard::Wildcard;

use crate::matching::{Selector, SelectorError};
use crate::request::Request;
use crate::response::FailureAction;

/// The compiled steps, in the order in which they are asked.
#[derive(Debug)]
pub struct FailureActions {
    steps: Vec<Step>,
    last: FailureAction,
}

#[derive(Debug)]
struct Step {
    action: FailureAction,
    place: Option<Place>,
}

/// Where an override holds.
#[derive(Debug)]
struct Place {
    namespaces: Vec<Wildcard>,
    selector: Option<Result<Selector, SelectorError>>,
}

impl FailureActions {
    /// Compiles the actions of a policy.
    #[must_use]
    pub fn compile(spec: &api::PolicySpec) -> FailureActions {
        let mut steps = Vec::new();
        for rule in &spec.rules {
            if let Some(validate) = &rule.validate {
                steps.extend(
                    validate
                        .failure_action_overrides
                        .iter()
                        .filter_map(Step::of),
                );
                steps.extend(validate.failure_action.map(Step::always));
            } else if let Some(action) = image_action(&rule.verify_images) {
                steps.push(Step::always(action));
            }
        }
        steps.extend(
            spec.validation_failure_action_overrides
                .iter()
                .filter_map(Step::of),
        );
        FailureActions {
            steps,
            last: action(spec.validation_failure_action),
        }
    }

    /// Whether the policy or one of its rules enforces, overrides aside.
    #[must_use]
    pub fn enforces(&self) -> bool {
        let mut always = self.steps.iter().filter(|step| step.place.is_none());
        let is_enforce = |action| action == FailureAction::Enforce;
        is_enforce(self.last) || always.any(|step| is_enforce(step.action))
    }

    /// What a failure means for the request.
    #[must_use]
    pub fn of(&self, request: &Request<'_>) -> FailureAction {
        self.steps
            .iter()
            .find(|step| step.place.as_ref().is_none_or(|place| place.holds(request)))
            .map_or(self.last, |step| step.action)
    }
}

/// `Enforce` or `Audit` as responses have it; `Audit` when nothing is written.
#[must_use]
pub fn action(written: Option<api::FailureAction>) -> FailureAction {
    if written.is_some_and(api::FailureAction::is_enforce) {
        FailureAction::Enforce
    } else {
        FailureAction::Audit
    }
}

/// `Enforce` if one entry enforces, else the first action that is written.
fn image_action(entries: &[api::ImageVerification]) -> Option<api::FailureAction> {
    let mut written = entries.iter().filter_map(|entry| entry.failure_action);
    let first = written.next()?;
    let enforcing = [first]
        .into_iter()
        .chain(written)
        .find(|action| action.is_enforce());
    Some(enforcing.unwrap_or(first))
}

impl Step {
    fn always(written: api::FailureAction) -> Step {
        Step {
            action: action(Some(written)),
            place: None,
        }
    }

    fn of(written: &api::FailureActionOverride) -> Option<Step> {
        Some(Step {
            action: action(Some(written.action?)),
            place: Some(Place {
                namespaces: written
                    .namespaces
                    .iter()
                    .map(|name| Wildcard::new(name))
                    .collect(),
                selector: written.namespace_selector.as_ref().map(Selector::of),
            }),
        })
    }
}

impl Place {
    fn holds(&self, request: &Request<'_>) -> bool {
        let named = self.namespaces.is_empty()
            || self
                .namespaces
                .iter()
                .any(|name| name.is_match(request.namespace));
        let selected = match &self.selector {
            None => true,
            Some(Ok(selector)) => match request.namespace_labels {
                Some(labels) => selector.matches(labels),
                None => selector.matches(&std::collections::BTreeMap::new()),
            },
            Some(Err(_)) => false,
        };
        named && selected
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn check(spec: &serde_json::Value, namespace: &str, labels: &[(&str, &str)], enforce: bool) {
        let parsed: api::PolicySpec = serde_json::from_value(spec.clone()).unwrap();
        let labels: BTreeMap<String, String> = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let request = Request {
            namespace,
            namespace_labels: Some(&labels),
            ..crate::request::tests::empty()
        };
        let expected = if enforce {
            FailureAction::Enforce
        } else {
            FailureAction::Audit
        };
        assert_eq!(
            FailureActions::compile(&parsed).of(&request),
            expected,
            "{spec} in {namespace}"
        );
    }

    fn rule(validate: &serde_json::Value) -> serde_json::Value {
        json!({"name": "r", "match": {}, "validate": validate})
    }

    #[test]
    fn the_first_rule_that_yields_an_action_decides() {
        let audit = rule(&json!({"failureAction": "Audit"}));
        let enforce = rule(&json!({"failureAction": "Enforce"}));
        let over = rule(
            &json!({"failureActionOverrides": [{"action": "Enforce", "namespaces": ["prod-*"]}]}),
        );
        let silent = rule(&json!({}));
        check(&json!({"rules": [audit, enforce]}), "x", &[], false);
        check(&json!({"rules": [enforce, audit]}), "x", &[], true);
        check(&json!({"rules": [silent, enforce]}), "x", &[], true);
        check(&json!({"rules": [over, audit]}), "prod-1", &[], true);
        check(&json!({"rules": [over, audit]}), "dev", &[], false);
        check(
            &json!({"rules": [silent], "validationFailureAction": "enforce"}),
            "x",
            &[],
            true,
        );
        check(&json!({"rules": [silent]}), "x", &[], false);
    }

    #[test]
    fn overrides_of_the_policy_fit_by_namespace_and_labels() {
        let spec = |over: serde_json::Value| json!({"rules": [], "validationFailureActionOverrides": [over]});
        let selector = json!({"matchLabels": {"tier": "gold"}});
        check(&spec(json!({"action": "Enforce"})), "x", &[], true);
        check(
            &spec(json!({"action": "Enforce", "namespaceSelector": selector})),
            "x",
            &[("tier", "gold")],
            true,
        );
        check(
            &spec(json!({"action": "Enforce", "namespaceSelector": selector})),
            "x",
            &[],
            false,
        );
        check(
            &spec(json!({"action": "Enforce", "namespaces": ["y"], "namespaceSelector": selector})),
            "x",
            &[("tier", "gold")],
            false,
        );
    }
}
