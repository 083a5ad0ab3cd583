//! What Kyverno's webhook refuses of a policy of `policies.kyverno.io` that compiles, and resources that nobody
//! serves.

use portcullis_schema::{Catalogue, Kind, nearest};
use portcullis_values::json_pointer;
use serde_json::Value;

use crate::{diagnostic::Severity, offline::objects::text};

/// What is wrong with such a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CelFinding {
    /// Whether the policy is refused.
    pub severity: Severity,
    /// Where, as `/spec/matchConstraints`.
    pub pointer: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What is wrong with a policy's document; nothing where it is of another kind.
#[must_use]
pub fn of_document(policy: &Value, catalogue: &Catalogue) -> Vec<CelFinding> {
    let group = text(policy, "/apiVersion").split_once('/');
    let (group, kind) = (group.map_or("", |it| it.0), text(policy, "/kind"));
    let is_native = group == "admissionregistration.k8s.io";
    if !(is_native || group == "policies.kyverno.io") || !kind.ends_with("Policy") {
        return Vec::new();
    }
    let mut found = unserved(policy, catalogue);
    if is_native {
        return found;
    }
    let mut refuse = |pointer: &str, message: &str, help: &str| {
        found.push(CelFinding {
            severity: Severity::Error,
            pointer: pointer.to_owned(),
            message: message.to_owned(),
            help: help.to_owned(),
        });
    };
    let mode = text(policy, "/spec/evaluation/mode");
    if ["", "Kubernetes"].contains(&mode) && rules(policy).next().is_none() {
        refuse(
            "/spec/matchConstraints",
            "the policy does not say which resources it is about",
            "write `resourceRules` with `apiGroups`, `apiVersions`, `operations` and `resources`",
        );
    }
    let is_off = |field: &str| {
        let pointer = format!("/spec/evaluation/{field}/enabled");
        policy.pointer(&pointer) == Some(&Value::Bool(false))
    };
    let existing = policy.pointer("/spec/evaluation/mutateExisting/enabled");
    let changes_existing = existing == Some(&Value::Bool(true));
    if kind.ends_with("MutatingPolicy") && is_off("admission") && !changes_existing {
        refuse(
            "/spec/evaluation",
            "`admission` and `mutateExisting` are both off, so the policy never runs",
            "turn one of them on",
        );
    }
    if kind.starts_with("Namespaced") {
        for (pointer, expression) in expressions(policy) {
            if calls_service(expression) {
                refuse(
                    &pointer,
                    "a policy of one namespace calls no service",
                    "use the kind without `Namespaced`, which whoever rules the cluster writes",
                );
            }
        }
    }
    found
}

fn rules(policy: &Value) -> impl Iterator<Item = &Value> {
    let rules = policy.pointer("/spec/matchConstraints/resourceRules");
    rules.and_then(Value::as_array).into_iter().flatten()
}

/// Every text of the spec that may be an expression, with its pointer.
fn expressions(policy: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut open = vec![("/spec".to_owned(), policy.get("spec"))];
    while let Some((path, value)) = open.pop() {
        match value {
            Some(Value::String(text)) => found.push((path, text.as_str())),
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate().rev();
                open.extend(items.map(|(index, item)| (format!("{path}/{index}"), Some(item))));
            }
            Some(Value::Object(fields)) => {
                let fields = fields.iter().rev();
                open.extend(fields.map(|(key, value)| {
                    let path = format!("{path}/{}", json_pointer::escape(key));
                    (path, Some(value))
                }));
            }
            _ => {}
        }
    }
    found.retain(|(path, _)| path.to_lowercase().ends_with("expression"));
    found
}

/// The functions of `http` that ask somebody, in each spelling.
const CALLS: [&str; 6] = ["get", "post", "client", "Get", "Post", "Client"];

/// Whether `http.get(` or the like stands in an expression as a call of its own.
fn calls_service(expression: &str) -> bool {
    expression.match_indices("http").any(|(at, word)| {
        let before = expression.get(..at).and_then(|it| it.chars().next_back());
        let behind = expression.get(at + word.len()..).unwrap_or_default();
        let call = behind.trim_start().strip_prefix('.').map(str::trim_start);
        let method = call.and_then(|call| CALLS.iter().find_map(|it| call.strip_prefix(it)));
        let is_word = !before.is_some_and(|one| one.is_alphanumeric() || "_.'\"".contains(one));
        is_word && method.is_some_and(|rest| rest.trim_start().starts_with('('))
    })
}

