//! The webhook from its start to its end: what it is told while it runs is followed, and nobody who
//! asks it meanwhile is left without an answer.

use std::{
    io::{self, Read},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use reqwest::{
    Certificate,
    blocking::{Body, Client},
};
use serde_json::{Value, json};

use crate::{
    kyverno,
    load::{ApiClient, POLICY, under_load},
    webhook_process::{Webhook, eventually, holder},
};

pub(crate) const ALL: &[Test] = &[
    (
        "lifecycle::definitions_come_and_go",
        definitions_come_and_go,
    ),
    (
        "lifecycle::a_change_is_served_within_a_second",
        a_change_is_served_within_a_second,
    ),
    (
        "lifecycle::it_ends_when_all_are_answered",
        it_ends_when_all_are_answered,
    ),
    (
        "lifecycle::its_configuration_changes_while_it_runs",
        its_configuration_changes_while_it_runs,
    ),
    (
        "lifecycle::each_key_of_its_configuration_takes_effect",
        each_key_of_its_configuration_takes_effect,
    ),
    (
        "lifecycle::its_certificates_change_while_it_runs",
        its_certificates_change_while_it_runs,
    ),
    (
        "lifecycle::certificates_change_while_the_writer_hangs",
        certificates_change_while_the_writer_hangs,
    ),
];

/// How long the list of endpoints has a replica after it has said that it is not ready.
const LISTED: Duration = Duration::from_secs(2);

/// How long the end may take: less than `terminationGracePeriodSeconds` of the chart.
const END: Duration = Duration::from_secs(25);

/// The Lease of the replica that writes.
const LEASE: &str = "portcullis-webhook";

const BAD: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: bad, namespace: shop, labels: {bad: x}}}";

fn started() -> (ControlPlane, Webhook) {
    // What it denies would be denied to the other tests as well.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    kyverno::define_one(&plane, &kyverno::KINDS[0]);
    plane.create_namespace("shop").unwrap();
    plane.create_namespace("portcullis").unwrap();
    plane.apply(POLICY).unwrap();
    let webhook = Webhook::start(&plane, "lifecycle");
    eventually("the policy is enforced", || is_denied(&plane));
    (plane, webhook)
}

fn attempt(plane: &ControlPlane) -> Result<(), String> {
    let create = ["create", "--dry-run=server", "-f", "-"];
    let done = plane.kubectl(&create, BAD);
    done.map(drop).map_err(|error| error.to_string())
}

fn is_denied(plane: &ControlPlane) -> Result<(), String> {
    match attempt(plane) {
        Err(said) if said.contains("no bad ones") => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// The review of an object that the policy refuses.
fn review() -> Vec<u8> {
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "bad", "namespace": "shop", "labels": {"bad": "x"}},
    });
    let request = json!({
        "uid": "1-2-3",
        "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "resource": {"group": "", "version": "v1", "resource": "configmaps"},
        "name": "bad",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "alice"},
        "object": object,
    });
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    review.to_string().into_bytes()
}

/// Asks a replica as the API server does; a new client has a new connection.
fn ask(client: &Client, address: &str, body: impl Into<Body>) -> Result<(), String> {
    let request = client.post(format!("https://{address}/validate/fail"));
    let request = request.header("content-type", "application/json");
    let answer = request.body(body).send().map_err(|error| {
        let error: &dyn std::error::Error = &error;
        let causes = std::iter::successors(Some(error), |error| error.source());
        causes
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
    })?;
    let text = answer.text().map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_str(&text).map_err(|_| text.clone())?;
    match &answer["response"]["allowed"] {
        Value::Bool(false) => Ok(()),
        _ => Err(text),
    }
}

