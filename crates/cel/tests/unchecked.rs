//! Expressions whose types are not looked at, and what newer versions of cel-go's libraries add.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use portcullis_cel::{environment::Environment, host::Offline, library::ext, program::Options};

/// The first line of what an expression gives, or of why it gives nothing.
fn said(environment: &Environment, expression: &str, is_checked: bool) -> String {
    let compiled = match is_checked {
        true => environment.compile(expression),
        false => environment.compile_unchecked(expression),
    };
    let program = match compiled.and_then(|checked| environment.program(&checked)) {
        Ok(program) => program,
        Err(error) => return error.to_string().lines().next().unwrap().to_owned(),
    };
    let options = Options {
        host: &Offline,
        cost_limit: None,
    };
    match program.evaluate(&(), options).result {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_does_not_fit_fails_where_it_is_evaluated() {
    let environment = Environment::builder().library(&ext::STRINGS).build();
    for (expression, expected) in [
        ("x || true", "true"),
        ("unknown(17) || true", "true"),
        ("1.unknown() || true", "true"),
        ("'horses' && false", "false"),
        ("true || 32", "true"),
        ("true ? 'cows' : 17", "cows"),
        ("[1] == [1.0]", "true"),
        ("['one'] == [2, 3]", "false"),
        ("1 + 'a'", "no such overload: _+_(int, string)"),
        (
            "'a'.substring(1, 2, 3)",
            "no such overload: substring(string, int, int, int)",
        ),
    ] {
        assert_eq!(
            said(&environment, expression, false),
            expected,
            "{expression}"
        );
        assert!(
            said(&environment, expression, true).starts_with("ERROR"),
            "{expression}"
        );
    }
}

#[test]
fn blocks_number_their_values() {
    let environment = Environment::builder().library(&ext::BLOCK).build();
    for (expression, expected) in [
        ("cel.block([1, cel.index(0) + 1], cel.index(1) * 2)", "4"),
        ("cel.block([1 / 0], true || cel.index(0) > 1)", "true"),
        (
            "[1, 2].map(cel.iterVar(0, 0), cel.iterVar(0, 0) + 1) == [2, 3]",
            "true",
        ),
        (
            "cel.block(1, 2)",
            "ERROR: <input>:1:11: cel.block requires a list of values as its first argument",
        ),
        (
            "cel.index(-1)",
            "ERROR: <input>:1:11: cel.index requires whole numbers from 0 on",
        ),
        (
            "cel.index(0)",
            "ERROR: <input>:1:10: undeclared reference to '@index0' (in container '')",
        ),
    ] {
        assert_eq!(
            said(&environment, expression, true),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn strings_of_newer_versions() {
    let newer = Environment::builder()
        .libraries(&[&ext::STRINGS, &ext::REVERSE, &ext::FORMAT_4])
        .build();
    for (expression, expected) in [
        ("'Ta©oCαt'.reverse()", "tαCo©aT"),
        (
            "'%.6e %e'.format([1052.032911275, 0.00002])",
            "1.052033e+03 2.000000e-05",
        ),
        ("'%f %.0f %.0f'.format([2, 2.5, 3.5])", "2.000000 2 4"),
        (
            "'%d %f'.format([double('NaN'), double('-Infinity')])",
            "NaN -Infinity",
        ),
        (
            "'%d'.format([1.5])",
            "error during formatting: decimal clause can only be used on integers, was given double",
        ),
        (
            "'%s'.format([{'b': b'x', 1: [1.5, 'y', null], 'a': duration('2h')}])",
            "{1: [1.5, y, null], a: 7200s, b: x}",
        ),
    ] {
        assert_eq!(said(&newer, expression, false), expected, "{expression}");
    }
    let older = Environment::builder().library(&ext::FORMAT).build();
    assert_eq!(
        said(&older, "'%e %.0f'.format([1500.0, 1.5])", true),
        "1.500000×10⁰³ 2"
    );
}

#[test]
fn a_map_of_constants_has_any_keys() {
    let environment = Environment::kyverno().build();
    for (expression, expected) in [
        ("size({1.5: 'a', 2.5: 'b', 1.5: 'c'})", "2"),
        ("{null: 1}.all(key, key == null)", "true"),
        ("{1.0: 1}.all(key, type(key) == double)", "true"),
        ("{[1]: 1} == {[1]: 1}", "true"),
        ("[1.5].map(key, {key: 1})", "unsupported key type: double"),
        (
            "type(image('nginx'))",
            "type conversion error from 'kyverno.image' to 'type'",
        ),
    ] {
        assert_eq!(
            said(&environment, expression, true),
            expected,
            "{expression}"
        );
    }
}
