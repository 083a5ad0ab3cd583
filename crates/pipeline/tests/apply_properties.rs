//! No input makes `apply` panic: policies and objects made from the grammar of policies, and the
//! library's own policies with their manifests, changed letter by letter.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up fails the test"
)]

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use portcullis_pipeline::{
    apply::{self, ApplyOptions},
    diagnostic::SourceFile,
    library,
    offline::{
        Overrides,
        policies::{self, LoadedPolicies},
    },
    render, template,
    workspace::Workspace,
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};

/// Applies the policies of one text to the manifests of another, both ways of counting, and says
/// whether a rule was evaluated.
fn applied(policies: &str, resources: &str) -> bool {
    let path = PathBuf::from("policies.yaml");
    let overrides = Overrides::from([(path.clone(), policies.to_owned())]);
    let loaded = policies::load(&[path], &overrides);
    let mut evaluated = false;
    for compat in [false, true] {
        let options = ApplyOptions {
            resources: vec![SourceFile::new("resources.yaml", resources)],
            compat,
            audit_warn: compat,
            detailed: true,
            ..ApplyOptions::default()
        };
        let report = apply::apply(&loaded, &LoadedPolicies::default(), &options);
        let counts = report.counts;
        let results = counts.pass + counts.fail + counts.warn + counts.error + counts.skip;
        assert!(results >= report.results.len(), "{counts:?}");
        evaluated |= !report.results.is_empty();
    }
    evaluated
}

const TEXTS: &[&str] = &[
    "",
    "*",
    "?*",
    "Pod",
    "*/*",
    "batch/v1beta1/CronJob",
    "Pod/exec",
    "web",
    ">=1Gi & <1e3 | 5-10 | !1h",
    "{{ request.object.metadata.name }}",
    "{{ request.object.spec.containers[].image }}",
    "{{ element.image | image_normalize(@) }}",
    "{{ images.containers.main.registry }}",
    "{{ elementIndex }}",
    "{{ entry || 'x' }}",
    "{{ {{ entry }} }}",
    "{{ bad( }}",
    "{{ to_number('x') }}",
    "{{ regex_match('(', 'x') }}",
    "{{ time_since('', 'no', '') }}",
    "$(./../name)",
    "$(/spec/containers/0/image)",
    "request.object.spec.containers",
    "request.object.[]",
    "Equals",
    "AnyNotIn",
    "DurationGreaterThan",
    "Enforce",
    "baseline",
    "restricted",
    "latest",
    "v1.99",
    "Host Namespaces",
    "Capabilities",
    "spec.containers[*].securityContext.capabilities.add",
    "nginx:1.27@sha256:00",
    "18446744073709551616",
];

const KEYS: &[&str] = &[
    "metadata",
    "labels",
    "annotations",
    "name",
    "namespace",
    "spec",
    "template",
    "jobTemplate",
    "containers",
    "initContainers",
    "securityContext",
    "runAsNonRoot",
    "image",
    "(image)",
    "=(hostNetwork)",
    "X(hostPath)",
    "^(containers)",
    "<(name)",
    "+(z)",
    "key",
    "operator",
    "value",
    "any",
    "all",
    "kinds",
    "names",
    "selector",
    "matchLabels",
    "app*",
    "{{ entry }}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => "[ -~é😀]{0,12}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(KEYS), inner), 0..5).prop_map(|entries| {
                let entries = entries.into_iter();
                let entries = entries.map(|(key, value)| (key.to_owned(), value));
                Value::Object(entries.collect::<Map<_, _>>())
            }),
        ]
    })
}

