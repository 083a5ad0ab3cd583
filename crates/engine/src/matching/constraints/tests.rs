//! Which requests constraints meet.

use serde_json::{Value, json};

use super::Constraints;
use crate::request::{GroupVersionResource, Operation, Request};

/// Checks constraints on the creation of `resource` (`group/version/plural`, `plural/sub`) `a` in `shop`.
fn check(constraints: &Value, resource: &str, object: &Value, expected: bool) {
    let written = serde_json::from_value(constraints.clone()).unwrap();
    let compiled = Constraints::compile(&written).unwrap();
    let parts: Vec<&str> = resource.split('/').collect();
    let labels = [("team".to_owned(), "web".to_owned())].into();
    let request = Request {
        operation: Operation::Create,
        resource: GroupVersionResource {
            group: parts[0].to_owned(),
            version: parts[1].to_owned(),
            resource: parts[2].to_owned(),
        },
        subresource: parts.get(3).copied().unwrap_or_default(),
        name: "a",
        namespace: if parts[2] == "nodes" { "" } else { "shop" },
        object: Some(object),
        namespace_labels: Some(&labels),
        ..Request::default()
    };
    assert_eq!(
        compiled.matches(&request),
        expected,
        "{constraints} {resource}"
    );
}

fn rule(resources: &[&str]) -> Value {
    json!({"apiGroups": ["", "apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": resources})
}

#[test]
fn resources_and_subresources() {
    for (resources, resource, expected) in [
        (["pods"], "/v1/pods", true),
        (["pods"], "/v1/pods/status", false),
        (["pods/status"], "/v1/pods/status", true),
        (["pods/status"], "/v1/pods", false),
        (["pods/*"], "/v1/pods", true),
        (["*"], "/v1/pods", true),
        (["*"], "/v1/pods/status", false),
        (["*/*"], "/v1/pods/status", true),
        (["*/status"], "/v1/pods/status", true),
        (["pods"], "/v2/pods", false),
        (["pods"], "batch/v1/pods", false),
    ] {
        check(
            &json!({"resourceRules": [rule(&resources)]}),
            resource,
            &json!({}),
            expected,
        );
    }
}

#[test]
fn the_other_parts_of_constraints() {
    let labelled = json!({"metadata": {"labels": {"app": "x"}}});
    let with = |key: &str, value: Value| {
        let mut rule = rule(&["*"]);
        rule[key] = value;
        json!({"resourceRules": [rule]})
    };
    let beside = |key: &str, value: Value| json!({"resourceRules": [rule(&["*"])], key: value});
    for (constraints, resource, expected) in [
        (json!({}), "x/v9/things", true),
        (with("operations", json!(["UPDATE"])), "/v1/pods", false),
        (with("operations", json!(["*"])), "/v1/pods", true),
        (with("resourceNames", json!(["a"])), "/v1/pods", true),
        (with("resourceNames", json!(["b"])), "/v1/pods", false),
        (with("scope", json!("Cluster")), "/v1/pods", false),
        (with("scope", json!("Cluster")), "/v1/nodes", true),
        (with("scope", json!("Namespaced")), "/v1/nodes", false),
        (
            beside("excludeResourceRules", json!([rule(&["pods"])])),
            "/v1/pods",
            false,
        ),
        (
            beside("objectSelector", json!({"matchLabels": {"app": "x"}})),
            "/v1/pods",
            true,
        ),
        (
            beside("objectSelector", json!({"matchLabels": {"app": "y"}})),
            "/v1/pods",
            false,
        ),
        (
            beside("namespaceSelector", json!({"matchLabels": {"team": "web"}})),
            "/v1/pods",
            true,
        ),
        (
            beside("namespaceSelector", json!({"matchLabels": {"team": "b"}})),
            "/v1/pods",
            false,
        ),
        (
            beside("namespaceSelector", json!({"matchLabels": {"team": "b"}})),
            "/v1/nodes",
            true,
        ),
    ] {
        check(&constraints, resource, &labelled, expected);
    }
}

#[test]
fn an_object_that_the_server_is_to_name() {
    let object = json!({"metadata": {"generateName": "web-"}});
    let request = Request {
        resource: GroupVersionResource {
            version: "v1".to_owned(),
            resource: "pods".to_owned(),
            ..GroupVersionResource::default()
        },
        object: Some(&object),
        ..Request::default()
    };
    for (name, expected) in [("web-", true), ("we", true), ("web-x", false), ("x", false)] {
        let mut rule = rule(&["pods"]);
        rule["resourceNames"] = json!([name]);
        let written = serde_json::from_value(json!({"resourceRules": [rule]})).unwrap();
        let constraints = Constraints::compile(&written).unwrap();
        assert_eq!(constraints.matches(&request), expected, "{name}");
        assert!(!constraints.of_whole_names().matches(&request), "{name}");
    }
}
