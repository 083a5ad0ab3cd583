//! Policies and requests in, responses out: small cases as data.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "evaluate/world.rs"]
mod world;

use serde_json::{Value, json};
use world::{Case, World};

fn pod(containers: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}}, "spec": {"containers": containers}})
}

fn plain_pod() -> Value {
    pod(&json!([{"name": "a", "image": "nginx"}, {"name": "b", "image": "busybox:1.28"}]))
}

fn validate(body: &Value) -> Value {
    json!([{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "validate": body}])
}

fn with(rules: &Value, extra: &Value) -> Value {
    let mut rules = rules.clone();
    for (key, value) in extra.as_object().into_iter().flatten() {
        rules[0][key] = value.clone();
    }
    rules
}

#[test]
fn patterns_say_where_they_fail() {
    let pattern = json!({"spec": {"containers": [{"image": "*:*"}]}});
    let object = plain_pod();
    let at = "/spec/containers/0/image/";
    for (message, expected) in [
        (
            json!(null),
            format!("fail validation error: rule r failed at path {at}"),
        ),
        (
            json!("tag it"),
            format!("fail validation error: tag it. rule r failed at path {at}"),
        ),
        (
            json!("tag it."),
            format!("fail validation error: tag it. rule r failed at path {at}"),
        ),
        (
            json!("tag {{ request.object.metadata.name }}"),
            format!("fail validation error: tag web. rule r failed at path {at}"),
        ),
        (
            json!("tag {{ missing }}"),
            "fail validation error: variables substitution error in rule r execution error: "
                .to_owned(),
        ),
    ] {
        let rules = validate(&json!({"message": message, "pattern": pattern}));
        Case::new(rules).on(&object).starts(&expected);
    }
    let passes = validate(
        &json!({"pattern": {"metadata": {"labels": {"app": "{{ request.object.metadata.name }}"}}}}),
    );
    Case::new(passes)
        .on(&object)
        .gives(&["pass validation rule 'r' passed."]);
    let unresolved = validate(&json!({"pattern": {"metadata": {"name": "{{ missing }}"}}}));
    Case::new(unresolved).on(&object).starts(
        "error variable substitution failed: failed to resolve missing at path /metadata/name:",
    );
    let reference = validate(
        &json!({"pattern": {"metadata": {"name": "$(./../namespace)", "namespace": "shop"}}}),
    );
    Case::new(reference)
        .on(&object)
        .starts("fail validation error: rule r failed at path /metadata/name/");
}

#[test]
fn any_pattern_takes_the_first_that_passes() {
    let name = |name: &str| json!({"metadata": {"name": name}});
    let skips = json!({"metadata": {"(name)": "other", "namespace": "x"}});
    let object = plain_pod();
    for (patterns, expected) in [
        (
            json!([name("a"), name("web")]),
            "pass validation rule 'r' anyPattern[1] passed.",
        ),
        (
            json!([name("a"), name("b")]),
            "fail validation error: m. rule r[0] failed at path /metadata/name/ rule r[1] failed at path /metadata/name/",
        ),
        (
            json!([name("a"), skips]),
            "fail validation error: m. rule r[0] failed at path /metadata/name/",
        ),
        (json!([]), "pass m"),
        (
            json!({"metadata": {}}),
            "error failed to deserialize anyPattern, expected type array",
        ),
    ] {
        Case::new(validate(&json!({"message": "m", "anyPattern": patterns})))
            .on(&object)
            .gives(&[expected]);
    }
    Case::new(validate(&json!({"anyPattern": [skips]})))
        .on(&object)
        .starts("skip rule r[0] skipped: ");
}

