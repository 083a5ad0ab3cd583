//! Sources that cannot be synced, each for a reason of its own: status, log and metrics name it, it is
//! tried again later and later, and the source that is right goes on.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use portcullis_api::custom_resources::OWN;
use portcullis_cluster::{Cluster, ConnectOptions};
use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program, servers::Serving};
use portcullis_sync::{
    controller::{Controller, Logged},
    metrics::Metrics,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{kyverno, repository::git, sync_controller::condition};

pub(crate) const ALL: &[Test] = &[(
    "sync_bad_input::each_is_named_and_the_rest_goes_on",
    each_is_named_and_the_rest_goes_on,
)];

const SECRET: [(&str, &str); 2] = [("USERNAME", "me"), ("PASSWORD", "p@ss")];
/// How long failing sources are watched, of which the second and third try are 5 and 15 s after the first.
const WATCHED: Duration = Duration::from_secs(12);

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: in-order}
spec:
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {failureAction: Audit, message: m, pattern: {metadata: {name: '?*'}}}
";
const EXCEPTION: &str = "apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e, namespace: leaving}
spec:
  exceptions: [{policyName: p, ruleNames: [r]}]
  match: {any: [{resources: {kinds: [Pod], names: [a]}}]}
";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1
oid sha256:0000000000000000000000000000000000000000000000000000000000000000
size 9
";

/// A branch with one manifest, and what its source says.
struct Branch {
    name: &'static str,
    manifest: &'static str,
    message: &'static str,
    says: Says,
}

/// Reason, the condition beside `Ready`, the check, and a part of the message.
#[derive(Clone, Copy)]
struct Says(
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
);

const BRANCHES: &[Branch] = &[
    Branch {
        name: "link",
        manifest: "",
        message: "Link out of the tree",
        says: Says(
            "FetchFailed",
            "Reconciling",
            None,
            "outside of the repository",
        ),
    },
    Branch {
        name: "lfs",
        manifest: POINTER,
        message: "Keep it elsewhere",
        says: Says("FetchFailed", "Reconciling", None, "a pointer of Git LFS"),
    },
    Branch {
        name: "no-yaml",
        manifest: "a: [",
        message: "Break it",
        says: Says("VerifyFailed", "Stalled", Some("verify"), "plain/all.yaml:"),
    },
    Branch {
        name: "secret",
        manifest: "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: sources}}",
        message: "Write a Secret",
        says: Says(
            "Refused",
            "Stalled",
            Some("objects"),
            "this kind are not synced",
        ),
    },
    Branch {
        name: "nothing",
        manifest: "# Nothing yet.",
        message: "Begin",
        says: Says(
            "Refused",
            "Stalled",
            Some("objects"),
            "the revision has no object at all: no `.yaml`",
        ),
    },
    Branch {
        name: "trailer",
        manifest: POLICY,
        message: "Allow much\n\nPortcullis-Allow: prune=all",
        says: Says("Refused", "Stalled", Some("allowance"), "`prune=all`"),
    },
    Branch {
        name: "no-policy",
        manifest: "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: bad-input}, spec: {policyName: p, validationActions: [Deny, Warn, Warn]}}",
        message: "Bind it",
        says: Says(
            "ApplyFailed",
            "Stalled",
            Some("apply"),
            "plain/all.yaml:1: ",
        ),
    },
    Branch {
        name: "leaving",
        manifest: EXCEPTION,
        message: "Let something off",
        says: Says(
            "NotReady",
            "Reconciling",
            Some("ready"),
            "the namespace `leaving` is being terminated",
        ),
    },
];

/// The sources of one cluster.
struct Sources<'p> {
    plane: &'p ControlPlane,
    folder: TempDir,
    controller: Controller,
    metrics: Arc<Metrics>,
    log: Vec<Logged>,
}

