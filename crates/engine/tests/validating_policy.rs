//! ValidatingPolicy: what it says of an object, step by step.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::NoSource,
    evaluate,
    load::load,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
};
use serde_json::{Value, json};

/// The policy with a `spec` for Pods, merged with what a case says.
fn policy(spec: &Value) -> Value {
    let mut all = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
        }]},
    });
    if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(fields.clone());
    }
    json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy",
        "metadata": {"name": "p"}, "spec": all,
    })
}

fn answers(spec: &Value, kind: &str, resource: &str, object: &Value) -> Vec<String> {
    let (loaded, errors) = load(&policy(spec));
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    if !errors.is_empty() {
        return errors
            .iter()
            .map(|error| format!("{}: {}", error.path, error.message))
            .collect();
    }
    let group = if kind == "Pod" { "" } else { "apps" };
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
        },
        resource: GroupVersionResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
        },
        name: "a",
        namespace: "shop",
        object: Some(object),
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &NoSource, &mut Silent);
    let rules = responses.iter().flat_map(|response| &response.rules);
    rules
        .map(|rule| {
            let properties: Vec<String> = rule
                .properties()
                .map(|(key, value)| format!(" {key}={value}"))
                .collect();
            format!(
                "{} {}{}",
                rule.status.as_str(),
                rule.message,
                properties.concat()
            )
        })
        .collect()
}

/// Checks what a policy says of a Pod with two replicas' worth of labels.
fn check(spec: &Value, expected: &[&str]) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"priority": 3, "containers": [{"name": "c", "image": "nginx"}]},
    });
    assert_eq!(answers(spec, "Pod", "pods", &pod), expected, "{spec}");
}

fn valid(expression: &str) -> Value {
    json!({"validations": [{"expression": expression}]})
}

fn with(mut spec: Value, field: &str, value: Value) -> Value {
    if let Some(fields) = spec.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
    spec
}

#[test]
fn validations_are_taken_in_order() {
    check(&valid("object.metadata.name == 'a'"), &["pass success"]);
    check(
        &valid("object.metadata.name == 'b'"),
        &["fail CEL expression validation failed at index 0 cel.validationIndex=0"],
    );
    check(
        &json!({"validations": [
            {"expression": "true"},
            {"expression": "false", "message": "no", "messageExpression": "'no ' + request.namespace"},
            {"expression": "false"},
        ]}),
        &["fail no shop cel.validationIndex=1"],
    );
    check(
        &valid("object.spec.missing == 1"),
        &["error error: no such key: missing cel.validationIndex=0"],
    );
}

#[test]
fn conditions_variables_and_annotations() {
    let condition = |expression: &str| json!([{"name": "c", "expression": expression}]);
    check(
        &with(valid("false"), "matchConditions", condition("false")),
        &["skip skip"],
    );
    let failing = with(
        valid("true"),
        "matchConditions",
        condition("object.missing"),
    );
    check(
        &failing,
        &["spec.matchConditions[0].expression: the expression gives `dyn`, and must give `bool`"],
    );
    let failing = with(
        valid("true"),
        "matchConditions",
        condition("object.missing == 1"),
    );
    check(
        &failing,
        &["error failed to load context: no such key: missing"],
    );
    check(
        &with(failing, "failurePolicy", json!("Ignore")),
        &["skip skip"],
    );
    let variables = json!([
        {"name": "priority", "expression": "object.spec.priority"},
        {"name": "double", "expression": "variables.priority * 2"},
        {"name": "unread", "expression": "object.spec.missing"},
    ]);
    let missing = "error error: no such key: missing cel.validationIndex=0";
    let nobody = "spec.validations[0].expression: ERROR: <input>:1:4: undefined field 'nobody'\n | has(variables.nobody)\n | ...^";
    for (expression, expected) in [
        ("variables.double == 6", "pass success"),
        ("has(variables.double)", "pass success"),
        ("variables.?double.orValue(0) == 6", "pass success"),
        ("has(variables.unread)", missing),
        ("variables.?unread.hasValue()", missing),
        ("has(variables.nobody)", nobody),
    ] {
        check(
            &with(valid(expression), "variables", variables.clone()),
            &[expected],
        );
    }
    let annotations =
        json!([{"key": "app", "valueExpression": "string(object.metadata.labels.app)"}]);
    check(
        &with(valid("true"), "auditAnnotations", annotations),
        &["pass success app=web"],
    );
}

