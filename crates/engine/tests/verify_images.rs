//! `verifyImages` rules: which images they verify, what they say, and what they write.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::Attestor;
use portcullis_engine::context::image_verification::{
    ImageVerificationRequest, Statement, VerifiedImage, VerifyOutcome,
};
use portcullis_engine::context::source::{ContextSource, Lookup, RegistryAccess};
use portcullis_engine::load::load;
use portcullis_engine::record::Silent;
use portcullis_engine::request::{GroupVersionKind, Operation, Request};
use portcullis_engine::response::{EngineResponse, RuleType};
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A registry where key `good` and key `better` signed everything, `bad` nothing, and `gone` cannot
/// be reached; the digest of `nowhere` is not known.
struct Registry;

fn key(attestor: &Attestor) -> &str {
    let keys = attestor.keys.as_ref();
    let key = keys.and_then(|keys| keys.public_keys.as_deref());
    let key = key.unwrap_or("good");
    key.trim_start_matches("-----BEGIN PUBLIC KEY-----")
        .trim_end_matches("-----END PUBLIC KEY-----")
        .trim()
}

impl ContextSource for Registry {
    fn verify(&self, what: &ImageVerificationRequest<'_>) -> VerifyOutcome {
        let statement = |kind: &str, predicate| Statement {
            r#type: kind.to_owned(),
            predicate,
        };
        match key(what.attestor) {
            "good" | "better" => VerifyOutcome::Verified(VerifiedImage {
                digest: DIGEST.to_owned(),
                annotations: vec![BTreeMap::from([("team".to_owned(), "shop".to_owned())])],
                statements: vec![
                    statement("build", json!({"builder": "ci", "request": {"x": 1}})),
                    statement("scan", json!({"worst": 3})),
                    statement("scan", json!({"worst": 8})),
                ],
            }),
            "bad" => VerifyOutcome::NotVerified("no matching signatures".to_owned()),
            "gone" => VerifyOutcome::Failed("no such host".to_owned()),
            _ => VerifyOutcome::Unavailable,
        }
    }
    fn image_digest(
        &self,
        image: &portcullis_values::image_ref::ImageInfo,
        _: &RegistryAccess,
    ) -> Lookup {
        match image.name.as_str() {
            "nowhere" => Lookup::Unavailable,
            _ => Lookup::Found(DIGEST.into()),
        }
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

fn pod(image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": image}]},
    })
}

fn keys(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({"keys": {"publicKeys": name}}))
        .collect()
}

/// A rule on Pods and Tasks with one entry.
fn rule(entry: &Value) -> Value {
    json!({
        "name": "signed",
        "match": {"any": [{"resources": {"kinds": ["Pod", "Task"]}}]},
        "verifyImages": [entry],
    })
}

/// What a policy answers, its exceptions included, of an object and the one before it.
fn answers(rules: &[Value], object: &Value, old: Option<&Value>) -> Vec<EngineResponse> {
    answers_of(&[rules], object, old)
}

/// What policies answer, each given by its rules.
fn answers_of(policies: &[&[Value]], object: &Value, old: Option<&Value>) -> Vec<EngineResponse> {
    let policy = |rules: &[Value]| {
        json!({
            "apiVersion": "kyverno.io/v1",
            "kind": "ClusterPolicy",
            "metadata": {"name": "images", "annotations": {"pod-policies.kyverno.io/autogen-controllers": "none"}},
            "spec": {"rules": rules},
        })
    };
    let mut loaded = Vec::new();
    for rules in policies {
        let (policies, faults) = load(&policy(rules));
        assert!(faults.is_empty(), "{faults:?}");
        loaded.extend(policies);
    }
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    let request = Request {
        operation: match old {
            Some(_) => Operation::Update,
            None => Operation::Create,
        },
        kind: GroupVersionKind {
            version: "v1".to_owned(),
            kind: object["kind"].as_str().unwrap().to_owned(),
            ..GroupVersionKind::default()
        },
        name: "web",
        namespace: "shop",
        object: Some(object),
        old_object: old,
        ..Request::default()
    };
    evaluate(&set, &request, &Registry, &mut Silent)
}

