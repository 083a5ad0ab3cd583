//! `sync`: from a commit to the cluster, and everything that keeps a commit out of it.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use portcullis_api::custom_resources::CustomResource;
use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::{Value, json};

use crate::{
    portcullis::run,
    repository::{Source, contains, git},
    survival::Over,
    sync_process::{Replica, Rounds, until},
};

pub(crate) const ALL: &[Test] = &[
    (
        "sync::from_commits_to_the_cluster",
        from_commits_to_the_cluster,
    ),
    (
        "sync::what_others_changed_is_put_back",
        what_others_changed_is_put_back,
    ),
    ("sync::budgets_hold", budgets_hold),
    (
        "sync::what_is_there_is_taken_over",
        what_is_there_is_taken_over,
    ),
    ("sync::a_thousand_policies", a_thousand_policies),
    (
        "sync::a_thousand_policies_need_little_memory",
        a_thousand_policies_need_little_memory,
    ),
    ("sync::manifests_of_a_path", manifests_of_a_path),
    (
        "sync::what_cannot_be_synced_is_named",
        what_cannot_be_synced_is_named,
    ),
];

const PRODUCTION: &[&str] = &["--environment", "production", "--once"];

fn from_commits_to_the_cluster(plane: &ControlPlane) {
    let source = Source::new(plane, "push");
    let head = source.commit_of_head();
    let planned = source.sync(&["--environment", "production", "--plan"]);
    contains(
        &planned.data,
        &[
            "create   ClusterPolicy/push-label",
            "1 to write, 0 to delete",
        ],
    );
    assert_eq!(source.versions(), [""; 0]);
    contains(
        &source.once(),
        &[
            "create   ClusterPolicy/push-label",
            "1 written, 0 deleted, 0 as they",
        ],
    );
    let policy = source.policy("label");
    for (name, value) in [
        ("source", format!("file://{}", source.root().display())),
        ("commit", head.clone()),
        ("path", source.template("label")),
        ("line", "2".to_owned()),
        ("synced-by", "push".to_owned()),
    ] {
        assert_eq!(
            policy["metadata"]["annotations"][format!("portcullis.io/{name}")],
            value.as_str()
        );
    }
    // Without a change, nothing is written.
    let there = source.versions();
    contains(
        &source.once(),
        &["0 written, 0 deleted, 1 as they should be"],
    );
    assert_eq!(source.versions(), there);
    // A second commit changes one policy, and leaves the other as it is.
    source.add_policy("other");
    source.edit(&source.template("label"), "must be set", "is missing");
    source.update_readmes();
    let second = source.commit("Say it otherwise");
    contains(
        &source.once(),
        &[
            "change   ClusterPolicy/push-label",
            "create   ClusterPolicy/push-other",
        ],
    );
    assert_eq!(
        source.policy("label")["metadata"]["annotations"]["portcullis.io/commit"],
        second.as_str()
    );
    // A broken one changes nothing, and says where.
    source.edit(&source.template("other"), "validate:", "validat:");
    source.commit("Break it");
    let told = source.refused(PRODUCTION);
    contains(
        &told,
        &[&format!("{}:21:7", source.template("other")), "validat"],
    );
    git(&source.root(), &["revert", "--no-edit", "HEAD"]);
    // A test that fails does, too.
    source.edit(&source.template("other"), "\"?*\"", "\"web-*\"");
    source.commit("Break a test");
    contains(
        &source.refused(PRODUCTION),
        &["tests/kyverno-test.yaml:9", "Want pass, got fail"],
    );
    git(&source.root(), &["revert", "--no-edit", "HEAD"]);
    contains(
        &source.once(),
        &["0 written, 0 deleted, 2 as they should be"],
    );
    let status = run(&plane.kubeconfig(), &["sync", "status", "--objects"]);
    contains(&status.data, &["push", "push: ClusterPolicy/push-label"]);
}

