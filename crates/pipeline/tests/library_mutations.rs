//! What holds for every mutation of the library, by its defaults and as every environment renders it, and for all
//! mutations of an environment one after the other: the same change each time, none the second
//! time, and a patch that makes the changed object out of the one that was sent.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed set-up fails the test"
)]

use std::{collections::BTreeSet, path::Path};

use portcullis_engine::{
    CompileOptions, PolicySet, compile,
    context::source::{ApiCall, ContextSource, EntryKind, Lookup},
    evaluate,
    load::{self, Loaded},
    patch::{JsonPatch, JsonPatchOptions, diff},
    record::Silent,
    request::Operation,
    response::{RuleStatus, RuleType},
};
use portcullis_pipeline::{
    library,
    offline::requests::{Surroundings, request},
    render,
    workspace::Workspace,
};
use portcullis_schema::Catalogue;
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};

/// A cluster in which every Namespace has the same labels.
struct Namespaces;

impl ContextSource for Namespaces {
    fn loads(&self, kind: EntryKind) -> bool {
        kind == EntryKind::ApiCall
    }
    fn api_call(&self, call: &ApiCall) -> Lookup {
        let labels =
            json!({"team": "shop", "cost-center": "42", "kubernetes.io/metadata.name": "shop"});
        match call.url_path.strip_prefix("/api/v1/namespaces/") {
            Some(name) => Lookup::Found(json!({"metadata": {"name": name, "labels": labels}})),
            None => Lookup::NotFound,
        }
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

/// A name for those who read a failure, and policies that mutate.
type Named = (String, PolicySet);

/// Each mutation of the library by itself, and those of each environment together.
fn mutations() -> Vec<Named> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Workspace::load(&root.canonicalize().unwrap(), Path::new("")).unwrap();
    let (library, faults) = library::load(&workspace);
    assert!(faults.is_empty(), "{faults:#?}");
    let (bundles, faults) = render::render_all(&workspace, &library);
    assert!(faults.is_empty(), "{faults:#?}");
    let mut sets = Vec::new();
    for bundle in &bundles {
        let rendered = bundle.policies.iter();
        let mutating: Vec<(String, Vec<Loaded>)> = rendered
            .map(|policy| (policy.key.clone(), loaded(&policy.document.value)))
            .filter(|(_, loaded)| loaded.iter().any(mutates))
            .collect();
        let together: Vec<Loaded> = mutating.iter().flat_map(|(_, one)| one.clone()).collect();
        sets.push((format!("{} together", bundle.environment), set(&together)));
        let alone = mutating.iter();
        sets.extend(alone.map(|(key, one)| (format!("{} {key}", bundle.environment), set(one))));
    }
    for policy in library.policies.values() {
        let rendered = render::render_policy(&workspace, policy, None).unwrap();
        let one = loaded(&rendered.document.value);
        if one.iter().any(mutates) {
            sets.push((format!("defaults {}", rendered.key), set(&one)));
        }
    }
    sets
}

fn loaded(document: &Value) -> Vec<Loaded> {
    let (loaded, errors) = load::load(document);
    assert!(errors.is_empty(), "{errors:?}");
    loaded
}

fn mutates(loaded: &Loaded) -> bool {
    match loaded {
        Loaded::Policy(policy) => policy.spec.rules.iter().any(|rule| rule.mutate.is_some()),
        _ => false,
    }
}

fn set(loaded: &[Loaded]) -> PolicySet {
    let (set, errors) = compile(loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    set
}

/// What became of an object.
struct Outcome {
    object: Value,
    /// The rules that changed it, and those that could not be evaluated.
    changed: Vec<String>,
    failed: Vec<String>,
}

fn mutated(set: &PolicySet, object: &Value, catalogue: &Catalogue) -> Outcome {
    let surroundings = Surroundings::default();
    let request = request(object, Operation::Create, catalogue, &surroundings);
    let responses = evaluate(set, &request, &Namespaces, &mut Silent);
    let last = responses.iter().rfind(|response| response.is_last_change);
    let after = last.and_then(|response| response.patched.as_deref());
    let of_status = |status: RuleStatus| {
        let rules = responses.iter().flat_map(|response| &response.rules);
        let rules = rules.filter(|rule| rule.rule_type == RuleType::Mutation);
        let rules = rules.filter(|rule| rule.status == status);
        rules.map(|rule| rule.rule.to_string()).collect()
    };
    Outcome {
        object: after.unwrap_or(object).clone(),
        changed: of_status(RuleStatus::Pass),
        failed: of_status(RuleStatus::Error),
    }
}

/// What holds for any object, however odd; gives the object as it is after.
fn check_change(
    (name, set): &Named,
    object: &Value,
    catalogue: &Catalogue,
) -> Result<Outcome, TestCaseError> {
    let outcome = mutated(set, object, catalogue);
    let again = mutated(set, object, catalogue);
    prop_assert_eq!(
        &again.object,
        &outcome.object,
        "{} is not deterministic",
        name
    );
    prop_assert_eq!(again.changed, outcome.changed.clone(), "{}", name);
    let patch = JsonPatch::from(diff(object, &outcome.object));
    let patched = patch.apply(object.clone(), JsonPatchOptions::STRICT);
    prop_assert_eq!(patched.as_ref(), Ok(&outcome.object), "{}", name);
    Ok(outcome)
}

/// A change that is made once: of an object that the API server would let in.
fn check_once(
    named: &Named,
    object: &Value,
    catalogue: &Catalogue,
) -> Result<Outcome, TestCaseError> {
    let (name, set) = named;
    let first = check_change(named, object, catalogue)?;
    prop_assert_eq!(&first.failed, &Vec::<String>::new(), "{}", name);
    let second = mutated(set, &first.object, catalogue);
    prop_assert_eq!(&second.object, &first.object, "{} is not idempotent", name);
    prop_assert_eq!(&second.changed, &Vec::<String>::new(), "{} twice", name);
    for list in ["containers", "initContainers"] {
        let names = |object: &Value| names(pod_spec(object).and_then(|spec| spec.get(list)));
        prop_assert_eq!(
            names(object),
            names(&first.object),
            "{} keeps the order",
            name
        );
    }
    Ok(first)
}

fn names(list: Option<&Value>) -> Vec<Value> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.map(|item| item["name"].clone()).collect()
}

fn pod_spec(object: &Value) -> Option<&Value> {
    [
        "/spec/jobTemplate/spec/template/spec",
        "/spec/template/spec",
        "/spec",
    ]
    .iter()
    .find_map(|pointer| object.pointer(pointer))
}

/// Keys that may be there, each with what may stand there.
fn some_of(entries: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let entries: Vec<BoxedStrategy<Option<(String, Value)>>> = entries
        .into_iter()
        .map(|(key, value)| {
            let entry = value.prop_map(move |value| (key.to_owned(), value));
            prop::option::of(entry).boxed()
        })
        .collect();
    let map = entries.prop_map(|entries| entries.into_iter().flatten().collect::<Map<_, _>>());
    map.prop_map(Value::Object).boxed()
}

fn one_of(values: &[Value]) -> BoxedStrategy<Value> {
    prop::sample::select(values.to_vec()).boxed()
}

fn container() -> BoxedStrategy<Value> {
    let amounts = || {
        some_of(vec![
            ("cpu", one_of(&[json!("10m"), json!("2"), json!(1)])),
            ("memory", one_of(&[json!("64Mi"), json!("1Gi")])),
        ])
    };
    let capabilities = some_of(vec![
        ("add", one_of(&[json!(["CHOWN"]), json!([])])),
        (
            "drop",
            one_of(&[json!(["ALL"]), json!(["NET_RAW", "MKNOD"]), json!([])]),
        ),
    ]);
    let security = some_of(vec![
        ("capabilities", capabilities),
        ("runAsUser", one_of(&[json!(0), json!(1000)])),
    ]);
    let image = one_of(&[
        json!("registry.example.com/app:1.4.2"),
        json!("registry.example.com/released/app"),
        json!("nginx"),
        json!(
            "localhost:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        ),
    ]);
    let rest = some_of(vec![
        (
            "imagePullPolicy",
            one_of(&[json!("Always"), json!("IfNotPresent"), json!("Never")]),
        ),
        (
            "resources",
            some_of(vec![("limits", amounts()), ("requests", amounts())]),
        ),
        ("securityContext", security),
    ]);
    let whole = (image, rest).prop_map(|(image, mut rest)| {
        rest["image"] = image;
        rest
    });
    whole.boxed()
}

/// Containers, each with a name of its own.
fn containers(count: std::ops::Range<usize>) -> BoxedStrategy<Value> {
    let list = prop::collection::vec(container(), count).prop_map(|mut list| {
        for (index, container) in list.iter_mut().enumerate() {
            // Not in the order of the alphabet.
            container["name"] = json!(format!("c{}", (index * 3 + 2) % 7));
        }
        Value::Array(list)
    });
    list.boxed()
}

fn pod() -> BoxedStrategy<Value> {
    let seccomp = one_of(&[
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Localhost", "localhostProfile": "a"}),
    ]);
    let security = some_of(vec![
        ("seccompProfile", seccomp),
        ("runAsNonRoot", one_of(&[json!(true)])),
    ]);
    let secrets = one_of(&[
        json!([]),
        json!([{"name": "other"}]),
        json!([{"name": "other"}, {"name": "registry-credentials"}]),
    ]);
    let rest = some_of(vec![
        ("initContainers", containers(0..5)),
        ("securityContext", security),
        ("imagePullSecrets", secrets),
        (
            "os",
            one_of(&[json!({"name": "linux"}), json!({"name": "windows"})]),
        ),
        (
            "automountServiceAccountToken",
            one_of(&[json!(true), json!(false)]),
        ),
    ]);
    let whole = (containers(1..5), rest).prop_map(|(containers, mut spec)| {
        spec["containers"] = containers;
        spec
    });
    whole.boxed()
}

fn labels() -> BoxedStrategy<Value> {
    some_of(vec![
        ("team", one_of(&[json!("own"), json!("shop")])),
        ("app", one_of(&[json!("web")])),
    ])
}

/// An object of one of the kinds that the library changes.
fn object() -> BoxedStrategy<Value> {
    const KINDS: &[(&str, &str)] = &[
        ("v1", "Pod"),
        ("v1", "ReplicationController"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
        ("v1", "ServiceAccount"),
    ];
    let ttl = prop::option::of(0..100_000);
    let name = prop::sample::select(vec!["default", "builder", "web"]);
    let parts = (prop::sample::select(KINDS), pod(), labels(), ttl, name);
    let object = parts.prop_map(|((api_version, kind), pod, labels, ttl, name)| {
        let metadata = json!({"name": name, "namespace": "shop", "labels": labels});
        let mut work = json!({"template": {"metadata": {"labels": labels}, "spec": pod}});
        if let Some(ttl) = ttl {
            work["ttlSecondsAfterFinished"] = json!(ttl);
        }
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
        match kind {
            "Pod" => object["spec"] = pod,
            "ServiceAccount" => {
                if let Some(token) = pod.get("automountServiceAccountToken") {
                    object["automountServiceAccountToken"] = token.clone();
                }
            }
            "CronJob" => object["spec"] = json!({"jobTemplate": {"spec": work}}),
            _ => object["spec"] = work,
        }
        object
    });
    object.boxed()
}

/// An object with something at one of its places that no API server would let in.
fn odd_object() -> BoxedStrategy<Value> {
    let odd = prop_oneof![
        Just(Value::Null),
        Just(json!("text")),
        Just(json!(7)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"name": "c2"}, {"name": "c2"}, {}, null, "x"])),
        Just(json!({"{{ request.object }}": "{{ element }}"})),
    ];
    let odd = (object(), any::<prop::sample::Index>(), odd);
    let object = odd.prop_map(|(mut object, at, odd)| {
        let places: Vec<String> = places(&object, "").into_iter().collect();
        if let Some(place) = object.pointer_mut(&places[at.index(places.len())]) {
            *place = odd;
        }
        object
    });
    object.boxed()
}

