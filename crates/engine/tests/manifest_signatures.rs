//! `validate.manifests`: whose signatures count, and what may differ from what was signed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use portcullis_engine::context::source::ContextSource;
use portcullis_engine::load::load;
use portcullis_engine::record::Silent;
use portcullis_engine::request::{GroupVersionKind, Operation, Request};
use portcullis_engine::response::RuleStatus;
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

/// Keys, and messages about the Service `shop` with a signature of each key but `stranger`, made
/// with Python's `cryptography`.
const SIGNED: &str = include_str!("manifest_signatures/signed.json");

struct Nothing;

impl ContextSource for Nothing {
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

fn signed() -> Value {
    serde_json::from_str(SIGNED).unwrap()
}

fn key(name: &str) -> String {
    signed()["keys"][name].as_str().unwrap().to_owned()
}

fn by(names: &[&str]) -> Value {
    let entry = |name: &&str| json!({"keys": {"publicKeys": key(name)}});
    names.iter().map(entry).collect()
}

/// The Service as it was signed, with a message and some signatures over it.
fn service(domain: &str, message: &str, signers: &[&str]) -> Value {
    let message = &signed()["messages"][message];
    let mut annotations = json!({format!("{domain}/message"): message["message"]});
    for (index, signer) in signers.iter().enumerate() {
        let end = match index {
            0 => String::new(),
            _ => format!("_{index}"),
        };
        annotations[format!("{domain}/signature{end}")] = message["signatures"][signer].clone();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop", "namespace": "x", "annotations": annotations},
        "spec": {"ports": [{"port": 80, "targetPort": 9376}], "selector": {"app": "shop"}},
    })
}

fn sigstore(message: &str, signers: &[&str]) -> Value {
    service("cosign.sigstore.dev", message, signers)
}

fn with(mut object: Value, pointer: &str, key: &str, value: Value) -> Value {
    object.pointer_mut(pointer).unwrap()[key] = value;
    object
}

/// How a rule ends, and what it says.
fn answer(
    manifests: &Value,
    object: &Value,
    operation: Operation,
    dry_run: bool,
) -> Option<(RuleStatus, String)> {
    let policy = json!({
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "signed"},
        "spec": {"rules": [{
            "name": "signed",
            "match": {"any": [{"resources": {"kinds": ["Service"], "operations": ["CREATE", "DELETE"]}}]},
            "validate": {"failureAction": "Enforce", "manifests": manifests},
        }]},
    });
    let (policies, faults) = load(&policy);
    assert!(faults.is_empty(), "{faults:?}");
    let (set, errors) = compile(&policies, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    let is_delete = operation == Operation::Delete;
    let request = Request {
        kind: GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Service".to_owned(),
        },
        name: "shop",
        namespace: "x",
        operation,
        object: (!is_delete).then_some(object),
        old_object: is_delete.then_some(object),
        dry_run,
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &Nothing, &mut Silent);
    let mut rules = responses.iter().flat_map(|response| response.rules.iter());
    let rule = rules.next()?;
    Some((rule.status, rule.message.to_string()))
}

#[track_caller]
fn check(manifests: &Value, object: &Value, status: RuleStatus, part: &str) {
    let (found, said) = answer(manifests, object, Operation::Create, false).unwrap();
    assert_eq!(found, status, "{said}");
    assert!(said.contains(part), "{said}");
}

use RuleStatus::{Error, Fail, Pass};

