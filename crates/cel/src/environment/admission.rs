//! The types of what an admission request brings: `request` and `namespaceObject`.

use crate::types::{Type, TypeProvider};

/// `kubernetes.AdmissionRequest`, `kubernetes.Namespace` and what they hold.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionTypes;

/// The name of the type of `request`.
pub const REQUEST: &str = "kubernetes.AdmissionRequest";
/// The name of the type of `namespaceObject`.
pub const NAMESPACE: &str = "kubernetes.Namespace";

/// Messages with their fields and the types of these.
const MESSAGES: &[(&str, &[(&str, &str)])] = &[
    (
        REQUEST,
        &[
            ("kind", "kubernetes.GroupVersionKind"),
            ("resource", "kubernetes.GroupVersionResource"),
            ("subResource", "string"),
            ("requestKind", "kubernetes.GroupVersionKind"),
            ("requestResource", "kubernetes.GroupVersionResource"),
            ("requestSubResource", "string"),
            ("name", "string"),
            ("namespace", "string"),
            ("operation", "string"),
            ("userInfo", "kubernetes.UserInfo"),
            ("dryRun", "bool"),
            ("options", "dyn"),
        ],
    ),
    (
        "kubernetes.GroupVersionKind",
        &[
            ("group", "string"),
            ("version", "string"),
            ("kind", "string"),
        ],
    ),
    (
        "kubernetes.GroupVersionResource",
        &[
            ("group", "string"),
            ("version", "string"),
            ("resource", "string"),
        ],
    ),
    (
        "kubernetes.UserInfo",
        &[
            ("username", "string"),
            ("uid", "string"),
            ("groups", "list(string)"),
            ("extra", "map(string, list(string))"),
        ],
    ),
    (
        NAMESPACE,
        &[
            ("metadata", "kubernetes.NamespaceMetadata"),
            ("spec", "kubernetes.NamespaceSpec"),
            ("status", "kubernetes.NamespaceStatus"),
        ],
    ),
    (
        "kubernetes.NamespaceMetadata",
        &[
            ("name", "string"),
            ("generateName", "string"),
            ("namespace", "string"),
            ("labels", "map(string, string)"),
            ("annotations", "map(string, string)"),
            ("UID", "string"),
            ("creationTimestamp", "timestamp"),
            ("deletionGracePeriodSeconds", "int"),
            ("deletionTimestamp", "timestamp"),
            ("generation", "int"),
            ("resourceVersion", "string"),
            ("finalizers", "list(string)"),
        ],
    ),
    (
        "kubernetes.NamespaceSpec",
        &[("finalizers", "list(string)")],
    ),
    (
        "kubernetes.NamespaceStatus",
        &[
            ("phase", "string"),
            ("conditions", "list(kubernetes.NamespaceCondition)"),
        ],
    ),
    (
        "kubernetes.NamespaceCondition",
        &[
            ("status", "string"),
            ("type", "string"),
            ("lastTransitionTime", "timestamp"),
            ("message", "string"),
            ("reason", "string"),
        ],
    ),
];

fn fields(message: &str) -> Option<&'static [(&'static str, &'static str)]> {
    let found = MESSAGES.iter().find(|(name, _)| *name == message);
    found.map(|(_, fields)| *fields)
}

/// The type of a field: of a message, or as signatures write it.
fn of_field(written: &str) -> Type {
    let element = written
        .strip_prefix("list(")
        .and_then(|rest| rest.strip_suffix(')'));
    match element {
        Some(element) if fields(element).is_some() => Type::list(Type::message(element)),
        _ if fields(written).is_some() => Type::message(written),
        _ => crate::declaration::type_of(written).unwrap_or(Type::Dyn),
    }
}

impl TypeProvider for AdmissionTypes {
    fn has_message(&self, name: &str) -> bool {
        fields(name).is_some()
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let (_, written) = fields(message)?.iter().find(|(name, _)| *name == field)?;
        Some(of_field(written))
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let declared = fields(message).into_iter().flatten();
        declared.map(|(name, _)| (*name).to_owned()).collect()
    }
}
