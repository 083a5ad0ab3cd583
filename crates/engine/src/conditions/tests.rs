//! Conditions by operator: each row is a key, an operator, a value and the answer.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn decide(key: &Value, operator: &str, value: &Value) -> Result<bool, ConditionError> {
    let operator = Operator::parse(operator)?;
    holds(&operator, &Val::from(key), &Val::from(value))
}

fn check(rows: &[(Value, &str, Value, bool)]) {
    for (key, operator, value, expected) in rows {
        let found = decide(key, operator, value);
        assert_eq!(found, Ok(*expected), "{key} {operator} {value}");
    }
}

/// Rows for `Equals`; `NotEquals` must be the opposite.
fn check_equality(rows: &[(Value, Value, bool)]) {
    for (key, value, expected) in rows {
        let row = |operator, expected| (key.clone(), operator, value.clone(), expected);
        check(&[row("Equals", *expected), row("NotEquals", !expected)]);
    }
}

#[test]
fn operators_are_found_in_any_case() {
    for name in operator::names() {
        assert_eq!(
            Operator::parse(name).map(|found| found.never_holds()),
            Ok(false)
        );
        let lower = name.to_lowercase();
        let numeric = lower.contains("than");
        assert_eq!(
            Operator::parse(&lower).map(|found| found.never_holds()),
            Ok(numeric)
        );
    }
    for unknown in ["", "==", "Equals ", "Foo"] {
        let error = Operator::parse(unknown).unwrap_err();
        assert_eq!(error, ConditionError::UnknownOperator(unknown.to_owned()));
    }
    check(&[
        (json!(6), "GreaterThan", json!(5), true),
        (json!(6), "greaterthan", json!(5), false),
        (json!(6), "EQUALS", json!(6), true),
    ]);
}

#[test]
fn equality_follows_the_type_of_the_key() {
    check_equality(&[
        (json!(true), json!(true), true),
        (json!(true), json!("true"), false),
        (json!(5), json!(5.0), true),
        (json!(5), json!("5"), true),
        (json!(5), json!("5.0"), false),
        (json!(5.0), json!("5.0"), true),
        (json!(5.5), json!(5), false),
        (json!("5"), json!(5), false),
        (json!([1, 2]), json!([1, 2]), true),
        (json!([1, 2]), json!([2, 1]), false),
        (json!({"a": 1}), json!({"a": 1}), true),
        (json!({"a": 1}), json!({"a": 1.0}), false),
        (json!({"a": [null]}), json!({"b": [null]}), false),
        (json!([]), json!("[]"), false),
    ]);
    check(&[
        (json!(null), "Equals", json!(null), false),
        (json!(null), "NotEquals", json!(null), false),
        (json!(null), "NotEquals", json!("x"), false),
    ]);
}

#[test]
fn text_equals_as_duration_quantity_or_wildcard() {
    check_equality(&[
        (json!("1h"), json!("60m"), true),
        (json!("1h"), json!(3600), true),
        (json!("3600"), json!("1h"), false),
        (json!("0"), json!("0s"), false),
        (json!("1Gi"), json!("1024Mi"), true),
        (json!("1"), json!("1.0"), true),
        (json!("1Gi"), json!("1G*"), false),
        (json!("abc"), json!("a*"), true),
        (json!("a*"), json!("abc"), false),
        (json!(""), json!(""), true),
    ]);
}

#[test]
fn membership() {
    check(&[
        (json!("a"), "AnyIn", json!(["b", "a"]), true),
        (json!("a"), "AnyIn", json!(["a*"]), true),
        (json!("a*"), "AnyIn", json!(["abc"]), true),
        (json!("a*"), "AnyIn", json!("abc"), false),
        (json!(5), "AnyIn", json!(["5"]), true),
        (json!(["a", "z"]), "AnyIn", json!(["a"]), true),
        (json!(["a", "z"]), "AllIn", json!(["a"]), false),
        (json!(["a", "z"]), "AnyNotIn", json!(["a"]), true),
        (json!(["a", "z"]), "AllNotIn", json!(["a"]), false),
        (json!(["x", "z"]), "AllNotIn", json!(["a"]), true),
        (json!(["a"]), "AllIn", json!("[\"a\", \"b\"]"), true),
        (json!(["a"]), "AllNotIn", json!("a"), false),
        (json!("x"), "AnyNotIn", json!("[1, 2]"), false),
        (json!(["5"]), "AnyIn", json!(5), true),
        (json!(["5"]), "AllIn", json!(5), false),
        (json!("5"), "AnyIn", json!(5), false),
    ]);
}

