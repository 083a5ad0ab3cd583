//! `portcullis-sync` while the servers that it needs break: at the end the cluster is what the last
//! commit says, without a hand.

use std::{thread, time::Duration};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};

use crate::{
    load::ApiClient,
    survival::compact,
    sync_process::{Replica, Rounds, until},
    webhook_process::eventually,
};

pub(crate) const ALL: &[Test] = &[
    (
        "sync_trouble::the_api_server_restarts_and_etcd_is_away",
        the_api_server_restarts_and_etcd_is_away,
    ),
    (
        "sync_trouble::watches_that_are_too_old_begin_anew",
        watches_that_are_too_old_begin_anew,
    ),
];

/// How long etcd is away.
const AWAY: Duration = Duration::from_secs(20);
/// How often the API server is restarted.
const RESTARTS: usize = 3;
/// What the log says when the cluster gives no answer.
const FAILURES: [&str; 5] = [
    "ApplyFailed",
    "NoAnswer",
    "NoLease",
    "NotLeading",
    "WatchBroken",
];

fn failures(replica: &Replica) -> usize {
    let told = replica.told();
    let failed = told.iter().filter(|one| FAILURES.contains(&one.as_str()));
    failed.count()
}

fn the_api_server_restarts_and_etcd_is_away(_: &ControlPlane) {
    let mut plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    let (mut rounds, first) = Rounds::start(&plane, "1s");
    let replica = Replica::start(&plane, "alone", "2");
    until(&plane, &first);
    for restart in 0..RESTARTS {
        let last = rounds.push();
        // Earlier or later in the looking, judging and writing that follows.
        thread::sleep(Duration::from_millis(500 * u64::try_from(restart).unwrap()));
        plane.restart_api_server().unwrap();
        until(&plane, &last);
        rounds.is_whole(&plane);
    }
    let after_restarts = failures(&replica);
    assert!(after_restarts > 0, "{:?}", replica.told());
    let mut last = String::new();
    plane
        .without_etcd(|_| {
            last = rounds.push();
            thread::sleep(AWAY);
        })
        .unwrap();
    until(&plane, &last);
    rounds.is_whole(&plane);
    assert!(failures(&replica) > after_restarts, "{:?}", replica.told());
}

/// While the controller stands still, the API server forgets what it would have told it. Nothing but
/// its watches can tell it: repositories and sources are looked at once an hour.
fn watches_that_are_too_old_begin_anew(_: &ControlPlane) {
    let mut plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    let (rounds, first) = Rounds::start(&plane, "1h");
    let replica = Replica::start(&plane, "alone", "3600");
    until(&plane, &first);
    is_put_back(&plane, &rounds, "before");
    let client = ApiClient::of(&plane);
    replica.signal("STOP");
    edit(&plane, "while it stands still");
    let later = "{apiVersion: v1, kind: ConfigMap, metadata: {name: later, namespace: sources}}";
    plane.apply(later).unwrap();
    compact(&plane, &client);
    plane.restart_api_server().unwrap();
    replica.signal("CONT");
    whole_again(&plane, &rounds);
    is_put_back(&plane, &rounds, "afterwards");
}

/// The policy that a hand edits.
const EDITED: &str = "kept-3";

pub(crate) fn edit(plane: &ControlPlane, message: &str) {
    let patch = format!(
        r#"[{{"op": "replace", "path": "/spec/rules/0/validate/message", "value": "{message}"}}]"#
    );
    let edit = [
        "patch",
        "clusterpolicy",
        EDITED,
        "--type=json",
        "-p",
        &patch,
    ];
    plane.kubectl(&edit, "").unwrap();
}

fn is_put_back(plane: &ControlPlane, rounds: &Rounds, message: &str) {
    edit(plane, message);
    whole_again(plane, rounds);
}

pub(crate) fn whole_again(plane: &ControlPlane, rounds: &Rounds) {
    let path = "jsonpath={.spec.rules[0].validate.message}";
    let get = ["get", "clusterpolicy", EDITED, "-o", path];
    eventually("the hand edit is put back", || {
        let said = plane.kubectl(&get, "").map_err(|error| error.to_string())?;
        said.starts_with("round").then_some(()).ok_or(said)
    });
    rounds.is_whole(plane);
}
