//! ImageValidatingPolicy: which digests it writes beside tags, where that is done, and what it says of
//! JSON.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::{ContextSource, Lookup, RegistryAccess},
    evaluate,
    load::{Loaded, load},
    mutate,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Payload, Request},
    response::EngineResponse,
    validate,
};
use portcullis_values::image_ref::ImageInfo;
use serde_json::{Value, json};

/// A registry that knows the images of `ghcr.io/shop`, and one of `ghcr.io/broken` that is down.
struct Registry;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

impl ContextSource for Registry {
    fn now(&self) -> i128 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn image_digest(&self, image: &ImageInfo, _access: &RegistryAccess) -> Lookup {
        match image.path.split('/').next() {
            Some("shop") => Lookup::Found(json!(DIGEST)),
            Some("broken") => Lookup::Failed("the registry is down".to_owned()),
            _ => Lookup::Unavailable,
        }
    }
}

fn read(document: &Value) -> Vec<Loaded> {
    let (loaded, errors) = load(document);
    assert!(errors.is_empty(), "{errors:?}");
    loaded
}

/// A policy that requires nothing but what the fields say.
fn policy(fields: &Value) -> Vec<Loaded> {
    let mut spec = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
        }]},
        "validationConfigurations": {"required": false},
        "matchImageReferences": [{"glob": "ghcr.io/*"}],
        "attestors": [],
        "validations": [{"expression": "true"}],
    });
    if let (Some(spec), Some(fields)) = (spec.as_object_mut(), fields.as_object()) {
        spec.extend(fields.clone());
    }
    read(&json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy",
        "metadata": {"name": "p"}, "spec": spec,
    }))
}

/// How a policy is asked.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Offline,
    Compat,
    MutatingWebhook,
    ValidatingWebhook,
}

fn ask(loaded: &[Loaded], request: &Request<'_>, asked: Asked) -> Vec<EngineResponse> {
    let compat = matches!(asked, Asked::Compat);
    let (set, errors) = compile(loaded, &[], &CompileOptions { compat });
    assert!(errors.is_empty(), "{errors:?}");
    match asked {
        Asked::Offline | Asked::Compat => evaluate(&set, request, &Registry, &mut Silent),
        Asked::MutatingWebhook => mutate(&set, request, &Registry, &mut Silent),
        Asked::ValidatingWebhook => validate(&set, request, &Registry, &mut Silent),
    }
}

fn said(responses: &[EngineResponse]) -> Vec<String> {
    let rules = responses.iter().flat_map(|response| &response.rules);
    rules
        .map(|rule| format!("{} {}: {}", rule.rule, rule.status.as_str(), rule.message))
        .collect()
}

/// Checks the images of a Pod as they come out, and what is said.
fn check(fields: &Value, images: &[&str], asked: Asked, after: &[&str], expected: &[&str]) {
    let named = images.iter().map(|image| json!({"image": image}));
    let containers: Vec<Value> = named.collect();
    let pod = json!({"spec": {"containers": containers}});
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            ..GroupVersionKind::default()
        },
        resource: GroupVersionResource {
            version: "v1".to_owned(),
            resource: "pods".to_owned(),
            ..GroupVersionResource::default()
        },
        name: "a",
        namespace: "shop",
        object: Some(&pod),
        ..Request::default()
    };
    let responses = ask(&policy(fields), &request, asked);
    let mut patched = responses.iter().filter_map(|one| one.patched.as_deref());
    let object = patched.next_back().unwrap_or(&pod);
    let found = object.pointer("/spec/containers").and_then(Value::as_array);
    let found = found.into_iter().flatten();
    let found: Vec<&str> = found.filter_map(|one| one.get("image")?.as_str()).collect();
    assert_eq!(found, after, "{fields} {asked:?}");
    assert_eq!(said(&responses), expected, "{fields} {asked:?}");
}

#[test]
fn digests_are_written_where_objects_are_changed() {
    let web = "ghcr.io/shop/web:1";
    let pinned = format!("{web}@{DIGEST}");
    let (web, pinned) = (&[web], &[pinned.as_str()]);
    let missing = "p fail: image ghcr.io/shop/web:1 does not have a digest";
    let none = json!({});
    let off = json!({"validationConfigurations": {"required": false, "mutateDigest": false}});
    let lax = json!({"validationConfigurations": {"required": false, "verifyDigest": false}});
    let pass = "p pass: success";
    check(&none, web, Asked::MutatingWebhook, pinned, &[]);
    check(&none, web, Asked::ValidatingWebhook, web, &[missing]);
    check(&none, pinned, Asked::ValidatingWebhook, pinned, &[pass]);
    check(&none, web, Asked::Offline, pinned, &[pass]);
    check(&none, web, Asked::Compat, web, &[missing]);
    check(&off, web, Asked::MutatingWebhook, web, &[]);
    check(&off, web, Asked::Offline, web, &[missing]);
    check(&lax, web, Asked::ValidatingWebhook, web, &[pass]);
    let unmet = json!({"matchConditions": [{"name": "c", "expression": "false"}]});
    check(&unmet, web, Asked::MutatingWebhook, web, &[]);
    let other = json!({"matchImageReferences": [{"glob": "quay.io/*"}]});
    check(&other, web, Asked::MutatingWebhook, web, &[]);
}

