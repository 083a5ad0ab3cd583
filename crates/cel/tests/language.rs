//! The language itself: what expressions give, and what that costs.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise"
)]

use portcullis_cel::{
    environment::{Environment, KubernetesVersion},
    error::Evaluated,
    host::Offline,
    program::{Options, Variables},
    types::Type,
    validators,
    value::Value,
};
use serde_json::{Value as Json, json};

#[derive(Debug)]
struct Pod(Json);

impl<'a> Variables<'a> for &'a Pod {
    fn get(&self, name: &str) -> Option<Evaluated<'a>> {
        (name == "object").then(|| Ok(Value::from(&self.0)))
    }
}

fn pod() -> Pod {
    Pod(json!({
        "metadata": {"name": "web", "labels": {"app": "x"}},
        "spec": {"replicas": 3, "containers": [{"name": "a"}, {"name": "b"}]},
    }))
}

/// Evaluates an expression; the first line of what it gives, or of why it gives nothing, and its
/// cost are compared.
fn check(table: &[(&str, &str, u64)]) {
    let environment = Environment::builder()
        .variable("object", Type::Dyn)
        .validators(validators::LITERALS)
        .build();
    check_in(&environment, table);
}

fn check_in(environment: &Environment, table: &[(&str, &str, u64)]) {
    let pod = pod();
    for (expression, expected, cost) in table {
        let compiled = environment
            .compile(expression)
            .and_then(|checked| environment.program(&checked));
        let (found, spent) = match &compiled {
            Err(error) => (error.to_string(), 0),
            Ok(program) => {
                let options = Options {
                    host: &Offline,
                    cost_limit: Some(10_000),
                };
                let outcome = program.evaluate(&&pod, options);
                let text = match outcome.result {
                    Ok(value) => value.to_string(),
                    Err(error) => error.to_string(),
                };
                (text, outcome.cost)
            }
        };
        let first = found.lines().next().unwrap_or_default();
        assert_eq!((first, spent), (*expected, *cost), "{expression}");
    }
}

#[test]
fn operators() {
    check(&[
        ("1 + 2 * 3 == 7 && !(2 > 3)", "true", 5),
        ("--3 - -3", "6", 1),
        ("9223372036854775807 + 1", "integer overflow", 1),
        ("1 / 0", "division by zero", 1),
        ("1u - 2u", "unsigned integer overflow", 1),
        ("'a' + 'b' < 'b'", "true", 2),
        ("1 < 1.5", "true", 1),
        ("true || 1 / 0 == 1", "true", 0),
        ("1 / 0 == 1 || true", "true", 1),
        ("1 / 0 == 1 && true", "division by zero", 1),
        ("2 in [1, 2]", "true", 0),
        ("object.spec.replicas in [1, 2]", "false", 3),
        ("true ? 1 : 2", "1", 0),
    ]);
}

#[test]
fn selections() {
    check(&[
        ("object.metadata.name", "web", 3),
        ("object.metadata['name'] + '!'", "web!", 4),
        ("object.spec.containers[1].name", "b", 5),
        ("object.nope", "no such key: nope", 2),
        ("has(object.metadata.nope)", "false", 2),
        ("[1, 2][5]", "index out of bounds: 5", 2),
        ("{'a': 1}.a", "1", 2),
    ]);
}

#[test]
fn macros() {
    check(&[
        ("[1, 2, 3].all(x, x > 0)", "true", 16),
        (
            "object.spec.containers.exists(c, c.name == 'b')",
            "true",
            18,
        ),
        ("[1, 2].map(x, x * 2) == [2, 4]", "true", 30),
        ("[1, 2, 3].filter(x, x > 1).size()", "2", 34),
        ("[1, 2].exists_one(x, x == 1)", "true", 8),
        ("object.metadata.labels.all(k, k == 'app')", "true", 9),
        ("[0, 1].all(x, 1 / x == 1)", "division by zero", 12),
    ]);
}

#[test]
fn conversions_of_constants_are_done_once() {
    check(&[
        ("int('12') + 1", "13", 1),
        ("string(duration('90s'))", "90s", 0),
        ("timestamp('2024-02-29T12:00:00Z').getDayOfYear()", "59", 1),
        (
            "timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin')",
            "14",
            1,
        ),
        (
            "timestamp('2024-07-01T12:00:00Z').getHours('+05:30')",
            "17",
            1,
        ),
        (
            "int('a')",
            "ERROR: <input>:1:4: type conversion error from 'string' to 'int'",
            0,
        ),
    ]);
}

