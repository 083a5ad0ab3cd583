//! Events about what fails: their words, their counts and their bounds.
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
    response::{EngineResponse, FailureAction, RuleResponse, RuleStatus, RuleType},
};
use portcullis_webhook::configuration::Configuration;
use portcullis_webhook::reports::{Events, EventsLimits, Occasion, Subject};
use serde_json::Value;

const SECOND: i64 = 1_000_000;

/// 2026-11-26T21:00:00Z
const START: i64 = 1_795_726_800 * SECOND;

fn answer(rule: &str, status: RuleStatus, message: &str) -> EngineResponse {
    EngineResponse {
        policy: Arc::new(PolicyInfo {
            api_version: "kyverno.io/v1".to_owned(),
            kind: "ClusterPolicy".to_owned(),
            name: "labels".to_owned(),
            ..PolicyInfo::default()
        }),
        failure_action: FailureAction::Audit,
        rules: vec![RuleResponse {
            rule: rule.into(),
            rule_type: RuleType::Validation,
            status,
            message: message.into(),
            detail: None,
        }],
        changes_object: false,
        patched: None,
        is_last_change: false,
    }
}

fn configuration(keys: &[(&str, &str)]) -> Configuration {
    let data = keys
        .iter()
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
    Configuration::from_data(&data.collect()).unwrap()
}

fn subject(name: &str, prefix: &str) -> Subject {
    Subject {
        uid: format!("uid of {name}"),
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        generate_name: prefix.to_owned(),
        ..Subject::default()
    }
}

fn count(
    events: &mut Events,
    of: &Subject,
    is_blocked: bool,
    micros: i64,
    answer: &EngineResponse,
) {
    let occasion = Occasion {
        subject: of,
        is_blocked,
        is_scan: false,
        micros,
    };
    events.count(occasion, [answer]);
}

/// `namespace reason action regarding: note`, in their order by text.
fn shown(events: &[Value]) -> Vec<String> {
    let text = |event: &Value, pointer: &str| {
        let text = event.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or("-").to_owned()
    };
    let mut shown: Vec<String> = events
        .iter()
        .map(|event| {
            let parts = [
                "/metadata/namespace",
                "/reason",
                "/action",
                "/regarding/kind",
                "/note",
            ];
            parts.map(|pointer| text(event, pointer)).join("|")
        })
        .collect();
    shown.sort();
    shown
}

#[test]
fn events_have_the_words_of_kyverno() {
    use RuleStatus::{Error, Fail, Pass, Skip};
    for (rule, status, is_blocked, wanted) in [
        ("r", Pass, false, &[][..]),
        ("r", Skip, false, &[]),
        (
            "r",
            Fail,
            true,
            &[
                "default|PolicyViolation|Resource Blocked|ClusterPolicy|Pod shop/web: [r] fail (blocked); no",
            ],
        ),
        (
            "r",
            Fail,
            false,
            &[
                "default|PolicyViolation|Resource Passed|ClusterPolicy|Pod shop/web: [r] fail; no",
                "shop|PolicyViolation|Resource Passed|Pod|policy labels/r fail: no",
            ],
        ),
        (
            "",
            Error,
            false,
            &[
                "default|PolicyError|Resource Passed|ClusterPolicy|Pod shop/web: error; no",
                "shop|PolicyError|Resource Passed|Pod|policy labels error: no",
            ],
        ),
    ] {
        let mut events = Events::new("i".to_owned(), EventsLimits::default());
        let answer = answer(rule, status, "no");
        count(&mut events, &subject("web", ""), is_blocked, START, &answer);
        assert_eq!(shown(&events.plan(START)), wanted, "{rule} {status:?}");
    }
}

#[test]
fn what_passes_is_told_where_it_is_asked_for() {
    use RuleStatus::{Error, Fail, Pass, Skip};
    for (statuses, asked, wanted) in [
        (
            &[Pass, Skip][..],
            true,
            &["default|PolicyApplied|Resource Passed|ClusterPolicy|Pod shop/web: pass"][..],
        ),
        (&[Pass], false, &[]),
        (&[Skip], true, &[]),
        (&[], true, &[]),
        (
            &[Error, Pass],
            true,
            &[
                "default|PolicyError|Resource Passed|ClusterPolicy|Pod shop/web: [r] error; no",
                "shop|PolicyError|Resource Passed|Pod|policy labels/r error: no",
            ],
        ),
        (
            &[Pass, Fail],
            true,
            &[
                "default|PolicyViolation|Resource Passed|ClusterPolicy|Pod shop/web: [r] fail; no",
                "shop|PolicyViolation|Resource Passed|Pod|policy labels/r fail: no",
            ],
        ),
    ] {
        let mut response = answer("r", Pass, "");
        let rules = statuses
            .iter()
            .map(|status| answer("r", *status, "no").rules.remove(0));
        response.rules = rules.collect();
        let mut events = Events::new("i".to_owned(), EventsLimits::default());
        events.tell_successes(&configuration(&[(
            "generateSuccessEvents",
            &asked.to_string(),
        )]));
        count(&mut events, &subject("web", ""), false, START, &response);
        let planned = events.plan(START);
        assert_eq!(shown(&planned), wanted, "{statuses:?}");
        let is_normal = planned.iter().any(|event| event["type"] == "Normal");
        assert_eq!(is_normal, wanted.len() == 1);
    }
}

