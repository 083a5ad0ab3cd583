//! `apply --cluster`: what it finds, of which kinds, and what is said where the cluster refuses.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test};
use serde_json::Value;

use crate::{
    kyverno,
    portcullis::{Said, run},
};

pub(crate) const ALL: &[Test] = &[
    (
        "apply::a_cluster_gives_what_its_manifests_give",
        a_cluster_gives_what_its_manifests_give,
    ),
    (
        "apply::kinds_of_a_definition_are_found",
        kinds_of_a_definition_are_found,
    ),
    (
        "apply::thousands_of_objects_come_in_batches",
        thousands_of_objects_come_in_batches,
    ),
    ("apply::objects_are_named", objects_are_named),
    (
        "apply::exceptions_of_the_cluster_hold_where_wanted",
        exceptions_of_the_cluster_hold_where_wanted,
    ),
    (
        "apply::whoever_may_not_is_told_what_is_missing",
        whoever_may_not_is_told_what_is_missing,
    ),
    (
        "apply::a_server_that_cannot_be_reached_is_named",
        a_server_that_cannot_be_reached_is_named,
    ),
];

/// A policy with one rule, which wants a label.
fn labelled(name: &str, kinds: &str, rest: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: {name}}}
spec:
  rules:
    - name: labelled
      match: {{any: [{{resources: {{kinds: [{kinds}]{rest}}}}}]}}
      validate:
        message: the label `team` is missing
        pattern: {{metadata: {{labels: {{team: \"?*\"}}}}}}
"
    )
}

/// Runs `apply` with a policy that is written beside the control plane.
fn apply(plane: &ControlPlane, kubeconfig: &Path, policy: &str, flags: &[&str]) -> Said {
    let folder = tempfile::tempdir_in(plane.folder()).unwrap();
    let file = folder.path().join("policy.yaml");
    fs::write(&file, policy).unwrap();
    let file = file.to_str().unwrap();
    run(kubeconfig, &[&["apply", file], flags].concat())
}

/// The rows of a report: policy, rule, resource, result and message.
fn rows(said: &Said) -> BTreeSet<String> {
    let report: Value = serde_json::from_str(&said.data).unwrap_or_else(|error| {
        panic!("{error}: {} {}", said.data, said.talk);
    });
    let rows = report["results"].as_array().unwrap().iter();
    let told = |row: &Value| {
        let parts = ["policy", "rule", "resource", "result", "message"];
        parts
            .map(|part| row[part].as_str().unwrap().to_owned())
            .join(" | ")
    };
    rows.map(told).collect()
}

const JSON: [&str; 2] = ["--format=json", "--detailed-results"];

const WORKLOADS: &str = r#"
{apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop}, spec: {containers: [{name: c, image: nginx}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: owned, namespace: shop, labels: {team: a}}, spec: {containers: [{name: c, image: nginx}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: bare, namespace: shop}
spec:
  replicas: 0
  serviceName: bare
  selector: {matchLabels: {app: bare}}
  template: {metadata: {labels: {app: bare}}, spec: {containers: [{name: c, image: nginx}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: owned, namespace: shop}
spec:
  suspend: true
  schedule: "@yearly"
  jobTemplate:
    spec:
      template:
        metadata: {labels: {team: a}}
        spec: {restartPolicy: Never, containers: [{name: c, image: nginx}]}
"#;

fn a_cluster_gives_what_its_manifests_give(plane: &ControlPlane) {
    plane.create_namespace("shop").unwrap();
    let label = ["label", "namespace", "shop", "tier=gold"];
    plane.kubectl(&label, "").unwrap();
    plane.apply(WORKLOADS).unwrap();
    let gold = ", namespaceSelector: {matchLabels: {tier: gold}}";
    let lead = ", namespaceSelector: {matchLabels: {tier: lead}}";
    let gold = labelled("gold", "Pod", gold);
    let both = format!("{gold}---\n{}", labelled("lead", "Pod", lead));

    let folder = tempfile::tempdir_in(plane.folder()).unwrap();
    let manifests = folder.path().join("manifests.yaml");
    fs::write(&manifests, WORKLOADS).unwrap();
    // With the cluster beside them, manifests are in its namespaces.
    let files = ["--resource", manifests.to_str().unwrap()];
    let admin = plane.kubeconfig();
    let of_files = apply(plane, &admin, &both, &[&files[..], &JSON].concat());
    let of_cluster = apply(plane, &admin, &both, &[&["--cluster"], &JSON[..]].concat());
    assert_eq!(
        (of_files.code, of_cluster.code),
        (1, 1),
        "{}",
        of_cluster.talk
    );
    let found = rows(&of_cluster);
    assert_eq!(found, rows(&of_files));
    let resources: BTreeSet<&str> = found
        .iter()
        .map(|row| row.split(" | ").nth(2).unwrap())
        .collect();
    let wanted = [
        "shop/CronJob/owned",
        "shop/Pod/bare",
        "shop/Pod/owned",
        "shop/StatefulSet/bare",
    ];
    assert_eq!(resources, BTreeSet::from(wanted));

    let elsewhere = ["--cluster", "--namespace=default"];
    let elsewhere = apply(plane, &admin, &gold, &elsewhere);
    assert!(elsewhere.data.contains("to 0 resource(s)"), "{elsewhere:?}");
    assert_eq!(elsewhere.code, 0);
    for format in ["table", "yaml", "markdown", "junit", "sarif", "github"] {
        let format = ["--cluster", "--namespace=shop", "--format", format];
        let said = apply(plane, &admin, &gold, &format);
        assert!(said.data.contains("shop/Pod/bare"), "{said:?}");
    }
    let reports = ["--cluster", "--namespace=shop", "--policy-report"];
    let reports = apply(plane, &admin, &gold, &reports);
    assert!(reports.data.contains("uid: "), "{reports:?}");
}

fn kinds_of_a_definition_are_found(plane: &ControlPlane) {
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gizmos.apply.example.com}
spec:
  group: apply.example.com
  scope: Cluster
  names: {kind: Gizmo, plural: gizmos}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
    - {name: v1beta1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}
";
    plane.apply(definition).unwrap();
    let name = "gizmos.apply.example.com";
    let wait = ["wait", "--for=condition=established", "crd", name];
    plane.kubectl(&wait, "").unwrap();
    let gizmo = "{apiVersion: apply.example.com/v1, kind: Gizmo, metadata: {name: one}}";
    plane.apply(gizmo).unwrap();
    let folder = tempfile::tempdir_in(plane.folder()).unwrap();
    let manifest = folder.path().join("gizmo.yaml");
    fs::write(&manifest, gizmo).unwrap();
    let admin = plane.kubeconfig();
    let wanted = "gizmos | labelled | /Gizmo/one | fail | ";
    for kind in ["Gizmo", "apply.example.com/v1beta1/Gizmo", "\"*izmo\""] {
        let policy = labelled("gizmos", kind, "");
        let said = apply(plane, &admin, &policy, &["--cluster", "--format=json"]);
        let rows: Vec<String> = rows(&said).into_iter().collect();
        let [row] = rows.as_slice() else {
            panic!("{kind}: {rows:?}");
        };
        assert!(row.starts_with(wanted), "{kind}: {row}");
        assert!(!said.talk.contains("warning:"), "{kind}: {said:?}");
        let in_default = ["--cluster", "--namespace=default"];
        let none = apply(plane, &admin, &policy, &in_default);
        assert!(none.data.contains("to 0 resource(s)"), "{none:?}");
        let wide = [&in_default[..], &["--cluster-wide-resources"]].concat();
        let wide = apply(plane, &admin, &policy, &wide);
        assert!(wide.data.contains("to 1 resource(s)"), "{wide:?}");
    }
    // What the cluster does not serve is told, as nothing of it is checked.
    let policy = labelled("gizmos", "Gizmo, apply.example.com/v2/Gizmo, Gadgeto", "");
    let said = apply(plane, &admin, &policy, &["--cluster"]);
    for kind in ["apply.example.com/v2/Gizmo", "Gadgeto"] {
        let wanted = format!("the cluster serves no kind `{kind}`, which rule `labelled` is about");
        assert!(said.talk.contains(&wanted), "{said:?}");
    }
    assert_eq!(said.talk.matches("warning:").count(), 2, "{said:?}");
    // A manifest of the kind is in no namespace, as the cluster knows.
    let policy = labelled("gizmos", "Gizmo", "");
    let flags = ["--resource", manifest.to_str().unwrap(), "--format=json"];
    let row = rows(&apply(plane, &admin, &policy, &flags)).pop_first();
    assert!(row.is_some_and(|row| row.starts_with(wanted)));
}

fn thousands_of_objects_come_in_batches(plane: &ControlPlane) {
    const COUNT: usize = 2500;
    plane.create_namespace("many").unwrap();
    let secret = |number: usize| {
        format!(
            "---\n{{apiVersion: v1, kind: Secret, metadata: {{name: s{number:04}, namespace: many}}}}\n"
        )
    };
    let secrets: String = (0..COUNT).map(secret).collect();
    let create = ["create", "--validate=false", "-f", "-"];
    plane.kubectl(&create, &secrets).unwrap();
    let policy = labelled("secrets", "Secret", "");
    let of = |flags: &[&str]| {
        let many = ["--cluster", "--namespace=many"];
        apply(
            plane,
            &plane.kubeconfig(),
            &policy,
            &[&many, flags].concat(),
        )
    };
    let small = of(&["--batch-size=100"]);
    let counts = format!("pass: 0, fail: {COUNT}, warn: 0, error: 0, skip: 0");
    assert!(small.data.contains(&counts), "{}", small.talk);
    assert_eq!(small.code, 1);
    // The order is that of the names, however the objects come.
    let first = small.data.find("many/Secret/s0000").unwrap();
    let last = small.data.find("many/Secret/s2499").unwrap();
    assert!(first < last);
    assert_eq!(of(&["--batch-size=0", "--concurrent=1"]).data, small.data);
}

fn objects_are_named(plane: &ControlPlane) {
    plane.create_namespace("named").unwrap();
    let account = |name: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}, namespace: named}}}}\n"
        )
    };
    plane.apply(&(account("one") + &account("two"))).unwrap();
    let policy = labelled("accounts", "ServiceAccount", "");
    for (name, wanted) in [
        ("one", 1),
        ("named/one", 1),
        ("named/ServiceAccount/one,two", 2),
    ] {
        let flags = ["--cluster", "--resource", name];
        let said = apply(plane, &plane.kubeconfig(), &policy, &flags);
        let told = format!("to {wanted} resource(s)");
        assert!(said.data.contains(&told), "{name}: {said:?}");
        assert_eq!(said.code, 1);
    }
    let flags = ["--cluster", "--resource=named/three"];
    let said = apply(plane, &plane.kubeconfig(), &policy, &flags);
    assert_eq!(said.code, 2);
    let wanted = "no object `named/three` of a kind that the policies are about";
    assert!(said.talk.contains(wanted), "{}", said.talk);
}