#[test]
fn deny_says_its_message_and_what_its_conditions_say() {
    let condition = |key: &str, message: &str| json!({"key": key, "operator": "Equals", "value": "web", "message": message});
    let name = "{{ request.object.metadata.name }}";
    let object = plain_pod();
    for (message, conditions, expected) in [
        (
            json!("no"),
            json!({"all": [condition(name, "c1"), condition(name, "c2")]}),
            "fail no; c1; c2",
        ),
        (
            json!("no {{ request.object.metadata.name }}"),
            json!({"all": [condition(name, "")]}),
            "fail no web",
        ),
        (
            json!(null),
            json!({"any": [condition(name, "c {{ request.namespace }}")]}),
            "fail c shop",
        ),
        (
            json!(null),
            json!({"any": [condition(name, "")]}),
            "fail validation error: rule r failed",
        ),
        (
            json!("no"),
            json!({"any": [condition("x", "")]}),
            "pass validation rule 'r' passed.",
        ),
        (
            json!("no {{ missing }}"),
            json!({"any": [condition(name, "said")]}),
            "fail said",
        ),
        (
            json!("no"),
            json!({"any": []}),
            "pass validation rule 'r' passed.",
        ),
        (json!("no"), json!({"all": []}), "fail no"),
        (json!("no"), json!([condition(name, "")]), "fail no"),
    ] {
        let rules = validate(&json!({"message": message, "deny": {"conditions": conditions}}));
        Case::new(rules).on(&object).gives(&[expected]);
    }
    Case::new(validate(&json!({"message": "never", "deny": {}})))
        .on(&object)
        .gives(&["fail never"]);
    let unknown = json!({"all": [{"key": "{{ missing.x }}", "operator": "Equals", "value": 1}]});
    Case::new(validate(&json!({"deny": {"conditions": unknown}}))).on(&object).gives(&[
        "error failed to check deny conditions: failed to substitute variables in condition key: failed to resolve missing.x at path : JMESPath query failed: Unknown key \"missing\" in path",
    ]);
}

#[test]
fn preconditions_come_before_the_check() {
    let rules = validate(&json!({"message": "m", "deny": {}}));
    let object = plain_pod();
    let conditions = |key: &str, message: &str| json!({"preconditions": {"all": [{"key": key, "operator": "Equals", "value": "web", "message": message}]}});
    Case::new(with(
        &rules,
        &conditions("{{ request.object.metadata.name }}", ""),
    ))
    .on(&object)
    .gives(&["fail m"]);
    Case::new(with(&rules, &conditions("other", "")))
        .on(&object)
        .gives(&["skip preconditions not met"]);
    Case::new(with(&rules, &conditions("other", "why")))
        .on(&object)
        .gives(&["skip preconditions not met; why"]);
    Case::new(with(&rules, &conditions("{{ missing }}", "")))
        .on(&object)
        .starts("error failed to evaluate preconditions: ");
    Case::new(with(&rules, &json!({"preconditions": {"any": []}})))
        .on(&object)
        .gives(&["skip preconditions not met"]);
    Case::new(with(&rules, &json!({"preconditions": {"all": 5}})))
        .on(&object)
        .starts("error failed to evaluate preconditions: failed to parse conditions: ");
}