#[test]
fn successes_are_told_of_the_actions_that_are_named() {
    let mut mutated = answer("r", RuleStatus::Pass, "");
    mutated.rules[0].rule_type = RuleType::Mutation;
    let passed = answer("r", RuleStatus::Pass, "");
    let [mutated, passed] = [(mutated, "Resource Mutated"), (passed, "Resource Passed")];
    for (actions, is_on, wanted) in [
        ("", "true", &[mutated.1, passed.1][..]),
        ("Resource Mutated", "true", &[mutated.1]),
        (
            "Resource Passed, Resource Mutated",
            "true",
            &[mutated.1, passed.1],
        ),
        ("Resource Generated", "true", &[]),
        ("Resource Mutated", "false", &[]),
    ] {
        let mut events = Events::new("i".to_owned(), EventsLimits::default());
        let keys = [
            ("generateSuccessEvents", is_on),
            ("successEventActions", actions),
        ];
        events.tell_successes(&configuration(&keys));
        for (answer, _) in [&mutated, &passed] {
            count(&mut events, &subject("web", ""), false, START, answer);
        }
        let mut found: Vec<Value> = events.plan(START);
        found.sort_by_key(|event| event["action"].to_string());
        let found: Vec<&Value> = found.iter().map(|event| &event["action"]).collect();
        assert_eq!(found, wanted, "{actions} {is_on}");
    }
}

#[test]
fn what_happens_again_is_counted() {
    let mut events = Events::new("i".to_owned(), EventsLimits::default());
    let answer = answer("r", RuleStatus::Fail, &"ä".repeat(2000));
    // A controller tries again under other names.
    for (number, name) in ["web-a", "web-b", "web-c"].iter().enumerate() {
        let micros = START + i64::try_from(number).unwrap() * SECOND;
        count(&mut events, &subject(name, "web-"), true, micros, &answer);
        if number == 0 {
            let first = events.plan(micros);
            assert_eq!((first.len(), first[0].get("series")), (1, None));
        }
    }
    let event = events.plan(START + 5 * SECOND).remove(0);
    assert_eq!(event["eventTime"], "2026-11-26T21:00:00.000000Z");
    assert_eq!(event["series"]["count"], 3);
    assert_eq!(
        event["series"]["lastObservedTime"],
        "2026-11-26T21:00:02.000000Z"
    );
    assert!((1000..=1024).contains(&event["note"].as_str().unwrap().len()));
    assert!(event["related"].get("uid").is_none());
    assert!(events.plan(START + 6 * SECOND).is_empty());
    // After a while a new one begins.
    let later = START + 1000 * SECOND;
    count(&mut events, &subject("web-d", "web-"), true, later, &answer);
    let next = events.plan(later).remove(0);
    assert_ne!(next["metadata"]["name"], event["metadata"]["name"]);
    assert_eq!(next.get("series"), None);
}

#[test]
fn events_are_bounded() {
    let limits = EventsLimits {
        counted: 4,
        a_turn: 3,
    };
    let mut events = Events::new("i".to_owned(), limits);
    let answer = answer("r", RuleStatus::Fail, "no");
    for number in 0..6 {
        let of = subject(&number.to_string(), "");
        count(&mut events, &of, true, START + number, &answer);
    }
    assert_eq!(events.dropped(), 2);
    let mut written = Vec::new();
    for turn in [3, 1, 0] {
        let planned = events.plan(START + SECOND);
        assert_eq!(planned.len(), turn);
        written.extend(planned);
    }
    let names: Vec<&Value> = written
        .iter()
        .map(|event| &event["related"]["name"])
        .collect();
    assert_eq!(names, ["2", "3", "4", "5"]);
}
