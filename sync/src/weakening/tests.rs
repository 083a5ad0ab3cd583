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

/// What is weaker when a text of a policy becomes another one.
fn changed(head: &str, spec: &str, from: &str, to: &str) -> String {
    assert!(spec.contains(from), "{from}");
    let [before, after] = [spec.to_owned(), spec.replace(from, to)].map(|spec| object(head, &spec));
    let key = ObjectKey::of(&after).unwrap();
    let found = of(&key, Some(&before), &after);
    found.map_or(String::new(), |found| found.what.join("; "))
}

const KYVERNO: &str = "
  validationFailureAction: Enforce
  background: true
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod, Service], namespaces: ['*'], operations: [CREATE, UPDATE], selector: {matchExpressions: [{key: k, operator: In, values: [a, b]}]}, namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}}}]}
      exclude: {any: [{resources: {names: [old]}}]}
      preconditions: {all: [{key: '{{ a }}', operator: Equals, value: x}]}
      celPreconditions: [{name: c, expression: one}]
      validate: {message: m, deny: {conditions: {any: [{key: '{{ a }}', operator: AnyIn, value: [x, z]}]}}}
    - name: images
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages: [{imageReferences: [a, b], failureAction: Enforce, required: true, verifyDigest: true, attestors: [{entries: [{keys: {publicKeys: key}}]}]}]
    - name: pss
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {failureAction: Enforce, podSecurity: {level: restricted, version: latest}}
    - name: cel
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {failureAction: Enforce, cel: {expressions: [{expression: one}, {expression: two}]}}
";

// A table is read by its rows.
#[rustfmt::skip]
#[test]
fn each_way_to_relax_a_policy_of_kyverno() {
    let head = "kyverno.io/v1/ClusterPolicy";
    for (from, to, wanted) in [
        ("validationFailureAction: Enforce", "validationFailureAction: Audit", "rule `r`: failure action Enforce → Audit"),
        ("message: m", "failureAction: Audit, message: m", "rule `r`: failure action Enforce → Audit"),
        ("  background: true", "  background: true\n  validationFailureActionOverrides: [{action: Audit, namespaces: [shop]}]", "`validationFailureActionOverrides` changed"),
        ("  background: true", "  background: true\n  validationFailureActionOverrides: [{action: Enforce, namespaces: [shop]}]", ""),
        ("message: m", "failureActionOverrides: [{action: Audit, namespaces: ['*']}], message: m", "rule `r`: `failureActionOverrides` changed"),
        ("background: true", "background: false", "background scans: off"),
        ("background: true", "admission: false", "admission requests: off"),
        ("background: true", "failurePolicy: Ignore", "denial when nobody answers: off"),
        ("background: true", "webhookConfiguration: {failurePolicy: Ignore}", "denial when nobody answers: off"),
        ("background: true", "webhookConfiguration: {matchConditions: [{name: c, expression: 'false'}]}", "`webhookConfiguration.matchConditions` changed"),
        ("background: true", "applyRules: One", "every rule, not only the first: off"),
        ("[Pod, Service]", "[Pod]", "rule `r`: `match` narrowed"),
        ("[Pod, Service]", "[Pod, Job]", "rule `r`: `match` changed"),
        ("[Pod, Service]", "[Pod, Service, Job]", ""),
        ("namespaces: ['*']", "namespaces: [shop]", "rule `r`: `match` narrowed"),
        ("[CREATE, UPDATE]", "[CREATE]", "rule `r`: `match` narrowed"),
        ("[CREATE, UPDATE]", "[DELETE]", "rule `r`: `match` changed"),
        ("values: [a, b]", "values: [a]", "rule `r`: `match` narrowed"),
        ("values: [a, b]", "values: [a, b, c]", ""),
        ("values: [kube-system]", "values: [kube-system, shop]", "rule `r`: `match` narrowed"),
        ("names: [old]", "names: [old, new]", "rule `r`: `exclude` grown"),
        ("names: [old]", "names: [new]", "rule `r`: `exclude` changed"),
        ("{all: [{key: '{{ a }}', operator: Equals, value: x}]}", "{all: [{key: '{{ a }}', operator: Equals, value: x}, {key: b, operator: Equals, value: c}]}", "rule `r`: `preconditions` changed"),
        ("[{name: c, expression: one}]", "[{name: c, expression: one}, {name: d, expression: two}]", "rule `r`: `celPreconditions` changed"),
        ("value: [x, z]", "value: [x]", "rule `r`: `deny` changed"),
        ("name: r", "name: q", "rule `r` removed"),
        ("validate: {message: m, deny: {conditions: {any: [{key: '{{ a }}', operator: AnyIn, value: [x, z]}]}}}", "mutate: {patchStrategicMerge: {metadata: {labels: {a: b}}}}", "rule `r`: `validate` changed"),
        ("failureAction: Enforce, required: true", "failureAction: Audit, required: true", "rule `images`: `verifyImages` changed: failure action"),
        ("required: true", "required: false", "rule `images`: `verifyImages` changed: `required`"),
        ("verifyDigest: true", "verifyDigest: false", "rule `images`: `verifyImages` changed: `verifyDigest`"),
        ("imageReferences: [a, b]", "imageReferences: [a]", "rule `images`: `verifyImages` changed: images"),
        ("imageReferences: [a, b]", "imageReferences: [a, b, c], skipImageReferences: [a]", "rule `images`: `verifyImages` changed: skipped images"),
        ("attestors: [{entries: [{keys: {publicKeys: key}}]}]", "attestors: []", "rule `images`: `verifyImages` changed: attestors"),
        ("level: restricted", "level: baseline", "rule `pss`: `podSecurity` changed"),
        ("version: latest", "version: latest, exclude: [{controlName: Capabilities}]", "rule `pss`: `podSecurity.exclude` grown"),
        ("[{expression: one}, {expression: two}]", "[{expression: one}]", "rule `cel`: `cel` changed"),
    ] {
        assert_eq!(changed(head, KYVERNO, from, to), wanted, "{from} → {to}");
    }
}