#[test]
fn loops_look_at_each_element() {
    let tagged = json!({"list": "request.object.spec.containers", "pattern": {"image": "*:*"}});
    let deny = |key: &str, value: &Value| json!({"conditions": {"any": [{"key": key, "operator": "Equals", "value": value}]}});
    let each = |body: Value| validate(&json!({"message": "m", "foreach": [body]}));
    let object = plain_pod();
    Case::new(each(tagged.clone()))
        .on(&object)
        .gives(&["fail validation failure: validation error: m. rule r failed at path /image/"]);
    Case::new(each(tagged))
        .on(&pod(&json!([{"name": "a", "image": "x:1"}])))
        .gives(&["pass rule passed"]);
    for (body, expected) in [
        (
            json!({"list": "request.object.spec.containers[].name", "deny": deny("{{ element }}", &json!("b"))}),
            Some("fail validation failure: m"),
        ),
        (
            json!({"list": "request.object.spec.containers", "deny": deny("{{ elementIndex }}", &json!(1))}),
            Some("fail validation failure: m"),
        ),
        (
            json!({"list": "request.object.spec.missing", "deny": {}}),
            None,
        ),
        (
            json!({"list": "request.object.spec.containers[?name=='z']", "deny": {}}),
            None,
        ),
        (
            json!({"list": "request.object.spec.containers[].missing", "deny": {}}),
            None,
        ),
        (
            json!({"list": "request.object.metadata.name", "deny": deny("{{ element }}", &json!("web"))}),
            Some("fail validation failure: m"),
        ),
        (
            json!({"list": "request.object.spec.containers", "deny": deny("{{ element.missing }}", &json!(1))}),
            Some(
                "error validation failure: failed to check deny conditions: failed to substitute variables in condition key: failed to resolve element.missing at path : JMESPath query failed: Unknown key \"missing\" in path",
            ),
        ),
        (
            json!({"list": "`[{}, {\"missing\": 2}]`", "deny": deny("{{ element.missing }}", &json!(1))}),
            Some(
                "error validation failure: failed to check deny conditions: failed to substitute variables in condition key: failed to resolve element.missing at path : JMESPath query failed: Unknown key \"missing\" in path",
            ),
        ),
        (
            json!({"list": "request.object.spec.containers", "preconditions": {"all": [{"key": "{{ element.missing }}", "operator": "Equals", "value": 1}]}, "deny": {}}),
            None,
        ),
        (
            json!({"list": "request.object.spec.containers", "preconditions": {"all": [{"key": "{{ element.name }}", "operator": "Equals", "value": "z"}]}, "deny": {}}),
            None,
        ),
        (
            json!({"list": "request.object.spec.containers[].name", "elementScope": true, "deny": {}}),
            Some(
                "error failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type=string",
            ),
        ),
        (
            json!({"list": "request.object.spec.containers", "elementScope": false, "pattern": {"metadata": {"name": "web"}}}),
            Some("pass rule passed"),
        ),
        (
            json!({"list": "length(request.object.spec.missing.x[)", "deny": {}}),
            Some(
                "error failed to evaluate list: incorrect query length(request.object.spec.missing.x[): ",
            ),
        ),
    ] {
        match expected {
            Some(expected) => Case::new(each(body)).on(&object).starts(expected),
            None => Case::new(each(body)).on(&object).gives(&[]),
        }
    }
}

#[test]
fn loops_nest_and_restore_their_variables() {
    let object = pod(
        &json!([{"name": "a", "image": "x", "env": [{"name": "K", "value": "v"}, {"name": "L", "value": "w"}]}]),
    );
    let inner = json!({
        "list": "element.env",
        "context": [{"name": "joined", "variable": {"jmesPath": "join('/', [element0.name, element1.name])"}}],
        "deny": {"conditions": {"any": [{"key": "{{ joined }}", "operator": "Equals", "value": "a/L"}]}},
    });
    let rules = validate(
        &json!({"message": "m {{ element0.name }}", "foreach": [{"list": "request.object.spec.containers", "foreach": [inner]}]}),
    );
    Case::new(rules)
        .on(&object)
        .gives(&["fail validation failure: validation failure: m a"]);
}