/// What a rule selects by: some kinds, by a name or a namespace, or nonsense.
fn filter() -> impl Strategy<Value = Value> {
    const KINDS: &[&str] = &["Pod", "apps/*/Deployment", "CronJob", "Namespace", "Widget"];
    let kinds = |fields: Value| {
        let mut resources = json!({"kinds": KINDS});
        for (key, value) in fields.as_object().into_iter().flatten() {
            resources[key] = value.clone();
        }
        json!({"any": [{"resources": resources}]})
    };
    prop_oneof![
        20 => Just(kinds(Value::Null)),
        2 => text().prop_map(move |name| kinds(json!({"names": [name, "?*"]}))),
        2 => text().prop_map(move |name| kinds(json!({"namespaces": [name, "*"]}))),
        1 => value().prop_map(move |labels| kinds(json!({"selector": {"matchLabels": labels}}))),
        1 => text().prop_map(|kind| json!({"any": [{"resources": {"kinds": [kind]}}]})),
        1 => value(),
    ]
}

fn context() -> impl Strategy<Value = Value> {
    const KINDS: &[&str] = &[
        "variable",
        "configMap",
        "apiCall",
        "imageRegistry",
        "globalReference",
    ];
    (prop::sample::select(KINDS), text(), value()).prop_map(
        |(kind, text, value)| match kind {
            "variable" => json!({"name": "entry", "variable": {"value": value, "jmesPath": text, "default": text}}),
            "configMap" => json!({"name": "entry", "configMap": {"name": text, "namespace": text}}),
            "apiCall" => json!({"name": "entry", "apiCall": {"urlPath": text, "jmesPath": text}}),
            "imageRegistry" => json!({"name": "entry", "imageRegistry": {"reference": text}}),
            _ => json!({"name": "entry", "globalReference": {"name": text, "jmesPath": text}}),
        },
    )
}

fn check() -> impl Strategy<Value = Value> {
    (0..12_usize, value(), value(), text(), text()).prop_map(|(body, one, other, text, list)| {
        let conditions = json!({"any": [{"key": one, "operator": text, "value": other}]});
        match body {
            0 | 9..=11 => json!({"validate": {"message": text, "pattern": {"metadata": one, "spec": other}}}),
            1 => json!({"validate": {"message": text, "anyPattern": [one, other]}}),
            2 => json!({"validate": {"message": text, "deny": {"conditions": conditions}}}),
            3 => json!({"validate": {"foreach": [
                {"list": list, "foreach": [{"list": "element", "pattern": one}]},
                {"list": "request.object.spec", "deny": {"conditions": conditions}},
            ]}}),
            4 => json!({"validate": {"podSecurity": {"level": "baseline", "version": "v1.30", "exclude": [
                {"controlName": "Capabilities", "images": [list], "restrictedField": text, "values": [text]},
            ]}}}),
            5 => json!({"validate": {"podSecurity": {"level": "restricted", "version": "latest"}}}),
            6 => json!({"mutate": {"patchStrategicMerge": one}}),
            7 => json!({"validate": {"cel": {"expressions": [{"expression": text}]}}}),
            _ => other,
        }
    })
}

fn rule() -> impl Strategy<Value = Value> {
    let exclude = prop::option::weighted(0.1, filter());
    let context = prop::option::weighted(0.3, context());
    let preconditions = (text(), value());
    (filter(), exclude, context, preconditions, check(), text()).prop_map(
        |(matched, exclude, context, (key, value), check, message)| {
            let mut rule = json!({
                "name": "r",
                "match": matched,
                "context": Vec::from_iter(context),
                "reportProperties": {"p": message},
            });
            if !key.is_empty() {
                rule["preconditions"] =
                    json!({"any": [{"key": key, "operator": "NotEquals", "value": value}]});
            }
            if let Some(exclude) = exclude {
                rule["exclude"] = exclude;
            }
            for (key, value) in check.as_object().into_iter().flatten() {
                rule[key] = value.clone();
            }
            rule
        },
    )
}

fn policy(rules: &[Value]) -> Value {
    json!({
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "p"},
        "spec": {"background": false, "rules": rules},
    })
}

fn object() -> impl Strategy<Value = Value> {
    const KINDS: &[&str] = &[
        "Pod",
        "Deployment",
        "CronJob",
        "Namespace",
        "List",
        "Widget",
        "",
    ];
    let of = |(kind, metadata, spec): (&str, Value, Value)| {
        let version = match kind {
            "Deployment" => "apps/v1",
            "CronJob" => "batch/v1",
            _ => "v1",
        };
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "items": spec})
    };
    prop_oneof![
        4 => (prop::sample::select(KINDS), value(), value()).prop_map(of),
        1 => value(),
    ]
}

