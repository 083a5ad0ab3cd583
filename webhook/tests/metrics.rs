//! What Prometheus is told of reviews that were answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use std::{collections::BTreeMap, net::TcpListener, sync::Arc, thread};

use portcullis_webhook::metrics;
use serde_json::Value;

use self::running::{Running, creation, pod, policies};

const POLICIES: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labelled}
spec:
  background: false
  rules:
    - name: good
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        failureAction: Enforce
        message: be good
        pattern: {metadata: {labels: {app: good}}}
    - name: named
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        failureAction: Enforce
        message: have a name
        pattern: {metadata: {name: "?*"}}
---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: tiers}
spec:
  validationActions: [Audit]
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: "has(object.metadata.labels.tier)", message: have a tier}]
"#;

/// Samples by name and labels.
struct Scraped(BTreeMap<String, f64>);

impl Scraped {
    fn new(address: &str) -> Scraped {
        let response = reqwest::blocking::get(format!("http://{address}/metrics")).unwrap();
        assert_eq!(response.status(), 200);
        let content_type = response.headers()["content-type"].to_str().unwrap();
        assert!(content_type.starts_with("text/plain; version=0.0.4"));
        let text = response.text().unwrap();
        let mut families = BTreeMap::new();
        let mut samples = BTreeMap::new();
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').unwrap();
                assert_eq!(families.insert(name, kind), None, "{name} twice");
            } else if !line.starts_with('#') {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let name = sample.split('{').next().unwrap();
                let ends = ["_bucket", "_sum", "_count"].into_iter();
                let mut names = ends.filter_map(|end| name.strip_suffix(end)).chain([name]);
                assert!(names.any(|name| families.contains_key(name)), "{line}");
                let known = samples.insert(sample.to_owned(), value.parse().unwrap());
                assert_eq!(known, None, "{line}");
            }
        }
        Scraped(samples)
    }

    /// The sum of the samples of a name that have all of these labels.
    fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let samples = self.0.iter().filter(|(sample, _)| {
            sample.split('{').next() == Some(name)
                && labels.iter().all(|label| sample.contains(label))
        });
        samples.map(|(_, value)| value).sum()
    }

    #[track_caller]
    fn check(&self, name: &str, labels: &[&str], wanted: f64) {
        let found = self.sum(name, labels);
        assert_eq!(found, wanted, "{name} {labels:?} in {:#?}", self.0);
    }
}

fn listening(running: &Running) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (metrics, served) = (Arc::clone(&running.metrics), Arc::clone(&running.served));
    let inbox = Some(Arc::clone(&running.inbox));
    let listening = metrics::listen(listener, metrics, served, inbox);
    running.runtime.spawn(listening);
    address
}