#[test]
fn context_entries_load_when_they_are_named() {
    let entry = |source: Value| {
        let mut entry = json!({"name": "it"});
        for (key, value) in source.as_object().into_iter().flatten() {
            entry[key] = value.clone();
        }
        json!({"context": [{"name": "base", "variable": {"value": {"a": {"b": "x"}}}}, entry]})
    };
    let shows = validate(&json!({"message": "{{ it }}", "deny": {}}));
    let object = plain_pod();
    for (source, expected) in [
        (json!({"variable": {"jmesPath": "base.a.b"}}), "fail x"),
        (
            json!({"variable": {"value": {"c": "y"}, "jmesPath": "c"}}),
            "fail y",
        ),
        (json!({"variable": {"value": "{{ base.a.b }}z"}}), "fail xz"),
        (
            json!({"variable": {"jmesPath": "base.missing", "default": "d"}}),
            "fail d",
        ),
        (
            json!({"variable": {"jmesPath": "base.{{ 'a' }}.b"}}),
            "fail x",
        ),
        (
            json!({"configMap": {"name": "{{ request.object.metadata.name }}", "namespace": "shop"}}),
            "fail the produced message didn't resolve to a string, check your policy definition.",
        ),
        (
            json!({"apiCall": {"urlPath": "/api/v1/namespaces/{{ request.namespace }}", "jmesPath": "metadata.name"}}),
            "fail shop",
        ),
        (
            json!({"apiCall": {"urlPath": "/broken", "default": "d"}}),
            "fail d",
        ),
        (
            json!({"imageRegistry": {"reference": "nginx", "jmesPath": "configData.user"}}),
            "fail root",
        ),
        (
            json!({"globalReference": {"name": "entry.part"}}),
            "fail entry/part",
        ),
    ] {
        Case::new(with(&shows, &entry(source)))
            .in_world(&World::full())
            .on(&object)
            .gives(&[expected]);
    }
    let denies = validate(
        &json!({"deny": {"conditions": {"any": [{"key": "{{ it }}", "operator": "Equals", "value": 1}]}}}),
    );
    for (source, expected) in [
        (
            json!({"variable": {"jmesPath": "base.missing"}}),
            "failed to load context entry it: failed to apply jmespath base.missing:",
        ),
        (
            json!({"variable": {"value": null}}),
            "failed to add context entry for variable it since it evaluated to nil",
        ),
        (
            json!({"configMap": {"name": "none", "namespace": "shop"}}),
            "failed to load context entry it: configmap shop/none not found",
        ),
        (
            json!({"apiCall": {"urlPath": "/broken"}}),
            "failed to load context entry it: failed to fetch data for APICall GET /broken: no answer",
        ),
    ] {
        let start = format!(
            "error failed to check deny conditions: failed to substitute variables in condition key: failed to resolve it at path : {expected}"
        );
        Case::new(with(&denies, &entry(source)))
            .in_world(&World::full())
            .on(&object)
            .starts(&start);
    }
    // What nobody names does not load; what nobody can load is as good as absent.
    let unused = with(
        &validate(&json!({"message": "m", "deny": {}})),
        &entry(json!({"variable": {"jmesPath": "base.missing"}})),
    );
    Case::new(unused).on(&object).gives(&["fail m"]);
    let dropped = with(
        &denies,
        &entry(json!({"configMap": {"name": "web", "namespace": "shop"}})),
    );
    Case::new(dropped).on(&object).starts("error failed to check deny conditions: failed to substitute variables in condition key: failed to resolve it at path : JMESPath query failed: Unknown key \"it\" in path");
}

#[test]
fn values_files_stand_in_for_what_cannot_be_loaded() {
    let object = plain_pod();
    let deny = |key: &str, value: &str| {
        validate(
            &json!({"message": "{{ request.object.metadata.name }}", "deny": {"conditions": {"any": [{"key": key, "operator": "Equals", "value": value}]}}}),
        )
    };
    let config_map =
        json!({"context": [{"name": "it", "configMap": {"name": "x", "namespace": "y"}}]});
    let rule_values = World::default().rule_value("it.data.k", json!("v"));
    Case::new(with(&deny("{{ it.data.k }}", "v"), &config_map))
        .in_world(&rule_values)
        .on(&object)
        .gives(&["fail web"]);
    let policy_values = World::default().policy_value("it.data.\"a.b\"", json!("v"));
    Case::new(deny("{{ it.data.\"a.b\" }}", "v"))
        .in_world(&policy_values)
        .on(&object)
        .gives(&["fail web"]);
    let renamed = World::default().policy_value("request.object.metadata.name", json!("other"));
    Case::new(deny("x", "x"))
        .in_world(&renamed)
        .on(&object)
        .gives(&["fail other"]);
    let matched = validate(&json!({"message": "m", "pattern": {"metadata": {"name": "other"}}}));
    Case::new(matched.clone())
        .in_world(&renamed)
        .on(&object)
        .gives(&["pass validation rule 'r' passed."]);
    let deleted = World::default().policy_value("request.operation", json!("DELETE"));
    Case::new(matched).in_world(&deleted).on(&object).gives(&[]);
    let each = validate(
        &json!({"foreach": [{"list": "request.object.spec.containers", "deny": {"conditions": {"any": [{"key": "{{ seen }}", "operator": "Equals", "value": "second"}]}}}]}),
    );
    let foreach_values = World::default().foreach_value("seen", json!(["first", "second"]));
    Case::new(each)
        .in_world(&foreach_values)
        .on(&object)
        .gives(&["fail validation failure: validation error: rule r failed"]);
}

