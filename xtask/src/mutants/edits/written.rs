//! Edits of what a mutation or generation writes: its leaves, and the anchors that keep it from
//! writing.

use serde_json::{Value, json};

use super::{Edit, pattern, removal, renaming, replacement};

/// A key that is written even where it is there, or a condition that does not hold.
pub(super) fn of_key(key: &str, pointer: &str) -> Vec<Edit> {
    match added(key) {
        Some(plain) => vec![renaming(pointer, plain)],
        None => pattern::of_key(key, pointer),
    }
}

/// A leaf that is another, or nothing.
pub(super) fn of_leaf(leaf: &Value, pointer: &str) -> Vec<Edit> {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    if key.ends_with(')') && added(key).is_none() {
        return pattern::of_leaf(leaf, pointer);
    }
    let other = match leaf {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => number
            .as_i64()
            .map_or(json!(-1), |number| json!(number + 1)),
        Value::String(text) => json!(format!("{text}x")),
        _ => json!("x"),
    };
    vec![
        replacement(pointer, other),
        removal(pointer, "leaf removed"),
    ]
}

fn added(key: &str) -> Option<&str> {
    key.strip_prefix("+(")?.strip_suffix(')')
}
