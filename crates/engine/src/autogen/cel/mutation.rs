//! Apply configurations of a Pod become those of a pod template.
//!
//! ```text
//! Object{spec: Object.spec{…}}
//! Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{…}}}}
//! ```
//!
//! Variables and JSON patches stay as they are, as in Kyverno.

use serde_json::Value;

use super::Shape;

/// Carries the conditions and the apply configurations of a `spec` over.
pub(super) fn carry_over(spec: &mut Value, shape: Shape) {
    for condition in items(spec, "matchConditions") {
        if let Some(Value::String(text)) = condition.get_mut("expression") {
            *text = replaced(text, shape);
        }
    }
    for mutation in items(spec, "mutations") {
        if let Some(Value::String(text)) = mutation.pointer_mut("/applyConfiguration/expression") {
            *text = wrapped(replaced(text, shape).trim(), shape);
        }
    }
}

fn items<'v>(spec: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    let list = spec.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// What stands below the template.
const MOVED: &[&str] = &[".spec", ".metadata.labels", ".metadata.annotations"];

fn replaced(text: &str, shape: Shape) -> String {
    let template = format!(".{}", shape.steps.join("."));
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("bject.") {
        let (before, from) = rest.split_at(at);
        let from = from.strip_prefix("bject").unwrap_or(from);
        out.push_str(before);
        let is_word = ["o", "O", "oldO"].iter().any(|start| {
            out.strip_suffix(start)
                .is_some_and(|outer| !outer.ends_with(is_word_character))
        });
        out.push_str("bject");
        if is_word && MOVED.iter().any(|moved| from.starts_with(moved)) {
            out.push_str(&template);
        }
        rest = from;
    }
    out.push_str(rest);
    out
}

fn is_word_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The object of an apply configuration, put into the template.
fn wrapped(text: &str, shape: Shape) -> String {
    let Some(at) = text.find("Object{") else {
        return text.to_owned();
    };
    let (before, object) = text.split_at(at);
    let object = object.strip_prefix("Object{").unwrap_or(object);
    let Some(end) = closing(object) else {
        return text.to_owned();
    };
    let (body, after) = object.split_at(end);
    let mut opened = String::from("Object{");
    let mut path = String::from("Object");
    for step in shape.steps {
        path = format!("{path}.{step}");
        opened = format!("{opened}{step}: {path}{{");
    }
    let closed = "}".repeat(shape.steps.len());
    format!("{before}{opened}{body}{closed}{after}")
}

/// Where the brace is closed that was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}
