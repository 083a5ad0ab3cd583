//! One wrong field at a time, in every version of Kubernetes: each is found, at its place.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a fixture that cannot be read fails the test"
)]

use std::collections::BTreeMap;

use portcullis_schema::{
    Catalogue, Integer, Schema, SchemaId, Segment, Shape, Text, Verdict, builtin,
};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

const VERSIONS: [&str; 8] = [
    "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37",
];

/// A manifest with one fault.
struct Faulty {
    manifest: Value,
    pointer: String,
    what: &'static str,
}

/// What each version's faults must include.
const KINDS: [&str; 9] = [
    "an unknown field",
    "an object for text",
    "a time that is none",
    "text that is no base64",
    "more than 32 bits",
    "a fraction",
    "a flag for a number or text",
    "a quantity of an unknown unit",
    "a list for a quantity",
];

#[test]
fn every_fault_of_every_version_is_found() {
    for version in VERSIONS {
        let catalogue = builtin(version).unwrap();
        let counts = find_all(&catalogue, include_str!("manifests.yaml"));
        let count: usize = counts.values().sum();
        assert!(count >= 400, "{version}: {count} faults");
        for kind in KINDS {
            assert!(
                counts.contains_key(kind),
                "{version}: no manifest takes {kind}"
            );
        }
    }
}

/// Fields that nobody knows, or that are missing, are no misfits; of a kind that is not known the
/// metadata is looked at.
#[test]
fn misfits_are_values_that_cannot_be_read() {
    let catalogue = builtin("1.37").unwrap();
    let found = |object: Value| -> Vec<String> {
        let misfits = catalogue.misfits(&object);
        let found = misfits.iter().map(|misfit| {
            let path = misfit.path.iter().map(|segment| match segment {
                Segment::Key(key) => key.clone(),
                Segment::Index(index) => index.to_string(),
            });
            let path = path.collect::<Vec<_>>().join(".");
            format!("{path}: {}: {}", misfit.expected, misfit.found)
        });
        found.collect()
    };
    let labels = json!({"labels": {"a": 1, "b": "c", "d": null}, "annotations": []});
    let wrong = [
        "metadata.annotations: a map: []",
        "metadata.labels.a: text: 1",
    ];
    for (kind, spec, more) in [
        ("Thing", json!({"x": 1}), &[][..]),
        (
            "Pod",
            json!({"containers": [{"tty": "y", "unknown": 1}], "hostNetwork": null}),
            &["spec.containers.0.tty: true or false: \"y\""],
        ),
        (
            "Pod",
            json!({"containers": {}}),
            &["spec.containers: a list: {}"],
        ),
    ] {
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": labels, "spec": spec});
        let expected: Vec<&str> = wrong.iter().chain(more).copied().collect();
        assert_eq!(found(object), expected);
    }
    let pod = json!({"apiVersion": "v1", "kind": "Pod"});
    assert!(catalogue.fits(&pod, &json!({"metadata": {"labels": {"a": "1"}}})));
    assert!(!catalogue.fits(&pod, &json!({"metadata": {"labels": {"a": 1}}})));
}

/// YAML reads `y` and `1.2` as what their writer seldom means.
#[test]
fn quotes_are_told_to_be_put_or_removed() {
    let catalogue = builtin("1.37").unwrap();
    let pod = |field: &str, value: Value| {
        let mut container = json!({"name": "c", "image": "a"});
        container[field] = value;
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}})
    };
    for (field, value, end) in [
        ("image", json!(true), "put it in quotes"),
        ("image", json!(1.2), "put it in quotes"),
        ("image", json!([]), "found a list"),
        ("tty", json!("true"), "remove the quotes"),
        ("tty", json!("yes"), "found the text `yes`"),
        (
            "ports",
            json!([{"containerPort": "80"}]),
            "remove the quotes",
        ),
        (
            "ports",
            json!([{"containerPort": "http"}]),
            "found the text `http`",
        ),
    ] {
        let Verdict::Invalid(faults) = catalogue.validate(&pod(field, value.clone())) else {
            panic!("{field}: {value} is valid");
        };
        assert!(faults[0].message.ends_with(end), "{}", faults[0].message);
    }
}

#[test]
fn a_version_that_is_not_served_is_unknown() {
    let definition = WIDGETS.replace("served: true", "served: false");
    let document = portcullis_yaml::documents(&definition).next().unwrap();
    let definition = document.read(Mode::Strict, &Limits::default()).unwrap();
    let mut catalogue = builtin("1.37").unwrap();
    catalogue.add_custom_resource(&definition).unwrap();
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget"});
    assert!(matches!(
        catalogue.validate(&widget),
        Verdict::UnknownKind { .. }
    ));
}

/// The documents of Kubernetes name no values that a field is limited to; definitions of custom
/// resources do.
#[test]
fn every_fault_of_a_custom_resource_is_found() {
    let read = |text: &str| -> Value {
        let document = portcullis_yaml::documents(text).next().unwrap();
        document.read(Mode::Strict, &Limits::default()).unwrap()
    };
    let mut catalogue = builtin("1.37").unwrap();
    catalogue.add_custom_resource(&read(WIDGETS)).unwrap();
    let counts = find_all(&catalogue, WIDGET);
    for kind in [
        "a value that is not allowed",
        "a time that is none",
        "a fraction",
    ] {
        assert!(counts.contains_key(kind), "no {kind}: {counts:?}");
    }
}

