//! What expressions of the API server's policies may read, field by field, and that they have
//! nothing of Kyverno's.

use portcullis_cel::{
    environment::Environment,
    function::{Library, Overload},
    library::kyverno,
};
use portcullis_engine::{
    cel::environment::{Flavour, environment},
    compile,
    compile_options::CompileOptions,
    load::load,
};
use serde_json::{Value, json};

/// What the compiler says of a policy, beside what a valid one has.
fn faults(kind: &str, fields: &Value) -> String {
    let mut spec = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
        }]},
        "variables": [{"name": "first", "expression": "1"}],
    });
    let patch = json!({"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}});
    let required = match kind {
        "ValidatingAdmissionPolicy" => json!({"validations": [{"expression": "true"}]}),
        _ => json!({"mutations": [patch]}),
    };
    if let (Some(spec), Some(fields)) = (spec.as_object_mut(), required.as_object()) {
        spec.extend(fields.clone());
    }
    if let (Some(spec), Some(fields)) = (spec.as_object_mut(), fields.as_object()) {
        spec.extend(fields.clone());
    }
    let version = match kind {
        "ValidatingAdmissionPolicy" => "admissionregistration.k8s.io/v1",
        _ => "admissionregistration.k8s.io/v1beta1",
    };
    let (loaded, errors) = load(&json!({
        "apiVersion": version, "kind": kind, "metadata": {"name": "p"}, "spec": spec,
    }));
    assert!(errors.is_empty(), "{errors:?}");
    let (_, errors) = compile(&loaded, &[], &CompileOptions::default());
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    said.join("\n")
}

/// The fields of a policy with an expression in one of them.
fn with(field: &str, expression: &str) -> Value {
    let passing = |more: Value| json!({"validations": [more]});
    match field {
        "validations" => passing(json!({"expression": expression})),
        "messageExpression" => {
            passing(json!({"expression": "true", "messageExpression": expression}))
        }
        "matchConditions" => {
            json!({"matchConditions": [{"name": "c", "expression": expression}]})
        }
        "auditAnnotations" => {
            json!({"auditAnnotations": [{"key": "k", "valueExpression": expression}]})
        }
        "variables" => json!({
            "variables": [{"name": "second", "expression": expression}, {"name": "third", "expression": "3"}],
        }),
        _ => json!({"mutations": [{
            "patchType": "JSONPatch", "jsonPatch": {"expression": expression},
        }]}),
    }
}

#[test]
fn what_a_field_may_read_is_what_the_api_server_lets_it_read() {
    let refused: &[(&str, &str, &str)] = &[
        (
            "validations",
            "authorizer.group('').resource('pods').check('get').allowed()",
            "",
        ),
        (
            "matchConditions",
            "authorizer.group('').resource('pods').check('get').allowed()",
            "",
        ),
        (
            "auditAnnotations",
            "string(authorizer.group('').resource('pods').check('get').allowed())",
            "",
        ),
        (
            "variables",
            "authorizer.group('').resource('pods').check('get').allowed()",
            "",
        ),
        (
            "messageExpression",
            "authorizer.group('').resource('pods').check('get').reason()",
            "undeclared reference to 'authorizer'",
        ),
        (
            "validations",
            "authorizer.requestResource.check('delete').allowed()",
            "",
        ),
        (
            "messageExpression",
            "authorizer.requestResource.check('delete').reason()",
            "undeclared reference to 'authorizer'",
        ),
        ("validations", "variables.first == 1", ""),
        ("messageExpression", "string(variables.first)", ""),
        ("auditAnnotations", "string(variables.first)", ""),
        (
            "matchConditions",
            "variables.first == 1",
            "undefined field 'first'",
        ),
        ("variables", "variables.third", "undefined field 'third'"),
        ("validations", "has(namespaceObject.metadata.labels)", ""),
        (
            "matchConditions",
            "has(namespaceObject.metadata.labels)",
            "",
        ),
        (
            "validations",
            "params.x == 1",
            "undeclared reference to 'params'",
        ),
        (
            "validations",
            "object.spec",
            "the expression gives `dyn`, and must give `bool`",
        ),
        ("messageExpression", "1", "and must give `string`"),
        ("matchConditions", "'yes'", "and must give `bool`"),
        ("auditAnnotations", "1", "and must give `string`"),
        ("auditAnnotations", "null", ""),
        (
            "validations",
            "jsonpatch.escapeKey('a/b') == 'a~1b'",
            "undeclared reference",
        ),
    ];
    for (field, expression, fault) in refused {
        let said = faults("ValidatingAdmissionPolicy", &with(field, expression));
        match *fault {
            "" => assert_eq!(said, "", "{field}: {expression}"),
            fault => assert!(said.contains(fault), "{field}: {expression}: {said:?}"),
        }
    }
    let patch = "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 'x'}]";
    assert_eq!(
        faults("MutatingAdmissionPolicy", &with("mutations", patch)),
        ""
    );
    let early = faults("MutatingAdmissionPolicy", &with("variables", patch));
    assert!(early.contains("undeclared reference"), "{early}");
}

/// Kyverno's libraries, each of which the API server lacks.
const KYVERNO: &[&Library] = &[
    &kyverno::OR_VALUE,
    &kyverno::RESOURCE,
    &kyverno::GENERATOR,
    &kyverno::GLOBAL_CONTEXT,
    &kyverno::HTTP,
    &kyverno::IMAGE,
    &kyverno::IMAGE_DATA,
    &kyverno::IMAGE_VERIFY,
    &kyverno::HASH,
    &kyverno::MATH,
    &kyverno::JSON,
    &kyverno::YAML,
    &kyverno::GZIP,
    &kyverno::X509,
    &kyverno::RANDOM,
    &kyverno::TIME,
    &kyverno::TRANSFORM,
    &kyverno::USER,
];

#[test]
fn policies_of_the_api_server_have_nothing_of_kyverno() {
    let native = environment(Flavour::Admission);
    let has = |id: &str| {
        let mut overloads = native.functions().flat_map(|(_, overloads)| overloads);
        overloads.any(|known| known.overload.id == id)
    };
    for library in KYVERNO {
        let ids = library.overloads.iter().map(|Overload { id, .. }| *id);
        let shared: Vec<&str> = ids.filter(|id| has(id)).collect();
        assert!(shared.is_empty(), "{}: {shared:?}", library.name);
        for (name, _) in library.variables {
            assert!(native.variable(name).is_none(), "{name}");
        }
    }
    let compiles = |environment: &Environment| environment.compile("object.a.orValue(1) == 1");
    assert!(compiles(environment(Flavour::ClusterPolicy)).is_ok());
    let refused = compiles(environment(Flavour::Validating)).is_ok();
    assert!(refused, "Kyverno's own kinds do without an optional");
    // Compiled as the method of optionals, it fails on what is none.
    let checked = compiles(native);
    let kept = checked.map(|checked| format!("{:?}", checked.references));
    assert!(!kept.unwrap_or_default().contains("or_value_compat"));
    for expression in ["1.orValue(2) == 1", "'a'.orValue('b') == 'a'"] {
        assert!(native.compile(expression).is_err(), "{expression}");
    }
}
