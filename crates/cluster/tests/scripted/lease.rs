//! A Lease has one holder at a time, and another one when the first is gone.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portcullis_cluster::{Lease, LeaseOptions};
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
