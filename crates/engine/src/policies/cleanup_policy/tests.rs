//! Cleanup policies on objects, as data.

use portcullis_api::read::read;
use portcullis_values::gotime;
use serde_json::{Value, json};

use super::*;
use crate::context::source::NoSource;
use crate::request::GroupVersionKind;

fn policy(spec: &Value) -> Value {
    let mut policy = json!({"apiVersion": "kyverno.io/v2", "kind": "ClusterCleanupPolicy", "metadata": {"name": "c"}, "spec": {
        "schedule": "0 3 * * *",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
    }});
    for (key, value) in spec.as_object().into_iter().flatten() {
        policy["spec"][key] = value.clone();
    }
    policy
}

fn compile(policy: &Value) -> Result<CompiledCleanupPolicy, Vec<String>> {
    let compiled = CompiledCleanupPolicy::compile(&read(policy).unwrap());
    let line = |path: &str, message: &str| format!("{path}: {message}");
    compiled.map_err(|errors| {
        errors
            .iter()
            .map(|error| line(&error.path, &error.message))
            .collect()
    })
}

#[track_caller]
fn check_in(policy: &Value, expected: &Decision) {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop", "labels": {"app": "web"}}, "status": {"phase": "Failed"}});
    let request = Request {
        name: "a",
        namespace: "shop",
        kind: GroupVersionKind {
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            ..GroupVersionKind::default()
        },
        object: Some(&pod),
        ..crate::request::tests::empty()
    };
    let compiled = compile(policy).unwrap();
    assert_eq!(compiled.decide(&request, &NoSource), *expected, "{policy}");
}

#[track_caller]
fn check(spec: &Value, expected: &Decision) {
    check_in(&policy(spec), expected);
}

#[test]
fn match_exclude_and_conditions_decide() {
    let phase = |key: &str, value: &str| json!({"conditions": {"all": [{"key": key, "operator": "Equals", "value": value}]}});
    check(&json!({}), &Decision::Delete);
    check(
        &json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "operations": ["DELETE"]}}]}}),
        &Decision::Delete,
    );
    check(
        &json!({"exclude": {"any": [{"resources": {"kinds": ["Pod"], "operations": ["UPDATE"]}}]}}),
        &Decision::Unmatched,
    );
    check(
        &json!({"conditions": {"all": [{"key": "a", "operator": "Equals", "value": "a"}], "any": []}}),
        &Decision::Delete,
    );
    check(
        &json!({"match": {"any": [{"resources": {"kinds": ["Service"]}}]}}),
        &Decision::Unmatched,
    );
    check(
        &json!({"match": {"all": [{"resources": {"kinds": ["Pod"], "selector": {"matchLabels": {"app": "db"}}}}]}}),
        &Decision::Unmatched,
    );
    check(
        &json!({"exclude": {"any": [{"resources": {"namespaces": ["sh*"]}}]}}),
        &Decision::Unmatched,
    );
    check(
        &json!({"exclude": {"any": [{"resources": {"namespaces": ["bank"]}}]}}),
        &Decision::Delete,
    );
    check(
        &phase("{{ target.status.phase }}", "Failed"),
        &Decision::Delete,
    );
    check(
        &phase("{{ target.status.phase }}", "Running"),
        &Decision::ConditionsUnmet,
    );
    let unknown = "failed to evaluate conditions: failed to substitute variables in condition key: failed to resolve target.nobody at path : JMESPath query failed: Unknown key \"nobody\" in path";
    check(
        &phase("{{ target.nobody }}", "x"),
        &Decision::Undecided(unknown.to_owned()),
    );
    let mut with_context = phase("{{ state }}", "failed");
    with_context["context"] =
        json!([{"name": "state", "variable": {"jmesPath": "to_lower(target.status.phase)"}}]);
    check(&with_context, &Decision::Delete);
}