const WIDGETS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: string, enum: [small, large]}
                level: {type: integer, enum: [1, 2, 3]}
                since: {type: string, format: date-time}
                port: {x-kubernetes-int-or-string: true}
                parts:
                  type: array
                  items:
                    type: object
                    properties:
                      colour: {type: string, enum: [red, green]}
"#;

const WIDGET: &str = r#"
apiVersion: example.com/v1
kind: Widget
metadata: {name: one, namespace: shop}
spec:
  size: small
  level: 2
  since: "2026-01-31T12:00:00Z"
  port: 80%
  parts: [{colour: red}, {colour: green}]
"#;

/// Spoils every place of every manifest, and says how often in which way.
fn find_all(catalogue: &Catalogue, manifests: &str) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for document in portcullis_yaml::documents(manifests) {
        let manifest = document.read(Mode::Strict, &Limits::default()).unwrap();
        let version = catalogue.version();
        assert_eq!(
            found(catalogue, &manifest),
            [""; 0],
            "{version}: {manifest}"
        );
        for faulty in faults(catalogue, &manifest) {
            *counts.entry(faulty.what).or_default() += 1;
            let found = found(catalogue, &faulty.manifest);
            assert!(
                found.iter().any(|pointer| pointer == &faulty.pointer),
                "{version} {} {}: {}, found at {found:?}",
                manifest["kind"],
                faulty.pointer,
                faulty.what,
            );
        }
    }
    counts
}

#[test]
fn a_kind_that_is_gone_is_told_from_one_that_never_was() {
    for (version, api_version, kind, since) in [
        ("1.37", "policy/v1beta1", "PodSecurityPolicy", Some("1.25")),
        ("1.30", "extensions/v1beta1", "Ingress", Some("1.22")),
        ("1.30", "extensions/v1beta1", "Deployment", Some("1.18")),
        (
            "1.31",
            "flowcontrol.apiserver.k8s.io/v1beta3",
            "FlowSchema",
            None,
        ),
        (
            "1.32",
            "flowcontrol.apiserver.k8s.io/v1beta3",
            "FlowSchema",
            Some("1.32"),
        ),
        ("1.37", "policy/v1", "PodSecurityPolicy", None),
        ("1.37", "v1", "Podd", None),
        ("1.37", "v1", "Pod", None),
    ] {
        let catalogue = builtin(version).unwrap();
        let found = catalogue.gone_since(api_version, kind);
        assert_eq!(found, since, "{version} {api_version} {kind}");
        let known = catalogue.find(api_version, kind).is_some();
        assert!(!known || found.is_none(), "{version} {api_version} {kind}");
    }
}

/// Faults of one kind each: in a Deployment, the pointer, the value there (removed where null), and
/// where the fault is found.
const DEPLOYMENT: &[(&str, &str, &str)] = &[
    ("/spec/selector", "null", "/spec"),
    (
        "/spec/template/spec/containers/0/name",
        "null",
        "/spec/template/spec/containers/0",
    ),
    (
        "/spec/template/spec/containers/0/ports/0/containerPort",
        "null",
        "/spec/template/spec/containers/0/ports/0",
    ),
    (
        "/spec/template/spec/containers/0/ports/0/containerPort",
        "80.5",
        "/spec/template/spec/containers/0/ports/0/containerPort",
    ),
    ("/spec/replicas", "99999999999", "/spec/replicas"),
    (
        "/spec/template/spec/containers/0/resources/limits/memory",
        r#""128Mb""#,
        "/spec/template/spec/containers/0/resources/limits/memory",
    ),
    (
        "/spec/template/spec/containers/0/env/1/name",
        r#""MODE""#,
        "/spec/template/spec/containers/0/env/1",
    ),
    (
        "/spec/template/spec/volumes/0/persistentVolumeClaim/claimName",
        "null",
        "/spec/template/spec/volumes/0/persistentVolumeClaim",
    ),
];

#[test]
fn faults_of_each_kind_are_found() {
    let text = include_str!("manifests.yaml");
    let first = portcullis_yaml::documents(text).next().unwrap();
    let deployment = first.read(Mode::Strict, &Limits::default()).unwrap();
    for version in VERSIONS {
        let catalogue = builtin(version).unwrap();
        for (pointer, value, wanted) in DEPLOYMENT {
            let mut manifest = deployment.clone();
            let value: Value = serde_json::from_str(value).unwrap();
            if value.is_null() {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                let parent = manifest.pointer_mut(parent).unwrap();
                parent.as_object_mut().unwrap().remove(key).unwrap();
            } else {
                *manifest.pointer_mut(pointer).unwrap() = value;
            }
            let found = found(&catalogue, &manifest);
            assert!(
                found.iter().any(|found| found == wanted),
                "{version} {pointer}: found at {found:?}"
            );
        }
    }
}

