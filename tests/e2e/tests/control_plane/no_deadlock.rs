//! Webhook configurations that fail closed, and no webhook: what brings it back goes on, all else is
//! refused, and the cluster recovers without a hand.

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};

use crate::{
    kyverno,
    webhook_process::{Webhook, eventually},
};

pub(crate) const ALL: &[Test] = &[(
    "no_deadlock::what_brings_the_webhook_back_is_not_blocked",
    what_brings_the_webhook_back_is_not_blocked,
)];

/// A policy about everything, which fails closed.
const POLICY: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: nothing-refused}
spec:
  failurePolicy: Fail
  background: false
  rules:
    - name: label
      match: {any: [{resources: {kinds: ["*"]}}]}
      validate:
        failureAction: Enforce
        message: nothing that is labelled so
        pattern: {metadata: {=(labels): {X(refused): "null"}}}
"#;

/// What an ordinary user writes.
const ORDINARY: &[&str] = &[
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}",
    "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: nginx}]}}",
    "{apiVersion: v1, kind: Namespace, metadata: {name: other}}",
    "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: role}}",
];

/// What brings the webhook back.
const NEEDED: &[&str] = &[
    "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: portcullis}, spec: {containers: [{name: c, image: nginx}]}}",
    "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: portcullis}}",
    "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: portcullis}, spec: {ports: [{port: 443}]}}",
    "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l, namespace: portcullis}}",
    "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l, namespace: kube-node-lease}}",
    "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l, namespace: shop}}",
    "{apiVersion: v1, kind: Node, metadata: {name: node}}",
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: kube-system}}",
    "{apiVersion: v1, kind: Pod, metadata: {name: dns, namespace: kube-system}, spec: {containers: [{name: c, image: coredns}]}}",
    "{apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {token: t}}",
    "{apiVersion: authorization.k8s.io/v1, kind: SubjectAccessReview, spec: {user: u, resourceAttributes: {verb: get, resource: pods}}}",
    "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: another}}",
];

/// A request for a certificate, as a node's kubelet makes one.
const REQUEST: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIVU1INENBUUF3SERFYU1CZ0dBMVVFQXd3UmMzbHpkR1Z0T201dlpHVTZibTlrWlRFd1dUQVRCZ2NxaGtqTwpQUUlCQmdncWhrak9QUU1CQndOQ0FBUT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

/// A Deployment of the webhook's namespace, whose Pod the controllers of the cluster make.
const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: webhook, namespace: portcullis}
spec:
  selector: {matchLabels: {app: webhook}}
  template:
    metadata: {labels: {app: webhook}}
    spec: {containers: [{name: c, image: portcullis}]}
";

fn create(plane: &ControlPlane, manifest: &str) -> Result<String, String> {
    let create = ["create", "--dry-run=server", "-f", "-"];
    let done = plane.kubectl(&create, manifest);
    done.map_err(|error| error.to_string())
}

fn refused(plane: &ControlPlane, manifest: &str, part: &str) {
    eventually("a write is refused", || match create(plane, manifest) {
        Err(said) if said.contains(part) => Ok(()),
        other => Err(format!("{manifest}: {other:?}, expected `{part}`")),
    });
}

fn what_brings_the_webhook_back_is_not_blocked(_: &ControlPlane) {
    // What it blocks would be blocked for the other tests as well.
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    kyverno::define_one(&plane, &kyverno::KINDS[0]);
    plane.create_namespace("shop").unwrap();
    plane.create_namespace("portcullis").unwrap();
    plane.apply(POLICY).unwrap();
    let webhook = Webhook::start(&plane, "first");
    let bad = ORDINARY[0].replace("name: c", "name: c, labels: {refused: x}");
    refused(&plane, &bad, "nothing that is labelled so");
    let address = webhook.address.clone();
    drop(webhook);

    for manifest in ORDINARY {
        refused(&plane, manifest, "failed calling webhook");
    }
    for manifest in NEEDED {
        create(&plane, manifest).unwrap_or_else(|said| panic!("{manifest}: {said}"));
    }
    nodes_may_join(&plane);
    controllers_make_its_pods(&plane);
    refused(&plane, ORDINARY[0], "failed calling webhook");

    let _webhook = Webhook::start_again(&plane, "second", &address);
    eventually("the cluster takes ordinary writes again", || {
        ORDINARY
            .iter()
            .try_for_each(|manifest| create(&plane, manifest).map(drop))
    });
    refused(&plane, &bad, "nothing that is labelled so");
}

/// A node's request for a certificate gets past admission: what the server says is about its content.
fn nodes_may_join(plane: &ControlPlane) {
    let signer = "kubernetes.io/kube-apiserver-client-kubelet";
    let request = format!(
        "{{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {{name: r}}, spec: {{signerName: {signer}, usages: [client auth], request: {REQUEST}}}}}"
    );
    let said = create(plane, &request).err().unwrap_or_default();
    assert!(!said.contains("webhook"), "{said}");
    let node = "{apiVersion: v1, kind: Node, metadata: {name: joined}}";
    plane.apply(node).unwrap();
    let ready = r#"{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}"#;
    let patch = ["patch", "node", "joined", "--subresource=status", "-p"];
    plane.kubectl(&[&patch[..], &[ready]].concat(), "").unwrap();
}

fn controllers_make_its_pods(plane: &ControlPlane) {
    plane.apply(DEPLOYMENT).unwrap();
    eventually("the controllers make the webhook's Pod", || {
        let get = ["get", "pods", "-n", "portcullis", "-o", "name"];
        let pods = plane.kubectl(&get, "").map_err(|error| error.to_string())?;
        if pods.contains("pod/webhook-") {
            Ok(())
        } else {
            Err(pods)
        }
    });
}
