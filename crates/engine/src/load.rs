//! Documents to typed policies and exceptions, with the place of every mistake.
//!
//! A document is told by `apiVersion` and `kind`; a `v1 List` holds documents. An unknown field is
//! fatal for the file that it stands in; other mistakes are the document's own. Items of a `List`
//! are read leniently, as Kyverno reads them: their unknown fields are left out.

mod operators;

use portcullis_api::admission_policy::{
    AdmissionPolicyBinding, MutatingAdmissionPolicy, ValidatingAdmissionPolicy,
};
use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_api::cleanup_policy::CleanupPolicy;
use portcullis_api::cluster_policy::Policy;
use portcullis_api::deleting_policy::DeletingPolicy;
use portcullis_api::generating_policy::GeneratingPolicy;
use portcullis_api::image_validating_policy::ImageValidatingPolicy;
use portcullis_api::metadata::ObjectMeta;
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

impl Loaded {
    /// Its name, labels and annotations.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Loaded::Policy(policy) => &policy.metadata,
            Loaded::Exception(exception) => &exception.metadata,
            Loaded::CelException(exception) => &exception.metadata,
            Loaded::Cleanup(policy) => &policy.metadata,
            Loaded::Validating(policy) => &policy.metadata,
            Loaded::Mutating(policy) => &policy.metadata,
            Loaded::Deleting(policy) => &policy.metadata,
            Loaded::Generating(policy) => &policy.metadata,
            Loaded::ImageValidating(policy) => &policy.metadata,
            Loaded::ValidatingAdmission(policy) => &policy.metadata,
            Loaded::MutatingAdmission(policy) => &policy.metadata,
            Loaded::Binding(binding) => &binding.metadata,
        }
    }

    /// The policies that an exception or a binding is for: `name`, or `namespace/name`.
    #[must_use]
    pub fn policies(&self) -> Vec<&str> {
        match self {
            Loaded::Exception(exception) => {
                let excepted = exception.spec.exceptions.iter();
                excepted.map(|one| one.policy_name.as_str()).collect()
            }
            Loaded::CelException(exception) => {
                let refs = exception.spec.policy_refs.iter();
                refs.map(|one| one.name.as_str()).collect()
            }
            Loaded::Binding(binding) => vec![&binding.spec.policy_name],
            _ => Vec::new(),
        }
    }
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

/// Kinds of a group that are read the same way.
struct Kinds {
    group: &'static str,
    versions: &'static [&'static str],
    names: &'static [&'static str],
    read: Read,
}

/// Reads a document, leniently where that is asked.
type Read = fn(&Value, bool) -> Result<Loaded, LoadError>;

const fn kinds(
    group: &'static str,
    versions: &'static [&'static str],
    names: &'static [&'static str],
    read: Read,
) -> Kinds {
    Kinds {
        group,
        versions,
        names,
        read,
    }
}

const KYVERNO: &str = "kyverno.io";
const POLICIES: &str = "policies.kyverno.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

const OLD: &[&str] = &["v1", "v2beta1"];
const SECOND: &[&str] = &["v2", "v2beta1"];
const ALL: &[&str] = &["v1", "v1beta1", "v1alpha1"];
const LATER: &[&str] = &["v1", "v1beta1"];

