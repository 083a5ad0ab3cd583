//! Patterns by feature: each row is a pattern, an object and the whole answer.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn answer(pattern: &Value, object: &Value, numbers: NumberModel) -> String {
    let compiled = Pattern::compile(pattern);
    let outcome = compiled.evaluate(&Val::from(object), numbers);
    let (noted, _) = compiled.evaluate_noted(&Val::from(object), numbers);
    assert_eq!(noted, outcome, "{pattern} on {object}, with notes");
    match outcome {
        PatternOutcome::Pass => String::from("pass"),
        PatternOutcome::Fail { path, message } => format!("fail {path}: {message}"),
        PatternOutcome::Skip { message } => format!("skip: {message}"),
        PatternOutcome::Error { message } => format!("error: {message}"),
    }
}

fn check(rows: &[(Value, Value, &str)]) {
    let mut differences = String::new();
    for (pattern, object, expected) in rows {
        let found = answer(pattern, object, NumberModel::Integers);
        if found != *expected {
            let _ = writeln!(
                differences,
                "{pattern} on {object}\n  found    {found}\n  expected {expected}"
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

/// Each row: a scalar pattern, the values it matches, the values it does not match.
/// Compares the leaves that were looked at, each as `path key: wanted found matches`.
#[test]
fn leaves_are_noted() {
    let pattern = json!({
        "metadata": {"labels": {"app.io/*": "?*"}, "name": "*"},
        "=(kind)": "Pod", "X(status)": "null", "<(spec)": {"a": 1},
        "list": [{"(n)": "x|y", "v": ">2"}], "^(has)": [{"k": 1}],
    });
    let object = json!({
        "metadata": {"labels": {"app.io/one": "1"}},
        "list": [{"n": "z"}, {"n": "x", "v": 3}], "has": [{"k": 2}, {"k": 1}],
    });
    let (_, leaves) =
        Pattern::compile(&pattern).evaluate_noted(&Val::from(&object), NumberModel::Integers);
    let told: Vec<String> = leaves
        .iter()
        .map(|leaf| {
            let found = leaf.found.as_ref().map_or("-".to_owned(), Value::to_string);
            format!(
                "{} {}: {} {found} {}",
                leaf.path, leaf.key, leaf.wanted, leaf.matches
            )
        })
        .collect();
    let wanted = [
        r#"/kind/ =(kind): "Pod" - true"#,
        r#"/status/ X(status): "null" - true"#,
        "/has/0/k/ k: 1 2 false",
        "/has/1/k/ k: 1 1 true",
        r#"/has/ ^(has): [{"k":1}] [{"k":2},{"k":1}] true"#,
        r#"/list/0/n/ (n): "x|y" "z" false"#,
        r#"/list/1/n/ (n): "x|y" "x" true"#,
        r#"/list/1/v/ v: ">2" 3 true"#,
        r#"/spec/ <(spec): {"a":1} - true"#,
        r#"/metadata/labels/app.io/one/ app.io/one: "?*" "1" true"#,
        r#"/metadata/name/ name: "*" - false"#,
    ];
    assert_eq!(told, wanted);
}

fn check_scalars(rows: &[(Value, &[Value], &[Value])]) {
    for (pattern, matching, other) in rows {
        let pattern = ScalarPattern::new(pattern).unwrap();
        let matches = |value| scalar_matches(&Val::from(value), &pattern, NumberModel::Integers);
        for value in *matching {
            assert!(matches(value), "{pattern:?} should match {value}");
        }
        for value in *other {
            assert!(!matches(value), "{pattern:?} should not match {value}");
        }
    }
}

#[test]
fn plain_scalars() {
    check_scalars(&[
        (
            json!(true),
            &[json!(true)],
            &[json!(false), json!("true"), json!(1), json!(null)],
        ),
        (
            json!(5),
            &[json!(5), json!(5.0), json!("5"), json!("+5")],
            &[json!(5.5), json!("5.0"), json!(null)],
        ),
        (
            json!(5.0),
            &[json!(5), json!(5.0), json!("5"), json!("5.0")],
            &[json!(5.5), json!(true)],
        ),
        (
            json!(5.5),
            &[json!(5.5), json!("5.50")],
            &[json!(5), json!("x")],
        ),
        (
            json!(null),
            &[json!(null), json!(0), json!(0.0), json!(""), json!(false)],
            &[json!(1), json!("x"), json!(true), json!({}), json!([])],
        ),
    ]);
}

#[test]
fn text_is_compared_by_wildcard() {
    check_scalars(&[
        (
            json!("*"),
            &[json!("x"), json!(""), json!(1), json!(false)],
            &[json!(null), json!({})],
        ),
        (
            json!("?*"),
            &[json!("x"), json!(0), json!(5.5)],
            &[json!(""), json!(null)],
        ),
        (
            json!("nginx:*"),
            &[json!("nginx:1"), json!("nginx:")],
            &[json!("nginx")],
        ),
        (
            json!("!*:latest"),
            &[json!("a:1"), json!(1)],
            &[json!("a:latest"), json!(null), json!({})],
        ),
        (
            json!("true"),
            &[json!(true), json!("true")],
            &[json!(false), json!(1)],
        ),
        (json!("5.5E+00"), &[json!(5.5)], &[json!("5.6")]),
        (
            json!("a|b"),
            &[json!("a"), json!("b"), json!("a|b")],
            &[json!("c"), json!("")],
        ),
        (
            json!("a | b & !x"),
            &[json!("a"), json!("b")],
            &[json!("x")],
        ),
        (
            json!("a* & *c"),
            &[json!("abc"), json!("ac")],
            &[json!("ab")],
        ),
        (json!("|"), &[json!("|"), json!("")], &[json!("x")]),
        (json!("!"), &[json!("!")], &[json!("x")]),
        (
            json!(""),
            &[json!("")],
            &[json!(null), json!(0), json!("x")],
        ),
    ]);
}

#[test]
fn numbers_quantities_and_durations_are_compared() {
    check_scalars(&[
        (
            json!(">=5"),
            &[json!(5), json!("6"), json!(5.5)],
            &[json!(4), json!("x"), json!(true)],
        ),
        (
            json!("<5"),
            &[json!(4), json!(-1), json!(null)],
            &[json!(5), json!("x")],
        ),
        (
            json!("<=1Gi"),
            &[json!("100Mi"), json!(1024), json!("1Gi")],
            &[json!("2Gi"), json!("x")],
        ),
        (
            json!("1Ki"),
            &[json!(1024), json!("1024")],
            &[json!("1025")],
        ),
        (
            json!("!1Ki"),
            &[json!("1Mi"), json!("x")],
            &[json!("1024"), json!(1024)],
        ),
        (
            json!("60s"),
            &[json!("1m"), json!("60s")],
            &[json!("2m"), json!(60)],
        ),
        (json!("!60s"), &[json!("2m"), json!("x")], &[json!("1m")]),
        (
            json!(">1h"),
            &[json!("90m")],
            &[json!("30m"), json!(5), json!("x"), json!(null)],
        ),
        (
            json!("<1h"),
            &[json!(null), json!(0), json!("1s")],
            &[json!("2h"), json!(0.0)],
        ),
        (
            json!("0"),
            &[json!(0), json!(null), json!("0s"), json!("0")],
            &[json!(1), json!("")],
        ),
        (json!("<abc"), &[], &[json!("abb"), json!(1)]),
    ]);
}

#[test]
fn ranges() {
    check_scalars(&[
        (
            json!("5-10"),
            &[json!(5), json!("7"), json!(10), json!("5-10")],
            &[json!(4), json!(11), json!("x")],
        ),
        (
            json!("5!-10"),
            &[json!(4), json!(11)],
            &[json!(5), json!(10), json!("x")],
        ),
        (
            json!("!5-10"),
            &[json!(7), json!("x")],
            &[json!("5-10"), json!(null)],
        ),
        (json!("-10--5"), &[json!(-7)], &[json!(-4), json!(7)]),
        (json!("1h-2h"), &[json!("90m")], &[json!("3h"), json!(90)]),
        (
            json!("100Mi-1Gi"),
            &[json!("512Mi")],
            &[json!("1Mi"), json!("2Gi")],
        ),
        (json!("1-5 | 8-10"), &[json!(3), json!(9)], &[json!(6)]),
        (json!("1 - 10"), &[json!("1 - 10")], &[json!(5)]),
    ]);
}

#[test]
fn the_number_model_decides_what_an_integer_is() {
    let object = json!({"k": 5});
    for (pattern, integers, floats) in [
        (json!({"k": 6}), "value '5'", "value '5'"),
        (json!({"k": {}}), "found int64", "found float64"),
    ] {
        let found = answer(&pattern, &object, NumberModel::Integers);
        assert!(found.contains(integers), "{found}");
        let found = answer(&pattern, &object, NumberModel::KyvernoOffline);
        assert!(found.contains(floats), "{found}");
    }
    let wildcard = json!({"k": "5"});
    assert_eq!(
        answer(&wildcard, &object, NumberModel::KyvernoOffline),
        "pass"
    );
    let wildcard = json!({"k": "?"});
    assert_eq!(answer(&wildcard, &object, NumberModel::Integers), "pass");
    assert!(answer(&wildcard, &object, NumberModel::KyvernoOffline).starts_with("fail /k/"));
}

#[test]
fn maps() {
    check(&[
        (json!({}), json!({"a": 1}), "pass"),
        (
            json!({"a": {"b": "x"}}),
            json!({"a": {"b": "x", "c": 1}}),
            "pass",
        ),
        (
            json!({"a": {"b": "x"}}),
            json!({"a": {"b": "y"}}),
            "fail /a/b/: resource value 'y' does not match 'x' at path /a/b/",
        ),
        (
            json!({"a": {"b": "x"}}),
            json!({"a": [1]}),
            "fail /a/: pattern and resource have different structures. Path: /a/. \
             Expected map[string]interface {}, found []interface {}",
        ),
        (json!({"a": "*"}), json!({"a": {}}), "pass"),
        (
            json!({"a": "*"}),
            json!({"a": null}),
            "fail /: //a not found",
        ),
        (
            json!({"a": {"b": "*"}}),
            json!({"a": {}}),
            "fail /a/: /a//b not found",
        ),
        (json!({"a": null}), json!({}), "pass"),
        (
            json!({"+(a)": "x"}),
            json!({"a": "x"}),
            "fail /+(a)/: resource value '<nil>' does not match 'x' at path /+(a)/",
        ),
        (
            json!({"+(a)": "*"}),
            json!({"a": "x"}),
            "fail /: //+(a) not found",
        ),
    ]);
}

#[test]
fn lists() {
    check(&[
        (json!({"l": ["x"]}), json!({"l": []}), "pass"),
        (json!({"l": "x*"}), json!({"l": ["x1", "x2"]}), "pass"),
        (
            json!({"l": ["x", "y"]}),
            json!({"l": ["x", "y"]}),
            "fail /l/: resource value '[x y]' does not match 'x' at path /l/",
        ),
        (
            json!({"l": []}),
            json!({"l": []}),
            "fail /l/: pattern Array empty",
        ),
        (
            json!({"l": [{"a": 1}]}),
            json!({"l": [{"a": 1}, {"a": 2}]}),
            "fail /l/1/a/: resource value '2' does not match '1' at path /l/1/a/",
        ),
        (
            json!({"l": [{"a": 1}, {"a": 2}]}),
            json!({"l": [{"a": 1}]}),
            "pass",
        ),
        (
            json!({"l": [{"a": 1}]}),
            json!({"l": "x"}),
            "fail /l/: validation rule failed at path /l/, \
             resource does not satisfy the expected overlay pattern",
        ),
        (
            json!([["a"], {"b": 1}]),
            json!([["a"], {"b": 1}, 5]),
            "pass",
        ),
        (
            json!([["a"], {"b": 1}]),
            json!([["a"], {"b": 2}]),
            "fail /1/b/: resource value '2' does not match '1' at path /1/b/",
        ),
        (
            json!([["a"], ["b"]]),
            json!([["a"]]),
            "error: validate Array failed, array length mismatch, \
             resource Array len is 1 and pattern Array len is 2",
        ),
    ]);
}

#[test]
fn conditions_skip() {
    check(&[
        (
            json!({"(a)": "x", "b": "y"}),
            json!({"a": "x", "b": "y"}),
            "pass",
        ),
        (
            json!({"(a)": "x", "b": "y"}),
            json!({"a": "x"}),
            "fail /b/: resource value '<nil>' does not match 'y' at path /b/",
        ),
        (
            json!({"(a)": "x", "b": "y"}),
            json!({"a": "z", "b": "z"}),
            "skip: conditional anchor mismatch: resource value 'z' does not match 'x' at path /a/",
        ),
        (
            json!({"(a)": "x"}),
            json!({}),
            "skip: conditional anchor mismatch: \
             conditional anchor key doesn't exist in the resource",
        ),
        // Some elements are left out, but not all of them.
        (
            json!({"l": [{"(a)": "x", "b": "y"}]}),
            json!({"l": [{"a": "x", "b": "y"}, {"a": "z"}]}),
            "pass",
        ),
        (
            json!({"l": [{"(a)": "x"}]}),
            json!({"l": [{"a": "y"}, {"a": "z"}]}),
            "skip: conditional anchor mismatch: resource value 'y' does not match 'x' at path \
             /l/0/a/; conditional anchor mismatch: resource value 'z' does not match 'x' at path \
             /l/1/a/",
        ),
        (
            json!([[{"(a)": "x"}], [{"(a)": "x"}]]),
            json!([[{"a": "y"}], [{"a": "x"}]]),
            "pass",
        ),
        // What a user writes into an object never turns a violation into a skip.
        (
            json!({"a": "x"}),
            json!({"a": "conditional anchor mismatch"}),
            "fail /a/: resource value 'conditional anchor mismatch' does not match 'x' at path /a/",
        ),
    ]);
}

#[test]
fn anchors_of_one_map_decide_together() {
    let below = |field: &str| {
        format!(
            "conditional anchor mismatch: resource value '5' does not match '1' at path {field}"
        )
    };
    let global = |field: &str| {
        format!("global anchor mismatch: resource value '5' does not match '1' at path {field}")
    };
    // A condition that does not hold leaves the map out, whatever the others say.
    check(&[
        (
            json!({"(a)": 1, "=(b)": 9, "X(q)": null, "c": 9}),
            json!({"a": 5, "b": 5, "q": 5, "c": 5}),
            &format!("skip: {}", below("/a/")),
        ),
        (
            json!({"(a)": 1, "(b)": 1}),
            json!({"a": 1, "b": 5}),
            &format!("skip: {}", below("/b/")),
        ),
        (
            json!({"(a)": 1, "(b)": 1, "=(d)": {"(z)": 1}}),
            json!({"a": 5, "b": 5, "d": {"z": 5}}),
            &format!(
                "skip: {}; {}; {}",
                below("/a/"),
                below("/b/"),
                below("/d/z/")
            ),
        ),
    ]);
    // One that is below another anchor does so only where no anchor of the map applies.
    check(&[
        (
            json!({"=(b)": {"(x)": 1}, "c": 9}),
            json!({"b": {"x": 5}, "c": 5}),
            &format!("skip: {}", below("/b/x/")),
        ),
        (
            json!({"=(b)": {"(x)": 1}, "=(d)": {"(x)": 1}}),
            json!({"b": {"x": 5}, "d": {"x": 5}}),
            &format!("skip: {}; {}", below("/b/x/"), below("/d/x/")),
        ),
        (
            json!({"=(b)": {"(x)": 1}, "=(d)": 1}),
            json!({"b": {"x": 5}}),
            "pass",
        ),
        (
            json!({"=(b)": {"(x)": 1}, "X(q)": null}),
            json!({"b": {"x": 5}}),
            "pass",
        ),
        (
            json!({"=(b)": {"(x)": 1}, "^(l)": [{"n": 1}]}),
            json!({"b": {"x": 5}, "l": [{"n": 2}]}),
            "fail /l/: existence anchor validation failed at path /l/",
        ),
        (
            json!({"=(b)": {"(x)": 1}, "=(d)": 1, "c": 9}),
            json!({"b": {"x": 5}, "c": 5}),
            "fail /c/: resource value '5' does not match '9' at path /c/",
        ),
        (
            json!({"(a)": 1, "=(b)": {"(x)": 1}, "c": 9}),
            json!({"a": 1, "b": {"x": 5}, "c": 5}),
            "fail /c/: resource value '5' does not match '9' at path /c/",
        ),
        (
            json!({"=(b)": {"(x)": 1}, "=(d)": 9}),
            json!({"b": {"x": 5}, "d": 5}),
            "fail /d/: resource value '5' does not match '9' at path /d/",
        ),
    ]);
    // A global anchor below leaves the map out, unless another map or a list stands between.
    check(&[
        (
            json!({"=(b)": {"<(x)": 1}, "=(d)": 9}),
            json!({"b": {"x": 5}, "d": 5}),
            &format!("skip: {}", global("/b/x/")),
        ),
        (
            json!({"=(b)": {"y": {"<(x)": 1}}, "=(d)": 9}),
            json!({"b": {"y": {"x": 5}}, "d": 5}),
            &format!("skip: {}", global("/b/y/x/")),
        ),
        (
            json!({"=(b)": {"=(y)": {"<(x)": 1}}, "=(d)": 9}),
            json!({"b": {"y": {"x": 5}}, "d": 5}),
            "fail /d/: resource value '5' does not match '9' at path /d/",
        ),
        (
            json!({"=(l)": [{"<(x)": 1}], "=(d)": 1, "c": 9}),
            json!({"l": [{"x": 5}], "c": 5}),
            "fail /c/: resource value '5' does not match '9' at path /c/",
        ),
    ]);
}

#[test]
fn global_equality_and_negation() {
    check(&[
        (json!({"<(a)": "x", "b": "y"}), json!({"b": "y"}), "pass"),
        (
            json!({"<(a)": "x", "b": "y"}),
            json!({"a": "z"}),
            "skip: global anchor mismatch: resource value 'z' does not match 'x' at path /a/",
        ),
        (json!({"=(a)": {"=(b)": "x"}}), json!({"a": {}}), "pass"),
        (json!({"=(a)": {"=(b)": "x"}}), json!({}), "pass"),
        (
            json!({"=(a)": "x"}),
            json!({"a": null}),
            "fail /a/: resource value '<nil>' does not match 'x' at path /a/",
        ),
        (json!({"X(a)": "null"}), json!({"b": 1}), "pass"),
        (
            json!({"X(a)": "null"}),
            json!({"a": null}),
            "fail /a/: negation anchor matched in resource: /a/ is not allowed",
        ),
        (
            json!({"X(a)": null, "b": "y"}),
            json!({}),
            "fail /b/: resource value '<nil>' does not match 'y' at path /b/",
        ),
        (
            json!({"(a)": {"X(b)": null}}),
            json!({"a": {"b": 1}}),
            "skip: conditional anchor mismatch: negation anchor matched in resource: \
             /a/b/ is not allowed",
        ),
    ]);
}

#[test]
fn existence() {
    check(&[
        (
            json!({"^(l)": [{"a": 1}]}),
            json!({"l": [{"a": 2}, {"a": 1}]}),
            "pass",
        ),
        (json!({"^(l)": [{"a": 1}]}), json!({}), "pass"),
        (json!({"^(l)": []}), json!({"l": []}), "pass"),
        (
            json!({"^(l)": [{"a": 1}, {"a": 2}]}),
            json!({"l": [{"a": 1}]}),
            "fail /l/: existence anchor validation failed at path /l/",
        ),
        (
            json!({"^(l)": [{"a": 1}]}),
            json!({"l": "x"}),
            "fail /l/: invalid resource type string: Existence ^ () anchor \
             can be used only on list/array type resource",
        ),
        (
            json!({"^(l)": 5}),
            json!({"l": []}),
            "fail /l/: invalid pattern type int64: Pattern has to be of list \
             to compare against resource",
        ),
        (
            json!({"^(l)": ["x"]}),
            json!({"l": ["x"]}),
            "fail /l/: invalid pattern type []interface {}: Pattern has to be of type map \
             to compare against items in resource",
        ),
        (
            json!({"^(l)": [{"X(a)": null}]}),
            json!({"l": [{"a": 1}]}),
            "fail /l/: existence anchor validation failed at path /l/",
        ),
    ]);
}

#[test]
fn an_anchored_key_that_is_nowhere_makes_a_failure_an_error() {
    check(&[
        (
            json!({"^(l)": [{"a": 1}], "b": "x"}),
            json!({"b": "y"}),
            "error: resource value 'y' does not match 'x' at path /b/",
        ),
        (
            json!({"l": [{"(a)": "x"}], "m": "x"}),
            json!({"l": [{"b": 1}, {"a": "x"}], "m": "y"}),
            "fail /m/: resource value 'y' does not match 'x' at path /m/",
        ),
        (
            json!({"^(l)": [{"(a)": "x"}]}),
            json!({"l": [{"b": 1}]}),
            "error: existence anchor validation failed at path /l/",
        ),
    ]);
}

#[test]
fn the_first_mismatch_in_order_is_the_answer() {
    let first = |pattern: Value, path: &str| {
        let found = answer(&pattern, &json!({}), NumberModel::Integers);
        assert!(
            found.contains(&format!(" at path {path}")),
            "{pattern}: {found}"
        );
    };
    // Plain keys by their text.
    first(json!({"b": "1", "a": "1"}), "/a/");
    // Keys with an anchor below come first, in reverse order.
    let nested = |name: &str| {
        let found = answer(
            &json!({"a": {"=(x)": 1}, "b": {"=(x)": 1}, "c": 1, name: 1}),
            &json!({}),
            NumberModel::Integers,
        );
        assert!(found.contains("Path: /b/"), "{found}");
    };
    nested("0");
    nested("z");
    // Anchored keys come before all others.
    check(&[(
        json!({"(z)": 1, "=(y)": 1, "X(a)": 1, "b": {"=(x)": 1}}),
        json!({"y": 2, "a": 1, "z": 2}),
        "skip: conditional anchor mismatch: resource value '2' does not match '1' at path /z/",
    )]);
}

#[test]
fn keys_of_labels_and_annotations_may_be_wildcards() {
    let labels = json!({"metadata": {"labels": {"app.io/name": "web", "tier": "fe"}}});
    check(&[
        (
            json!({"metadata": {"labels": {"app.io/*": "web"}}}),
            labels.clone(),
            "pass",
        ),
        (
            json!({"=(metadata)": {"(labels)": {"=(t???)": "fe"}}}),
            labels.clone(),
            "pass",
        ),
        (
            json!({"metadata": {"labels": {"app.io/*": "x"}}}),
            labels.clone(),
            "fail /metadata/labels/app.io/name/: \
             resource value 'web' does not match 'x' at path /metadata/labels/app.io/name/",
        ),
        (
            json!({"metadata": {"labels": {"X(app.io/*)": "null"}}}),
            labels.clone(),
            "fail /metadata/labels/app.io/name/: negation anchor matched in resource: \
             /metadata/labels/app.io/name/ is not allowed",
        ),
        (
            json!({"metadata": {"labels": {"z*": "x"}}}),
            labels.clone(),
            "fail /metadata/labels/z*/: \
             resource value '<nil>' does not match 'x' at path /metadata/labels/z*/",
        ),
        // Values other than text are not looked at.
        (
            json!({"metadata": {"labels": {"none": 5, "tier": "fe"}}}),
            labels.clone(),
            "pass",
        ),
        (
            json!({"metadata": {"labels": {"tier": "*"}}}),
            json!({"metadata": {}}),
            "fail /metadata/labels/: pattern and resource have different structures. \
             Path: /metadata/labels/. Expected map[string]interface {}, found <nil>",
        ),
        // Other maps have no wildcards.
        (
            json!({"spec": {"labels": {"a*": "x"}}}),
            json!({"spec": {"labels": {"ab": "x"}}}),
            "fail /spec/labels/a*/: \
             resource value '<nil>' does not match 'x' at path /spec/labels/a*/",
        ),
        (
            json!({"spec": {"metadata": {"annotations": {"a*": "x"}}}}),
            json!({"spec": {"metadata": {"annotations": {"ab": "x"}}}}),
            "pass",
        ),
    ]);
}

#[test]
fn a_pattern_that_is_too_deep_is_an_error() {
    let deep = |levels: usize| (0..levels).fold(json!("x"), |inner, _| json!({"a": inner}));
    let object = deep(200);
    let found = |levels| answer(&deep(levels), &object, NumberModel::Integers);
    assert!(found(100).starts_with("fail /a/a/a/"));
    assert!(found(200).starts_with("error: the pattern is nested too deep"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = || {
        let letters = r"[a-b0-9*?!|&<>=. \-+:/MGihms()X^]{0,8}";
        proptest::string::string_regex(letters).unwrap()
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just(String::from("a")),
        Just(String::from("(a)")),
        Just(String::from("^(a)")),
        Just(String::from("metadata")),
        Just(String::from("labels")),
        text(),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_pattern_panics(pattern in any_json(), object in any_json()) {
        for numbers in [NumberModel::Integers, NumberModel::KyvernoOffline] {
            answer(&pattern, &object, numbers);
        }
    }
}

/// The cases of the fuzz target, changed byte by byte from a fixed seed.
#[test]
#[expect(clippy::print_stderr, reason = "the count tells how far the loop came")]
fn mutated_cases_do_not_panic() {
    const SEEDS: &[&str] = &[
        r#"[{"spec":{"=(volumes)":[{"X(hostPath)":"null"}]}},{"spec":{"volumes":[{"hostPath":{"path":"/"}}]}}]"#,
        r#"[{"metadata":{"labels":{"=(app*)":"?*"}}},{"metadata":{"labels":{"app":"x"}}}]"#,
        r#"[{"k":">=1Gi & <1e3 | 5-10|!1h"},{"k":"100Mi"}]"#,
        r#"[{"^(l)":[{"(a)":"x","b":[["y"]]}]},{"l":[{"a":"x","b":[["z"],5]}]}]"#,
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let alphabet = br#"{}[]":,()<=X^+*?!|&->019.eEhmGi nulltrue\"#;
    let (mut tried, mut read) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = SEEDS[random(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            let byte = alphabet[random(alphabet.len())];
            match random(3) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        tried += 1;
        if let Ok((pattern, object)) = serde_json::from_slice::<(Value, Value)>(&bytes) {
            read += 1;
            answer(&pattern, &object, NumberModel::Integers);
        }
    }
    eprintln!("pattern matcher: {tried} mutated inputs, {read} of them JSON");
    assert!(read > 1_000, "{read}");
}