impl Sources<'_> {
    fn work(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }

    fn add(&self, name: &str, spec: &Value) {
        let source = json!({
            "apiVersion": "portcullis.io/v1alpha1", "kind": "PolicySource",
            "metadata": {"name": name, "namespace": "sources"}, "spec": spec,
        });
        self.plane.apply(&source.to_string()).unwrap();
    }

    /// What is asked of a branch.
    fn of_branch(&self, name: &str) -> Value {
        let url = format!("file://{}", self.work().display());
        json!({"url": url, "ref": name, "path": "plain", "interval": "1s"})
    }

    fn pass(&mut self) {
        self.log.extend(self.controller.pass_to_the_end().unwrap());
    }

    fn pass_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.pass();
            thread::sleep(Duration::from_millis(500));
        }
    }

    fn status(&self, name: &str) -> Value {
        let get = ["get", "policysource", name, "-n", "sources", "-o", "json"];
        let found: Value = serde_json::from_str(&self.plane.kubectl(&get, "").unwrap()).unwrap();
        found["status"].clone()
    }

    /// How many passes over a source came to this.
    fn passes(&self, name: &str, result: &str) -> usize {
        let start = format!(
            r#"portcullis_sync_reconciles_total{{source="sources/{name}",work="fetch",result="{result}"}} "#
        );
        let text = self.metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.map_or(0, |count| count.parse().unwrap())
    }

    fn until_synced(&mut self, name: &str, commit: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        while self.status(name)["revision"] != commit {
            assert!(Instant::now() < end, "{}", self.status(name));
            self.pass();
            thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Writes a branch without what led to it.
fn branch(work: &Path, name: &str, message: &str, write: impl FnOnce(&Path)) -> String {
    git(work, &["checkout", "-q", "--orphan", name]);
    fs::remove_dir_all(work.join("plain")).ok();
    fs::create_dir(work.join("plain")).unwrap();
    write(&work.join("plain/all.yaml"));
    git(work, &["add", "-A"]);
    git(work, &["commit", "-q", "-m", message]);
    git(work, &["rev-parse", "HEAD"])
}

fn each_is_named_and_the_rest_goes_on(_: &ControlPlane) {
    // Other tests have the namespace `sources`, too.
    let plane = &ControlPlane::start(&program::build().unwrap()).unwrap();
    kyverno::define(plane);
    OWN.iter().for_each(|kind| kyverno::define_one(plane, kind));
    plane.create_namespace("sources").unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(plane.kubeconfig()),
        ..ConnectOptions::default()
    };
    let cluster = Arc::new(Cluster::connect(&options).unwrap());
    let metrics: Arc<Metrics> = Arc::default();
    let controller = Controller::new(&cluster, Duration::from_secs(5));
    let mut sources = Sources {
        plane,
        folder: tempfile::tempdir().unwrap(),
        controller: controller.counted(Arc::clone(&metrics)),
        metrics,
        log: Vec::new(),
    };
    let work = sources.work();
    fs::create_dir(&work).unwrap();
    git(&work, &["init", "-q", "-b", "start"]);
    let first = branch(&work, "good", "Be right", |file| {
        fs::write(file, POLICY).unwrap()
    });
    sources.add("good", &sources.of_branch("good"));
    sources.until_synced("good", &first);
    let mut wanted = of_branches(&sources);
    let servers = of_servers(&sources, &mut wanted);
    a_namespace_terminates(plane);
    all_are_named(&mut sources, &wanted);
    drop(servers);
    a_mended_commit_is_found_at_the_interval(&mut sources);
    of_two_new_owners_one_stays(&mut sources);
    history_is_replaced(&mut sources);
    the_namespace_is_gone(&mut sources);
}

type Wanted = Vec<(&'static str, Says)>;

fn of_branches(sources: &Sources<'_>) -> Wanted {
    let work = sources.work();
    for one in BRANCHES {
        branch(&work, one.name, one.message, |file| match one.name {
            "link" => symlink("/etc/passwd", file).unwrap(),
            _ => fs::write(file, one.manifest).unwrap(),
        });
        sources.add(one.name, &sources.of_branch(one.name));
    }
    let mut wanted: Wanted = BRANCHES.iter().map(|one| (one.name, one.says)).collect();
    let good = sources.of_branch("good");
    let with = |field: &str, value: Value| {
        let mut spec = good.clone();
        spec[field] = value;
        spec
    };
    let fetch = |part| Says("FetchFailed", "Reconciling", None, part);
    let spec = |part| Says("InvalidSpec", "Stalled", None, part);
    for (name, asked, says) in [
        (
            "owner",
            good.clone(),
            Says(
                "Refused",
                "Stalled",
                Some("owner"),
                "belongs to the source `sources/good`",
            ),
        ),
        (
            "no-ref",
            with("ref", json!("gone")),
            fetch("there is no branch, tag or commit `gone`"),
        ),
        (
            "no-path",
            with("path", json!("plane")),
            fetch("there is no `plane`"),
        ),
        (
            "path-out",
            with("path", json!("../plain")),
            fetch("is no path below the repository"),
        ),
        (
            "no-repository",
            with("url", json!("file:///nowhere")),
            fetch("no git repository"),
        ),
        (
            "unreachable",
            with("url", json!("https://127.0.0.1:1/o/r.git")),
            fetch("https://127.0.0.1:1/o/r.git: "),
        ),
        (
            "both",
            with("environment", json!("production")),
            spec("either `environment` or `path`"),
        ),
        (
            "no-secret",
            with("secretRef", json!({"name": "gone"})),
            spec("there is no Secret `gone`"),
        ),
        (
            "no-time",
            with("interval", json!("soon")),
            spec("`soon` is no time"),
        ),
    ] {
        sources.add(name, &asked);
        wanted.push((name, says));
    }
    wanted
}

/// Sources behind servers that want a password, have a certificate of nobody, or send broken packs.
fn of_servers(sources: &Sources<'_>, wanted: &mut Wanted) -> [Serving; 2] {
    let folder = sources.folder.path();
    git(folder, &["clone", "-q", "--bare", "work", "o/r.git"]);
    let program = program::build_named("servers").unwrap();
    let authority = folder.join("ca.pem");
    let tls = [("TLS", authority.to_str().unwrap())];
    let closed = Serving::start(&program, "git", folder, &[&SECRET[..], &tls].concat()).unwrap();
    let broken = Serving::start(&program, "git", folder, &[("BROKEN", "1")]).unwrap();
    let authority = fs::read_to_string(&authority).unwrap();
    for (name, password, authority) in [
        ("wrong", "wrong", authority.as_str()),
        ("unknown", "p@ss", ""),
    ] {
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "sources"},
            "stringData": {"username": "me", "password": password},
        });
        if !authority.is_empty() {
            secret["stringData"]["ca.crt"] = authority.into();
        }
        sources.plane.apply(&secret.to_string()).unwrap();
    }
    let of = |server: &Serving| {
        let url = format!("{}/o/r.git", server.url());
        json!({"url": url, "ref": "good", "path": "plain", "interval": "1s"})
    };
    let with = |secret: &str| {
        let mut spec = of(&closed);
        spec["secretRef"] = json!({"name": secret});
        spec
    };
    for (name, asked, says) in [
        (
            "user",
            with("wrong"),
            Says("Unauthorized", "Reconciling", None, "(401)"),
        ),
        (
            "authority",
            with("unknown"),
            Says("FetchFailed", "Reconciling", None, "certificate"),
        ),
        (
            "pack",
            of(&broken),
            Says(
                "FetchFailed",
                "Reconciling",
                None,
                "what the server sent cannot be used",
            ),
        ),
    ] {
        sources.add(name, &asked);
        wanted.push((name, says));
    }
    [closed, broken]
}