fn said(responses: &[EngineResponse]) -> Vec<String> {
    let rules = responses.iter().flat_map(|response| &response.rules);
    rules
        .map(|rule| {
            assert_eq!(rule.rule_type, RuleType::ImageVerify);
            format!("{}: {}", rule.status.as_str(), rule.message)
        })
        .collect()
}

/// What an entry says of a pod with one image.
#[track_caller]
fn check(entry: &Value, image: &str, expected: &[&str]) {
    let responses = answers(&[rule(entry)], &pod(image), None);
    assert_eq!(said(&responses), expected, "{entry} on {image}");
}

/// An entry for all images that only verifies.
fn only(fields: &Value) -> Value {
    let mut entry = json!({
        "imageReferences": ["*"], "mutateDigest": false, "verifyDigest": false, "required": false,
    });
    for (key, value) in fields.as_object().unwrap() {
        entry[key] = value.clone();
    }
    entry
}

const SIGNED: &str = "pass: verified image signatures for docker.io/app:v1";
const VERIFIED: &str = "pass: image verified";

#[test]
fn references() {
    let with = |names: &Value, skip: &Value| {
        only(&json!({
            "imageReferences": names, "skipImageReferences": skip,
            "attestors": [{"entries": keys(&["good"])}],
        }))
    };
    let none = json!([]);
    check(
        &with(&json!(["docker.io/app:*"]), &none),
        "app:v1",
        &[SIGNED],
    );
    check(
        &with(&json!(["ghcr.io/*", "*/app*"]), &none),
        "app:v1",
        &[SIGNED],
    );
    check(&with(&json!(["app:*"]), &none), "app:v1", &[]);
    let by_digest = format!("app@{DIGEST}");
    check(&with(&json!(["docker.io/app:*"]), &none), &by_digest, &[]);
    let unreadable =
        "error: failed to extract images: invalid image `App` at `/spec/containers/0/image`";
    let responses = answers(&[rule(&with(&json!(["*"]), &none))], &pod("App"), None);
    let said = said(&responses);
    assert!(
        said.iter().all(|one| one.starts_with(unreadable)),
        "{said:?}"
    );
    assert_eq!(said.len(), 1);
}

/// `skipImageReferences` is about who signed; whether there is a digest is asked as ever.
#[test]
fn skipped_images() {
    let digest = format!("app@{DIGEST}");
    let skip = |image: &str| {
        format!(
            "skip: skipping image reference image docker.io/{image}, policy images ruleName signed"
        )
    };
    let skipped = |image: &str| format!("skip: image skipped, skipped images: docker.io/{image}");
    let missing = "fail: missing digest for docker.io/app:v1".to_owned();
    let attestors = json!([{"entries": keys(&["bad"])}]);
    let none = json!([]);
    let table: [(&Value, [bool; 3], &str, Vec<String>); 12] = [
        // mutateDigest, verifyDigest, required
        (
            &attestors,
            [false, false, false],
            "app:v1",
            vec![skip("app:v1")],
        ),
        (
            &attestors,
            [false, false, true],
            "app:v1",
            vec![skip("app:v1"), skipped("app:v1")],
        ),
        (
            &attestors,
            [false, true, false],
            "app:v1",
            vec![skip("app:v1"), missing.clone()],
        ),
        (
            &attestors,
            [false, true, true],
            "app:v1",
            vec![skip("app:v1"), missing.clone()],
        ),
        (
            &attestors,
            [false, true, false],
            &digest,
            vec![skip(&digest), VERIFIED.to_owned()],
        ),
        (
            &attestors,
            [false, true, true],
            &digest,
            vec![skip(&digest), skipped(&digest)],
        ),
        // The digest is written.
        (
            &attestors,
            [true, true, true],
            "app:v1",
            vec![skip("app:v1"), skipped(&digest)],
        ),
        // Where nobody must have signed, nothing is skipped.
        (&none, [false, false, false], "app:v1", vec![]),
        (&none, [false, true, true], "app:v1", vec![missing]),
        (
            &none,
            [false, false, true],
            "app:v1",
            vec!["fail: unverified image docker.io/app:v1".to_owned()],
        ),
        (
            &none,
            [false, true, false],
            &digest,
            vec![VERIFIED.to_owned()],
        ),
        (
            &none,
            [true, true, false],
            "app:v1",
            vec!["pass: mutated image digest".to_owned(), VERIFIED.to_owned()],
        ),
    ];
    for (attestors, [mutate, verify, required], image, expected) in table {
        let entry = json!({
            "imageReferences": ["*"], "skipImageReferences": ["docker.io/app*"], "attestors": attestors,
            "mutateDigest": mutate, "verifyDigest": verify, "required": required,
        });
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&entry, image, &expected);
    }
}