#[test]
fn deletion_looks_at_the_old_object() {
    let object = plain_pod();
    let deny = validate(&json!({"message": "{{ request.object.metadata.name }}", "deny": {}}));
    Case::new(deny).delete(&object).gives(&["fail web"]);
    Case::new(validate(&json!({"pattern": {"metadata": {"name": "x"}}})))
        .delete(&object)
        .gives(&[]);
    Case::new(validate(
        &json!({"podSecurity": {"level": "baseline", "version": "latest"}}),
    ))
    .delete(&object)
    .gives(&[]);
}

#[test]
fn an_update_of_an_object_that_violates_already_is_let_through() {
    let (bad, good) = (plain_pod(), pod(&json!([{"name": "a", "image": "x:1"}])));
    let body = |action: &str, allow: &Value| {
        validate(
            &json!({"failureAction": action, "allowExistingViolations": allow, "pattern": {"spec": {"containers": [{"image": "*:*"}]}}}),
        )
    };
    let forgiven = "skip skipping the rule evaluation as pre-existing violations are allowed";
    let failed = "fail validation error: rule r failed at path /spec/containers/0/image/";
    Case::new(body("Enforce", &json!(null)))
        .update(&bad, &bad)
        .gives(&[forgiven]);
    Case::new(body("Enforce", &json!(null)))
        .update(&bad, &good)
        .gives(&[failed]);
    Case::new(body("Enforce", &json!(false)))
        .update(&bad, &bad)
        .gives(&[failed]);
    Case::new(body("Audit", &json!(null)))
        .update(&bad, &bad)
        .gives(&[failed]);
    Case::new(body("Enforce", &json!(null)))
        .update(&good, &bad)
        .gives(&["pass validation rule 'r' passed."]);
    let security = validate(
        &json!({"failureAction": "Enforce", "podSecurity": {"level": "baseline", "version": "latest"}}),
    );
    let host = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostNetwork": true, "containers": []}});
    Case::new(security).update(&host, &host).gives(&[forgiven]);
    let expressions = json!([{"expression": "object.metadata.name == 'other'", "message": "no"}]);
    let cel = json!({"failureAction": "Enforce", "cel": {"expressions": expressions}});
    Case::new(validate(&cel))
        .update(&bad, &bad)
        .gives(&["fail no"]);
}

#[test]
fn apply_rules_one_stops_behind_the_first_answer_that_counts() {
    let rule = |name: &str, extra: &Value| {
        let mut rule = json!({"name": name, "match": {"any": [{"resources": {"kinds": ["Service"]}}]}, "validate": {"message": name, "deny": {}}});
        for (key, value) in extra.as_object().into_iter().flatten() {
            rule[key] = value.clone();
        }
        rule
    };
    let skip = rule("a", &json!({"preconditions": {"any": []}}));
    let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "shop"}});
    let rules = json!([skip, rule("b", &json!({})), rule("c", &json!({}))]);
    Case::new(rules.clone())
        .on(&object)
        .gives(&["skip preconditions not met", "fail b", "fail c"]);
    Case::new(rules)
        .spec("applyRules", json!("One"))
        .on(&object)
        .gives(&["skip preconditions not met", "fail b"]);
    let missing = json!({"key": "{{ request.object.missing }}", "operator": "Equals", "value": 1});
    let error = rule(
        "a",
        &json!({"validate": {"deny": {"conditions": {"any": [missing]}}}}),
    );
    Case::new(json!([error, rule("b", &json!({}))]))
        .spec("applyRules", json!("One"))
        .on(&object)
        .gives(&[
            "error failed to check deny conditions: failed to substitute variables in condition \
             key: failed to resolve request.object.missing at path : JMESPath query failed: \
             Unknown key \"missing\" in path",
            "fail b",
        ]);
}