#[test]
fn one_image_without_a_digest_does_not_cost_the_others_theirs() {
    let images = ["ghcr.io/broken/a:1", "ghcr.io/shop/b", "ghcr.io/far/c:1"];
    let b = format!("ghcr.io/shop/b:latest@{DIGEST}");
    let after = ["ghcr.io/broken/a:1", b.as_str(), "ghcr.io/far/c:1"];
    let down =
        "mutateDigest error: failed to update digest: `ghcr.io/broken/a:1`: the registry is down";
    let far = "mutateDigest error: failed to update digest: no registry can be asked for `ghcr.io/far/c:1`";
    let none = json!({});
    check(&none, &images, Asked::MutatingWebhook, &after, &[down, far]);
    let missing = "p fail: image ghcr.io/broken/a:1 does not have a digest";
    check(&none, &images, Asked::Offline, &after, &[down, missing]);
}

#[test]
fn a_policy_about_json_extracts_its_images() {
    let of_json = json!({
        "evaluation": {"mode": "JSON"},
        "validationConfigurations": {"required": false, "verifyDigest": false},
        "images": [{"name": "all", "expression": "[object.image]"}],
        "validations": [{"expression": "images.all == ['ghcr.io/shop/web:1']", "message": "no"}],
    });
    for (payload, image, expected) in [
        (Payload::Json, "ghcr.io/shop/web:1", "p pass: success"),
        (Payload::Json, "ghcr.io/shop/web:2", "p fail: no"),
        (Payload::Resource, "ghcr.io/shop/web:1", "p pass: success"),
    ] {
        let object = json!({"image": image});
        let request = Request {
            payload,
            object: Some(&object),
            ..Request::default()
        };
        let responses = ask(&policy(&of_json), &request, Asked::Offline);
        assert_eq!(said(&responses), [expected]);
    }
    let object = json!({"image": "ghcr.io/shop/web:1"});
    let request = Request {
        payload: Payload::Json,
        object: Some(&object),
        ..Request::default()
    };
    let of_resources = ask(&policy(&json!({})), &request, Asked::Offline);
    assert_eq!(said(&of_resources), Vec::<String>::new());
    let mut required = of_json;
    if let Some(fields) = required.as_object_mut() {
        fields.insert(
            "validationConfigurations".to_owned(),
            json!({"verifyDigest": false}),
        );
    }
    let responses = ask(&policy(&required), &request, Asked::Offline);
    let unverified = "p fail: image ghcr.io/shop/web:1 is not verified: no policy performed a signature or attestation check on it";
    assert_eq!(said(&responses), [unverified]);
}

/// What it allows, no expression of these policies can read.
#[test]
fn an_exception_for_certain_images_lets_off_nothing_else() {
    let exception = |spec: Value| {
        let mut all = json!({"policyRefs": [{"kind": "ImageValidatingPolicy", "name": "p"}]});
        if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
            all.extend(fields.clone());
        }
        read(&json!({
            "apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException",
            "metadata": {"name": "e", "namespace": "shop"}, "spec": all,
        }))
    };
    let object = json!({"image": "ghcr.io/shop/web:1"});
    let request = Request {
        payload: Payload::Json,
        object: Some(&object),
        ..Request::default()
    };
    let failing = json!({
        "evaluation": {"mode": "JSON"},
        "validations": [{"expression": "false", "message": "no"}],
    });
    for (spec, expected) in [
        (
            json!({}),
            "exception skip: rule is skipped due to policy exception: shop/e",
        ),
        (
            json!({"reportResult": "pass"}),
            "exception skip: rule is skipped due to policy exception: shop/e",
        ),
        (json!({"images": ["ghcr.io/*"]}), "p fail: no"),
    ] {
        let loaded: Vec<Loaded> = policy(&failing)
            .into_iter()
            .chain(exception(spec))
            .collect();
        assert_eq!(said(&ask(&loaded, &request, Asked::Offline)), [expected]);
    }
}
