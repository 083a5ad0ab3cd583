//! The product in one sentence: a commit is pushed, the sync controller renders, verifies and applies
//! it, the webhook enforces it, and the denial names the commit, file and line.

use std::{
    env, fs,
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::Value;

use crate::{
    chart::{arguments, helm},
    repository::{Source, git},
    sync_controller::{policy_source, policy_source_of, secret, serve},
    webhook_process::{Webhook, eventually},
};

pub(crate) const ALL: &[Test] = &[("one_sentence::a_commit_is_enforced", a_commit_is_enforced)];

const ENVIRONMENT: &str = "environments/production/environment.yaml";

/// `portcullis-sync` as a process, with the arguments of the chart; it is killed when this is dropped.
struct Controller {
    process: Child,
    health: String,
}

impl Controller {
    fn start(plane: &ControlPlane, kubeconfig: &Path) -> Controller {
        let log = File::create(plane.folder().join("sync.log")).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = port.local_addr().unwrap().to_string();
        drop(port);
        let mut command = Command::new(env::current_exe().unwrap());
        command.arg("portcullis-sync");
        let (mut listens, anywhere) = (false, "0.0.0.0:8000");
        for argument in arguments(plane, "portcullis-sync") {
            listens |= argument.contains(anywhere);
            command.arg(argument.replace(anywhere, &address));
        }
        assert!(listens, "{command:?}");
        command.arg("--kubeconfig").arg(kubeconfig);
        command.args(["--resync", "5"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Controller {
            process: command.stderr(log).spawn().unwrap(),
            health: format!("http://{address}/health"),
        }
    }

    /// Both probes of the chart are answered.
    fn is_well(&self) {
        for probe in ["liveness", "readiness"] {
            eventually(probe, || {
                let url = format!("{}/{probe}", self.health);
                let answer = reqwest::blocking::get(url).map_err(|error| error.to_string())?;
                let status = answer.status();
                status.is_success().then_some(()).ok_or(status.to_string())
            });
        }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A cluster with a source that is synced and enforced.
struct Enforced<'p> {
    plane: &'p ControlPlane,
    source: Source<'p>,
}

impl Enforced<'_> {
    /// Commits all, pushes it, and gives the commit.
    fn push(&self, message: &str) -> String {
        let commit = self.source.commit(message);
        git(&self.source.root(), &["push", "-q", "../o/r.git", "main"]);
        commit
    }

    /// Waits until a commit is what the status says of a field.
    fn until(&self, field: &str, commit: &str) -> Value {
        let mut last = Value::Null;
        eventually(&format!("{field} is {commit}"), || {
            last = policy_source_of(self.plane)["status"].clone();
            if last[field] == commit {
                Ok(())
            } else {
                Err(last.to_string())
            }
        });
        last
    }

    /// Tries to create a Pod without labels, and gives what kubectl says of it.
    fn attempt(&self) -> Result<(), String> {
        let create = ["create", "--dry-run=server", "-f", "-"];
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: nginx}]}}";
        let done = self.plane.kubectl(&create, pod).map(drop);
        done.map_err(|error| error.to_string())
    }

    /// Waits until kubectl's refusal has all of these parts.
    fn is_denied(&self, parts: &[&str]) {
        eventually("a bad Pod is denied", || match self.attempt() {
            Err(said) if parts.iter().all(|part| said.contains(part)) => Ok(()),
            said => Err(format!("{said:?}")),
        });
    }
}