#[test]
fn a_list_that_reads_what_is_missing_is_left_out() {
    let missing = json!([{"name": "v", "variable": {"jmesPath": "request.object.missing"}}]);
    let wrong = json!([{"name": "v", "variable": {"jmesPath": "length(`5`)"}}]);
    let rule = |context: &Value| {
        let body = json!({"foreach": [{"list": "v", "deny": {}}]});
        with(&validate(&body), &json!({"context": context}))
    };
    Case::new(rule(&missing)).on(&plain_pod()).gives(&[]);
    Case::new(rule(&wrong))
        .on(&plain_pod())
        .starts("error failed to evaluate list: ");
}

#[test]
fn a_derived_rule_exists_for_pod_controllers_only() {
    let filter = |kind: &str| json!({"resources": {"kinds": [kind]}});
    let rules = json!([{
        "name": "r",
        "match": {"any": [filter("Pod"), filter("Service"), filter("CronJob")]},
        "validate": {"message": "no", "deny": {}},
    }]);
    let object = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}});
    for (version, kind, names) in [
        ("v1", "Service", &["r"][..]),
        ("apps/v1", "Deployment", &["autogen-r"]),
        ("batch/v1", "CronJob", &["r", "autogen-cronjob-r"]),
    ] {
        let found = Case::new(rules.clone())
            .on(&object(version, kind))
            .responses();
        let found: Vec<&str> = found.iter().map(|response| &*response.rule).collect();
        assert_eq!(found, names, "{kind}");
    }
}

#[test]
fn cel_is_evaluated_as_the_api_server_does() {
    let object = plain_pod();
    let rule = |expression: &str, conditions: Value| {
        let cel = json!({"expressions": [{"expression": expression}]});
        with(
            &json!([{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}}]),
            &json!({"validate": {"cel": cel}, "celPreconditions": conditions}),
        )
    };
    let unmet = json!([{"name": "c", "expression": "object.kind == 'Service'"}]);
    for (expression, conditions, expected) in [
        (
            "object.kind == 'Pod'",
            json!([]),
            "pass Validation rule 'r' passed.",
        ),
        (
            "object.kind == 'Job'",
            json!([]),
            "fail failed expression: object.kind == 'Job'",
        ),
        (
            "object.kind == 'Job'",
            unmet,
            "skip cel preconditions not met",
        ),
        (
            "object.missing == 1",
            json!([]),
            "error expression 'object.missing == 1' resulted in error: no such key: missing",
        ),
    ] {
        Case::new(rule(expression, conditions))
            .on(&object)
            .gives(&[expected]);
    }
    // A condition that is false decides, then errors, all of them; conditions see no namespace.
    let [missing, absent, unmet, of_namespace] = [
        "object.missing == 1",
        "object.absent == 1",
        "object.kind == 'Job'",
        "namespaceObject == null",
    ]
    .map(|expression| json!({"name": "c", "expression": expression}));
    for (conditions, expected) in [
        (json!([missing, unmet]), "skip cel preconditions not met"),
        (
            json!([missing, of_namespace]),
            "error expression 'object.missing == 1' resulted in error: no such key: missing",
        ),
        (
            json!([missing, absent]),
            "error [expression 'object.missing == 1' resulted in error: no such key: missing, expression 'object.absent == 1' resulted in error: no such key: absent]",
        ),
        (json!([of_namespace]), "pass Validation rule 'r' passed."),
    ] {
        Case::new(rule("object.kind == 'Pod'", conditions))
            .on(&object)
            .gives(&[expected]);
    }
    let mut variable = rule("variables.a == 1", json!([]));
    variable[0]["validate"]["cel"]["variables"] =
        json!([{"name": "a", "expression": "object.missing"}]);
    Case::new(variable).on(&object).gives(&["error expression 'variables.a == 1' resulted in error: composited variable \"a\" fails to evaluate: no such key: missing"]);
    let mut told = rule("object.kind == 'Job'", json!([]));
    told[0]["validate"]["message"] = json!("not a Job");
    Case::new(told).on(&object).gives(&["fail not a Job"]);
}

