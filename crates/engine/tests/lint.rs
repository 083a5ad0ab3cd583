//! The lint: each check with a policy that it finds fault with, and one that it lets through.
#![allow(
    clippy::unwrap_used,
    reason = "a policy of a test that cannot be read is a fault of the test"
)]

use portcullis_api::cluster_policy::Policy;
use portcullis_engine::lint::{self, Severity};
use serde_json::{Value, json};

fn policy(kind: &str, spec: Value) -> Policy {
    let document = json!({
        "apiVersion": "kyverno.io/v1",
        "kind": kind,
        "metadata": {"name": "p"},
        "spec": spec,
    });
    serde_json::from_value(document).unwrap()
}

/// A rule that nothing is wrong with, with some fields in other ways; null takes a field away.
fn rule(changes: Value) -> Value {
    let mut rule = json!({
        "name": "r",
        "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]},
        "validate": {"message": "m", "pattern": {"metadata": {"labels": {"app": "?*"}}}},
    });
    let fields = rule.as_object_mut().unwrap();
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(field),
            value => fields.insert(field.clone(), value.clone()),
        };
    }
    rule
}

fn found(policy: &Policy) -> Vec<(Severity, String)> {
    let findings = lint::check(policy);
    for finding in &findings {
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty());
    }
    findings
        .into_iter()
        .map(|finding| (finding.severity, finding.path))
        .collect()
}

/// A spec with a fault at `path`.
#[track_caller]
fn check_spec(kind: &str, spec: Value, severity: Severity, path: &str) {
    assert_eq!(
        found(&policy(kind, spec.clone())),
        [(severity, path.to_owned())],
        "{spec}"
    );
}

/// A rule with an error at `path` below the rule.
#[track_caller]
fn fails(changes: Value, path: &str) {
    let spec = json!({"rules": [rule(changes)]});
    check_spec(
        "ClusterPolicy",
        spec,
        Severity::Error,
        &format!("/spec/rules/0{path}"),
    );
}

#[track_caller]
fn warns(changes: Value, path: &str) {
    let spec = json!({"rules": [rule(changes)]});
    check_spec(
        "ClusterPolicy",
        spec,
        Severity::Warning,
        &format!("/spec/rules/0{path}"),
    );
}

/// A rule that nothing is wrong with.
#[track_caller]
fn passes(changes: Value) {
    let spec = json!({"rules": [rule(changes)]});
    assert_eq!(found(&policy("ClusterPolicy", spec.clone())), [], "{spec}");
}

#[test]
fn metadata() {
    let mut policy = policy("ClusterPolicy", json!({"rules": [rule(json!({}))]}));
    assert_eq!(found(&policy), []);
    policy.metadata.name = Some("n".repeat(63));
    assert_eq!(found(&policy), []);
    policy.metadata.name = Some("n".repeat(64));
    policy.metadata.namespace = Some("default".to_owned());
    let controllers = "pod-policies.kyverno.io/autogen-controllers";
    policy
        .metadata
        .annotations
        .insert(controllers.to_owned(), "all".to_owned());
    let paths: Vec<String> = found(&policy).into_iter().map(|(_, path)| path).collect();
    assert_eq!(
        paths,
        [
            "/metadata/name",
            "/metadata/namespace",
            "/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers",
        ]
    );
}

