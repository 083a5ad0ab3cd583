//! ImageValidatingPolicy: what it says of a Pod, of whose images a source knows who signed them.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::{
        image_verification::{ImageVerificationRequest, Statement, VerifiedImage, VerifyOutcome},
        source::{ContextSource, Lookup},
    },
    evaluate,
    load::load,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
};
use serde_json::{Value, json};

/// A world where the attestor with the key `KEY` signed `ghcr.io/shop/web:1` and a statement about
/// it, and nothing is known of `unknown`.
struct Signatures;

impl ContextSource for Signatures {
    fn now(&self) -> i128 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn image_metadata(&self, image: &str) -> Lookup {
        Lookup::Found(json!({"image": image}))
    }

    fn verify(&self, what: &ImageVerificationRequest<'_>) -> VerifyOutcome {
        let key = what.attestor.keys.as_ref();
        let key = key.and_then(|keys| keys.public_keys.as_deref());
        match (what.image.reference.as_str(), key) {
            (reference, _) if reference.contains("unknown") => {
                VerifyOutcome::Failed("nobody answers".to_owned())
            }
            ("ghcr.io/shop/web:1", Some("KEY")) => VerifyOutcome::Verified(VerifiedImage {
                statements: vec![Statement {
                    r#type: "sbom".to_owned(),
                    predicate: json!({"format": "X"}),
                }],
                ..VerifiedImage::default()
            }),
            _ => VerifyOutcome::NotVerified("no matching signatures".to_owned()),
        }
    }
}

fn policy(name: &str, spec: &Value) -> Value {
    let mut all = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
        }]},
        "validationConfigurations": {"verifyDigest": false},
        "matchImageReferences": [{"glob": "ghcr.io/*"}],
        "attestors": [
            {"name": "ours", "cosign": {"key": {"data": "KEY"}}},
            {"name": "computed", "cosign": {"key": {"expression": "'K' + 'EY'"}}},
            {"name": "other", "notary": {"certs": {"value": "CERT"}}},
        ],
        "attestations": [{"name": "bill", "intoto": {"type": "sbom"}}],
    });
    if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(fields.clone());
    }
    json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy",
        "metadata": {"name": name}, "spec": all,
    })
}

fn answers(kind: &str, object: &Value, policies: &[Value]) -> Vec<String> {
    let loaded: Vec<_> = policies
        .iter()
        .flat_map(|policy| {
            let (loaded, errors) = load(policy);
            assert!(errors.is_empty(), "{errors:?}");
            loaded
        })
        .collect();
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    if !errors.is_empty() {
        let said = errors.iter();
        return said
            .map(|error| format!("{}: {}", error.path, error.message))
            .collect();
    }
    let group = if kind == "Pod" { "" } else { "apps" };
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
        },
        resource: GroupVersionResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: format!("{}s", kind.to_lowercase()),
        },
        name: "a",
        namespace: "shop",
        object: Some(object),
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &Signatures, &mut Silent);
    let rules = responses.iter().flat_map(|response| &response.rules);
    rules
        .map(|rule| format!("{} {}: {}", rule.rule, rule.status.as_str(), rule.message))
        .collect()
}

/// Checks what policies say of a Pod with one image.
fn check(image: &str, specs: &[Value], expected: &[&str]) {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "image": image}]}});
    let names = ["p", "q"].iter();
    let policies: Vec<Value> = names
        .zip(specs)
        .map(|(name, spec)| policy(name, spec))
        .collect();
    assert_eq!(
        answers("Pod", &pod, &policies),
        expected,
        "{image} {specs:?}"
    );
}

fn valid(expression: &str) -> Value {
    json!({"validations": [{"expression": expression, "message": "no"}]})
}

fn signed_by(attestors: &str) -> Value {
    valid(&format!(
        "images.containers.map(i, verifyImageSignatures(i, [{attestors}])).all(n, n > 0)"
    ))
}

const WEB: &str = "ghcr.io/shop/web:1";

#[test]
fn an_annotation_without_a_value_is_an_error() {
    let mut spec = valid("true");
    spec["auditAnnotations"] =
        json!([{"key": "no", "valueExpression": "string(object.metadata.labels.no)"}]);
    let problem = "evaluation error: failed to evaluate policy: failed to evaluate auditAnnotation 'no': no such key: labels";
    check(WEB, &[spec], &[problem]);
}

#[test]
fn errors_are_told_and_unmet_conditions_are_not() {
    let missing = "evaluation error: failed to evaluate policy: no such key: labels";
    let labelled = json!("object.metadata.labels.app == 'a'");
    let images = json!([{"name": "mine", "expression": "[object.metadata.labels.app]"}]);
    let condition =
        |expression: &serde_json::Value| json!([{"name": "c", "expression": expression}]);
    // `failurePolicy: Ignore` is for conditions; what else has no value is still told.
    for (field, value, [fail, ignore]) in [
        ("matchConditions", condition(&json!("false")), [None, None]),
        (
            "matchConditions",
            condition(&labelled),
            [Some(missing), None],
        ),
        ("images", images, [Some(missing), Some(missing)]),
        (
            "validations",
            json!([{"expression": labelled}]),
            [Some(missing), Some(missing)],
        ),
    ] {
        for (policy, said) in [("Fail", fail), ("Ignore", ignore)] {
            let mut spec = valid("true");
            spec["validationConfigurations"] =
                json!({"mutateDigest": false, "required": false, "verifyDigest": false});
            spec[field] = value.clone();
            spec["failurePolicy"] = json!(policy);
            check(WEB, &[spec], said.as_slice());
        }
    }
}

