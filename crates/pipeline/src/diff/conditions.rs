//! Two lists of conditions: whether the second holds more often than the first.

use std::cmp::Ordering;

use portcullis_api::cluster_policy::{AnyAllConditions, Condition, Conditions};
use portcullis_values::quantity::Quantity;
use serde_json::Value;

use super::Direction;

/// What a change of conditions does, where a condition that holds makes the rule stricter, as in
/// `deny` and `preconditions`.
pub(super) fn direction(before: Option<&Conditions>, after: Option<&Conditions>) -> Direction {
    match (before, after) {
        (None, None) => Direction::Neither,
        // Without conditions a rule always runs, and `deny` always refuses.
        (None, Some(_)) => Direction::Looser,
        (Some(_), None) => Direction::Stricter,
        (Some(before), Some(after)) => match (before.parse(), after.parse()) {
            (Ok(before), Ok(after)) => blocks(&before, &after),
            _ if before == after => Direction::Neither,
            _ => Direction::Unclear,
        },
    }
}

/// What a change of `any` and `all` does.
pub(super) fn blocks(before: &AnyAllConditions, after: &AnyAllConditions) -> Direction {
    let any = match (&before.any, &after.any) {
        (None, None) => Direction::Neither,
        (None, Some(_)) => Direction::Looser,
        (Some(_), None) => Direction::Stricter,
        (Some(before), Some(after)) => list(before, after, Direction::Stricter),
    };
    let empty = Vec::new();
    let all = |block: &AnyAllConditions| block.all.as_ref().unwrap_or(&empty).clone();
    any.and(list(&all(before), &all(after), Direction::Looser))
}

/// What a change of a list does, of which one more condition does this.
fn list(before: &[Condition], after: &[Condition], one_more: Direction) -> Direction {
    let within = |few: &[Condition], many: &[Condition]| few.iter().all(|one| has(many, one));
    match (within(before, after), within(after, before)) {
        (false, false) if before.len() == after.len() => before
            .iter()
            .zip(after)
            .map(|(before, after)| condition(before, after))
            .fold(Direction::Neither, Direction::and),
        (grown, shrunk) => Direction::of_sets(grown, shrunk, one_more),
    }
}

/// Whether a list has a condition, whatever its message.
fn has(list: &[Condition], wanted: &Condition) -> bool {
    list.iter()
        .any(|one| condition(one, wanted) == Direction::Neither)
}

fn condition(before: &Condition, after: &Condition) -> Direction {
    if before.key != after.key || before.operator != after.operator {
        return Direction::Unclear;
    }
    let (old, new) = (&before.value, &after.value);
    if old == new {
        return Direction::Neither;
    }
    let (Some(old), Some(new)) = (old, new) else {
        return Direction::Unclear;
    };
    match before.operator.as_deref().unwrap_or_default() {
        "AnyIn" | "AllIn" | "In" => grown(old, new),
        "AnyNotIn" | "AllNotIn" | "NotIn" => grown(old, new).flipped(),
        "LessThan" | "LessThanOrEquals" => larger(old, new),
        "GreaterThan" | "GreaterThanOrEquals" => larger(old, new).flipped(),
        _ => Direction::Unclear,
    }
}

/// Stricter when the second list has all of the first and more.
fn grown(old: &Value, new: &Value) -> Direction {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => {
            Direction::of_lists(old, new, Direction::Stricter)
        }
        _ => Direction::Unclear,
    }
}

/// Stricter when the second amount is larger.
fn larger(old: &Value, new: &Value) -> Direction {
    match (amount(old), amount(new)) {
        (Some(old), Some(new)) => match new.cmp(&old) {
            Ordering::Equal => Direction::Neither,
            Ordering::Greater => Direction::Stricter,
            Ordering::Less => Direction::Looser,
        },
        _ => Direction::Unclear,
    }
}

fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        Value::String(text) => Quantity::parse(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn to_hold_more_often_is_stricter() {
        let one = |operator: &str, value: Value| json!({"key": "{{ a }}", "operator": operator, "value": value});
        let any = |list: &[Value]| json!({"any": list});
        let all = |list: &[Value]| json!({"all": list});
        let (x, y) = (one("Equals", json!("x")), one("Equals", json!("y")));
        let (x, y) = (std::slice::from_ref(&x), [x.clone(), y]);
        let with = |operator, value| all(&[one(operator, value)]);
        for (before, after, wanted) in [
            (any(x), any(&y), Direction::Stricter),
            (all(x), all(&y), Direction::Looser),
            (all(x), json!(x), Direction::Neither),
            (any(x), all(x), Direction::Unclear),
            (
                with("AnyIn", json!(["a"])),
                with("AnyIn", json!(["a", "b"])),
                Direction::Stricter,
            ),
            (
                with("AnyNotIn", json!(["a"])),
                with("AnyNotIn", json!(["a", "b"])),
                Direction::Looser,
            ),
            (
                with("GreaterThan", json!("4Gi")),
                with("GreaterThan", json!("8Gi")),
                Direction::Looser,
            ),
            (
                with("LessThan", json!(3)),
                with("LessThan", json!(5)),
                Direction::Stricter,
            ),
            (
                with("Equals", json!(3)),
                with("Equals", json!(5)),
                Direction::Unclear,
            ),
        ] {
            let (old, new) = (Conditions(before.clone()), Conditions(after.clone()));
            let found = direction(Some(&old), Some(&new));
            assert_eq!(found, wanted, "{before}\n{after}");
        }
    }
}