#[test]
fn mistakes() {
    check(&[
        (
            "1 +",
            "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
            0,
        ),
        (
            "'open",
            "ERROR: <input>:1:1: Syntax error: token recognition error at: ''open'",
            0,
        ),
        (
            "objekt.name",
            "ERROR: <input>:1:1: undeclared reference to 'objekt' (in container '')",
            0,
        ),
        (
            "1 + 'a'",
            "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'",
            0,
        ),
        (
            "[1, 'a']",
            "ERROR: <input>:1:5: expected type 'int' but found 'string'",
            0,
        ),
        (
            "[1].all(x.y, true)",
            "ERROR: <input>:1:10: argument must be a simple name",
            0,
        ),
        (
            "'a'.b",
            "ERROR: <input>:1:4: type 'string' does not support field selection",
            0,
        ),
        (
            ".size()",
            "ERROR: <input>:1:6: found no matching overload for 'size' applied to '()'",
            0,
        ),
        (
            "[type, int]",
            "ERROR: <input>:1:8: expected type 'type(type)' but found 'type(int)'",
            0,
        ),
        (
            "duration(null)",
            "ERROR: <input>:1:10: invalid duration argument",
            0,
        ),
        (
            "timestamp(null)",
            "ERROR: <input>:1:11: invalid timestamp argument",
            0,
        ),
        (
            "1 && true",
            "ERROR: <input>:1:1: expected type 'bool' but found 'int'",
            0,
        ),
        (
            "[] * 1",
            "ERROR: <input>:1:4: found no matching overload for '_*_' applied to '(list(dyn), int)'",
            0,
        ),
        (
            "null.a",
            "ERROR: <input>:1:5: type 'null' does not support field selection",
            0,
        ),
    ]);
}

/// What only shows when a program is made, or runs.
#[test]
fn mistakes_beyond_types() {
    check(&[
        (
            "object[null]",
            "ERROR: <input>:1:7: invalid qualifier type: null_type",
            0,
        ),
        (
            "[int].map(x, x)",
            "ERROR: <input>:1:14: reference to undefined type: x",
            0,
        ),
        ("[bytes].map(int, int) == [int]", "true", 4),
        (
            "google.protobuf.Any",
            "ERROR: <input>:1:16: reference to undefined type: google.protobuf.Any",
            0,
        ),
        (
            "matches('a', '(')",
            "ERROR: <input>:1:8: missing closing ): `(`",
            0,
        ),
        ("1 == dyn('')", "false", 0),
        (
            "string(duration('123456789.123456789s'))",
            "123456789.12345679s",
            0,
        ),
    ]);
}