#[test]
fn attestors() {
    let failed = "fail: failed to verify image docker.io/app:v1: ";
    let bad = |path: &str| format!("{failed}.attestors{path}.keys: no matching signatures");
    let both = format!(
        "{failed}.attestors[0].entries[0].keys: no matching signatures; .attestors[0].entries[2].keys: no matching signatures"
    );
    let lost = "error: failed to verify image docker.io/app:v1: .attestors[0].entries[0].keys: no such host";
    let unknown = "error: failed to verify image docker.io/app:v1: .attestors[0].entries[0].keys: signatures cannot be verified here";
    let pems = "-----BEGIN PUBLIC KEY-----\nbad\n-----END PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----\ngood\n-----END PUBLIC KEY-----\n";
    let nested = json!({"attestor": {"count": 1, "entries": keys(&["bad", "good"])}});
    let nested_bad = json!({"attestor": {"entries": keys(&["bad"])}});
    let annotated =
        |team: &str| json!([{"keys": {"publicKeys": "good"}, "annotations": {"team": team}}]);
    let other = format!(
        "{failed}.attestors[0].entries[0].keys: annotations mismatch: no signature carries team=ops"
    );
    let table = [
        (json!([{"entries": keys(&["good"])}]), SIGNED.to_owned()),
        (json!([{"entries": keys(&["bad"])}]), bad("[0].entries[0]")),
        (
            json!([{"entries": keys(&["good", "bad"])}]),
            bad("[0].entries[1]"),
        ),
        (
            json!([{"count": 1, "entries": keys(&["bad", "good"])}]),
            SIGNED.to_owned(),
        ),
        (
            json!([{"count": 1, "entries": keys(&["good", "gone"])}]),
            SIGNED.to_owned(),
        ),
        (
            json!([{"count": 2, "entries": keys(&["bad", "good", "bad"])}]),
            both,
        ),
        (
            json!([{"count": 2, "entries": keys(&["bad", "good", "better"])}]),
            SIGNED.to_owned(),
        ),
        (
            json!([{"entries": keys(&["good"])}, {"entries": keys(&["bad"])}]),
            bad("[1].entries[0]"),
        ),
        (json!([{"entries": keys(&["gone"])}]), lost.to_owned()),
        (json!([{"entries": keys(&["other"])}]), unknown.to_owned()),
        (json!([{"entries": keys(&[pems])}]), bad("[0].entries[0]")),
        (
            json!([{"count": 1, "entries": keys(&[pems])}]),
            SIGNED.to_owned(),
        ),
        (json!([{"entries": [nested]}]), SIGNED.to_owned()),
        (
            json!([{"entries": [nested_bad]}]),
            bad("[0].entries[0].attestor.entries[0]"),
        ),
        (json!([{"entries": annotated("shop")}]), SIGNED.to_owned()),
        (json!([{"entries": annotated("ops")}]), other),
    ];
    for (attestors, expected) in table {
        let entry = only(&json!({"attestors": attestors}));
        check(&entry, "app:v1", &[&expected]);
    }
}