/// A client that trusts what the webhook configuration says at the moment.
fn client(api: &ApiClient) -> Client {
    let bundle = STANDARD.decode(authorities(api)).unwrap();
    Client::builder()
        .tls_certs_only(Certificate::from_pem_bundle(&bundle).unwrap())
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

/// What the policy says of the object of [`review`].
fn said(client: &Client, address: &str) -> String {
    let request = client.post(format!("https://{address}/validate/fail"));
    let request = request.header("content-type", "application/json");
    let answer: Value = request.body(review()).send().unwrap().json().unwrap();
    let message = answer["response"]["status"]["message"].as_str();
    message.unwrap_or_default().to_owned()
}

/// How soon a change of a policy is served, once the API server has taken it.
const SERVED: Duration = Duration::from_secs(1);
const CHANGES: usize = 9;

fn a_change_is_served_within_a_second(_: &ControlPlane) {
    let (plane, webhook) = started();
    let client = client(&ApiClient::of(&plane));
    let mut taken: Vec<Duration> = (0..CHANGES)
        .map(|number| {
            let wanted = format!("change {number}, no bad ones");
            plane
                .apply(&POLICY.replace("no bad ones", &wanted))
                .unwrap();
            let began = Instant::now();
            while !said(&client, &webhook.address).contains(&wanted) {
                assert!(began.elapsed() < END, "{}", webhook.log());
                thread::sleep(Duration::from_millis(10));
            }
            began.elapsed()
        })
        .collect();
    taken.sort();
    println!("served after {taken:?}");
    // What else the machine does may hold up a few.
    assert!(taken[CHANGES / 2] < SERVED, "{taken:?}");
}

/// A body whose second half comes when it is time.
struct Slow<'a> {
    rest: Vec<u8>,
    halves: usize,
    is_time: &'a AtomicBool,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.halves == 1 {
            while !self.is_time.load(Relaxed) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        self.halves += 1;
        let length = (self.rest.len() / 2)
            .max(1)
            .min(buffer.len())
            .min(self.rest.len());
        let part: Vec<u8> = self.rest.drain(..length).collect();
        buffer[..length].copy_from_slice(&part);
        Ok(length)
    }
}

fn it_ends_when_all_are_answered(_: &ControlPlane) {
    let (plane, mut webhook) = started();
    let client = client(&ApiClient::of(&plane));
    let address = webhook.address.clone();
    let readiness = || {
        let asked = client.get(format!("https://{address}/health/readiness"));
        let answer = asked.send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    eventually("it is ready", || match readiness() {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    // Connections on which nothing comes do not hold it up.
    let _idle = std::net::TcpStream::connect(&address).unwrap();
    static IS_TIME: AtomicBool = AtomicBool::new(false);
    let (is_listed, answered) = (AtomicBool::new(true), AtomicUsize::new(0));
    let began = thread::scope(|scope| {
        let askers = std::array::from_fn::<_, 2, _>(|_| {
            scope.spawn(|| {
                while is_listed.load(Relaxed) {
                    ask(&client, &address, review()).unwrap();
                    answered.fetch_add(1, Relaxed);
                }
            })
        });
        let slow = scope.spawn(|| {
            let (rest, is_time) = (review(), &IS_TIME);
            let length = rest.len() as u64;
            let body = Slow {
                rest,
                halves: 0,
                is_time,
            };
            ask(&client, &address, Body::sized(body, length))
        });
        thread::sleep(Duration::from_secs(1));
        let began = Instant::now();
        webhook.signal("TERM");
        eventually("it says that it is not ready", || match readiness() {
            (503, said) if said == "stopping" => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let before = answered.load(Relaxed);
        thread::sleep(LISTED);
        is_listed.store(false, Relaxed);
        for asker in askers {
            asker.join().unwrap();
        }
        assert!(
            answered.load(Relaxed) > before + 10,
            "{answered:?} of {before}"
        );
        // Nobody new is served when the last answer goes out.
        eventually(
            "no connections are taken any more",
            || match std::net::TcpStream::connect(&address) {
                Ok(_) => Err("one is taken".to_owned()),
                Err(_) => Ok(()),
            },
        );
        assert!(!webhook.has_ended(), "it ended before its last answer");
        IS_TIME.store(true, Relaxed);
        slow.join().unwrap().unwrap();
        began
    });
    let status = webhook.ended();
    assert!(status.success(), "{status}: {}", webhook.log());
    assert!(began.elapsed() < END, "{:?}", began.elapsed());
    // Another replica would not wait until the Lease is over.
    assert_eq!(holder(&plane, LEASE).unwrap(), "", "{}", webhook.log());
}

fn configure(plane: &ControlPlane, data: &Value) {
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "portcullis", "namespace": "portcullis"},
        "data": data,
    });
    plane.apply(&map.to_string()).unwrap();
}

fn its_configuration_changes_while_it_runs(_: &ControlPlane) {
    let (plane, mut webhook) = started();
    let began = Instant::now();
    let let_in = |what: &str| eventually(what, || attempt(&plane));
    let denied = |what: &str| eventually(what, || is_denied(&plane));
    configure(&plane, &json!({"resourceFilters": "[ConfigMap,shop,*]"}));
    let_in("objects are left out");
    configure(&plane, &json!({"resourceFilters": "[ConfigMap,other,*]"}));
    denied("objects are left out no more");
    configure(&plane, &json!({"excludeGroups": "system:masters"}));
    let_in("users are left out");

    for (key, broken, place) in [
        (
            "resourceFilters",
            "[ConfigMap",
            "key `resourceFilters`, character ",
        ),
        (
            "webhooks",
            r#"{"namespaceSelector": "shop"}"#,
            "key `webhooks`, character ",
        ),
    ] {
        configure(&plane, &json!({"excludeGroups": "", key: broken}));
        eventually("the log says what is broken", || {
            let log = webhook.log();
            let lines = log
                .lines()
                .filter(|line| line.contains("configuration refused"));
            match lines.filter(|line| line.contains(place)).count() {
                0 => Err(log),
                _ => Ok(()),
            }
        });
        attempt(&plane).unwrap();
    }

    let elsewhere = r#"{"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]}}"#;
    configure(&plane, &json!({"excludeGroups": "", "webhooks": elsewhere}));
    eventually("the webhooks select namespaces", || {
        let get = [
            "get",
            "validatingwebhookconfiguration",
            "portcullis-validating",
            "-o",
        ];
        let path = "jsonpath={.webhooks[*].namespaceSelector.matchExpressions[*].values}";
        let values = plane.kubectl(&[&get[..], &[path]].concat(), "").unwrap();
        if values.contains("shop") {
            Ok(())
        } else {
            Err(values)
        }
    });
    let_in("namespaces are left out");
    plane
        .kubectl(
            &["delete", "configmap", "portcullis", "-n", "portcullis"],
            "",
        )
        .unwrap();
    denied("nothing is left out without a configuration");
    assert!(!webhook.has_ended());
    // Nobody has defined reports here: it is told once, though it is tried every 10 seconds.
    thread::sleep(Duration::from_secs(25).saturating_sub(began.elapsed()));
    let log = webhook.log();
    let told = log.matches("objects were not scanned").count();
    assert_eq!(told, 1, "{log}");
}

/// Alice edits in the namespace `shop`, and reads everywhere.
const BINDINGS: &str = "
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: editors, namespace: shop},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: editor}, subjects: [{kind: User, name: alice}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: readers},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}, subjects: [{kind: User, name: alice}]}
";

