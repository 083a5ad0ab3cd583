//! Policies of the namespace `shop` that reach for what is outside of it, and what comes of each,
//! whoever is asked: the table is read by the tests of every source.
//!
//! The Secret and the ConfigMap `db` hold `own` in `shop` and `hunter2` in `vault`.

use portcullis_engine::context::source::{ApiCall, ContextSource, Lookup, ServiceCall};
use portcullis_engine::load::load;
use portcullis_engine::record::Silent;
use portcullis_engine::request::{GroupVersionKind, GroupVersionResource, Operation, Request};
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

/// What nobody of `shop` may learn.
pub(crate) const SECRET: &str = "hunter2";

const OUTSIDE: &str = "is outside of the policy's namespace `shop`";

/// Paths that lead out of `shop`, or seem to stay in it.
const PATHS: &[&str] = &[
    "/api/v1/namespaces/vault/secrets/db",
    "/api/v1/namespaces/{{ request.object.data.where }}/secrets/db",
    "/api/v1/secrets",
    "/api/v1/namespaces/vault/secrets/db?x=/namespaces/shop/",
    "/api/v1/namespaces/vault/secrets/db#/namespaces/shop/",
    "/api/v1/namespaces/shop/../vault/secrets/db",
    "/api/v1/namespaces/shop/%2e%2e/vault/secrets/db",
    "/api/v1/namespaces/shop%2f..%2fvault/secrets/db",
    "/api/v1/namespaces/shop/..%5cvault/secrets/db",
    "/api/v1/namespaces/shop/%252e%252e/vault/secrets/db",
    "/api/v1//namespaces/shop/secrets/db",
    "//169.254.169.254/namespaces/shop/",
    "http://169.254.169.254/namespaces/shop/",
];

/// Where a policy must not call, of whatever namespace it is: nobody is called, so that no spelling of
/// an address, no name and no redirect leads anywhere.
const SERVICES: &[&str] = &[
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://127.0.0.1:10250/pods",
    "http://[::1]:10250/pods",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://0xA9.0xFE.0xA9.0xFE/",
    "http://025177524776/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://127.1:10250/",
    "http://017700000001:10250/",
    "http://0:8080/",
    "http://0.0.0.0:8080/",
    "http://[::]:8080/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::ffff:127.0.0.1]:10250/",
    "http://[::127.0.0.1]:10250/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[fe80::1%25eth0]/",
    "http://100.100.100.200/latest/meta-data/",
    "http://192.0.0.192/opc/v2/",
    "http://\u{ff11}69.254.169.254/",
    "http://elsewhere.example@169.254.169.254/",
    "http://elsewhere.example:80@127.0.0.1:10250/",
    "http://169.254.169.254#@elsewhere.example/",
    r"http://169.254.169.254\@elsewhere.example/",
    "http://169.254.169.254?@elsewhere.example/",
    "http://169.254.169.254%2f@elsewhere.example/",
    "http://169.254.169.254.nip.io/",
    "http://localtest.me:10250/pods",
    "http://LOCALHOST.:8080/",
    "http://ip6-localhost:8080/",
    "https://elsewhere.example/redirect?to=http://169.254.169.254/",
    "//169.254.169.254/latest/meta-data/",
    "file:///var/run/secrets/kubernetes.io/serviceaccount/token",
    "unix:///run/containerd/containerd.sock",
    "gopher://127.0.0.1:6379/_INFO",
    "http://localhost:8080/",
    "http://[fe80::1]/",
    "https://kubernetes.default.svc/api/v1/secrets",
    "http://10.0.0.1/",
    "https://elsewhere.example/",
];

/// A policy, and a part of what comes of it.
struct Row {
    name: &'static str,
    kind: &'static str,
    spec: Value,
    says: &'static str,
}