fn what_others_changed_is_put_back(plane: &ControlPlane) {
    let source = Source::new(plane, "drift");
    source.once();
    for patch in [
        r#"{"spec": {"background": false}}"#,
        r#"{"spec": {"failurePolicy": "Ignore"}}"#,
        r#"{"spec": {"rules": []}}"#,
    ] {
        let before = source.policy("label")["spec"].clone();
        let edit = [
            "patch",
            "clusterpolicy",
            "drift-label",
            "--type=merge",
            "--field-manager=a-person",
            "-p",
            patch,
        ];
        plane.kubectl(&edit, "").unwrap();
        assert_ne!(source.policy("label")["spec"], before);
        contains(
            &source.once(),
            &["put back ClusterPolicy/drift-label, which a-person changed"],
        );
        assert_eq!(source.policy("label")["spec"], before, "{patch}");
        contains(
            &source.once(),
            &["0 written, 0 deleted, 1 as they should be"],
        );
    }
    // What others note on it stays.
    let note = ["annotate", "clusterpolicy", "drift-label", "seen=yes"];
    plane.kubectl(&note, "").unwrap();
    contains(&source.once(), &["0 written"]);
    let delete = ["delete", "clusterpolicy", "drift-label"];
    plane.kubectl(&delete, "").unwrap();
    contains(&source.once(), &["create   ClusterPolicy/drift-label"]);
}

fn budgets_hold(plane: &ControlPlane) {
    let source = Source::new(plane, "budget");
    for name in ["b", "c", "d"] {
        source.add_policy(name);
    }
    source.edit(
        "environments/production/environment.yaml",
        "Audit",
        "Enforce",
    );
    source.commit("Add policies");
    contains(&source.once(), &["4 written"]);
    // The environment is deleted by mistake.
    fs::remove_dir_all(source.root().join("environments/production")).unwrap();
    source.commit("Tidy up");
    contains(
        &source.refused(PRODUCTION),
        &["there is no environment `production`"],
    );
    git(&source.root(), &["revert", "--no-edit", "HEAD"]);
    // Two policies at once are too many, unless that is meant.
    source.remove_policy("c");
    source.remove_policy("d");
    source.commit("Remove two");
    contains(
        &source.refused(PRODUCTION),
        &[
            "2 objects would be deleted, and 1 may be: ClusterPolicy/budget-c, ClusterPolicy/budget-d",
            "`Portcullis-Allow: prune=2`",
        ],
    );
    source.commit_nothing("Remove two\n\nPortcullis-Allow: prune=2");
    contains(
        &source.once(),
        &[
            "delete   ClusterPolicy/budget-c",
            "delete   ClusterPolicy/budget-d",
            "2 deleted",
        ],
    );
    // So are two that only audit.
    source.edit(
        "environments/production/environment.yaml",
        "Enforce",
        "Audit",
    );
    source.commit("Relax");
    contains(
        &source.refused(PRODUCTION),
        &[
            "2 objects would be weaker, and 1 may be: ClusterPolicy/budget-b (rule `label`: failure action Enforce → Audit)",
        ],
    );
    source.commit_nothing("Relax\n\nPortcullis-Allow: weaken=2");
    contains(
        &source.once(),
        &["weaker   ClusterPolicy/budget-label: rule `label`"],
    );
}

fn manifests_of_a_path(plane: &ControlPlane) {
    let source = Source::new(plane, "path");
    fs::create_dir(source.root().join("plain")).unwrap();
    let manifests = "apiVersion: v1
kind: Namespace
metadata: {name: path-exceptions}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: paths.sync.example.com}
spec:
  group: sync.example.com
  scope: Namespaced
  names: {kind: Path, plural: paths}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: path-one, namespace: path-exceptions}
spec:
  exceptions: [{policyName: p, ruleNames: [r]}]
  match: {any: [{resources: {kinds: [Pod], names: [a]}}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: path-native}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: 'true'}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: path-native}
spec: {policyName: path-native, validationActions: [Audit]}
";
    fs::write(source.root().join("plain/all.yaml"), manifests).unwrap();
    source.commit("Write manifests");
    // A branch of the path's name decides nothing.
    git(&source.root(), &["branch", "plain", "HEAD~1"]);
    let plain = ["--path", "plain", "--once"];
    let said = source.sync(&plain);
    assert_eq!(said.code, 0, "{}", said.talk);
    let created: Vec<&str> = said.data.lines().collect();
    let order = [
        "create   Namespace/path-exceptions",
        "create   CustomResourceDefinition/paths.sync.example.com",
        "create   PolicyException/path-exceptions/path-one",
        "create   ValidatingAdmissionPolicy/path-native",
        "create   ValidatingAdmissionPolicyBinding/path-native",
    ];
    assert_eq!(created[..5], order);
    let again = source.sync(&plain);
    contains(&again.data, &["0 written, 0 deleted, 5 as they should be"]);
    // What the server does not take stops all of it.
    let file = "plain/all.yaml";
    source.edit(file, "names: [a]", "names: [b]");
    source.edit(
        file,
        "validationActions: [Audit]",
        "validationActions: [Deny, Warn, Warn]",
    );
    source.commit("Break the binding");
    let told = source.refused(&plain);
    contains(
        &told,
        &["plain/all.yaml:28: ValidatingAdmissionPolicyBinding/path-native: the server refuses it"],
    );
    git(&source.root(), &["revert", "--no-edit", "HEAD"]);
    // A wrong path, or an empty one, prunes nothing.
    contains(
        &source.refused(&["--path", "plane", "--once"]),
        &["there is no `plane`"],
    );
    contains(
        &source.refused(&["--path", "../plain", "--once"]),
        &["`../plain` is no path below the repository"],
    );
    fs::write(source.root().join(file), "# nothing\n").unwrap();
    source.commit("Empty it");
    contains(
        &source.refused(&plain),
        &["the revision has no object at all, and 5 of it are in the cluster"],
    );
}

