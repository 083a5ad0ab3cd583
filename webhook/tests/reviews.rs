//! Requests of every form, each with the answer to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use self::running::{Running, creation, pod, with};

/// Policies that deny, warn, ignore, change, and look at what only some requests have.
const POLICIES: &str = include_str!("policies.yaml");

/// What a request that is denied is told.
fn denied(response: &Value) -> &str {
    assert_eq!(response["allowed"], false, "{response}");
    response["status"]["message"].as_str().unwrap()
}

#[test]
fn a_denial_names_policy_rule_place_and_origin() {
    let running = Running::new(POLICIES);
    let response = running.ask("/validate/fail", &creation(&pod("bad")));
    assert_eq!(
        denied(&response),
        "\n\nresource Pod/shop/web was blocked due to the following policies \n\nlabels:\n  \
         app: 'validation error: app is not good. rule app failed at path /metadata/labels/app/'\n\
         labels comes from policies/labels.yaml:12 at 4f2c1d0\n"
    );
    assert_eq!(
        response["status"]["details"]["causes"],
        json!([{
            "reason": "labels/app",
            "message": "validation error: app is not good. rule app failed at path /metadata/labels/app/ (policies/labels.yaml:12 at 4f2c1d0)",
            "field": "metadata.labels.app",
        }])
    );
}

#[test]
fn each_path_asks_its_policies() {
    let running = Running::new(POLICIES);
    let good = creation(&pod("good"));
    for path in ["/validate/fail", "/validate/ignore"] {
        let response = running.ask(path, &good);
        assert_eq!(response["allowed"], true, "{path}: {response}");
    }
    let strange = creation(&pod("strange"));
    assert!(denied(&running.ask("/validate/ignore", &strange)).contains("is-ignored"));
    let own = "/validate/fail/finegrained/own";
    assert!(denied(&running.ask(own, &creation(&pod("own")))).contains("own:"));
    assert_eq!(running.ask(own, &good)["allowed"], true);
    assert_eq!(running.ask("/validate", &good)["allowed"], true);
    assert!(denied(&running.ask("/validate", &creation(&pod("own")))).contains("own:"));
    let of_others = running.ask("/validate/ignore", &creation(&pod("own")));
    assert_eq!(of_others["allowed"], true, "{of_others}");
}

#[test]
fn what_is_audited_warns_and_is_annotated() {
    let running = Running::new(POLICIES);
    let response = running.ask("/validate/ignore", &creation(&pod("audited")));
    assert_eq!(response["allowed"], true);
    let warnings = response["warnings"].as_array().unwrap();
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.starts_with("policy audits.app: "), "{warning}");
    assert_eq!(response["auditAnnotations"]["violations"], "audits/app");
}

#[test]
fn expressions_are_told_in_words() {
    let running = Running::new(POLICIES);
    let response = running.ask("/validate/fail", &creation(&pod("expressed")));
    assert_eq!(
        denied(&response),
        "Policy expresses failed: app is expressed"
    );
}

#[test]
fn an_error_denies_where_failure_does() {
    let running = Running::new(POLICIES);
    let broken = creation(&pod("broken"));
    assert!(denied(&running.ask("/validate/fail", &broken)).contains("fails-closed"));
    assert_eq!(running.ask("/validate/ignore", &broken)["allowed"], true);
}

#[test]
fn an_object_is_changed_by_a_patch() {
    let running = Running::new(POLICIES);
    let response = running.ask("/mutate/fail", &creation(&pod("good")));
    assert_eq!(response["patchType"], "JSONPatch");
    let patch = STANDARD
        .decode(response["patch"].as_str().unwrap())
        .unwrap();
    let patch: Value = serde_json::from_slice(&patch).unwrap();
    let added = json!([{"op": "add", "path": "/metadata/labels/team", "value": "alice"}]);
    assert_eq!(patch, added);
    let unchanged = running.ask("/mutate/ignore", &creation(&pod("good")));
    assert_eq!(
        (&unchanged["allowed"], &unchanged["patch"]),
        (&json!(true), &Value::Null)
    );
}