/// A rule that shows a context entry in its message.
fn shows(entry: Value) -> Value {
    let mut entry = entry;
    entry["name"] = json!("it");
    rule(&json!({"context": [entry], "validate": {
        "message": "found {{ it }}",
        "deny": {"conditions": {"any": [{"key": "{{ it }}", "operator": "NotEquals", "value": "x"}]}},
    }}))
}

fn rule(fields: &Value) -> Value {
    let mut rule =
        json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]}});
    for (key, value) in fields.as_object().into_iter().flatten() {
        rule[key] = value.clone();
    }
    json!({"rules": [rule]})
}

fn expression(kind: &str, text: &str) -> Value {
    let mut spec = json!({"matchConstraints": {"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"],
    }]}});
    match kind {
        "NamespacedGeneratingPolicy" => spec["generate"] = json!([{"expression": text}]),
        _ => spec["validations"] = json!([{"expression": text}]),
    }
    spec
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut policy = |name, spec, says| {
        let kind = "Policy";
        rows.push(Row {
            name,
            kind,
            spec,
            says,
        });
    };
    for path in PATHS {
        let call = json!({"apiCall": {"urlPath": path}});
        policy("CVE-2026-22039, a path", shows(call), OUTSIDE);
    }
    let own = json!({"apiCall": {"urlPath": "/api/v1/namespaces/shop/secrets/db", "jmesPath": "data.password"}});
    policy("CVE-2026-22039, the own namespace", shows(own), "found own");
    for namespace in ["vault", "{{ request.object.data.where }}"] {
        let entry = json!({"configMap": {"name": "db", "namespace": namespace}});
        policy("CVE-2026-41068, a ConfigMap", shows(entry), OUTSIDE);
    }
    for url in SERVICES {
        let call = json!({"apiCall": {"service": {"url": url}}});
        policy("CVE-2026-41323, a service", shows(call), OUTSIDE);
    }
    let made = |fields: Value| {
        let mut generate =
            json!({"apiVersion": "v1", "kind": "Secret", "name": "made", "namespace": "shop"});
        for (key, value) in fields.as_object().into_iter().flatten() {
            generate[key] = value.clone();
        }
        rule(&json!({"generate": generate}))
    };
    let elsewhere = "{{ request.object.data.where }}";
    policy(
        "an object made elsewhere",
        made(json!({"namespace": elsewhere, "data": {}})),
        OUTSIDE,
    );
    let clone = json!({"clone": {"namespace": elsewhere, "name": "db"}});
    policy("a copy from elsewhere", made(clone), OUTSIDE);
    let list = rule(
        &json!({"generate": {"namespace": "shop", "cloneList": {"kinds": ["v1/Secret"], "namespace": elsewhere}}}),
    );
    policy("copies from elsewhere", list, OUTSIDE);
    let change = rule(&json!({"mutate": {
        "targets": [{"apiVersion": "v1", "kind": "Secret", "namespace": "vault"}],
        "patchStrategicMerge": {"metadata": {"labels": {"changed": "yes"}}},
    }}));
    policy("a change elsewhere", change, "namespace shop");
    rows.extend(expressions());
    rows
}

