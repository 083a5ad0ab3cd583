//! The chart, installed by Helm on a control plane of its own.

use std::{fs, path::Path, process::Command};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::{Value, json};

use crate::portcullis::run_plainly;

pub(crate) const ALL: &[Test] = &[
    ("chart::it_is_installed", it_is_installed),
    (
        "chart::its_pods_pass_the_restricted_profile",
        its_pods_pass_the_restricted_profile,
    ),
];

const RESTRICTED: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: portcullis, labels: {pod-security.kubernetes.io/enforce: restricted}}}";

/// What an account may and may not do: account, verb, resource, namespace, answer.
const MAY: &[(&str, &str, &str, &str, bool)] = &[
    ("webhook", "watch", "clusterpolicies.kyverno.io", "", true),
    (
        "webhook",
        "patch",
        "validatingpolicies.policies.kyverno.io/status",
        "",
        true,
    ),
    ("webhook", "patch", "clusterpolicies.kyverno.io", "", false),
    (
        "webhook",
        "patch",
        "validatingwebhookconfigurations",
        "",
        true,
    ),
    ("webhook", "get", "pods", "default", true),
    ("webhook", "update", "secrets", "portcullis", true),
    ("webhook", "get", "secrets", "default", false),
    ("webhook", "update", "leases", "portcullis", true),
    ("sync", "patch", "clusterpolicies.kyverno.io", "", true),
    (
        "sync",
        "patch",
        "policysources.portcullis.io/status",
        "",
        true,
    ),
    ("sync", "patch", "policysources.portcullis.io", "", false),
    ("sync", "get", "secrets", "default", true),
    ("sync", "list", "secrets", "default", false),
    (
        "sync",
        "patch",
        "clusterroles.rbac.authorization.k8s.io",
        "",
        false,
    ),
];

/// What Helm says of the chart.
pub(crate) fn helm(plane: &ControlPlane, arguments: &[&str]) -> Result<String, String> {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/portcullis");
    let mut helm = Command::new(program::build_named("helm").unwrap());
    helm.args(&arguments[..1]).arg("portcullis").arg(chart);
    helm.args(["-n", "portcullis"]).args(&arguments[1..]);
    helm.env("KUBECONFIG", plane.kubeconfig());
    let done = helm.current_dir(plane.folder()).output().unwrap();
    if done.status.success() {
        return Ok(String::from_utf8(done.stdout).unwrap());
    }
    Err(String::from_utf8(done.stderr).unwrap())
}

/// The arguments that a Deployment of the chart gives its program.
pub(crate) fn arguments(plane: &ControlPlane, deployment: &str) -> Vec<String> {
    let get = [
        "get",
        "deployment",
        deployment,
        "-n",
        "portcullis",
        "-o",
        "json",
    ];
    let found: Value = serde_json::from_str(&plane.kubectl(&get, "").unwrap()).unwrap();
    let arguments = &found["spec"]["template"]["spec"]["containers"][0]["args"];
    serde_json::from_value(arguments.clone()).unwrap()
}

const PROFILE: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: restricted}
spec:
  rules:
    - name: restricted
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        failureAction: Enforce
        message: restricted
        podSecurity: {level: restricted, version: latest}
";

/// By our own engine, with the values as they come; and each part that the profile asks for counts.
fn its_pods_pass_the_restricted_profile(plane: &ControlPlane) {
    let rendered = helm(plane, &["template"]).unwrap();
    probes_ask_a_port_of_their_container(&rendered);
    let folder = tempfile::tempdir().unwrap();
    let (policy, manifests) = (folder.path().join("p.yaml"), folder.path().join("all.yaml"));
    fs::write(&policy, PROFILE).unwrap();
    let judge = |text: &str| {
        fs::write(&manifests, text).unwrap();
        let files = [
            policy.to_str().unwrap(),
            "--resource",
            manifests.to_str().unwrap(),
        ];
        run_plainly(&[&["apply"], &files[..]].concat())
    };
    let said = judge(&rendered);
    assert_eq!(said.code, 0, "{}{}", said.data, said.talk);
    assert!(said.data.contains("pass: 2, fail: 0"), "{}", said.data);
    for (from, to) in [
        (
            "allowPrivilegeEscalation: false",
            "allowPrivilegeEscalation: true",
        ),
        ("drop: [ALL]", "drop: []"),
        ("type: RuntimeDefault", "type: Unconfined"),
        ("runAsNonRoot: true", "runAsNonRoot: false"),
    ] {
        assert!(rendered.contains(from), "{from}");
        let said = judge(&rendered.replace(from, to));
        assert_eq!(said.code, 1, "{to}: {}", said.data);
    }
}

/// The kubelet can ask every container how it is, without metrics where they are turned off.
fn probes_ask_a_port_of_their_container(rendered: &str) {
    let limits = portcullis_yaml::Limits::default();
    let documents = portcullis_yaml::documents(rendered);
    let mut asked = 0;
    for document in documents {
        let object = document
            .read(portcullis_yaml::Mode::Strict, &limits)
            .unwrap();
        if object["kind"] != "Deployment" {
            continue;
        }
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        let ports = container["ports"].as_array().unwrap();
        for probe in ["readinessProbe", "livenessProbe"] {
            let port = &container[probe]["httpGet"]["port"];
            assert!(ports.iter().any(|one| one["name"] == *port), "{container}");
            asked += 1;
        }
    }
    assert_eq!(asked, 4);
}

fn it_is_installed(_: &ControlPlane) {
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    plane.apply(RESTRICTED).unwrap();
    let error = helm(&plane, &["template", "--set", "webhook.replica=2"]).unwrap_err();
    assert!(error.contains("replica"), "{error}");
    for (set, wanted) in [
        ("crds.kyverno=false", 3),
        ("crds.kyverno=false,crds.reports=false", 1),
        ("crds.reports=false", 18),
    ] {
        let rendered = helm(&plane, &["template", "--set", set]).unwrap();
        let found = rendered.matches("kind: CustomResourceDefinition").count();
        assert_eq!(found, wanted, "{set}");
    }
    helm(&plane, &["install"]).unwrap();
    pods_are_admitted(&plane);
    for (account, verb, resource, namespace, wanted) in MAY {
        let user = format!("--as=system:serviceaccount:portcullis:portcullis-{account}");
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let subresource = format!("--subresource={subresource}");
        let mut ask = vec!["auth", "can-i", verb, resource, &subresource, &user];
        if !namespace.is_empty() {
            ask.extend(["-n", namespace]);
        }
        // It fails where the answer is no, and while new kinds and roles are not seen yet.
        let mut answers = std::iter::repeat_with(|| plane.kubectl(&ask, "").is_ok()).take(120);
        let is_so = answers.any(|found| {
            if found != *wanted {
                std::thread::sleep(std::time::Duration::from_millis(500));
            }
            found == *wanted
        });
        assert!(is_so, "{account} {verb} {resource} {namespace}: {wanted}");
    }
}

/// The pods of the Deployments pass the profile that the namespace enforces.
fn pods_are_admitted(plane: &ControlPlane) {
    let list = ["get", "deployments", "-n", "portcullis", "-o", "json"];
    let list: Value = serde_json::from_str(&plane.kubectl(&list, "").unwrap()).unwrap();
    let deployments = list["items"].as_array().unwrap();
    assert_eq!(deployments.len(), 2);
    for deployment in deployments {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": deployment["metadata"]["name"], "namespace": "portcullis"},
            "spec": deployment["spec"]["template"]["spec"],
        });
        let create = ["create", "--dry-run=server", "-f", "-"];
        plane.kubectl(&create, &pod.to_string()).unwrap();
    }
}