#[test]
fn reviews_are_counted_under_kyvernos_names() {
    let running = Running::new(POLICIES);
    let address = listening(&running);
    let ask = |app, count| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..count {
                        running.ask("/validate", &creation(&pod(app)));
                    }
                });
            }
        });
    };
    ask("good", 5);
    ask("bad", 2);
    running.ask("/mutate", &creation(&pod("good")));
    let scraped = Scraped::new(&address);

    let of_request =
        r#"resource_kind="Pod",resource_namespace="shop",resource_request_operation="create""#;
    let validating = r#"request_webhook="ValidatingWebhookConfiguration""#;
    for (allowed, count) in [("true", 20.0), ("false", 8.0)] {
        let allowed = format!("request_allowed=\"{allowed}\"");
        let labels = [allowed.as_str(), validating, of_request];
        scraped.check("kyverno_admission_requests_total", &labels, count);
        scraped.check(
            "kyverno_admission_review_duration_seconds_count",
            &labels,
            count,
        );
        let last = [&labels[..], &[r#"le="+Inf""#]].concat();
        scraped.check(
            "kyverno_admission_review_duration_seconds_bucket",
            &last,
            count,
        );
    }
    scraped.check("kyverno_admission_requests_total", &[], 29.0);

    let of_policy = r#"policy_background_mode="false",policy_name="labelled",policy_namespace="-",policy_type="cluster",policy_validation_mode="enforce""#;
    for (rule, result, count) in [
        ("good", "pass", 20.0),
        ("good", "fail", 8.0),
        ("named", "pass", 28.0),
    ] {
        let rule = format!(
            r#"rule_execution_cause="admission_request",rule_name="{rule}",rule_result="{result}",rule_type="validate""#
        );
        let labels = [of_policy, of_request, rule.as_str()];
        scraped.check("kyverno_policy_results_total", &labels, count);
        scraped.check(
            "kyverno_policy_execution_duration_seconds_count",
            &labels,
            count,
        );
    }
    assert!(
        scraped.sum(
            "kyverno_policy_execution_duration_seconds_sum",
            &[of_policy]
        ) > 0.0
    );
    let failed = [r#"policy_name="tiers""#, r#"result="fail""#, of_request];
    scraped.check("kyverno_validating_policy_results_total", &failed, 28.0);

    // Pod, controllers and CronJob for each of the two rules.
    scraped.check(
        "kyverno_policy_rule_info_total",
        &[of_policy, r#"status_ready="true""#],
        6.0,
    );
    scraped.check(
        "kyverno_policy_changes_total",
        &[of_policy, r#"policy_change_type="created""#],
        1.0,
    );
}

#[test]
fn changes_of_policies_are_counted_and_counters_go_on() {
    let running = Running::new(POLICIES);
    let address = listening(&running);
    running.ask("/validate", &creation(&pod("good")));
    running.served.swap(policies(POLICIES));
    running.ask("/validate", &creation(&pod("good")));
    running
        .served
        .swap(policies(&POLICIES.replace("be good", "be better")));
    running.ask("/validate", &creation(&pod("good")));
    let changes = |change: &str, count| {
        let change = format!("policy_change_type=\"{change}\"");
        Scraped::new(&address).check("kyverno_policy_changes_total", &[&change], count);
    };
    changes("created", 2.0);
    changes("updated", 1.0);
    changes("deleted", 0.0);
    running
        .served
        .swap(policies("{apiVersion: v1, kind: List, items: []}"));
    changes("deleted", 2.0);
    let scraped = Scraped::new(&address);
    let passed = [r#"rule_name="good""#, r#"rule_result="pass""#];
    scraped.check("kyverno_policy_results_total", &passed, 3.0);
    scraped.check("kyverno_policy_rule_info_total", &[], 0.0);
}

#[test]
fn changes_of_policies_that_answer_no_request_are_counted() {
    let version = |days: u8| {
        policies(&format!(
            r#"
apiVersion: kyverno.io/v2
kind: ClusterCleanupPolicy
metadata: {{name: cleanup}}
spec:
  schedule: "0 0 {days} * *"
  match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
---
apiVersion: policies.kyverno.io/v1
kind: DeletingPolicy
metadata: {{name: deleting}}
spec:
  schedule: "0 0 {days} * *"
  matchConstraints: {{resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [pods]}}]}}
---
apiVersion: policies.kyverno.io/v1
kind: GeneratingPolicy
metadata: {{name: generating}}
spec:
  matchConstraints: {{resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [namespaces]}}]}}
  generate: [{{expression: "generator.Apply('a{days}', [])"}}]
"#
        ))
    };
    let running = Running::new("{apiVersion: v1, kind: List, items: []}");
    let address = listening(&running);
    running.served.swap(version(1));
    running.served.swap(version(2));
    running.served.swap(version(2));
    for name in ["cleanup", "deleting", "generating"] {
        let name = format!("policy_name=\"{name}\"");
        for (change, count) in [("created", 1.0), ("updated", 1.0), ("deleted", 0.0)] {
            let change = format!("policy_change_type=\"{change}\"");
            let labels = [name.as_str(), change.as_str()];
            Scraped::new(&address).check("kyverno_policy_changes_total", &labels, count);
        }
    }
}

#[test]
fn the_number_of_series_is_bounded() {
    let running = Running::new(POLICIES);
    let address = listening(&running);
    let client = running.client();
    let mut request = creation(&pod("good"));
    for number in 0..2_100 {
        request["namespace"] = Value::from(format!("n{number}"));
        let body = running::review(&request);
        let asked = client.post(running.url("/validate")).body(body);
        let answer = asked.header("content-type", "application/json").send();
        assert_eq!(answer.unwrap().status(), 200);
    }
    let scraped = Scraped::new(&address);
    let name = "kyverno_admission_requests_total";
    scraped.check(name, &[], 2_100.0);
    scraped.check(name, &[r#"otel_metric_overflow="true""#], 100.0);
    let of_name = scraped.0.keys().filter(|sample| sample.starts_with(name));
    assert_eq!(of_name.count(), 2_001);
}
