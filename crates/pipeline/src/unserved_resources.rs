//! Resources in the `matchConstraints` of a policy in CEL that a version of Kubernetes does not serve.

use portcullis_schema::{Catalogue, Kind, nearest};
use serde_json::Value;

use crate::{offline::objects::text, unserved_kinds::UnservedKind};

/// The resources of a policy's document that the catalogue does not have; nothing where it is of
/// another kind.
#[must_use]
pub fn of_document(policy: &Value, catalogue: &Catalogue) -> Vec<UnservedKind> {
    let group = text(policy, "/apiVersion").split_once('/');
    let group = group.map_or("", |it| it.0);
    let is_known = ["admissionregistration.k8s.io", "policies.kyverno.io"].contains(&group);
    if !is_known || !text(policy, "/kind").ends_with("Policy") {
        return Vec::new();
    }
    let rules = policy.pointer("/spec/matchConstraints/resourceRules");
    let rules = rules.and_then(Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for (index, rule) in rules.enumerate() {
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
            found.push(UnservedKind {
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
    fn check(kind: &str, group: &str, resource: &str, is_served: bool) {
        let catalogue = portcullis_schema::builtin("1.37").unwrap_or_default();
        let api_version = match kind.contains("Admission") {
            true => "admissionregistration.k8s.io/v1",
            false => "policies.kyverno.io/v1",
        };
        let rule = json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": [resource], "operations": ["CREATE"]});
        let spec = json!({"matchConstraints": {"resourceRules": [rule]}});
        let policy = json!({"apiVersion": api_version, "kind": kind, "spec": spec});
        let found = of_document(&policy, &catalogue);
        let found: Vec<_> = found.iter().map(|one| one.pointer.as_str()).collect();
        let place = "/spec/matchConstraints/resourceRules/0/resources/0";
        assert_eq!(found, [place][usize::from(is_served)..], "{policy}");
    }

    #[test]
    fn resources() {
        for (group, resource, is_served) in [
            ("", "pods", true),
            ("", "pods/exec", true),
            ("*", "*", true),
            ("apps", "*/scale", true),
            ("kyverno.io", "policies", true),
            ("", "podss", false),
            ("", "deployments", false),
            ("x.io", "widgets", false),
        ] {
            check("ValidatingPolicy", group, resource, is_served);
            check("MutatingAdmissionPolicy", group, resource, is_served);
        }
    }
}
