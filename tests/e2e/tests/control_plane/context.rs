//! Context entries of policies, which the cluster answers: for its own objects, and for manifests.

use std::fs;

use portcullis_e2e::{control_plane::ControlPlane, harness::Test};

use crate::portcullis::{Said, run};

pub(crate) const ALL: &[Test] = &[(
    "context::the_cluster_answers_what_policies_ask",
    the_cluster_answers_what_policies_ask,
)];

const OBJECTS: &str = r#"
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: asked}, data: {registry: ghcr.io}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: asked}}
---
{apiVersion: v1, kind: Pod, metadata: {name: near, namespace: asked}, spec: {containers: [{name: c, image: ghcr.io/a}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: far, namespace: asked}, spec: {containers: [{name: c, image: docker.io/a}]}}
"#;

/// The number of accounts is that of `default` and `robot`.
const POLICY: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: asking}
spec:
  rules:
    - name: registry
      match: {any: [{resources: {kinds: [Pod], namespaces: [asked]}}]}
      context:
        - name: settings
          configMap: {name: settings, namespace: asked}
        - name: accounts
          apiCall:
            urlPath: /api/v1/namespaces/{{ request.namespace }}/serviceaccounts
            jmesPath: items[].metadata.name | sort(@) | join(',', @)
      validate:
        message: "images of {{ settings.data.registry }} only, in the presence of {{ accounts }}"
        pattern: {spec: {containers: [{image: "{{ settings.data.registry }}/*"}]}}
    - name: elsewhere
      match: {any: [{resources: {kinds: [Pod], names: [near], namespaces: [asked]}}]}
      context:
        - name: none
          configMap: {name: none, namespace: asked}
      validate:
        message: never
        deny: {conditions: {any: [{key: "{{ none.data.x }}", operator: Equals, value: x}]}}
"#;

fn the_cluster_answers_what_policies_ask(plane: &ControlPlane) {
    plane.create_namespace("asked").unwrap();
    plane.apply(OBJECTS).unwrap();
    let folder = tempfile::tempdir_in(plane.folder()).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let policy = write("policy.yaml", POLICY);
    let manifests = write("manifests.yaml", OBJECTS);
    let values = "{apiVersion: cli.kyverno.io/v1alpha1, kind: Values, metadata: {name: v}, policies: [{name: asking, rules: [{name: registry, values: {accounts: nobody}}]}]}";
    let values = write("values.yaml", values);
    let of = |flags: &[&str]| -> Said {
        run(&plane.kubeconfig(), &[&["apply", &policy], flags].concat())
    };
    let far = "images of ghcr.io only, in the presence of default,robot";
    for flags in [
        &["--cluster", "--namespace=asked"][..],
        &["--resource", &manifests],
    ] {
        let said = of(flags);
        assert_eq!(said.code, 1, "{said:?}");
        for part in [far, "asked/Pod/far", "pass: 1, fail: 1, warn: 0, error: 1"] {
            assert!(said.data.contains(part), "{part}: {said:?}");
        }
    }
    // What a Values file says goes before.
    let said = of(&["--cluster", "--namespace=asked", "-f", &values]);
    assert!(said.data.contains("in the presence of"), "{said:?}");

    // An explanation shows what was asked and decided, of an object of the cluster and of a manifest.
    for (resource, cluster) in [("asked/Pod/far", &["--cluster"][..]), (&manifests, &[])] {
        let explain = ["explain", &policy, resource, "--name=far"];
        let said = run(&plane.kubeconfig(), &[&explain, cluster].concat());
        assert_eq!(said.code, 0, "{said:?}");
        for part in ["asked/Pod/far", far] {
            assert!(said.data.contains(part), "{part}: {said:?}");
        }
    }
    for (name, wanted) in [
        ("asked/Pod/none", "no object `asked/Pod/none`"),
        ("asked/Widget/far", "no object `asked/Widget/far`"),
        ("far", "`far` is no name of an object of a cluster"),
    ] {
        let explain = ["explain", &policy, name, "--cluster"];
        let said = run(&plane.kubeconfig(), &explain);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.talk.contains(wanted), "{wanted}: {said:?}");
    }

    let denied = run(
        &plane.kubeconfig_of_nobody(),
        &["apply", &policy, "--resource", &manifests],
    );
    assert_eq!(denied.code, 2, "{denied:?}");
    let why = "cannot get resource \"configmaps\"";
    assert!(denied.data.contains(why), "{denied:?}");
}
