//! Expressions about a Pod become expressions about a pod template: in every text of a policy,
//! messages included, as Kyverno has it.

use serde_json::Value;

use super::Shape;

/// Carries every text of a `spec` over.
pub(super) fn carry_over(value: &mut Value, shape: Shape) {
    match value {
        Value::String(text) => {
            if let Some(replaced) = replaced(text, shape) {
                *text = replaced;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| carry_over(item, shape)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| carry_over(field, shape)),
        _ => {}
    }
}

/// The text with `object.spec` and `object.metadata` as paths of the template; `oldObject` alike.
/// The namespace is that of the controller.
fn replaced(text: &str, shape: Shape) -> Option<String> {
    if !text.contains("bject.") {
        return None;
    }
    let template = format!(".{}", shape.steps.join("."));
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("bject.") {
        let (before, from) = rest.split_at(at);
        let from = from.strip_prefix("bject").unwrap_or(from);
        out.push_str(before);
        out.push_str("bject");
        let is_object = before.ends_with('o') || before.ends_with("oldO");
        let is_moved = from.starts_with(".spec")
            || (from.starts_with(".metadata") && !from.starts_with(".metadata.namespace"));
        if is_object && is_moved {
            out.push_str(&template);
        }
        rest = from;
    }
    out.push_str(rest);
    Some(out)
}