#[test]
fn membership_of_empty_lists_and_of_nothing() {
    for (operator, empty) in [
        ("AnyIn", false),
        ("AllIn", true),
        ("AnyNotIn", false),
        ("AllNotIn", true),
    ] {
        check(&[
            (json!([]), operator, json!(["a"]), empty),
            (json!(null), operator, json!(["a"]), false),
            (json!({"a": 1}), operator, json!(["a"]), false),
            (json!("a"), operator, json!({"a": 1}), false),
        ]);
    }
}

#[test]
fn membership_in_ranges() {
    check(&[
        (json!(5), "AnyIn", json!("1-10"), true),
        (json!(11), "AllNotIn", json!("1-10"), true),
        (json!([5, 20]), "AnyIn", json!("1-10"), true),
        (json!([5, 20]), "AllIn", json!("1-10"), false),
        (json!([5, 20]), "AnyNotIn", json!("1-10"), true),
        (json!([5, 20]), "AllNotIn", json!("1-10"), false),
        (json!("10Mi"), "AllIn", json!("1Mi-20Mi"), true),
        (json!(["a"]), "AnyNotIn", json!("1-10"), false),
        (json!(["a"]), "AllNotIn", json!("1-10"), true),
    ]);
}

#[test]
fn the_deprecated_in_and_not_in() {
    check(&[
        (json!("a*"), "In", json!(["abc"]), true),
        (json!("a"), "In", json!("[\"a\"]"), true),
        (json!("a"), "NotIn", json!("b"), false),
        (json!(["a", "b"]), "In", json!(["a", "b", "c"]), true),
        (json!(["a*"]), "In", json!(["ab"]), false),
        (json!(["a", "z"]), "NotIn", json!(["a"]), true),
        (json!(["a"]), "NotIn", json!("a"), true),
        (json!(["a"]), "NotIn", json!("b"), false),
        (json!(["a"]), "NotIn", json!([1]), false),
        (json!([]), "In", json!([]), true),
    ]);
    let error = decide(&json!(["a", 1]), "NotIn", &json!(["a"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`NotIn` takes a list of text, but item 1 of the key is `1`: use `AnyNotIn`"
    );
}

#[test]
fn orders() {
    check(&[
        (json!(6), "GreaterThan", json!("5.5"), true),
        (json!("6"), "GreaterThan", json!(5), true),
        (json!("6"), "GreaterThanOrEquals", json!("6"), true),
        (json!("1h"), "GreaterThan", json!("30m"), true),
        (json!("1h"), "LessThan", json!(3600.5), false),
        (json!("10"), "GreaterThan", json!("-1h"), true),
        (json!("1Gi"), "GreaterThan", json!("500Mi"), true),
        (json!("100m"), "LessThan", json!("1"), true),
        (json!("1.10.0"), "GreaterThan", json!("1.9.0"), true),
        (json!("1.2.3"), "GreaterThan", json!("1.2.3-rc1"), true),
        (
            json!("1.2.3+a"),
            "GreaterThanOrEquals",
            json!("1.2.3+b"),
            true,
        ),
        (json!("1.2.3"), "GreaterThan", json!(1), false),
        (json!("v1.10.0"), "GreaterThan", json!("1.9.0"), false),
        (json!("1.2"), "GreaterThan", json!("x"), false),
        (json!(null), "LessThan", json!("1h"), false),
        (json!(true), "LessThan", json!(5), false),
        (json!("2h"), "DurationGreaterThan", json!(3600), true),
        (json!(1800.7), "DurationLessThanOrEquals", json!(1800), true),
        (json!("7"), "DurationLessThan", json!("1h"), false),
    ]);
}

/// A condition of these tests: whether it holds, and its message.
type Told = (Option<bool>, &'static str);

fn fold(conditions: &Conditions<Told>) -> Result<(bool, String), ()> {
    evaluate_conditions(conditions, |(holds, message)| {
        Ok((holds.ok_or(())?, (*message).to_owned()))
    })
}

fn block(any: Option<Vec<Told>>, all: Option<Vec<Told>>) -> Conditions<Told> {
    Conditions::Block(ConditionBlock { any, all })
}

#[test]
fn blocks_and_lists_fold() {
    const T1: Told = (Some(true), "t1");
    const T2: Told = (Some(true), "t2");
    const F1: Told = (Some(false), "f1");
    const F2: Told = (Some(false), "f2");
    const BROKEN: Told = (None, "");
    for (conditions, expected) in [
        (block(None, None), Ok((true, ""))),
        (block(Some(vec![]), None), Ok((false, ""))),
        (block(None, Some(vec![])), Ok((true, ""))),
        (block(Some(vec![]), Some(vec![T1])), Ok((false, ""))),
        (block(Some(vec![F1, T1, BROKEN]), None), Ok((true, "t1"))),
        (block(Some(vec![F1, F2]), None), Ok((false, "f1; f2"))),
        (block(Some(vec![BROKEN, T1]), None), Err(())),
        (block(None, Some(vec![T1, T2])), Ok((true, "t1; t2"))),
        (block(None, Some(vec![T1, F1, BROKEN])), Ok((false, "f1"))),
        (block(Some(vec![T1]), Some(vec![T2])), Ok((true, "t1; t2"))),
        (
            block(Some(vec![F1]), Some(vec![T1, F2])),
            Ok((false, "f1; f2")),
        ),
        (block(Some(vec![F1]), Some(vec![BROKEN])), Err(())),
        (
            Conditions::List(vec![T1, (Some(true), ""), T2]),
            Ok((true, "t1;t2")),
        ),
        (Conditions::List(vec![T1, F1, BROKEN]), Ok((false, "f1"))),
        (Conditions::List(vec![]), Ok((true, ""))),
    ] {
        let expected = expected.map(|(result, message)| (result, message.to_owned()));
        assert_eq!(fold(&conditions), expected, "{conditions:?}");
    }
}

#[test]
fn several_blocks_must_all_hold() {
    let hold = |message| ConditionBlock {
        any: Some(vec![(true, message)]),
        all: None,
    };
    let fail = |message| ConditionBlock {
        any: None,
        all: Some(vec![(false, message)]),
    };
    let fold = |blocks: &[ConditionBlock<(bool, &str)>]| {
        let check = |told: &(bool, &str)| Ok::<_, ()>((told.0, told.1.to_owned()));
        evaluate_blocks(blocks, check).unwrap()
    };
    assert_eq!(fold(&[hold("a"), hold("b")]), (true, "a;b".to_owned()));
    assert_eq!(
        fold(&[hold("a"), fail("b"), fail("c")]),
        (false, "b".to_owned())
    );
    assert_eq!(fold(&[]), (true, String::new()));
}

fn any_side() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        proptest::string::string_regex(r"[a-b0-9*?!|&<>=. \-+:MGihms\[\],\x22]{0,8}").unwrap(),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-b]", inner, 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_condition_panics(key in any_side(), value in any_side()) {
        for operator in operator::names() {
            let _ = decide(&key, operator, &value);
        }
    }

    #[test]
    fn not_equals_is_the_opposite_of_equals(key in any_side(), value in any_side()) {
        let equal = decide(&key, "Equals", &value);
        let different = decide(&key, "NotEquals", &value);
        prop_assert_eq!(equal == different, key.is_null());
    }
}
