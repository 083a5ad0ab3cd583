//! Conditions and bodies of `validate`.

use serde_json::{Value, json};

use crate::{fails, passes, warns};

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
        (json!({"some": []}), "/some"),
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