fn a_namespace_terminates(plane: &ControlPlane) {
    plane.create_namespace("leaving").unwrap();
    let held = "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: leaving, finalizers: [example.com/held]}}";
    plane.apply(held).unwrap();
    plane
        .kubectl(&["delete", "namespace", "leaving", "--wait=false"], "")
        .unwrap();
}

fn all_are_named(sources: &mut Sources<'_>, wanted: &Wanted) {
    sources.log.clear();
    let synced = sources.passes("good", "Synced");
    sources.pass_for(WATCHED);
    for (name, Says(reason, beside, check, part)) in wanted {
        let status = sources.status(name);
        assert_eq!(
            condition(&status, "Ready"),
            ["False", reason],
            "{name}: {status}"
        );
        assert_eq!(
            condition(&status, beside),
            ["True", reason],
            "{name}: {status}"
        );
        let message = status["conditions"][0]["message"].as_str().unwrap();
        assert!(message.contains(part), "{name}: {message}");
        assert!(!message.contains("p@ss"), "{name}: {message}");
        let found = status["stoppedBy"]["check"].as_str();
        assert_eq!(found, *check, "{name}: {status}");
        let of_it = |line: &&Logged| line.source == format!("sources/{name}");
        let told: Vec<&Logged> = sources.log.iter().filter(of_it).collect();
        // It is told once, though it is tried again.
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert_eq!(
            (told[0].reason, told[0].message.contains(part)),
            (*reason, true)
        );
        let tries = sources.passes(name, reason);
        assert!((2..=3).contains(&tries), "{name}: {tries} tries");
    }
    let synced = sources.passes("good", "Synced") - synced;
    assert!(synced >= 5, "{synced}");
}

