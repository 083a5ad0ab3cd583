//! The controller of PolicySources: what it brings in, what it says, and what it leaves alone.

use std::{
    fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use portcullis_api::custom_resources::OWN;
use portcullis_cluster::{Cluster, ConnectOptions};
use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program, servers::Serving};
use portcullis_sync::controller::Controller;
use serde_json::{Value, json};

use crate::{
    kyverno,
    portcullis::run,
    repository::{Source, contains, git},
};

pub(crate) const ALL: &[Test] = &[(
    "sync_controller::a_source_is_kept_in_the_cluster",
    a_source_is_kept_in_the_cluster,
)];

const SECRET: [(&str, &str); 2] = [("USERNAME", "me"), ("PASSWORD", "p@ss")];

/// A PolicySource in a namespace of its own, of a repository behind HTTPS and a password.
struct Watched<'p> {
    source: Source<'p>,
    controller: Controller,
    _server: Serving,
}

impl Watched<'_> {
    /// Looks once more, when the interval is over, and gives the status.
    fn pass(&mut self) -> Value {
        thread::sleep(Duration::from_millis(1100));
        self.controller.pass_to_the_end().unwrap();
        self.get()["status"].clone()
    }

    /// Lets the controller do what it is told to by its watches, until something is so.
    fn until(&mut self, is_so: impl Fn(&Watched<'_>) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !is_so(self) {
            assert!(Instant::now() < end, "{}", self.events());
            self.controller.wait(Duration::from_secs(1), || false);
            self.controller.pass_to_the_end().unwrap();
        }
    }

    fn get(&self) -> Value {
        policy_source_of(self.source.plane)
    }

    fn push(&self, message: &str) -> String {
        let commit = self.source.commit(message);
        git(&self.source.root(), &["push", "-q", "../o/r.git", "main"]);
        commit
    }

    fn events(&self) -> String {
        let list = [
            "get",
            "events",
            "-n",
            "sources",
            "-o",
            "jsonpath={range .items[*]}{.reason}: {.message}{\"\\n\"}{end}",
        ];
        self.source.plane.kubectl(&list, "").unwrap()
    }
}

pub(crate) fn condition(status: &Value, name: &str) -> [String; 2] {
    let conditions = status["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|one| one["type"] == name);
    ["status", "reason"].map(|part| {
        found
            .map_or("none", |one| one[part].as_str().unwrap())
            .to_owned()
    })
}

pub(crate) fn secret(password: &str, authority: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "repository", "namespace": "sources"},
        "stringData": {"username": "me", "password": password, "ca.crt": authority},
    })
    .to_string()
}

/// Serves the repository behind HTTPS and a password, and makes ready the namespace `sources`. Returns
/// the server and the authority of its certificate.
pub(crate) fn serve(source: &Source<'_>) -> (Serving, String) {
    let folder = source.folder.path();
    git(folder, &["clone", "-q", "--bare", "work", "o/r.git"]);
    let authority = folder.join("ca.pem");
    let settings = [&SECRET[..], &[("TLS", authority.to_str().unwrap())]].concat();
    let servers = program::build_named("servers").unwrap();
    let server = Serving::start(&servers, "git", folder, &settings).unwrap();
    for kind in OWN {
        kyverno::define_one(source.plane, kind);
    }
    source.plane.create_namespace("sources").unwrap();
    (server, fs::read_to_string(&authority).unwrap())
}

/// The PolicySource `policies` of what is served.
pub(crate) fn policy_source(server: &Serving) -> String {
    json!({
        "apiVersion": "portcullis.io/v1alpha1", "kind": "PolicySource",
        "metadata": {"name": "policies", "namespace": "sources"},
        "spec": {
            "url": format!("{}/o/r.git", server.url()), "ref": "main", "environment": "production",
            "interval": "1s", "secretRef": {"name": "repository"},
        },
    })
    .to_string()
}

/// The PolicySource as it stands in the cluster.
pub(crate) fn policy_source_of(plane: &ControlPlane) -> Value {
    asked_policy_source(plane).unwrap()
}

/// The same, or why the cluster does not say.
pub(crate) fn asked_policy_source(plane: &ControlPlane) -> Result<Value, String> {
    let get = [
        "get",
        "policysource",
        "policies",
        "-n",
        "sources",
        "-o",
        "json",
    ];
    let said = plane.kubectl(&get, "");
    let said = said.map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&said).unwrap())
}

fn a_source_is_kept_in_the_cluster(plane: &ControlPlane) {
    let source = Source::new(plane, "watched");
    let (server, authority) = serve(&source);
    plane.apply(&secret("wrong", &authority)).unwrap();
    plane.apply(&policy_source(&server)).unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(plane.kubeconfig()),
        ..ConnectOptions::default()
    };
    let cluster = Arc::new(Cluster::connect(&options).unwrap());
    let mut watched = Watched {
        controller: Controller::new(&cluster, Duration::from_secs(30)),
        source,
        _server: server,
    };
    wrong_credentials_are_named(&mut watched, &authority);
    commits_are_followed(&mut watched);
    drift_is_put_back(&mut watched);
    drift_is_put_back_at_once(&mut watched);
    what_is_suspended_is_left_alone(&mut watched);
}