const CEL: &str = "
  validationActions: [Deny, Audit]
  failurePolicy: Fail
  evaluation: {admission: {enabled: true}}
  matchConstraints:
    matchPolicy: Equivalent
    resourceRules:
      - {apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods, services]}
    excludeResourceRules:
      - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods], resourceNames: [old]}
    namespaceSelector: {matchExpressions: [{key: k, operator: NotIn, values: [kube-system]}]}
    objectSelector: {matchLabels: {a: b}}
  matchConditions: [{name: c, expression: one}]
  validations: [{expression: one}, {expression: two}]
";

// A table is read by its rows.
#[rustfmt::skip]
#[test]
fn each_way_to_relax_a_policy_of_cel() {
    let narrowed = "`resourceRules` narrowed";
    let rule = "- {apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods, services]}";
    for (from, to, wanted) in [
        ("[Deny, Audit]", "[Audit]", "`Deny` removed from `validationActions`"),
        ("failurePolicy: Fail", "failurePolicy: Ignore", "denial when nobody answers: off"),
        ("{admission: {enabled: true}}", "{admission: {enabled: false}}", "evaluation in admission: off"),
        ("{admission: {enabled: true}}", "{mode: JSON}", "evaluation of Kubernetes objects: off"),
        ("{admission: {enabled: true}}", "{background: {enabled: false}}", "evaluation in background: off"),
        ("Equivalent", "Exact", "`matchPolicy` narrowed"),
        ("[CREATE, UPDATE]", "[CREATE]", narrowed),
        ("[CREATE, UPDATE]", "['*']", ""),
        ("[pods, services]", "[pods]", narrowed),
        ("[pods, services]", "[pods, configmaps]", "`resourceRules` changed"),
        ("[pods, services]", "[pods, services], resourceNames: [one]", narrowed),
        ("[pods, services]", "[pods, services], scope: Cluster", narrowed),
        ("[pods, services]", "['*']", ""),
        ("[pods, services]", "[pods/*, services/*]", "`resourceRules` changed"),
        (rule, "- {apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}\n      - {apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [services]}", ""),
        (rule, "- {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: ['*']}", "`resourceRules` changed"),
        ("resourceNames: [old]", "resourceNames: [old, new]", "`excludeResourceRules` grown"),
        ("resources: [pods], resourceNames: [old]", "resources: [pods]", "`excludeResourceRules` grown"),
        ("values: [kube-system]", "values: [kube-system, shop]", "`namespaceSelector` narrowed"),
        ("values: [kube-system]", "values: []", ""),
        ("{matchLabels: {a: b}}", "{matchLabels: {a: c}}", "`objectSelector` changed"),
        ("{matchLabels: {a: b}}", "{}", ""),
        ("[{name: c, expression: one}]", "[{name: c, expression: 'false'}]", "`matchConditions` changed"),
        ("[{name: c, expression: one}]", "[{name: c, expression: one}, {name: d, expression: two}]", "`matchConditions` grown"),
        ("[{name: c, expression: one}]", "[]", ""),
        ("[{expression: one}, {expression: two}]", "[{expression: one}]", "a validation removed"),
        ("[{expression: one}, {expression: two}]", "[{expression: one}, {expression: 'true'}]", "a validation removed"),
        ("[{expression: one}, {expression: two}]", "[{expression: three}]", "`validations` changed"),
        ("[{expression: one}, {expression: two}]", "[{expression: one}, {expression: three}]", ""),
        ("failurePolicy: Fail", "autogen: {podControllers: {controllers: []}}", "controllers of autogen removed"),
    ] {
        let head = "policies.kyverno.io/v1/ValidatingPolicy";
        assert_eq!(changed(head, CEL, from, to), wanted, "{from} → {to}");
    }
    let images = "{matchImageReferences: [{glob: a}, {glob: b}], validationConfigurations: {required: true, verifyDigest: true}}";
    for (from, to, wanted) in [
        ("{glob: a}, {glob: b}", "{glob: a}", "an image reference removed"),
        ("{glob: a}, {glob: b}", "{glob: a}, {glob: c}", "`matchImageReferences` changed"),
        ("required: true", "required: false", "`required` turned off"),
        ("verifyDigest: true", "verifyDigest: false", "`verifyDigest` turned off"),
    ] {
        let head = "policies.kyverno.io/v1/ImageValidatingPolicy";
        assert_eq!(changed(head, images, from, to), wanted, "{from} → {to}");
    }
    let binding = "{policyName: p, paramRef: {name: params, parameterNotFoundAction: Deny}, validationActions: [Deny]}";
    for (from, to, wanted) in [
        ("policyName: p", "policyName: q", "it binds another policy"),
        ("Action: Deny", "Action: Allow", "without parameters it lets through"),
        ("validationActions: [Deny]", "validationActions: [Deny], matchResources: {resourceRules: [{resources: [pods]}]}", narrowed),
    ] {
        let head = "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
        assert_eq!(changed(head, binding, from, to), wanted, "{from} → {to}");
    }
}