/// The commit before it has just been tried for the third time, and the fourth is twenty seconds away.
fn a_mended_commit_is_found_at_the_interval(sources: &mut Sources<'_>) {
    let work = sources.work();
    while sources.passes("no-yaml", "VerifyFailed") < 3 {
        sources.pass_for(Duration::from_secs(1));
    }
    git(&work, &["checkout", "-q", "no-yaml"]);
    let mended = POLICY.replace("in-order", "mended");
    fs::write(work.join("plain/all.yaml"), mended).unwrap();
    git(&work, &["commit", "-q", "-a", "-m", "Mend it"]);
    let commit = git(&work, &["rev-parse", "HEAD"]);
    sources.pass_for(Duration::from_secs(4));
    let status = sources.status("no-yaml");
    assert_eq!(status["revision"], commit, "{status}");
}

/// Two sources that bring in one object in the same pass: it belongs to one of them, and the other says
/// to which. When that one wants it no more, it stays.
fn of_two_new_owners_one_stays(sources: &mut Sources<'_>) {
    let work = sources.work();
    let pair = ["left", "right"];
    for name in pair {
        let policy = POLICY.replace("in-order", "of-two");
        let policy = policy.replace("message: m", &format!("message: {name}"));
        let manifests = format!("{policy}---\n{}", POLICY.replace("in-order", name));
        branch(&work, name, name, |file| {
            fs::write(file, &manifests).unwrap()
        });
        let mut asked = sources.of_branch(name);
        asked["interval"] = json!("1h");
        sources.add(name, &asked);
    }
    // Whoever comes second knows it in the same pass.
    sources.pass();
    let path = r"jsonpath={.metadata.annotations.portcullis\.io/synced-by} {.spec.rules[0].validate.message}";
    let get = ["get", "clusterpolicy", "of-two", "-o", path];
    let of_two = sources.plane.kubectl(&get, "").unwrap();
    let owner = pair
        .into_iter()
        .find(|name| of_two == format!("sources/{name} {name}"));
    let owner = owner.unwrap_or_else(|| panic!("{of_two}"));
    let other = pair.into_iter().find(|name| *name != owner).unwrap();
    let status = sources.status(owner);
    assert_eq!(condition(&status, "Ready"), ["True", "Synced"], "{status}");
    let status = sources.status(other);
    assert_eq!(
        condition(&status, "Ready"),
        ["False", "Refused"],
        "{status}"
    );
    assert_eq!(status["inventory"], Value::Null, "{status}");
    let message = status["conditions"][0]["message"].as_str().unwrap();
    let wanted = format!("ClusterPolicy/of-two belongs to the source `sources/{owner}`");
    assert!(message.contains(&wanted), "{message}");

    git(&work, &["checkout", "-q", other]);
    fs::write(
        work.join("plain/all.yaml"),
        POLICY.replace("in-order", other),
    )
    .unwrap();
    git(
        &work,
        &["commit", "-q", "-a", "-m", "Leave it to the other"],
    );
    let commit = git(&work, &["rev-parse", "HEAD"]);
    sources.until_synced(other, &commit);
    assert_eq!(sources.plane.kubectl(&get, "").unwrap(), of_two);
}

/// A branch whose commits are replaced is followed, as is one that moves on.
fn history_is_replaced(sources: &mut Sources<'_>) {
    let work = sources.work();
    let changed = POLICY.replace("message: m", "message: another");
    git(&work, &["checkout", "-q", "good"]);
    fs::write(work.join("plain/all.yaml"), changed).unwrap();
    git(
        &work,
        &["commit", "-q", "-a", "--amend", "-m", "Be right again"],
    );
    let commit = git(&work, &["rev-parse", "HEAD"]);
    sources.until_synced("good", &commit);
    let path = "jsonpath={.spec.rules[0].validate.message}";
    let get = ["get", "clusterpolicy", "in-order", "-o", path];
    assert_eq!(sources.plane.kubectl(&get, "").unwrap(), "another");
}

/// Once the namespace is gone and there is a new one, the source is synced without a hand on it.
fn the_namespace_is_gone(sources: &mut Sources<'_>) {
    let let_go = r#"{"metadata": {"finalizers": null}}"#;
    let held = [
        "patch",
        "configmap",
        "held",
        "-n",
        "leaving",
        "--type=merge",
        "-p",
        let_go,
    ];
    sources.plane.kubectl(&held, "").unwrap();
    let wait = [
        "wait",
        "--for=delete",
        "namespace/leaving",
        "--timeout=120s",
    ];
    sources.plane.kubectl(&wait, "").unwrap();
    sources.plane.create_namespace("leaving").unwrap();
    let commit = git(&sources.work(), &["rev-parse", "leaving"]);
    sources.until_synced("leaving", &commit);
}