fn wrong_credentials_are_named(watched: &mut Watched<'_>, authority: &str) {
    let status = watched.pass();
    assert_eq!(condition(&status, "Ready"), ["False", "Unauthorized"]);
    assert_eq!(condition(&status, "Reconciling"), ["True", "Unauthorized"]);
    watched
        .source
        .plane
        .apply(&secret("p@ss", authority))
        .unwrap();
    // It is tried again after some seconds.
    watched.pass();
    thread::sleep(Duration::from_secs(4));
    let status = watched.pass();
    assert_eq!(condition(&status, "Ready"), ["True", "Synced"]);
    assert_eq!(condition(&status, "Reconciling"), ["none", "none"]);
}

fn commits_are_followed(watched: &mut Watched<'_>) {
    let head = watched.source.commit_of_head();
    let status = watched.pass();
    assert_eq!(status["revision"], head.as_str());
    assert_eq!(
        status["inventory"],
        json!(["kyverno.io/ClusterPolicy//watched-label"])
    );
    // Without a change nothing is written, not even the status.
    let before = watched.get();
    watched.pass();
    assert_eq!(watched.get(), before);
    let template = watched.source.template("label");
    watched.source.edit(&template, "validate:", "validat:");
    let broken = watched.push("Break it");
    let status = watched.pass();
    assert_eq!(condition(&status, "Stalled"), ["True", "VerifyFailed"]);
    assert_eq!(
        [&status["revision"], &status["attemptedRevision"]],
        [head.as_str(), broken.as_str()]
    );
    let stopped = &status["stoppedBy"];
    assert_eq!(
        [&stopped["file"], &stopped["check"]],
        [template.as_str(), "verify"],
        "{stopped}"
    );
    assert_eq!(stopped["line"], 21);
    let told = run(&watched.source.plane.kubeconfig(), &["sync", "status"]);
    contains(
        &told.data,
        &["VerifyFailed", &format!("commit {broken} does not pass")],
    );
    git(&watched.source.root(), &["revert", "--no-edit", "HEAD"]);
    let back = watched.push_head();
    thread::sleep(Duration::from_secs(5));
    let status = watched.pass();
    assert_eq!(status["revision"], back.as_str());
    assert_eq!(status["stoppedBy"], Value::Null);
    contains(
        &watched.events(),
        &["Synced: revision", "VerifyFailed: commit"],
    );
}

fn drift_is_put_back(watched: &mut Watched<'_>) {
    let edit = [
        "patch",
        "clusterpolicy",
        "watched-label",
        "--type=merge",
        "--field-manager=a-person",
        "-p",
    ];
    let patch = r#"{"spec": {"failurePolicy": "Ignore"}}"#;
    watched
        .source
        .plane
        .kubectl(&[&edit[..], &[patch]].concat(), "")
        .unwrap();
    watched.pass();
    assert_eq!(
        watched.source.policy("label")["spec"]["failurePolicy"],
        Value::Null
    );
    contains(
        &watched.events(),
        &["PutBack: put back ClusterPolicy/watched-label, which a-person changed"],
    );
}

fn drift_is_put_back_at_once(watched: &mut Watched<'_>) {
    let plane = watched.source.plane;
    let seldom = [
        "patch",
        "policysource",
        "policies",
        "-n",
        "sources",
        "--type=merge",
        "-p",
        r#"{"spec": {"interval": "1h"}}"#,
    ];
    plane.kubectl(&seldom, "").unwrap();
    watched.pass();
    let edit = [
        "patch",
        "clusterpolicy",
        "watched-label",
        "--type=merge",
        "--field-manager=another",
        "-p",
        r#"{"spec": {"failurePolicy": "Ignore"}}"#,
    ];
    plane.kubectl(&edit, "").unwrap();
    watched.until(|watched| watched.events().contains("which another changed"));
    assert_eq!(
        watched.source.policy("label")["spec"]["failurePolicy"],
        Value::Null
    );
    let delete = ["delete", "clusterpolicy", "watched-label"];
    plane.kubectl(&delete, "").unwrap();
    let told = "put back ClusterPolicy/watched-label, which was deleted";
    watched.until(|watched| watched.events().contains(told));
    watched.source.policy("label");
}

fn what_is_suspended_is_left_alone(watched: &mut Watched<'_>) {
    let patch = r#"{"spec": {"suspend": true}}"#;
    let edit = [
        "patch",
        "policysource",
        "policies",
        "-n",
        "sources",
        "--type=merge",
        "-p",
        patch,
    ];
    watched.source.plane.kubectl(&edit, "").unwrap();
    let delete = ["delete", "clusterpolicy", "watched-label"];
    watched.source.plane.kubectl(&delete, "").unwrap();
    let before = watched.get();
    watched.pass();
    assert_eq!(watched.get(), before);
    let list = watched
        .source
        .plane
        .kubectl(&["get", "clusterpolicies", "-o", "name"], "")
        .unwrap();
    assert!(!list.contains("watched-label"), "{list}");
}

impl Watched<'_> {
    fn push_head(&self) -> String {
        git(&self.source.root(), &["push", "-q", "../o/r.git", "main"]);
        self.source.commit_of_head()
    }
}
