//! Apply configurations, held against what Kubernetes' structured merge gives.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use portcullis_engine::patch::apply_configuration::{self, Atomic};
use portcullis_schema::{NEWEST, builtin};
use serde_json::{Value as Json, json};

fn pod(spec: &Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
}

/// Merges a configuration's `spec` into a Pod's; the result is the `spec`, or a part of the error.
fn check(spec: &Json, configuration: &Json, expected: Result<Json, &str>) {
    let catalogue = builtin(NEWEST).expect("the newest version is built in");
    let configuration = json!({"spec": configuration});
    let merged = apply_configuration::apply(pod(spec), &configuration, Atomic::Refused, &catalogue);
    match (merged, expected) {
        (Ok(merged), Ok(expected)) => {
            assert_eq!(merged, pod(&expected), "{spec} and {configuration}");
            let again = apply_configuration::apply(
                merged.clone(),
                &configuration,
                Atomic::Refused,
                &catalogue,
            );
            assert_eq!(again, Ok(merged), "{configuration} a second time");
        }
        (Err(error), Err(part)) => {
            assert!(error.to_string().contains(part), "{error}\nlacks {part}");
        }
        (merged, expected) => panic!("{configuration}: {merged:?} instead of {expected:?}"),
    }
}

#[test]
fn fields_and_maps_merge_by_name() {
    check(
        &json!({"hostNetwork": true, "nodeSelector": {"disk": "ssd"}}),
        &json!({"hostNetwork": false, "hostPID": false}),
        Ok(json!({"hostNetwork": false, "hostPID": false, "nodeSelector": {"disk": "ssd"}})),
    );
    check(
        &json!({}),
        &json!({"securityContext": {}}),
        Ok(json!({"securityContext": {}})),
    );
}

#[test]
fn null_is_no_value() {
    for (configuration, expected) in [
        (
            json!({"securityContext": null}),
            ".spec.securityContext: expected an object, found null",
        ),
        (
            json!({"priority": null}),
            ".spec.priority: expected a number, found null",
        ),
        (
            json!({"containers": [{"name": "a", "image": null}]}),
            ".spec.containers[0].image: expected text, found null",
        ),
        (
            json!({"overhead": {"cpu": null}}),
            ".spec.overhead.cpu: expected text or a number, found null",
        ),
    ] {
        check(&json!({"priority": 1}), &configuration, Err(expected));
    }
    check(
        &json!({"priority": null, "securityContext": null}),
        &json!({"hostPID": true}),
        Ok(json!({"priority": null, "securityContext": null, "hostPID": true})),
    );
}

#[test]
fn items_merge_by_their_keys() {
    let images = |pairs: &[(&str, &str)]| -> Json {
        let item = |(name, image): &(&str, &str)| json!({"name": name, "image": image});
        json!({"containers": pairs.iter().map(item).collect::<Vec<_>>()})
    };
    let cases: [(&[_], &[_], &[_]); 4] = [
        (
            &[("a", "1"), ("b", "1")],
            &[("b", "2")],
            &[("a", "1"), ("b", "2")],
        ),
        (&[("a", "1")], &[("b", "2")], &[("a", "1"), ("b", "2")]),
        // The configuration decides about the order of what both have.
        (
            &[("a", "1"), ("b", "1"), ("c", "1")],
            &[("c", "2"), ("a", "2")],
            &[("b", "1"), ("c", "2"), ("a", "2")],
        ),
        (
            &[("a", "1"), ("b", "1")],
            &[("x", "2"), ("b", "2"), ("y", "2")],
            &[("a", "1"), ("x", "2"), ("b", "2"), ("y", "2")],
        ),
    ];
    for (object, configuration, expected) in cases {
        check(
            &images(object),
            &images(configuration),
            Ok(images(expected)),
        );
    }
}

#[test]
fn an_absent_key_has_its_default() {
    check(
        &json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}),
        &json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}]}]}),
        Ok(json!({"containers": [{"name": "a",
            "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]}]})),
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let faults = [
        (
            json!({"hostNetwrok": true}),
            "Pod: .spec.hostNetwrok: there is no such field",
        ),
        (
            json!({"hostNetwork": "yes"}),
            ".spec.hostNetwork: expected true or false, found \"yes\"",
        ),
        (
            json!({"containers": {}}),
            ".spec.containers: expected a list, found an object",
        ),
        (
            json!({"containers": [{"name": "a"}, {"name": "a"}]}),
            ".spec.containers[1]: an item before it has the same keys",
        ),
        (
            json!({"nodeSelector": {"disk": "hdd"}, "tolerations": []}),
            "may not mutate atomic arrays, maps or structs: .spec.nodeSelector, .spec.tolerations",
        ),
    ];
    for (configuration, part) in faults {
        check(&json!({}), &configuration, Err(part));
    }
    check(
        &json!({"containers": "none"}),
        &json!({"hostPID": true}),
        Err("the object is no valid Pod: .spec.containers: expected a list, found \"none\""),
    );
}

#[test]
fn a_kind_without_a_structure_is_an_error() {
    let catalogue = builtin(NEWEST).expect("the newest version is built in");
    let object = json!({"apiVersion": "example.org/v1", "kind": "Gadget"});
    let error = apply_configuration::apply(object, &json!({}), Atomic::Refused, &catalogue)
        .expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "the structure of Gadget in example.org/v1 is not known, so nothing can be merged into it"
    );
}