#[test]
fn what_is_not_evaluated_gives_an_error_that_names_it() {
    let object = plain_pod();
    let rule = |body: Value| {
        with(
            &json!([{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}}]),
            &body,
        )
    };
    Case::new(rule(
        json!({"validate": {"manifests": {"attestors": [{"entries": [{"keyless": {}}]}]}}}),
    ))
    .on(&object)
    .gives(&["error the manifest's signature is not verified: .attestors[0].entries[0].keyless: a signer by identity is not supported"]);
    Case::new(rule(json!({"mutate": {}})))
        .on(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}))
        .gives(&[]);
    Case::new(validate(&json!({"assert": {}})))
        .on(&object)
        .gives(&[]);
}

#[test]
fn conditions_of_requests_are_for_the_whole_policy() {
    let object = plain_pod();
    let under = |conditions: Value, policy: &str| {
        let webhook = json!({"matchConditions": conditions, "failurePolicy": policy});
        let rules = validate(&json!({"message": "no", "deny": {}}));
        Case::new(rules).spec("webhookConfiguration", webhook)
    };
    let one = |expression: &str| json!([{"name": "c", "expression": expression}]);
    let two = json!([
        {"name": "error", "expression": "object.missing == 1"},
        {"name": "false", "expression": "request.operation == 'DELETE'"},
    ]);
    for (conditions, policy, expected) in [
        (
            one("object.kind == 'Pod' && oldObject == null"),
            "Fail",
            &["fail no"][..],
        ),
        (one("request.operation == 'UPDATE'"), "Fail", &[]),
        (two, "Fail", &[]),
        (
            one("object.missing == 1"),
            "Fail",
            &["error `webhookConfiguration.matchConditions`: no such key: missing"],
        ),
        (one("object.missing == 1"), "Ignore", &[]),
    ] {
        under(conditions, policy).on(&object).gives(expected);
    }
    let mutate = json!([{
        "name": "r",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}}},
    }]);
    for (expression, count) in [("true", 1), ("false", 0)] {
        let webhook = json!({"matchConditions": one(expression)});
        let case = Case::new(mutate.clone()).spec("webhookConfiguration", webhook);
        assert_eq!(case.on(&object).run().len(), count, "{expression}");
    }
}

#[test]
fn exceptions_let_a_rule_off() {
    let exception = |name: &str, extra: &Value| {
        let mut spec = json!({"exceptions": [{"policyName": "p", "ruleNames": ["r"]}], "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}});
        for (key, value) in extra.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        json!({"apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": {"name": name, "namespace": "n"}, "spec": spec})
    };
    let when = |key: &str| json!({"conditions": {"all": [{"key": key, "operator": "Equals", "value": "web"}]}});
    let rules = validate(&json!({"message": "m", "deny": {}}));
    let object = plain_pod();
    for (exceptions, expected) in [
        (
            vec![exception("e", &json!({})), exception("f", &json!({}))],
            "skip rule is skipped due to policy exceptionsn/e, n/f",
        ),
        (
            vec![exception("e", &when("{{ request.object.metadata.name }}"))],
            "skip rule is skipped due to policy exceptionsn/e",
        ),
        (vec![exception("e", &when("x"))], "fail m"),
        (
            vec![exception(
                "e",
                &json!({"conditions": {"all": [], "any": []}}),
            )],
            "skip rule is skipped due to policy exceptionsn/e",
        ),
        (vec![exception("e", &when("{{ missing }}"))], "fail m"),
    ] {
        Case::new(rules.clone())
            .exceptions(exceptions)
            .on(&object)
            .gives(&[expected]);
    }
    let host = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostNetwork": true, "containers": []}});
    let security = validate(&json!({"podSecurity": {"level": "baseline", "version": "latest"}}));
    let part = |control: &str| {
        vec![exception(
            "e",
            &json!({"podSecurity": [{"controlName": control}]}),
        )]
    };
    Case::new(security.clone())
        .exceptions(part("Host Namespaces"))
        .on(&host)
        .gives(&["skip rule is skipped due to policy exceptions n/e"]);
    Case::new(security.clone()).exceptions(part("Sysctls")).on(&host).starts("fail Validation rule 'r' failed. It violates PodSecurity \"baseline:latest\": (Forbidden reason: host namespaces");
    Case::new(security)
        .exceptions(vec![exception("e", &json!({}))])
        .on(&host)
        .gives(&["skip rule is skipped due to policy exception n/e"]);
}

#[test]
fn derived_rules_answer_for_controllers() {
    let rules =
        validate(&json!({"message": "m", "pattern": {"spec": {"containers": [{"image": "*:*"}]}}}));
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "shop"}, "spec": {"template": {"spec": {"containers": [{"image": "nginx"}]}}}});
    Case::new(rules).on(&deployment).gives(&["fail validation error: m. rule autogen-r failed at path /spec/template/spec/containers/0/image/"]);
}

