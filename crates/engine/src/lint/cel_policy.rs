//! The policies of `policies.kyverno.io`: which resources they are about, whether they run at all, and
//! calls of services by a policy of one namespace.

use portcullis_cel::library::kyverno::calls_service;
use portcullis_values::json_pointer;
use serde_json::Value;

use super::finding::Findings;
use crate::cel::environment::{Flavour, environment};
use crate::policies::generating_policy::placeholder::placeholders;

/// A policy's document; nothing is said of another kind.
pub(super) fn check(policy: &Value, findings: &mut Findings) {
    let kind = text(policy, "/kind");
    let is_of_kyverno = text(policy, "/apiVersion").starts_with("policies.kyverno.io/");
    if !is_of_kyverno || !kind.ends_with("Policy") {
        return;
    }
    let rules = policy.pointer("/spec/matchConstraints/resourceRules");
    let is_about_nothing = rules.and_then(Value::as_array).is_none_or(Vec::is_empty);
    let mode = text(policy, "/spec/evaluation/mode");
    if ["", "Kubernetes"].contains(&mode) && is_about_nothing {
        findings.error(
            "/spec/matchConstraints",
            "the policy does not say which resources it is about",
            "write `resourceRules` with `apiGroups`, `apiVersions`, `operations` and `resources`",
        );
    }
    let is = |field: &str, wanted: bool| {
        let pointer = format!("/spec/evaluation/{field}/enabled");
        policy.pointer(&pointer) == Some(&Value::Bool(wanted))
    };
    if kind.ends_with("MutatingPolicy") && is("admission", false) && !is("mutateExisting", true) {
        findings.error(
            "/spec/evaluation",
            "`admission` and `mutateExisting` are both off, so the policy never runs",
            "turn one of them on",
        );
    }
    if kind.starts_with("Namespaced") {
        check_calls(policy, findings);
    }
}

fn text<'v>(policy: &'v Value, pointer: &str) -> &'v str {
    text_of(policy.pointer(pointer))
}

fn check_calls(policy: &Value, findings: &mut Findings) {
    for (path, expression) in expressions(policy) {
        // What other kinds have beside these libraries calls no service.
        let checked = environment(Flavour::NamespacedValidating).compile_unchecked(expression);
        if checked.is_ok_and(|checked| calls_service(&checked)) {
            findings.error(
                path,
                "a policy of one namespace calls no service",
                "use the kind without `Namespaced`, which whoever rules the cluster writes",
            );
        }
    }
}

/// Every text of the spec that is an expression or holds some, with its pointer.
fn expressions(policy: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut open = vec![("/spec".to_owned(), policy.get("spec"))];
    while let Some((path, value)) = open.pop() {
        match value {
            Some(Value::String(text)) if path.to_lowercase().ends_with("expression") => {
                found.push((path, text.as_str()));
            }
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate().rev();
                open.extend(items.map(|(index, item)| (format!("{path}/{index}"), Some(item))));
            }
            Some(Value::Object(fields)) => {
                if text_of(fields.get("interpolate")) == "cel" {
                    let inside = placeholders(text_of(fields.get("value"))).into_iter();
                    found.extend(inside.map(|inside| (format!("{path}/value"), inside)));
                }
                let fields = fields.iter().rev();
                open.extend(fields.map(|(key, value)| {
                    let path = format!("{path}/{}", json_pointer::escape(key));
                    (path, Some(value))
                }));
            }
            _ => {}
        }
    }
    found
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