/// Runs a property over many inputs, and gives how many of them came to an evaluation.
fn evaluated<S: Strategy>(strategy: &S, apply: impl Fn(S::Value) -> bool) -> usize {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let count = Cell::new(0);
    TestRunner::new(config)
        .run(strategy, |input| {
            count.set(count.get() + usize::from(apply(input)));
            Ok(())
        })
        .unwrap();
    count.get()
}

#[test]
fn no_policy_and_no_object_panics() {
    let objects = prop::collection::vec(object(), 1..4);
    let found = evaluated(&(rule(), objects), |(rule, objects)| {
        let objects: Vec<String> = objects.iter().map(Value::to_string).collect();
        applied(&policy(&[rule]).to_string(), &objects.join("\n---\n"))
    });
    assert!(found > 10, "only {found} policies are evaluated");
}

#[test]
fn no_document_panics() {
    evaluated(&(value(), value()), |(policies, objects)| {
        applied(&policies.to_string(), &objects.to_string())
    });
}

/// The policies of this repository with the manifests of their suites, as they render by default.
fn library_texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Workspace::load(&root.canonicalize().unwrap(), Path::new("")).unwrap();
    let (library, faults) = library::load(&workspace);
    assert!(faults.is_empty(), "{faults:#?}");
    let mut texts = Vec::new();
    for policy in library.policies.values() {
        let rendered = render::render_policy(&workspace, policy, None).unwrap();
        let path = policy.folder.join("tests/resources.yaml");
        let resources = std::fs::read_to_string(path).unwrap();
        let resources = template::render(&resources, &rendered.variables).unwrap();
        texts.push((rendered.rendered.text.clone(), resources.text));
    }
    texts
}

const PIECES: &[&str] = &[
    "\n",
    "\n  ",
    " ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "'",
    "\"",
    "#",
    "|\n",
    "<<: ",
    "---\n",
    "~",
    "0x1F",
    ".inf",
    "-1",
    "1e400",
    "é",
    "{{",
    "}}",
    "{{ @ }}",
    "$(",
    ")",
    "request.object",
    "element",
    "autogen-",
    "*",
    "?",
    "!",
    "=(",
    "X(",
    "^(",
    "<(",
    "any:",
    "all:",
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }

    /// Removes, repeats or inserts at a few places.
    fn mutate(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(letters.len() + 1);
            let end = (at + self.below(24)).min(letters.len());
            match self.below(4) {
                0 => drop(letters.drain(at..end)),
                1 => {
                    let copy = letters[at..end].to_vec();
                    let to = self.below(letters.len() + 1);
                    letters.splice(to..to, copy);
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    letters.splice(at..at, piece.chars());
                }
            }
        }
        letters.into_iter().collect()
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the count tells how far the loop came")]
fn changed_policies_of_the_library_do_not_panic() {
    let seconds = std::env::var("PORTCULLIS_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let texts = library_texts();
    let start = Instant::now();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut inputs, mut evaluated) = (0, 0);
    while start.elapsed() < Duration::from_secs(seconds) {
        let (policy, resources) = &texts[random.below(texts.len())];
        let reached = match random.below(3) {
            0 => applied(policy, &random.mutate(resources)),
            1 => applied(&random.mutate(policy), &random.mutate(resources)),
            _ => applied(&random.mutate(policy), resources),
        };
        inputs += 1;
        evaluated += usize::from(reached);
    }
    eprintln!(
        "apply: {inputs} changed inputs of {} policies in {seconds} s, {evaluated} evaluated",
        texts.len()
    );
    // A busy machine gets to fewer inputs; the share that is evaluated does not depend on it.
    assert!(evaluated * 4 > inputs, "{evaluated} of {inputs}");
}
