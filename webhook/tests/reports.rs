//! What is to be written of what was found, where some reports stand already.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by them"
)]

use std::sync::Arc;

use portcullis_engine::{
    policy_info::PolicyInfo,
    request::GroupVersionResource,
    response::{EngineResponse, FailureAction, RuleResponse, RuleStatus, RuleType},
};
use portcullis_webhook::reports::{
    Admitted, Asked, Existing, Inbox, Report, Reports, Subject, Write,
};
use serde_json::{Value, json};

/// A policy by its name: `ns/p`, `p`, `p!` is not in scans, `p-` is not reported.
fn policy(name: &str) -> PolicyInfo {
    let (namespace, plain) = name.split_once('/').unwrap_or(("", name));
    let disabled = ("reports.kyverno.io/disabled".to_owned(), String::new());
    PolicyInfo {
        api_version: "kyverno.io/v1".to_owned(),
        kind: "ClusterPolicy".to_owned(),
        namespace: namespace.to_owned(),
        name: plain.trim_end_matches(['!', '-']).to_owned(),
        labels: name
            .ends_with('-')
            .then_some(disabled)
            .into_iter()
            .collect(),
        admission: true,
        background: !name.ends_with('!'),
        ..PolicyInfo::default()
    }
}

fn asked(names: &[&str]) -> Arc<Asked> {
    let policies: Vec<PolicyInfo> = names.iter().map(|name| policy(name)).collect();
    Arc::new(Asked::of(&policies))
}

/// Answers as `policy pass`, with a message that is the status.
fn responses(answers: &[&str]) -> Vec<EngineResponse> {
    let answer = |answer: &&str| {
        let (name, word) = answer.split_once(' ').unwrap();
        let status = match word {
            "pass" => RuleStatus::Pass,
            "fail" => RuleStatus::Fail,
            _ => RuleStatus::Error,
        };
        EngineResponse {
            policy: Arc::new(policy(name)),
            failure_action: FailureAction::Audit,
            rules: vec![RuleResponse {
                rule: "r".into(),
                rule_type: RuleType::Validation,
                status,
                message: word.into(),
                detail: None,
            }],
            changes_object: false,
            patched: None,
            is_last_change: false,
        }
    };
    answers.iter().map(answer).collect()
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": "u"}})
}

fn subject() -> Subject {
    let resource = GroupVersionResource {
        version: "v1".to_owned(),
        resource: "pods".to_owned(),
        ..GroupVersionResource::default()
    };
    Subject::of(&pod(), resource).unwrap()
}

/// What is found, in its turn.
enum Found<'f> {
    Admitted(Arc<Asked>, &'f [&'f str]),
    Blocked(Arc<Asked>, &'f [&'f str]),
    Scanned(&'f [&'f str]),
    Unseen,
}

const SERVED: &[&str] = &["a", "b", "ns/c", "d!", "e-"];

