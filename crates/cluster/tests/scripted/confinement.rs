//! What policies of one namespace get from the API server.

use std::{
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis_cluster::{Cluster, ClusterSource, Discovery};
use portcullis_engine::context::source::{ApiCall, ContextSource, Lookup};
use serde_json::{Value, json};

use crate::{
    server::{Calls, cluster, ok, refusal},
    table,
};

fn served() -> (Cluster, Calls) {
    cluster(|call, _| {
        let secret = |namespace: &str, password: &str| {
            json!({
                "apiVersion": "v1", "kind": "Secret", "data": {"password": password},
                "metadata": {"name": "db", "namespace": namespace},
            })
        };
        let list = |items: Value| {
            ok(&json!({"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": items}))
        };
        match call {
            "GET /api" => ok(&core()),
            "GET /apis" => ok(&json!({"items": []})),
            "GET /api/v1/namespaces/shop/secrets/db" => ok(&secret("shop", "own")),
            "GET /api/v1/namespaces/shop/secrets?limit=500" => list(json!([secret("shop", "own")])),
            "GET /api/v1/secrets?limit=500" => list(json!([
                secret("shop", "own"),
                secret("vault", table::SECRET)
            ])),
            // Whoever gets here sees what is elsewhere.
            _ if call.contains("vault") => ok(&secret("vault", table::SECRET)),
            _ => refusal(404, "not found"),
        }
    })
}

/// The kinds of the core group.
fn core() -> Value {
    let kind = |kind: &str, plural: &str, scope: &str| {
        json!({
            "resource": plural,
            "responseKind": {"group": "", "version": "", "kind": kind},
            "scope": scope,
            "verbs": ["get", "list", "create"],
        })
    };
    json!({"items": [{"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": [
        kind("ConfigMap", "configmaps", "Namespaced"),
        kind("Secret", "secrets", "Namespaced"),
        kind("Namespace", "namespaces", "Cluster"),
    ]}]}]})
}

#[test]
fn policies_of_a_namespace_stay_in_it() {
    let (cluster, calls) = served();
    let discovery = Discovery::of(&cluster).unwrap();
    let source = ClusterSource::new(Arc::new(cluster), discovery);
    table::check(&source);
    table::check_services(&source);
    let calls = calls.lock().unwrap();
    let mut elsewhere = calls.iter().filter(|call| call.contains("vault"));
    assert_eq!(elsewhere.next(), None);
    assert!(
        calls
            .iter()
            .any(|call| call.contains("/namespaces/shop/secrets/db"))
    );
}

/// A listener on loopback, and how many have connected to it.
fn listener() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connected: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&connected);
    // It ends with the test's process.
    thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (port, connected)
}

/// Nobody connects but the test, to show that it would be seen.
fn only_the_test_connects(port: u16, connected: &AtomicUsize) {
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(connected.load(Ordering::Relaxed), 1);
}

/// Somebody listens, whatever the address is written like, and is not called (CVE-2026-4789,
/// CVE-2026-41323).
#[test]
fn no_spelling_of_an_address_is_called() {
    let (port, connected) = listener();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "elsewhere.example@127.0.0.1",
        "elsewhere.example:80@localhost",
    ];
    let addresses = hosts.map(|host| format!("http://{host}:{port}/"));
    let (cluster, calls) = served();
    let discovery = Discovery::of(&cluster).unwrap();
    let before = calls.lock().unwrap().len();
    let server = format!("{}/api/v1/secrets", cluster.server());
    let source = ClusterSource::new(Arc::new(cluster), discovery);
    table::check_addresses(&source, &addresses);
    // Neither is the API server, which would get the token.
    table::check_addresses(&source, &[server]);
    assert_eq!(calls.lock().unwrap().len(), before);
    only_the_test_connects(port, &connected);
}

/// What answers behind the API server, such as a Service by its proxy, does not send us on.
#[test]
fn a_redirect_is_not_followed() {
    let (port, connected) = listener();
    let (cluster, calls) = cluster(move |call, _| match call {
        "GET /api" => ok(&core()),
        "GET /apis" => ok(&json!({"items": []})),
        _ => (302, format!("http://127.0.0.1:{port}/latest/meta-data/")),
    });
    let discovery = Discovery::of(&cluster).unwrap();
    let source = ClusterSource::new(Arc::new(cluster), discovery);
    let path = "/api/v1/namespaces/shop/services/evil/proxy/";
    let call = ApiCall {
        method: "GET".to_owned(),
        url_path: path.to_owned(),
        ..ApiCall::default()
    };
    let answer = source.api_call(&call);
    assert!(matches!(answer, Lookup::Failed(_)), "{answer:?}");
    let asked = calls.lock().unwrap().clone();
    assert!(asked.contains(&format!("GET {path}")), "{asked:?}");
    only_the_test_connects(port, &connected);
}
