//! `oci push` and `oci pull`.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use portcullis_images::{
    Credentials, DockerConfig, Limits, Registries, RegistryError, RegistryOptions,
};
use portcullis_values::image_ref::{RegistryReference, Strictness};
use serde_json::{Value, json};

use super::{
    Registry,
    http::{INDEX, MANIFEST, digest_of},
};

const LAYER: &str = "application/vnd.cncf.kyverno.policy.layer.v1+yaml";
const CONFIG: &str = "application/vnd.cncf.kyverno.config.v1+json";

const LABELS: &str = "# Who answers for it.
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-labels   # as everywhere
spec:
  rules:
    - name: team
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        failureAction: Enforce
        message: write the label `team`
        pattern: {metadata: {labels: {team: \"?*\"}}}
";

const NAMESPACED: &str = "apiVersion: kyverno.io/v1
kind: Policy
metadata: {name: no-latest, namespace: shop}
spec:
  rules:
    - name: tag
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        message: write a tag
        pattern: {spec: {containers: [{image: \"!*:latest\"}]}}
";

const EXPRESSION: &str = "apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: replicas}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}
  validations:
    - {expression: object.spec.replicas < 5, message: too many}
";

fn written(registry: &Registry) {
    registry.file("policies/labels.yaml", LABELS);
    registry.file(
        "policies/deep/both.yaml",
        &format!("{NAMESPACED}---\n{EXPRESSION}"),
    );
    registry.file("policies/deep/values.txt", "no policy");
}

pub(super) fn push_and_pull(program: &Path) {
    let registry = Registry::start(program, &[]);
    written(&registry);
    let push = [
        "oci",
        "push",
        "/policies",
        "--image",
        "HOST/shop/policies:1.0",
    ];
    let said = registry.check(&push, 0, &["pushed ClusterPolicy require-labels\n"]);
    let pinned = said.data.trim();
    assert!(pinned.starts_with("HOST/shop/policies@sha256:"), "{said:?}");
    let manifest = registry.manifest("shop/policies:1.0");
    assert_eq!(manifest["config"]["mediaType"], CONFIG);
    let layers = manifest["layers"].as_array().unwrap();
    let names = ["no-latest", "replicas", "require-labels"];
    assert_eq!(layers.len(), names.len());
    for (layer, name) in layers.iter().zip(names) {
        assert_eq!(layer["mediaType"], LAYER);
        assert_eq!(layer["annotations"]["io.kyverno.image.name"], name);
    }
    let first = &layers[0]["annotations"];
    assert_eq!(first["io.kyverno.image.kind"], "Policy");
    assert_eq!(first["io.kyverno.image.apiVersion"], "kyverno.io/v1");
    for (image, folder) in [("HOST/shop/policies:1.0", "/one"), (pinned, "/two")] {
        let pull = ["oci", "pull", folder, "-i", image];
        let said = registry.check(&pull, 0, &["wrote ", "Policy shop/no-latest"]);
        assert_eq!(said.data.trim(), pinned);
        let folder = folder.strip_prefix('/').unwrap();
        for (name, text) in names.iter().zip([NAMESPACED, EXPRESSION, LABELS]) {
            assert_eq!(registry.read(&format!("{folder}/{name}.yaml")), text);
        }
    }
    registry.check(&["apply", "/one", "-r", "/two"], 0, &["pass: 0, fail: 0"]);
    let gone = [
        "oci",
        "pull",
        "-d",
        "/three",
        "-i",
        "HOST/shop/policies:2.0",
    ];
    let refusal = "HOST/shop/policies:2.0: the registry answers 404: manifest unknown";
    registry.check(
        &gone,
        2,
        &[refusal, "look whether the repository and the tag are right"],
    );
    registry.file("wrong/a.yaml", &LABELS.replace("match", "mach"));
    let wrong = ["oci", "push", "-p", "/wrong", "-i", "HOST/shop/wrong:1.0"];
    registry.check(&wrong, 2, &["mach"]);
    let none = ["oci", "pull", "/three", "-i", "HOST/shop/wrong:1.0"];
    registry.check(&none, 2, &["answers 404"]);
    registry.file("empty/a.yaml", "kind: Pod\napiVersion: v1\n");
    let empty = ["oci", "push", "/empty", "-i", "HOST/shop/wrong:1.0"];
    registry.check(&empty, 2, &["error"]);
    let to_digest = ["oci", "push", "/policies", "-i", pinned];
    registry.check(
        &to_digest,
        2,
        &["an image is sent to a tag, not to a digest"],
    );
}

pub(super) fn in_the_way(program: &Path) {
    let registry = Registry::start(program, &[]);
    written(&registry);
    registry.check(&["oci", "push", "/policies", "-i", "HOST/shop/p:1"], 0, &[]);
    let pull = ["oci", "pull", "/out", "-i", "HOST/shop/p:1"];
    registry.check(
        &pull,
        0,
        &["wrote /out/replicas.yaml: ValidatingPolicy replicas\n"],
    );
    registry.check(&pull, 0, &["unchanged /out/replicas.yaml"]);
    registry.file("out/replicas.yaml", "mine");
    let out = registry.files.path().join("out");
    fs::remove_file(out.join("no-latest.yaml")).unwrap();
    let help = "or write over it with `--force`";
    registry.check(
        &pull,
        2,
        &["/out/replicas.yaml: there is a file of this name", help],
    );
    assert_eq!(registry.read("out/replicas.yaml"), "mine");
    assert!(!out.join("no-latest.yaml").exists());
    let force = [&pull[..], &["--force"]].concat();
    registry.check(
        &force,
        0,
        &["wrote /out/replicas.yaml", "wrote /out/no-latest.yaml"],
    );
    assert_eq!(registry.read("out/replicas.yaml"), EXPRESSION);
    registry.file("elsewhere", "untouched");
    fs::remove_file(out.join("replicas.yaml")).unwrap();
    symlink("../elsewhere", out.join("replicas.yaml")).unwrap();
    registry.check(
        &force,
        2,
        &["/out/replicas.yaml: there is a link in the way"],
    );
    assert_eq!(registry.read("elsewhere"), "untouched");
    fs::remove_file(out.join("replicas.yaml")).unwrap();
    fs::create_dir(out.join("replicas.yaml")).unwrap();
    registry.check(
        &force,
        2,
        &["/out/replicas.yaml: there is a folder in the way"],
    );
}

/// The form of Kyverno 1.20, which is read only.
pub(super) fn archive(program: &Path) {
    let registry = Registry::start(program, &[]);
    written(&registry);
    let folder = registry.files.path();
    let mut tar = Command::new("tar");
    tar.args([
        "-czf",
        "content.tgz",
        "-C",
        "policies",
        "labels.yaml",
        "deep/both.yaml",
    ]);
    assert!(tar.current_dir(folder).status().unwrap().success());
    let content = fs::read(folder.join("content.tgz")).unwrap();
    let entry = |path: &str, index: usize, text: &str| json!({"path": path, "documentIndex": index, "digest": digest_of(text.as_bytes())});
    let mut resources = vec![
        entry("labels.yaml", 0, LABELS),
        entry("deep/both.yaml", 0, NAMESPACED),
        entry("deep/both.yaml", 1, EXPRESSION),
    ];
    let put = |image: &str, resources: &[Value]| {
        let config = json!({"formatVersion": "1.0.0", "sets": [], "resources": resources});
        let (bundle, content_type) = (
            "application/vnd.cncf.kyverno.bundle.config.v1+json",
            "application/vnd.cncf.kyverno.bundle.content.v1.tar+gzip",
        );
        let config = registry.blob("shop/a", bundle, config.to_string().as_bytes());
        let layer = registry.blob("shop/a", content_type, &content);
        registry.put(
            image,
            MANIFEST,
            &json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}),
        );
    };
    put("shop/a:good", &resources);
    let both = "wrote /out/deep/both.yaml: Policy shop/no-latest, ValidatingPolicy replicas\n";
    registry.check(
        &["oci", "pull", "/out", "-i", "HOST/shop/a:good"],
        0,
        &[both],
    );
    assert_eq!(registry.read("out/labels.yaml"), LABELS);
    resources.pop();
    put("shop/a:bad", &resources);
    let refusal = "HOST/shop/a:bad: its archive: document 1 of `deep/both.yaml` is not listed";
    registry.check(
        &["oci", "pull", "/bad", "-i", "HOST/shop/a:bad"],
        2,
        &[refusal],
    );
    assert!(!folder.join("bad").exists());
}

fn image(registry: &Registry, rest: &str) -> RegistryReference {
    let name = format!("{}/{rest}", registry.host());
    RegistryReference::parse(&name, Strictness::Weak).unwrap()
}

/// The names of the files that are pulled, or the error, without the registry's address.
fn pulled(registry: &Registry, rest: &str, options: RegistryOptions) -> String {
    let found =
        Registries::new(options).and_then(|registries| registries.pull(&image(registry, rest)));
    let told = |error: RegistryError| format!("{error}; {}", error.remedy());
    let names = found.map(|bundle| {
        let names = bundle.files.into_iter().map(|file| file.path);
        names.collect::<Vec<_>>().join(" ")
    });
    names.unwrap_or_else(told).replace(registry.host(), "HOST")
}

pub(super) fn users(program: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    let settings = [
        ("USERNAME", "me"),
        ("PASSWORD", "p@ss"),
        ("TLS", authority.to_str().unwrap()),
    ];
    let registry = Registry::start(program, &settings);
    let config = |auth: &str| {
        let path = folder.path().join("config.json");
        let auths = json!({"auths": {(registry.host()): {"auth": auth}}});
        fs::write(&path, auths.to_string()).unwrap();
        vec![DockerConfig::read(&path).unwrap().unwrap()]
    };
    let pem = Some(fs::read(&authority).unwrap());
    let who = |password: &str| {
        let (username, password) = ("me".to_owned(), password.to_owned());
        Some(Credentials::User { username, password })
    };
    let options = |authorities: &Option<Vec<u8>>, credentials, configs| RegistryOptions {
        authorities: authorities.clone(),
        credentials,
        configs,
        ..RegistryOptions::default()
    };
    let layer = portcullis_images::PolicyLayer {
        api_version: "kyverno.io/v1".to_owned(),
        kind: "ClusterPolicy".to_owned(),
        name: "require-labels".to_owned(),
        content: LABELS.as_bytes().to_vec(),
    };
    let push = |options| {
        let registries = Registries::new(options).unwrap();
        registries.push(&image(&registry, "shop/p:1"), std::slice::from_ref(&layer))
    };
    let refused = push(options(&pem, who("wrong"), Vec::new())).unwrap_err();
    assert!(
        matches!(refused, RegistryError::Refused { status: 401, .. }),
        "{refused}"
    );
    push(options(&pem, who("p@ss"), Vec::new())).unwrap();
    let login =
        "HOST/shop/p:1: the registry answers 401: Unauthorized; log in with `docker login`; ";
    for (options, wanted) in [
        (
            options(&pem, who("p@ss"), Vec::new()),
            "require-labels.yaml",
        ),
        (
            options(&pem, None, config("bWU6cEBzcw==")),
            "require-labels.yaml",
        ),
        (options(&pem, who("wrong"), Vec::new()), login),
        (options(&pem, None, config("bWU6d3Jvbmc=")), login),
        (options(&pem, None, Vec::new()), login),
        (
            options(&None, who("p@ss"), Vec::new()),
            "HOST/shop/p:1: no connection: ",
        ),
        (
            options(&Some(b"nothing".to_vec()), None, Vec::new()),
            "there is no certificate in PEM",
        ),
    ] {
        let found = pulled(&registry, "shop/p:1", options);
        assert!(
            found.starts_with(wanted) || found.contains(wanted),
            "{found}"
        );
        assert!(
            !found.contains("p@ss") && !found.contains("wrong"),
            "{found}"
        );
    }
}

pub(super) fn broken(program: &Path) {
    let registry = Registry::start(program, &[]);
    written(&registry);
    registry.check(&["oci", "push", "/policies", "-i", "HOST/shop/p:1"], 0, &[]);
    let config = registry.blob("shop/i", "application/vnd.oci.image.config.v1+json", b"{}");
    let layer = registry.blob(
        "shop/i",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        b"x",
    );
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    let image = registry.put("shop/i:1", MANIFEST, &manifest);
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image]});
    registry.put("shop/i:2", INDEX, &index);
    let evil = registry.blob(
        "shop/e",
        LAYER,
        b"kind: A\nmetadata: {name: ../../etc/cron}\n",
    );
    let config = registry.blob("shop/e", CONFIG, b"{}");
    let put = |image: &str, layers: &[&Value]| {
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        registry.put(image, MANIFEST, &manifest);
    };
    put("shop/e:1", &[&evil]);
    let plain = registry.blob("shop/e", LAYER, b"no: policy\n");
    put("shop/e:2", &[&plain]);
    let damaged = registry.blob("shop/e", LAYER, LABELS.as_bytes());
    put("shop/e:3", &[&damaged]);
    registry.damage(&damaged);
    let limits = Limits::default();
    let small = |limits: Limits| RegistryOptions {
        limits,
        ..RegistryOptions::default()
    };
    for (image, limits, wanted) in [
        (
            "shop/i:1",
            limits,
            "HOST/shop/i:1: its manifest: this is no bundle of policies: its configuration is of `application/vnd.oci.image.config",
        ),
        (
            "shop/i:2",
            limits,
            "HOST/shop/i:2: its manifest: this is no manifest of an image",
        ),
        (
            "shop/e:1",
            limits,
            "HOST/shop/e:1: the bundle: the name `../../etc/cron` is none for a file",
        ),
        (
            "shop/e:2",
            limits,
            "HOST/shop/e:2: layer 1: a document has no `kind`",
        ),
        (
            "shop/e:3",
            limits,
            "HOST/shop/e:3: layer 1: the registry sends sha256:",
        ),
        (
            "shop/p:1",
            Limits {
                manifest: 100,
                ..limits
            },
            "HOST/shop/p:1: its manifest: the answer is larger than the limit of 100 bytes",
        ),
        (
            "shop/p:1",
            Limits {
                layer: 100,
                ..limits
            },
            "HOST/shop/p:1: layer 1: the answer is larger than the limit of 100 bytes",
        ),
        (
            "shop/p:1",
            Limits {
                bundle: 500,
                ..limits
            },
            "HOST/shop/p:1: the bundle: the answer is larger than the limit of 500 bytes",
        ),
        (
            "shop/p:1",
            Limits { files: 2, ..limits },
            "HOST/shop/p:1: the bundle: ",
        ),
        (
            "shop/p:1",
            Limits {
                time: Duration::ZERO,
                ..limits
            },
            "HOST/shop/p:1: no answer within 0 s",
        ),
    ] {
        let found = pulled(&registry, image, small(limits));
        assert!(found.starts_with(wanted), "{found}");
    }
    let here = RegistryReference::parse("127.0.0.1:1/shop/a:1", Strictness::Weak).unwrap();
    let nobody = Registries::new(RegistryOptions::default())
        .unwrap()
        .pull(&here);
    let nobody = nobody.unwrap_err().to_string();
    assert!(
        nobody.starts_with("127.0.0.1:1/shop/a:1: no connection: "),
        "{nobody}"
    );
}
