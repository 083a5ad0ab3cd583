//! What the policies live in: namespaces, two kinds of a definition, parameters; and the policies
//! themselves, in effect.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    api_server::ApiServer,
    objects::{KINDS, NAMESPACES, PAIR},
    parameters::{self, SHARED},
    policies::{Case, VERSION},
};

/// How long the API server may take to put policies into effect, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(240);

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// The definition of objects with a structure.
pub(super) fn widgets() -> Value {
    definition(
        "Widget",
        "widgets",
        "Namespaced",
        &json!({
            "spec": {"type": "object", "properties": {
                "size": {"type": "integer"},
                "ratio": {"type": "number"},
                "mode": {"type": "string", "default": "plain"},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "required": ["name"], "properties": {
                        "name": {"type": "string"}, "count": {"type": "integer"},
                    }},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }},
        }),
    )
}

pub(super) fn settings() -> Value {
    let text = json!({"type": "object", "additionalProperties": {"type": "string"}});
    definition("Setting", "settings", "Cluster", &json!({"data": text}))
}

fn definition(kind: &str, plural: &str, scope: &str, properties: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.pairs.example.com")},
        "spec": {
            "group": "pairs.example.com",
            "names": {"kind": kind, "plural": plural},
            "scope": scope,
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
            }],
        },
    })
}

/// Makes namespaces, kinds and parameters.
pub(super) fn prepare(server: &ApiServer) {
    let labels = |namespace: &str| match namespace {
        "pairs-one" => json!({"team": "one"}),
        "pairs-two" => json!({"team": "two"}),
        _ => json!({}),
    };
    let namespaces = NAMESPACES.into_iter().chain([SHARED]).map(|namespace| {
        let mut metadata = json!({"name": namespace, "labels": labels(namespace)});
        if namespace == "pairs-one" {
            metadata["annotations"] = json!({"owner": "us"});
        }
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        ("/api/v1/namespaces".to_owned(), object)
    });
    let definitions = [widgets(), settings()].map(|one| (DEFINITIONS.to_owned(), one));
    server.create_all(&namespaces.chain(definitions).collect::<Vec<_>>());
    for path in [
        "/apis/pairs.example.com/v1/widgets",
        "/apis/pairs.example.com/v1/settings",
    ] {
        until(path, || server.get(path).is_ok());
    }
    for namespace in NAMESPACES {
        let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        until("a namespace has its account", || {
            server.get(&account).is_ok()
        });
    }
    server.create_all(&parameters::objects());
}

/// Waits until something is so.
pub(super) fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "it takes too long: {what}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// The path of the collection of a policy's or a binding's kind.
pub(super) fn collection(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap().to_ascii_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    };
    format!("/apis/{VERSION}/{plural}")
}

/// Binds the policies, and waits until they are in effect. What is in effect is read in the order in
/// which it was made: one policy of each kind comes last, and so do their bindings.
pub(super) fn put_into_effect(server: &ApiServer, cases: &[Case]) {
    let bindings = cases.iter().flat_map(|case| &case.bindings);
    let bindings = bindings.map(|one| (collection(one), one.clone()));
    server.create_all(&bindings.collect::<Vec<_>>());
    for kind in ["Validating", "Mutating"] {
        let name = format!("canary-{}", kind.to_ascii_lowercase());
        let (policy, binding) = canary(kind, &name);
        server.create_all(&[(collection(&policy), policy)]);
        server.create_all(&[(collection(&binding), binding)]);
        let bird = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "bird", "labels": {PAIR: name}},
        });
        let path = KINDS[2].path(NAMESPACES[0]);
        until(&name, || !server.try_create(&path, &bird).is_ok());
    }
}

/// A policy that refuses one object, by a rule or by a change that cannot be made.
fn canary(kind: &str, name: &str) -> (Value, Value) {
    let mut spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {
            "objectSelector": {"matchLabels": {PAIR: name}},
            "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        },
    });
    let mut bound = json!({"policyName": name});
    if kind == "Validating" {
        spec["validations"] = json!([{"expression": "false"}]);
        bound["validationActions"] = json!(["Deny"]);
    } else {
        let change = "Object{data: {'x': object.data.missing}}";
        spec["reinvocationPolicy"] = "Never".into();
        spec["mutations"] = json!([{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": change}}]);
    }
    let object = |kind: String, spec: Value| json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec});
    (
        object(format!("{kind}AdmissionPolicy"), spec),
        object(format!("{kind}AdmissionPolicyBinding"), bound),
    )
}