#[test]
fn every_operation_and_subresource_is_asked_about() {
    let running = Running::new(POLICIES);
    let create = creation(&pod("good"));
    let deletion = json!({"operation": "DELETE", "object": null, "oldObject": pod("keep")});
    let connection = json!({
        "operation": "CONNECT",
        "subResource": "exec",
        "kind": {"group": "", "version": "v1", "kind": "PodExecOptions"},
        "object": {"apiVersion": "v1", "kind": "PodExecOptions", "command": ["sh"]},
    });
    let mut debugged = pod("good");
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "d", "image": "debug"}]);
    let ephemeral = json!({
        "operation": "UPDATE",
        "subResource": "ephemeralcontainers",
        "object": debugged,
        "oldObject": pod("good"),
    });
    let scale = json!({
        "operation": "UPDATE",
        "subResource": "scale",
        "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "object": {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 99}},
    });
    let dry = json!({"dryRun": true, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "by-hand"}});
    for (changes, policy) in [
        (deletion, "no-deletion"),
        (connection, "no-exec"),
        (ephemeral, "no-debugging"),
        (scale, "no-scale"),
        (dry, "no-hands"),
    ] {
        let response = running.ask("/validate/fail", &with(&create, changes));
        assert!(denied(&response).contains(policy), "{policy}: {response}");
    }
    let elsewhere = with(
        &create,
        json!({"operation": "DELETE", "object": null, "oldObject": pod("good")}),
    );
    assert_eq!(running.ask("/validate/fail", &elsewhere)["allowed"], true);
}

/// What a client wrote is told beside what the API server made of it.
#[test]
fn the_names_that_a_client_used_are_kept() {
    let policy = |name: &str, message: &str| {
        json!({
            "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"],
                    "resources": ["deployments", "deployments/scale"],
                }]},
                "validations": [{"expression": "false", "messageExpression": message}],
            },
        })
    };
    let kind = "request.kind.group + '/' + request.kind.version + '/' + request.kind.kind";
    let asked = "request.requestKind.version + '/' + request.requestKind.kind + ' ' + \
        request.requestResource.version + '/' + request.requestResource.resource + '/' + \
        request.?requestSubResource.orValue('')";
    let policy = policy("names", &format!("{kind} + ' for ' + {asked}"));
    let running = Running::new(&policy.to_string());
    let resource = json!({"group": "apps", "version": "v1", "resource": "deployments"});
    let written = json!({"group": "apps", "version": "v1beta1", "resource": "deployments"});
    let request = |kind: Value, more: Value| {
        let request = json!({
            "uid": "1", "kind": kind, "resource": resource, "namespace": "shop", "name": "web",
            "operation": "UPDATE", "userInfo": {}, "object": {}, "oldObject": {},
        });
        with(&request, more)
    };
    let deployment = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    let older = json!({"group": "apps", "version": "v1beta1", "kind": "Deployment"});
    let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
    for (request, expected) in [
        (
            request(deployment.clone(), json!({})),
            "apps/v1/Deployment for v1/Deployment v1/deployments/",
        ),
        (
            request(
                deployment,
                json!({"requestKind": older, "requestResource": written}),
            ),
            "apps/v1/Deployment for v1beta1/Deployment v1beta1/deployments/",
        ),
        (
            request(
                scale.clone(),
                json!({
                    "subResource": "scale", "requestKind": scale,
                    "requestResource": resource, "requestSubResource": "scale",
                }),
            ),
            "autoscaling/v1/Scale for v1/Scale v1/deployments/scale",
        ),
    ] {
        let response = running.ask("/validate/fail", &request);
        assert!(denied(&response).contains(expected), "{response}");
    }
}

/// A digest that cannot be found out denies, before anything is validated.
#[test]
fn images_get_their_digests_before_they_are_validated() {
    let policy = |action: &str| {
        json!({
            "apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy",
            "metadata": {"name": "images"},
            "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                    "resources": ["pods"],
                }]},
                "validationActions": [action],
                "matchImageReferences": [{"glob": "*"}],
                "attestors": [],
                "validations": [{"expression": "true"}],
            },
        })
    };
    let mut object = pod("good");
    object["spec"] = json!({"containers": [{"name": "c", "image": "ghcr.io/shop/web:1"}]});
    let running = Running::new(&policy("Deny").to_string());
    let response = running.ask("/mutate/fail", &creation(&object));
    let message = denied(&response);
    assert!(message.contains("no registry can be asked"), "{message}");
    let running = Running::new(&policy("Audit").to_string());
    let response = running.ask("/mutate/fail", &creation(&object));
    assert_eq!(response["allowed"], true, "{response}");
}
