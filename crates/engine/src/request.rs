//! What the engine is asked: one object, one operation, one user.

use std::collections::BTreeMap;

use serde_json::Value;

/// What happens to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Operation {
    /// The object is new.
    #[default]
    Create,
    /// The object replaces an older one.
    Update,
    /// The object goes away; only the old object is set.
    Delete,
    /// A connection to the object, such as `exec`.
    Connect,
}

impl Operation {
    /// The word of the API: `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }
}

/// Group, version and kind of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionKind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version, such as `v1`.
    pub version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
}

/// Group, version and resource name (plural, lower case) of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionResource {
    /// API group; empty for the core group.
    pub group: String,
    /// API version, such as `v1`.
    pub version: String,
    /// Resource, such as `pods`.
    pub resource: String,
}

/// The names of an AdmissionRequest, where they are others than those that policies match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestNames {
    /// Kind of the object as it is sent: `Scale` for `deployments/scale`, whose parent policies match.
    pub kind: GroupVersionKind,
    /// Kind of the object as the client wrote it, before the API server converted it to a version that
    /// policies ask for.
    pub request_kind: GroupVersionKind,
    /// Resource that the client wrote to.
    pub request_resource: GroupVersionResource,
    /// Subresource that the client wrote to.
    pub request_subresource: String,
}

/// Who asks, with the roles that are bound to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestUser {
    /// Username, such as `system:serviceaccount:ns:name`.
    pub username: String,
    /// User id.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Extra fields of the authenticator.
    pub extra: BTreeMap<String, Vec<String>>,
    /// Roles as `namespace:name`.
    pub roles: Vec<String>,
    /// Cluster roles by name.
    pub cluster_roles: Vec<String>,
}

/// How JSON integers of the object are seen by patterns and expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberModel {
    /// Integers are integers, as the webhook sees them.
    #[default]
    Integers,
    /// Every number is a float64 and `elementIndex` is an int64, as Kyverno's offline commands
    /// have it (`--compat`).
    KyvernoOffline,
}

/// What the object of a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Payload {
    /// An object of Kubernetes.
    #[default]
    Resource,
    /// Any JSON.
    Json,
    /// A check request of Envoy, as JSON.
    Envoy,
    /// An HTTP request, as JSON.
    Http,
}

/// One request: what AdmissionReview has, and nothing of HTTP. The default has nothing in it.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// What the object is; only an object of Kubernetes has the kind, resource and namespace below.
    pub payload: Payload,
    /// Request id; empty offline.
    pub uid: &'a str,
    /// What happens to the object.
    pub operation: Operation,
    /// Kind of the object.
    pub kind: GroupVersionKind,
    /// Resource of the object.
    pub resource: GroupVersionResource,
    /// Subresource, such as `scale`; empty for the object itself.
    pub subresource: &'a str,
    /// The names of the AdmissionRequest; none where they are those above.
    pub names: Option<&'a RequestNames>,
    /// Name of the object; empty when the server is to generate it.
    pub name: &'a str,
    /// Namespace of the object; empty for a cluster-scoped one.
    pub namespace: &'a str,
    /// The object as it would be stored; none for DELETE.
    pub object: Option<&'a Value>,
    /// The object as it is stored; none for CREATE.
    pub old_object: Option<&'a Value>,
    /// Who asks; none where nobody does (a scan, or the command line without user info).
    pub user: Option<&'a RequestUser>,
    /// Labels of the object's namespace; none where they are not known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// The object's Namespace as a whole; none where no more than its labels is known.
    pub namespace_object: Option<&'a Value>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// Options of the operation, such as `CreateOptions`.
    pub options: Option<&'a Value>,
    /// How integers are seen.
    pub numbers: NumberModel,
}

impl<'a> Request<'a> {
    /// The object that rules match: the new one, or the old one on DELETE.
    #[must_use]
    pub fn subject(&self) -> Option<&'a Value> {
        self.object.or(self.old_object)
    }

    /// The object as mere JSON, as policies about JSON see it; nothing where a policy is bound to another
    /// namespace.
    #[must_use]
    pub fn as_json(&self, bounds: &str) -> Option<Request<'a>> {
        (bounds.is_empty() || bounds == self.namespace).then(|| Request {
            payload: Payload::Json,
            object: self.subject(),
            numbers: self.numbers,
            ..Request::default()
        })
    }

    /// The kind of the object as it is sent.
    #[must_use]
    pub fn sent_kind(&self) -> &GroupVersionKind {
        self.names.map_or(&self.kind, |names| &names.kind)
    }

    /// The kind of the object as the client wrote it.
    #[must_use]
    pub fn request_kind(&self) -> &GroupVersionKind {
        self.names.map_or(&self.kind, |names| &names.request_kind)
    }

    /// The resource that the client wrote to.
    #[must_use]
    pub fn request_resource(&self) -> &GroupVersionResource {
        let names = self.names;
        names.map_or(&self.resource, |names| &names.request_resource)
    }

    /// The subresource that the client wrote to.
    #[must_use]
    pub fn request_subresource(&self) -> &str {
        let names = self.names;
        names.map_or(self.subresource, |names| &names.request_subresource)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Request;

    /// A request without anything in it.
    pub(crate) fn empty<'a>() -> Request<'a> {
        Request::default()
    }
}