#[test]
fn an_annotation_without_a_value_is_an_error() {
    let annotated = |expression: &str, on_error: &str| {
        let annotations = json!([
            {"key": "app", "valueExpression": "'web'"},
            {"key": "no", "valueExpression": "string(object.metadata.annotations.no)"},
        ]);
        let spec = with(valid(expression), "auditAnnotations", annotations);
        with(spec, "failurePolicy", json!(on_error))
    };
    let problem = "failed to evaluate auditAnnotation 'no': no such key: annotations";
    let passed = format!("error failed to load context: {problem}");
    check(&annotated("true", "Fail"), &[&passed]);
    check(&annotated("true", "Ignore"), &[&passed]);
    let failed = format!("error error: {problem} cel.validationIndex=0");
    check(&annotated("false", "Fail"), &[&failed]);
    // An error would let it pass.
    let failed = "fail CEL expression validation failed at index 0 cel.validationIndex=0";
    check(&annotated("false", "Ignore"), &[failed]);
    let failed = "error error: no such key: x cel.validationIndex=0";
    check(&annotated("object.x == 1", "Fail"), &[failed]);
}

#[test]
fn what_does_not_compile_is_told_at_its_path() {
    check(
        &valid("object.spec.priority"),
        &["spec.validations[0].expression: the expression gives `dyn`, and must give `bool`"],
    );
    check(
        &valid("obect == null"),
        &[
            "spec.validations[0].expression: ERROR: <input>:1:1: undeclared reference to 'obect' (in container '')\n | obect == null\n | ^\n = did you mean `object`?",
        ],
    );
}

/// A policy with variables `v0`, `v1` and so on, each made of the one before it, and a validation.
fn chain(length: usize, first: &str, next: impl Fn(&str) -> String, expression: &str) -> Value {
    let variables = (0..length).map(|index| {
        let expression = match index {
            0 => first.to_owned(),
            _ => next(&format!("variables.v{}", index - 1)),
        };
        json!({"name": format!("v{index}"), "expression": expression})
    });
    let variables: Vec<Value> = variables.collect();
    json!({"variables": variables, "validations": [{"expression": expression}]})
}

#[test]
fn variables_of_variables_end_before_the_stack_does() {
    let added = |length: usize| {
        let last = format!("variables.v{} == {length}", length - 1);
        chain(length, "1", |before| format!("{before} + 1"), &last)
    };
    check(&added(80), &["pass success"]);
    let refused = |spec: &Value, path: &str, levels: &str| {
        let said = answers(spec, "Pod", "pods", &json!({}));
        let first = said.first().map(String::as_str).unwrap_or_default();
        let wanted = format!("{path}: the expression has {levels} levels");
        assert!(first.starts_with(&wanted), "{first}");
    };
    refused(&added(1_000), "spec.variables[91].expression", "1002");
    let nested = |before: &str| format!("{}{before}{}", "[".repeat(200), "]".repeat(200));
    let deep = |length| chain(length, "dyn(1)", nested, "variables.v4 == variables.v4");
    check(&deep(5), &["pass success"]);
    refused(&deep(100), "spec.variables[5].expression", "1052");
}

#[test]
fn types_of_variables_do_not_grow_without_end() {
    let doubled = |length: usize| {
        let next = |before: &str| format!("{{{before}: {before}}}");
        chain(length, "'a'", next, "true")
    };
    check(&doubled(8), &["pass success"]);
    let problem =
        "the type of the variable holds more than 10000 types; write `dyn(…)` around its parts";
    check(
        &doubled(14),
        &[&format!("spec.variables[13].expression: {problem}")],
    );
}

