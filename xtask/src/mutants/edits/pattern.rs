//! Edits of a pattern: its anchors, and the leaves that values are compared with.

use serde_json::{Value, json};

use super::{Edit, removal, renaming, replacement};

/// An anchor that does not hold, or a key that may be there.
pub(super) fn of_key(key: &str, pointer: &str) -> Vec<Edit> {
    let inner = |anchor: &str| key.strip_prefix(anchor)?.strip_suffix(')');
    if inner("X(").is_some() {
        return vec![removal(pointer, "key allowed")];
    }
    let plain = ["=(", "^(", "<(", "("].into_iter().find_map(inner);
    plain
        .into_iter()
        .map(|key| renaming(pointer, key))
        .collect()
}

/// A leaf that wants the opposite, or something close by, or nothing.
pub(super) fn of_leaf(leaf: &Value, pointer: &str) -> Vec<Edit> {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    if key.starts_with("X(") {
        // Only whether the key is there counts.
        return Vec::new();
    }
    let mut edits: Vec<Edit> = others(leaf)
        .into_iter()
        .map(|other| replacement(pointer, other))
        .collect();
    if key.parse::<usize>().is_err() {
        edits.push(removal(pointer, "leaf removed"));
    }
    edits
}

fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) => vec![
            number
                .as_i64()
                .map_or(json!(-1), |number| json!(number + 1)),
        ],
        Value::Null => vec![json!("?*")],
        Value::String(text) => of_text(text).into_iter().map(Value::from).collect(),
        _ => Vec::new(),
    }
}

/// Of alternatives and of what holds together, each one less; of a single one, its opposite.
fn of_text(text: &str) -> Vec<String> {
    let alternatives: Vec<&str> = text.split('|').map(str::trim).collect();
    if alternatives.len() == 1 {
        let parts: Vec<&str> = text.split('&').map(str::trim).collect();
        let mut others = one_less(&parts, " & ");
        if parts.len() == 1 {
            others.push(negated(text));
        }
        others.extend(shifted(&parts, " & "));
        return others;
    }
    let mut others = one_less(&alternatives, " | ");
    for (index, alternative) in alternatives.iter().enumerate() {
        let parts: Vec<&str> = alternative.split('&').map(str::trim).collect();
        for fewer in one_less(&parts, " & ") {
            others.push(with(&alternatives, index, &fewer, " | "));
        }
    }
    others
}

fn one_less(parts: &[&str], separator: &str) -> Vec<String> {
    if parts.len() < 2 {
        return Vec::new();
    }
    let without = |left_out: usize| {
        let kept = parts.iter().enumerate();
        let kept = kept.filter(|(index, _)| *index != left_out);
        let kept: Vec<&str> = kept.map(|(_, part)| *part).collect();
        kept.join(separator)
    };
    (0..parts.len()).map(without).collect()
}

fn with(parts: &[&str], place: usize, other: &str, separator: &str) -> String {
    let parts = parts.iter().enumerate();
    let parts: Vec<&str> = parts
        .map(|(index, part)| if index == place { other } else { *part })
        .collect();
    parts.join(separator)
}

fn negated(text: &str) -> String {
    const COMPARISONS: &[(&str, &str)] = &[
        (">=", "<"),
        ("<=", ">"),
        (">", "<="),
        ("<", ">="),
        ("!", ""),
    ];
    let mut comparisons = COMPARISONS.iter();
    comparisons
        .find_map(|(one, other)| Some(format!("{other}{}", text.strip_prefix(one)?)))
        .unwrap_or_else(|| format!("!{text}"))
}

/// Comparisons that are wrong only at their boundary.
fn shifted(parts: &[&str], separator: &str) -> Vec<String> {
    const BOUNDARIES: &[(&str, &str)] = &[(">=", ">"), ("<=", "<"), (">", ">="), ("<", "<=")];
    let shift = |part: &str| {
        let mut boundaries = BOUNDARIES.iter();
        boundaries.find_map(|(one, other)| Some(format!("{other}{}", part.strip_prefix(one)?)))
    };
    let parts_shifted = parts.iter().enumerate();
    parts_shifted
        .filter_map(|(index, part)| Some(with(parts, index, &shift(part)?, separator)))
        .collect()
}
