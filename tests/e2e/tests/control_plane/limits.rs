//! Policies that ask for webhooks which the API server does not take: what is written is taken, and no
//! policy is asked less for it.

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::{Value, json};

use crate::{
    kyverno,
    webhook_process::{Webhook, eventually},
};

pub(crate) const ALL: &[Test] = &[(
    "limits::what_the_api_server_takes_is_written",
    what_the_api_server_takes_is_written,
)];

/// A ClusterPolicy that refuses ConfigMaps with a label of its name, under so many conditions.
fn conditional(name: &str, label: &str, conditions: usize) -> Value {
    let conditions: Vec<Value> = (0..conditions)
        .map(|number| json!({"name": "same", "expression": format!("{number} < 1000")}))
        .collect();
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name},
        "spec": {
            "background": false,
            "webhookConfiguration": {"matchConditions": conditions},
            "rules": [{
                "name": "r",
                "match": {"any": [{"resources": {"kinds": ["ConfigMap"], "selector": {"matchLabels": {"refuse": label}}}}]},
                "validate": {"failureAction": "Enforce", "message": format!("refused by {label}"), "deny": {}},
            }],
        },
    })
}

/// A ValidatingPolicy about ConfigMaps with a label.
fn expression(name: &str, rules: &Value, label: &str) -> Value {
    json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": rules},
            "validations": [{
                "expression": format!("object.metadata.?labels.?refuse.orValue('') != '{label}'"),
                "message": format!("refused by {label}"),
            }],
        },
    })
}

/// What is asked for, and the label that shows that it is enforced.
fn cases() -> Vec<(Value, &'static str)> {
    let rule = |groups: &[&str], versions: &[&str], resources: &[&str]| json!({"apiGroups": groups, "apiVersions": versions, "operations": ["CREATE"], "resources": resources});
    vec![
        (conditional("many", "many", 70), "many"),
        (conditional("few", "few", 3), "few"),
        (
            expression(
                "wild",
                &json!([
                    rule(&["*", ""], &["*", "v1"], &["*/*", "configmaps", "*"]),
                    rule(&["*"], &["*"], &["*"]),
                ]),
                "wild",
            ),
            "wild",
        ),
        (
            expression(
                "empty",
                &json!([rule(
                    &[""],
                    &["", "v1"],
                    &[
                        "",
                        "configmaps",
                        "configmaps/*",
                        "configmaps/status",
                        "*/status"
                    ]
                )]),
                "empty",
            ),
            "empty",
        ),
    ]
}

fn attempt(plane: &ControlPlane, label: &str) -> Result<(), String> {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "shop", "labels": {"refuse": label}},
    });
    let create = ["create", "--dry-run=server", "-f", "-"];
    let done = plane.kubectl(&create, &object.to_string());
    done.map(drop).map_err(|error| error.to_string())
}

fn refused(plane: &ControlPlane, webhook: &Webhook, label: &str) {
    let wanted = format!("refused by {label}");
    eventually(&wanted, || match attempt(plane, label) {
        Err(said) if said.contains(&wanted) => Ok(()),
        other => Err(format!("{other:?}\n{}", webhook.log())),
    });
}

fn what_the_api_server_takes_is_written(_: &ControlPlane) {
    // What is refused would be refused to the other tests as well.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    for kind in kyverno::KINDS {
        kyverno::define_one(&plane, kind);
    }
    plane.create_namespace("shop").unwrap();
    plane.create_namespace("portcullis").unwrap();
    let webhook = Webhook::start(&plane, "limits");
    for (policy, label) in cases() {
        plane.apply(&policy.to_string()).unwrap();
        refused(&plane, &webhook, label);
    }
    // Their webhooks alone are more than etcd takes.
    let many: Vec<Value> = (0..700)
        .map(|number| conditional(&format!("one-of-many-{number}"), &format!("n{number}"), 2))
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": many});
    plane.apply(&list.to_string()).unwrap();
    for label in ["n0", "n699", "many", "few", "wild"] {
        refused(&plane, &webhook, label);
    }
    attempt(&plane, "nobody").unwrap();
    assert!(
        !webhook.log().contains(r#""msg":"not written""#),
        "{}",
        webhook.log()
    );
    what_nobody_foresaw_is_written_wider(&plane, &webhook);
}

/// Annotations of the ConfigMap that are longer than the API server takes: without them it takes the
/// rest.
fn what_nobody_foresaw_is_written_wider(plane: &ControlPlane, webhook: &Webhook) {
    let annotations = json!({"long": "x".repeat(300_000)}).to_string();
    let configuration = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "portcullis", "namespace": "portcullis"},
        "data": {"webhookAnnotations": annotations},
    });
    plane.apply(&configuration.to_string()).unwrap();
    eventually("the log says what is not written", || {
        let log = webhook.log();
        match log.contains("not written") {
            true => Ok(()),
            false => Err(log),
        }
    });
    let (policy, label) = (conditional("late", "late", 0), "late");
    plane.apply(&policy.to_string()).unwrap();
    refused(plane, webhook, label);
}
