//! Several replicas of `portcullis-sync`, which are stopped and killed while commits come: at the end
//! the cluster is what the last commit says, and one replica at a time has written.

use std::{
    thread,
    time::{Duration, Instant},
};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};

use portcullis_sync::ownership::MANAGER;

use crate::{
    sync_controller::policy_source_of,
    sync_process::{Replica, Rounds, until},
    webhook_process::{self, eventually},
};

pub(crate) const ALL: &[Test] = &[(
    "sync_survival::replicas_take_turns_and_survive",
    replicas_take_turns_and_survive,
)];

const KILLS: usize = 8;
/// How many of the kills must have hit before the commit was in the cluster.
const HITS: usize = 5;
const RESYNC: &str = "2";
/// How long the end of a process may take that is asked for it.
const STOP: Duration = Duration::from_secs(15);

fn replicas_take_turns_and_survive(_: &ControlPlane) {
    // What breaks would break for the other tests as well.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    let (mut rounds, first) = Rounds::start(&plane, "1s");
    let mut replicas = ["one", "two"].map(|name| Replica::start(&plane, name, RESYNC));
    until(&plane, &first);
    one_that_is_late_writes_nothing(&plane, &mut rounds, &replicas);
    one_that_is_asked_to_stop_does(&plane, &mut rounds, &mut replicas);
    they_are_killed(&plane, &mut rounds, &mut replicas);
}

fn holder(plane: &ControlPlane, replicas: &[Replica]) -> usize {
    let mut found = 0;
    eventually("a replica holds the Lease", || {
        let holder = webhook_process::holder(plane, MANAGER)?;
        let of = |one: &Replica| holder.starts_with(&format!("{}_", one.name));
        found = replicas.iter().position(of).ok_or_else(|| holder.clone())?;
        Ok(())
    });
    found
}

/// A replica that stands still for longer than its Lease holds finds that it is not its turn any more.
fn one_that_is_late_writes_nothing(
    plane: &ControlPlane,
    rounds: &mut Rounds,
    replicas: &[Replica],
) {
    let late = &replicas[holder(plane, replicas)];
    late.signal("STOP");
    let commit = rounds.push();
    until(plane, &commit);
    let before = late.told();
    late.signal("CONT");
    eventually("it knows that it is late", || {
        let told = late.told();
        let since = &told[before.len()..];
        assert!(
            !since
                .iter()
                .any(|reason| reason == "Synced" || reason == "PutBack"),
            "{since:?}"
        );
        let knows = since.iter().any(|reason| reason == "NotLeading");
        knows.then_some(()).ok_or_else(|| format!("{told:?}"))
    });
    rounds.is_whole(plane);
}

/// A replica that is asked to stop ends in the middle of its work, and leaves the rest to the other one,
/// which need not wait until the Lease is over.
fn one_that_is_asked_to_stop_does(
    plane: &ControlPlane,
    rounds: &mut Rounds,
    replicas: &mut [Replica],
) {
    let held = holder(plane, replicas);
    let commit = rounds.push();
    thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    replicas[held].signal("TERM");
    let status = replicas[held].ended();
    let (taken, told) = (began.elapsed(), replicas[held].told());
    assert!(status.success(), "{status}: {told:?}");
    assert!(taken < STOP, "{taken:?}: {told:?}");
    let kept = told.iter().any(|reason| reason == "LeaseKept");
    assert!(!kept, "{told:?}");
    let name = replicas[held].name.clone();
    let holder = webhook_process::holder(plane, MANAGER).unwrap();
    assert!(
        !holder.starts_with(&format!("{name}_")),
        "{holder}: {told:?}"
    );
    until(plane, &commit);
    rounds.is_whole(plane);
    replicas[held] = Replica::start(plane, &name, RESYNC);
}

fn they_are_killed(plane: &ControlPlane, rounds: &mut Rounds, replicas: &mut [Replica]) {
    let seed = std::process::id();
    println!("seed {seed}");
    let mut moment = u64::from(seed);
    let (mut last, mut kills, mut hits) = (String::new(), 0, 0);
    while kills < KILLS || hits < HITS {
        assert!(kills < 4 * KILLS, "{hits} of {kills} kills hit in time");
        let holder = holder(plane, replicas);
        last = rounds.push();
        // Anywhere in the looking, judging and writing that follows.
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_millis((moment >> 33) % 2500));
        let name = replicas[holder].name.clone();
        replicas[holder] = Replica::start(plane, &name, RESYNC);
        kills += 1;
        hits += usize::from(policy_source_of(plane)["status"]["revision"] != last.as_str());
    }
    println!("{hits} of {kills} kills hit before the commit was in the cluster");
    until(plane, &last);
    rounds.is_whole(plane);
}
