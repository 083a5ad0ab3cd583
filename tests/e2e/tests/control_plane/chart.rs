//! The chart, installed by Helm on a control plane of its own.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use reqwest::{Certificate, blocking::Client};
use serde_json::{Value, json};

use crate::{
    load::POLICY,
    portcullis::run_plainly,
    webhook_process::{Webhook, eventually},
};

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
    the_webhook_is_reached_as_its_service(&plane);
}

/// There is no network of Services here: what the API server says shows whom it asks, and the certificate
/// is for that name.
fn the_webhook_is_reached_as_its_service(plane: &ControlPlane) {
    plane.create_namespace("shop").unwrap();
    plane.apply(POLICY).unwrap();
    let account = plane.kubeconfig_of_account("portcullis", "portcullis-webhook");
    let arguments = arguments(plane, "portcullis-webhook");
    let webhook = Webhook::start_in_chart(plane, &account.unwrap(), &arguments);
    let host = "portcullis-webhook.portcullis.svc";
    let object = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}";
    let create = ["create", "--dry-run=server", "-f", "-"];
    let asked = format!("\"https://{host}:443/validate/fail");
    eventually("the API server asks the Service", || {
        match plane.kubectl(&create, object) {
            Err(said) if said.to_string().contains(&asked) => Ok(()),
            other => Err(format!("{other:?}\n{}", webhook.log())),
        }
    });
    let get = |kind: &str, name: &str| -> Value {
        let get = ["get", kind, name, "-n", "portcullis", "-o", "json"];
        serde_json::from_str(&plane.kubectl(&get, "").unwrap()).unwrap()
    };
    let configured = get("validatingwebhookconfiguration", "portcullis-validating");
    let client = &configured["webhooks"][0]["clientConfig"];
    let port = &get("service", "portcullis-webhook")["spec"]["ports"][0];
    assert_eq!(client["service"]["port"], port["port"]);
    let deployment = get("deployment", "portcullis-webhook");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["ports"][0]["name"], port["targetPort"]);
    let bundle = STANDARD.decode(client["caBundle"].as_str().unwrap());
    let authorities = Certificate::from_pem_bundle(&bundle.unwrap()).unwrap();
    let asker = Client::builder().tls_certs_only(authorities);
    let address: SocketAddr = webhook.address.parse().unwrap();
    let asker = asker.resolve(host, address).build().unwrap();
    let url = format!("https://{host}:{}/health/readiness", address.port());
    // It looks now and then whether the configurations name its authority.
    eventually("it is ready", || {
        let answer = asker.get(&url).send().map_err(|error| error.to_string())?;
        let is_ready = answer.status().is_success();
        is_ready.then_some(()).ok_or_else(|| format!("{answer:?}"))
    });
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