#[test]
fn signatures_are_counted() {
    check(WEB, &[signed_by("attestors.ours")], &["p pass: success"]);
    check(
        WEB,
        &[signed_by("attestors.computed")],
        &["p pass: success"],
    );
    check(WEB, &[signed_by("attestors.other")], &["p fail: no"]);
    check(
        WEB,
        &[signed_by("attestors.other, attestors.ours")],
        &["p pass: success"],
    );
    check(
        "ghcr.io/shop/unknown",
        &[signed_by("attestors.ours")],
        &["evaluation error: failed to evaluate policy: nobody answers"],
    );
    check(
        WEB,
        &[valid(
            "verifyImageSignatures('ghcr.io/shop/web:1', [{'name': 'nobody'}]) > 0",
        )],
        &["evaluation error: failed to evaluate policy: the policy has no attestor `nobody`"],
    );
}

#[test]
fn statements_are_read_once_they_are_verified() {
    let verified = "images.containers.all(i, verifyAttestationSignatures(i, attestations.bill, [attestors.ours]) == 1)";
    let read = "images.containers.all(i, extractPayload(i, attestations.bill).format == 'X')";
    check(
        WEB,
        &[json!({"validations": [{"expression": verified}, {"expression": read}]})],
        &["p pass: success"],
    );
    check(
        WEB,
        &[valid(read)],
        &[
            "evaluation error: failed to evaluate policy: `bill` of `ghcr.io/shop/web:1` is not verified; call verifyAttestationSignatures first",
        ],
    );
}

#[test]
fn an_image_must_be_verified_by_some_policy() {
    let nothing = valid("true");
    let unverified = "p fail: image ghcr.io/shop/web:1 is not verified: no policy performed a signature or attestation check on it";
    check(WEB, std::slice::from_ref(&nothing), &[unverified]);
    check(
        WEB,
        &[nothing.clone(), signed_by("attestors.ours")],
        &["p pass: success", "q pass: success"],
    );
    let refused = "p fail: image ghcr.io/shop/web:1 failed signature or attestation verification";
    check(
        WEB,
        &[nothing, signed_by("attestors.other")],
        &[refused, "q fail: no"],
    );
    let mut optional = valid("true");
    optional["validationConfigurations"] = json!({"required": false, "verifyDigest": false});
    check(WEB, &[optional], &["p pass: success"]);
}

#[test]
fn an_image_must_name_its_digest() {
    let mut strict = signed_by("attestors.ours");
    strict["validationConfigurations"] = json!({});
    check(
        WEB,
        &[strict],
        &["p fail: image ghcr.io/shop/web:1 does not have a digest"],
    );
}

#[test]
fn images_that_no_reference_matches_are_left_alone() {
    check(
        "docker.io/web",
        &[valid(
            "images.containers == [] && verifyImageSignatures('docker.io/web', [attestors.ours]) == 0",
        )],
        &["p pass: success"],
    );
    let mut by_expression =
        valid("images.containers == ['docker.io/web'] && images.extra == ['docker.io/x']");
    by_expression["matchImageReferences"] = json!([{"expression": "ref.startsWith('docker.io/')"}]);
    by_expression["images"] =
        json!([{"name": "extra", "expression": "['docker.io/x', 'ghcr.io/y']"}]);
    by_expression["validationConfigurations"] = json!({"required": false, "verifyDigest": false});
    check("docker.io/web", &[by_expression], &["p pass: success"]);
}

#[test]
fn policies_are_derived_for_the_controllers_of_pods() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"initContainers": [{"name": "c", "image": WEB}]}}}});
    let spec =
        valid("images.initContainers.all(i, verifyImageSignatures(i, [attestors.ours]) > 0)");
    assert_eq!(
        answers("Deployment", &deployment, &[policy("p", &spec)]),
        ["p pass: success"]
    );
}

#[test]
fn what_cannot_be_compiled_has_a_path() {
    let mut both = valid("true");
    both["matchImageReferences"] = json!([{"glob": "a", "expression": "true"}]);
    check(
        WEB,
        &[both],
        &["spec.matchImageReferences[0]: expected glob or expression, and only one of them"],
    );
}

#[test]
fn without_references_a_policy_is_about_every_image() {
    for (references, said) in [
        (
            json!([]),
            "p fail: image ghcr.io/shop/web:1 does not have a digest",
        ),
        (json!([{"glob": "docker.io/*"}]), "p pass: success"),
    ] {
        let mut spec = valid("true");
        spec["matchImageReferences"] = references;
        spec["validationConfigurations"] = json!({"required": false});
        check(WEB, &[spec], &[said]);
    }
}

#[test]
fn an_attestor_is_of_one_kind_and_a_certificate_from_one_place() {
    let both = json!({"value": "CERT", "expression": "'CERT'"});
    for (attestor, problem) in [
        (
            json!({"name": "a"}),
            "spec.attestors[0]: expected cosign or notary, and only one of them",
        ),
        (
            json!({"name": "a", "cosign": {"key": {"data": "KEY"}}, "notary": {"certs": {"value": "CERT"}}}),
            "spec.attestors[0]: expected cosign or notary, and only one of them",
        ),
        (
            json!({"name": "a", "notary": {"certs": both}}),
            "spec.attestors[0].notary.certs: expected value or expression, and only one of them",
        ),
        (
            json!({"name": "a", "cosign": {"certificate": {"cert": both}}}),
            "spec.attestors[0].cosign.certificate.cert: expected value or expression, and only one of them",
        ),
    ] {
        let mut spec = valid("true");
        spec["attestors"] = json!([attestor]);
        check(WEB, &[spec], &[problem]);
    }
}
