//! What policies of one namespace get from the API server.

use std::sync::Arc;

use portcullis_cluster::{Cluster, ClusterSource, Discovery};
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
