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
    configurations::{ClientConfig, Configurations, Settings, configurations},
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
    configurations(policies, &resources(), &settings())
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
    let found = configurations(&loaded(WIDE), &resources(), &settings);
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
