//! Context entries: asked for once, and nowhere else.

use std::sync::Arc;

use portcullis_cluster::{ClusterSource, Discovery};
use portcullis_engine::context::source::{ApiCall, ContextSource, Lookup, ServiceCall};
use serde_json::json;

use crate::server::{Calls, cluster, discovery, ok, refusal};

fn source() -> (ClusterSource, Calls) {
    let (cluster, calls) = cluster(|call, body| match call {
        "GET /api/v1/namespaces/a/configmaps/b" => ok(&json!({"data": {"k": "v"}})),
        "GET /api/v1/namespaces/a/configmaps/gone" => refusal(404, "not found"),
        "GET /version" => ok(&json!({"major": "1"})),
        "POST /echo" => ok(&body),
        "GET /apis/example.com/v1/widgets?limit=500" => ok(&json!({"items": [{}, {}]})),
        "GET /apis/example.com/v1/namespaces/a/widgets?limit=500" => ok(&json!({"items": [{}]})),
        "GET /apis/secret" => refusal(403, "forbidden"),
        call => discovery(call).unwrap(),
    });
    let discovery = Discovery::of(&cluster).unwrap();
    calls.lock().unwrap().clear();
    (ClusterSource::new(Arc::new(cluster), discovery), calls)
}

fn get(path: &str) -> ApiCall {
    ApiCall {
        method: "GET".to_owned(),
        url_path: path.to_owned(),
        ..ApiCall::default()
    }
}

#[test]
fn an_object_is_asked_for_once() {
    let (source, calls) = source();
    for _ in 0..3 {
        let found = source.config_map("a", "b");
        assert_eq!(found, Lookup::Found(json!({"data": {"k": "v"}})));
        assert_eq!(source.config_map("a", "gone"), Lookup::NotFound);
        assert_eq!(source.config_map("a", "../b"), Lookup::NotFound);
    }
    assert_eq!(calls.lock().unwrap().len(), 2);
}

#[test]
fn calls_are_answered_or_refused_with_a_reason() {
    let (source, calls) = source();
    assert_eq!(
        source.api_call(&get("/version")),
        Lookup::Found(json!({"major": "1"}))
    );
    assert_eq!(
        source.api_call(&get("/version")),
        Lookup::Found(json!({"major": "1"}))
    );
    assert_eq!(calls.lock().unwrap().len(), 1);
    let post = ApiCall {
        method: "POST".to_owned(),
        body: Some(json!({"a": 1})),
        ..get("/echo")
    };
    assert_eq!(source.api_call(&post), Lookup::Found(json!({"a": 1})));
    let service = ApiCall {
        service: Some(ServiceCall {
            url: "http://169.254.169.254/latest".to_owned(),
            ..ServiceCall::default()
        }),
        ..ApiCall::default()
    };
    for (call, wanted) in [
        (get("/api/../apis/secret"), "write a path of the API server"),
        (
            get("/apis/secret"),
            "forbidden (403); let a Role or ClusterRole",
        ),
        (
            service,
            "the service http://169.254.169.254/latest: only the API server is called",
        ),
    ] {
        let Lookup::Failed(reason) = source.api_call(&call) else {
            panic!("{call:?}");
        };
        assert!(reason.contains(wanted), "{reason}");
    }
}

#[test]
fn objects_are_listed_by_kind_and_wildcard() {
    let (source, calls) = source();
    let count = |lookup| match lookup {
        Lookup::Found(found) => found.as_array().unwrap().len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(count(source.matching_objects("example.com/*", "W*")), 2);
    assert_eq!(count(source.matching_objects("example.com/*", "W*")), 2);
    assert_eq!(count(source.objects("example.com/v1", "Widget", "a")), 1);
    assert_eq!(count(source.objects("example.com/v1", "Other", "a")), 0);
    assert_eq!(calls.lock().unwrap().len(), 2);
}