fn what_cannot_be_synced_is_named(plane: &ControlPlane) {
    let source = Source::new(plane, "wrong");
    let elsewhere = [PRODUCTION, &["--inventory-namespace", "gone"]].concat();
    contains(
        &source.refused(&elsewhere),
        &["there is no namespace `gone`", "`--inventory-namespace`"],
    );
    source.once();
    let root = source.root();
    symlink("/etc/passwd", root.join("policy-library/secret.yaml")).unwrap();
    source.commit("Link out of the tree");
    contains(
        &source.refused(PRODUCTION),
        &[
            "`policy-library/secret.yaml` is a link to `/etc/passwd`, which is outside of the repository",
        ],
    );
    git(&root, &["revert", "--no-edit", "HEAD"]);
    // Another source cannot take an object over.
    let url = format!("file://{}", root.display());
    let other = [
        "sync",
        &url,
        "--name",
        "another",
        "--environment",
        "production",
        "--once",
    ];
    let said = run(&plane.kubeconfig(), &other);
    assert_eq!(said.code, 1);
    contains(
        &said.talk,
        &["ClusterPolicy/wrong-label belongs to the source `wrong`"],
    );
    for (url, parts) in [
        (
            "https://127.0.0.1:1/o/r.git",
            &["https://127.0.0.1:1/o/r.git", "onnect"][..],
        ),
        (
            "file:///nowhere/at/all",
            &["this is no git repository that can be read"],
        ),
    ] {
        let said = run(
            &plane.kubeconfig(),
            &["sync", url, "--environment", "production", "--once"],
        );
        assert_eq!(said.code, 2, "{}", said.talk);
        contains(&said.talk, parts);
    }
    let said = run(
        &plane.kubeconfig_of_nobody(),
        &["sync", &url, "--environment", "production", "--once"],
    );
    assert_eq!(said.code, 2);
    contains(&said.talk, &["User \"nobody\" cannot", "(403)"]);
}

/// A kind whose server fills in a field, as Kyverno's own definitions do.
fn with_default(plane: &ControlPlane) {
    let kind = CustomResource {
        group: "kyverno.io",
        version: "v2",
        kind: "ClusterCleanupPolicy",
        plural: "clustercleanuppolicies",
        namespaced: false,
        columns: &[],
    };
    let mut definition = kind.definition().unwrap();
    let schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
    let field = definition.pointer_mut(&format!("{schema}/deletionPropagationPolicy"));
    field.unwrap()["default"] = json!("Foreground");
    plane.apply(&definition.to_string()).unwrap();
    let wait = ["wait", "--for=condition=established", "crd", &kind.name()];
    plane.kubectl(&wait, "").unwrap();
}