/// Pointers to everything below `spec` and the labels.
fn places(value: &Value, pointer: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if pointer.starts_with("/spec") || pointer.starts_with("/metadata/labels") {
        found.insert(pointer.to_owned());
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.extend(places(value, &format!("{pointer}/{key}")));
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                found.extend(places(value, &format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    if found.is_empty() && pointer.is_empty() {
        found.insert("/metadata".to_owned());
    }
    found
}

fn run(
    cases: u32,
    objects: &BoxedStrategy<Value>,
    check: impl Fn(&Value) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    // The same objects each time: a test that names what no object was changed by cannot be left to chance.
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    if let Err(error) = runner.run(objects, |object| check(&object)) {
        panic!("{error}");
    }
}

#[test]
fn a_mutation_is_made_once_and_always_the_same() {
    let sets = mutations();
    let catalogue = Catalogue::new("1.37");
    let changed = std::cell::RefCell::new(BTreeSet::new());
    run(300, &object(), |object| {
        for named in &sets {
            if !check_once(named, object, &catalogue)?.changed.is_empty() {
                changed.borrow_mut().insert(named.0.clone());
            }
        }
        Ok(())
    });
    let idle: Vec<&String> = sets.iter().map(|(name, _)| name).collect();
    let changed = changed.into_inner();
    let idle: Vec<&&String> = idle
        .iter()
        .filter(|name| !changed.contains(**name))
        .collect();
    assert!(idle.is_empty(), "no object was changed by {idle:?}");
}

#[test]
fn a_mutation_of_an_odd_object_is_the_same_each_time() {
    let sets = mutations();
    let catalogue = Catalogue::new("1.37");
    run(100, &odd_object(), |object| {
        for named in &sets {
            check_change(named, object, &catalogue)?;
        }
        Ok(())
    });
}
