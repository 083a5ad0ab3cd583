//! Webhook configurations: as narrow as the policies, served as they are configured, and never in the
//! way of what brings the webhook back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by them"
)]

mod api_server;

use portcullis_engine::{compile_options::CompileOptions, load::Loaded};
use portcullis_webhook::{
    configuration::Configuration,
    configurations::{ClientConfig, Configurations, Settings, Width, configurations},
    path::AdmissionPath,
    served::Policies,
};
use serde_json::{Value, json};

use self::api_server::{Sent, loaded, receivers, resources};

/// Policies that fail closed on as much as they can, in every way that there is.
const WIDE: &str = include_str!("wide.yaml");

fn settings() -> Settings {
    Settings {
        client: ClientConfig::Service {
            name: "portcullis-webhook".to_owned(),
            namespace: "portcullis".to_owned(),
            port: 443,
        },
        ca_bundle: "PEM".to_owned(),
        namespace: "portcullis".to_owned(),
        timeout: 10,
        configuration: Configuration::default(),
    }
}

fn of(policies: &[Loaded]) -> Configurations {
    configurations(policies, &resources(), &settings(), Width::Needed)
}

/// The rules of the fail-closed webhook, a line each.
fn rules(webhook: &Value) -> Vec<String> {
    let list = |value: &Value| {
        let parts = value.as_array().unwrap().iter();
        let parts: Vec<&str> = parts.map(|part| part.as_str().unwrap()).collect();
        parts.join(",")
    };
    let rules = webhook["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| {
            let [groups, versions, resources, operations] =
                ["apiGroups", "apiVersions", "resources", "operations"].map(|key| list(&rule[key]));
            let scope = rule["scope"].as_str().unwrap();
            format!("{groups} {versions} {resources} {operations} {scope}")
        })
        .collect()
}

#[test]
fn nothing_that_brings_the_webhook_back_fails_closed() {
    let found = of(&loaded(WIDE));
    for (request, is_asked) in [
        ("CREATE v1/pods portcullis/webhook-1", false),
        ("CREATE v1/pods/binding portcullis/webhook-1", false),
        ("UPDATE apps/v1/deployments portcullis/webhook", false),
        ("UPDATE v1/secrets portcullis/webhook-tls", false),
        ("UPDATE v1/namespaces /portcullis", false),
        ("CREATE v1/pods kube-system/dns-1", true),
        ("UPDATE apps/v1/deployments/scale kube-system/dns", true),
        ("UPDATE v1/namespaces /kube-system", true),
        (
            "UPDATE coordination.k8s.io/v1/leases kube-node-lease/one",
            false,
        ),
        ("UPDATE coordination.k8s.io/v1/leases shop/leader", false),
        ("CREATE v1/nodes /one", true),
        ("UPDATE v1/nodes/status /one", true),
        (
            "CREATE certificates.k8s.io/v1/certificatesigningrequests /one",
            true,
        ),
        (
            "UPDATE certificates.k8s.io/v1/certificatesigningrequests/approval /one",
            true,
        ),
        ("CREATE authentication.k8s.io/v1/tokenreviews /", false),
        (
            "CREATE authorization.k8s.io/v1/subjectaccessreviews /",
            false,
        ),
        (
            "CREATE authorization.k8s.io/v1/localsubjectaccessreviews shop/",
            false,
        ),
        (
            "DELETE admissionregistration.k8s.io/v1/validatingwebhookconfigurations /portcullis-validating",
            false,
        ),
        (
            "UPDATE admissionregistration.k8s.io/v1/mutatingwebhookconfigurations /portcullis-mutating",
            false,
        ),
    ] {
        let sent = Sent::new(request);
        for configuration in [&found.validating, &found.mutating] {
            let receivers = receivers(configuration, &sent);
            let closed = receivers.iter().find(|(_, fails)| fails == "Fail");
            assert_eq!(closed, None, "{request}");
        }
        let asked = !receivers(&found.validating, &sent).is_empty();
        assert_eq!(asked, is_asked, "{request}");
    }
}

#[test]
fn ordinary_requests_fail_closed() {
    let found = of(&loaded(WIDE));
    for request in [
        "CREATE v1/pods shop/web",
        "DELETE v1/pods shop/web",
        "CONNECT v1/pods/exec shop/web",
        "UPDATE apps/v1/deployments/scale shop/web",
        "CREATE v1/namespaces /shop",
        "CREATE rbac.authorization.k8s.io/v1/clusterroles /admin",
        "CREATE example.com/v1/widgets shop/one",
    ] {
        let receivers = receivers(&found.validating, &Sent::new(request));
        assert!(
            receivers.iter().any(|(_, fails)| fails == "Fail"),
            "{request}: {receivers:?}"
        );
    }
}

