//! The keys of the ConfigMap: what each says, and what is refused.

use portcullis_engine::request::{GroupVersionKind, RequestUser};

use super::*;

fn configuration(key: &str, text: &str) -> Configuration {
    let data = BTreeMap::from([(key.to_owned(), text.to_owned())]);
    Configuration::from_data(&data).unwrap()
}

fn request<'r>(
    kind: &str,
    subresource: &'r str,
    namespace: &'r str,
    name: &'r str,
    user: &'r RequestUser,
) -> Request<'r> {
    let (api_version, kind) = kind.rsplit_once('/').unwrap();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Request {
        kind: GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        },
        subresource,
        namespace,
        name,
        user: Some(user),
        ..Request::default()
    }
}

#[test]
fn filters_leave_objects_out() {
    let nobody = RequestUser::default();
    for (filters, kind, subresource, namespace, name, wanted) in [
        ("[Event,*,*]", "v1/Event", "", "shop", "a", true),
        ("[Event]", "v1/Event", "", "shop", "a", true),
        (
            "[Event,*,*]",
            "events.k8s.io/v1/Event",
            "",
            "shop",
            "a",
            true,
        ),
        (
            "[v1/Event]",
            "events.k8s.io/v1beta1/Event",
            "",
            "shop",
            "a",
            false,
        ),
        ("[Pod]", "v1/Pod", "", "shop", "a", true),
        ("[Pod]", "v1/Pod", "status", "shop", "a", false),
        ("[Pod]", "v1/Pod", "ephemeralcontainers", "shop", "a", false),
        ("[Node/?*]", "v1/Node", "status", "", "n", true),
        ("[Node/?*]", "v1/Node", "", "", "n", false),
        ("[Pod/binding,*,*]", "v1/Pod", "binding", "shop", "a", true),
        (
            "[*/*,kube-system,*]",
            "apps/v1/Deployment",
            "scale",
            "kube-system",
            "a",
            true,
        ),
        (
            "[*/*,kube-system,*]",
            "apps/v1/Deployment",
            "",
            "shop",
            "a",
            false,
        ),
        ("[*/*,kube-*]", "v1/Namespace", "", "", "kube-system", true),
        (
            "[Secret,shop,a] \n [ConfigMap, shop , b ]",
            "v1/ConfigMap",
            "",
            "shop",
            "b",
            true,
        ),
        (
            "[Secret,shop,a][ConfigMap,shop,b]",
            "v1/ConfigMap",
            "",
            "shop",
            "a",
            false,
        ),
        (
            "[Secret,shop,a], [ConfigMap,shop,b]\n,[Pod]",
            "v1/Pod",
            "",
            "shop",
            "b",
            true,
        ),
        ("[Pod,,]", "v1/Pod", "", "shop", "a", true),
        ("", "v1/Pod", "", "shop", "a", false),
    ] {
        let configuration = configuration("resourceFilters", filters);
        let request = request(kind, subresource, namespace, name, &nobody);
        assert_eq!(configuration.ignores(&request), wanted, "{filters} {kind}");
    }
}

#[test]
fn lists_leave_users_out() {
    let user = RequestUser {
        username: "system:serviceaccount:shop:robot".to_owned(),
        groups: vec!["system:nodes".to_owned()],
        roles: vec!["shop:editor".to_owned()],
        cluster_roles: vec!["admin".to_owned()],
        ..RequestUser::default()
    };
    for (key, list, wanted) in [
        ("excludeUsernames", "system:serviceaccount:shop:*", true),
        (
            "excludeUsernames",
            "someone, system:serviceaccount:?*:robot",
            true,
        ),
        ("excludeUsernames", "robot", false),
        (
            "excludeUsernames",
            "system:*, !system:serviceaccount:shop:robot",
            false,
        ),
        ("excludeUsernames", "!nobody", false),
        ("excludeGroups", "system:nodes", true),
        ("excludeGroups", "system:nodes,!system:*", false),
        ("excludeRoles", "shop:*", true),
        ("excludeRoles", "editor", false),
        ("excludeClusterRoles", "cluster-admin,admin", true),
        ("excludeClusterRoles", " , ", false),
    ] {
        let configuration = configuration(key, list);
        let request = request("v1/Pod", "", "shop", "a", &user);
        assert_eq!(configuration.ignores(&request), wanted, "{key}: {list}");
    }
}

