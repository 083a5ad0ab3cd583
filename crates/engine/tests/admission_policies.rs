//! ValidatingAdmissionPolicy and MutatingAdmissionPolicy with bindings and parameters.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::{ContextSource, Lookup},
    evaluate,
    generate::ObjectRef,
    load::load,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
    response::EngineResponse,
};
use serde_json::{Value, json};

/// ConfigMaps `a` and `b` of the namespace `shop`, and `c` of `other`.
struct Limits;

impl ContextSource for Limits {
    fn now(&self) -> i128 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn object(&self, wanted: &ObjectRef) -> Lookup {
        let mut all = limits().into_iter();
        let found = all.find(|one| {
            text(one, "/metadata/name") == wanted.name
                && text(one, "/metadata/namespace") == wanted.namespace
        });
        found.map_or(Lookup::NotFound, Lookup::Found)
    }

    fn objects(&self, _: &str, _: &str, namespace: &str) -> Lookup {
        let all = limits().into_iter();
        Lookup::Found(
            all.filter(|one| text(one, "/metadata/namespace") == namespace)
                .collect(),
        )
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

fn limits() -> Vec<Value> {
    let limit = |namespace: &str, name: &str, most: i64| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"most": most.to_string()},
            "metadata": {"namespace": namespace, "name": name, "labels": {"limit": "yes"}},
        })
    };
    vec![
        limit("shop", "a", 5),
        limit("shop", "b", 2),
        limit("other", "c", 9),
    ]
}

fn answers(kind: &str, spec: &Value, bindings: &[Value], compat: bool) -> Vec<EngineResponse> {
    let mut all = json!({"matchConstraints": {"resourceRules": [{
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["deployments"],
    }]}});
    if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(fields.clone());
    }
    let version = "admissionregistration.k8s.io/v1beta1";
    let object = |kind: &str, name: &str, spec: &Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec});
    let mut documents = vec![object(kind, "p", &all)];
    for (number, binding) in bindings.iter().enumerate() {
        let mut spec = json!({"policyName": "p", "validationActions": ["Deny"]});
        if let (Some(spec), Some(fields)) = (spec.as_object_mut(), binding.as_object()) {
            spec.extend(fields.clone());
        }
        let reference = spec.get_mut("paramRef").and_then(Value::as_object_mut);
        if let Some(reference) = reference {
            let action = reference.entry("parameterNotFoundAction");
            action.or_insert_with(|| json!("Deny"));
        }
        let kind = format!("{kind}Binding");
        documents.push(object(&kind, &format!("b{number}"), &spec));
    }
    let mut loaded = Vec::new();
    for document in &documents {
        let (found, errors) = load(document);
        assert!(errors.is_empty(), "{errors:?}");
        loaded.extend(found);
    }
    let (set, errors) = compile(&loaded, &[], &CompileOptions { compat });
    assert!(errors.is_empty(), "{errors:?}");
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"replicas": 4},
    });
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
        },
        resource: GroupVersionResource {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            resource: "deployments".to_owned(),
        },
        name: "web",
        namespace: "shop",
        object: Some(&deployment),
        ..Request::default()
    };
    evaluate(&set, &request, &Limits, &mut Silent)
}

fn said(responses: &[EngineResponse]) -> Vec<String> {
    let rules = responses.iter().flat_map(|response| {
        let action = response.failure_action;
        response.rules.iter().map(move |rule| (action, rule))
    });
    rules
        .map(|(action, rule)| {
            let properties: Vec<String> = rule
                .properties()
                .map(|(key, value)| format!(" {key}={value}"))
                .collect();
            let (status, properties) = (rule.status.as_str(), properties.concat());
            format!("{action:?} {status} {}{properties}", rule.message)
        })
        .collect()
}

fn check(spec: &Value, bindings: &[Value], expected: &[&str]) {
    let responses = answers("ValidatingAdmissionPolicy", spec, bindings, false);
    assert_eq!(said(&responses), expected, "{spec} {bindings:?}");
}

/// Checks what a policy says, and the replicas and the labels of the object as it comes out.
fn check_change(spec: &Value, bindings: &[Value], compat: bool, expected: (&[&str], Value)) {
    let responses = answers("MutatingAdmissionPolicy", spec, bindings, compat);
    let mut changed = responses.iter().filter_map(|one| one.patched.as_deref());
    let object = changed.next_back().map_or(Value::Null, |object| {
        json!([
            object.pointer("/spec/replicas"),
            object.pointer("/metadata/labels")
        ])
    });
    assert_eq!(
        (said(&responses), object),
        (
            expected.0.iter().map(|one| (*one).to_owned()).collect(),
            expected.1
        ),
        "{spec} {bindings:?}"
    );
}

fn at_most(limit: &str) -> Value {
    json!({"validations": [{"expression": format!("object.spec.replicas <= {limit}")}]})
}

fn limited() -> Value {
    json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{
            "expression": "object.spec.replicas <= int(params.data.most)",
            "messageExpression": "'at most ' + params.data.most",
        }],
    })
}

#[test]
fn a_policy_is_evaluated_for_each_binding_that_is_in_effect() {
    check(&at_most("4"), &[], &["Enforce pass "]);
    let failed = "failed expression: object.spec.replicas <= 3";
    let bare = format!("Enforce fail {failed}");
    check(&at_most("3"), &[], &[bare.as_str()]);
    let other = json!({"matchResources": {"objectSelector": {"matchLabels": {"app": "other"}}}});
    check(&at_most("3"), std::slice::from_ref(&other), &[]);
    let audit = json!({"validationActions": ["Audit"]});
    let audited = format!("Audit fail {failed} binding=b1");
    check(&at_most("3"), &[other, audit], &[audited.as_str()]);
    let deny = json!({"validationActions": ["Deny", "Audit"]});
    let denied = format!("Enforce fail {failed} binding=b0");
    check(&at_most("3"), &[deny], &[denied.as_str()]);
}

