//! Context entries, variables and references.

use portcullis_engine::lint::Severity;
use serde_json::{Value, json};

use crate::{fails, found, passes, policy, rule, warns};

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
    for text in ["{{ to_uper('a') }}", "{{ a || nobody(@) }}"] {
        let mut changes = message(text);
        changes["context"] = json!([{"name": "a", "variable": {"value": 1}}]);
        warns(changes, "/validate/message");
    }
    warns(
        json!({"context": [{"name": "a", "variable": {"jmesPath": "nobody(request)"}}]}),
        "/context/0/variable/jmesPath",
    );
    warns(
        json!({"validate": {"message": "m", "foreach": [{"list": "nobody(request)", "pattern": {"a": 1}}]}}),
        "/validate/foreach/0/list",
    );
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
fn references() {
    let with = |limit: &str| json!({"validate": {"pattern": {"a": "5", "b": limit}}});
    passes(with("$(./../a)"));
    passes(with("$(<=./../a)"));
    fails(with("$(./../c)"), "/validate/pattern/b");
    for absolute in ["$(<=/a)", "$(/validate/pattern/z)"] {
        let spec = json!({"rules": [rule(with(absolute))]});
        let path = "/spec/rules/0/validate/pattern/b".to_owned();
        let found = found(&policy("ClusterPolicy", spec));
        assert_eq!(found, [(Severity::Warning, path)], "{absolute}");
    }
}

#[test]
fn what_chooses_a_target_does_not_read_it() {
    let with = |field: &str, text: &str| {
        let mut target = json!({"apiVersion": "v1", "kind": "Secret", "name": "a"});
        target["context"] = json!([{"name": "own", "variable": {"value": 1}}]);
        target[field] = match field {
            "preconditions" => json!({"all": [{"key": text, "operator": "Equals", "value": 1}]}),
            _ => json!(text),
        };
        json!({
            "validate": null,
            "context": [{"name": "of_rule", "variable": {"value": 1}}],
            "mutate": {"targets": [target], "patchStrategicMerge": {"a": 1}},
        })
    };
    for field in ["name", "namespace"] {
        passes(with(field, "{{ request.namespace }}-{{ of_rule }}"));
        for text in ["{{ target.metadata.name }}", "{{ own }}"] {
            fails(with(field, text), &format!("/mutate/targets/0/{field}"));
        }
    }
    passes(with(
        "preconditions",
        "{{ target.metadata.name }}-{{ own }}",
    ));
}

#[test]
fn contexts_of_targets_and_loops() {
    let empty = json!([{"name": "a"}]);
    let patch = json!({"a": 1});
    let target = json!({"apiVersion": "v1", "kind": "Secret", "name": "a", "context": empty});
    let inner = json!({"list": "element.b", "context": empty, "deny": {}});
    let made = json!({"list": "request.object.a", "apiVersion": "v1", "kind": "Secret", "name": "a", "namespace": "b", "context": empty});
    for (changes, path) in [
        (
            json!({"validate": null, "mutate": {"targets": [target], "patchStrategicMerge": patch}}),
            "/mutate/targets/0",
        ),
        (
            json!({"validate": {"foreach": [{"list": "request.object.a", "foreach": [inner]}]}}),
            "/validate/foreach/0/foreach/0",
        ),
        (
            json!({"validate": null, "mutate": {"foreach": [{"list": "request.object.a", "context": empty, "patchStrategicMerge": patch}]}}),
            "/mutate/foreach/0",
        ),
        (
            json!({"validate": null, "generate": {"foreach": [made]}}),
            "/generate/foreach/0",
        ),
    ] {
        fails(changes, &format!("{path}/context/0"));
    }
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
