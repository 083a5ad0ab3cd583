//! The webhook under load while things break: it is killed, the API server restarts, its watches are
//! too old, etcd is away. While an Enforce policy fails closed, nothing that it refuses is let in, and
//! all works again without a hand.

use std::{
    env,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use reqwest::blocking::Client;
use serde_json::json;

use crate::{
    kyverno,
    load::{ApiClient, Counts, POLICY, under_load},
    webhook_process::{Webhook, eventually},
};

pub(crate) const ALL: &[Test] = &[(
    "survival::the_webhook_survives_under_load",
    the_webhook_survives_under_load,
)];

/// What each trouble must have been tried on.
const REVIEWS: usize = 1_000;
const DENIALS: usize = 100;
const KILLS: usize = 6;

/// How long etcd is away.
const AWAY: Duration = Duration::from_secs(20);

fn the_webhook_survives_under_load(_: &ControlPlane) {
    // What breaks would break for the other tests as well.
    let mut plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    kyverno::define_one(&plane, &kyverno::KINDS[0]);
    plane.create_namespace("shop").unwrap();
    plane.create_namespace("portcullis").unwrap();
    plane.apply(POLICY).unwrap();
    let client = ApiClient::of(&plane);
    let pod = Pod::start(&plane);
    eventually("the policy is enforced", || denied(&plane, "no bad ones"));
    it_is_killed(&plane, &client, &pod);
    the_api_server_restarts(&mut plane, &client, &pod);
    its_watches_are_too_old(&mut plane, &client, &pod);
    etcd_is_away(&mut plane, &client, &pod);
}

fn told(what: &str, counts: &Counts) {
    println!("{what}: {} reviews, {counts:?}", counts.reviews());
}

fn it_is_killed(plane: &ControlPlane, client: &ApiClient, pod: &Pod) {
    let mut dice = Dice::new();
    let mut kills = 0;
    let counts = under_load(client, REVIEWS, DENIALS, |counts| {
        pod.kept_running(plane, || {
            while kills < KILLS {
                thread::sleep(Duration::from_millis(dice.throw(1_000)));
                pod.signal("KILL");
                kills += 1;
                // It must have come back to be killed again.
                let before = counts.reviews();
                eventually("reviews go on", || match counts.reviews() {
                    now if now > before + 10 => Ok(()),
                    now => Err(format!("{now} reviews, {}", pod.log())),
                });
            }
        });
    });
    told("killed", &counts);
    assert!(
        kills >= 5 && counts.interrupted.load(Relaxed) > 0,
        "{kills} {counts:?}"
    );
}

fn the_api_server_restarts(plane: &mut ControlPlane, client: &ApiClient, pod: &Pod) {
    let counts = under_load(client, REVIEWS, DENIALS, |_| {
        plane.restart_api_server().unwrap();
        follows(plane, pod, "after the restart, no bad ones");
    });
    told("API server restarted", &counts);
}

/// While the webhook stands still, the API server forgets what it would have told it.
fn its_watches_are_too_old(plane: &mut ControlPlane, client: &ApiClient, pod: &Pod) {
    let policies = "/apis/kyverno.io/v1/clusterpolicies";
    let counts = under_load(client, REVIEWS, DENIALS, |_| {
        let (_, list) = client.get(policies).unwrap();
        let old = list["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .to_owned();
        pod.signal("STOP");
        let changed = POLICY.replace("no bad ones", "after the compaction, no bad ones");
        // The API server would ask the webhook that stands still, were it about policies.
        plane.apply(&changed).unwrap();
        plane
            .apply(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: later, namespace: portcullis}}",
            )
            .unwrap();
        compact(plane, client);
        plane.restart_api_server().unwrap();
        let watch = format!("{policies}?watch=true&timeoutSeconds=1&resourceVersion={old}");
        eventually("a watch from before is refused", || {
            let (code, event) = client.get(&watch).map_err(|error| error.to_string())?;
            let code = event["object"]["code"].as_u64().unwrap_or(code.into());
            if code == 410 {
                Ok(())
            } else {
                Err(event.to_string())
            }
        });
        pod.signal("CONT");
        eventually("the policy of now serves", || {
            denied(plane, "after the compaction")
        });
    });
    told("watches too old", &counts);
    follows(plane, pod, "no bad ones");
}

/// Makes etcd forget all but the present.
pub(crate) fn compact(plane: &ControlPlane, client: &ApiClient) {
    let (_, now) = client.get("/api/v1/namespaces").unwrap();
    let revision = now["metadata"]["resourceVersion"].as_str().unwrap();
    let url = format!("{}/v3/kv/compaction", plane.etcd_url());
    let body = json!({"revision": revision, "physical": true}).to_string();
    let done = Client::new().post(url).body(body).send().unwrap();
    assert!(done.status().is_success(), "{}", done.text().unwrap());
}

fn etcd_is_away(plane: &mut ControlPlane, client: &ApiClient, pod: &Pod) {
    let counts = under_load(client, REVIEWS, DENIALS, |_| {
        plane.without_etcd(|_| thread::sleep(AWAY)).unwrap();
        follows(plane, pod, "after etcd was away, no bad ones");
    });
    told("etcd away", &counts);
    assert!(counts.interrupted.load(Relaxed) > 0, "{counts:?}");
}

/// A change of the policy is served: the webhook still sees what happens.
fn follows(plane: &ControlPlane, pod: &Pod, message: &str) {
    let changed = POLICY.replace("no bad ones", message);
    eventually("the policy can be changed", || {
        plane.apply(&changed).map_err(|error| error.to_string())
    });
    eventually("a change is served", || {
        denied(plane, message).map_err(|said| format!("{said}\n{}", pod.log()))
    });
}

fn denied(plane: &ControlPlane, part: &str) -> Result<(), String> {
    let bad = "{apiVersion: v1, kind: ConfigMap, metadata: {name: bad, namespace: shop, labels: {bad: x}}}";
    match plane.kubectl(&["create", "-f", "-"], bad) {
        Ok(_) => Err("it is let in".to_owned()),
        Err(said) if said.to_string().contains(part) => Ok(()),
        Err(said) => Err(said.to_string()),
    }
}

/// The webhook as a Pod has it: always at one address, and started again where it ends.
struct Pod {
    webhook: Mutex<Webhook>,
    address: String,
}

impl Pod {
    fn start(plane: &ControlPlane) -> Pod {
        let webhook = Webhook::start(plane, "pod");
        let address = webhook.address.clone();
        let webhook = Mutex::new(webhook);
        Pod { webhook, address }
    }

    fn signal(&self, name: &str) {
        self.webhook.lock().unwrap().signal(name);
    }

    fn log(&self) -> String {
        self.webhook.lock().unwrap().log()
    }

    /// Does what a kubelet does while something else is done.
    fn kept_running(&self, plane: &ControlPlane, act: impl FnOnce()) {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    let mut webhook = self.webhook.lock().unwrap();
                    if webhook.has_ended() {
                        *webhook = Webhook::start_again(plane, "pod", &self.address);
                    }
                    drop(webhook);
                    thread::sleep(Duration::from_millis(50));
                }
            });
            let _end = Over(&is_over);
            act();
        });
    }
}

/// Says at its end, whatever that is, that something is over.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Random numbers of a seed that is told; `SEED` gives another one.
struct Dice(u64);

impl Dice {
    fn new() -> Dice {
        let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        println!("SEED={seed}");
        Dice(seed)
    }

    /// A number below a bound, by splitmix64.
    fn throw(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
