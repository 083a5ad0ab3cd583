//! Policies of `policies.kyverno.io`.

use portcullis_engine::lint;
use serde_json::{Value, json};

/// The places where a policy is refused.
#[track_caller]
fn check(kind: &str, spec: &Value, expected: &[&str]) {
    let api_version = match kind.contains("Admission") {
        true => "admissionregistration.k8s.io/v1",
        false => "policies.kyverno.io/v1",
    };
    let policy = json!({"apiVersion": api_version, "kind": kind, "spec": spec});
    let findings = lint::check_cel_policy(&policy);
    for finding in &findings {
        assert_eq!(finding.severity, lint::Severity::Error);
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty());
    }
    let found: Vec<_> = findings.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(found, expected, "{policy}");
}

/// A spec about pods, with further fields.
fn about_pods(fields: Value) -> Value {
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
    let mut spec = json!({"matchConstraints": {"resourceRules": [rule]}});
    let fields = fields.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(fields);
    spec
}

#[test]
fn resource_rules() {
    const MATCH: &str = "/spec/matchConstraints";
    let none = json!({"matchConstraints": {"resourceRules": []}});
    let json_mode = json!({"evaluation": {"mode": "JSON"}});
    for kind in [
        "ValidatingPolicy",
        "NamespacedMutatingPolicy",
        "GeneratingPolicy",
        "DeletingPolicy",
        "ImageValidatingPolicy",
    ] {
        check(kind, &json!({}), &[MATCH]);
        check(kind, &none, &[MATCH]);
        check(
            kind,
            &json!({"evaluation": {"mode": "Kubernetes"}}),
            &[MATCH],
        );
        check(kind, &json_mode, &[]);
        check(kind, &about_pods(json!({})), &[]);
    }
    check("ValidatingAdmissionPolicy", &none, &[]);
    check("PolicyException", &none, &[]);
}

#[test]
fn what_never_runs() {
    const EVALUATION: &str = "/spec/evaluation";
    for (kind, admission, existing, expected) in [
        (
            "MutatingPolicy",
            json!(false),
            json!(null),
            &[EVALUATION][..],
        ),
        ("MutatingPolicy", json!(false), json!(false), &[EVALUATION]),
        (
            "NamespacedMutatingPolicy",
            json!(false),
            json!(null),
            &[EVALUATION],
        ),
        ("MutatingPolicy", json!(false), json!(true), &[]),
        ("MutatingPolicy", json!(true), json!(false), &[]),
        ("MutatingPolicy", json!(null), json!(false), &[]),
        ("ValidatingPolicy", json!(false), json!(null), &[]),
    ] {
        let evaluation =
            json!({"admission": {"enabled": admission}, "mutateExisting": {"enabled": existing}});
        check(
            kind,
            &about_pods(json!({"evaluation": evaluation})),
            expected,
        );
    }
}

#[test]
fn calls_of_services() {
    let path = &["/spec/validations/0/expression"][..];
    for (expression, expected) in [
        ("http.Get('https://x').a == 1", path),
        ("'a' in http . Post('https://x', {})", path),
        (".http.get('https://x').a == 1", path),
        ("http.client('ca').post('https://x', {}).a == 1", path),
        (
            "object.spec.all(one, two, http.Get(variables.url + two).ok)",
            path,
        ),
        ("object.spec.exists(http, http.get('https://x'))", &[]),
        (
            "object.spec.exists(http, http.port == 80) && object.http.Get('x')",
            &[],
        ),
        ("object.metadata.name != ' http.Get(' // http.Get('x')", &[]),
        ("http.getter('https://x').a == 1", &[]),
        ("http.Get('https://x'", &[]),
    ] {
        let spec = about_pods(json!({"validations": [{"expression": expression}]}));
        check("ValidatingPolicy", &spec, &[]);
        check("NamespacedValidatingPolicy", &spec, expected);
    }
    let call = "http.Get('https://x').a";
    let variable =
        json!({"variables": [{"name": "a", "expression": "1"}, {"name": "b", "expression": call}]});
    check(
        "NamespacedDeletingPolicy",
        &about_pods(variable),
        &["/spec/variables/1/expression"],
    );
    let validation = json!({"expression": "true", "messageExpression": call});
    check(
        "NamespacedImageValidatingPolicy",
        &about_pods(json!({"validations": [validation]})),
        &["/spec/validations/0/messageExpression"],
    );
    for (interpolate, expected) in [
        ("cel", &["/spec/generate/0/template/value"][..]),
        ("none", &[]),
    ] {
        let value = format!("kind: ConfigMap\ndata: {{a: (( variables.b )), b: (( {call} ))}}");
        let template = json!({"interpolate": interpolate, "value": value});
        let spec = about_pods(json!({"generate": [{"template": template}]}));
        check("NamespacedGeneratingPolicy", &spec, expected);
    }
    // `http` is another library where requests are answered.
    let answer = json!({
        "evaluation": {"mode": "HTTP"},
        "validations": [{"expression": "http.Denied('no').Response()"}],
    });
    check("NamespacedValidatingPolicy", &about_pods(answer), &[]);
}