#[test]
fn libraries() {
    let long = format!(
        "format.dns1123Label().validate('{}').value()[0]",
        "a".repeat(64)
    );
    let table: &[(&str, &str, u64)] = &[
        ("dyn(ip('::1')) == dyn(1)", "no such overload", 3),
        ("dyn(ip('::1')) != dyn(1)", "true", 3),
        ("ip('::1') == null", "false", 2),
        ("[1, 2].flatten(6)", "list", 23),
        ("[1, 2].flatten(0)", "list", 11),
        ("[b'1', b'2', b'3', b'4', b'5'].sort().size()", "5", 64),
        ("['a', 'b', 'c', 'd', 'e'].sortBy(x, 1).size()", "5", 75),
        (&long, "must be no more than 63 characters", 60),
        (
            "format.dns1123Label().validate('a.b').value()[0]",
            "must not contain dots",
            12,
        ),
        ("'abcc'.lastIndexOf('cc', 4)", "-1", 0),
        ("'abcc'.lastIndexOf('cc', 3)", "2", 0),
        ("'abcc'.indexOf('', 5)", "4", 0),
        ("'%.0f'.format([2.5])", "2", 1),
        ("'%.1f'.format([-0.0])", "0.0", 1),
        (
            "timestamp(dyn('2024-01-01T00:00:00,5Z'))",
            "ERROR: <input>:1:10: invalid RFC 3339 timestamp \"2024-01-01T00:00:00,5Z\"",
            0,
        ),
        ("'%.10e'.format([1.5])", "1.500000×10⁰⁰", 1),
        ("'%.20e'.format([1.5])", "       1.500000×10⁰⁰", 1),
        (
            "'%s'.format([[1234.5, double('NaN')]])",
            "[1234.500000, \"NaN\"]",
            1,
        ),
        ("[].map(x, duration('1h')).sum()", "0s", 1),
        (
            "quantity('1').compareTo(dyn(1))",
            "no such overload: compareTo(kubernetes.Quantity, int)",
            2,
        ),
        (
            "optional.ofNonZeroValue(optional.none()).hasValue()",
            "true",
            3,
        ),
        ("semver('18446744073709551615.1.2').major()", "-1", 4),
        (
            "matches('+', 'a')",
            "ERROR: <input>:1:9: invalid matches argument",
            0,
        ),
        (
            "dyn({'a': 1})[?dyn([1 + 1])]",
            "invalid qualifier type: list",
            13,
        ),
        (
            "quantity('1').a",
            "ERROR: <input>:1:14: unexpected failed resolution of 'kubernetes.Quantity'",
            0,
        ),
        (
            "kubernetes.Quantity",
            "ERROR: <input>:1:1: undeclared reference to 'kubernetes' (in container '')",
            0,
        ),
    ];
    check_in(
        &Environment::kubernetes(KubernetesVersion::new(1, 36)).build(),
        table,
    );
    let table: &[(&str, &str, u64)] = &[
        (
            "json.encode({'b': 1, 'a': 9007199254740993})",
            "{\"a\":\"9007199254740993\",\"b\":1}",
            0,
        ),
        ("string(base64.decode('YR'))", "a", 3),
        (
            "json.unmarshal(1)",
            "no such overload: unmarshal(json.Json, int)",
            2,
        ),
        ("json.marshal(int)", "\"int\"", 2),
        ("json.marshal(9007199254740993)", "9007199254740993", 2),
        (
            "math.greatest(1.0, 0.0 / 0.0)",
            "NaN values cannot be ordered",
            2,
        ),
    ];
    check_in(&Environment::kyverno().build(), table);
}

