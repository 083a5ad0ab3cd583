//! The matrix of synchronisation, a row a case.

use serde_json::{Value, json};

use super::*;
use crate::generate::labels::Origin;

const SYNC: Synchronisation = Synchronisation {
    synchronize: true,
    generate_existing: false,
    orphan: false,
    copies: false,
    by_element: false,
};
const BY_ELEMENT: Synchronisation = Synchronisation {
    by_element: true,
    ..SYNC
};
const OFF_BY_ELEMENT: Synchronisation = Synchronisation {
    synchronize: false,
    ..BY_ELEMENT
};
const OFF: Synchronisation = Synchronisation {
    synchronize: false,
    ..SYNC
};
const EXISTING: Synchronisation = Synchronisation {
    generate_existing: true,
    ..SYNC
};
const OFF_EXISTING: Synchronisation = Synchronisation {
    synchronize: false,
    ..EXISTING
};
const ORPHAN: Synchronisation = Synchronisation {
    orphan: true,
    ..SYNC
};
const COPIES: Synchronisation = Synchronisation {
    copies: true,
    ..SYNC
};
const OFF_COPIES: Synchronisation = Synchronisation {
    synchronize: false,
    ..COPIES
};

fn named(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "n"}})
}

/// An object that rule `p`/`r` generated for a trigger, as a copy of `Secret n/source`.
fn generated(name: &str, trigger: &Value, data: &str) -> Value {
    let source = named("Secret", "source");
    let origin = Origin {
        policy_namespace: "",
        policy: "p",
        rule: "r",
        trigger,
        source: Some(&source),
    };
    let mut object = named("Secret", name);
    object["data"] = json!({"key": data});
    if let Some(fields) = object.as_object_mut() {
        labels::put(fields, origin.labels());
    }
    object
}

/// As it stands in the cluster.
fn stored(mut object: Value) -> Value {
    object["metadata"]["uid"] = json!("u");
    object["metadata"]["resourceVersion"] = json!("7");
    object["status"] = json!({"phase": "Ready"});
    object
}

fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let (verb, of) = match &change.action {
            Action::Create(object) => ("create", ObjectRef::of(object)),
            Action::Update(object) => ("update", ObjectRef::of(object)),
            Action::Delete(of) => ("delete", of.clone()),
        };
        format!("{verb} {}: {}", of.name, change.reason.as_str())
    };
    changes.iter().map(line).collect()
}

/// What is planned for trigger `t` that wants `a`, `b` and `c`, where `a` is missing, `b` differs,
/// `c` is as wanted, `old` was generated for the trigger, `other` for another one, and `foreign`
/// by another rule.
#[track_caller]
fn check(synchronisation: Synchronisation, cause: &Cause, expected: &[&str]) {
    let (trigger, another) = (named("ConfigMap", "t"), named("ConfigMap", "t2"));
    let wanted = ["a", "b", "c"].map(|name| generated(name, &trigger, "new"));
    let mut foreign = generated("foreign", &trigger, "new");
    foreign["metadata"]["labels"]["generate.kyverno.io/rule-name"] = json!("s");
    let existing = [
        stored(generated("b", &trigger, "old")),
        stored(generated("c", &trigger, "new")),
        stored(generated("old", &trigger, "old")),
        stored(generated("other", &another, "new")),
        stored(foreign),
        stored(named("Secret", "plain")),
    ];
    let is_fired = matches!(
        cause,
        Cause::Trigger
            | Cause::PolicyCreated
            | Cause::PolicyChanged
            | Cause::SourceChanged
            | Cause::DownstreamChanged
            | Cause::DownstreamDeleted
    );
    let is_about_all = matches!(cause, Cause::PolicyDeleted | Cause::RuleDeleted);
    let found = changes(&Situation {
        policy_namespace: "",
        policy: "p",
        rule: "r",
        synchronisation,
        cause,
        trigger: (!is_about_all).then_some(&trigger),
        wanted: if is_fired { &wanted } else { &[] },
        existing: &existing,
    });
    assert_eq!(lines(&found), expected, "{cause:?} {synchronisation:?}");
}

const CREATE: &str = "create a: it does not exist";
const UPDATE: &str = "update b: it is not as the rule wants it";

#[test]
fn the_trigger() {
    check(SYNC, &Cause::Trigger, &[CREATE, UPDATE]);
    check(COPIES, &Cause::Trigger, &[CREATE, UPDATE]);
    check(OFF, &Cause::Trigger, &[CREATE]);
    check(OFF_COPIES, &Cause::Trigger, &[CREATE]);
    let gone = "delete old: the element that it was generated for left the list";
    check(BY_ELEMENT, &Cause::Trigger, &[CREATE, UPDATE, gone]);
    check(OFF_BY_ELEMENT, &Cause::Trigger, &[CREATE]);
    for (cause, reason) in [
        (Cause::TriggerDeleted, "the trigger was deleted"),
        (
            Cause::TriggerUnmatched,
            "the rule does not match the trigger any more",
        ),
    ] {
        let all = ["b", "c", "old"].map(|name| format!("delete {name}: {reason}"));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for synchronisation in [SYNC, COPIES, ORPHAN] {
            check(synchronisation, &cause, &all);
        }
        check(OFF, &cause, &[]);
        check(OFF_COPIES, &cause, &[]);
    }
}

