//! Patterns of `validate`, made of an object, so that many of them hold.

use serde_json::{Map, Value, json};

use crate::{dice::Dice, objects::scalar};

/// A pattern for an object, or for a part of it.
pub(crate) fn pattern(dice: &Dice, of: &Value) -> Value {
    match of {
        Value::Object(map) => json!(map_pattern(dice, map)),
        Value::Array(list) if list.is_empty() || dice.percent(10) => leaf(dice, &Value::Null),
        Value::Array(list) => {
            let element = dice.one(list);
            let mut patterns = vec![pattern(dice, &element)];
            if dice.percent(8) {
                let other = dice.one(list);
                patterns.push(pattern(dice, &other));
            }
            if dice.percent(3) {
                json!([])
            } else {
                json!(patterns)
            }
        }
        scalar => leaf(dice, scalar),
    }
}

fn map_pattern(dice: &Dice, map: &Map<String, Value>) -> Map<String, Value> {
    let mut made = Map::new();
    let chance = if map.len() > 3 { 35 } else { 65 };
    for (key, value) in map {
        if ["apiVersion", "kind"].contains(&key.as_str()) || !dice.percent(chance) {
            continue;
        }
        let pattern = if key != "metadata" && dice.percent(6) {
            leaf(dice, value)
        } else {
            pattern(dice, value)
        };
        made.insert(anchored(dice, key, value.is_array()), pattern);
    }
    if dice.percent(12) {
        let missing = dice.one(&["e", "absent", "labels", "securityContext"]);
        let key = anchored(dice, missing, false);
        made.insert(key, leaf(dice, &Value::Null));
    }
    made
}

/// A key with one of the anchors, or none; `^` is for lists, and so it is drawn there most.
fn anchored(dice: &Dice, key: &str, is_list: bool) -> String {
    let key = match dice.below(40) {
        0 => format!("{}*", key.get(..1).unwrap_or_default()),
        _ => key.to_owned(),
    };
    match dice.below(100) {
        0..12 => format!("({key})"),
        12..26 => format!("=({key})"),
        26..31 => format!("X({key})"),
        31..36 => format!("<({key})"),
        36..52 if is_list => format!("^({key})"),
        36 => format!("^({key})"),
        37 => format!("+({key})"),
        _ => key,
    }
}

/// A pattern for a scalar: what it is, or an expression that it may meet.
pub(crate) fn leaf(dice: &Dice, of: &Value) -> Value {
    let text = match of {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) | Value::Null => String::new(),
        scalar => scalar.to_string(),
    };
    let other = match dice.percent(50) {
        true => scalar(dice),
        false => json!(dice.one(&["5", "10", "100m", "1Gi", "1h", "a*", "?*", "prod", "1.5"])),
    };
    let other = other
        .as_str()
        .map_or_else(|| other.to_string(), str::to_owned);
    let operator = dice.one(&[">", ">=", "<", "<=", "!", "=", "==", "> ", "!*", ">=-"]);
    let first: String = text.chars().take(1).collect();
    json!(match dice.below(22) {
        0..5 => return of.clone(),
        5 => "*".to_owned(),
        6 => "?*".to_owned(),
        7 => format!("{first}*"),
        8 => format!("!{text}"),
        9 => format!("{operator}{text}"),
        10 => format!("{operator}{other}"),
        11 => format!("{text} | {other}"),
        12 => format!("!{other} & {text}"),
        13 => format!("{operator}{other}|{operator}{text}"),
        14 => dice
            .one(&[
                "1-5", "0-10", "5!-10", "100m-1", "1Mi-2Gi", "1h-2h", "-1-1", "1.5-3", "1s!-1m",
                "10-1", "+1-5", "a-b"
            ])
            .to_owned(),
        15 => format!("{text}-{other}"),
        16 => format!("!*{other}* & *"),
        17 => format!("*{first}?*"),
        18 => return dice.of(&json!([true, false, null, 1, 1.5, 0, "", "null"])),
        19 => format!(">={text} & <={other}"),
        _ => return scalar(dice),
    })
}