/// The value of an expression, or its error, as text.
fn told(environment: &Environment, expression: &str) -> String {
    let checked = environment.compile(expression).unwrap();
    let program = environment.program(&checked).unwrap();
    let options = Options {
        host: &Offline,
        cost_limit: None,
    };
    match program.evaluate(&&pod(), options).result {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// What cel-go and Kubernetes' libraries say at the edges, as a real API server said it.
#[test]
fn edges_of_libraries() {
    let environment = Environment::kubernetes(KubernetesVersion::new(1, 37)).build();
    let check = |expression: &str, expected: &str| {
        let found = told(&environment, expression);
        let first = found.lines().next().unwrap_or_default();
        assert_eq!(first, expected, "{expression}");
    };
    check("double('NaN') > 1.0", "NaN values cannot be ordered");
    check("[double('NaN'), 0.5].max() == 0.5", "false");
    check(
        "'a'.find('[')",
        "Illegal regex: error parsing regexp: missing closing ]: `[`",
    );
    let number = |text: &str| format!("semver('{text}', true).major() == 1");
    let fault = |text: &str| format!("Invalid character(s) found in major number \"{text}\"");
    check(&number("junk"), &fault("0junk"));
    check(&number("x"), &fault("x"));
    check(&number("01.02"), "true");
}

#[test]
fn edges_of_kyverno_s_libraries() {
    let environment = Environment::kyverno().build();
    let long_name = "parseServiceAccount('system:serviceaccount:a:b:c')";
    for (expression, expected) in [
        ("json.marshal(duration('1h'))".to_owned(), "3600000000000"),
        (
            "json.marshal({1: 2})".to_owned(),
            "json: failed to convert CEL map to native map: unsupported type conversion from 'int' to string",
        ),
        (
            "json.marshal([type(1)])".to_owned(),
            "json: type conversion not supported for 'type'",
        ),
        (format!("{long_name}.Name"), "b:c"),
        (format!("{long_name}.Namespace"), "a"),
        (
            "listObjToMap([{'a': 1}], [{'b': 1}], 'a', 'b')".to_owned(),
            "the passed key name cannot be handled as a string in the key object list",
        ),
        (
            "listObjToMap([{'a': 'x'}], [], 'a', 'b')".to_owned(),
            "listObjToMap must take lists of equal length. list1: 1, list2: 0",
        ),
    ] {
        let found = told(&environment, &expression);
        assert_eq!(found, expected, "{expression}");
    }
}

#[test]
fn an_evaluation_ends_at_its_limit() {
    let list = (0..200)
        .map(|number| number.to_string())
        .collect::<Vec<_>>()
        .join(",");
    let expression = format!("[{list}].all(x, [{list}].all(y, x + y >= 0)) || true");
    check(&[(
        &expression,
        "operation cancelled: actual cost limit exceeded",
        10_001,
    )]);
}

#[test]
fn nesting_ends_at_its_limit() {
    let open = "(".repeat(300) + "1" + &")".repeat(300);
    let sum = "1".to_owned() + &"+1".repeat(300);
    for expression in [open, sum, "!".repeat(100_001), "a.".repeat(40_000) + "a"] {
        let environment = Environment::builder().build();
        let error = environment.compile(&expression).unwrap_err().to_string();
        assert!(error.contains("limit"), "{error}");
    }
}

#[test]
fn mutations() {
    use portcullis_cel::{environment::MutationTypes, mutation};
    let environment = Environment::builder()
        .types(std::sync::Arc::new(MutationTypes))
        .build();
    let json = |expression: &str| {
        let checked = environment.compile(expression).unwrap();
        let program = environment.program(&checked).unwrap();
        let options = Options {
            host: &Offline,
            cost_limit: None,
        };
        let value = program.evaluate(&(), options).result.unwrap();
        match checked.result_type().to_string().as_str() {
            "Object" => mutation::apply_configuration(&value),
            _ => mutation::json_patch(&value).map(Json::from),
        }
    };
    let cases = [
        (
            "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a'}]}}",
            Ok(json!({"spec": {"containers": [{"name": "a"}]}})),
        ),
        (
            "Object{spec: Object.spec{initContainers: []}}",
            Ok(json!({"spec": {"initContainers": null}})),
        ),
        (
            "Object{metadata: Object.metadata{labels: {'a': 'b'}}}",
            Ok(json!({"metadata": {"labels": {"a": "b"}}})),
        ),
        (
            "Object{spec: Object.metadata{}}",
            Err("type mismatch: unexpected type name \"Object.metadata\", expected \"Object.spec\", which matches field name path from root Object type".to_owned()),
        ),
        (
            "[JSONPatch{op: 'add', path: '/a', value: 1}]",
            Ok(json!([{"op": "add", "path": "/a", "value": 1}])),
        ),
    ];
    let value = |text: &str| format!("[JSONPatch{{op: 'add', path: '/a', value: {text}}}]");
    let no_json = "JSONPath valueExpression evaluated to a type that could not marshal to JSON: ";
    for (text, expected) in [
        ("2.0", Ok(json!(2))),
        ("-0.0", Ok(json!(0))),
        ("2.5", Ok(json!(2.5))),
        ("1e21", Ok(json!(1e21))),
        ("9007199254740991", Ok(json!(9_007_199_254_740_991_i64))),
        ("-9007199254740993", Ok(json!("-9007199254740993"))),
        ("9007199254740993u", Ok(json!("9007199254740993"))),
        ("[1.0, {'a': 1.0}]", Ok(json!([1, {"a": 1}]))),
        (
            "{1: 'a'}",
            Err("unsupported type conversion from 'int' to string"),
        ),
        ("type(1)", Err("type conversion not supported for 'type'")),
    ] {
        let expected = expected
            .map(|value| json!([{"op": "add", "path": "/a", "value": value}]))
            .map_err(|error| format!("{no_json}{error}"));
        assert_eq!(json(&value(text)), expected, "{text}");
    }
    for (expression, expected) in cases {
        assert_eq!(json(expression), expected, "{expression}");
    }
}

/// cel-go says of an optional entry whose expression is wrong that it is no optional, too.
#[test]
fn optional_entries_with_mistakes() {
    let environment = Environment::builder().build();
    for (expression, expected) in [
        (
            "[?objekt]",
            &[
                "ERROR: <input>:1:3: undeclared reference to 'objekt' (in container '')",
                "ERROR: <input>:1:3: expected type 'optional_type(!error!)' but found '!error!'",
            ][..],
        ),
        (
            "{?'a': f(1)}",
            &[
                "ERROR: <input>:1:9: undeclared reference to 'f' (in container '')",
                "ERROR: <input>:1:9: expected type 'optional_type(!error!)' but found '!error!'",
            ][..],
        ),
        (
            "[?1]",
            &["ERROR: <input>:1:3: expected type 'optional_type(int)' but found 'int'"][..],
        ),
    ] {
        let text = environment.compile(expression).unwrap_err().to_string();
        let found: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("ERROR"))
            .collect();
        assert_eq!(found, expected, "{expression}");
    }
}

/// Kyverno's `orValue` evaluates both sides: it is no way around an error.
#[test]
fn kyverno_or_value_keeps_errors() {
    let environment = Environment::kyverno().variable("object", Type::Dyn).build();
    let pod = pod();
    for (expression, expected) in [
        ("object.spec.replicas.orValue(5)", "3"),
        ("object.?spec.?missing.orValue(5)", "5"),
        ("object.spec.?replicas.orValue(5)", "3"),
        ("object.spec.missing.orValue(5)", "no such key: missing"),
        ("optional.of(1).orValue(1 / 0)", "division by zero"),
        ("object.spec.replicas.orValue(object.no)", "no such key: no"),
        ("true || object.no.orValue(true)", "true"),
    ] {
        let checked = environment.compile(expression).unwrap();
        let program = environment.program(&checked).unwrap();
        let options = Options {
            host: &Offline,
            cost_limit: Some(10_000),
        };
        let found = match program.evaluate(&&pod, options).result {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        let first = found.lines().next().unwrap_or_default();
        assert_eq!(first, expected, "{expression}");
    }
}

#[test]
fn patterns_are_bounded_together() {
    let matches = |number| format!("'a'.matches('.{{1000}}{number}')");
    let expression: Vec<String> = (0..1500).map(matches).collect();
    let environment = Environment::kyverno().build();
    let checked = environment.compile(&expression.join(" && ")).unwrap();
    let error = environment.program(&checked).unwrap_err();
    assert_eq!(
        error.issues[0].message,
        "the patterns of the expression are too large together"
    );
}

/// What costs little and would take no end of time or memory is an error.
#[test]
fn what_works_on_too_much_is_an_error() {
    let environment = Environment::kyverno().variable("object", Type::Dyn).build();
    let object = Pod(json!({"text": "x".repeat(100_000)}));
    let doubled = |first: &str, next: &str, result: &str| {
        let mut text = String::new();
        for number in 1..=40 {
            let value = match number {
                1 => first.to_owned(),
                _ => next.replace('$', &format!("v{}", number - 1)),
            };
            text.push_str(&format!("cel.bind(v{number}, {value}, "));
        }
        text + &result.replace('$', "v40") + &")".repeat(40)
    };
    let nested = |result: &str| doubled("[1]", "[$, $, $, $]", result);
    let too_much = "operation cancelled: the expression works on too much data";
    for (expression, expected) in [
        (nested("$ == $"), too_much),
        (nested("[$].exists(x, x in [x])"), too_much),
        (nested("sets.contains([$], [$])"), too_much),
        (nested("[$].indexOf($) == 0"), too_much),
        (nested("$.flatten(50).size() == 0"), "the list would be"),
        (nested("'%s'.format([$]) == ''"), "the text would be"),
        (nested("json.marshal($) == ''"), "the value is too large"),
        (doubled("[1]", "$ + $", "$.size() == 0"), too_much),
        (
            doubled("'x'", "$ + $", "$.size() == 0"),
            "the text would be",
        ),
        (
            "object.text.replace('x', object.text) == ''".to_owned(),
            "the text would be 10000000000 long",
        ),
        (
            "regex.replace(object.text, 'x', object.text) == ''".to_owned(),
            "the text would be",
        ),
        (
            "lists.range(1000).map(i, object.text).join() == ''".to_owned(),
            "the text would be",
        ),
        (
            "lists.range(100000).all(i, md5(object.text) != '')".to_owned(),
            too_much,
        ),
        (
            "lists.range(10000).distinct().size() == 0".to_owned(),
            too_much,
        ),
        (
            "sets.contains(lists.range(100000), lists.range(100000).reverse())".to_owned(),
            too_much,
        ),
        (
            "cel.bind(l, lists.range(20000), l.all(x, x in l))".to_owned(),
            too_much,
        ),
        (
            "lists.range(20000).map(x, lists.range(20000)).size() == 0".to_owned(),
            too_much,
        ),
        (
            "lists.range(100000).exists(x, 'a'.matches(string(x) + '.{500}'))".to_owned(),
            too_much,
        ),
    ] {
        let checked = environment.compile(&expression).unwrap();
        let program = environment.program(&checked).unwrap();
        let options = Options {
            host: &Offline,
            cost_limit: None,
        };
        let error = program.evaluate(&&object, options).result.unwrap_err();
        assert!(
            error.message.contains(expected),
            "{}: {error}",
            expression.get(..40).unwrap_or(&expression)
        );
    }
}
