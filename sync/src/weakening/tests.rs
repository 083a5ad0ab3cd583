//! What is weaker, kind by kind.

use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::*;

fn object(head: &str, spec: &str) -> Value {
    let (version, kind) = head.rsplit_once('/').unwrap();
    let text =
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n");
    portcullis_yaml::read(&text, Mode::Strict, &Limits::default()).unwrap()
}

fn check(head: &str, before: &str, after: &str, wanted: &[&str]) {
    let (before, after) = (object(head, before), object(head, after));
    let key = ObjectKey::of(&after).unwrap();
    let found = of(&key, Some(&before), &after).map_or(Vec::new(), |found| found.what);
    assert_eq!(found, wanted, "{before}\n{after}");
    // The same change the other way round is none.
    let back = of(&key, Some(&after), &before);
    assert_eq!(back, None, "{before}\n{after}");
}

#[test]
fn policies_of_kyverno() {
    let rule = |action: &str, rest: &str| {
        format!(
            "{{name: r, match: {{any: [{{resources: {{kinds: [Pod]{rest}}}}}]}}, validate: {{failureAction: {action}, message: m, pattern: {{a: b}}}}}}"
        )
    };
    let rules = |rules: &[String]| format!("{{rules: [{}]}}", rules.join(", "));
    let enforce = rule("Enforce", "");
    let other = enforce.replace("name: r", "name: s");
    let excluded = enforce.replace(
        "validate:",
        "exclude: {any: [{resources: {namespaces: [shop]}}]}, validate:",
    );
    let one = rules(std::slice::from_ref(&enforce));
    for (before, after, wanted) in [
        (
            one.clone(),
            rules(&[rule("Audit", "")]),
            "rule `r`: failure action Enforce → Audit",
        ),
        (
            rules(&[enforce.clone(), other]),
            one.clone(),
            "rule `s` removed",
        ),
        (
            one.clone(),
            rules(&[rule("Enforce", ", namespaces: [shop]")]),
            "rule `r`: `match` narrowed",
        ),
        (one.clone(), rules(&[excluded]), "rule `r`: `exclude` grown"),
        (
            one.clone(),
            one.replace("{rules", "{failurePolicy: Ignore, rules"),
            "denial when nobody answers: off",
        ),
    ] {
        check("kyverno.io/v1/ClusterPolicy", &before, &after, &[wanted]);
    }
    check("kyverno.io/v1/ClusterPolicy", &one, &one, &[]);
}

#[test]
fn policies_and_bindings_of_cel() {
    let validating = "policies.kyverno.io/v1/ValidatingPolicy";
    let binding = "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
    let rules = |rules: &str| format!("{{matchConstraints: {{resourceRules: [{rules}]}}}}");
    let pods = "{apiGroups: [''], operations: [CREATE, UPDATE], resources: [pods]}";
    let created = pods.replace(", UPDATE", "");
    for (head, before, after, wanted) in [
        (
            validating,
            "{}".to_owned(),
            "{validationActions: [Audit]}".to_owned(),
            "`Deny` is no action any more",
        ),
        (
            binding,
            "{validationActions: [Deny, Warn]}".into(),
            "{validationActions: [Warn]}".into(),
            "`Deny` is no action any more",
        ),
        (
            validating,
            rules(pods),
            rules(&created),
            "`resourceRules` narrowed",
        ),
        (
            validating,
            rules(&format!("{pods}, {{resources: [jobs]}}")),
            rules(pods),
            "`resourceRules` narrowed",
        ),
        (
            binding,
            "{}".into(),
            "{matchResources: {excludeResourceRules: [{resources: [pods]}]}}".into(),
            "`excludeResourceRules` grown",
        ),
        (
            binding,
            "{}".into(),
            "{matchResources: {namespaceSelector: {matchLabels: {a: b}}}}".into(),
            "`namespaceSelector` narrowed",
        ),
        (
            validating,
            "{}".into(),
            "{matchConditions: [{name: a, expression: 'false'}]}".into(),
            "`matchConditions` grown",
        ),
        (
            validating,
            "{validations: [{expression: a}, {expression: b}]}".into(),
            "{validations: [{expression: a}]}".into(),
            "a validation removed",
        ),
        (
            validating,
            "{failurePolicy: Fail}".into(),
            "{failurePolicy: Ignore}".into(),
            "denial when nobody answers: off",
        ),
        (
            validating,
            "{}".into(),
            "{evaluation: {admission: {enabled: false}}}".into(),
            "evaluation in admission: off",
        ),
    ] {
        check(head, &before, &after, &[wanted]);
    }
}

#[test]
fn exceptions() {
    let head = "kyverno.io/v2/PolicyException";
    let spec = |names: &str| {
        format!(
            "{{exceptions: [{{policyName: p, ruleNames: [r]}}], match: {{any: [{{resources: {{kinds: [Pod], names: [{names}]}}}}]}}}}"
        )
    };
    let (one, two) = (object(head, &spec("a")), object(head, &spec("a, b")));
    let key = ObjectKey::of(&one).unwrap();
    let added = of(&key, None, &one).unwrap();
    assert_eq!(added.what, ["exception added"]);
    assert!(of(&key, Some(&one), &two).is_some());
    assert_eq!(of(&key, Some(&two), &one), None);
}
