//! Exceptions, rules and requests.

use serde_json::{Value, json};

use super::*;
use crate::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Payload, Request,
};

fn exception(name: &str, expires: Option<&str>, excepted: Value) -> PolicyException {
    let mut written = json!({
        "apiVersion": "kyverno.io/v2", "kind": "PolicyException",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "match": {"any": [{"resources": {"kinds": ["Pod"], "names": ["web-*"]}}]},
            "exceptions": excepted,
        },
    });
    if let Some(expires) = expires {
        written["metadata"]["annotations"] = json!({EXPIRY_ANNOTATION: expires});
    }
    serde_json::from_value(written).expect("the exception can be read")
}

fn holds(exception: &Exception, pod: &str, now: Nanoseconds) -> bool {
    let object = json!({"kind": "Pod", "metadata": {"name": pod}});
    let request = Request {
        uid: "",
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
        },
        resource: GroupVersionResource::default(),
        subresource: "",
        names: None,
        name: "",
        namespace: "",
        object: Some(&object),
        old_object: None,
        user: None,
        namespace_labels: None,
        namespace_object: None,
        payload: Payload::Resource,
        dry_run: false,
        options: None,
        numbers: NumberModel::Integers,
    };
    exception.holds(&Subject::of(&request).expect("there is an object"), now)
}

#[test]
fn operations_count_but_for_compatibility() {
    let rules = json!([{"policyName": "p", "ruleNames": ["r"]}]);
    for (operations, compat, expected) in [
        (json!(["CREATE"]), false, true),
        (json!(["UPDATE"]), false, false),
        (json!(["UPDATE"]), true, true),
    ] {
        let mut written = serde_json::to_value(exception("a", None, rules.clone())).unwrap();
        written["spec"]["match"]["any"][0]["resources"]["operations"] = operations.clone();
        let written: PolicyException = serde_json::from_value(written).unwrap();
        let (set, _) = ExceptionSet::compile([&written], &CompileOptions { compat });
        assert_eq!(
            holds(&set.exceptions[0], "web-1", 0),
            expected,
            "{operations} {compat}"
        );
    }
}

#[test]
fn finds_exceptions_by_policy_and_rule() {
    let written = [
        exception(
            "a",
            None,
            json!([{"policyName": "p", "ruleNames": ["r", "autogen-*"]}]),
        ),
        exception(
            "b",
            None,
            json!([
                {"policyName": "p", "ruleNames": ["*"]}, {"policyName": "p", "ruleNames": ["r"]},
                {"policyName": "ns/q", "ruleNames": ["r?"]},
            ]),
        ),
        exception("c", None, json!([{"policyName": "*", "ruleNames": ["*"]}])),
    ];
    let (set, errors) = ExceptionSet::compile(&written, &CompileOptions::default());
    assert_eq!((set.len(), errors), (3, Vec::new()));
    let keys = |policy, rule| -> Vec<_> {
        set.for_rule(policy, rule)
            .map(|exception| exception.key.as_str())
            .collect()
    };
    assert_eq!(keys("p", "r"), ["shop/a", "shop/b"]);
    assert_eq!(keys("p", "autogen-r"), ["shop/a", "shop/b"]);
    assert_eq!(keys("p", "s"), ["shop/b"]);
    assert_eq!(keys("ns/q", "r1"), ["shop/b"]);
    assert_eq!(keys("q", "r1"), Vec::<&str>::new());
}

#[test]
fn holds_for_its_requests_until_it_expires() {
    let rules = json!([{"policyName": "p", "ruleNames": ["r"]}]);
    let forever = Exception::compile(&exception("a", None, rules.clone())).expect("no expiry");
    assert!(holds(&forever, "web-1", Nanoseconds::MAX));
    assert!(!holds(&forever, "db", 0));
    let dated = exception("a", Some("1970-01-01T00:00:10Z"), rules.clone());
    let dated = Exception::compile(&dated).expect("a time");
    assert!(holds(&dated, "web-1", 9_999_999_999));
    assert!(!holds(&dated, "web-1", 10_000_000_000));
    let (set, errors) = ExceptionSet::compile(
        &[exception("a", Some("tomorrow"), rules)],
        &CompileOptions::default(),
    );
    assert!(set.is_empty());
    let message = errors.first().map(ToString::to_string).unwrap_or_default();
    assert!(
        message.contains("`shop/a`") && message.contains("`tomorrow`"),
        "{message}"
    );
}

#[test]
fn messages() {
    assert_eq!(
        skip_message(&["a/b", "c"]),
        "rule is skipped due to policy exceptionsa/b, c"
    );
    let parts = pod_security_parts_message(&["a/b"]);
    assert_eq!(parts, "rule is skipped due to policy exceptions a/b");
    let whole = pod_security_skip_message("a/b");
    assert_eq!(whole, "rule is skipped due to policy exception a/b");
}