#[test]
fn report_properties_have_their_variables_in_place() {
    let rules = validate(&json!({"message": "m", "deny": {}}));
    let object = plain_pod();
    let found = |extra: Value| Case::new(with(&rules, &extra)).on(&object).properties();
    assert_eq!(
        found(json!({"reportProperties": {"who": "{{ request.object.metadata.name }}"}})),
        ["who=web"]
    );
    let unresolved = json!({"a": "{{ missing }}", "b": "{{ request.namespace }}"});
    assert_eq!(
        found(json!({"reportProperties": unresolved})),
        ["a={{ missing }}", "b={{ request.namespace }}"]
    );
    assert_eq!(
        found(
            json!({"reportProperties": {"b": "{{ request.namespace }}"}, "preconditions": {"any": []}})
        ),
        ["b={{ request.namespace }}"]
    );
}

#[test]
fn an_entry_that_a_loop_loaded_is_there_for_the_next_element() {
    let body = json!({"list": "request.object.spec.containers", "deny": {"conditions": {"any": [{"key": "{{ element.name }}{{ tail }}", "operator": "Equals", "value": "bz"}]}}});
    let rules = with(
        &validate(&json!({"message": "m", "foreach": [body]})),
        &json!({"context": [{"name": "tail", "variable": {"value": "z"}}]}),
    );
    Case::new(rules)
        .on(&plain_pod())
        .gives(&["fail validation failure: m"]);
}

#[test]
fn a_namespaced_policy_looks_into_its_own_namespace_only() {
    let shows = validate(
        &json!({"message": "{{ it }}", "deny": {"conditions": {"any": [{"key": "{{ it }}", "operator": "NotEquals", "value": "x"}]}}}),
    );
    let object = plain_pod();
    let run = |entry: &Value| {
        let context = json!({"context": [{"name": "it", "variable": {"value": "x"}}, entry]});
        Case::new(with(&shows, &context))
            .in_world(&World::full())
            .namespaced("shop")
            .on(&object)
    };
    let call = |path: &str| json!({"name": "it", "apiCall": {"urlPath": path, "jmesPath": "metadata.name"}});
    run(&call("/api/v1/namespaces/shop/")).gives(&["fail shop/"]);
    run(&call("/api/v1/namespaces/other/")).starts("error failed to check deny conditions: failed to substitute variables in condition key: failed to resolve it at path : failed to load context entry it: path `/api/v1/namespaces/other/` is outside of the policy's namespace `shop`");
    let config_map = |namespace: &str| json!({"name": "it", "configMap": {"name": "web", "namespace": namespace}});
    run(&config_map("other")).starts("error failed to check deny conditions: failed to substitute variables in condition key: failed to resolve it at path : failed to load context entry it: configmap other/web is outside");
    let elsewhere =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "other"}});
    Case::new(validate(&json!({"deny": {}})))
        .namespaced("shop")
        .on(&elsewhere)
        .gives(&[]);
}
