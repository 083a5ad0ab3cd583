//! From Kyverno to Portcullis on a cluster that has Kyverno's definitions, policies and webhook
//! configurations. The commands are those of `docs/from-kyverno.md`.

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::Value;

use crate::{
    kyverno,
    webhook_process::{Webhook, eventually},
};

pub(crate) const ALL: &[Test] = &[(
    "takeover::kyvernos_policies_serve_and_stay_as_they_are",
    kyvernos_policies_serve_and_stay_as_they_are,
)];

const PAGE: &str = include_str!("../../../../docs/from-kyverno.md");

/// Policies as Kyverno keeps them: with what it once wrote into them, and a status.
const POLICIES: [&str; 2] = [
    r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labelled, annotations: {pod-policies.kyverno.io/autogen-controllers: none}}
spec:
  validationFailureAction: Enforce
  background: true
  admission: true
  emitWarning: false
  rules:
    - name: app
      skipBackgroundRequests: true
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate: {allowExistingViolations: true, message: write an app, pattern: {metadata: {labels: {app: "?*"}}}}
"#,
    r#"
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: named}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  validations: [{expression: "object.metadata.name != 'bad'", message: no bad names}]
"#,
];

/// What Kyverno leaves behind: nobody answers there any more.
const LEFT: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: kyverno-resource-validating-webhook-cfg
  labels: {webhook.kyverno.io/managed-by: kyverno}
webhooks:
  - name: validate.kyverno.svc-fail
    clientConfig: {url: "https://127.0.0.1:1/validate/fail"}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
    failurePolicy: Fail
    sideEffects: NoneOnDryRun
    admissionReviewVersions: [v1]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kyverno-admission-controller, namespace: kyverno}
spec:
  selector: {matchLabels: {app: kyverno}}
  template: {metadata: {labels: {app: kyverno}}, spec: {containers: [{name: c, image: kyverno}]}}
"#;

/// The commands of the page that kubectl runs.
fn commands() -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().map(str::trim);
    let commands = lines.filter_map(|line| line.strip_prefix("kubectl "));
    commands
        .map(|line| line.split_whitespace().collect())
        .collect()
}

fn specs(plane: &ControlPlane) -> Vec<Value> {
    ["clusterpolicy/labelled", "validatingpolicy/named"]
        .iter()
        .map(|name| {
            let found = plane.kubectl(&["get", name, "-o", "json"], "").unwrap();
            let found: Value = serde_json::from_str(&found).unwrap();
            let metadata = &found["metadata"];
            let parts = [
                &found["spec"],
                &metadata["generation"],
                &metadata["annotations"],
            ];
            parts.into_iter().cloned().collect()
        })
        .collect()
}

fn create(plane: &ControlPlane, name: &str, labels: &str) -> Result<(), String> {
    let object = format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}}}"
    );
    let create = ["create", "--dry-run=server", "-f", "-"];
    let done = plane.kubectl(&create, &object);
    done.map(drop).map_err(|error| error.to_string())
}

fn told(plane: &ControlPlane, (name, labels): (&str, &str), part: &str) {
    eventually(part, || match create(plane, name, labels) {
        Err(said) if said.contains(part) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

fn kyvernos_policies_serve_and_stay_as_they_are(_: &ControlPlane) {
    // What is left behind would refuse objects of the other tests.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    for kind in kyverno::KINDS {
        kyverno::define_one(&plane, kind);
    }
    for namespace in ["shop", "kyverno", "portcullis"] {
        plane.create_namespace(namespace).unwrap();
    }
    for policy in POLICIES {
        plane.apply(policy).unwrap();
    }
    plane.apply(LEFT).unwrap();
    let before = specs(&plane);
    told(&plane, ("good", "app: web"), "failed calling webhook");

    let _webhook = Webhook::start(&plane, "takeover");
    let commands = commands();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in &commands {
        plane.kubectl(command, "").unwrap();
    }
    told(&plane, ("bad", "app: web"), "no bad names");
    told(&plane, ("good", ""), "write an app");
    eventually("what is good is let in", || {
        create(&plane, "good", "app: web")
    });
    eventually("the policies are ready", || {
        let ready = [
            "get",
            "clusterpolicy",
            "labelled",
            "-o",
            "jsonpath={.status.ready}",
        ];
        match plane.kubectl(&ready, "").unwrap().as_str() {
            "true" => Ok(()),
            other => Err(other.to_owned()),
        }
    });
    assert_eq!(specs(&plane), before);
    let replicas = [
        "get",
        "deployments",
        "-n",
        "kyverno",
        "-o",
        "jsonpath={.items[*].spec.replicas}",
    ];
    assert_eq!(plane.kubectl(&replicas, "").unwrap(), "0");
    let left = ["get", "validatingwebhookconfigurations", "-o", "name"];
    let left = plane.kubectl(&left, "").unwrap();
    assert!(
        left.contains("portcullis-validating") && !left.contains("kyverno"),
        "{left}"
    );
}