fn found(catalogue: &Catalogue, manifest: &Value) -> Vec<String> {
    match catalogue.validate(manifest) {
        Verdict::Valid => Vec::new(),
        Verdict::Invalid(faults) => faults.iter().map(|fault| fault.pointer()).collect(),
        other @ Verdict::UnknownKind { .. } => vec![format!("{other:?}")],
    }
}

fn faults(catalogue: &Catalogue, manifest: &Value) -> Vec<Faulty> {
    let text = |key: &str| manifest[key].as_str().unwrap();
    let kind = catalogue.find(text("apiVersion"), text("kind")).unwrap();
    let mut faults = Vec::new();
    for (key, value) in manifest.as_object().unwrap() {
        let object = catalogue.object(kind.schema).unwrap();
        if !["apiVersion", "kind", "metadata"].contains(&key.as_str()) {
            let place = Place {
                catalogue,
                manifest,
                pointer: format!("/{key}"),
            };
            place.spoil(object.field(key).unwrap(), value, &mut faults);
        }
    }
    faults
}

/// A place of a manifest that is without fault.
struct Place<'m> {
    catalogue: &'m Catalogue,
    manifest: &'m Value,
    pointer: String,
}

impl Place<'_> {
    /// Wrong values in place of each one, and a field that does not exist in each object.
    fn spoil(&self, id: SchemaId, value: &Value, faults: &mut Vec<Faulty>) {
        let schema = self.catalogue.schema(id).unwrap();
        for (wrong, what) in wrong(schema) {
            faults.push(self.with(wrong, what, self.pointer.clone()));
        }
        let below = |key: &str| Place {
            pointer: format!(
                "{}/{}",
                self.pointer,
                key.replace('~', "~0").replace('/', "~1")
            ),
            ..*self
        };
        match (&schema.shape, value) {
            (Shape::Same(other), value) => self.spoil(*other, value, faults),
            (Shape::Object(object), Value::Object(entries)) => {
                if !object.open {
                    let mut more = entries.clone();
                    more.insert("noSuchField".to_owned(), json!(1));
                    let at = below("noSuchField").pointer;
                    faults.push(self.with(Value::Object(more), "an unknown field", at));
                }
                for (key, child) in entries {
                    below(key).spoil(object.field(key).unwrap(), child, faults);
                }
            }
            (Shape::Map(values), Value::Object(entries)) => {
                for (key, child) in entries {
                    below(key).spoil(*values, child, faults);
                }
            }
            (Shape::List(items), Value::Array(children)) => {
                for (index, child) in children.iter().enumerate() {
                    below(&index.to_string()).spoil(*items, child, faults);
                }
            }
            _ => {}
        }
    }

    fn with(&self, wrong: Value, what: &'static str, at: String) -> Faulty {
        let mut manifest = self.manifest.clone();
        *manifest.pointer_mut(&self.pointer).unwrap() = wrong;
        Faulty {
            manifest,
            pointer: at,
            what,
        }
    }
}

/// Values that a place must not take.
fn wrong(schema: &Schema) -> Vec<(Value, &'static str)> {
    let mut wrong = match &schema.shape {
        Shape::Any | Shape::Same(_) => vec![],
        Shape::Object(_) | Shape::Map(_) => vec![(json!("text"), "text for an object")],
        Shape::List(_) => vec![(json!({"a": 1}), "an object for a list")],
        Shape::Text(text) => match text {
            Text::Plain => vec![],
            Text::DateTime => vec![
                (json!("yesterday"), "a time that is none"),
                (json!("2026-02-30T12:00:00Z"), "a day that is none"),
                (json!("2026-01-31"), "a day for a time"),
            ],
            Text::Bytes => vec![(json!("%%%"), "text that is no base64")],
        },
        Shape::Integer(width) => {
            let wide =
                (*width == Integer::Int32).then(|| (json!(1_i64 << 31), "more than 32 bits"));
            let wrong = [
                (json!("many"), "text for a number"),
                (json!(1.5), "a fraction"),
            ];
            wrong.into_iter().chain(wide).collect()
        }
        Shape::Number => vec![(json!("many"), "text for a number")],
        Shape::Boolean => vec![(json!("yes"), "text for a flag")],
        Shape::IntOrString => vec![
            (json!([1]), "a list for a number or text"),
            (json!(1.5), "a fraction for a number or text"),
            (json!(true), "a flag for a number or text"),
        ],
        Shape::Quantity => vec![
            (json!("128Mb"), "a quantity of an unknown unit"),
            (json!("1 Gi"), "a quantity with a blank"),
            (json!([1]), "a list for a quantity"),
        ],
    };
    if matches!(schema.shape, Shape::Text(_)) {
        wrong.push((json!({"a": 1}), "an object for text"));
        wrong.push((json!(7), "a number for text"));
    }
    let constraints = schema.constraints.as_deref();
    match constraints.and_then(|constraints| constraints.allowed.first()) {
        Some(Value::String(_)) => wrong.push((json!("other"), "a value that is not allowed")),
        Some(_) => wrong.push((json!(99), "a value that is not allowed")),
        None => {}
    }
    wrong
}
