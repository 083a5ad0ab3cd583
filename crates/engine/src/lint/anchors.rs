//! Anchors of a pattern: only those that the place understands, and a list behind `^( )`.

use portcullis_values::json_pointer;
use serde_json::Value;

use super::finding::Findings;
use crate::pattern::anchor::{AnchorKind, parse};

/// Looks at a pattern of a `validate` rule, where nothing is added.
pub(super) fn check(pattern: &Value, path: &str, findings: &mut Findings) {
    walk(pattern, path, |key, value, path| {
        check_pattern_key(key, value, path, findings);
    });
}

/// Looks at a strategic merge patch, which knows `( )`, `<( )` and `+( )`.
pub(super) fn check_patch(patch: &Value, path: &str, findings: &mut Findings) {
    walk(patch, path, |key, _, path| {
        check_patch_key(key, path, findings);
    });
}

/// Looks at an object that is made as it stands.
pub(super) fn check_data(data: &Value, path: &str, findings: &mut Findings) {
    walk(data, path, |key, _, path| {
        if let Some(anchor) = parse(key) {
            findings.error(
                path,
                format!("`{key}` is an anchor, and the object is made as it stands"),
                format!("write `{}`", anchor.key),
            );
        }
    });
}

fn walk(pattern: &Value, path: &str, mut look: impl FnMut(&str, &Value, &str)) {
    let mut open = vec![(path.to_owned(), pattern)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, item)| (format!("{path}/{index}"), item)));
            }
            Value::Object(entries) => {
                for (key, value) in entries {
                    let path = format!("{path}/{}", json_pointer::escape(key));
                    look(key, value, &path);
                    open.push((path, value));
                }
            }
            _ => {}
        }
    }
}

fn check_patch_key(key: &str, path: &str, findings: &mut Findings) {
    use AnchorKind::{Addition, Condition, Global};
    if let Some(anchor) = parse(key)
        && !matches!(anchor.kind, Condition | Global | Addition)
    {
        findings.error(
            path,
            format!("`{key}` is not an anchor of a patch"),
            format!("write `({0})`, `<({0})` or `+({0})`", anchor.key),
        );
    }
}

fn check_pattern_key(key: &str, value: &Value, path: &str, findings: &mut Findings) {
    let Some(anchor) = parse(key) else {
        if key.ends_with(')') && key.chars().take(2).any(|character| character == '(') {
            findings.warning(
                path,
                format!("`{key}` looks like an anchor, and is a plain key"),
                "write `(k)`, `<(k)`, `=(k)`, `X(k)` or `^(k)`",
            );
        }
        return;
    };
    match anchor.kind {
        AnchorKind::Addition => findings.error(
            path,
            format!("`{key}` adds a field, and this rule changes nothing"),
            format!("write `{}`, or use `mutate`", anchor.key),
        ),
        AnchorKind::Existence if value.as_array().is_none_or(Vec::is_empty) => findings.error(
            path,
            format!("`{key}` needs a list with an element"),
            "write the element under `- `",
        ),
        _ => {}
    }
}
