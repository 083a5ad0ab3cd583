//! Policies and the rules that are derived from theirs.

use serde_json::{Value, json};

use super::*;

fn policy(annotation: Option<&str>, rules: Value) -> Policy {
    let mut policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
        "metadata": {"name": "p"}, "spec": {"rules": rules},
    });
    if let Some(controllers) = annotation {
        policy["metadata"]["annotations"] =
            json!({"pod-policies.kyverno.io/autogen-controllers": controllers});
    }
    serde_json::from_value(policy).expect("the policy can be read")
}

fn rule(name: &str, kinds: &[&str], body: Value) -> Value {
    let mut rule = json!({"name": name, "match": {"any": [{"resources": {"kinds": kinds}}]}});
    for (key, value) in body.as_object().expect("a body is a map") {
        rule[key] = value.clone();
    }
    rule
}

fn pattern() -> Value {
    json!({"validate": {"message": "see $(/pattern/spec)", "pattern": {"spec": {"a": 1}}}})
}

/// Names of the derived rules, and for how many controllers they are.
fn names(policy: &Policy) -> Vec<(String, usize)> {
    let derived = expand(policy).into_iter();
    derived
        .map(|derived| (derived.rule.name, derived.controllers.len()))
        .collect()
}

#[track_caller]
fn check_body(body: Value, expected: [Value; 2]) {
    let derived = expand(&policy(None, json!([rule("r", &["Pod"], body)])));
    let bodies: Vec<Value> = derived
        .iter()
        .map(|derived| {
            let mut rule = serde_json::to_value(&derived.rule).expect("rules can be written");
            for key in ["name", "match"] {
                rule.as_object_mut().expect("a rule is a map").remove(key);
            }
            rule
        })
        .collect();
    assert_eq!(bodies, expected);
}

#[test]
fn a_pattern_moves_into_the_template() {
    let derived = expand(&policy(
        None,
        json!([
            rule("r", &["v1/Pod"], pattern()),
            rule("s", &["Pod"], pattern())
        ]),
    ));
    let first = derived.first().expect("there are derived rules");
    assert_eq!((first.rule.name.as_str(), first.origin), ("autogen-r", 0));
    let kinds = &first.rule.r#match.any.as_ref().expect("any is kept")[0].resources;
    let kinds = &kinds.as_ref().expect("resources are kept").kinds;
    assert_eq!(kinds.len(), 6);
    assert!(kinds.contains(&"v1/ReplicationController".to_owned()));
    let origins: Vec<_> = derived.iter().map(|derived| derived.origin).collect();
    assert_eq!(origins, [0, 0, 1, 1]);
    check_body(
        pattern(),
        [
            json!({"validate": {
                "message": "see $(/pattern/spec/template/spec)",
                "pattern": {"spec": {"template": {"spec": {"a": 1}}}},
            }}),
            json!({"validate": {
                "message": "see $(/pattern/spec/jobTemplate/spec/template/spec/template/spec)",
                "pattern": {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"a": 1}}}}}},
            }}),
        ],
    );
}

#[test]
fn paths_into_the_object_move_everywhere() {
    let deny = |path: &str| {
        json!({
            "preconditions": {"all": [{"key": format!("{{{{ {path}.metadata.name }}}}"), "operator": "Equals", "value": "x"}]},
            "validate": {"message": format!("{path}.spec is wrong"), "deny": {"conditions": {"any": [
                {"key": format!("{{{{ {path}.spec.a }}}}"), "operator": "Equals", "value": 1},
            ]}}},
        })
    };
    let moved = |template: &str| {
        let mut body = deny("P").to_string();
        body = body.replace("P.", &format!("request.object.{template}."));
        serde_json::from_str::<Value>(&body).expect("still JSON")
    };
    check_body(
        deny("request.object"),
        [
            moved("spec.template"),
            moved("spec.jobTemplate.spec.template"),
        ],
    );
}

#[test]
fn cel_has_paths_of_its_own() {
    let cel = |path: &str| json!({"validate": {"cel": {"expressions": [{"expression": path}]}}});
    check_body(
        cel("oldObject.spec == object.spec"),
        [
            cel("oldObject.spec.template.spec == object.spec.template.spec"),
            cel(
                "oldObject.spec.jobTemplate.spec.template.spec == object.spec.jobTemplate.spec.template.spec",
            ),
        ],
    );
}

#[test]
fn the_annotation_names_controllers() {
    let of = |annotation| {
        names(&policy(
            Some(annotation),
            json!([rule("r", &["Pod"], pattern())]),
        ))
    };
    let (template, cron_job) = ("autogen-r".to_owned(), "autogen-cronjob-r".to_owned());
    assert_eq!(of("none"), []);
    assert_eq!(of(""), []);
    assert_eq!(of("Deployment,StatefulSet"), [(template.clone(), 2)]);
    assert_eq!(of("CronJob"), [(cron_job.clone(), 1)]);
    assert_eq!(
        of("Job,CronJob"),
        [(template.clone(), 1), (cron_job.clone(), 1)]
    );
    assert_eq!(of("all"), [(template.clone(), 0), (cron_job, 0)]);
    assert_eq!(
        of("Deployment,Rollout"),
        [(template.clone(), 1), (template, 1)]
    );
}

#[test]
fn one_rule_can_stop_the_whole_policy() {
    let portable = rule("r", &["Pod"], pattern());
    let with = |other: Value| names(&policy(None, json!([portable, other]))).len();
    assert_eq!(with(rule("s", &["ConfigMap"], pattern())), 2);
    assert_eq!(with(rule("s", &["Pod", "Node"], pattern())), 0);
    assert_eq!(
        with(rule(
            "s",
            &["Pod"],
            json!({"mutate": {"patchesJson6902": "[]"}})
        )),
        0
    );
    assert_eq!(
        with(rule("s", &["Pod"], json!({"generate": {"kind": "Secret"}}))),
        0
    );
    let mut named = rule("s", &["ConfigMap"], pattern());
    named["match"]["any"][0]["resources"]["names"] = json!(["x"]);
    assert_eq!(with(named), 0);
    let mut excluding = rule("s", &["Pod"], pattern());
    excluding["exclude"] =
        json!({"any": [{"resources": {"selector": {"matchLabels": {"a": "b"}}}}]});
    assert_eq!(with(excluding), 0);
    let mut excluding = rule("s", &["Pod"], pattern());
    excluding["exclude"] = json!({"any": [{"resources": {"kinds": ["Node"]}}]});
    assert_eq!(with(excluding), 2);
    assert_eq!(
        names(&policy(None, json!([rule("r", &["v1/Pod"], pattern())]))),
        []
    );
}

#[test]
fn names_are_cut_and_written_autogen_rules_step_back() {
    let long = "r".repeat(63);
    let policy = policy(
        None,
        json!([
            rule(&long, &["Pod"], pattern()),
            rule("autogen-x", &["Pod"], pattern())
        ]),
    );
    let derived = expand(&policy);
    assert_eq!(derived.len(), 2);
    assert!(derived.iter().all(|derived| derived.rule.name.len() == 63));
    assert!(hides(&derived, "autogen-x", "Deployment"));
    assert!(!hides(&derived, "autogen-x", "Pod"));
    assert!(!hides(&derived, "x", "Deployment"));
}
