//! Whether requests should come is told apart from whether the process lives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use self::running::{Running, creation, pod, review};

/// The statuses of liveness, of readiness and of a review, and what is missing.
fn check(running: &Running, wanted: [u16; 3], lacks: &str) {
    let client = running.client();
    let get = |path| client.get(running.url(path)).send().unwrap();
    let readiness = get("/health/readiness");
    let asked = client.post(running.url("/validate"));
    let asked = asked.body(review(&creation(&pod("good"))));
    let answer = asked.header("content-type", "application/json").send();
    let statuses = [
        get("/health/liveness").status(),
        readiness.status(),
        answer.unwrap().status(),
    ];
    assert_eq!(statuses.map(|status| status.as_u16()), wanted, "{lacks}");
    assert!(readiness.text().unwrap().contains(lacks), "{lacks}");
}

#[test]
fn requests_should_come_from_the_first_answer_until_the_end_is_near() {
    let running = Running::starting(include_str!("policies.yaml"));
    check(&running, [200, 503, 503], "not all policies");
    running.readiness.serve();
    check(&running, [200, 503, 200], "authority");
    running.readiness.name();
    check(&running, [200, 200, 200], "ok");
    running.readiness.end();
    check(&running, [200, 503, 200], "stopping");
}