fn reports(found: &[Found<'_>], seconds: i64) -> Reports {
    let mut reports = Reports::new(10);
    let served = asked(SERVED);
    reports.serve(Arc::clone(&served));
    let in_scans = Arc::new(served.in_scans());
    for one in found {
        match one {
            Found::Admitted(asked, answers) | Found::Blocked(asked, answers) => {
                let admitted = Admitted {
                    subject: subject(),
                    asked: vec![Arc::clone(asked)],
                    responses: responses(answers),
                    is_blocked: matches!(one, Found::Blocked(..)),
                };
                reports.admit(&admitted, seconds);
            }
            Found::Scanned(answers) => {
                let answers: Vec<_> = responses(answers);
                reports.scanned(&subject(), &answers, &in_scans, seconds);
            }
            Found::Unseen => reports.unseen("u", "shop", &in_scans, seconds),
        }
    }
    reports
}

/// The report that some findings leave, as the server has it.
fn standing(found: &[Found<'_>]) -> Existing {
    let write = reports(found, 100).plan(&Existing::new()).remove(0);
    let mut report = write.report.unwrap();
    report.metadata.uid = Some("of-the-report".to_owned());
    report.metadata.resource_version = Some("7".to_owned());
    Existing::from([("u".to_owned(), report)])
}

/// The rows as `policy result process time`, or what else is to be done.
fn shown(writes: &[Write]) -> Vec<String> {
    let [write] = writes else {
        assert!(writes.is_empty(), "{writes:?}");
        return vec!["nothing".to_owned()];
    };
    let Some(report) = &write.report else {
        assert_eq!(write.existing.as_deref(), Some("of-the-report"));
        return vec!["delete".to_owned()];
    };
    let rows = report.results.iter().map(|row| {
        let process = row.properties["process"].split(' ').next().unwrap();
        let seconds = row.timestamp.as_ref().unwrap().seconds;
        let result = row.message.as_deref().unwrap();
        format!("{} {result} {process} {seconds}", row.policy)
    });
    rows.collect()
}

#[test]
fn rows_of_policies_that_were_asked_are_replaced() {
    use Found::{Admitted, Blocked, Scanned, Unseen};
    let (ab, a, all) = (asked(&["a", "b"]), asked(&["a"]), asked(SERVED));
    let cases: &[(&[Found<'_>], &[Found<'_>], &[&str])] = &[
        (&[], &[], &["nothing"]),
        (&[], &[Admitted(ab.clone(), &[])], &["nothing"]),
        (
            &[],
            &[Admitted(ab.clone(), &["b pass", "a fail"])],
            &["a fail admission 200", "b pass admission 200"],
        ),
        // A request that is denied changes no object.
        (&[], &[Blocked(ab.clone(), &["a fail"])], &["nothing"]),
        // What a policy does not want reported is not.
        (&[], &[Scanned(&["e- fail"])], &["nothing"]),
        // Policies with a webhook of their own join, those of one webhook replace each other.
        (
            &[],
            &[
                Admitted(a.clone(), &["a fail"]),
                Admitted(ab.clone(), &["a pass", "b pass"]),
                Admitted(a.clone(), &["a error"]),
            ],
            &["a error admission 200", "b pass admission 200"],
        ),
        // What was said before is not written again, however it was found out.
        (
            &[Admitted(ab.clone(), &["a fail", "b pass"])],
            &[Scanned(&["a fail", "b pass"])],
            &["nothing"],
        ),
        (
            &[Admitted(ab.clone(), &["a fail", "b pass"])],
            &[Scanned(&["a pass", "b pass"])],
            &["a pass background 200", "b pass admission 100"],
        ),
        // A scan leaves the rows of policies that take no part in it.
        (
            &[Admitted(all.clone(), &["d! fail", "a fail"])],
            &[Scanned(&[])],
            &["d fail admission 100"],
        ),
        (&[Scanned(&["a fail"])], &[Scanned(&[])], &["delete"]),
        (&[Scanned(&["a fail"])], &[Unseen], &["delete"]),
        (
            &[Admitted(all.clone(), &["ns/c fail", "d! pass"])],
            &[Admitted(all.clone(), &["ns/c fail"])],
            &["ns/c fail admission 100"],
        ),
    ];
    for (number, (before, found, wanted)) in cases.iter().enumerate() {
        let existing = match before {
            [] => Existing::new(),
            before => standing(before),
        };
        let writes = reports(found, 200).plan(&existing);
        assert_eq!(shown(&writes), *wanted, "case {number}");
    }
}

#[test]
fn rows_of_policies_that_are_gone_go() {
    let existing = standing(&[Found::Scanned(&["a fail", "b pass"])]);
    for (left, wanted) in [(&["b"][..], "b pass background 100"), (&[], "delete")] {
        let mut reports = Reports::new(10);
        reports.serve(asked(left));
        reports.unseen("u", "shop", &asked(&[]), 200);
        assert_eq!(shown(&reports.plan(&existing)), [wanted]);
    }
}

#[test]
fn a_report_belongs_to_its_object() {
    let report = standing(&[Found::Scanned(&["a fail", "b pass"])])
        .remove("u")
        .unwrap();
    let report = json!(report);
    let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "u"}]);
    let scope =
        json!({"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u"});
    for (pointer, wanted) in [
        ("/kind", json!("PolicyReport")),
        ("/metadata/name", json!("u")),
        ("/metadata/namespace", json!("shop")),
        (
            "/metadata/labels",
            json!({"app.kubernetes.io/managed-by": "kyverno"}),
        ),
        ("/metadata/ownerReferences", owner),
        ("/scope", scope),
        (
            "/summary",
            json!({"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0}),
        ),
        ("/results/0/source", json!("kyverno")),
        ("/results/0/rule", json!("r")),
        ("/results/0/result", json!("fail")),
        ("/results/0/scored", json!(true)),
    ] {
        assert_eq!(report.pointer(pointer), Some(&wanted), "{pointer}");
    }
    // The version that stands makes the server refuse where somebody else writes.
    let existing = standing(&[Found::Scanned(&["a fail"])]);
    let writes = reports(&[Found::Scanned(&["a pass"])], 200).plan(&existing);
    let version = |report: &Report| report.metadata.resource_version.clone();
    assert_eq!(
        writes[0].report.as_ref().and_then(version).as_deref(),
        Some("7")
    );
}

#[test]
fn what_cannot_be_written_waits_a_bounded_time() {
    let found = [Found::Admitted(asked(&["a"]), &["a fail"])];
    let mut reports = reports(&found, 100);
    // The object is written after the webhook has answered.
    for seconds in [101, 109] {
        let write = reports.plan(&Existing::new()).remove(0);
        assert_eq!(write.look_for.as_ref(), Some(&subject()));
        assert!(reports.missing(write, seconds));
    }
    let write = reports.plan(&Existing::new()).remove(0);
    assert!(!reports.missing(write.clone(), 110));
    let mut tries = 0;
    let mut write = Some(write);
    while let Some(one) = write.take() {
        tries += 1;
        if reports.retry(one) {
            write = reports.plan(&Existing::new()).pop();
        }
    }
    assert_eq!((tries, reports.dropped()), (5, 1));
}

#[test]
fn the_oldest_make_room() {
    let mut reports = Reports::new(2);
    reports.serve(asked(SERVED));
    let inbox = Inbox::new(2);
    for uid in ["1", "2", "3"] {
        let subject = Subject {
            uid: uid.to_owned(),
            ..subject()
        };
        let admitted = Admitted {
            subject,
            asked: vec![asked(SERVED)],
            responses: responses(&["a fail"]),
            is_blocked: false,
        };
        reports.admit(&admitted, 100);
        inbox.put(admitted);
    }
    let uids: Vec<String> = inbox
        .take()
        .into_iter()
        .map(|one| one.subject.uid)
        .collect();
    assert_eq!((uids, inbox.dropped()), (vec!["2".into(), "3".into()], 1));
    let writes = reports.plan(&Existing::new());
    let uids: Vec<&str> = writes.iter().map(|write| write.uid.as_str()).collect();
    assert_eq!((uids, reports.dropped()), (vec!["2", "3"], 1));
}

#[test]
fn a_report_stays_small_enough_and_keeps_what_fails() {
    let mut reports = Reports::new(1);
    let names: Vec<String> = (0..6000).map(|number| format!("p{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all = asked(&names);
    reports.serve(Arc::clone(&all));
    let answers: Vec<String> = names
        .iter()
        .map(|name| match *name {
            "p5999" => format!("{name} fail"),
            _ => format!("{name} pass"),
        })
        .collect();
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    reports.scanned(&subject(), &responses(&answers), &all, 1);
    let report = reports.plan(&Existing::new()).remove(0).report.unwrap();
    let summary = report.summary.clone().unwrap();
    assert_eq!((summary.pass, summary.fail), (Some(5999), Some(1)));
    assert!(report.results.iter().any(|row| row.policy == "p5999"));
    let size = serde_json::to_vec(&report).unwrap().len();
    assert!((900_000..1_300_000).contains(&size), "{size}");
}

#[test]
fn objects_that_tell_of_others_are_not_reported() {
    for (change, is_reported) in [
        (json!({}), true),
        (json!({"metadata": {"name": "n"}}), false),
        (json!({"kind": "Event"}), false),
        (json!({"apiVersion": "wgpolicyk8s.io/v1alpha2"}), false),
        (
            json!({"metadata": {"name": "n", "uid": "u", "labels": {"reports.kyverno.io/disabled": "true"}}}),
            false,
        ),
    ] {
        let mut object = pod();
        for (key, value) in change.as_object().unwrap() {
            object[key] = value.clone();
        }
        let subject = Subject::of(&object, GroupVersionResource::default());
        assert_eq!(subject.is_some(), is_reported, "{object}");
    }
}
