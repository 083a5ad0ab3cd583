//! Documents to typed policies and exceptions, with the place of every mistake.
//!
//! A document is told by `apiVersion` and `kind`; a `v1 List` holds documents. An unknown field is
//! fatal for the file that it stands in; other mistakes are the document's own. Items of a `List`
//! are read leniently, as Kyverno reads them: their unknown fields are left out.

use portcullis_api::admission_policy::{
    AdmissionPolicyBinding, MutatingAdmissionPolicy, ValidatingAdmissionPolicy,
};
use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_api::cleanup_policy::CleanupPolicy;
use portcullis_api::cluster_policy::Policy;
use portcullis_api::deleting_policy::DeletingPolicy;
use portcullis_api::generating_policy::GeneratingPolicy;
use portcullis_api::image_validating_policy::ImageValidatingPolicy;
use portcullis_api::mutating_policy::MutatingPolicy;
use portcullis_api::policy_exception::PolicyException;
use portcullis_api::read::{ReadError, read};
use portcullis_api::validating_policy::ValidatingPolicy;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A loaded object.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// A ClusterPolicy or Policy.
    Policy(Box<Policy>),
    /// A PolicyException of `kyverno.io`.
    Exception(Box<PolicyException>),
    /// A PolicyException of `policies.kyverno.io`.
    CelException(Box<CelPolicyException>),
    /// A CleanupPolicy or ClusterCleanupPolicy.
    Cleanup(Box<CleanupPolicy>),
    /// A ValidatingPolicy or NamespacedValidatingPolicy.
    Validating(Box<ValidatingPolicy>),
    /// A MutatingPolicy or NamespacedMutatingPolicy.
    Mutating(Box<MutatingPolicy>),
    /// A DeletingPolicy or NamespacedDeletingPolicy.
    Deleting(Box<DeletingPolicy>),
    /// A GeneratingPolicy or NamespacedGeneratingPolicy.
    Generating(Box<GeneratingPolicy>),
    /// An ImageValidatingPolicy or NamespacedImageValidatingPolicy.
    ImageValidating(Box<ImageValidatingPolicy>),
    /// A ValidatingAdmissionPolicy.
    ValidatingAdmission(Box<ValidatingAdmissionPolicy>),
    /// A MutatingAdmissionPolicy.
    MutatingAdmission(Box<MutatingAdmissionPolicy>),
    /// What puts one of these into effect.
    Binding(Box<AdmissionPolicyBinding>),
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{message}", self.place())]
pub struct LoadError {
    /// The path inside the document, such as `spec.rules[0].match`; empty for the document itself.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
    /// Whether the whole file must be refused, as for an unknown field.
    pub refuses_file: bool,
}

impl LoadError {
    fn place(&self) -> String {
        match self.path.as_str() {
            "" | "." => String::new(),
            path => format!("`{path}`: "),
        }
    }

    fn document(message: String) -> LoadError {
        LoadError {
            path: String::new(),
            message,
            refuses_file: true,
        }
    }
}

/// What a kind is to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Policy,
    Cleanup,
    Validating,
    Mutating,
    Deleting,
    Generating,
    Exception,
    ValidatingAdmission,
    MutatingAdmission,
    Binding,
    CelException,
    ImageValidating,
}

