//! Exceptions of `policies.kyverno.io`: whom they let off a policy, and what they allow.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::NoSource,
    evaluate,
    load::{Loaded, load},
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
};
use serde_json::{Value, json};

fn read(document: &Value) -> Vec<Loaded> {
    let (loaded, errors) = load(document);
    assert!(errors.is_empty(), "{document}: {errors:?}");
    loaded
}

fn object(version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("policies.kyverno.io/{version}"), "kind": kind,
        "metadata": {"name": name}, "spec": spec,
    })
}

fn merged(mut spec: Value, further: &Value) -> Value {
    if let (Some(spec), Some(further)) = (spec.as_object_mut(), further.as_object()) {
        spec.extend(further.clone());
    }
    spec
}

/// A policy named `p` of each kind that fails, changes or deletes the Pod `a`.
fn policy(kind: &str, further: &Value) -> Value {
    let spec = json!({"matchConstraints": {"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    }]}});
    let own = match kind {
        "ValidatingPolicy" => json!({"validations": [{
            "expression": "object.spec.image in exceptions.allowedImages || object.metadata.name in exceptions.allowedValues",
            "message": "not allowed",
        }]}),
        "MutatingPolicy" => json!({"mutations": [{"patchType": "JSONPatch", "jsonPatch": {
            "expression": "exceptions.allowedImages.map(i, JSONPatch{op: 'add', path: '/metadata/image', value: i})",
        }}]}),
        "GeneratingPolicy" => json!({"generate": [{
            "expression": "generator.apply('shop', exceptions.allowedImages.map(i, {'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({'name': i})}))",
        }]}),
        _ => json!({"schedule": "0 3 * * *"}),
    };
    object("v1", kind, "p", &merged(merged(spec, &own), further))
}

fn exception(name: &str, kind: &str, further: &Value) -> Value {
    let spec = json!({"policyRefs": [{"name": "p", "kind": kind}]});
    object("v1beta1", "PolicyException", name, &merged(spec, further))
}

/// What the policy says, and what became of the Pod's image.
fn said(policy: &Value, exceptions: &[Value]) -> Vec<String> {
    let documents = std::iter::once(policy).chain(exceptions);
    let loaded: Vec<Loaded> = documents.flat_map(read).collect();
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    let refused = errors
        .iter()
        .map(|error| format!("{} {}: {}", error.policy, error.path, error.message));
    let refused: Vec<String> = refused.collect();
    let pod = json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": {"image": "nginx"}});
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
        },
        resource: GroupVersionResource {
            group: String::new(),
            version: "v1".to_owned(),
            resource: "pods".to_owned(),
        },
        name: "a",
        namespace: "shop",
        object: Some(&pod),
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &NoSource, &mut Silent);
    let said = responses.iter().flat_map(|response| {
        let image = response.patched.as_ref();
        let image = image.and_then(|pod| pod.pointer("/metadata/image"));
        let image = image.map(|image| format!(" image={image}"));
        response.rules.iter().map(move |rule| {
            let names: Vec<String> = rule.exceptions().iter().map(|one| one.key()).collect();
            let names = names.join("+");
            let status = rule.status.as_str();
            let said = format!("{status} {}: {} {names}", rule.rule, rule.message);
            let made = rule.generated().iter();
            let made = made.filter_map(|object| object.pointer("/metadata/name"));
            let made = made.map(|name| format!(" made={name}"));
            let made: String = made.collect();
            let image = image.clone().unwrap_or_default();
            format!("{}{image}{made}", said.trim_end())
        })
    });
    refused.into_iter().chain(said).collect()
}

fn check(policy: &Value, exceptions: &[Value], expected: &[&str]) {
    assert_eq!(said(policy, exceptions), expected, "{exceptions:#?}");
}

fn condition(expression: &str) -> Value {
    json!({"matchConditions": [{"name": "c", "expression": expression}]})
}

const SKIPPED: &str = "skip exception: rule is skipped due to policy exception: e e";

#[test]
fn an_exception_without_parts_lets_off_the_whole_policy() {
    for (kind, plain) in [
        ("ValidatingPolicy", "fail : not allowed"),
        ("MutatingPolicy", "pass : success"),
        ("GeneratingPolicy", "pass p: policy evaluated successfully"),
        ("DeletingPolicy", "pass p: resource matched"),
    ] {
        let policy = policy(kind, &json!({}));
        check(&policy, &[], &[plain]);
        check(&policy, &[exception("e", kind, &json!({}))], &[SKIPPED]);
        check(
            &policy,
            &[exception(
                "e",
                kind,
                &condition("object.metadata.name == 'a'"),
            )],
            &[SKIPPED],
        );
        check(
            &policy,
            &[exception(
                "e",
                kind,
                &condition("object.metadata.name == 'b'"),
            )],
            &[plain],
        );
        let other = format!("Namespaced{kind}");
        check(&policy, &[exception("e", &other, &json!({}))], &[plain]);
    }
}

#[test]
fn parts_are_what_expressions_read() {
    let images = |kind| exception("e", kind, &json!({"images": ["nginx"]}));
    check(
        &policy("ValidatingPolicy", &json!({})),
        &[images("ValidatingPolicy")],
        &["pass : success"],
    );
    check(
        &policy("ValidatingPolicy", &json!({})),
        &[
            exception("d", "ValidatingPolicy", &json!({"images": ["other"]})),
            exception("e", "ValidatingPolicy", &json!({"allowedValues": ["a"]})),
        ],
        &["pass : success"],
    );
    check(
        &policy("MutatingPolicy", &json!({})),
        &[images("MutatingPolicy")],
        &["pass : success image=\"nginx\""],
    );
    check(
        &policy("GeneratingPolicy", &json!({})),
        &[images("GeneratingPolicy")],
        &["pass p: policy evaluated successfully made=\"nginx\""],
    );
    // A schedule has nothing that reads them.
    check(
        &policy("DeletingPolicy", &json!({})),
        &[images("DeletingPolicy")],
        &[SKIPPED],
    );
    check(
        &policy("ValidatingPolicy", &json!({})),
        &[
            images("ValidatingPolicy"),
            exception("f", "ValidatingPolicy", &json!({})),
        ],
        &["skip exception: rule is skipped due to policy exception: e, f e+f"],
    );
}

#[test]
fn the_report_says_what_the_exception_of_the_highest_priority_says() {
    let of = |name: &str, result: &str, priority: &str| {
        let spec = json!({"reportResult": result});
        let mut exception = exception(name, "ValidatingPolicy", &spec);
        exception["metadata"]["namespace"] = json!("ns");
        exception["metadata"]["labels"] = json!({"polex.kyverno.io/priority": priority});
        exception
    };
    let policy = policy("ValidatingPolicy", &json!({}));
    check(
        &policy,
        &[of("d", "pass", "x"), of("e", "skip", "0")],
        &["pass exception: rule is passed due to policy exception: ns/d, ns/e ns/d+ns/e"],
    );
    check(
        &policy,
        &[of("d", "pass", "1"), of("e", "skip", "2")],
        &["skip exception: rule is skipped due to policy exception: ns/d, ns/e ns/d+ns/e"],
    );
}

#[test]
fn an_exception_ends() {
    let policy = policy("ValidatingPolicy", &json!({}));
    let until = |time: &str| exception("e", "ValidatingPolicy", &json!({"expiresAt": time}));
    check(&policy, &[until("1970-01-01T00:00:01Z")], &[SKIPPED]);
    check(
        &policy,
        &[until("1970-01-01T00:00:00Z")],
        &["fail : not allowed"],
    );
    check(
        &policy,
        &[until("tomorrow")],
        &[
            "e spec.expiresAt: `tomorrow` is not a time; write one such as `2026-12-31T18:00:00Z`",
            "fail : not allowed",
        ],
    );
    let mut annotated = until("2999-01-01T00:00:00Z");
    annotated["metadata"]["annotations"] = json!({"portcullis.io/expires": "1970-01-01"});
    check(&policy, &[annotated], &["fail : not allowed"]);
}

#[test]
fn what_cannot_be_decided_is_an_error() {
    let broken = exception("e", "ValidatingPolicy", &condition("object.missing == 1"));
    let whole = |name| exception(name, "ValidatingPolicy", &json!({}));
    let plain = policy("ValidatingPolicy", &json!({}));
    check(
        &plain,
        std::slice::from_ref(&broken),
        &["error evaluation: failed to load context: exception e: no such key: missing"],
    );
    check(
        &policy("ValidatingPolicy", &json!({"failurePolicy": "Ignore"})),
        std::slice::from_ref(&broken),
        &["fail : not allowed"],
    );
    check(
        &plain,
        &[whole("d"), broken],
        &["skip exception: rule is skipped due to policy exception: d d"],
    );
    check(
        &plain,
        &[exception(
            "e",
            "ValidatingPolicy",
            &condition("object.missing"),
        )],
        &[
            "e spec.matchConditions[0].expression: the expression gives `dyn`, and must give `bool`",
            "fail : not allowed",
        ],
    );
}
