//! A Lease has one holder at a time, and another one when the first is gone.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portcullis_cluster::{ClusterError, Lease, LeaseOptions, ServedKind, Target};
use serde_json::{Value, json};

use crate::server::{cluster, ok, refusal};

const PATIENCE: Duration = Duration::from_secs(60);

/// One Lease, with the conflicts of an API server.
fn answer(lease: &Mutex<Value>, call: &str, body: Value) -> (u16, String) {
    let mut lease = lease.lock().unwrap();
    let version = lease["metadata"]["resourceVersion"].clone();
    let is_current = body["metadata"]["resourceVersion"] == version;
    match call.split(' ').next().unwrap() {
        "GET" if lease.is_null() => refusal(404, "no such lease"),
        "GET" => ok(&lease),
        _ if !is_current => refusal(409, "another version"),
        _ => {
            let next = version
                .as_str()
                .map_or(1, |version| version.parse().unwrap())
                + 1;
            *lease = body;
            lease["metadata"]["resourceVersion"] = json!(next.to_string());
            ok(&lease)
        }
    }
}

fn options(identity: &str) -> LeaseOptions {
    LeaseOptions {
        duration: Duration::from_secs(1),
        period: Duration::from_millis(100),
        ..LeaseOptions::new("portcullis", "webhook", identity)
    }
}

fn wait_for(lease: &Lease) {
    let (is_held, end) = (lease.is_held(), Instant::now() + PATIENCE);
    while !*is_held.borrow() {
        assert!(Instant::now() < end, "the lease is not held");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_lease_goes_to_another_when_its_holder_is_gone() {
    let kept = Arc::new(Mutex::new(Value::Null));
    let shared = Arc::clone(&kept);
    let (asked, _) = cluster(move |call, body| answer(&shared, call, body));
    let first = Lease::hold(&asked, options("first"));
    wait_for(&first);
    assert_eq!(kept.lock().unwrap()["spec"]["holderIdentity"], "first");
    let second = Lease::hold(&asked, options("second"));
    drop(first);
    wait_for(&second);
    let lease = kept.lock().unwrap().clone();
    assert_eq!(lease["spec"]["holderIdentity"], "second");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 1);
    assert!(lease["spec"]["leaseTransitions"].as_u64().unwrap() >= 1);
}

#[test]
fn nothing_is_written_once_a_term_is_over() {
    let kept = Arc::new(Mutex::new(Value::Null));
    let shared = Arc::clone(&kept);
    let (asked, calls) = cluster(move |call, body| match call.contains("/leases") {
        true => answer(&shared, call, body),
        false => ok(&json!({"kind": "ConfigMap"})),
    });
    let lease = Lease::hold(&asked, options("first"));
    let term = lease.term(&asked, PATIENCE).unwrap();
    asked.write_only_during(term.clone());
    let kind = ServedKind::config_maps();
    let create = || asked.create_object(&kind, "a", json!({}));
    create().unwrap();
    drop(lease);
    let end = Instant::now() + PATIENCE;
    while !term.is_over() {
        assert!(Instant::now() < end, "the term does not end");
        thread::sleep(Duration::from_millis(20));
    }
    let error = create().unwrap_err();
    assert!(matches!(error, ClusterError::TermOver { .. }), "{error}");
    // It may still look.
    let target = Target {
        kind: &kind,
        namespace: "a",
        name: "b",
    };
    asked.read_objects(&[target]).pop().unwrap().unwrap();
    let calls = calls.lock().unwrap().clone();
    let written = calls
        .iter()
        .filter(|call| call.starts_with("POST") && !call.contains("leases"));
    assert_eq!(written.count(), 1, "{calls:?}");
}

#[test]
fn a_lease_that_is_given_back_is_taken_at_once() {
    let kept = Arc::new(Mutex::new(Value::Null));
    let shared = Arc::clone(&kept);
    let (asked, _) = cluster(move |call, body| answer(&shared, call, body));
    let options = |identity: &str| LeaseOptions {
        duration: Duration::from_secs(3600),
        ..options(identity)
    };
    let first = Lease::hold(&asked, options("first"));
    wait_for(&first);
    let second = Lease::hold(&asked, options("second"));
    let is_held = first.is_held();
    first.give_back(&asked).unwrap();
    wait_for(&second);
    assert!(is_held.has_changed().is_err(), "who held it is not told");
    // What another process holds is left to it.
    first.give_back(&asked).unwrap();
    let lease = kept.lock().unwrap().clone();
    assert_eq!(lease["spec"]["holderIdentity"], "second");
}

#[test]
fn nothing_is_written_after_the_last_answer() {
    let (asked, calls) = cluster(|call, _| {
        if call.starts_with("POST") {
            thread::sleep(Duration::from_millis(500));
        }
        ok(&json!({"kind": "ConfigMap"}))
    });
    let kind = ServedKind::config_maps();
    let create = || asked.create_object(&kind, "a", json!({}));
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            create().unwrap();
            answered.store(true, Ordering::Relaxed);
        });
        let end = Instant::now() + PATIENCE;
        while calls.lock().unwrap().is_empty() {
            assert!(Instant::now() < end, "nothing is written");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(!asked.write_no_more(Duration::from_millis(10)));
        assert!(asked.write_no_more(PATIENCE));
        assert!(calls.lock().unwrap().len() == 1);
    });
    assert!(answered.load(Ordering::Relaxed));
    let error = create().unwrap_err();
    assert!(matches!(error, ClusterError::TermOver { .. }), "{error}");
    assert_eq!(calls.lock().unwrap().len(), 1);
}
