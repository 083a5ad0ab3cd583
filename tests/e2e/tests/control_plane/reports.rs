//! Reports and Events: from requests that the API server sends, and from scans of what is there.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_api::custom_resources::CustomResource;
use portcullis_cluster::{Cluster, ConnectOptions};
use portcullis_e2e::{control_plane::ControlPlane, harness::Test};
use portcullis_webhook::{
    certificates,
    configuration::Configuration,
    log::Log,
    policy_files::PolicyFiles,
    reports::{Reporter, Writer},
    scan::{ScanOptions, Scanned, Scanner, scan},
    served::{Policies, Served},
    server::{Server, ServerLimits},
    world::Alone,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::kyverno;

pub(crate) const ALL: &[Test] = &[(
    "reports::scans_and_requests_are_reported",
    scans_and_requests_are_reported,
)];

const PATIENCE: Duration = Duration::from_secs(120);

const GROUP: CustomResource = CustomResource {
    group: "wgpolicyk8s.io",
    version: "v1alpha2",
    kind: "PolicyReport",
    plural: "policyreports",
    namespaced: true,
    columns: &[],
};

/// A policy that wants a label with a value of the Pods of a namespace; nothing is denied.
fn policy(name: &str, namespace: &str, label: &str) -> String {
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name},
        "spec": {"rules": [{
            "name": "label",
            "match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": [namespace]}}]},
            "validate": {
                "message": format!("{label} is missing"),
                "pattern": {"metadata": {"labels": {label: "?*"}}},
            },
        }]},
    })
    .to_string()
}

fn pod(namespace: &str, name: &str, labels: &Value) -> String {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    })
    .to_string()
}

fn compiled(plane: &ControlPlane, texts: &[String]) -> Policies {
    let folder = tempfile::tempdir_in(plane.folder()).unwrap();
    std::fs::write(folder.path().join("policies.yaml"), texts.join("\n---\n")).unwrap();
    let reading = PolicyFiles::new(vec![folder.path().to_owned()]).read();
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    reading.policies
}

/// The kinds of reports are there, and so is a namespace; gives who writes.
fn prepared(plane: &ControlPlane, namespace: &str) -> Writer {
    let of_cluster = CustomResource {
        kind: "ClusterPolicyReport",
        plural: "clusterpolicyreports",
        namespaced: false,
        ..GROUP
    };
    for kind in [GROUP, of_cluster] {
        kyverno::define_one(plane, &kind);
    }
    plane.create_namespace(namespace).unwrap();
    certificates::install_provider();
    let options = ConnectOptions {
        kubeconfig: Some(plane.kubeconfig()),
        ..ConnectOptions::default()
    };
    Writer::new(Arc::new(Cluster::connect(&options).unwrap()))
}

fn list(plane: &ControlPlane, namespace: &str, kind: &str) -> Vec<Value> {
    let list = plane.kubectl(&["get", kind, "-n", namespace, "-o", "json"], "");
    let list: Value = serde_json::from_str(&list.unwrap()).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// The reports as `POD: policy/rule=result …`.
fn shown(plane: &ControlPlane, namespace: &str) -> Vec<String> {
    let reports = list(plane, namespace, "policyreports");
    let mut shown: Vec<String> = reports
        .iter()
        .map(|report| {
            assert_eq!(report["metadata"]["name"], report["scope"]["uid"]);
            let rows = report["results"].as_array().unwrap().iter();
            let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
            let rows: Vec<String> = rows
                .map(|row| {
                    let parts = ["policy", "rule", "result"].map(|key| text(row, key));
                    format!("{}/{}={}", parts[0], parts[1], parts[2])
                })
                .collect();
            format!("{}: {}", text(&report["scope"], "name"), rows.join(" "))
        })
        .collect();
    shown.sort();
    shown
}

fn eventually(what: &str, is_so: impl Fn() -> Result<(), String>) {
    let end = Instant::now() + PATIENCE;
    while let Err(found) = is_so() {
        assert!(Instant::now() < end, "{what}: {found}");
        thread::sleep(Duration::from_millis(200));
    }
}

fn shows(plane: &ControlPlane, namespace: &str, wanted: &[&str]) {
    eventually("reports", || match shown(plane, namespace) {
        found if found == wanted => Ok(()),
        found => Err(format!("{found:?}")),
    });
}

fn versions(plane: &ControlPlane, namespace: &str) -> Vec<Value> {
    let reports = list(plane, namespace, "policyreports").into_iter();
    reports
        .map(|report| report["metadata"]["resourceVersion"].clone())
        .collect()
}

/// In turn: a scan looks at the reports of the whole cluster.
fn scans_and_requests_are_reported(plane: &ControlPlane) {
    scans_keep_reports_in_step(plane);
    requests_are_reported(plane);
}

fn scans_keep_reports_in_step(plane: &ControlPlane) {
    let writer = prepared(plane, "scanned");
    plane
        .apply(&pod("scanned", "good", &json!({"a": "x", "b": "x"})))
        .unwrap();
    plane
        .apply(&pod("scanned", "bad", &json!({"b": "x"})))
        .unwrap();
    let world = Alone::default();
    let pass = |policies: &Policies| -> Scanned {
        let options = ScanOptions {
            policies,
            world: &world,
            batch_size: 1,
            is_excluded: &|_| false,
            ends: &|| false,
            events: None,
        };
        let scanned = scan(&writer, &options).unwrap();
        assert!(scanned.errors.is_empty(), "{:?}", scanned.errors);
        assert!(scanned.objects >= 2 || policies.count() == 0, "{scanned:?}");
        scanned
    };
    let [a, b] = ["a", "b"].map(|label| policy(&format!("want-{label}"), "scanned", label));
    let both = compiled(plane, &[a, b.clone()]);
    assert_eq!(pass(&both).reports, 2);
    let wanted = [
        "bad: want-a/label=fail want-b/label=pass",
        "good: want-a/label=pass want-b/label=pass",
    ];
    assert_eq!(shown(plane, "scanned"), wanted);

    let before = versions(plane, "scanned");
    assert_eq!(pass(&both).reports, 0);
    assert_eq!(versions(plane, "scanned"), before);

    plane
        .kubectl(&["label", "pod", "bad", "-n", "scanned", "a=x"], "")
        .unwrap();
    assert_eq!(pass(&both).reports, 1);
    assert_eq!(pass(&compiled(plane, &[b])).reports, 2);
    let wanted = ["bad: want-b/label=pass", "good: want-b/label=pass"];
    assert_eq!(shown(plane, "scanned"), wanted);

    // The controller manager collects what belonged to the object.
    let delete = [
        "delete",
        "pod",
        "bad",
        "-n",
        "scanned",
        "--force",
        "--grace-period=0",
    ];
    plane.kubectl(&delete, "").unwrap();
    shows(plane, "scanned", &["good: want-b/label=pass"]);

    // Without a policy that looks at Pods, none sees what is left.
    assert_eq!(pass(&compiled(plane, &[])).reports, 1);
    assert_eq!(shown(plane, "scanned"), [""; 0]);
}

fn configuration(port: u16, authority: &str) -> String {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "reported"},
        "webhooks": [{
            "name": "reported.portcullis.io",
            "clientConfig": {
                "url": format!("https://localhost:{port}/validate"),
                "caBundle": STANDARD.encode(authority),
            },
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                "operations": ["CREATE", "UPDATE", "DELETE"],
            }],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "reported"}},
            "sideEffects": "NoneOnDryRun",
            "admissionReviewVersions": ["v1"],
        }],
    })
    .to_string()
}