#[test]
fn the_policy() {
    check(SYNC, &Cause::PolicyCreated, &[]);
    check(EXISTING, &Cause::PolicyCreated, &[CREATE, UPDATE]);
    check(OFF_EXISTING, &Cause::PolicyCreated, &[CREATE]);
    check(SYNC, &Cause::PolicyChanged, &[UPDATE]);
    check(EXISTING, &Cause::PolicyChanged, &[CREATE, UPDATE]);
    check(OFF, &Cause::PolicyChanged, &[]);
    check(OFF_EXISTING, &Cause::PolicyChanged, &[CREATE]);
    for (cause, reason) in [
        (Cause::PolicyDeleted, "the policy was deleted"),
        (Cause::RuleDeleted, "the rule was deleted"),
    ] {
        let all = ["b", "c", "old", "other"].map(|name| format!("delete {name}: {reason}"));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        check(SYNC, &cause, &all);
        for kept in [ORPHAN, COPIES, OFF, OFF_COPIES] {
            check(kept, &cause, &[]);
        }
    }
}

#[test]
fn the_source_of_copies() {
    let deleted = |name: &str| {
        Cause::SourceDeleted(ObjectRef {
            name: name.to_owned(),
            ..ObjectRef::of(&named("Secret", ""))
        })
    };
    check(COPIES, &Cause::SourceChanged, &[CREATE, UPDATE]);
    check(OFF_COPIES, &Cause::SourceChanged, &[]);
    let all = ["b", "c", "old", "other"]
        .map(|name| format!("delete {name}: the source of the copy was deleted"));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    check(COPIES, &deleted("source"), &all);
    check(COPIES, &deleted("other-source"), &[]);
    check(OFF_COPIES, &deleted("source"), &[]);
}

#[test]
fn what_was_generated() {
    for cause in [Cause::DownstreamChanged, Cause::DownstreamDeleted] {
        check(SYNC, &cause, &[CREATE, UPDATE]);
        check(COPIES, &cause, &[CREATE, UPDATE]);
        check(OFF, &cause, &[]);
        check(OFF_COPIES, &cause, &[]);
    }
}

#[test]
fn a_trigger_is_known_by_its_uid_or_else_by_its_name() {
    let with_uid = |name: &str, uid: &str| {
        let mut trigger = named("ConfigMap", name);
        trigger["metadata"]["uid"] = json!(uid);
        trigger
    };
    let long = "n".repeat(80);
    for (made_for, deleted, is_same) in [
        (with_uid("t", "1"), with_uid("t", "1"), true),
        (with_uid("t", "1"), with_uid("t", "2"), false),
        (named("ConfigMap", "t"), with_uid("t", "2"), true),
        (named("ConfigMap", "t"), named("Secret", "t"), false),
        (named("ConfigMap", &long), named("ConfigMap", &long), true),
    ] {
        let existing = [generated("a", &made_for, "x")];
        let found = changes(&Situation {
            policy_namespace: "",
            policy: "p",
            rule: "r",
            synchronisation: SYNC,
            cause: &Cause::TriggerDeleted,
            trigger: Some(&deleted),
            wanted: &[],
            existing: &existing,
        });
        assert_eq!(found.len() == 1, is_same, "{made_for} {deleted}");
    }
}

#[test]
fn what_the_server_sets_or_a_pattern_lets_pass_is_no_difference() {
    let wanted = json!({"kind": "A", "spec": {"list": ["x", "y"], "memory": "1Gi"}});
    for (existing, expected) in [
        (
            json!({"kind": "A", "metadata": {"uid": "u"}, "status": {}, "spec": {"list": ["x", "y"], "memory": "1Gi"}}),
            false,
        ),
        (
            json!({"kind": "A", "spec": {"list": ["x", "y"], "memory": "1Gi", "more": 1}}),
            true,
        ),
        (
            json!({"kind": "A", "spec": {"list": ["x"], "memory": "1Gi"}}),
            true,
        ),
        (
            json!({"kind": "A", "spec": {"list": ["x", "y", "z"], "memory": "1Gi"}}),
            true,
        ),
    ] {
        let wanted = &mut wanted.clone();
        wanted["metadata"] = json!({});
        let mut existing = existing;
        if existing.get("metadata").is_none() {
            existing["metadata"] = json!({});
        }
        assert_eq!(super::differs(wanted, &existing), expected, "{existing}");
    }
    for (memory, expected) in [("1024Mi", false), ("2Gi", true), ("*", true)] {
        let of = |memory: &str| json!({"kind": "A", "spec": {"memory": memory}});
        assert_eq!(
            super::differs(&of("1Gi"), &of(memory)),
            expected,
            "{memory}"
        );
    }
}
