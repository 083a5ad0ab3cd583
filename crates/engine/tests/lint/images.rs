//! `verifyImages`, `imageExtractors`, and images in the context.

use serde_json::{Value, json};

use crate::{fails, passes, warns};

/// A rule that verifies images of pods, with fields beside `imageReferences` and an action that refuses.
fn verifying(fields: Value) -> Value {
    let mut images = json!({"imageReferences": ["*"], "failureAction": "Enforce"});
    let entries = images.as_object_mut().unwrap();
    entries.extend(fields.as_object().unwrap().clone());
    json!({"match": about(&["Pod"]), "validate": null, "verifyImages": [images]})
}

fn about(kinds: &[&str]) -> Value {
    json!({"any": [{"resources": {"kinds": kinds}}]})
}

#[test]
fn what_is_verified() {
    let nothing = json!({"mutateDigest": false, "verifyDigest": false, "required": false});
    passes(verifying(json!({})));
    warns(verifying(nothing), "/verifyImages/0");
    fails(verifying(json!({"imageReferences": []})), "/verifyImages/0");
    let older = json!({"imageReferences": [], "image": "*"});
    warns(verifying(older), "/verifyImages/0/image");
    for (field, value) in [
        ("key", json!("k")),
        ("roots", json!("r")),
        ("subject", json!("s")),
        ("issuer", json!("i")),
        ("additionalExtensions", json!({"a": "b"})),
        ("annotations", json!({"a": "b"})),
    ] {
        let path = format!("/verifyImages/0/{field}");
        warns(verifying(json!({field: value})), &path);
    }
}

#[test]
fn digests_are_written_where_failures_are_refused() {
    let with = |action: Value, digest: Value| {
        let mut changes = verifying(json!({"failureAction": action, "mutateDigest": digest}));
        changes["verifyImages"][0]
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        changes
    };
    passes(with(json!("Enforce"), json!(true)));
    passes(with(json!("Audit"), json!(false)));
    for action in [json!("Audit"), Value::Null] {
        let path = "/verifyImages/0/mutateDigest";
        fails(with(action.clone(), json!(true)), path);
        fails(with(action, Value::Null), "/verifyImages/0");
    }
    // The second entry has the action of the first.
    let mut two = with(json!("Enforce"), json!(true));
    let second = json!({"imageReferences": ["*"], "mutateDigest": true});
    two["verifyImages"].as_array_mut().unwrap().push(second);
    passes(two);
}

#[test]
fn attestors() {
    let set = |set: Value| verifying(json!({"attestors": [set]}));
    let entry = |entry: Value| set(json!({"entries": [entry]}));
    let keys = json!({"keys": {"publicKeys": "k"}});
    let keyless = json!({"keyless": {"rekor": {"url": "https://rekor.example.com"}}});
    for fine in [
        keys.clone(),
        keyless.clone(),
        json!({"keys": {"kms": "awskms://a"}}),
        json!({"keys": {"secret": {"name": "a", "namespace": "b"}}}),
        json!({"keys": {"publicKeys": "k", "signatureAlgorithm": "sha512"}}),
        json!({"keyless": {"roots": "r"}}),
        json!({"keyless": {"rekor": {}}}),
        json!({"certificates": {"certChain": "c"}}),
        json!({"attestor": {"entries": [keys]}}),
    ] {
        passes(entry(fine));
    }
    let mut both = keys.clone();
    both["keyless"] = keyless["keyless"].clone();
    for (entry_, path) in [
        (json!({}), ""),
        (both, ""),
        (json!({"keys": {}}), "/keys"),
        (
            json!({"keys": {"publicKeys": "k", "signatureAlgorithm": "md5"}}),
            "/keys/signatureAlgorithm",
        ),
        (json!({"keyless": {"issuer": "i"}}), "/keyless"),
        (
            json!({"keyless": {"rekor": {"url": ""}}}),
            "/keyless/rekor/url",
        ),
        (json!({"certificates": {}}), "/certificates"),
        (json!({"attestor": {"entries": []}}), "/attestor"),
        (
            json!({"attestor": {"entries": [{}]}}),
            "/attestor/entries/0",
        ),
        (json!({"attestor": {"count": "all"}}), "/attestor"),
    ] {
        let path = format!("/verifyImages/0/attestors/0/entries/0{path}");
        fails(entry(entry_), &path);
    }
    let path = "/verifyImages/0/attestors/0";
    fails(set(json!({})), path);
    passes(set(json!({"count": 1, "entries": [keys]})));
    for count in [0, 2] {
        let set = set(json!({"count": count, "entries": [keys]}));
        fails(set, &format!("{path}/count"));
    }
    let mut notary = entry(keys);
    notary["verifyImages"][0]["type"] = json!("Notary");
    fails(notary, &format!("{path}/entries/0/keys"));
}

