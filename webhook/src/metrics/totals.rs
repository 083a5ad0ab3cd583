//! What was counted since the start, by labels. A family has a bounded number of series; what comes
//! after is counted in one with the label `otel_metric_overflow`, as Kyverno's are.

use std::collections::BTreeMap;

use portcullis_engine::{
    policy_info::PolicyInfo,
    request::Operation,
    response::{FailureAction, RuleType},
};

use super::{
    histogram::Histogram,
    shard::{Counts, OfRule, Scene, Shard},
    text::{Text, labels},
};
use crate::path::Question;

/// How many series a family of counters has at most.
const COUNTERS: usize = 2000;

/// How many series a family of histograms has at most; each has 17 lines.
const HISTOGRAMS: usize = 1000;

/// The labels of what there is no more room for.
pub(super) const OVERFLOW: &str = "otel_metric_overflow=\"true\"";

const RESULTS: &str = "kyverno_policy_results_total";
const TIMES: &str = "kyverno_policy_execution_duration_seconds";
const REQUESTS: &str = "kyverno_admission_requests_total";
const REVIEWS: &str = "kyverno_admission_review_duration_seconds";

/// The counters of the kinds whose rules are expressions.
const EXPRESSIONS: [(&str, &str); 3] = [
    (
        "ImageValidatingPolicy",
        "kyverno_image_validating_policy_results_total",
    ),
    ("MutatingPolicy", "kyverno_mutating_policy_results_total"),
    (
        "ValidatingPolicy",
        "kyverno_validating_policy_results_total",
    ),
];

/// All families.
#[derive(Debug, Default)]
pub(super) struct Totals {
    counters: BTreeMap<&'static str, BTreeMap<String, u64>>,
    histograms: BTreeMap<&'static str, BTreeMap<String, Histogram>>,
}

impl Totals {
    /// Adds what a shard has counted.
    pub(super) fn take(&mut self, shard: Shard) {
        for (scene, counts) in shard.into_scenes() {
            self.take_reviews(&scene, &counts);
            let policies = counts.policies.into_values();
            policies.for_each(|of| {
                for rule in &of.rules {
                    self.take_rule(&scene, &of.policy, rule);
                }
            });
        }
    }

    fn take_reviews(&mut self, scene: &Scene, counts: &Counts) {
        for (allowed, times) in [("false", &counts.denied), ("true", &counts.allowed)] {
            if times.count() == 0 {
                continue;
            }
            let webhook = match scene.question {
                Question::Validate => "ValidatingWebhookConfiguration",
                Question::Mutate => "MutatingWebhookConfiguration",
            };
            let labels = labels(&[
                ("request_allowed", allowed),
                ("request_webhook", webhook),
                ("resource_kind", &scene.kind),
                ("resource_namespace", &scene.namespace),
                ("resource_request_operation", operation(scene.operation)),
            ]);
            self.count(REQUESTS, labels.clone(), times.count());
            self.time(REVIEWS, labels, times);
        }
    }

    fn take_rule(&mut self, scene: &Scene, policy: &PolicyInfo, rule: &OfRule) {
        let of_request = [
            ("resource_kind", scene.kind.as_str()),
            ("resource_namespace", scene.namespace.as_str()),
            ("resource_request_operation", operation(scene.operation)),
        ];
        let kind = policy.kind.strip_prefix("Namespaced");
        let kind = kind.unwrap_or(&policy.kind);
        if let Some((_, name)) = EXPRESSIONS.iter().find(|(of, _)| *of == kind) {
            let of_rule = [
                ("execution_cause", "admission_request"),
                ("result", rule.status.as_str()),
            ];
            let enforces = rule.action == FailureAction::Enforce;
            let labels = [&of_policy(policy, enforces)[..], &of_request, &of_rule].concat();
            self.count(name, super::text::labels(&labels), rule.count);
        } else if matches!(kind, "ClusterPolicy" | "Policy") {
            let of_rule = [
                ("rule_execution_cause", "admission_request"),
                ("rule_name", &rule.rule),
                ("rule_result", rule.status.as_str()),
                ("rule_type", rule_type(rule.rule_type)),
            ];
            let enforces = rule.action == FailureAction::Enforce;
            let labels = [&of_policy(policy, enforces)[..], &of_request, &of_rule].concat();
            let labels = super::text::labels(&labels);
            self.count(RESULTS, labels.clone(), rule.count);
            if rule.time.count() > 0 {
                self.time(TIMES, labels, &rule.time);
            }
        }
    }

    fn count(&mut self, name: &'static str, labels: String, count: u64) {
        let series = self.counters.entry(name).or_default();
        *series.entry(bounded(series, labels, COUNTERS)).or_default() += count;
    }

    fn time(&mut self, name: &'static str, labels: String, times: &Histogram) {
        let series = self.histograms.entry(name).or_default();
        let labels = bounded(series, labels, HISTOGRAMS);
        series.entry(labels).or_default().join(times);
    }

    pub(super) fn write(&self, text: &mut Text) {
        for (name, series) in &self.counters {
            let help = match *name {
                REQUESTS => "admission reviews that were answered",
                _ => "how rules ended",
            };
            text.family(name, "counter", help);
            for (labels, count) in series {
                text.sample(name, labels, count);
            }
        }
        for (name, series) in &self.histograms {
            let help = match *name {
                REVIEWS => "how long an answer to an admission review took",
                _ => "how long a rule took",
            };
            text.family(name, "histogram", help);
            for (labels, times) in series {
                text.histogram(name, labels, times);
            }
        }
    }
}

/// The labels, or those of the overflow where they would be one series too many.
pub(super) fn bounded<T>(series: &BTreeMap<String, T>, labels: String, limit: usize) -> String {
    match series.len() < limit || series.contains_key(&labels) {
        true => labels,
        false => OVERFLOW.to_owned(),
    }
}

/// The labels that every series of a policy has.
pub(super) fn of_policy(policy: &PolicyInfo, enforces: bool) -> [(&'static str, &str); 5] {
    let (policy_type, namespace) = match policy.namespace.as_str() {
        "" => ("cluster", "-"),
        namespace => ("namespaced", namespace),
    };
    [
        (
            "policy_background_mode",
            if policy.background { "true" } else { "false" },
        ),
        ("policy_name", &policy.name),
        ("policy_namespace", namespace),
        ("policy_type", policy_type),
        (
            "policy_validation_mode",
            if enforces { "enforce" } else { "audit" },
        ),
    ]
}

pub(super) fn rule_type(rule_type: RuleType) -> &'static str {
    match rule_type {
        RuleType::Validation => "validate",
        RuleType::Mutation => "mutate",
        RuleType::Generation => "generate",
        RuleType::ImageVerify => "imageVerify",
        RuleType::Deletion => "delete",
    }
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Connect => "connect",
    }
}