#[test]
fn rules_are_as_narrow_as_the_policies() {
    let mut documents = portcullis_yaml::documents(include_str!("narrow.yaml"));
    let mut seen = 0;
    for document in &mut documents {
        let case = document
            .read(
                portcullis_yaml::Mode::Lenient,
                &portcullis_yaml::Limits::default(),
            )
            .unwrap();
        let (policy, name) = (&case["policy"], &case["case"]);
        let (policies, errors) = portcullis_engine::load::load(policy);
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let found = of(&policies);
        for (question, configuration) in
            [("validate", &found.validating), ("mutate", &found.mutating)]
        {
            let webhooks = configuration["webhooks"].as_array().unwrap().iter();
            let of_policies: Vec<Value> = webhooks
                .filter(|webhook| !["policies.portcullis.io", "exceptions.portcullis.io"].contains(&webhook["name"].as_str().unwrap()))
                .map(|webhook| {
                    json!({
                        "name": webhook["name"],
                        "rules": rules(webhook),
                        "namespaces": webhook["namespaceSelector"],
                        "objects": webhook["objectSelector"],
                        "conditions": webhook.get("matchConditions").map(|all| all.as_array().unwrap().len()).unwrap_or(0),
                        "timeout": webhook["timeoutSeconds"],
                    })
                })
                .collect();
            let wanted = case.get(question).cloned().unwrap_or_else(|| json!([]));
            assert_eq!(
                json!(of_policies),
                wanted,
                "{name}: {question}: {}",
                serde_json::to_string_pretty(&of_policies).unwrap()
            );
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn the_same_policies_give_the_same_bytes() {
    let mut policies = loaded(WIDE);
    policies.extend(loaded(include_str!("policies.yaml")));
    let bytes = |policies: &[Loaded]| {
        let found = of(policies);
        (found.validating.to_string(), found.mutating.to_string())
    };
    let first = bytes(&policies);
    for _ in 0..policies.len() {
        policies.rotate_left(1);
        assert_eq!(bytes(&policies), first);
    }
    policies.reverse();
    assert_eq!(bytes(&policies), first);
}

#[test]
fn what_is_configured_is_served() {
    let mut policies = loaded(WIDE);
    policies.extend(loaded(include_str!("policies.yaml")));
    let (served, _) = Policies::compile(&policies, &CompileOptions::default());
    let mut asked = std::collections::BTreeSet::new();
    let found = of(&policies);
    for webhook in [&found.validating, &found.mutating]
        .iter()
        .flat_map(|of| of["webhooks"].as_array().unwrap())
    {
        let path = webhook["clientConfig"]["service"]["path"].as_str().unwrap();
        if let Some(path) = AdmissionPath::parse(path) {
            let groups = served
                .groups(&path)
                .unwrap_or_else(|| panic!("{path:?} is not served"));
            assert_eq!(groups.len(), 1, "{path:?}");
            let policies = groups.into_iter().flat_map(|group| group.set().policies());
            asked.extend(policies.map(|policy| policy.info().key()));
        }
    }
    for key in [
        "everything",
        "nodes",
        "conditional",
        "kube-system/system",
        "cel",
        "cel-change",
        "cel-change-late",
    ] {
        assert!(asked.contains(key), "{key}: {asked:?}");
    }
}

#[test]
fn an_address_and_the_configuration_are_in_every_webhook() {
    let data = [
        (
            "webhooks",
            r#"{"namespaceSelector": {"matchLabels": {"a": "b"}}, "objectSelector": {"matchLabels": {"c": "d"}}}"#,
        ),
        (
            "matchConditions",
            r#"[{"name": "configured", "expression": "true"}]"#,
        ),
        ("webhookAnnotations", r#"{"e": "f"}"#),
        ("webhookLabels", r#"{"g": "h"}"#),
    ];
    let data = data
        .map(|(key, text)| (key.to_owned(), text.to_owned()))
        .into();
    let settings = Settings {
        client: ClientConfig::Url("https://127.0.0.1:9443".to_owned()),
        configuration: Configuration::from_data(&data).unwrap(),
        ..settings()
    };
    let found = configurations(&loaded(WIDE), &resources(), &settings, Width::Needed);
    assert_eq!(
        found.validating["metadata"]["annotations"],
        json!({"e": "f"})
    );
    assert_eq!(found.validating["metadata"]["labels"]["g"], "h");
    for webhook in found.mutating["webhooks"].as_array().unwrap() {
        let url = webhook["clientConfig"]["url"].as_str().unwrap();
        assert!(url.starts_with("https://127.0.0.1:9443/mutate/"), "{url}");
        assert_eq!(webhook["clientConfig"]["caBundle"], "UEVN");
        assert_eq!(webhook["namespaceSelector"]["matchLabels"]["a"], "b");
        assert_eq!(webhook["objectSelector"]["matchLabels"]["c"], "d");
        assert!(
            webhook["matchConditions"]
                .to_string()
                .contains("configured"),
            "{webhook}"
        );
    }
}

/// The path of each webhook, by its name.
fn paths(configuration: &Value) -> Vec<(String, String)> {
    let webhooks = configuration["webhooks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = |webhook: &Value| text(&webhook["clientConfig"]["service"]["path"]);
    webhooks
        .map(|webhook| (text(&webhook["name"]), path(webhook)))
        .collect()
}

/// A ClusterPolicy with so many conditions.
fn conditional(name: &str, conditions: &[(&str, &str)]) -> Loaded {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect();
    let policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name},
        "spec": {
            "webhookConfiguration": {"matchConditions": conditions},
            "rules": [{
                "name": "r",
                "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]},
                "validate": {"message": "no", "deny": {}},
            }],
        },
    });
    let (mut loaded, errors) = portcullis_engine::load::load(&policy);
    assert!(errors.is_empty(), "{errors:?}");
    loaded.remove(0)
}

#[test]
fn a_webhook_has_no_more_conditions_than_the_api_server_takes() {
    let expressions: Vec<String> = (0..64).map(|number| format!("{number} < 100")).collect();
    let conditions: Vec<(&str, &str)> = expressions
        .iter()
        .map(|expression| ("same", expression.as_str()))
        .collect();
    for (count, path) in [
        (63, "/validate/fail/finegrained/many"),
        (64, "/validate/fail/untested"),
    ] {
        let found = of(&[conditional("many", &conditions[..count])]);
        assert_eq!(paths(&found.validating)[0].1, path, "{count}");
        let webhook = &found.validating["webhooks"][0];
        let written = webhook["matchConditions"].as_array();
        let names = written
            .into_iter()
            .flatten()
            .map(|one| one["name"].as_str());
        let names: std::collections::BTreeSet<_> = names.collect();
        assert_eq!(names.len(), if count == 63 { 63 } else { 0 });
    }
}

#[test]
fn too_many_webhooks_become_one_that_sends_no_less() {
    let policies: Vec<Loaded> = (0..1_000)
        .map(|number| conditional(&format!("policy-{number}"), &[("yes", "true")]))
        .collect();
    let found = of(&policies);
    let names: Vec<_> = paths(&found.validating);
    let untested = "/validate/fail/untested".to_owned();
    assert_eq!(
        names,
        [
            (
                "validate-fail.untested.portcullis.io".to_owned(),
                untested.clone()
            ),
            (
                "validate-fail-infrastructure.untested.portcullis.io".to_owned(),
                untested
            ),
        ]
    );
    assert_eq!(
        rules(&found.validating["webhooks"][0]),
        [" v1 configmaps CREATE,UPDATE,DELETE,CONNECT Namespaced"]
    );
}

#[test]
fn wider_configurations_send_everything_that_may_be_sent() {
    let policies = [conditional("one", &[("yes", "true")])];
    let everything = configurations(&policies, &resources(), &settings(), Width::Everything);
    let webhook = &everything.validating["webhooks"][0];
    assert_eq!(rules(webhook), ["* * */* CREATE,UPDATE,DELETE,CONNECT *"]);
    for (request, receives) in [
        ("CREATE v1/pods shop/web", true),
        ("CREATE v1/pods portcullis/webhook", false),
        ("UPDATE coordination.k8s.io/v1/leases shop/leader", false),
    ] {
        let receivers = receivers(&everything.validating, &Sent::new(request));
        assert_eq!(!receivers.is_empty(), receives, "{request}");
    }
}

#[test]
fn each_policy_gets_the_version_that_it_means() {
    let policy = |name: &str, versions: &[&str]| {
        let policy = json!({
            "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["autoscaling"], "apiVersions": versions, "operations": ["CREATE"],
                    "resources": ["horizontalpodautoscalers"],
                }]},
                "validations": [{"expression": "true"}],
            },
        });
        let (mut loaded, errors) = portcullis_engine::load::load(&policy);
        assert!(errors.is_empty(), "{errors:?}");
        loaded.remove(0)
    };
    for (policies, wanted) in [
        (vec![policy("a", &["v1"]), policy("b", &["v1"])], vec!["v1"]),
        (vec![policy("a", &["*"]), policy("b", &["*"])], vec!["*"]),
        (
            vec![policy("a", &["v2"]), policy("b", &["v1"])],
            vec!["v1", "v2"],
        ),
        (
            vec![policy("a", &["*"]), policy("b", &["v1"])],
            vec!["*", "v1"],
        ),
        (
            vec![policy("a", &["v1", "v2"]), policy("b", &["v1"])],
            vec!["v1,v2", "v1"],
        ),
    ] {
        let found = of(&policies);
        let webhooks = found.validating["webhooks"].as_array().unwrap().iter();
        let closed = webhooks.filter(|webhook| webhook["failurePolicy"] == "Fail");
        let versions: Vec<String> = closed
            .map(|webhook| {
                assert_eq!(webhook["clientConfig"]["service"]["path"], "/validate/fail");
                rules(webhook)[0].split(' ').nth(1).unwrap().to_owned()
            })
            .collect();
        assert_eq!(versions, wanted);
    }
}