#[test]
fn controllers_that_rules_are_derived_for() {
    let policy = |controllers: Option<&str>| {
        let mut policy = object("kyverno.io/v1/ClusterPolicy", "{rules: []}");
        if let Some(controllers) = controllers {
            let name = "pod-policies.kyverno.io/autogen-controllers";
            crate::annotations::set(&mut policy, name, controllers);
        }
        policy
    };
    for (before, after, is_weaker) in [
        (None, Some("none"), true),
        (None, Some(""), true),
        (None, Some("Deployment,CronJob"), true),
        (Some("Deployment,CronJob"), Some("CronJob"), true),
        (Some("none"), None, false),
        (
            None,
            Some("DaemonSet,Deployment,Job,ReplicaSet,ReplicationController,StatefulSet,CronJob"),
            false,
        ),
    ] {
        let (before, after) = (policy(before), policy(after));
        let key = ObjectKey::of(&after).unwrap();
        let found = of(&key, Some(&before), &after);
        assert_eq!(found.is_some(), is_weaker, "{before}\n{after}");
    }
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
            "`Deny` removed from `validationActions`",
        ),
        (
            binding,
            "{validationActions: [Deny, Warn]}".into(),
            "{validationActions: [Warn]}".into(),
            "`Deny` removed from `validationActions`",
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

// A table is read by its rows.
#[rustfmt::skip]
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
    let head = "kyverno.io/v2/PolicyException";
    let spec = "{exceptions: [{policyName: p, ruleNames: [r]}], match: {any: [{resources: {kinds: [Pod], names: [a]}}]}, conditions: {all: [{key: a, operator: Equals, value: b}]}}";
    for (from, to, wanted) in [
        ("names: [a]", "names: [b]", "`match` changed"),
        ("policyName: p", "policyName: q", "other rules"),
        ("[r]}]", "[r]}, {policyName: q, ruleNames: [r]}]", "more rules"),
        ("value: b", "value: c", "`conditions` changed"),
    ] {
        assert_eq!(changed(head, spec, from, to), wanted, "{from} → {to}");
    }
    let head = "policies.kyverno.io/v1/PolicyException";
    let spec = "{policyRefs: [{name: p, kind: ValidatingPolicy}], matchConditions: [{name: c, expression: one}], images: [a]}";
    for (from, to, wanted) in [
        ("name: p", "name: q", "other policies"),
        ("expression: one", "expression: 'true'", "`matchConditions` changed"),
        ("images: [a]", "images: [a, b]", "more images and values"),
        ("images: [a]", "images: []", "the whole policy"),
    ] {
        assert_eq!(changed(head, spec, from, to), wanted, "{from} → {to}");
    }
}