#[test]
fn older_fields() {
    let old = |fields: &Value| {
        let mut entry = only(fields);
        entry.as_object_mut().unwrap().remove("imageReferences");
        entry
    };
    let bad = "fail: failed to verify image docker.io/app:v1: .attestors[0].entries[0].keys: no matching signatures";
    check(
        &old(&json!({"image": "*", "key": "good"})),
        "app:v1",
        &[SIGNED],
    );
    check(&old(&json!({"image": "*", "key": "bad"})), "app:v1", &[bad]);
    check(
        &old(&json!({"image": "other*", "key": "bad"})),
        "app:v1",
        &[],
    );
    let attested = "pass: verified image attestations for docker.io/app:v1";
    let entry = json!({"image": "*", "key": "good", "attestations": [{"predicateType": "build"}]});
    check(&old(&entry), "app:v1", &[attested]);
    let entry = json!({"image": "*", "key": "bad", "attestations": [{"predicateType": "build"}]});
    let bad = "fail: failed to verify image docker.io/app:v1: .attestations[0].attestors[0].entries[0].keys: no matching signatures";
    check(&old(&entry), "app:v1", &[bad]);
}

#[test]
fn attestations() {
    let condition = |key: &str, operator: &str, value: Value| json!([{"all": [{"key": key, "operator": operator, "value": value, "message": "too bad"}]}]);
    let attested = "pass: verified image attestations for docker.io/app:v1".to_owned();
    let place = "fail: .attestations[0].attestors[0].entries[0]";
    let table = [
        (json!([{"type": "build"}]), json!(null), attested.clone()),
        (
            json!([{"type": "none"}]),
            json!(null),
            format!("{place}: attestations not found for predicate type none"),
        ),
        // The predicate is merged into the context, and does not hide what is there.
        (
            json!([{"type": "build", "conditions": condition("{{ builder }}/{{ request.x }}/{{ request.operation }}", "Equals", json!("ci/1/CREATE"))}]),
            json!(null),
            attested.clone(),
        ),
        // Every statement of the type counts.
        (
            json!([{"type": "scan", "conditions": condition("{{ worst }}", "LessThan", json!(7))}]),
            json!(null),
            format!(
                "{place}: attestation checks failed for docker.io/app:v1 and predicate scan: too bad"
            ),
        ),
        (
            json!([{"type": "scan", "conditions": condition("{{ worst }}", "LessThan", json!(9))}]),
            json!(null),
            attested.clone(),
        ),
        // A named one can be read by `deny`.
        (
            json!([{"type": "build", "name": "made"}]),
            json!({"message": "by {{ made.builder }} of {{ image.name }}", "deny": {"conditions": {"any": [{"key": "{{ made.builder }}", "operator": "Equals", "value": "ci"}]}}}),
            "fail: by ci of app".to_owned(),
        ),
        (
            json!([{"type": "build", "name": "made"}]),
            json!({"deny": {"conditions": {"any": [{"key": "{{ made.builder }}", "operator": "Equals", "value": "me"}]}}}),
            attested,
        ),
    ];
    for (attestations, validate, expected) in table {
        let mut entry = only(&json!({"attestations": attestations}));
        if !validate.is_null() {
            entry["validate"] = validate;
        }
        check(&entry, "app:v1", &[&expected]);
    }
    let unresolved = only(
        &json!({"attestations": [{"type": "build", "conditions": condition("{{ nothing }}", "Equals", json!(1))}]}),
    );
    let said = said(&answers(&[rule(&unresolved)], &pod("app:v1"), None));
    assert!(
        said[0].starts_with("fail: ") && said[0].contains("failed to check attestations"),
        "{said:?}"
    );
}