/// What each key says that lets Alice in, and nobody else; everybody where Bob is let in, too.
const LETS_IN: &[(&str, &str, bool)] = &[
    ("excludeUsernames", "carol, al*", false),
    ("excludeRoles", "shop:edit*", false),
    ("excludeClusterRoles", "reader", false),
    (
        "matchConditions",
        r#"[{"name": "others", "expression": "request.userInfo.username != 'alice'"}]"#,
        false,
    ),
    (
        "webhooks",
        r#"{"objectSelector": {"matchExpressions": [{"key": "bad", "operator": "DoesNotExist"}]}}"#,
        true,
    ),
    // As older charts of Kyverno write it.
    (
        "webhooks",
        r#"[{"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}], "matchLabels": null}}]"#,
        true,
    ),
];

fn each_key_of_its_configuration_takes_effect(_: &ControlPlane) {
    let (plane, webhook) = started();
    plane.apply(BINDINGS).unwrap();
    let asked = |user: &str| {
        let who = [format!("--as={user}"), "--as-group=system:masters".into()];
        let create = ["create", "--dry-run=server", "-f", "-"];
        let who = who.iter().map(String::as_str);
        let done = plane.kubectl(&create.into_iter().chain(who).collect::<Vec<_>>(), BAD);
        done.map(drop).map_err(|error| error.to_string())
    };
    let denied = |user: &str| match asked(user) {
        Err(said) if said.contains("no bad ones") => Ok(()),
        other => Err(format!("{user}: {other:?}")),
    };
    for (key, value, is_for_all) in LETS_IN {
        eventually("both are denied", || {
            denied("alice").and_then(|()| denied("bob"))
        });
        configure(&plane, &json!({*key: value}));
        eventually(value, || {
            asked("alice")?;
            match is_for_all {
                true => asked("bob"),
                false => denied("bob"),
            }
        });
        configure(&plane, &json!({*key: ""}));
    }
    eventually("nobody is left out", || denied("alice"));
    what_is_said_of_the_configurations(&plane);
    keys_without_effect_are_told(&plane, &webhook);
    denied("alice").unwrap();
}