#[test]
fn a_cleanup_policy_is_about_its_namespace() {
    for (namespace, expected) in [("shop", Decision::Delete), ("bank", Decision::Unmatched)] {
        let mut policy = policy(&json!({}));
        policy["kind"] = json!("CleanupPolicy");
        policy["metadata"]["namespace"] = json!(namespace);
        check_in(&policy, &expected);
    }
}

#[test]
fn what_keeps_a_policy_from_running_has_a_place() {
    let users = "a cleanup policy runs on a schedule, and no user asks; leave it out";
    for (spec, expected) in [
        (
            json!({"schedule": "0 3 * *"}),
            "spec.schedule: `0 3 * *` is not a cron schedule: it has 4 fields, expected ",
        ),
        (
            json!({"schedule": "0 25 * * *"}),
            "spec.schedule: in the hour field of the cron schedule: ",
        ),
        (json!({"schedule": "@every 1h"}), "spec.schedule: "),
        (
            json!({"schedule": "0 0 31 2,4 *"}),
            "spec.schedule: `0 0 31 2,4 *` names no day that there is, and would never run; name one",
        ),
        (
            json!({"context": [{"name": "m", "configMap": {"name": "a", "namespace": "b"}}]}),
            "spec.context[0].configMap: a cleanup policy cannot have `configMap`; use `apiCall`, `variable` or `globalReference`",
        ),
        (
            json!({"context": [{"name": "m", "imageRegistry": {"reference": "a"}}]}),
            "spec.context[0].imageRegistry: ",
        ),
        (
            json!({"match": {"any": [{"resources": {"kinds": ["Pod"]}, "clusterRoles": ["admin"]}]}}),
            &format!("spec.match.any[0].clusterRoles: {users}"),
        ),
        (
            json!({"exclude": {"all": [{"subjects": [{"kind": "User", "name": "a"}]}]}}),
            &format!("spec.exclude.all[0].subjects: {users}"),
        ),
        (
            json!({"match": {"any": []}}),
            "spec.match: it selects nothing; write `any` or `all` with a filter",
        ),
        (
            json!({"conditions": {"any": [{"key": "{{ request.object.kind }}", "operator": "Equals", "value": "Pod"}]}}),
            "spec.conditions.any[0].key: `request.object.kind` reads a name that does not exist; read one of `target`, ",
        ),
        (
            json!({"conditions": {"all": [{"key": "a", "operator": "Equals", "value": "{{ target.( }}"}]}}),
            "spec.conditions.all[0].value: `target.(` is not JMESPath: ",
        ),
        (
            json!({"match": {"any": [{"resources": {"kinds": ["{{ target.kind }}"]}}]}}),
            "spec.match.any[0].resources.kinds[0]: a variable stands where none is replaced; ",
        ),
    ] {
        let faults = compile(&policy(&spec)).unwrap_err();
        assert!(
            matches!(faults.as_slice(), [one] if one.starts_with(expected)),
            "{faults:?}"
        );
    }
}

#[test]
fn missed_runs_are_made_up_for_by_one() {
    let time = |text: &str| gotime::parse(gotime::RFC3339, text).unwrap();
    let schedule = Schedule::parse("0 3 * * *").unwrap();
    for (last, now, is_due, next) in [
        (
            "2026-01-01T03:00:00Z",
            "2026-01-01T12:00:00Z",
            false,
            "2026-01-02T03:00:00Z",
        ),
        (
            "2026-01-01T03:00:00Z",
            "2026-01-02T03:00:00Z",
            true,
            "2026-01-03T03:00:00Z",
        ),
        (
            "2026-01-01T03:00:00Z",
            "2026-01-09T12:00:00Z",
            true,
            "2026-01-10T03:00:00Z",
        ),
    ] {
        let turn = schedule.turn(&time(last), &time(now));
        assert_eq!(
            (turn.is_due, turn.next),
            (is_due, Some(time(next))),
            "{last} {now}"
        );
    }
    let once = Schedule::parse("0 3 1 1 *").unwrap();
    assert!(
        !once
            .turn(&time("2026-01-01T03:00:00Z"), &time("2026-06-01T00:00:00Z"))
            .is_due
    );
}