#[test]
fn attestations() {
    let with = |attestation: Value| verifying(json!({"attestations": [attestation]}));
    let path = "/verifyImages/0/attestations/0";
    passes(with(json!({"type": "https://slsa.dev/provenance/v1"})));
    fails(with(json!({"name": "a"})), path);
    warns(
        with(json!({"predicateType": "https://slsa.dev/provenance/v1"})),
        &format!("{path}/predicateType"),
    );
    let attestors = json!({"type": "a", "attestors": [{}]});
    fails(with(attestors), &format!("{path}/attestors/0"));
    let conditions = json!([{"all": [{"key": 1, "operator": "Is", "value": 1}]}]);
    fails(
        with(json!({"type": "a", "conditions": conditions})),
        &format!("{path}/conditions/0/all/0/operator"),
    );
    let deny = json!({"conditions": {"all": [{"key": 1, "operator": "Is", "value": 1}]}});
    fails(
        verifying(json!({"validate": {"deny": deny}})),
        "/verifyImages/0/validate/deny/conditions/all/0/operator",
    );
}

#[test]
fn extractors() {
    let with = |kind: &str, query: &str, digest: bool| {
        let mut changes = verifying(json!({"mutateDigest": digest}));
        let extractor = json!({"path": "/data/image", "jmesPath": query});
        changes["imageExtractors"] = json!({kind: [extractor]});
        changes["match"] = about(&["Pod", "ConfigMap"][..if kind == "ConfigMap" { 2 } else { 1 }]);
        changes
    };
    passes(with("ConfigMap", "", true));
    passes(with("ConfigMap", "trim_prefix(@, 'a')", false));
    fails(
        with("ConfigMap", "trim_prefix(@, 'a')", true),
        "/imageExtractors",
    );
    warns(with("Widget", "", true), "/imageExtractors/Widget");
    let path = "/imageExtractors/ConfigMap/0/jmesPath";
    warns(with("ConfigMap", "a[", false), path);
    let alone = with("ConfigMap", "", true)["imageExtractors"].clone();
    fails(json!({"imageExtractors": alone}), "/imageExtractors");
}

#[test]
fn kinds_whose_images_nobody_finds() {
    let of = |kinds: &[&str]| {
        let mut changes = verifying(json!({}));
        changes["match"] = about(kinds);
        changes
    };
    passes(of(&[
        "Pod",
        "apps/v1/Deployment",
        "CronJob",
        "Pod/ephemeralcontainers",
        "*Set",
    ]));
    let path = "/match/any/0/resources/kinds/1";
    warns(of(&["Pod", "ConfigMap"]), path);
    warns(of(&["Pod", "x.io/v1/Widget"]), path);
}

#[test]
fn images_of_the_context() {
    let lookup =
        |image: &str| json!({"context": [{"name": "a", "imageRegistry": {"reference": image}}]});
    passes(lookup("ghcr.io/org/app:1.0"));
    passes(lookup("{{ request.object.spec.image }}"));
    fails(lookup("Not An Image"), "/context/0/imageRegistry/reference");
}
