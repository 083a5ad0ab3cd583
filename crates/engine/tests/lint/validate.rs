//! Conditions and bodies of `validate`.

use serde_json::{Value, json};

use portcullis_engine::lint::{self, Severity};

use crate::{fails, found, passes, policy, rule, warns};

#[test]
fn a_field_that_is_misspelt_is_named_by_what_it_should_be() {
    let condition = json!({"key": 1, "operater": "Equals", "value": 1});
    let whole = json!({"key": 1, "operator": "Equals", "value": 1});
    let spec = json!({"rules": [rule(json!({"preconditions": {"any": [whole], "all": [whole, condition]}}))]});
    let findings = lint::check(&policy("ClusterPolicy", spec));
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "warning: /spec/rules/0/preconditions/all/1/operater: unknown field `operater`; did you mean `operator`?; correct it, or take it out: nothing else reads it",
            "error: /spec/rules/0/preconditions/all/1: the condition has no `operator`; write `operator` in place of `operater`",
        ]
    );
}

#[test]
fn fields_that_conditions_do_not_have() {
    let all = json!([{"key": 1, "operator": "Equals", "value": 1}]);
    for (conditions, at) in [
        (json!({"all": all, "some": []}), "/some"),
        (json!({"All": all}), "/All"),
        (
            json!({"all": [{"key": 1, "operator": "Equals", "value": 1, "comment": "x"}]}),
            "/all/0/comment",
        ),
        (
            json!({"all": [{"key": 1, "Operator": "Equals", "value": 1}]}),
            "/all/0/Operator",
        ),
        (
            json!([{"key": 1, "operator": "Equals", "value": 1, "a/b": "x"}]),
            "/0/a~1b",
        ),
    ] {
        warns(
            json!({"preconditions": conditions}),
            &format!("/preconditions{at}"),
        );
        warns(
            json!({"validate": {"deny": {"conditions": conditions}}}),
            &format!("/validate/deny/conditions{at}"),
        );
    }
    for (conditions, at) in [
        (json!({"some": all}), ""),
        (
            json!({"all": [{"key": 1, "operater": "Equals", "value": 1}]}),
            "/all/0",
        ),
    ] {
        let rule = rule(json!({"preconditions": conditions}));
        let found = found(&policy("ClusterPolicy", json!({"rules": [rule]})));
        let error = (Severity::Error, format!("/spec/rules/0/preconditions{at}"));
        assert!(found.contains(&error), "{found:?}");
    }
}

#[test]
fn conditions() {
    let with = |condition: Value| json!({"preconditions": {"all": [condition]}});
    passes(with(
        json!({"key": "{{ request.operation }}", "operator": "AnyIn", "value": ["CREATE", "UPDATE"]}),
    ));
    passes(with(
        json!({"key": "{{ request.name }}", "operator": "Equals", "value": ""}),
    ));
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
        with(json!({"key": 1, "operator": "greaterthan", "value": 1})),
        &format!("{at}/operator"),
    );
    fails(
        json!({"preconditions": [{"key": 1, "operator": "ALLIN", "value": [1]}]}),
        "/preconditions/0/operator",
    );
    fails(
        json!({"preconditions": [{"key": 1, "operator": "Is", "value": 1}]}),
        "/preconditions/0/operator",
    );
    warns(
        with(json!({"key": 1, "operator": "In", "value": ["1"]})),
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
    fails(
        json!({"preconditions": "{{ request.operation }}"}),
        "/preconditions",
    );
    for (conditions, at) in [
        (json!({"any": true}), "/any"),
        (json!({"all": ["a"]}), "/all/0"),
        (
            json!([{"key": 1, "operator": 5, "value": 1}]),
            "/0/operator",
        ),
    ] {
        fails(
            json!({"preconditions": conditions}),
            &format!("/preconditions{at}"),
        );
        let deny = json!({"conditions": conditions});
        fails(
            json!({"validate": {"deny": deny}}),
            &format!("/validate/deny/conditions{at}"),
        );
        fails(
            json!({"validate": {"foreach": [{"list": "request.object.items", "deny": deny}]}}),
            &format!("/validate/foreach/0/deny/conditions{at}"),
        );
    }
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
    warns(with(json!({"anyPattern": []})), "/validate/anyPattern");
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