/// The resources of the constraints that the catalogue does not have.
fn unserved(policy: &Value, catalogue: &Catalogue) -> Vec<CelFinding> {
    let mut found = Vec::new();
    for (index, rule) in rules(policy).enumerate() {
        let texts = |field: &str| {
            let texts = rule.get(field).and_then(Value::as_array);
            let texts = texts.into_iter().flatten().filter_map(Value::as_str);
            texts.collect::<Vec<_>>()
        };
        let groups = texts("apiGroups");
        if groups.iter().any(|group| group.ends_with("kyverno.io")) {
            continue;
        }
        let is_in = |kind: &&Kind| {
            groups
                .iter()
                .any(|group| *group == "*" || *group == kind.group)
        };
        for (number, entry) in texts("resources").into_iter().enumerate() {
            let resource = entry
                .split_once('/')
                .map_or(entry, |(resource, _)| resource);
            if resource.contains('*')
                || catalogue
                    .kinds()
                    .filter(is_in)
                    .any(|kind| kind.resource == resource)
            {
                continue;
            }
            let names = catalogue
                .kinds()
                .filter(is_in)
                .map(|kind| kind.resource.as_str());
            let elsewhere = catalogue.kinds().find(|kind| kind.resource == resource);
            let help = match (elsewhere, nearest(resource, names)) {
                (Some(kind), _) => format!("`{resource}` is of the group `{}`", kind.group),
                (None, Some(name)) => format!("did you mean `{name}`?"),
                (None, None) => "give its CustomResourceDefinition in `crds` of portcullis.yaml, or with `--crd-paths`".to_owned(),
            };
            found.push(CelFinding {
                severity: Severity::Warning,
                pointer: format!("/spec/matchConstraints/resourceRules/{index}/resources/{number}"),
                message: format!(
                    "Kubernetes {} has no resource `{resource}` in {}",
                    catalogue.version(),
                    listed(&groups)
                ),
                help,
            });
        }
    }
    found
}

/// Groups as words; the core group has no name.
fn listed(groups: &[&str]) -> String {
    match groups {
        [] => "no group".to_owned(),
        [""] => "the core group".to_owned(),
        groups => format!("the groups `{}`", groups.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: &str, spec: Value, expected: &[(Severity, &str)]) {
        let catalogue = portcullis_schema::builtin("1.37").unwrap_or_default();
        let group = match kind.contains("Admission") {
            true => "admissionregistration.k8s.io",
            false => "policies.kyverno.io",
        };
        let api_version = format!("{group}/v1");
        let policy = json!({"apiVersion": api_version, "kind": kind, "spec": spec});
        let found = of_document(&policy, &catalogue);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.severity, one.pointer.as_str()))
            .collect();
        assert_eq!(found, expected, "{policy}");
    }

    fn about(group: &str, resource: &str) -> Value {
        let rule = json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": [resource], "operations": ["CREATE"]});
        json!({"resourceRules": [rule]})
    }

    #[test]
    fn constraints() {
        const MATCH: &str = "/spec/matchConstraints";
        let with = |constraints: Value| json!({"matchConstraints": constraints});
        for (group, resource) in [
            ("", "pods"),
            ("", "pods/exec"),
            ("*", "*"),
            ("apps", "*/scale"),
            ("kyverno.io", "policies"),
        ] {
            check("ValidatingPolicy", with(about(group, resource)), &[]);
        }
        for kind in [
            "ValidatingPolicy",
            "NamespacedMutatingPolicy",
            "GeneratingPolicy",
            "DeletingPolicy",
            "ImageValidatingPolicy",
        ] {
            check(kind, json!({}), &[(Severity::Error, MATCH)]);
            check(
                kind,
                with(json!({"resourceRules": []})),
                &[(Severity::Error, MATCH)],
            );
        }
        check(
            "ValidatingPolicy",
            json!({"evaluation": {"mode": "JSON"}}),
            &[],
        );
        check("ValidatingAdmissionPolicy", json!({}), &[]);
        let path = "/spec/matchConstraints/resourceRules/0/resources/0";
        for (group, resource) in [("", "podss"), ("", "deployments"), ("x.io", "widgets")] {
            let spec = with(about(group, resource));
            check(
                "ValidatingPolicy",
                spec.clone(),
                &[(Severity::Warning, path)],
            );
            check(
                "MutatingAdmissionPolicy",
                spec,
                &[(Severity::Warning, path)],
            );
        }
    }

    #[test]
    fn what_never_runs_and_what_is_not_called() {
        let with = |evaluation: Value| json!({"matchConstraints": about("", "pods"), "evaluation": evaluation});
        let off = json!({"admission": {"enabled": false}});
        let existing =
            json!({"admission": {"enabled": false}, "mutateExisting": {"enabled": true}});
        check(
            "MutatingPolicy",
            with(off.clone()),
            &[(Severity::Error, "/spec/evaluation")],
        );
        check("MutatingPolicy", with(existing), &[]);
        check("ValidatingPolicy", with(off), &[]);
        let path = "/spec/validations/0/expression";
        for (expression, is_call) in [
            ("http.Get('https://x').a == 1", true),
            ("'a' in http . Post('https://x', {})", true),
            ("http.get('https://x').a == 1", true),
            ("http.client('ca').post('https://x', {}).a == 1", true),
            ("http.getter('https://x').a == 1", false),
            ("object.http.Get('x')", false),
            ("object.metadata.name != 'http.Get('", false),
        ] {
            let spec = json!({"matchConstraints": about("", "pods"), "validations": [{"expression": expression}]});
            check("ValidatingPolicy", spec.clone(), &[]);
            let expected = [(Severity::Error, path)];
            check(
                "NamespacedValidatingPolicy",
                spec,
                &expected[..usize::from(is_call)],
            );
        }
    }
}
