//! Two patterns: whether the second takes less than the first.
//!
//! A further key asks for more, a further alternative of a leaf (`a | b`) for less, and a bound says by its
//! amount. Below a conditional or global anchor it is the other way round: to ask more there is to
//! apply to less.

use std::cmp::Ordering;

use portcullis_values::quantity::Quantity;
use serde_json::{Map, Value};

use super::Direction;

/// What a change of a pattern does.
pub(super) fn direction(before: &Value, after: &Value) -> Direction {
    match (before, after) {
        (before, after) if before == after => Direction::Neither,
        (Value::Object(before), Value::Object(after)) => maps(before, after),
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => before
            .iter()
            .zip(after)
            .map(|(before, after)| direction(before, after))
            .fold(Direction::Neither, Direction::and),
        (Value::String(before), Value::String(after)) => leaves(before, after),
        (Value::Bool(_), Value::String(any)) if any == "*" => Direction::Looser,
        (Value::String(any), Value::Bool(_)) if any == "*" => Direction::Stricter,
        _ => Direction::Unclear,
    }
}

/// What a change of `anyPattern` does: a further alternative takes more.
pub(super) fn alternatives(before: &Value, after: &Value) -> Direction {
    match (before, after) {
        (Value::Array(old), Value::Array(new)) => {
            match Direction::of_lists(old, new, Direction::Looser) {
                Direction::Unclear => direction(before, after),
                told => told,
            }
        }
        _ => direction(before, after),
    }
}

fn maps(before: &Map<String, Value>, after: &Map<String, Value>) -> Direction {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let gone = gone.map(|key| one_more(key).flipped());
    let others = after.iter().map(|(key, after)| match before.get(key) {
        None => one_more(key),
        Some(before) if is_condition(key) => direction(before, after).flipped(),
        // What stands below a negation is not read.
        Some(_) if key.starts_with("X(") => Direction::Neither,
        Some(before) => direction(before, after),
    });
    gone.chain(others).fold(Direction::Neither, Direction::and)
}

fn one_more(key: &str) -> Direction {
    if is_condition(key) {
        Direction::Looser
    } else if key.starts_with("+(") {
        Direction::Unclear
    } else {
        Direction::Stricter
    }
}

/// `(key)` and `<(key)`.
fn is_condition(key: &str) -> bool {
    (key.starts_with('(') || key.starts_with("<(")) && key.ends_with(')')
}

fn leaves(before: &str, after: &str) -> Direction {
    let bound = |text: &str| {
        let operator = ["<=", ">=", "<", ">"]
            .into_iter()
            .find(|operator| text.starts_with(operator))?;
        let amount = Quantity::parse(text.trim_start_matches(operator).trim()).ok()?;
        Some((operator, amount))
    };
    if let (Some((old, less)), Some((new, more))) = (bound(before), bound(after))
        && old == new
    {
        let grown = match more.cmp(&less) {
            Ordering::Equal => return Direction::Neither,
            Ordering::Greater => Direction::Looser,
            Ordering::Less => Direction::Stricter,
        };
        return if old.starts_with('<') {
            grown
        } else {
            grown.flipped()
        };
    }
    // `&` and `!` give alternatives another meaning.
    if [before, after].iter().any(|text| text.contains(['&', '!'])) {
        return Direction::Unclear;
    }
    // Every value that is there is `*`; an amount may also bound one that is not.
    match (before, after) {
        (before, "*") if !before.contains(['<', '>']) => return Direction::Looser,
        ("*", after) if !after.contains(['<', '>']) => return Direction::Stricter,
        _ => {}
    }
    let parts = |text: &str| {
        text.split('|')
            .map(|part| part.trim().to_owned())
            .collect::<Vec<_>>()
    };
    Direction::of_lists(&parts(before), &parts(after), Direction::Looser)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn to_ask_for_more_is_stricter() {
        for (before, after, wanted) in [
            (
                json!({"a": "?*"}),
                json!({"a": "?*", "b": "?*"}),
                Direction::Stricter,
            ),
            (
                json!({"a": 1, "(b)": 2}),
                json!({"a": 1}),
                Direction::Stricter,
            ),
            (
                json!({"(b)": {"c": 1}}),
                json!({"(b)": {"c": 1, "d": 2}}),
                Direction::Looser,
            ),
            (json!({"X(a)": "null"}), json!({}), Direction::Looser),
            (
                json!({"a": "<=4Gi"}),
                json!({"a": "<=8Gi"}),
                Direction::Looser,
            ),
            (
                json!({"a": ">=3"}),
                json!({"a": ">=5"}),
                Direction::Stricter,
            ),
            (json!({"a": "x"}), json!({"a": "x | y"}), Direction::Looser),
            (json!({"a": "x"}), json!({"a": "y"}), Direction::Unclear),
            (json!({"a": "false"}), json!({"a": "*"}), Direction::Looser),
            (json!({"a": false}), json!({"a": "*"}), Direction::Looser),
            (json!({"a": "*"}), json!({"a": "x/*"}), Direction::Stricter),
            (json!({"a": "<5"}), json!({"a": "*"}), Direction::Unclear),
            (json!({"a": "!x"}), json!({"a": "*"}), Direction::Unclear),
            (
                json!({"a": "!x"}),
                json!({"a": "!x | !y"}),
                Direction::Unclear,
            ),
            (
                json!([{"a": 1}]),
                json!([{"a": 1, "b": 2}]),
                Direction::Stricter,
            ),
        ] {
            assert_eq!(direction(&before, &after), wanted, "{before}\n{after}");
        }
        let (one, two) = (json!([{"a": 1}]), json!([{"a": 1}, {"b": 2}]));
        assert_eq!(alternatives(&one, &two), Direction::Looser);
        assert_eq!(alternatives(&two, &one), Direction::Stricter);
    }
}
