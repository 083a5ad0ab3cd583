//! What policies ask registries, with `--registry`.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    Registry,
    http::{INDEX, MANIFEST},
};

const POLICIES: &str = r#"apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: no-root}
spec:
  rules:
    - name: user
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        failureAction: Enforce
        message: "an image runs as root"
        foreach:
          - list: request.object.spec.containers
            context:
              - name: image
                imageRegistry: {reference: "{{ element.image }}"}
            deny:
              conditions:
                all:
                  - key: "{{ image.configData.config.User || '' }}"
                    operator: Equals
                    value: ""
---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: known-source}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  autogen: {podControllers: {controllers: []}}
  validations:
    - expression: >-
        object.spec.containers.all(c,
        image.GetMetadata(c.image).config.config.Labels.source == 'shop')
      message: of unknown source
"#;

const PINNED: &str = r#"apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: pin}
spec:
  rules:
    - name: digest
      match: {any: [{resources: {kinds: [Pod]}}]}
      context:
        - name: image
          imageRegistry:
            reference: "{{ request.object.spec.containers[0].image }}"
      mutate:
        patchStrategicMerge:
          metadata:
            annotations:
              image: "{{ image.resolvedImage }}"
              list: "{{ to_string(image.manifestList.schemaVersion || 'none') }}"
"#;

const SIGNED: &str = r#"apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  rules:
    - name: digest
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["*"]
          failureAction: Enforce
          required: false
"#;

fn pod(name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers: [{{name: main, image: '{image}'}}]\n---\n"
    )
}

/// Two images, one of them in an index, and pods of them. Gives the index.
fn kept(registry: &Registry) -> Value {
    let put = |image: &str, config: Value| {
        let repository = image.split(':').next().unwrap();
        let kind = "application/vnd.oci.image.config.v1+json";
        let config = registry.blob(repository, kind, config.to_string().as_bytes());
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []});
        registry.put(image, MANIFEST, &manifest)
    };
    let labels = json!({"source": "shop"});
    let mut good = put(
        "good:amd64",
        json!({"config": {"User": "1000", "Labels": labels}}),
    );
    good["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let mut other = put("good:arm64", json!({"config": {}}));
    other["platform"] = json!({"os": "linux", "architecture": "arm64"});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [other, good]});
    let index = registry.put("good:1.0", INDEX, &index);
    put(
        "bad:1.0",
        json!({"config": {"Labels": {"source": "elsewhere"}}}),
    );
    let host = registry.host();
    let pods = [
        ("good", "good:1.0"),
        ("bad", "bad:1.0"),
        ("gone", "gone:1.0"),
    ];
    let pods = pods.map(|(name, image)| pod(name, &format!("{host}/{image}")));
    registry.file("pods.yaml", &pods.concat());
    registry.file("good.yaml", &pods[0]);
    registry.file("policies/both.yaml", POLICIES);
    registry.file("pin.yaml", PINNED);
    registry.file("signed.yaml", SIGNED);
    index
}

pub(super) fn apply(program: &Path) {
    let registry = Registry::start(program, &[]);
    let index = kept(&registry);
    let asked = ["apply", "/policies", "-r", "/pods.yaml", "--registry"];
    let unknown = "HOST/gone:1.0: the registry answers 404";
    let words = [
        "an image runs as root",
        "of unknown source",
        unknown,
        "pass: 2, fail: 2",
    ];
    registry.check(&asked, 1, &words);
    let said = registry.check(
        &asked[..4],
        1,
        &["pass: 0, fail: 3", "cannot be looked up here"],
    );
    assert!(!said.data.contains("answers"), "{said:?}");
    let pin = ["apply", "/pin.yaml", "-r", "/good.yaml", "--registry"];
    let resolved = format!("HOST/good@{}\n", index["digest"].as_str().unwrap());
    registry.check(&pin, 0, &[&resolved, "list: \"2\"\n"]);
    let digest = index["digest"].as_str().unwrap();
    let written = format!("HOST/good:1.0@{digest}");
    let sign = ["apply", "/signed.yaml", "-r", "/good.yaml", "--registry"];
    registry.check(&sign, 0, &[&written]);
    registry.check(&sign[..4], 1, &["or ask with `--registry`"]);
    let known = format!("sha256:{}", "1".repeat(64));
    let images = format!(
        "spec: {{images: [{{image: '{}/good:1.0', digest: '{known}'}}]}}\n",
        registry.host()
    );
    let head = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Context\nmetadata: {name: c}\n";
    registry.file("context.yaml", &format!("{head}{images}"));
    let mocked = [&sign[..], &["--context-file", "/context.yaml"]].concat();
    registry.check(&mocked, 0, &[&format!("good:1.0@{known}")]);
    let explain = [
        "explain",
        "/policies",
        "/pods.yaml",
        "-n",
        "bad",
        "--registry",
    ];
    registry.check(&explain, 0, &["runs as root"]);
}

pub(super) fn test(program: &Path) {
    let registry = Registry::start(program, &[]);
    kept(&registry);
    registry.file(
        "kyverno-test.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: images}
policies: [policies/both.yaml]
resources: [pods.yaml]
results:
  - {policy: no-root, rule: user, kind: Pod, resources: [good], result: pass}
  - {policy: no-root, rule: user, kind: Pod, resources: [bad], result: fail}
  - {policy: known-source, kind: Pod, resources: [good], result: pass}
  - {policy: known-source, kind: Pod, resources: [bad], result: fail}
",
    );
    let asked = ["test", "/kyverno-test.yaml", "--registry"];
    registry.check(&asked, 0, &["passed: 4, failed: 0"]);
    registry.check(&asked[..2], 1, &["failed"]);
}