const KINDS: &[(&str, &[&str], &[&str], Known)] = &[
    (
        "kyverno.io",
        &["v1", "v2beta1"],
        &["ClusterPolicy", "Policy"],
        Known::Policy,
    ),
    (
        "kyverno.io",
        &["v2", "v2beta1"],
        &["PolicyException"],
        Known::Exception,
    ),
    (
        "kyverno.io",
        &["v2", "v2beta1"],
        &["CleanupPolicy", "ClusterCleanupPolicy"],
        Known::Cleanup,
    ),
    (
        "policies.kyverno.io",
        &["v1alpha1", "v1beta1", "v1"],
        &["ValidatingPolicy"],
        Known::Validating,
    ),
    (
        "policies.kyverno.io",
        &["v1beta1", "v1"],
        &["NamespacedValidatingPolicy"],
        Known::Validating,
    ),
    (
        "policies.kyverno.io",
        &["v1alpha1", "v1beta1", "v1"],
        &["MutatingPolicy"],
        Known::Mutating,
    ),
    (
        "policies.kyverno.io",
        &["v1beta1", "v1"],
        &["NamespacedMutatingPolicy"],
        Known::Mutating,
    ),
    (
        "policies.kyverno.io",
        &["v1alpha1", "v1beta1", "v1"],
        &["DeletingPolicy"],
        Known::Deleting,
    ),
    (
        "policies.kyverno.io",
        &["v1beta1", "v1"],
        &["NamespacedDeletingPolicy"],
        Known::Deleting,
    ),
    (
        "policies.kyverno.io",
        &["v1alpha1", "v1beta1", "v1"],
        &["GeneratingPolicy"],
        Known::Generating,
    ),
    (
        "policies.kyverno.io",
        &["v1beta1", "v1"],
        &["NamespacedGeneratingPolicy"],
        Known::Generating,
    ),
    (
        "policies.kyverno.io",
        &["v1alpha1", "v1beta1", "v1"],
        &["ImageValidatingPolicy"],
        Known::ImageValidating,
    ),
    (
        "policies.kyverno.io",
        &["v1beta1", "v1"],
        &["NamespacedImageValidatingPolicy"],
        Known::ImageValidating,
    ),
    (
        "policies.kyverno.io",
        &["v1alpha1", "v1beta1", "v1"],
        &["PolicyException"],
        Known::CelException,
    ),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
        &["ValidatingAdmissionPolicy"],
        Known::ValidatingAdmission,
    ),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
        &["ValidatingAdmissionPolicyBinding"],
        Known::Binding,
    ),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
        &["MutatingAdmissionPolicy"],
        Known::MutatingAdmission,
    ),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
        &["MutatingAdmissionPolicyBinding"],
        Known::Binding,
    ),
];

/// Whether a document is one that [`load`] knows, a `List` included.
#[must_use]
pub fn is_known(document: &Value) -> bool {
    let (version, kind) = identity(document);
    (version == "v1" && kind == "List") || find(version, kind).is_some()
}

/// Loads one document; every mistake of it, not only the first.
#[must_use]
pub fn load(document: &Value) -> (Vec<Loaded>, Vec<LoadError>) {
    let mut loaded = Vec::new();
    let mut errors = Vec::new();
    let (version, kind) = identity(document);
    if version == "v1" && kind == "List" {
        let items = document.get("items").and_then(Value::as_array);
        for (index, item) in items.into_iter().flatten().enumerate() {
            match load_one(item, true) {
                Ok(object) => loaded.push(object),
                Err(mut error) => {
                    error.path = join(&format!("items[{index}]"), &error.path);
                    errors.push(error);
                }
            }
        }
        return (loaded, errors);
    }
    match load_one(document, false) {
        Ok(object) => loaded.push(object),
        Err(error) => errors.push(error),
    }
    (loaded, errors)
}