fn what_is_said_of_the_configurations(plane: &ControlPlane) {
    configure(
        plane,
        &json!({"webhookLabels": r#"{"team": "a"}"#, "webhookAnnotations": r#"{"example.com/note": "b c"}"#}),
    );
    eventually("the configurations have labels and annotations", || {
        let get = ["get", "validatingwebhookconfigurations", "-o", "json"];
        let said = plane.kubectl(&get, "");
        let said = said.map_err(|error| error.to_string())?;
        let list: Value = serde_json::from_str(&said).unwrap();
        for one in list["items"].as_array().unwrap() {
            let metadata = &one["metadata"];
            let found = [
                &metadata["labels"]["team"],
                &metadata["annotations"]["example.com/note"],
            ];
            if found != ["a", "b c"] {
                return Err(metadata.to_string());
            }
        }
        Ok(())
    });
}

fn keys_without_effect_are_told(plane: &ControlPlane, webhook: &Webhook) {
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "portcullis", "namespace": "portcullis"},
        "data": {"maxContextSize": "2Mi", "updateRequestThreshold": "1000"},
        "binaryData": {"resourceFilters": STANDARD.encode("[ConfigMap]")},
    });
    plane.apply(&map.to_string()).unwrap();
    let told = r#""keys":["binaryData.resourceFilters","maxContextSize","updateRequestThreshold"]"#;
    eventually("the log lists what changes nothing", || {
        let log = webhook.log();
        match log.contains(told) {
            true => Ok(()),
            false => Err(log),
        }
    });
}

/// The Secret of the authority or of the server's certificate.
fn secret_of(what: &str) -> String {
    format!("portcullis-webhook.portcullis.svc.portcullis-tls-{what}")
}

/// Deletes a Secret.
fn gone(plane: &ControlPlane, secret: &str) {
    let secret = secret_of(secret);
    let delete = ["delete", "secret", &secret, "-n", "portcullis"];
    plane.kubectl(&delete, "").unwrap();
}

const WIDGETS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
";

/// How soon a kind is known that is defined; the API server tells it later than the definition.
const KNOWN: Duration = Duration::from_secs(20);