#[test]
fn signers() {
    let any = |names: &[&str]| json!({"attestors": [{"count": 1, "entries": by(names)}]});
    let all = |names: &[&str]| json!({"attestors": [{"entries": by(names)}]});
    let sets = |one: &[&str], other: &[&str]| json!({"attestors": [{"entries": by(one)}, {"entries": by(other)}]});
    let one = "verified manifest signatures; manifest verification succeeded; verifiedCount 1; requiredCount 1";
    for name in ["p256", "p384", "rsa"] {
        check(&any(&[name]), &sigstore("yaml", &[name]), Pass, one);
        let strange = sigstore("yaml", &["p521"]);
        check(
            &any(&[name]),
            &strange,
            Fail,
            ".attestors[0].entries[0].keys: no signature is of this key",
        );
    }
    let both = sigstore("archive", &["p384", "p256"]);
    let first = sigstore("archive", &["p256"]);
    check(&any(&["stranger", "p256"]), &first, Pass, one);
    check(
        &all(&["stranger", "p256"]),
        &first,
        Fail,
        "verifiedCount 1; requiredCount 2",
    );
    check(&all(&["p256", "p384"]), &both, Pass, "verifiedCount 2");
    check(
        &sets(&["p256"], &["p384"]),
        &both,
        Pass,
        ".attestors[1].entries[0].keys",
    );
    check(
        &sets(&["p256"], &["p384"]),
        &first,
        Fail,
        ".attestors[1].entries[0].keys",
    );
    let text = format!("{}{}", key("stranger"), key("p256"));
    let one_text =
        json!({"attestors": [{"count": 1, "entries": [{"keys": {"publicKeys": text}}]}]});
    check(&one_text, &first, Pass, ".attestors[0].entries[1].keys");
    let nested = json!({"attestors": [{"entries": [{"attestor": {"count": 1, "entries": by(&["p384", "p256"])}}]}]});
    check(
        &nested,
        &first,
        Pass,
        ".attestors[0].entries[0].attestor.entries[1].keys",
    );
    let team = |team: &str| {
        let entry = json!({"keys": {"publicKeys": key("p256")}, "annotations": {"team": team}});
        json!({"attestors": [{"entries": [entry]}]})
    };
    let annotated = with(first, "/metadata/annotations", "team", json!("a"));
    check(
        &team("a"),
        &annotated,
        Fail,
        "metadata.annotations.team is `\"a\"`, and nothing was signed",
    );
    check(&team("b"), &annotated, Fail, "annotation `team` is not `b`");
}

#[test]
fn messages() {
    let rule = json!({"attestors": [{"entries": by(&["p256"])}]});
    let mine = &["p256"][..];
    for message in ["yaml", "archive", "several"] {
        check(&rule, &sigstore(message, mine), Pass, "signed by this key");
    }
    let bare = |key: &str| {
        let mut object = sigstore("yaml", mine);
        let annotations = object["metadata"]["annotations"].as_object_mut().unwrap();
        annotations.remove(key);
        object
    };
    let missing = "message not found: there is no annotation `cosign.sigstore.dev/message`";
    check(&rule, &bare("cosign.sigstore.dev/message"), Fail, missing);
    let missing = "signature not found: there is no annotation `cosign.sigstore.dev/signature`";
    check(&rule, &bare("cosign.sigstore.dev/signature"), Fail, missing);
    check(
        &rule,
        &sigstore("foreign", mine),
        Fail,
        "no manifest of this kind and name",
    );
    check(
        &rule,
        &sigstore("broken", mine),
        Fail,
        "cannot be decompressed",
    );
    check(
        &rule,
        &sigstore("large", mine),
        Fail,
        "it is of more than 8388608 bytes",
    );
    let base64 = with(
        sigstore("yaml", mine),
        "/metadata/annotations",
        "cosign.sigstore.dev/message",
        json!("!"),
    );
    check(&rule, &base64, Fail, "is no base64");
    let other = json!({"annotationDomain": "sig.example", "attestors": [{"entries": by(mine)}]});
    check(&other, &service("sig.example", "yaml", mine), Pass, "");
    check(
        &other,
        &sigstore("yaml", mine),
        Fail,
        "no annotation `sig.example/message`",
    );
    let deleted = answer(
        &rule,
        &bare("cosign.sigstore.dev/message"),
        Operation::Delete,
        false,
    );
    assert_eq!(deleted, None);
    let dry_run = answer(
        &rule,
        &bare("cosign.sigstore.dev/message"),
        Operation::Create,
        true,
    );
    assert_eq!(dry_run.unwrap().0, Pass);
}