fn what_is_there_is_taken_over(plane: &ControlPlane) {
    let source = Source::new(plane, "taken");
    with_default(plane);
    let manifest = "apiVersion: kyverno.io/v2
kind: ClusterCleanupPolicy
metadata: {name: taken-over}
spec:
  schedule: 0 * * * *
  match: {any: [{resources: {kinds: [Pod]}}]}
";
    // Somebody created it with more than is wanted.
    let more = format!("{manifest}  exclude: {{any: [{{resources: {{names: [a]}}}}]}}\n");
    plane.kubectl(&["create", "-f", "-"], &more).unwrap();
    fs::create_dir(source.root().join("plain")).unwrap();
    fs::write(source.root().join("plain/one.yaml"), manifest).unwrap();
    source.commit("Take it over");
    let once = || {
        let said = source.sync(&["--path", "plain", "--once"]);
        assert_eq!(said.code, 0, "{}", said.talk);
        said.data
    };
    let spec = || -> Value {
        let get = ["get", "clustercleanuppolicy", "taken-over", "-o", "json"];
        serde_json::from_str::<Value>(&plane.kubectl(&get, "").unwrap()).unwrap()["spec"].clone()
    };
    contains(&once(), &["change   ClusterCleanupPolicy/taken-over"]);
    assert_eq!(spec()["exclude"], Value::Null);
    assert_eq!(spec()["deletionPropagationPolicy"], "Foreground");
    contains(&once(), &["0 written, 0 deleted, 1 as they should be"]);
    let patch = r#"{"spec": {"deletionPropagationPolicy": "Orphan"}}"#;
    let edit = [
        "patch",
        "clustercleanuppolicy",
        "taken-over",
        "--type=merge",
        "-p",
        patch,
    ];
    plane.kubectl(&edit, "").unwrap();
    contains(
        &once(),
        &["put back ClusterCleanupPolicy/taken-over, which kubectl-patch changed"],
    );
    assert_eq!(spec()["deletionPropagationPolicy"], "Foreground");
    contains(&once(), &["0 written, 0 deleted, 1 as they should be"]);
    // A field that is wanted and then not is gone, too.
    let wanted = format!("{manifest}  deletionPropagationPolicy: Background\n");
    fs::write(source.root().join("plain/one.yaml"), wanted).unwrap();
    source.commit("Say how");
    once();
    assert_eq!(spec()["deletionPropagationPolicy"], "Background");
    fs::write(source.root().join("plain/one.yaml"), manifest).unwrap();
    source.commit("Do not say how");
    once();
    assert_eq!(spec()["deletionPropagationPolicy"], "Foreground");
}

/// How many requests to write something of what is synced the API server has counted.
fn writes(plane: &ControlPlane) -> u64 {
    let metrics = plane.kubectl(&["get", "--raw", "/metrics"], "").unwrap();
    let lines = metrics.lines().filter(|line| {
        let is_write = ["APPLY", "PATCH", "POST", "PUT", "DELETE"];
        let is_write = is_write.map(|verb| line.contains(&format!(r#"verb="{verb}""#)));
        let resources = [r#"resource="clusterpolicies""#, r#"resource="configmaps""#];
        line.starts_with("apiserver_request_total{")
            && is_write.contains(&true)
            && resources.iter().any(|resource| line.contains(resource))
    });
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

fn a_thousand_policies(_: &ControlPlane) {
    // What other tests write would be counted.
    let plane = &ControlPlane::start(&program::build().unwrap()).unwrap();
    let source = Source::new(plane, "many");
    let policies = (0..1000).map(|number| {
        format!(
            "---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: many-{number}}}
spec:
  rules:
    - name: r
      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
      validate: {{failureAction: Audit, message: m, pattern: {{metadata: {{labels: {{l{number}: '?*'}}}}}}}}
"
        )
    });
    fs::create_dir(source.root().join("plain")).unwrap();
    fs::write(
        source.root().join("plain/all.yaml"),
        policies.collect::<String>(),
    )
    .unwrap();
    source.commit("Write many");
    let sync = || {
        let (before, start) = (writes(plane), Instant::now());
        let said = source.sync(&["--path", "plain", "--once"]);
        let (taken, writes) = (start.elapsed(), writes(plane) - before);
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{writes} writes in {taken:?}, {}", peak.unwrap_or_default());
        (said.data, writes)
    };
    let (said, first) = sync();
    contains(&said, &["1000 written, 0 deleted, 0 as they should be"]);
    // Each is written twice, the first time as a dry run.
    assert!((2_000..2_100).contains(&first), "{first}");
    let (said, second) = sync();
    contains(&said, &["0 written, 0 deleted, 1000 as they should be"]);
    assert_eq!(second, 0);
}

/// In KiB, what the controller may have of the memory at any moment.
const MEMORY: u64 = 64 * 1024;

fn a_thousand_policies_need_little_memory(_: &ControlPlane) {
    let plane = &ControlPlane::start(&program::build().unwrap()).unwrap();
    let start = Instant::now();
    let (mut rounds, first) = Rounds::of(plane, "1s", 1000);
    let replica = Replica::start(plane, "alone", "60");
    let (is_over, peak) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                peak.fetch_max(replica.memory(), Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let _end = Over(&is_over);
        until(plane, &first);
        println!("the first commit after {:?}", start.elapsed());
        let start = Instant::now();
        let second = rounds.push();
        until(plane, &second);
        println!("the second one after {:?}", start.elapsed());
        rounds.is_whole(plane);
    });
    let peak = peak.into_inner();
    println!("{peak} KiB at the peak");
    assert!((1024..=MEMORY).contains(&peak), "{peak} KiB");
}