#[test]
fn spec_fields() {
    let with = |fields: Value| {
        let mut spec = json!({"rules": [rule(json!({}))]});
        let entries = spec.as_object_mut().unwrap();
        entries.extend(fields.as_object().unwrap().clone());
        spec
    };
    for (fields, path) in [
        (
            json!({"webhookTimeoutSeconds": 31}),
            "/spec/webhookTimeoutSeconds",
        ),
        (
            json!({"webhookConfiguration": {"timeoutSeconds": 0}}),
            "/spec/webhookConfiguration/timeoutSeconds",
        ),
        (
            json!({"webhookTimeoutSeconds": 5, "webhookConfiguration": {"timeoutSeconds": 5}}),
            "/spec/webhookTimeoutSeconds",
        ),
        (
            json!({"failurePolicy": "Fail", "webhookConfiguration": {"failurePolicy": "Fail"}}),
            "/spec/failurePolicy",
        ),
        (
            json!({"generateExistingOnPolicyUpdate": true}),
            "/spec/generateExistingOnPolicyUpdate",
        ),
        (
            json!({"admission": false, "background": false}),
            "/spec/admission",
        ),
    ] {
        check_spec("ClusterPolicy", with(fields), Severity::Error, path);
    }
    for fields in [
        json!({"webhookTimeoutSeconds": 30}),
        json!({"webhookConfiguration": {"timeoutSeconds": 1, "failurePolicy": "Ignore"}}),
        json!({"admission": false}),
        json!({"background": false}),
    ] {
        assert_eq!(found(&policy("ClusterPolicy", with(fields))), []);
    }
    let mutates = rule(
        json!({"validate": null, "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}}}}),
    );
    let spec = json!({"admission": false, "rules": [mutates]});
    check_spec("ClusterPolicy", spec, Severity::Error, "/spec/admission");
    check_spec(
        "ClusterPolicy",
        json!({"rules": []}),
        Severity::Warning,
        "/spec",
    );
}

#[test]
fn rule_names() {
    let twice = json!({"rules": [rule(json!({})), rule(json!({}))]});
    check_spec(
        "ClusterPolicy",
        twice,
        Severity::Error,
        "/spec/rules/1/name",
    );
    fails(json!({"name": "n".repeat(64)}), "/name");
    passes(json!({"name": "n".repeat(63)}));
}

#[test]
fn overrides_do_not_overlap() {
    let of = |second: Value| json!([{"action": "Enforce", "namespaces": ["team-*", "kube-system"]}, second]);
    let spec = |overrides: Value| json!({"validationFailureActionOverrides": overrides, "rules": [rule(json!({}))]});
    let path = "/spec/validationFailureActionOverrides/1/namespaces";
    for namespace in ["team-a", "kube-system", "kube-*", "team-*"] {
        let second = json!({"action": "Audit", "namespaces": [namespace]});
        check_spec("ClusterPolicy", spec(of(second)), Severity::Error, path);
    }
    let enforce = json!({"action": "enforce", "namespaces": ["team-a"]});
    check_spec(
        "ClusterPolicy",
        spec(of(enforce)),
        Severity::Warning,
        "/spec/validationFailureActionOverrides/1/action",
    );
    let apart = json!({"action": "Audit", "namespaces": ["other"]});
    assert_eq!(found(&policy("ClusterPolicy", spec(of(apart.clone())))), []);
    check_spec(
        "Policy",
        spec(json!([apart])),
        Severity::Error,
        "/spec/validationFailureActionOverrides",
    );
}

#[test]
fn a_rule_does_one_thing() {
    fails(json!({"validate": null}), "");
    fails(json!({"validate": {}}), "");
    fails(json!({"generate": {"kind": "Secret"}}), "");
    passes(json!({"validate": null, "mutate": {"patchStrategicMerge": {"a": 1}}}));
    let patches = json!({"patchStrategicMerge": {"a": 1}, "patchesJson6902": "[]"});
    fails(json!({"validate": null, "mutate": patches}), "/mutate");
    fails(
        json!({"celPreconditions": [{"name": "a", "expression": "true"}]}),
        "/celPreconditions",
    );
    let cel = json!({"cel": {"expressions": [{"expression": "true"}]}});
    passes(json!({"validate": cel, "celPreconditions": [{"name": "a", "expression": "true"}]}));
    warns(
        json!({"validate": cel, "context": [{"name": "a", "variable": {"value": 1}}]}),
        "/context",
    );
}

#[test]
fn match_and_exclude() {
    let filter = json!({"resources": {"kinds": ["ConfigMap"]}});
    fails(
        json!({"match": {"any": [filter], "all": [filter]}}),
        "/match",
    );
    fails(
        json!({"match": {"any": [filter], "resources": {"kinds": ["Pod"]}}}),
        "/match/resources",
    );
    fails(json!({"match": {}}), "/match");
    fails(
        json!({"match": {"any": [{"resources": {"names": ["a"]}}]}}),
        "/match/any/0",
    );
    passes(json!({"match": {"resources": {"kinds": ["ConfigMap"]}}}));
    passes(json!({"exclude": {"any": [{"resources": {"names": ["a"]}}]}}));
    fails(json!({"exclude": {"any": [filter]}}), "/exclude");
    let of = |resources: Value| json!({"match": {"any": [{"resources": resources}]}});
    fails(
        of(json!({"kinds": ["A"], "name": "a", "names": ["b"]})),
        "/match/any/0/resources",
    );
    fails(
        of(json!({"kinds": ["A"], "selector": {}})),
        "/match/any/0/resources/selector",
    );
    passes(of(
        json!({"kinds": ["A"], "selector": {"matchLabels": {"*": "*"}}}),
    ));
    let bad = json!({"matchExpressions": [{"key": "a", "operator": "Is"}]});
    fails(
        of(json!({"kinds": ["A"], "selector": bad})),
        "/match/any/0/resources/selector",
    );
    let namespaced = json!({"rules": [rule(of(json!({"kinds": ["A"], "namespaces": ["n"]})))]});
    assert_eq!(found(&policy("ClusterPolicy", namespaced.clone())), []);
    check_spec(
        "Policy",
        namespaced,
        Severity::Error,
        "/spec/rules/0/match/any/0/resources/namespaces",
    );
}

#[test]
fn users_are_not_known_in_background() {
    let with = |user: Value| {
        let mut filter = json!({"resources": {"kinds": ["ConfigMap"]}});
        filter
            .as_object_mut()
            .unwrap()
            .extend(user.as_object().unwrap().clone());
        json!({"match": {"any": [filter]}})
    };
    fails(
        with(json!({"clusterRoles": ["admin"]})),
        "/match/any/0/clusterRoles",
    );
    let foreground = |user: Value| json!({"background": false, "rules": [rule(with(user))]});
    for user in [
        json!({"clusterRoles": ["admin"]}),
        json!({"roles": ["default:admin"]}),
        json!({"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "n"}]}),
    ] {
        assert_eq!(found(&policy("ClusterPolicy", foreground(user))), []);
    }
    for (user, path) in [
        (json!({"roles": ["admin"]}), "roles/0"),
        (
            json!({"subjects": [{"kind": "Robot", "name": "a"}]}),
            "subjects/0/kind",
        ),
        (
            json!({"subjects": [{"kind": "User", "name": ""}]}),
            "subjects/0",
        ),
        (
            json!({"subjects": [{"kind": "ServiceAccount", "name": "a"}]}),
            "subjects/0",
        ),
    ] {
        let path = format!("/spec/rules/0/match/any/0/{path}");
        check_spec("ClusterPolicy", foreground(user), Severity::Error, &path);
    }
}

#[test]
fn rules_for_every_kind() {
    let every = |kinds: Value, changes: Value| {
        let mut rule = rule(changes);
        rule["match"] = json!({"any": [{"resources": {"kinds": kinds}}]});
        json!({"background": false, "rules": [rule]})
    };
    let path = "/spec/rules/0/match/any/0/resources/kinds";
    assert_eq!(
        found(&policy("ClusterPolicy", every(json!(["*"]), json!({})))),
        []
    );
    check_spec(
        "ClusterPolicy",
        every(json!(["*", "Pod"]), json!({})),
        Severity::Error,
        path,
    );
    let spec = json!({"validate": {"pattern": {"spec": {"a": 1}}}});
    check_spec(
        "ClusterPolicy",
        every(json!(["*"]), spec),
        Severity::Error,
        path,
    );
    let foreach =
        json!({"validate": {"foreach": [{"list": "request.object.a", "pattern": {"a": 1}}]}});
    check_spec(
        "ClusterPolicy",
        every(json!(["*"]), foreach),
        Severity::Error,
        path,
    );
    fails(
        json!({"match": {"any": [{"resources": {"kinds": ["*"]}}]}}),
        "/match/any/0/resources/kinds",
    );
}

#[test]
fn context_entries() {
    let with = |entry: Value| json!({"context": [entry]});
    for entry in [
        json!({"name": "a", "variable": {"value": 1}}),
        json!({"name": "a", "variable": {"jmesPath": "request.object.a", "default": 1}}),
        json!({"name": "a", "variable": {"jmesPath": "request.object.{{request.name}}"}}),
        json!({"name": "a", "configMap": {"name": "c", "namespace": "n"}}),
        json!({"name": "a", "apiCall": {"urlPath": "/api", "jmesPath": "items[].metadata.name"}}),
        json!({"name": "requested", "globalReference": {"name": "g"}}),
    ] {
        passes(with(entry));
    }
    for (entry, path) in [
        (json!({"name": "", "variable": {"value": 1}}), ""),
        (
            json!({"name": "request", "variable": {"value": 1}}),
            "/name",
        ),
        (
            json!({"name": "element.a", "variable": {"value": 1}}),
            "/name",
        ),
        (json!({"name": "a"}), ""),
        (
            json!({"name": "a", "variable": {"value": 1}, "globalReference": {"name": "g"}}),
            "",
        ),
        (json!({"name": "a", "variable": {}}), "/variable"),
        (
            json!({"name": "a", "variable": {"value": 1, "default": 1}}),
            "/variable/default",
        ),
        (
            json!({"name": "a", "variable": {"jmesPath": "a["}}),
            "/variable/jmesPath",
        ),
        (
            json!({"name": "a", "configMap": {"name": "c"}}),
            "/configMap",
        ),
        (
            json!({"name": "a", "apiCall": {"urlPath": "/a", "service": {"url": "b"}}}),
            "/apiCall",
        ),
        (
            json!({"name": "a", "apiCall": {"urlPath": "/a", "jmesPath": "]"}}),
            "/apiCall/jmesPath",
        ),
        (
            json!({"name": "a", "imageRegistry": {"reference": ""}}),
            "/imageRegistry",
        ),
    ] {
        fails(with(entry), &format!("/context/0{path}"));
    }
}

fn message(text: &str) -> Value {
    json!({"validate": {"message": text, "pattern": {"a": 1}}})
}

#[test]
fn variables() {
    for text in [
        "{{ request.object.metadata.name }}",
        "{{ request.object.{{ request.object.a }} }}",
        "{{ @ }} and {{ images.containers.a.tag }}",
        "{{ to_upper('a') }}",
        "\\{{ unknown }}",
        "{{- request.object.a }}",
    ] {
        passes(message(text));
    }
    for text in [
        "{{ unknown }}",
        "{{ request.object[ }}",
        "{{ }}",
        "{{ serviceAccountName }}",
    ] {
        let spec = json!({"rules": [rule(message(text))]});
        let found = found(&policy("ClusterPolicy", spec));
        let path = "/spec/rules/0/validate/message".to_owned();
        assert!(
            found.contains(&(Severity::Error, path)),
            "{text}: {found:?}"
        );
    }
    fails(message("{{ element.name }}"), "/validate/message");
    fails(
        json!({"match": {"any": [{"resources": {"kinds": ["A"], "names": ["{{ request.name }}"]}}]}}),
        "/match/any/0/resources/names/0",
    );
}

#[test]
fn variables_read_context_entries() {
    let with = |entry: Value, text: &str| {
        let mut changes = message(text);
        changes["context"] = json!([entry]);
        changes
    };
    passes(with(
        json!({"name": "a", "variable": {"value": 1}}),
        "{{ a.b }}",
    ));
    passes(with(
        json!({"name": "a-b", "configMap": {"name": "c", "namespace": "n"}}),
        "{{ \"a-b\".data.x }}",
    ));
    fails(
        with(
            json!({"name": "a", "configMap": {"name": "c", "namespace": "n"}}),
            "{{ a.x }}",
        ),
        "/validate/message",
    );
}

#[test]
fn variables_of_the_user() {
    fails(
        message("{{ request.userInfo.username }}"),
        "/validate/message",
    );
    fails(message("{{ request.roles }}"), "/validate/message");
    passes(message("{{ request.object.request.roles }}"));
    let spec = json!({"background": false, "rules": [rule(message("{{ request.userInfo.username }} {{ serviceAccountName }}"))]});
    assert_eq!(found(&policy("ClusterPolicy", spec)), []);
}

#[test]
fn conditions() {
    let with = |condition: Value| json!({"preconditions": {"all": [condition]}});
    passes(with(
        json!({"key": "{{ request.operation }}", "operator": "AnyIn", "value": ["CREATE", "UPDATE"]}),
    ));
    passes(with(json!({"key": 1, "operator": "Equals", "value": ""})));
    passes(json!({"preconditions": [{"key": 1, "operator": "Equals", "value": 1}]}));
    let at = "/preconditions/all/0";
    fails(with(json!({"operator": "Equals", "value": 1})), at);
    fails(with(json!({"key": 1, "value": 1})), at);
    fails(with(json!({"key": 1, "operator": "Equals"})), at);
    fails(
        with(json!({"key": 1, "operator": "Is", "value": 1})),
        &format!("{at}/operator"),
    );
    fails(
        json!({"preconditions": [{"key": 1, "operator": "Is", "value": 1}]}),
        "/preconditions/0/operator",
    );
    warns(
        with(json!({"key": 1, "operator": "In", "value": ["1"]})),
        &format!("{at}/operator"),
    );
    warns(
        with(json!({"key": 1, "operator": "greaterthan", "value": 1})),
        &format!("{at}/operator"),
    );
    fails(
        with(json!({"key": "{{request.operation}}", "operator": "Equals", "value": "create"})),
        &format!("{at}/value"),
    );
    fails(
        json!({"validate": {"deny": {"conditions": {"any": [{"key": 1, "operator": "Is", "value": 1}]}}}}),
        "/validate/deny/conditions/any/0/operator",
    );
}

#[test]
fn validate_bodies() {
    let with = |body: Value| json!({"validate": body});
    for body in [
        json!({"deny": {}}),
        json!({"anyPattern": [{"a": 1}, {"a": 2}]}),
        json!({"podSecurity": {"level": "baseline", "version": "latest"}}),
        json!({"pattern": {"^(a)": [{"b": 1}], "<(c)": 1, "X(d)": null}}),
    ] {
        passes(with(body));
    }
    for (body, path) in [
        (json!({"message": "m"}), ""),
        (json!({"assert": {"a": 1}}), ""),
        (json!({"pattern": {"a": 1}, "deny": {}}), ""),
        (json!({"anyPattern": {"a": 1}}), "/anyPattern"),
        (json!({"pattern": {"+(a)": 1}}), "/pattern/+(a)"),
        (json!({"pattern": {"^(a)": {"b": 1}}}), "/pattern/^(a)"),
        (
            json!({"anyPattern": [{"b": [{"^(a)": []}]}]}),
            "/anyPattern/0/b/0/^(a)",
        ),
        (
            json!({"pattern": {"metadata": {"labels": {"a/b": 1}}}}),
            "/pattern/metadata/labels/a~1b",
        ),
        (
            json!({"podSecurity": {"level": "baseline", "exclude": [{"controlName": "Host Ports"}]}}),
            "/podSecurity/exclude/0/controlName",
        ),
    ] {
        fails(with(body), &format!("/validate{path}"));
    }
}

#[test]
fn foreach() {
    let with = |foreach: Value| json!({"validate": {"foreach": [foreach]}});
    let list = "request.object.spec.containers";
    passes(with(
        json!({"list": list, "pattern": {"image": "{{ element.name }}"}}),
    ));
    passes(with(
        json!({"list": list, "foreach": [{"list": "element.ports", "deny": {}}]}),
    ));
    fails(with(json!({"pattern": {"a": 1}})), "/validate/foreach/0");
    fails(with(json!({"list": list})), "/validate/foreach/0");
    fails(
        with(json!({"list": list, "pattern": {"a": 1}, "deny": {}})),
        "/validate/foreach/0",
    );
    warns(
        with(json!({"list": "a[", "deny": {}})),
        "/validate/foreach/0/list",
    );
    warns(
        with(json!({"list": list, "foreach": [{"list": "element.ports"}]})),
        "/validate/foreach/0/foreach/0",
    );
    fails(
        with(
            json!({"list": list, "deny": {}, "preconditions": {"any": [{"key": 1, "operator": "Is", "value": 1}]}}),
        ),
        "/validate/foreach/0/preconditions/any/0/operator",
    );
}

#[test]
fn mutate() {
    let with = |body: Value| json!({"validate": null, "mutate": body});
    let patch = "- {op: add, path: /metadata/labels/a, value: \"{{ request.name }}\"}";
    let labels = json!({"metadata": {"labels": {"+(a)": "b"}}});
    let target = json!({"apiVersion": "v1", "kind": "Secret", "name": "{{ request.name }}"});
    passes(with(json!({"patchesJson6902": patch})));
    passes(with(json!({"patchStrategicMerge": labels})));
    passes(with(
        json!({"mutateExistingOnPolicyUpdate": true, "targets": [target], "patchStrategicMerge": labels}),
    ));
    for (patch, path) in [
        (json!({"spec": {"=(a)": 1}}), "/spec/=(a)"),
        (
            json!({"metadata": {"annotations": {"a": true}}}),
            "/metadata/annotations/a",
        ),
    ] {
        let path = format!("/mutate/patchStrategicMerge{path}");
        fails(with(json!({"patchStrategicMerge": patch})), &path);
    }
    for patch in [
        "op: add",
        "- {op: put, path: /a, value: 1}",
        "- {op: add, path: a, value: 1}",
        "- {op: add, path: /a}",
        "- {op: remove, path: \"/a/{{ request.name }}\"}",
    ] {
        fails(
            with(json!({"patchesJson6902": patch})),
            "/mutate/patchesJson6902",
        );
    }
    fails(
        with(json!({"mutateExistingOnPolicyUpdate": true, "patchStrategicMerge": labels})),
        "/mutate",
    );
}

#[test]
fn references() {
    let with = |limit: &str| json!({"validate": {"pattern": {"a": "5", "b": limit}}});
    passes(with("$(./../a)"));
    passes(with("$(<=./../a)"));
    fails(with("$(./../c)"), "/validate/pattern/b");
    passes(with("$(<=/a)"));
}

#[test]
fn parts_that_stand_alone() {
    let extractors = |path: Value| json!({"Widget": [{"path": "/spec/image", "jmesPath": path}]});
    fails(
        json!({"imageExtractors": extractors(Value::Null)}),
        "/imageExtractors",
    );
    let images =
        |digest: bool| json!([{"imageReferences": ["*"], "mutateDigest": digest, "attestors": []}]);
    let with = |digest: bool| json!({"validate": null, "verifyImages": images(digest), "imageExtractors": extractors(json!("a"))});
    fails(with(true), "/imageExtractors");
    passes(with(false));
    let lookup =
        |image: &str| json!({"context": [{"name": "a", "imageRegistry": {"reference": image}}]});
    passes(lookup("ghcr.io/org/app:1.0"));
    passes(lookup("{{ request.object.spec.image }}"));
    fails(lookup("Not An Image"), "/context/0/imageRegistry/reference");
}

#[test]
fn an_annotation_that_names_a_user() {
    let spec = |background: bool| json!({"background": background, "rules": [rule(json!({}))]});
    let with = |background: bool| {
        let mut policy = policy("ClusterPolicy", spec(background));
        let text = "reads {{ request.userInfo.username }}".to_owned();
        policy.metadata.annotations.insert("note".to_owned(), text);
        found(&policy)
    };
    assert_eq!(
        with(true),
        [(Severity::Error, "/metadata/annotations/note".to_owned())]
    );
    assert_eq!(with(false), []);
}

#[test]
fn a_rule_for_every_kind_denies_by_metadata() {
    let with = |key: &str| {
        let conditions = json!([{"key": key, "operator": "Equals", "value": "x"}]);
        let fields = json!({
            "match": {"any": [{"resources": {"kinds": ["*"]}}]},
            "validate": {"deny": {"conditions": conditions}},
        });
        found(&policy(
            "ClusterPolicy",
            json!({"background": false, "rules": [rule(fields)]}),
        ))
    };
    assert_eq!(with("{{ request.object.metadata.name }}"), []);
    assert_eq!(with("{{ request.userInfo.username }}"), []);
    let path = "/spec/rules/0/match/any/0/resources/kinds".to_owned();
    assert_eq!(
        with("{{ request.object.spec.x }}"),
        [(Severity::Error, path)]
    );
}

#[test]
fn each_element_of_a_mutation() {
    let with = |each: Value| json!({"validate": null, "mutate": {"foreach": [each]}});
    let conditions =
        |operator: &str| json!({"all": [{"key": "a", "operator": operator, "value": 1}]});
    let each = |operator: &str, label: Value| {
        json!({
            "list": "request.object.items", "preconditions": conditions(operator),
            "patchStrategicMerge": {"metadata": {"labels": {"a": label}}},
        })
    };
    passes(with(each("Equals", json!("b"))));
    fails(
        with(each("Is", json!("b"))),
        "/mutate/foreach/0/preconditions/all/0/operator",
    );
    let path = "/mutate/foreach/0/patchStrategicMerge/metadata/labels/a";
    fails(with(each("Equals", json!(1))), path);
    warns(
        json!({"validate": {"pattern": {"~(a)": 1}}}),
        "/validate/pattern/~0(a)",
    );
}