#[test]
fn digest_and_required() {
    let attestors = |name: &str| json!([{"entries": keys(&[name])}]);
    let digest = format!("docker.io/app:v1@{DIGEST}");
    let missing = "fail: missing digest for docker.io/app:v1";
    let bad = "fail: failed to verify image docker.io/app:v1: .attestors[0].entries[0].keys: no matching signatures";
    let table: [(Value, &str, Vec<&str>); 9] = [
        // With all defaults an image that is verified is pinned, has its digest and was verified.
        (
            json!({"attestors": attestors("good")}),
            "app:v1",
            vec![SIGNED, VERIFIED],
        ),
        (
            json!({"attestors": attestors("bad")}),
            "app:v1",
            vec![bad, missing],
        ),
        (
            json!({"attestors": attestors("bad"), "verifyDigest": false}),
            "app:v1",
            vec![bad, "fail: unverified image docker.io/app:v1"],
        ),
        (
            json!({"attestors": attestors("good"), "mutateDigest": false}),
            "app:v1",
            vec![SIGNED, missing],
        ),
        (
            json!({"mutateDigest": false, "required": false}),
            "app:v1",
            vec![missing],
        ),
        (
            json!({"mutateDigest": false, "required": false}),
            &digest,
            vec![VERIFIED],
        ),
        (
            json!({"mutateDigest": false, "verifyDigest": false}),
            "app:v1",
            vec!["fail: unverified image docker.io/app:v1"],
        ),
        (
            json!({"required": false}),
            "app:v1",
            vec!["pass: mutated image digest", VERIFIED],
        ),
        (
            json!({"required": false}),
            "nowhere",
            vec![
                "error: failed to update digest: failed to fetch image reference: docker.io/nowhere:latest, error: no registry can be asked here; give the image's `digest` in a Context file",
                "fail: missing digest for docker.io/nowhere:latest",
            ],
        ),
    ];
    for (mut entry, image, expected) in table {
        entry["imageReferences"] = json!(["*"]);
        check(&entry, image, &expected);
    }
}