#[test]
fn a_mistake_has_a_key_and_a_place() {
    for (key, text, wanted) in [
        (
            "resourceFilters",
            "[Event,*,*]x",
            "character 12: found `x`, expected `[`, as in `[Kind,namespace,name]`",
        ),
        (
            "resourceFilters",
            "[Event,*,*",
            "character 11: found the end, expected `]`",
        ),
        (
            "resourceFilters",
            "[Event[Pod]",
            "character 7: found `[`, expected `]`",
        ),
        (
            "resourceFilters",
            "[Event],,[Pod]",
            "character 8: found `,`, expected `[`, as in `[Kind,namespace,name]`",
        ),
        (
            "resourceFilters",
            "[a,b,c,d]",
            "character 1: found `[`, expected at most three parts: kind, namespace and name",
        ),
        (
            "webhooks",
            "{\n \"objectSelektor\": {}}",
            "character 19: found unknown field `objectSelektor`, expected `namespaceSelector` or `objectSelector`",
        ),
        (
            "webhooks",
            "[{},{}]",
            "character 1: found a list of 2, expected one object with selectors",
        ),
        (
            "webhooks",
            r#"{"namespaceSelector": []}"#,
            "character 23: found a list, expected a label selector: an object with `matchLabels` and `matchExpressions`",
        ),
        (
            "webhooks",
            r#"{"objectSelector": [{"a": "b"}]}"#,
            "character 20: found a list, expected a label selector: an object with `matchLabels` and `matchExpressions`",
        ),
        (
            "webhooks",
            r#"{"namespaceSelector": "shop"}"#,
            "character 28: found \"shop\", expected a label selector: an object with `matchLabels` and `matchExpressions`",
        ),
        (
            "webhooks",
            r#"{"objectSelector": {"matchExpressions": [["a", "Exists"]]}}"#,
            "character 42: found a list, expected an object with `key`, `operator` and `values`",
        ),
        (
            "webhooks",
            "[[]]",
            "character 2: found a list, expected an object with `namespaceSelector` and `objectSelector`",
        ),
        (
            "matchConditions",
            r#"[["a", "true"]]"#,
            "character 2: found a list, expected an object with `name` and `expression`",
        ),
        (
            "webhookLabels",
            r#"{"a": 1}"#,
            "character 7: found `1`, expected a text in double quotes",
        ),
        (
            "webhookLabels",
            r#"{"a" "b"}"#,
            "character 6: found `\"`, expected `:`",
        ),
        (
            "webhookLabels",
            r#"{"a": "b", "not a label": "c"}"#,
            "character 12: found `not a label` as the key of a label, expected an optional domain and `/`, then up to 63 letters, digits, `-`, `_` or `.`",
        ),
        (
            "webhookLabels",
            r#"{"a": "*"}"#,
            "character 7: found `*` as the value of a label, expected up to 63 letters, digits, `-`, `_` or `.`",
        ),
        (
            "webhookAnnotations",
            r#"{"a/b/c": "any *"}"#,
            "character 2: found `a/b/c` as the key of a label, expected an optional domain and `/`, then up to 63 letters, digits, `-`, `_` or `.`",
        ),
        (
            "matchConditions",
            r#"[{"name": "a"}]"#,
            "character 14: found the end of an object without `expression`, expected `expression`",
        ),
        (
            "matchConditions",
            r#"{"name": "a", "expression": "true"}"#,
            "character 1: found an object, expected a list",
        ),
        (
            "matchConditions",
            r#"[{"name": "a", "name": "b"}]"#,
            "character 21: found `name` for a second time, expected it once",
        ),
        (
            "matchConditions",
            "[{\"name\": \"ä\",\n\"expression\": 5}]",
            "character 30: found `5`, expected a text in double quotes",
        ),
        (
            "matchConditions",
            r#"[{"name": "ä", "expression": 'a'}]"#,
            "character 30: found `'`, expected a value",
        ),
        (
            "matchConditions",
            r#"[{"name": "a", "expression": "b"},]"#,
            "character 35: found `]`, expected one more entry after the comma",
        ),
        (
            "matchConditions",
            r#"[{"name": "a", "expression": "b"}"#,
            "character 34: found the end, expected `,` or `]`",
        ),
        (
            "matchConditions",
            "[] []",
            "character 4: found `[`, expected the end",
        ),
        (
            "webhooks",
            "null of all",
            "character 6: found `o`, expected the end",
        ),
        (
            "webhooks",
            "5",
            "character 1: found `5`, expected an object with `namespaceSelector` and `objectSelector`",
        ),
        (
            "webhooks",
            r#"{"namespaceSelector": {"matchLabels": {"a": null}}}"#,
            "character 48: found null, expected a text in double quotes",
        ),
        (
            "webhooks",
            r#"{"namespaceSelector": {"matchLabels": ["a"]}}"#,
            "character 39: found a list, expected an object of names and texts",
        ),
        (
            "webhooks",
            r#"{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}"#,
            "character 70: found the operator `Is`, expected `In`, `NotIn`, `Exists` or `DoesNotExist`",
        ),
        (
            "webhooks",
            r#"{"objectSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}}"#,
            "character 50: found `In` on `a` without values, expected at least one value",
        ),
        (
            "webhooks",
            r#"{"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}}"#,
            "character 50: found `Exists` on `a` with values, expected none",
        ),
        (
            "webhookLabels",
            "{a: b}",
            "character 2: found `a`, expected a key in double quotes",
        ),
        (
            "generateSuccessEvents",
            "yes",
            "character 1: found `yes`, expected `true` or `false`",
        ),
        (
            "updateRequestThreshold",
            "-1",
            "character 1: found `-1`, expected a number that is not negative",
        ),
    ] {
        let data = BTreeMap::from([(key.to_owned(), text.to_owned())]);
        let error = Configuration::from_data(&data).unwrap_err().to_string();
        assert_eq!(error, format!("key `{key}`, {wanted}"), "{text}");
    }
}