#[test]
fn differences() {
    let ignoring = |objects: Value, fields: Value| {
        json!({
            "attestors": [{"entries": by(&["p256"])}],
            "ignoreFields": [{"objects": objects, "fields": fields}],
        })
    };
    let rule = json!({"attestors": [{"entries": by(&["p256"])}]});
    let object = sigstore("yaml", &["p256"]);
    let more = with(object.clone(), "/spec", "replicas", json!(3));
    check(
        &rule,
        &more,
        Fail,
        "the object is not as it was signed: spec.replicas is `3`, and nothing was signed",
    );
    let changed = with(object.clone(), "/spec/ports/0", "port", json!(443));
    check(
        &rule,
        &changed,
        Fail,
        "spec.ports.0.port is `443`, and `80` was signed",
    );
    let less = with(object.clone(), "/spec", "selector", json!({}));
    check(
        &rule,
        &less,
        Fail,
        "spec.selector.app is nothing, and `\"shop\"` was signed",
    );
    let assigned = with(object, "/spec", "clusterIP", json!("10.0.0.1"));
    check(&rule, &assigned, Pass, "");
    let fields = json!(["spec.repl*"]);
    check(
        &ignoring(json!([{"kind": "Service"}]), fields.clone()),
        &more,
        Pass,
        "",
    );
    check(
        &ignoring(
            json!([{"kind": "Serv*", "name": "shop", "namespace": "x", "version": "v1"}]),
            fields.clone(),
        ),
        &more,
        Pass,
        "",
    );
    for other in [
        json!({"kind": "Pod"}),
        json!({"name": "shed"}),
        json!({"namespace": "y"}),
        json!({"group": "apps"}),
    ] {
        check(
            &ignoring(json!([other]), fields.clone()),
            &more,
            Fail,
            "spec.replicas",
        );
    }
    let dry_run = json!({"attestors": [{"entries": by(&["p256"])}], "dryRun": {"enable": true}});
    check(
        &dry_run,
        &more,
        Error,
        "`validate.manifests.dryRun`, which may explain it, is not supported",
    );
    check(&dry_run, &assigned, Pass, "");
}

#[test]
fn what_is_not_supported() {
    let of = |entry: Value| json!({"attestors": [{"entries": [entry]}]});
    let rows = [
        (
            json!({"keyless": {"subject": "a"}}),
            ".keyless: a signer by identity is not supported",
        ),
        (
            json!({"certificates": {"cert": "a"}}),
            ".certificates: a signer by certificate is not supported",
        ),
        (
            json!({"keys": {"kms": "awskms://a"}}),
            ".keys: a key of a KMS (`kms`) is not supported",
        ),
        (
            json!({"keys": {"publicKeys": "k8s://a/b"}}),
            "a key in a Secret (`k8s://`) is not supported",
        ),
        (
            json!({"keys": {"publicKeys": key("p521")}}),
            "the public key is no PEM of ECDSA P-256, P-384 or RSA",
        ),
        (
            json!({"keys": {"publicKeys": key("p256")}, "repository": "r"}),
            ".repository: `repository` is not supported",
        ),
        (json!({}), "it names no signer"),
    ];
    let object = sigstore("yaml", &["p256"]);
    for (entry, expected) in rows {
        check(&of(entry), &object, Error, expected);
    }
    let entry = json!({"keys": {"publicKeys": key("p256")}});
    let repository = json!({"attestors": [{"entries": [entry]}], "repository": "r"});
    check(
        &repository,
        &object,
        Error,
        "`validate.manifests.repository` is not supported",
    );
    let bundle = with(
        object,
        "/metadata/annotations",
        "cosign.sigstore.dev/resourceBundleRef",
        json!("r"),
    );
    check(
        &of(json!({"keys": {"publicKeys": key("p256")}})),
        &bundle,
        Error,
        "resourceBundleRef",
    );
}