fn requests_are_reported(plane: &ControlPlane) {
    let writer = prepared(plane, "reported");
    let want = |label| policy(&format!("ask-{label}"), "reported", label);
    let enforced = want("c").replace(
        "\"spec\":{",
        "\"spec\":{\"validationFailureAction\":\"Enforce\",",
    );
    let all = [want("a"), want("b"), enforced];
    let served = Arc::new(Served::new(
        compiled(plane, &all),
        Arc::new(Alone::default()),
    ));
    let data = [("generateSuccessEvents".to_owned(), "true".to_owned())];
    served.configure(Configuration::from_data(&data.into()).unwrap());
    let log = Arc::new(Log::to(Box::new(std::io::stderr())));
    let reporter = Reporter::start(Arc::clone(&served), writer.clone(), Arc::clone(&log));
    let runtime = Runtime::new().unwrap();
    let certificate = certificates::make(&["localhost".to_owned()]).unwrap();
    let tls = runtime.block_on(certificates::tls(&certificate)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::new(
        Arc::clone(&served),
        Arc::clone(&log),
        ServerLimits::default(),
    );
    let server = server.with_reports(reporter.inbox());
    runtime.spawn(server.serve(listener, tls, Default::default()));
    plane
        .apply(&configuration(port, &certificate.authority))
        .unwrap();

    // The API server takes a while to see a new webhook.
    let denied = pod("reported", "denied", &json!({"a": "x"}));
    let create = ["create", "--dry-run=server", "-f", "-"];
    eventually("the webhook is asked", || {
        match plane.kubectl(&create, &denied) {
            Err(error) if error.to_string().contains("c is missing") => Ok(()),
            said => Err(format!("{said:?}")),
        }
    });
    assert!(plane.apply(&denied).is_err());
    plane
        .apply(&pod("reported", "web", &json!({"b": "x", "c": "x"})))
        .unwrap();
    let wanted = "web: ask-a/label=fail ask-b/label=pass ask-c/label=pass";
    shows(plane, "reported", &[wanted]);

    let events = || -> Vec<String> {
        let events = ["default", "reported"].map(|namespace| list(plane, namespace, "events"));
        let notes = events.concat().into_iter();
        notes
            .filter_map(|event| Some(event["message"].as_str()?.to_owned()))
            .collect()
    };
    for wanted in [
        "Pod reported/denied: [label] fail (blocked); validation error: c is missing",
        "Pod reported/web: [label] fail; validation error: a is missing",
        "Pod reported/web: pass",
        "policy ask-a/label fail: validation error: a is missing",
    ] {
        eventually("events", || match events() {
            all if all.iter().any(|note| note.starts_with(wanted)) => Ok(()),
            all => Err(format!("{wanted}: {all:?}")),
        });
    }

    // A policy that goes takes its rows along, of objects that nobody touches, too.
    let events = Arc::new(Mutex::new(portcullis_webhook::reports::Events::new(
        "test".to_owned(),
        portcullis_webhook::reports::EventsLimits::default(),
    )));
    let scanner = Scanner::start(
        Arc::clone(&served),
        writer,
        events,
        Arc::new(|subject| subject.namespace != "reported"),
        Duration::from_secs(3600),
        log,
    );
    eventually("the first scan", || match scanner.is_done() {
        true => Ok(()),
        false => Err(String::new()),
    });
    let before = versions(plane, "reported");
    served.swap(compiled(plane, &[want("b")]));
    scanner.policies_changed();
    shows(plane, "reported", &["web: ask-b/label=pass"]);
    assert_ne!(versions(plane, "reported"), before);
    drop(reporter);
}