#[test]
fn parameters_are_found_by_name_or_labels() {
    let by = |reference: Value| vec![json!({"paramRef": reference})];
    check(
        &limited(),
        &by(json!({"name": "a"})),
        &["Audit pass  binding=b0"],
    );
    check(
        &limited(),
        &by(json!({"name": "b"})),
        &["Enforce fail at most 2 binding=b0"],
    );
    check(
        &limited(),
        &by(json!({"name": "c", "namespace": "other"})),
        &["Audit pass  binding=b0"],
    );
    let all = json!({"selector": {"matchLabels": {"limit": "yes"}}});
    check(&limited(), &by(all), &["Enforce fail at most 2 binding=b0"]);
    let missing = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    check(
        &limited(),
        &by(json!({"name": "z"})),
        &[format!("Enforce error {missing} binding=b0").as_str()],
    );
    check(
        &limited(),
        &by(json!({"name": "z", "parameterNotFoundAction": "Allow"})),
        &[],
    );
}

#[test]
fn errors_deny_unless_they_are_ignored() {
    let broken = |policy: &str| {
        json!({"failurePolicy": policy, "validations": [
            {"expression": "object.spec.missing == 1"},
            {"expression": "object.spec.replicas == 1", "message": " one "},
        ]})
    };
    let error = "Enforce error expression 'object.spec.missing == 1' resulted in error: no such key: missing";
    check(&broken("Fail"), &[], &[error]);
    check(&broken("Ignore"), &[], &["Enforce fail one"]);
    let condition = |policy: &str, expression: &str| {
        json!({"failurePolicy": policy, "validations": [{"expression": "false"}],
            "matchConditions": [{"name": "c", "expression": expression}]})
    };
    let unmet = "Enforce skip match conditions aren't met";
    check(
        &condition("Fail", "request.operation == 'DELETE'"),
        &[],
        &[unmet],
    );
    check(
        &condition("Ignore", "object.spec.missing == 1"),
        &[],
        &[unmet],
    );
    check(
        &condition("Fail", "object.spec.missing == 1"),
        &[],
        &[
            "Enforce error expression 'object.spec.missing == 1' resulted in error: no such key: missing",
        ],
    );
}

#[test]
fn a_message_of_an_expression_is_one_line() {
    for (message, expected) in [
        ("' said '", "Enforce fail said"),
        ("'two\\nlines'", "Enforce fail written"),
        ("'  '", "Enforce fail written"),
        ("object.spec.missing", "Enforce fail written"),
    ] {
        let message = format!("string({message})");
        let validation =
            json!({"expression": "false", "message": "written", "messageExpression": message});
        check(&json!({"validations": [validation]}), &[], &[expected]);
    }
}

#[test]
fn audit_annotations_are_properties() {
    let annotated = json!({
        "validations": [{"expression": "true"}],
        "auditAnnotations": [
            {"key": "replicas", "valueExpression": "string(object.spec.replicas)"},
            {"key": "none", "valueExpression": "null"},
        ],
    });
    check(&annotated, &[], &["Enforce pass  replicas=4"]);
}

fn replicas(value: &str) -> Value {
    let expression = format!("Object{{spec: Object.spec{{replicas: {value}}}}}");
    json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
}

#[test]
fn mutations_are_applied_one_after_the_other() {
    let done = "mutation is successfully applied";
    let label = json!({"patchType": "JSONPatch", "jsonPatch": {"expression":
        "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: string(object.spec.replicas)}]"}});
    check_change(
        &json!({"mutations": [replicas("7"), label]}),
        &[],
        false,
        (
            &[format!("Enforce pass {done}").as_str()],
            json!([7, {"app": "web", "a/b": "7"}]),
        ),
    );
    let skipped = json!({"mutations": [replicas("7")],
        "matchConditions": [{"name": "c", "expression": "false"}]});
    check_change(
        &skipped,
        &[],
        false,
        (&["Enforce skip match conditions aren't met"], Value::Null),
    );
    let broken = |policy: &str| {
        json!({"failurePolicy": policy,
        "mutations": [replicas("object.spec.missing"), replicas("object.spec.replicas + 1")]})
    };
    check_change(
        &broken("Fail"),
        &[],
        false,
        (
            &[
                "Enforce error expression 'Object{spec: Object.spec{replicas: object.spec.missing}}' resulted in error: no such key: missing",
            ],
            Value::Null,
        ),
    );
    check_change(
        &broken("Ignore"),
        &[],
        false,
        (
            &[format!("Enforce pass {done}").as_str()],
            json!([5, {"app": "web"}]),
        ),
    );
}

#[test]
fn a_mutation_is_made_for_each_parameter_or_for_their_list() {
    let done = "Enforce pass mutation is successfully applied mapBinding=b0";
    let by_labels = [json!({"paramRef": {"selector": {"matchLabels": {"limit": "yes"}}}})];
    let spec = |limit: &str| {
        json!({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}, "mutations": [
            replicas(&format!("object.spec.replicas + int({limit}.data.most)"))]})
    };
    check_change(
        &spec("params"),
        &by_labels,
        false,
        (&[done, done], json!([11, {"app": "web"}])),
    );
    check_change(
        &spec("params.items[1]"),
        &by_labels,
        true,
        (&[done], json!([6, {"app": "web"}])),
    );
}