/// What `resource` finds has no type before it is read; nobody finds anything here, so what
/// compiles ends in that error.
#[test]
fn what_an_object_of_the_cluster_holds_may_be_anything() {
    let get = "resource.Get('v1', 'configmaps', 'shop', 'x').data";
    let list = "resource.List('v1', 'configmaps', 'shop').items";
    let unknown = "error error: configmaps cannot be looked up here cel.validationIndex=0";
    for expression in [
        "@.size() > 0",
        "size(@) > 0",
        "@ == 'a' && @ != 3",
        "@ + 1 == 2",
        "@ && true",
        "!@",
        "'a' in @",
        "@[0].name == 'a'",
        "@[0].all(x, x == 1)",
        "@.startsWith('a')",
        "quantity(@).isGreaterThan(quantity('1'))",
        "(true ? @ : 1).size() > 0",
        "(false ? 1 : @).size() > 0",
        "(true ? @ : dyn(1)).all(x, true)",
        "[1].exists(x, x == @)",
        "(@ + @).all(x, true)",
    ] {
        check(&valid(&expression.replace('@', get)), &[unknown]);
        let listed = unknown.replace(": ", ": failed to list resource: ");
        check(&valid(&expression.replace('@', list)), &[&listed]);
    }
    let no_range = "expression of type 'any' cannot be range of a comprehension";
    for (expression, expected) in [
        ("@", "the expression gives `any`, and must give `bool`"),
        ("@.all(x, true)", no_range),
        ("(true ? dyn(1) : @).all(x, true)", no_range),
        ("(true ? @ : 1).all(x, true)", no_range),
        ("[@, 1].size() == 2", "expected type 'any' but found 'int'"),
        (
            "[1, @][0].startsWith('a')",
            "expected type 'int' but found 'any'",
        ),
        (
            "(@ + 1).startsWith('a')",
            "found no matching overload for 'startsWith' applied to 'int.(string)'",
        ),
    ] {
        let found = answers(
            &valid(&expression.replace('@', get)),
            "Pod",
            "pods",
            &json!({}),
        );
        let found = found.concat();
        assert!(found.contains(expected), "{expression}: {found}");
    }
}

#[test]
fn a_message_is_given_as_it_is_written_or_computed() {
    let check = |field: &str, text: &str, said: &str| {
        let spec = json!({"validations": [{"expression": "false", field: text}]});
        let spec = with(valid("false"), "validations", spec["validations"].clone());
        let said = format!("fail {said} cel.validationIndex=0");
        assert_eq!(answers(&spec, "Pod", "pods", &json!({})), [said]);
    };
    check("message", "no. ", "no. ");
    check("messageExpression", "'n' + 'o '", "no ");
    check("messageExpression", "' '", " ");
    check(
        "messageExpression",
        "''",
        "CEL expression validation failed at index 0",
    );
    check(
        "messageExpression",
        "string(object)",
        "failed to evaluate message expression: no such overload: string(map)",
    );
}

#[test]
fn controllers_of_pods_are_looked_at_through_their_template() {
    let spec = valid("object.spec.containers.all(c, c.image != 'bad')");
    let of =
        |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"image": image}]}}}});
    assert_eq!(
        answers(&spec, "Deployment", "deployments", &of("good")),
        ["pass success"]
    );
    assert_eq!(
        answers(&spec, "Deployment", "deployments", &of("bad")),
        ["fail CEL expression validation failed at index 0 cel.validationIndex=0"]
    );
    let selecting = |selector: Value| {
        let mut constraints = policy(&spec)["spec"]["matchConstraints"].clone();
        constraints["objectSelector"] = selector;
        let spec = with(spec.clone(), "matchConstraints", constraints);
        answers(&spec, "Deployment", "deployments", &of("good"))
    };
    assert_eq!(selecting(json!({"matchLabels": {}})), ["pass success"]);
    assert!(selecting(json!({"matchLabels": {"a": "b"}})).is_empty());
    let off = with(
        spec,
        "autogen",
        json!({"podControllers": {"controllers": []}}),
    );
    assert!(answers(&off, "Deployment", "deployments", &of("bad")).is_empty());
}
