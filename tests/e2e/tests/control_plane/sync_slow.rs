//! Sources whose servers do not answer, or a byte now and then: they hold up nobody but themselves, and
//! of these only what is new.

use std::{
    thread,
    time::{Duration, Instant},
};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program, servers::Serving};
use serde_json::{Value, json};

use crate::{
    sync_controller::condition,
    sync_process::{Replica, Rounds, until},
    sync_trouble::{edit, whole_again},
    webhook_process::eventually,
};

pub(crate) const ALL: &[Test] = &[
    (
        "sync_slow::a_slow_server_holds_up_nobody_else",
        a_slow_server_holds_up_nobody_else,
    ),
    (
        "sync_slow::what_others_change_is_put_back_while_the_server_hangs",
        what_others_change_is_put_back_while_the_server_hangs,
    ),
];

/// More of each than are brought into the cluster at a time.
const SLOW: usize = 5;
/// How long a commit of the other source may take, whose interval is 1 s: less than what it takes until
/// a slow server is given up, half a minute at least, on a machine that has much else to do.
const IN_TIME: Duration = Duration::from_secs(20);
/// How many commits of it come in before the first slow server is given up.
const COMMITS: usize = 2;

fn a_slow_server_holds_up_nobody_else(_: &ControlPlane) {
    let plane = &ControlPlane::start(&program::build().unwrap()).unwrap();
    let (mut rounds, first) = Rounds::of(plane, "1s", 1);
    let folder = tempfile::tempdir().unwrap();
    let servers = program::build_named("servers").unwrap();
    let server = Serving::start(&servers, "git", folder.path(), &[]).unwrap();
    let kinds = ["hanging", "trickling"];
    let names = kinds.map(|kind| (0..SLOW).map(move |number| (kind, format!("{kind}-{number}"))));
    let names: Vec<_> = names.into_iter().flatten().collect();
    for (kind, name) in &names {
        let source = json!({
            "apiVersion": "portcullis.io/v1alpha1", "kind": "PolicySource",
            "metadata": {"name": name, "namespace": "sources"},
            "spec": {"url": format!("{}/{kind}/r.git", server.url()), "path": "plain", "interval": "1s"},
        });
        plane.apply(&source.to_string()).unwrap();
    }
    let _replica = Replica::start(plane, "alone", "2");
    until(plane, &first);
    let is_waited_for = |(_, name): &(&str, String)| status(plane, name).is_null();
    let (mut meanwhile, mut afterwards) = (0, 0);
    while afterwards < COMMITS {
        let (commit, pushed) = (rounds.push(), Instant::now());
        until(plane, &commit);
        assert!(pushed.elapsed() < IN_TIME, "{:?}", pushed.elapsed());
        meanwhile += usize::from(names.iter().all(is_waited_for));
        afterwards += usize::from(!names.iter().any(is_waited_for));
    }
    assert!(meanwhile >= COMMITS, "{meanwhile} of {afterwards}");
    rounds.is_whole(plane);
    for (kind, name) in &names {
        eventually("the slow source is named", || {
            let status = status(plane, name);
            let message = status["conditions"][0]["message"].as_str();
            let message = message.unwrap_or_default();
            let says = match *kind {
                "hanging" => message.contains("timed out"),
                _ => message.ends_with("the answer takes longer than the limit"),
            };
            let is_so = condition(&status, "Ready") == ["False", "FetchFailed"] && says;
            is_so.then_some(()).ok_or_else(|| status.to_string())
        });
    }
}

/// The server stands still in the middle of its work, and with it whoever asks it. What is said of the
/// source shows that nothing has ended yet where the hand edit is put back already.
fn what_others_change_is_put_back_while_the_server_hangs(_: &ControlPlane) {
    let plane = &ControlPlane::start(&program::build().unwrap()).unwrap();
    let (mut rounds, _) = Rounds::of(plane, "1s", 4);
    let servers = program::build_named("servers").unwrap();
    let server = Serving::start(&servers, "git", rounds.folder(), &[]).unwrap();
    let url = format!("{}/.git", server.url());
    let patch = json!({"spec": {"url": url, "ref": "main"}}).to_string();
    let name = ["policysource", "policies", "-n", "sources"];
    let change = [&["patch"], &name[..], &["--type=merge", "-p", &patch]].concat();
    plane.kubectl(&change, "").unwrap();
    let first = rounds.push();
    let replica = Replica::start(plane, "alone", "2");
    until(plane, &first);
    server.signal("STOP").unwrap();
    // The interval is over, and it is being asked.
    thread::sleep(Duration::from_secs(3));
    for message in ["by one", "by another"] {
        edit(plane, message);
        whole_again(plane, &rounds);
        assert_eq!(ready(plane), ["True", "Synced"], "{message}");
    }
    eventually("each is told of", || {
        let is_so = replica.told_times("PutBack") == 2;
        is_so.then_some(()).ok_or_else(|| replica.told().join(" "))
    });
    eventually("the server is given up", || {
        let ready = ready(plane);
        let is_so = ready == ["False", "FetchFailed"];
        is_so.then_some(()).ok_or_else(|| ready.join(" "))
    });
    // It is asked again, and hangs again.
    thread::sleep(Duration::from_secs(7));
    edit(plane, "by a third");
    whole_again(plane, &rounds);
    assert_eq!(ready(plane), ["False", "FetchFailed"]);
    server.signal("CONT").unwrap();
    let last = rounds.push();
    until(plane, &last);
    rounds.is_whole(plane);
}

fn ready(plane: &ControlPlane) -> [String; 2] {
    condition(&status(plane, "policies"), "Ready")
}

fn status(plane: &ControlPlane, name: &str) -> Value {
    let get = ["get", "policysource", name, "-n", "sources", "-o", "json"];
    let found: Value = serde_json::from_str(&plane.kubectl(&get, "").unwrap()).unwrap();
    found["status"].clone()
}
