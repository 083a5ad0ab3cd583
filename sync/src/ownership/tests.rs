//! Who set which field: as applied, as others left it.

use serde_json::{Value, json};

use super::*;

fn entry(manager: &str, operation: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": operation, "fieldsV1": fields})
}

/// An object with these managers.
fn live(spec: Value, managers: &[Value]) -> Value {
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
        "metadata": {"name": "a", "uid": "u", "annotations": {"x": "1", "noise": "n"}, "managedFields": managers},
        "spec": spec,
        "status": {"ready": true},
    })
}

fn wanted() -> Value {
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
        "metadata": {"name": "a", "annotations": {"x": "1"}},
        "spec": {"background": true, "rules": [{"name": "r", "n": 1}], "gone": null},
    })
}

fn ours(extra: &[&str]) -> Value {
    let mut spec = json!({"f:background": {}, "f:rules": {}});
    for name in extra {
        spec[format!("f:{name}")] = json!({});
    }
    let fields = json!({"f:metadata": {"f:annotations": {"f:x": {}}}, "f:spec": spec});
    entry(MANAGER, "Apply", fields)
}

#[test]
fn drift_is_what_an_apply_or_a_removal_would_change() {
    let as_applied =
        || json!({"background": true, "rules": [{"name": "r", "n": 1.0, "defaulted": true}]});
    let status = json!({"manager": "webhook", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}});
    let noise = entry(
        "noise",
        "Update",
        json!({"f:metadata": {"f:annotations": {"f:noise": {}}}}),
    );
    let taken = {
        let fields =
            json!({"f:metadata": {"f:annotations": {"f:x": {}}}, "f:spec": {"f:background": {}}});
        entry(MANAGER, "Apply", fields)
    };
    let edit = |fields: Value| entry("kubectl-edit", "Update", json!({"f:spec": fields}));
    for (case, object, behind, extras, managers) in [
        (
            "as applied",
            live(as_applied(), &[ours(&[]), status, noise]),
            false,
            false,
            &[][..],
        ),
        ("never applied", live(as_applied(), &[]), true, false, &[]),
        (
            "a value that was changed",
            live(
                json!({"background": true, "rules": [{"name": "other"}]}),
                &[taken, edit(json!({"f:rules": {}}))],
            ),
            true,
            false,
            &["kubectl-edit"],
        ),
        (
            "a field that was added",
            live(
                as_applied(),
                &[ours(&[]), edit(json!({"f:failurePolicy": {}}))],
            ),
            false,
            true,
            &["kubectl-edit"],
        ),
        (
            "a field that admission added to our write",
            live(
                as_applied(),
                &[
                    ours(&[]),
                    entry(
                        MANAGER,
                        "Update",
                        json!({"f:spec": {"f:failurePolicy": {}}}),
                    ),
                ],
            ),
            false,
            false,
            &[],
        ),
        (
            "a field that is wanted no more",
            live(as_applied(), &[ours(&["old"])]),
            true,
            false,
            &[],
        ),
        (
            "the same field, set to the same by another",
            live(
                as_applied(),
                &[ours(&[]), edit(json!({"f:background": {}}))],
            ),
            false,
            false,
            &[],
        ),
        (
            "a value that nobody owns",
            live(json!({"background": false, "rules": []}), &[ours(&[])]),
            true,
            false,
            &[],
        ),
    ] {
        let found = drift(&object, &wanted(), true);
        let managers: BTreeSet<String> = managers.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            (found.is_behind, found.has_extras, found.managers),
            (behind, extras, managers),
            "{case}"
        );
    }
}

#[test]
fn items_of_lists_are_known_by_their_keys() {
    let item = |name: &str| format!("k:{{\"name\":\"{name}\"}}");
    let fields = |names: &[&str]| {
        let items = names
            .iter()
            .map(|name| (item(name), json!({".": {}, "f:name": {}})));
        let items: serde_json::Map<String, Value> = items.collect();
        json!({"f:spec": {"f:list": items, "f:finalizers": {"v:\"a\"": {}}}})
    };
    let wanted = json!({"spec": {"list": [{"name": "a"}], "finalizers": ["a"]}});
    for (owned, behind) in [(&["a"][..], false), (&["a", "b"], true), (&[], true)] {
        let object = json!({"metadata": {"managedFields": [entry(MANAGER, "Apply", fields(owned))]}, "spec": wanted["spec"]});
        let found = drift(&object, &wanted, true);
        // An empty set of items owns the list as a whole.
        let behind = behind && !owned.is_empty();
        assert_eq!(found.is_behind, behind, "{owned:?}");
    }
}

#[test]
fn what_others_set_goes_and_the_status_stays() {
    let status = json!({"manager": "webhook", "operation": "Update", "subresource": "status"});
    let others = [
        entry("kubectl", "Update", json!({})),
        entry(MANAGER, "Update", json!({})),
        ours(&[]),
        status.clone(),
    ];
    assert_eq!(kept(&live(json!({}), &others)), [ours(&[]), status]);
}
