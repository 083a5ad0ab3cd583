//! Where the images of objects are found, kind by kind.

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::ImageExtractor;
use serde_json::{Value, json};

use super::{Extractors, as_value};
use crate::context::source::NoSource;

/// What is found in `object`, as `group|key|reference|pointer`, or why nothing can be.
#[track_caller]
fn check(extractors: &Value, object: &Value, expected: &[&str]) {
    let written: BTreeMap<String, Vec<ImageExtractor>> =
        serde_json::from_value(extractors.clone()).expect("extractors");
    let found = match Extractors::compile(&written).images(object, &NoSource) {
        Err(error) => vec![error],
        Ok(images) => images
            .iter()
            .map(|it| {
                let reference = &it.info.reference;
                format!("{}|{}|{reference}|{}", it.group, it.key, it.pointer)
            })
            .collect(),
    };
    assert_eq!(found, expected, "{extractors} on {object}");
}

#[test]
fn pods_and_what_makes_them() {
    let none = json!({});
    let spec = json!({
        "containers": [{"name": "web", "image": "nginx"}, {"name": "log", "image": "ghcr.io/x/y:v1"}],
        "initContainers": [{"name": "prepare", "image": "busybox:1"}],
        "ephemeralContainers": [{"name": "debug", "image": "busybox:2"}],
    });
    let places = |at: &str| {
        [
            format!("initContainers|prepare|docker.io/busybox:1|{at}/initContainers/0/image"),
            format!("containers|web|docker.io/nginx:latest|{at}/containers/0/image"),
            format!("containers|log|ghcr.io/x/y:v1|{at}/containers/1/image"),
            format!(
                "ephemeralContainers|debug|docker.io/busybox:2|{at}/ephemeralContainers/0/image"
            ),
        ]
    };
    let template = json!({"template": {"spec": spec}});
    let table = [
        ("Pod", "/spec", spec.clone()),
        ("Deployment", "/spec/template/spec", template.clone()),
        ("StatefulSet", "/spec/template/spec", template.clone()),
        ("DaemonSet", "/spec/template/spec", template.clone()),
        ("ReplicaSet", "/spec/template/spec", template.clone()),
        (
            "ReplicationController",
            "/spec/template/spec",
            template.clone(),
        ),
        ("Job", "/spec/template/spec", template.clone()),
        (
            "CronJob",
            "/spec/jobTemplate/spec/template/spec",
            json!({"jobTemplate": {"spec": template}}),
        ),
    ];
    for (kind, at, spec) in table {
        let places = places(at);
        let expected: Vec<&str> = places.iter().map(String::as_str).collect();
        check(&none, &json!({"kind": kind, "spec": spec}), &expected);
    }
    check(&none, &json!({"kind": "ConfigMap", "spec": spec}), &[]);
    check(
        &none,
        &json!({"kind": "Pod", "spec": {"containers": null}}),
        &[],
    );
    let cases = [
        (
            json!([{"image": "nginx"}]),
            "no `name` beside `/spec/containers/0/image`",
        ),
        (
            json!([{"name": "a"}, {"image": "nginx"}]),
            "no `name` beside `/spec/containers/1/image`",
        ),
        (
            json!("nginx"),
            "`/spec/containers` is neither a list nor a map",
        ),
    ];
    for (containers, error) in cases {
        check(
            &none,
            &json!({"kind": "Pod", "spec": {"containers": containers}}),
            &[error],
        );
    }
}