#[rustfmt::skip]
const KINDS: &[Kinds] = &[
    kinds(KYVERNO, OLD, &["ClusterPolicy", "Policy"], |value, lenient| typed(value, lenient, Loaded::Policy)),
    kinds(KYVERNO, SECOND, &["PolicyException"], |value, lenient| conditional(value, lenient, Loaded::Exception)),
    kinds(KYVERNO, SECOND, &["CleanupPolicy", "ClusterCleanupPolicy"], |value, lenient| conditional(value, lenient, Loaded::Cleanup)),
    kinds(POLICIES, ALL, &["ValidatingPolicy"], |value, lenient| typed(value, lenient, Loaded::Validating)),
    kinds(POLICIES, LATER, &["NamespacedValidatingPolicy"], |value, lenient| typed(value, lenient, Loaded::Validating)),
    kinds(POLICIES, ALL, &["MutatingPolicy"], |value, lenient| typed(value, lenient, Loaded::Mutating)),
    kinds(POLICIES, LATER, &["NamespacedMutatingPolicy"], |value, lenient| typed(value, lenient, Loaded::Mutating)),
    kinds(POLICIES, ALL, &["DeletingPolicy"], |value, lenient| typed(value, lenient, Loaded::Deleting)),
    kinds(POLICIES, LATER, &["NamespacedDeletingPolicy"], |value, lenient| typed(value, lenient, Loaded::Deleting)),
    kinds(POLICIES, ALL, &["GeneratingPolicy"], |value, lenient| typed(value, lenient, Loaded::Generating)),
    kinds(POLICIES, LATER, &["NamespacedGeneratingPolicy"], |value, lenient| typed(value, lenient, Loaded::Generating)),
    kinds(POLICIES, ALL, &["ImageValidatingPolicy"], |value, lenient| typed(value, lenient, Loaded::ImageValidating)),
    kinds(POLICIES, LATER, &["NamespacedImageValidatingPolicy"], |value, lenient| typed(value, lenient, Loaded::ImageValidating)),
    kinds(POLICIES, ALL, &["PolicyException"], |value, lenient| typed(value, lenient, Loaded::CelException)),
    kinds(ADMISSION, ALL, &["ValidatingAdmissionPolicy"], |value, lenient| typed(value, lenient, Loaded::ValidatingAdmission)),
    kinds(ADMISSION, ALL, &["ValidatingAdmissionPolicyBinding"], |value, lenient| typed(value, lenient, Loaded::Binding)),
    kinds(ADMISSION, ALL, &["MutatingAdmissionPolicy"], |value, lenient| typed(value, lenient, Loaded::MutatingAdmission)),
    kinds(ADMISSION, ALL, &["MutatingAdmissionPolicyBinding"], |value, lenient| typed(value, lenient, Loaded::Binding)),
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

fn find(version: &str, kind: &str) -> Option<Read> {
    let (group, version) = version.split_once('/')?;
    let mut known = KINDS.iter().filter(|known| known.group == group);
    let known =
        known.find(|known| known.versions.contains(&version) && known.names.contains(&kind));
    known.map(|known| known.read)
}

fn load_one(document: &Value, lenient: bool) -> Result<Loaded, LoadError> {
    let (version, kind) = identity(document);
    if version.is_empty() || kind.is_empty() {
        let expected = "expected an object with `apiVersion` and `kind`";
        return Err(LoadError::document(expected.to_owned()));
    }
    match find(version, kind) {
        Some(read) => read(document, lenient),
        None => Err(LoadError::document(unknown_kind(version, kind))),
    }
}

fn unknown_kind(version: &str, kind: &str) -> String {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let known = KINDS.iter().filter(|known| known.group == group);
    let served: Vec<String> = known
        .filter(|known| known.names.contains(&kind))
        .flat_map(|known| known.versions)
        .map(|version| format!("`{group}/{version}`"))
        .collect();
    match served.as_slice() {
        [] => format!(
            "`{version} {kind}` is not a policy kind; a policy is for example a `kyverno.io/v1 ClusterPolicy`"
        ),
        served => {
            let served = served.join(" or ");
            format!("`{kind}` is not served as `{version}`; use {served}")
        }
    }
}

/// How many unknown fields of a list's item are left out before it is refused.
const MAX_UNKNOWN: usize = 64;

fn typed<T: DeserializeOwned>(
    document: &Value,
    lenient: bool,
    loaded: fn(Box<T>) -> Loaded,
) -> Result<Loaded, LoadError> {
    let mut pruned = None;
    for _ in 0..MAX_UNKNOWN {
        let current = pruned.as_ref().unwrap_or(document);
        let error = match read(current) {
            Ok(value) => return Ok(loaded(Box::new(value))),
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

/// A document with `spec.conditions`.
fn conditional<T: DeserializeOwned>(
    document: &Value,
    lenient: bool,
    loaded: fn(Box<T>) -> Loaded,
) -> Result<Loaded, LoadError> {
    let object = typed(document, lenient, loaded)?;
    operators::check(document)?;
    Ok(object)
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