/// A kind that is defined after the policy about it, and the kind of policies, which goes and comes
/// again: both are enforced at once.
fn definitions_come_and_go(_: &ControlPlane) {
    let (plane, webhook) = started();
    let policy = POLICY
        .replace("no-bad-ones", "no-bad-widgets")
        .replace("ConfigMap", "Widget");
    plane.apply(&policy).unwrap();
    plane.apply(WIDGETS).unwrap();
    let widget = BAD
        .replace("v1", "example.com/v1")
        .replace("ConfigMap", "Widget");
    let began = Instant::now();
    eventually("a bad Widget is denied", || {
        match plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &widget) {
            Err(said) if said.to_string().contains("no bad ones") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(began.elapsed() < KNOWN, "{:?}", began.elapsed());
    let name = kyverno::KINDS[0].name();
    plane.kubectl(&["delete", "crd", &name], "").unwrap();
    eventually("nothing is left to enforce", || attempt(&plane));
    kyverno::define_one(&plane, &kyverno::KINDS[0]);
    eventually("a policy is taken", || {
        plane.apply(POLICY).map_err(|error| error.to_string())
    });
    let began = Instant::now();
    eventually("the policy is enforced again", || {
        is_denied(&plane).map_err(|said| format!("{said}\n{}", webhook.log()))
    });
    assert!(began.elapsed() < KNOWN, "{:?}", began.elapsed());
}

/// Says of a Secret that what is in it ends soon.
fn near_its_end(plane: &ControlPlane, secret: &str) {
    let secret = secret_of(secret);
    let annotate = [
        "annotate",
        "--overwrite",
        "secret",
        &secret,
        "-n",
        "portcullis",
    ];
    plane
        .kubectl(
            &[&annotate[..], &["portcullis.io/not-after=1000"]].concat(),
            "",
        )
        .unwrap();
}

fn its_certificates_change_while_it_runs(_: &ControlPlane) {
    let (plane, webhook) = started();
    let api = ApiClient::of(&plane);
    let replaced = || webhook.log().matches("certificate replaced").count();
    let is_over = AtomicBool::new(false);
    let counts = thread::scope(|scope| {
        // Clients with new connections, which trust what the webhook configuration says.
        let newcomer = scope.spawn(|| {
            let mut asked = 0;
            while !is_over.load(Relaxed) {
                ask(&client(&api), &webhook.address, review()).unwrap();
                asked += 1;
            }
            asked
        });
        let counts = under_load(&api, 100, 20, |_| {
            for (turn, (are_gone, secrets)) in [
                (false, &["pair"][..]),
                (false, &["ca"]),
                (false, &["pair"]),
                (false, &["ca", "pair"]),
                (true, &["ca", "pair"]),
                (true, &["ca"]),
            ]
            .into_iter()
            .enumerate()
            {
                let change = if are_gone { gone } else { near_its_end };
                let before = replaced();
                let bundle = authorities(&api);
                secrets.iter().for_each(|secret| change(&plane, secret));
                eventually("the certificates are replaced", || {
                    let is_done = match secrets.contains(&"pair") || are_gone {
                        true => replaced() > before,
                        false => authorities(&api) != bundle,
                    };
                    if is_done {
                        Ok(())
                    } else {
                        Err(format!("turn {turn}: {}", webhook.log()))
                    }
                });
                thread::sleep(Duration::from_secs(3));
            }
        });
        is_over.store(true, Relaxed);
        assert!(newcomer.join().unwrap() > 20);
        counts
    });
    assert_eq!(counts.interrupted.load(Relaxed), 0, "{counts:?}");
}

/// The authority changes, and the replica that writes the webhook configurations stands still: the other
/// one serves with what they let clients trust until it is its turn to name the new authority.
fn certificates_change_while_the_writer_hangs(_: &ControlPlane) {
    let (plane, writer) = started();
    let other = Webhook::start(&plane, "other");
    let api = ApiClient::of(&plane);
    let held = holder(&plane, LEASE).unwrap();
    assert!(held.starts_with("lifecycle_"), "{held}");
    let before = authorities(&api);
    writer.signal("STOP");
    for secret in ["ca", "pair"] {
        near_its_end(&plane, secret);
    }
    eventually("both are made anew", || {
        let made = ["ca", "pair"].map(|secret| kept(&plane, secret));
        match made.iter().any(|secret| secret.contains(r#""1000""#)) {
            true => Err(made.join("\n")),
            false => Ok(()),
        }
    });
    let replaced = || other.log().contains("certificate replaced");
    let (mut asked_before, mut asked) = (0, 0);
    eventually("the certificate is replaced", || {
        let is_named = authorities(&api) != before;
        // A client that has read the configuration before it changed reads it again.
        let answer = ask(&client(&api), &other.address, review());
        let answer = answer.or_else(|_| ask(&client(&api), &other.address, review()));
        answer.unwrap_or_else(|error| panic!("{is_named}: {error}\n{}", other.log()));
        asked += 1;
        asked_before += usize::from(!is_named);
        match replaced() {
            true => Ok(()),
            false => Err(other.log()),
        }
    });
    assert!(asked_before > 10, "{asked_before} of {asked}");
    assert_ne!(authorities(&api), before);
    ask(&client(&api), &other.address, review()).unwrap();
    writer.signal("CONT");
    eventually("the one that stood still serves the new one, too", || {
        ask(&client(&api), &writer.address, review())?;
        match writer.log().contains("certificate replaced") {
            true => Ok(()),
            false => Err(writer.log()),
        }
    });
}

/// A Secret of certificates, as it is.
fn kept(plane: &ControlPlane, secret: &str) -> String {
    let secret = secret_of(secret);
    let get = ["get", "secret", &secret, "-n", "portcullis", "-o", "json"];
    plane.kubectl(&get, "").unwrap()
}

/// What the webhook configuration trusts.
fn authorities(api: &ApiClient) -> String {
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/portcullis-validating";
    let (_, found) = api.get(path).unwrap();
    let bundle = found["webhooks"][0]["clientConfig"]["caBundle"].as_str();
    bundle.unwrap().to_owned()
}
