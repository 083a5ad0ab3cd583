//! Several replicas of `portcullis-sync`, which are stopped and killed while commits come: at the end
//! the cluster is what the last commit says, and one replica at a time has written.

use std::{
    collections::BTreeSet,
    env, fs,
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use portcullis_api::custom_resources::OWN;
use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::{Value, json};

use crate::{
    kyverno,
    repository::Source,
    sync_controller::{asked_policy_source, policy_source_of},
    webhook_process::eventually,
};

pub(crate) const ALL: &[Test] = &[(
    "sync_survival::replicas_take_turns_and_survive",
    replicas_take_turns_and_survive,
)];

const KILLS: usize = 5;
/// How many policies each commit changes.
const POLICIES: usize = 40;

/// A process of the controller; it is killed when this is dropped.
struct Replica {
    name: String,
    process: Child,
    log: PathBuf,
}

impl Replica {
    fn start(plane: &ControlPlane, name: &str) -> Replica {
        let log = plane.folder().join(format!("{name}.log"));
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["portcullis-sync", "--resync", "2", "--lease-duration", "4"]);
        command.arg("--kubeconfig").arg(plane.kubeconfig());
        command.env("HOSTNAME", name);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Replica {
            name: name.to_owned(),
            process,
            log,
        }
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "{name}");
    }

    /// The reasons of the lines of its log.
    fn told(&self) -> Vec<String> {
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

/// A cluster with a source of which each commit changes all policies and replaces one.
struct Synced<'p> {
    source: Source<'p>,
    round: usize,
}

impl Synced<'_> {
    fn push(&mut self) -> String {
        self.round += 1;
        let round = self.round;
        let names = (0..POLICIES).map(|number| format!("kept-{number}"));
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
        let folder = self.source.root().join("plain");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("all.yaml"), policies.collect::<String>()).unwrap();
        self.source.commit(&format!("Round {round}"))
    }

    fn holder(&self, replicas: &[Replica]) -> usize {
        let mut found = 0;
        let lease = [
            "get",
            "lease",
            "portcullis-sync",
            "-n",
            "portcullis",
            "-o",
            "jsonpath={.spec.holderIdentity}",
        ];
        eventually("a replica holds the Lease", || {
            let said = self.source.plane.kubectl(&lease, "");
            let holder = said.map_err(|error| error.to_string())?;
            let of = |one: &Replica| holder.starts_with(&format!("{}_", one.name));
            found = replicas.iter().position(of).ok_or_else(|| holder.clone())?;
            Ok(())
        });
        found
    }

    fn status(&self) -> Value {
        policy_source_of(self.source.plane)["status"].clone()
    }

    fn until(&self, commit: &str) {
        eventually("the commit is in the cluster", || {
            let object = asked_policy_source(self.source.plane)?;
            let is_so = object["status"]["revision"] == commit;
            is_so
                .then_some(())
                .ok_or_else(|| object["status"].to_string())
        });
    }

    /// Objects, inventory and status are those of the last commit.
    fn is_whole(&self) {
        let list = ["get", "clusterpolicies", "-o", "json"];
        let list: Value =
            serde_json::from_str(&self.source.plane.kubectl(&list, "").unwrap()).unwrap();
        let mut names = BTreeSet::new();
        for policy in list["items"].as_array().unwrap() {
            let said = &policy["spec"]["rules"][0]["validate"]["message"];
            assert_eq!(said, &format!("round {}", self.round), "{policy}");
            let name = policy["metadata"]["name"].as_str().unwrap();
            names.insert(format!("kyverno.io/ClusterPolicy//{name}"));
        }
        assert_eq!(names.len(), POLICIES + 1);
        let status = self.status();
        assert_eq!(status["inventory"], json!(names));
        let get = [
            "get",
            "configmap",
            "-n",
            "sources",
            "-l",
            "portcullis.io/inventory",
            "-o",
            "json",
        ];
        let kept = self.source.plane.kubectl(&get, "").unwrap();
        let last = status["revision"].as_str().unwrap();
        assert!(kept.contains(last), "{kept}");
        assert_eq!(
            kept.matches("kyverno.io/ClusterPolicy//").count(),
            names.len()
        );
    }
}

fn replicas_take_turns_and_survive(_: &ControlPlane) {
    // What breaks would break for the other tests as well.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    let source = Source::new(&plane, "turns");
    for kind in OWN {
        kyverno::define_one(&plane, kind);
    }
    plane.create_namespace("sources").unwrap();
    let wanted = json!({
        "apiVersion": "portcullis.io/v1alpha1", "kind": "PolicySource",
        "metadata": {"name": "policies", "namespace": "sources"},
        "spec": {
            "url": format!("file://{}", source.root().display()),
            "path": "plain", "interval": "1s",
        },
    });
    let mut synced = Synced { source, round: 0 };
    let first = synced.push();
    plane.apply(&wanted.to_string()).unwrap();
    let mut replicas = ["one", "two"].map(|name| Replica::start(&plane, name));
    synced.until(&first);
    one_that_is_late_writes_nothing(&mut synced, &replicas);
    they_are_killed(&mut synced, &mut replicas);
}

/// A replica that stands still for longer than its Lease holds finds that it is not its turn any more.
fn one_that_is_late_writes_nothing(synced: &mut Synced<'_>, replicas: &[Replica]) {
    let late = &replicas[synced.holder(replicas)];
    late.signal("STOP");
    let commit = synced.push();
    synced.until(&commit);
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
    synced.is_whole();
}

fn they_are_killed(synced: &mut Synced<'_>, replicas: &mut [Replica]) {
    let seed = std::process::id();
    println!("seed {seed}");
    let mut moment = u64::from(seed);
    let mut last = String::new();
    for _ in 0..KILLS {
        let holder = synced.holder(replicas);
        last = synced.push();
        // Anywhere in the looking, judging and writing that follows.
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_millis((moment >> 33) % 2500));
        let name = replicas[holder].name.clone();
        replicas[holder] = Replica::start(synced.source.plane, &name);
    }
    synced.until(&last);
    synced.is_whole();
}