#[test]
fn what_is_written() {
    let signed = |name: &str| {
        rule(&json!({"imageReferences": ["*"], "attestors": [{"entries": keys(&[name])}]}))
    };
    let responses = answers(&[signed("good")], &pod("app:v1"), None);
    let patched = responses[0].patched.as_ref().unwrap();
    let pinned = format!("docker.io/app:v1@{DIGEST}");
    assert_eq!(patched["spec"]["containers"][0]["image"], pinned);
    let annotations = &patched["metadata"]["annotations"];
    assert_eq!(
        annotations["kyverno.io/verify-images"],
        format!(r#"{{"docker.io/app@{DIGEST}":"pass"}}"#)
    );
    assert_eq!(
        annotations["kyverno.io/verify-images-scoped"],
        format!(
            r#"{{"version":1,"policies":{{"/images":{{"signed":{{"docker.io/app@{DIGEST}":"pass"}}}}}}}}"#
        )
    );

    // An image that is not verified is not pinned; annotations of a new object count for nothing.
    let mut forged = patched.as_ref().clone();
    let responses = answers(&[signed("bad")], &forged, None);
    assert_eq!(said(&responses).len(), 2);
    assert!(said(&responses).iter().all(|one| one.starts_with("fail")));
    forged["spec"]["containers"][0]["image"] = json!("app:v1");
    let responses = answers(&[signed("bad")], &forged, None);
    let after = responses[0].patched.as_ref().unwrap();
    assert_eq!(after["spec"]["containers"][0]["image"], "app:v1");
    let scoped = &after["metadata"]["annotations"]["kyverno.io/verify-images-scoped"];
    assert!(
        scoped
            .as_str()
            .unwrap()
            .contains(r#""docker.io/app:v1":"fail""#)
    );

    // An update that leaves a verified image alone does not verify it again.
    let stored = patched.as_ref().clone();
    let responses = answers(&[signed("bad")], &stored, Some(&stored));
    assert_eq!(said(&responses), [VERIFIED]);
    let mut changed = stored.clone();
    changed["spec"]["containers"][0]["image"] = json!("app:v2");
    let responses = answers(&[signed("bad")], &changed, Some(&stored));
    assert!(said(&responses)[0].starts_with("fail: failed to verify image docker.io/app:v2"));
}

#[test]
fn custom_kinds_and_variables() {
    let task = json!({"apiVersion": "v1", "kind": "Task", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"steps": [{"name": "a", "image": "app:v1"}], "url": "docker://app:v1"}});
    let mut by_step = rule(&json!({"imageReferences": ["*"],
        "attestors": [{"entries": keys(&["{{ images.steps.a.tag && key }}"])}]}));
    by_step["imageExtractors"] = json!({"Task": [{"path": "/spec/steps/*", "value": "image", "name": "steps", "key": "name"}]});
    by_step["context"] = json!([{"name": "key", "variable": {"value": "good"}}]);
    let responses = answers(&[by_step.clone()], &task, None);
    assert_eq!(said(&responses), [SIGNED, VERIFIED]);
    let patched = responses[0].patched.as_ref().unwrap();
    assert_eq!(
        patched["spec"]["steps"][0]["image"],
        format!("docker.io/app:v1@{DIGEST}")
    );

    // A step without an image, and an object without any.
    let mut step = task.clone();
    let steps = step["spec"]["steps"].as_array_mut().unwrap();
    steps.push(json!({"name": "b", "ref": {"name": "shared"}}));
    assert_eq!(
        said(&answers(&[by_step.clone()], &step, None)),
        [SIGNED, VERIFIED]
    );
    step["spec"]["steps"] = json!([{"name": "b"}]);
    assert!(said(&answers(&[by_step.clone()], &step, None)).is_empty());

    // Nothing is written where the text is not the image.
    let mut by_url = rule(&json!({"imageReferences": ["*"], "verifyDigest": false,
        "attestors": [{"entries": keys(&["good"])}]}));
    by_url["imageExtractors"] =
        json!({"Task": [{"path": "/spec/url", "jmesPath": "trim_prefix(@, 'docker://')"}]});
    let responses = answers(&[by_url], &task, None);
    let written = "error: failed to update digest: the text at `/spec/url` is not the image itself; set `mutateDigest: false`";
    assert_eq!(said(&responses), [written, SIGNED, VERIFIED]);

    // Preconditions, and a variable without a value.
    let mut unmet = by_step.clone();
    unmet["preconditions"] =
        json!({"all": [{"key": "{{ images.steps.a.tag }}", "operator": "Equals", "value": "v2"}]});
    assert_eq!(
        said(&answers(&[unmet], &task, None)),
        ["skip: preconditions not met"; 2]
    );
    by_step["context"] = json!([]);
    let said = said(&answers(&[by_step], &task, None));
    assert!(
        said[0].starts_with("error: failed to substitute variables: "),
        "{said:?}"
    );
    assert_eq!(said[1], "fail: missing digest for docker.io/app:v1");
}

#[test]
fn validation_sees_the_digest() {
    let pinned = json!({
        "name": "pinned",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "validate": {"message": "pin images", "pattern": {"spec": {"containers": [{"image": "*@sha256:*"}]}}},
    });
    let signed =
        rule(&json!({"imageReferences": ["*"], "attestors": [{"entries": keys(&["good"])}]}));
    let responses = answers(&[pinned, signed], &pod("app:v1"), None);
    let rules: Vec<_> = responses[0]
        .rules
        .iter()
        .map(|rule| (&*rule.rule, rule.status.as_str()))
        .collect();
    assert_eq!(
        rules,
        [("signed", "pass"), ("pinned", "pass"), ("signed", "pass")]
    );
}

#[test]
fn the_last_change_is_the_digest_wherever_the_policy_stands() {
    let verifies =
        rule(&json!({"imageReferences": ["*"], "attestors": [{"entries": keys(&["good"])}]}));
    let labels = json!({
        "name": "labels",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"team": "shop"}}}},
    });
    let (verifies, labels) = ([verifies], [labels]);
    for policies in [[&verifies[..], &labels[..]], [&labels, &verifies]] {
        let responses = answers_of(&policies, &pod("app:v1"), None);
        let last: Vec<_> = responses.iter().filter(|one| one.is_last_change).collect();
        assert_eq!(last.len(), 1);
        let object = last[0].patched.as_deref().unwrap();
        assert_eq!(object["metadata"]["labels"]["team"], "shop");
        assert_eq!(
            object["spec"]["containers"][0]["image"],
            format!("docker.io/app:v1@{DIGEST}")
        );
    }
}