fn a_commit_is_enforced(_: &ControlPlane) {
    // What is denied here would be denied to the other tests as well.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    let source = Source::new(&plane, "sentence");
    plane.create_namespace("shop").unwrap();
    let (server, authority) = serve(&source);
    plane.apply(&secret("p@ss", &authority)).unwrap();
    plane.apply(&policy_source(&server)).unwrap();
    // Both have the permissions that the chart gives them, and no others.
    let defined = ["--set", "crds.kyverno=false,crds.portcullis=false"];
    helm(&plane, &[&["install"], &defined[..]].concat()).unwrap();
    let account = |name: &str| plane.kubeconfig_of_account("portcullis", name).unwrap();
    let _webhook = Webhook::start_as(&plane, "one", &account("portcullis-webhook"));
    let controller = Controller::start(&plane, &account("portcullis-sync"));
    let enforced = Enforced {
        plane: &plane,
        source,
    };
    let refused = a_bad_pod_is_denied_by_a_commit(&enforced);
    a_second_commit_relaxes_it(&enforced);
    let good = enforced_again(&enforced, &refused);
    a_broken_commit_changes_nothing(&enforced, &good);
    a_hand_edit_is_put_back(&enforced);
    an_environment_deleted_by_mistake_prunes_nothing(&enforced);
    controller.is_well();
}

fn a_bad_pod_is_denied_by_a_commit(enforced: &Enforced<'_>) -> String {
    enforced.source.edit(ENVIRONMENT, "Audit", "Enforce");
    let commit = enforced.push("Enforce the label");
    enforced.until("revision", &commit);
    let file = format!("{}:", enforced.source.template("label"));
    let parts = ["denied the request", "sentence-label", &file, &commit];
    enforced.is_denied(&parts);
    commit
}

fn a_second_commit_relaxes_it(enforced: &Enforced<'_>) {
    enforced.source.edit(ENVIRONMENT, "Enforce", "Audit");
    let commit = enforced.push("Only tell of the label");
    enforced.until("revision", &commit);
    eventually("a bad Pod is let in", || enforced.attempt());
}

fn enforced_again(enforced: &Enforced<'_>, first: &str) -> String {
    enforced.source.edit(ENVIRONMENT, "Audit", "Enforce");
    let commit = enforced.push("Enforce the label again");
    assert_ne!(commit, first);
    enforced.until("revision", &commit);
    enforced.is_denied(&[&commit]);
    commit
}

fn a_broken_commit_changes_nothing(enforced: &Enforced<'_>, good: &str) {
    let template = enforced.source.template("label");
    enforced.source.edit(&template, "validate:", "validat:");
    let broken = enforced.push("Break it");
    let status = enforced.until("attemptedRevision", &broken);
    assert_eq!(status["revision"], good);
    let stopped = &status["stoppedBy"];
    assert_eq!(stopped["file"], template.as_str(), "{stopped}");
    assert!(stopped["line"].is_u64(), "{stopped}");
    enforced.is_denied(&[good]);
}

fn a_hand_edit_is_put_back(enforced: &Enforced<'_>) {
    let patch =
        r#"[{"op": "replace", "path": "/spec/rules/0/validate/failureAction", "value": "Audit"}]"#;
    let edit = [
        "patch",
        "clusterpolicy",
        "sentence-label",
        "--type=json",
        "-p",
        patch,
    ];
    enforced.plane.kubectl(&edit, "").unwrap();
    eventually("the hand edit is put back", || {
        let policy = enforced.source.policy("label");
        let action = &policy["spec"]["rules"][0]["validate"]["failureAction"];
        if action == "Enforce" {
            Ok(())
        } else {
            Err(action.to_string())
        }
    });
    enforced.is_denied(&["sentence-label"]);
}

fn an_environment_deleted_by_mistake_prunes_nothing(enforced: &Enforced<'_>) {
    let template = enforced.source.template("label");
    enforced.source.edit(&template, "validat:", "validate:");
    let folder = Path::new(ENVIRONMENT).parent().unwrap();
    fs::remove_dir_all(enforced.source.root().join(folder)).unwrap();
    let commit = enforced.push("Delete the environment");
    let status = enforced.until("attemptedRevision", &commit);
    assert_ne!(status["revision"], commit.as_str());
    enforced.source.policy("label");
    enforced.is_denied(&["sentence-label"]);
}