#[test]
fn custom_kinds() {
    let task = json!({"kind": "Task", "spec": {
        "steps": [{"name": "build", "image": "golang:1"}, {"name": "push", "image": "crane"}],
        "by/name": {"a~b": {"image": "busybox"}},
        "bundle": "docker://ghcr.io/x/bundle:v1",
    }});
    let table = [
        // The value is the last step of the path, the group `custom`, the key the pointer.
        (
            json!({"path": "/spec/steps/*/image"}),
            vec![
                "custom|/spec/steps/0/image|docker.io/golang:1|/spec/steps/0/image",
                "custom|/spec/steps/1/image|docker.io/crane:latest|/spec/steps/1/image",
            ],
        ),
        (
            json!({"path": "/spec/steps/*", "value": "image", "name": "steps", "key": "name"}),
            vec![
                "steps|build|docker.io/golang:1|/spec/steps/0/image",
                "steps|push|docker.io/crane:latest|/spec/steps/1/image",
            ],
        ),
        (
            json!({"path": "spec/bundle", "jmesPath": "trim_prefix(@, 'docker://')"}),
            vec!["custom|/spec/bundle|ghcr.io/x/bundle:v1|/spec/bundle"],
        ),
        (json!({"path": "/spec/absent/*/image"}), vec![]),
        (
            json!({"path": "/spec/bundle/image/deep"}),
            vec!["no `image` in `/spec/bundle`, which is no map"],
        ),
        (
            json!({"path": "/spec/bundle/*/image"}),
            vec!["`/spec/bundle` is neither a list nor a map"],
        ),
        (json!({"path": "/spec/image"}), vec![]),
        (
            json!({"path": "/spec/steps", "value": "image"}),
            vec!["no image at `/spec/steps/image`: `/spec/steps` is no map"],
        ),
        (
            json!({"path": "/spec/bundle", "jmesPath": "length(@)"}),
            vec!["`jmesPath` for the image at `/spec/bundle`: expected text, found 28"],
        ),
    ];
    for (extractor, expected) in table {
        check(&json!({"Task": [extractor]}), &task, &expected);
    }
    let other = json!({"Pipeline": [{"path": "/spec/steps/*/image"}]});
    check(&other, &task, &[]);
}

/// As Kyverno's program finds them: `*` is for maps and lists, and a list in a list is as its
/// elements.
#[test]
fn what_is_no_image() {
    let image = "custom|/spec/a/0/b|docker.io/x:1|/spec/a/0/b";
    let nested = "custom|/spec/a/0/0/b|docker.io/x:1|/spec/a/0/0/b";
    let no_map = "no image at `/spec/a/b`: `/spec/a` is no map";
    let table = [
        (
            "/spec/a/*",
            json!([{"b": "x:1"}, {"c": 1}, {"b": 3}, {"b": ""}, {"b": null}, null, 2, "s", []]),
            vec![image],
        ),
        ("/spec/a/*", json!({"k": {"c": 1}, "l": "x"}), vec![]),
        ("/spec/a/*", json!([[{"b": "x:1"}]]), vec![nested]),
        ("/spec/a/*/*", json!([[{"b": "x:1"}]]), vec![]),
        ("/spec/a/*/c", json!([["x"], 1]), vec![]),
        ("/spec/a/*/c", json!({"k": "s"}), vec![]),
        (
            "/spec/a/*/c",
            json!({"k": []}),
            vec!["no `c` in `/spec/a/k`, which is no map"],
        ),
        ("/spec/a", json!([]), vec![no_map]),
        ("/spec/a", json!("x"), vec![no_map]),
        ("/spec/a", json!({}), vec![]),
        ("/spec/*", json!([]), vec![no_map]),
        ("/spec/*", json!("x"), vec![]),
    ];
    for (path, a, expected) in table {
        check(
            &json!({"Box": [{"path": path, "value": "b"}]}),
            &json!({"kind": "Box", "spec": {"a": a}}),
            &expected,
        );
    }
}

#[test]
fn map_keys_are_escaped_in_pointers() {
    let object = json!({"kind": "Box", "spec": {"a/b": {"image": "x"}, "c~d": {"image": "y"}}});
    check(
        &json!({"Box": [{"path": "/spec/*/image"}]}),
        &object,
        &[
            "custom|/spec/a~1b/image|docker.io/x:latest|/spec/a~1b/image",
            "custom|/spec/c~0d/image|docker.io/y:latest|/spec/c~0d/image",
        ],
    );
}

#[test]
fn extractors_take_the_place_of_what_is_known_of_pods() {
    let pod = json!({"kind": "Pod", "metadata": {"annotations": {"sidecar": "proxy:v1"}},
        "spec": {"containers": [{"name": "web", "image": "nginx"}]}});
    let place = "/metadata/annotations/sidecar";
    let expected = format!("custom|{place}|docker.io/proxy:v1|{place}");
    check(&json!({"Pod": [{"path": place}]}), &pod, &[&expected]);
}

#[test]
fn extractors_of_one_name_share_a_group() {
    let extractors = json!({"Box": [{"path": "/a"}, {"path": "/b"}]});
    let extractors = Extractors::compile(&serde_json::from_value(extractors).expect("extractors"));
    let object = json!({"kind": "Box", "a": "x:1", "b": "y:2"});
    let images = extractors.images(&object, &NoSource).expect("images");
    let value = as_value(&images).expect("a value").to_json();
    let tags = ["/a", "/b"].map(|key| value["custom"][key]["tag"].clone());
    assert_eq!(tags, ["1", "2"]);
    assert!(as_value(&[]).is_none());
}