fn exceptions_of_the_cluster_hold_where_wanted(plane: &ControlPlane) {
    kyverno::define(plane);
    plane.create_namespace("excepted").unwrap();
    let objects = "
{apiVersion: v1, kind: Endpoints, metadata: {name: old, namespace: excepted}}
---
{apiVersion: v1, kind: Endpoints, metadata: {name: new, namespace: excepted}}
---
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: old, namespace: default}
spec:
  exceptions: [{policyName: ends, ruleNames: [labelled]}]
  match: {any: [{resources: {kinds: [Endpoints], names: [old]}}]}
";
    plane.apply(objects).unwrap();
    let policy = labelled("ends", "Endpoints", "");
    for (flags, wanted) in [
        (&[][..], "pass: 0, fail: 2, warn: 0, error: 0, skip: 0"),
        (
            &["--exceptions-with-resources"],
            "pass: 0, fail: 1, warn: 0, error: 0, skip: 1",
        ),
    ] {
        let of = ["--cluster", "--namespace=excepted"];
        let flags = [&of, flags].concat();
        let said = apply(plane, &plane.kubeconfig(), &policy, &flags);
        assert!(said.data.contains(wanted), "{said:?}");
    }
}

fn whoever_may_not_is_told_what_is_missing(plane: &ControlPlane) {
    let policy = labelled("maps", "ConfigMap, Secret", "");
    let nobody = plane.kubeconfig_of_nobody();
    let said = apply(plane, &nobody, &policy, &["--cluster"]);
    assert_eq!(said.code, 2, "{said:?}");
    for part in [
        "cannot list resource \"namespaces\"",
        "GET /api/v1/configmaps: configmaps is forbidden: User \"nobody\" cannot list resource \"configmaps\"",
        "cannot list resource \"secrets\"",
        "(403)",
        "help: let a Role or ClusterRole of this user allow",
    ] {
        assert!(said.talk.contains(part), "{part}: {}", said.talk);
    }
    let first = ["--cluster", "--continue-on-error=false"];
    let said = apply(plane, &nobody, &policy, &first);
    assert_eq!((said.code, said.data.as_str()), (2, ""));
    assert!(!said.talk.contains("configmaps"), "{}", said.talk);
}

fn a_server_that_cannot_be_reached_is_named(plane: &ControlPlane) {
    let policy = labelled("maps", "ConfigMap", "");
    let flags = ["--cluster", "--context=elsewhere"];
    let said = apply(plane, &plane.kubeconfig(), &policy, &flags);
    assert_eq!((said.code, said.data.as_str()), (2, ""));
    for part in ["https://127.0.0.1:1: GET /api", "no connection"] {
        assert!(said.talk.contains(part), "{part}: {}", said.talk);
    }
}