fn expressions() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut expressed = |kind, name, text: &str, says| {
        let spec = expression(kind, text);
        rows.push(Row {
            name,
            kind,
            spec,
            says,
        });
    };
    let validating = "NamespacedValidatingPolicy";
    for url in SERVICES {
        for call in [
            "get('URL')",
            "post('URL', {})",
            "get('URL', {'Metadata': 'true'})",
        ] {
            let url = url.replace('\\', r"\\");
            let text = format!("http.{}.x == 'y'", call.replace("URL", &url));
            expressed(validating, "CVE-2026-4789, a service", &text, OUTSIDE);
        }
    }
    let no_overload = "no matching overload";
    for (name, text, says) in [
        (
            "a Secret of elsewhere",
            "resource.Get('v1', 'secrets', 'vault', 'db').data.password == 'own'",
            no_overload,
        ),
        (
            "a Secret by its name",
            "resource.get('v1', 'secrets', 'db').data.password == 'own'",
            "status: Pass",
        ),
        (
            "Secrets of elsewhere",
            "dyn(resource.List('v1', 'secrets').items).all(s, s.data.password == 'own')",
            "status: Pass",
        ),
        (
            "a post elsewhere",
            "dyn(resource.Post('v1/namespaces/vault/secrets?', 'x', {})).x == 'y'",
            OUTSIDE,
        ),
        (
            "a post of a group elsewhere",
            "dyn(resource.post('apps/v1/namespaces/vault/x?', 'x', {})).x == 'y'",
            OUTSIDE,
        ),
        (
            "a post that leads up",
            "dyn(resource.Post('v1', '../vault/secrets', {})).x == 'y'",
            OUTSIDE,
        ),
    ] {
        expressed(validating, name, text, says);
    }
    for (name, text, says) in [
        (
            "an object for elsewhere",
            "generator.apply('vault', [{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'made'}}])",
            no_overload,
        ),
        (
            "an object made elsewhere",
            "generator.apply([{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'made', 'namespace': 'vault'}}])",
            r#""namespace": String("shop")"#,
        ),
        (
            "a copy",
            "generator.apply([resource.get('v1', 'secrets', 'db')])",
            r#""password": String("own")"#,
        ),
        (
            "an object of no namespace",
            "generator.apply([{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'made'}}])",
            "has no namespace",
        ),
    ] {
        expressed("NamespacedGeneratingPolicy", name, text, says);
    }
    rows
}

/// No policy of `shop` reaches out of it.
pub(crate) fn check(source: &dyn ContextSource) {
    let trigger = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "trigger", "namespace": "shop"}, "data": {"where": "vault"},
    });
    let mut wrong = Vec::new();
    for Row {
        name,
        kind,
        spec,
        says,
    } in rows()
    {
        let group = if kind == "Policy" {
            "kyverno.io/v1"
        } else {
            "policies.kyverno.io/v1"
        };
        let policy = json!({"apiVersion": group, "kind": kind, "metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
        let (loaded, errors) = load(&policy);
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let (set, refused) = compile(&loaded, &[], &CompileOptions::default());
        let request = Request {
            operation: Operation::Create,
            kind: GroupVersionKind {
                version: "v1".into(),
                kind: "ConfigMap".into(),
                ..Default::default()
            },
            resource: GroupVersionResource {
                version: "v1".into(),
                resource: "configmaps".into(),
                ..Default::default()
            },
            name: "trigger",
            namespace: "shop",
            object: Some(&trigger),
            ..Request::default()
        };
        let answers = evaluate(&set, &request, source, &mut Silent);
        let found = format!("{refused:?} {answers:?}");
        if !found.contains(says) || found.contains(SECRET) {
            wrong.push(format!("{name}, {spec}\n  {found}\n  expected {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Nobody is called but the API server, whoever asks: there is no token that could go elsewhere
/// (CVE-2026-41323, CVE-2026-4789).
pub(crate) fn check_services(source: &dyn ContextSource) {
    check_addresses(source, SERVICES);
}

/// Nobody is called at these addresses.
pub(crate) fn check_addresses(source: &dyn ContextSource, addresses: &[impl AsRef<str>]) {
    for url in addresses.iter().map(AsRef::as_ref) {
        let service = ServiceCall {
            url: url.to_owned(),
            ..ServiceCall::default()
        };
        for method in ["GET", "POST"] {
            let call = ApiCall {
                method: method.to_owned(),
                service: Some(service.clone()),
                ..ApiCall::default()
            };
            for answer in [source.api_call(&call), source.http(&call)] {
                let is_refused = matches!(answer, Lookup::Failed(_) | Lookup::Unavailable);
                assert!(is_refused, "{method} {url}: {answer:?}");
            }
        }
    }
}
