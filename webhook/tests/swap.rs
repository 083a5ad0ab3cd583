//! Policies and certificates are replaced under load.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use portcullis_webhook::{
    certificates,
    served::{Policies, Served},
};
use serde_json::Value;

use self::running::{Running, creation, pod, policies, trusting};

/// Two policies that both deny, as one version of the set has them.
fn version(name: &str) -> Policies {
    let policy = |policy: &str| {
        format!(
            "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: {policy}}}
spec:
  validationFailureAction: Enforce
  rules:
    - name: version
      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
      validate: {{message: version {name}, deny: {{}}}}
---
"
        )
    };
    policies(&(policy("one") + &policy("two")))
}

fn swap_until(done: &AtomicBool, served: &Served) -> usize {
    let mut swaps = 0;
    while !done.load(Ordering::Relaxed) {
        for name in ["new", "old"] {
            served.swap(version(name));
            swaps += 1;
        }
    }
    swaps
}

#[test]
fn each_review_is_answered_by_one_whole_version() {
    let running = Running::new("");
    running.served.swap(version("old"));
    let done = Arc::new(AtomicBool::new(false));
    let answered = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let client = running.client();
    let (url, body) = (
        running.url("/validate/fail"),
        running::review(&creation(&pod("x"))),
    );
    let swaps = thread::scope(|scope| {
        let swapping = scope.spawn(|| swap_until(&done, &running.served));
        let askers: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let request = client.post(&url).body(body.clone());
                        let request = request.header("content-type", "application/json");
                        let text = request.send().unwrap().text().unwrap();
                        let answer: Value = serde_json::from_str(&text).unwrap();
                        let message = answer["response"]["status"]["message"].as_str().unwrap();
                        let counts = ["old", "new"]
                            .map(|name| message.matches(&format!("version {name}")).count());
                        let version = counts.iter().position(|count| *count == 2);
                        assert_eq!(counts.iter().sum::<usize>(), 2, "{message}");
                        let version = version.expect("both policies are of one version");
                        answered[version].fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        swapping.join().unwrap()
    });
    let [old, new] = answered.map(AtomicUsize::into_inner);
    assert_eq!(old + new, 1_000);
    assert!(old > 0 && new > 0 && swaps > 10, "{old} {new} {swaps}");
}

#[test]
fn a_new_certificate_serves_new_connections() {
    let running = Running::new("");
    let url = running.url("/health/liveness");
    let standing = running.client();
    assert_eq!(standing.get(&url).send().unwrap().status(), 200);
    let next = certificates::make(&["localhost".to_owned()]).unwrap();
    assert!(trusting(&next).get(&url).send().is_err());
    let replaced = certificates::replace(&running.tls, &next);
    running.runtime.block_on(replaced).unwrap();
    assert_eq!(trusting(&next).get(&url).send().unwrap().status(), 200);
    assert_eq!(standing.get(&url).send().unwrap().status(), 200);
    assert!(running.client().get(&url).send().is_err());
    let broken = certificates::Certificate {
        key: "no key".to_owned(),
        ..next.clone()
    };
    let refused = certificates::replace(&running.tls, &broken);
    assert!(running.runtime.block_on(refused).is_err());
    assert_eq!(trusting(&next).get(&url).send().unwrap().status(), 200);
}
