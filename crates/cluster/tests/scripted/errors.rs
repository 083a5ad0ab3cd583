//! Errors name the server, the call, and what to do.

use std::{thread, time::Duration};

use portcullis_cluster::{Cluster, ClusterError, ConnectOptions, Discovery};
use serde_json::json;

use crate::server::{cluster, connect, ok, refusal};

/// The error, and what to do about it, without the server's port.
fn told(error: &ClusterError, cluster: &Cluster) -> (String, &'static str) {
    (
        error.to_string().replace(cluster.server(), "SERVER"),
        error.remedy(),
    )
}

#[test]
fn what_the_server_says_is_told() {
    let forbidden = "namespaces is forbidden: User \"u\" cannot list resource \"namespaces\"";
    for (code, text, wanted, remedy) in [
        (
            403,
            refusal(403, forbidden).1,
            format!("{forbidden} (403)"),
            "Role or ClusterRole",
        ),
        (
            401,
            refusal(401, "Unauthorized").1,
            "Unauthorized (401)".to_owned(),
            "log in",
        ),
        (
            500,
            "<html>\nno".to_owned(),
            "<html> (500)".to_owned(),
            "try again",
        ),
        (
            200,
            "<html>".to_owned(),
            "unexpected answer".to_owned(),
            "Kubernetes API server",
        ),
        (
            200,
            "[]".to_owned(),
            "unexpected answer: it is no list".to_owned(),
            "Kubernetes API server",
        ),
    ] {
        let (cluster, _) = cluster(move |_, _| (code, text.clone()));
        let error = cluster.namespaces(None).unwrap_err();
        let (message, told) = told(&error, &cluster);
        let start = "SERVER: GET /api/v1/namespaces: ";
        assert!(
            message.starts_with(start) && message.contains(&wanted),
            "{message}"
        );
        assert!(told.contains(remedy), "{told}");
    }
}

#[test]
fn a_server_that_is_slow_or_not_there_is_named() {
    let (slow, _) = cluster(|_, _| {
        thread::sleep(Duration::from_secs(5));
        ok(&json!({}))
    });
    let error = slow.namespaces(None).unwrap_err();
    let wanted = "SERVER: GET /api/v1/namespaces: no answer within 2 s";
    assert_eq!(told(&error, &slow).0, wanted);
    let gone = connect("http://127.0.0.1:1");
    let error = Discovery::of(&gone).unwrap_err();
    let (message, remedy) = told(&error, &gone);
    assert!(
        message.starts_with("SERVER: GET /api: no connection: "),
        "{message}"
    );
    assert!(remedy.contains("can be reached"), "{remedy}");
}

#[test]
fn a_server_that_serves_nothing_is_none() {
    let (cluster, _) = cluster(|_, _| ok(&json!({"kind": "APIGroupList", "groups": []})));
    let error = Discovery::of(&cluster).unwrap_err().to_string();
    assert!(error.contains("does not say what it serves"), "{error}");
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = "{apiVersion: v1, kind: Config, contexts: []}";
    std::fs::write(&file, text).unwrap();
    for (kubeconfig, context, wanted) in [
        (folder.path().join("missing"), None, "missing"),
        (file, Some("nowhere"), "nowhere"),
    ] {
        let options = ConnectOptions {
            kubeconfig: Some(kubeconfig),
            context: context.map(str::to_owned),
            ..ConnectOptions::default()
        };
        let Err(error) = Cluster::connect(&options) else {
            panic!("{wanted}: no error");
        };
        let message = error.to_string();
        assert!(
            message.starts_with("no cluster can be asked: ") && message.contains(wanted),
            "{message}"
        );
        assert!(error.remedy().contains("--kubeconfig"));
    }
}
