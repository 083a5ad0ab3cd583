//! `portcullis-sync` as processes that are stopped and killed, and a source of many policies for them.

use std::{
    collections::BTreeSet,
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use portcullis_api::custom_resources::OWN;
use portcullis_e2e::control_plane::ControlPlane;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    kyverno,
    repository::git,
    sync_controller::{asked_policy_source, policy_source_of},
    webhook_process::eventually,
};

/// How many policies each commit changes, where nothing else is said.
const POLICIES: usize = 40;

/// A process of the controller; it is killed when this is dropped.
pub(crate) struct Replica {
    pub(crate) name: String,
    process: Child,
    log: PathBuf,
}

impl Replica {
    pub(crate) fn start(plane: &ControlPlane, name: &str, resync: &str) -> Replica {
        let log = plane.folder().join(format!("{name}.log"));
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["portcullis-sync", "--resync", resync]);
        command.args(["--lease-duration", "4", "--kubeconfig"]);
        command.arg(plane.kubeconfig()).env("HOSTNAME", name);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Replica {
            name: name.to_owned(),
            process,
            log,
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "{name}");
    }

    /// In KiB, how much memory it has of its own now, without the pages of its program.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let memory = line.and_then(|line| line.split_whitespace().next());
        memory.unwrap().parse().unwrap()
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// How many lines of its log have this reason.
    pub(crate) fn told_times(&self, reason: &str) -> usize {
        let told = self.told();
        told.iter().filter(|one| *one == reason).count()
    }

    /// The reasons of the lines of its log.
    pub(crate) fn told(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let reasons = lines.map(|line: Value| line["reason"].as_str().unwrap().to_owned());
        reasons.collect()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A source of which each commit changes all policies and replaces one.
pub(crate) struct Rounds {
    folder: TempDir,
    policies: usize,
    round: usize,
}

impl Rounds {
    /// A repository with a first commit, and its PolicySource in a cluster.
    pub(crate) fn start(plane: &ControlPlane, interval: &str) -> (Rounds, String) {
        Rounds::of(plane, interval, POLICIES)
    }

    /// The same, of so many policies.
    pub(crate) fn of(plane: &ControlPlane, interval: &str, policies: usize) -> (Rounds, String) {
        kyverno::define_one(plane, &kyverno::KINDS[0]);
        for kind in OWN {
            kyverno::define_one(plane, kind);
        }
        for name in ["portcullis", "sources"] {
            plane.create_namespace(name).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "main"]);
        let wanted = json!({
            "apiVersion": "portcullis.io/v1alpha1", "kind": "PolicySource",
            "metadata": {"name": "policies", "namespace": "sources"},
            "spec": {
                "url": format!("file://{}", folder.path().display()),
                "path": "plain", "interval": interval,
            },
        });
        let mut rounds = Rounds {
            folder,
            policies,
            round: 0,
        };
        let first = rounds.push();
        plane.apply(&wanted.to_string()).unwrap();
        (rounds, first)
    }

    /// The folder of the repository.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn push(&mut self) -> String {
        self.round += 1;
        let round = self.round;
        let names = (0..self.policies).map(|number| format!("kept-{number}"));
        let policies = names.chain([format!("round-{round}")]).map(|name| {
            format!(
                "---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: {name}}}
spec:
  rules:
    - name: r
      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
      validate: {{failureAction: Audit, message: round {round}, pattern: {{metadata: {{name: '?*'}}}}}}
"
            )
        });
        let folder = self.folder.path().join("plain");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("all.yaml"), policies.collect::<String>()).unwrap();
        git(self.folder.path(), &["add", "-A"]);
        let message = format!("Round {round}");
        git(self.folder.path(), &["commit", "-q", "-m", &message]);
        git(self.folder.path(), &["rev-parse", "HEAD"])
    }

    /// Objects, inventory and status are those of the last commit.
    pub(crate) fn is_whole(&self, plane: &ControlPlane) {
        let list = ["get", "clusterpolicies", "-o", "json"];
        let list: Value = serde_json::from_str(&plane.kubectl(&list, "").unwrap()).unwrap();
        let mut names = BTreeSet::new();
        for policy in list["items"].as_array().unwrap() {
            let said = &policy["spec"]["rules"][0]["validate"]["message"];
            assert_eq!(said, &format!("round {}", self.round), "{policy}");
            let name = policy["metadata"]["name"].as_str().unwrap();
            names.insert(format!("kyverno.io/ClusterPolicy//{name}"));
        }
        assert_eq!(names.len(), self.policies + 1);
        let status = policy_source_of(plane)["status"].clone();
        assert_eq!(status["inventory"], json!(names));
        let label = "portcullis.io/inventory";
        let get = [
            "get",
            "configmap",
            "-n",
            "sources",
            "-l",
            label,
            "-o",
            "json",
        ];
        let kept = plane.kubectl(&get, "").unwrap();
        let last = status["revision"].as_str().unwrap();
        assert!(kept.contains(last), "{kept}");
        let kept = kept.matches("kyverno.io/ClusterPolicy//").count();
        assert_eq!(kept, names.len());
    }
}

/// Waits until a commit is in the cluster.
pub(crate) fn until(plane: &ControlPlane, commit: &str) {
    eventually("the commit is in the cluster", || {
        let object = asked_policy_source(plane)?;
        let is_so = object["status"]["revision"] == commit;
        is_so
            .then_some(())
            .ok_or_else(|| object["status"].to_string())
    });
}