fn identity(document: &Value) -> (&str, &str) {
    let text = |key| {
        document
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    (text("apiVersion"), text("kind"))
}

fn find(version: &str, kind: &str) -> Option<Known> {
    let (group, version) = version.split_once('/')?;
    KINDS
        .iter()
        .find(|(of, versions, kinds, _)| {
            *of == group && versions.contains(&version) && kinds.contains(&kind)
        })
        .map(|(.., known)| *known)
}

fn load_one(document: &Value, lenient: bool) -> Result<Loaded, LoadError> {
    let (version, kind) = identity(document);
    if !document.is_object() {
        return Err(LoadError::document(
            "expected an object with `apiVersion` and `kind`".to_owned(),
        ));
    }
    match find(version, kind) {
        Some(Known::Policy) => typed(document, lenient).map(Loaded::Policy),
        Some(Known::Cleanup) => typed(document, lenient).map(Loaded::Cleanup),
        Some(Known::Validating) => typed(document, lenient).map(Loaded::Validating),
        Some(Known::Mutating) => typed(document, lenient).map(Loaded::Mutating),
        Some(Known::Deleting) => typed(document, lenient).map(Loaded::Deleting),
        Some(Known::Generating) => typed(document, lenient).map(Loaded::Generating),
        Some(Known::ValidatingAdmission) => {
            typed(document, lenient).map(Loaded::ValidatingAdmission)
        }
        Some(Known::MutatingAdmission) => typed(document, lenient).map(Loaded::MutatingAdmission),
        Some(Known::Binding) => typed(document, lenient).map(Loaded::Binding),
        Some(Known::Exception) => typed(document, lenient).map(Loaded::Exception),
        Some(Known::CelException) => typed(document, lenient).map(Loaded::CelException),
        Some(Known::ImageValidating) => typed(document, lenient).map(Loaded::ImageValidating),
        None => Err(LoadError::document(unknown_kind(version, kind))),
    }
}

fn unknown_kind(version: &str, kind: &str) -> String {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let served: Vec<&str> = KINDS
        .iter()
        .filter(|(of, _, kinds, _)| *of == group && kinds.contains(&kind))
        .flat_map(|(_, versions, ..)| versions.iter().copied())
        .collect();
    if served.is_empty() {
        return format!("`{version} {kind}` is not a policy kind");
    }
    format!(
        "`{kind}` is not served as `{version}`; use {}",
        served
            .iter()
            .map(|version| format!("`{group}/{version}`"))
            .collect::<Vec<_>>()
            .join(" or ")
    )
}

/// How many unknown fields of a list's item are left out before it is refused.
const MAX_UNKNOWN: usize = 64;

fn typed<T: DeserializeOwned>(document: &Value, lenient: bool) -> Result<Box<T>, LoadError> {
    let mut pruned = None;
    for _ in 0..MAX_UNKNOWN {
        let current = pruned.as_ref().unwrap_or(document);
        let error = match read(current) {
            Ok(value) => return Ok(Box::new(value)),
            Err(error) => load_error(&error),
        };
        if !(lenient && error.refuses_file) {
            return Err(error);
        }
        let mut next = current.clone();
        if !remove(&mut next, &error.path) {
            return Err(error);
        }
        pruned = Some(next);
    }
    Err(LoadError::document(
        "more unknown fields than can be left out".to_owned(),
    ))
}

fn load_error(error: &ReadError) -> LoadError {
    LoadError {
        path: error.path_text(),
        refuses_file: error.message.starts_with("unknown field"),
        message: error.message.clone(),
    }
}

/// Takes the field at a path such as `spec.rules[0].extra` out; whether it was there.
fn remove(document: &mut Value, path: &str) -> bool {
    let (parent, field) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = Some(document);
    for step in parent
        .split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
    {
        place = match place {
            Some(Value::Array(items)) => {
                step.parse::<usize>().ok().and_then(|at| items.get_mut(at))
            }
            Some(Value::Object(entries)) => entries.get_mut(step),
            _ => None,
        };
    }
    match place {
        Some(Value::Object(entries)) => entries.remove(field).is_some(),
        _ => false,
    }
}

fn join(parent: &str, path: &str) -> String {
    match path {
        "" | "." => parent.to_owned(),
        path => format!("{parent}.{path}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(extra: &Value) -> Value {
        let mut rule = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "validate": {"deny": {}}});
        if let (Some(rule), Some(extra)) = (rule.as_object_mut(), extra.as_object()) {
            rule.extend(extra.clone());
        }
        json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {"rules": [rule]}})
    }

    #[test]
    fn each_kind_is_told_by_its_version() {
        for (document, expected) in [
            (policy(&json!({})), "policy"),
            (
                json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy", "metadata": {"name": "v"}, "spec": {"attestors": [], "validations": []}}),
                "image",
            ),
            (
                json!({
                    "apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException",
                    "spec": {"policyRefs": [{"name": "p", "kind": "ValidatingPolicy"}]},
                }),
                "exception of CEL",
            ),
            (
                json!({"apiVersion": "admissionregistration.k8s.io/v2", "kind": "ValidatingAdmissionPolicy"}),
                "error",
            ),
            (json!({"apiVersion": "v1", "kind": "Pod"}), "error"),
            (json!("text"), "error"),
        ] {
            let (loaded, errors) = load(&document);
            let found = match (loaded.first(), errors.first()) {
                (Some(Loaded::Policy(_)), None) => "policy",
                (Some(Loaded::Exception(_)), None) => "exception",
                (Some(Loaded::CelException(_)), None) => "exception of CEL",
                (Some(Loaded::ImageValidating(_)), None) => "image",
                _ => "error",
            };
            assert_eq!(found, expected, "{document}");
        }
    }

    #[test]
    fn an_unknown_field_has_a_path_and_refuses_the_file() {
        let (loaded, errors) = load(&policy(&json!({"extra": 1})));
        assert!(loaded.is_empty());
        assert_eq!(errors[0].path, "spec.rules[0].extra");
        assert!(errors[0].refuses_file, "{}", errors[0]);
    }

    #[test]
    fn items_of_a_list_may_have_unknown_fields() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [policy(&json!({"extra": 1})), policy(&json!({"name": 5}))]});
        let (loaded, errors) = load(&list);
        assert_eq!(loaded.len(), 1);
        assert_eq!(errors[0].path, "items[1].spec.rules[0].name");
    }
}