#[test]
fn selectors_are_read_in_each_form() {
    let not_in = r#"{"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["v"]}]"#;
    for (text, wanted) in [
        (format!(r#"{{"namespaceSelector": {not_in}}}}}"#), "k NotIn [\"v\"]; "),
        // As Kyverno's chart writes it.
        (
            format!(r#"{{"namespaceSelector": {not_in},"matchLabels":null}}}}"#),
            "k NotIn [\"v\"]; ",
        ),
        (
            format!(r#"[{{"namespaceSelector": {not_in}}}}}]"#),
            "k NotIn [\"v\"]; ",
        ),
        (
            r#"{"objectSelector": {"matchLabels": {"a": "b"}, "matchExpressions": null}}"#.to_owned(),
            "; a=b",
        ),
        (
            r#"{"namespaceSelector": null, "objectSelector": {"matchExpressions": [{"key": "k", "operator": "Exists", "values": null}]}}"#.to_owned(),
            "; k Exists []",
        ),
        (r#"{"namespaceSelector": {}}"#.to_owned(), "; "),
        ("[]".to_owned(), "; "),
        ("null".to_owned(), "; "),
        (" \n".to_owned(), "; "),
    ] {
        let found = configuration("webhooks", &text);
        let told = |selector: &Option<LabelSelector>| {
            let selector = selector.clone().unwrap_or_default();
            let labels = selector.match_labels.iter();
            let labels = labels.map(|(key, value)| format!("{key}={value}"));
            let expressions = selector.match_expressions.iter();
            let expressions =
                expressions.map(|one| format!("{} {} {:?}", one.key, one.operator, one.values));
            labels.chain(expressions).collect::<Vec<_>>().join(", ")
        };
        let told = [&found.namespace_selector, &found.object_selector].map(told);
        assert_eq!(told.join("; "), wanted, "{text}");
    }
}

#[test]
fn booleans_and_numbers_are_read_in_each_form() {
    for (text, wanted) in [
        ("1", true),
        ("t", true),
        ("T", true),
        ("TRUE", true),
        ("true", true),
        (" True\n", true),
        ("0", false),
        ("f", false),
        ("F", false),
        ("FALSE", false),
        ("false", false),
        ("False", false),
    ] {
        let found = configuration("generateSuccessEvents", text);
        assert_eq!(found.generate_success_events, wanted, "{text}");
        let found = configuration("enableDefaultRegistryMutation", text);
        assert_eq!(found.enable_default_registry_mutation, wanted, "{text}");
    }
    let found = configuration("updateRequestThreshold", " 5000\n");
    assert_eq!(found.update_request_threshold, 5000);
}

#[test]
fn binary_data_changes_nothing_and_is_listed() {
    let map = serde_json::json!({
        "data": {"excludeGroups": "a", "defaultRegistry": "r"},
        "binaryData": {"resourceFilters": "W1BvZF0="},
    });
    let found = Configuration::from_config_map(&map).unwrap();
    assert_eq!(
        found.without_effect,
        ["binaryData.resourceFilters", "defaultRegistry"]
    );
    assert_eq!(found.users, configuration("excludeGroups", "a").users);
    assert!(found.filters.is_empty());
    let empty = Configuration::from_config_map(&serde_json::json!({}));
    assert_eq!(empty, Ok(Configuration::default()));
}

#[test]
fn values_are_read_and_idle_keys_are_listed() {
    let data = [
        (
            "webhooks",
            r#"[{"namespaceSelector": {"matchLabels": {"a": "b"}}}]"#,
        ),
        ("webhookAnnotations", r#"{"c": "d"}"#),
        (
            "matchConditions",
            r#"[{"name": "n", "expression": "true"}]"#,
        ),
        ("defaultRegistry", "registry.example"),
        ("enableDefaultRegistryMutation", "false"),
        ("updateRequestThreshold", "7"),
        ("generateSuccessEvents", "true"),
        (
            "successEventActions",
            " Resource Mutated,, Resource Passed ",
        ),
        ("maxContextSize", "2Mi"),
        ("somethingElse", "{"),
    ];
    let data = data.map(|(key, text)| (key.to_owned(), text.to_owned()));
    let found = Configuration::from_data(&BTreeMap::from(data)).unwrap();
    let selector = found.namespace_selector.unwrap();
    assert_eq!(selector.match_labels["a"], "b");
    assert_eq!(found.webhook_annotations["c"], "d");
    assert_eq!(found.match_conditions[0].expression, "true");
    assert_eq!(found.default_registry, "registry.example");
    assert!(!found.enable_default_registry_mutation && found.generate_success_events);
    assert_eq!(
        found.success_event_actions,
        ["Resource Mutated", "Resource Passed"]
    );
    assert_eq!(found.update_request_threshold, 7);
    let idle = [
        "defaultRegistry",
        "enableDefaultRegistryMutation",
        "maxContextSize",
        "somethingElse",
        "updateRequestThreshold",
    ];
    assert_eq!(found.without_effect, idle);
}
