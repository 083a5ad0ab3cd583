//! The functions, a table for each family: every one gives what its signature promises.
#![expect(
    clippy::expect_used,
    reason = "a test stops at what it does not expect"
)]

use portcullis_jmespath::{Expression, Offline};
use portcullis_values::Val;
use serde_json::{Value, json};

fn check(rows: &[(&str, Value)]) {
    let data = json!({"pods": [{"n": "x", "c": 2}, {"n": "y", "c": 1}], "map": {"k": 1, "l": "v"}});
    for (source, expected) in rows {
        let expression = Expression::compile(source).expect(source);
        let found = expression
            .evaluate(&Val::from(&data), &Offline)
            .expect(source);
        assert_eq!(&found.to_json(), expected, "{source}");
    }
}

#[test]
fn math() {
    check(&[
        ("abs(`-2`)", json!(2)),
        ("avg([`1`, `2`, `6`])", json!(3)),
        ("ceil(`1.2`)", json!(2)),
        ("floor(`-1.2`)", json!(-2)),
        ("max([`1`, `3`])", json!(3)),
        ("min(['b', 'a'])", json!("a")),
        ("max_by(pods, &c).n", json!("x")),
        ("min_by(pods, &c).n", json!("y")),
    ]);
}

#[test]
fn arithmetic() {
    check(&[
        ("subtract('1Gi', '512Mi')", json!("512Mi")),
        ("subtract('1h', '30s')", json!("59m30s")),
        ("modulo(`7`, `4`)", json!(3)),
    ]);
}

#[test]
fn text() {
    check(&[
        ("ends_with('abc', 'bc')", json!(true)),
        ("starts_with('abc', 'bc')", json!(false)),
        ("equal_fold('Go', 'GO')", json!(true)),
        ("replace_all('aaa', 'a', 'b')", json!("bbb")),
        ("reverse('abc')", json!("cba")),
        ("to_lower('Go')", json!("go")),
        ("to_upper('Go')", json!("GO")),
        ("trim('xxaxx', 'x')", json!("a")),
        ("trim_prefix('v1.2', 'v')", json!("1.2")),
    ]);
}

#[test]
fn patterns() {
    check(&[
        ("label_match({a: 'b'}, {a: 'b', c: 'd'})", json!(true)),
        ("label_match({a: 'b'}, {c: 'd'})", json!(false)),
        ("pattern_match('1*', `123`)", json!(true)),
        ("regex_match('^a+$', 'aab')", json!(false)),
        (
            "regex_replace_all_literal('a.', 'abac', '$1')",
            json!("$1$1"),
        ),
    ]);
}

#[test]
fn lists_and_maps() {
    check(&[
        ("keys(map)", json!(["k", "l"])),
        ("values(map)", json!([1, "v"])),
        ("length(pods)", json!(2)),
        ("map(&n, pods)", json!(["x", "y"])),
        ("merge(map, {k: `2`})", json!({"k": 2, "l": "v"})),
        ("not_null(`null`, 'a')", json!("a")),
    ]);
}

#[test]
fn types() {
    check(&[
        ("to_array('a')", json!(["a"])),
        ("to_boolean('True')", json!(true)),
        ("to_number('1.5')", json!(1.5)),
        ("type(pods)", json!("array")),
    ]);
}

#[test]
fn digests() {
    check(&[
        ("md5('a')", json!("0cc175b9c0f1b6a831c399e269772661")),
        (
            "sha1('a')",
            json!("86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ),
        (
            "sha256('a')",
            json!("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ),
    ]);
}

#[test]
fn times_and_chance() {
    check(&[
        (
            "time_between('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-03T00:00:00Z')",
            json!(true),
        ),
        ("time_now()", json!("1970-01-01T00:00:00Z")),
        ("length(random('[a-z]{5}'))", json!(5)),
    ]);
}
