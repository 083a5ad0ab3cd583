//! What policies ask registries as the Secrets say that they name.

use std::path::Path;

use portcullis_images::{Credentials, PolicyLayer, Registries, RegistryOptions};
use portcullis_values::image_ref::{RegistryReference, Strictness};

use super::Registry;

const POLICIES: &str = r#"apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: known}
spec:
  rules:
    - name: layers
      match: {any: [{resources: {kinds: [Pod]}}]}
      context:
        - name: image
          imageRegistry:
            reference: "{{ request.object.spec.containers[0].image }}"
            imageRegistryCredentials: {secrets: [login, shop/login]}
      validate:
        failureAction: Enforce
        message: "{{ image.repository }} has no layers"
        deny:
          conditions:
            all: [{key: "{{ length(image.manifest.layers) }}", operator: Equals, value: 0}]
    - name: pinned
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["*"]
          failureAction: Enforce
          required: false
          imageRegistryCredentials: {secrets: [shop/login]}
"#;

/// The Secret that a user's password stands in.
fn secret(registry: &Registry, auth: &str) -> String {
    let host = registry.host();
    format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: login, namespace: shop}}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{{\"auths\": {{\"{host}\": {{\"auth\": \"{auth}\"}}}}}}'
"
    )
}

pub(super) fn apply(program: &Path) {
    let registry = Registry::start(program, &[("USERNAME", "me"), ("PASSWORD", "p@ss")]);
    let name = format!("{}/shop/web:1", registry.host());
    let layer = PolicyLayer {
        api_version: "kyverno.io/v1".to_owned(),
        kind: "ClusterPolicy".to_owned(),
        name: "known".to_owned(),
        content: POLICIES.as_bytes().to_vec(),
    };
    let options = RegistryOptions {
        credentials: Some(Credentials::User {
            username: "me".to_owned(),
            password: "p@ss".to_owned(),
        }),
        ..RegistryOptions::default()
    };
    let registries = Registries::new(options).unwrap();
    let at = RegistryReference::parse(&name, Strictness::Weak).unwrap();
    registries.push(&at, std::slice::from_ref(&layer)).unwrap();

    registry.file("policies/known.yaml", POLICIES);
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\n\
         spec: {{containers: [{{name: web, image: '{name}'}}]}}\n"
    );
    registry.file("pod.yaml", &pod);
    registry.file("right.yaml", &secret(&registry, "bWU6cEBzcw=="));
    registry.file("wrong.yaml", &secret(&registry, "bWU6d3Jvbmc="));
    registry.file(
        "both.yaml",
        &format!("{pod}---\n{}", secret(&registry, "bWU6cEBzcw==")),
    );
    let apply = ["apply", "/policies", "--registry", "-r"];
    let pinned = "HOST/shop/web:1@sha256:";
    let refused = "HOST/shop/web:1: the registry answers 401";
    let broken = "the Secret shop/login has no `.dockerconfigjson`";
    for (files, code, word) in [
        (
            &["/pod.yaml", "--target-resource", "/right.yaml"][..],
            0,
            pinned,
        ),
        (&["/both.yaml"], 0, pinned),
        (
            &["/pod.yaml", "--target-resource", "/wrong.yaml"],
            1,
            refused,
        ),
        (&["/pod.yaml"], 1, refused),
    ] {
        let said = registry.check(&[&apply[..], files].concat(), code, &[word]);
        assert!(!format!("{said:?}").contains("p@ss"), "{said:?}");
    }
    let empty = "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: shop}\n";
    registry.file("empty.yaml", empty);
    let files = ["/pod.yaml", "--target-resource", "/empty.yaml"];
    registry.check(&[&apply[..], &files].concat(), 1, &[broken]);
}
