//! AdmissionReview in: what the API server asks.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_engine::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Payload, Request, RequestNames,
    RequestUser,
};
use serde::Deserialize;
use serde_json::Value;

use crate::world::{Namespace, World};

/// The one version that is answered.
const API_VERSION: &str = "admission.k8s.io/v1";

/// Why a body is no request.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It is not JSON, or not of the form of an AdmissionReview.
    #[error("the body is not an AdmissionReview: {0}")]
    Form(#[from] serde_json::Error),
    /// It is something else.
    #[error(
        "the body is `{kind}` of `{api_version}`; send an AdmissionReview of `admission.k8s.io/v1`"
    )]
    Kind {
        /// The kind that was found.
        kind: String,
        /// The API version that was found.
        api_version: String,
    },
    /// It asks nothing.
    #[error("the AdmissionReview has no `request`")]
    NoRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<Box<Review>>,
}

/// What the API server asks: one operation on one object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// The id that the answer repeats.
    pub uid: String,
    kind: WireKind,
    resource: WireResource,
    #[serde(default)]
    sub_resource: String,
    request_kind: Option<WireKind>,
    request_resource: Option<WireResource>,
    request_sub_resource: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    operation: WireOperation,
    #[serde(default)]
    user_info: UserInfo,
    object: Option<Value>,
    old_object: Option<Value>,
    dry_run: Option<bool>,
    options: Option<Value>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum WireOperation {
    Create,
    Update,
    Delete,
    Connect,
}

#[derive(Debug, Deserialize)]
struct WireKind {
    #[serde(default)]
    group: String,
    version: String,
    kind: String,
}

#[derive(Debug, Deserialize)]
struct WireResource {
    #[serde(default)]
    group: String,
    version: String,
    resource: String,
}

impl WireKind {
    fn name(&self) -> GroupVersionKind {
        GroupVersionKind {
            group: self.group.clone(),
            version: self.version.clone(),
            kind: self.kind.clone(),
        }
    }
}

impl WireResource {
    fn name(&self) -> GroupVersionResource {
        GroupVersionResource {
            group: self.group.clone(),
            version: self.version.clone(),
            resource: self.resource.clone(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct UserInfo {
    #[serde(default)]
    username: String,
    #[serde(default)]
    uid: String,
    groups: Option<Vec<String>>,
    extra: Option<BTreeMap<String, Vec<String>>>,
}

/// What a request borrows beside the review.
#[derive(Debug, Default)]
pub struct Surroundings {
    user: RequestUser,
    kind: GroupVersionKind,
    names: RequestNames,
    namespace: Option<Arc<Namespace>>,
    numbers: NumberModel,
}

impl Review {
    /// Reads a body.
    ///
    /// # Errors
    /// Where it is no AdmissionReview of v1 with a request.
    pub fn read(body: &[u8]) -> Result<Box<Review>, ReviewError> {
        let wire: Wire = match str::from_utf8(body) {
            // Text that is known to be valid is read without checking each string.
            Ok(text) => serde_json::from_str(text)?,
            Err(_) => serde_json::from_slice(body)?,
        };
        if wire.kind != "AdmissionReview" || wire.api_version != API_VERSION {
            return Err(ReviewError::Kind {
                kind: wire.kind,
                api_version: wire.api_version,
            });
        }
        wire.request.ok_or(ReviewError::NoRequest)
    }

    /// What the world knows of the request: roles, the namespace, and the kind of the resource.
    #[must_use]
    pub fn surroundings(&self, world: &dyn World) -> Surroundings {
        let mut user = RequestUser {
            username: self.user_info.username.clone(),
            uid: self.user_info.uid.clone(),
            groups: self.user_info.groups.clone().unwrap_or_default(),
            extra: self.user_info.extra.clone().unwrap_or_default(),
            ..RequestUser::default()
        };
        world.add_roles(&mut user);
        let is_namespace = self.kind.kind == "Namespace" && self.kind.group.is_empty();
        let named = if is_namespace {
            &self.name
        } else {
            &self.namespace
        };
        Surroundings {
            user,
            kind: self.kind(world),
            names: self.names(),
            namespace: match named.as_str() {
                "" => None,
                named => world.namespace(named),
            },
            numbers: world.numbers(),
        }
    }

    /// The kind that rules match: of the resource, also where a subresource has one of its own, as
    /// `scale` and `exec` have.
    fn kind(&self, world: &dyn World) -> GroupVersionKind {
        let resource = &self.resource;
        let parent = (!self.sub_resource.is_empty())
            .then(|| world.kind_of(&resource.group, &resource.version, &resource.resource));
        match parent.flatten() {
            Some(kind) => GroupVersionKind {
                group: resource.group.clone(),
                version: resource.version.clone(),
                kind,
            },
            None => self.kind.name(),
        }
    }

    /// The names that the client used are those of the request where nothing else is said.
    fn names(&self) -> RequestNames {
        let kind = self.request_kind.as_ref().unwrap_or(&self.kind);
        let resource = self.request_resource.as_ref().unwrap_or(&self.resource);
        let subresource = self.request_sub_resource.as_ref();
        RequestNames {
            kind: self.kind.name(),
            request_kind: kind.name(),
            request_resource: resource.name(),
            request_subresource: match &self.request_resource {
                Some(_) => subresource.cloned().unwrap_or_default(),
                None => self.sub_resource.clone(),
            },
        }
    }

    /// The request as policies see it.
    #[must_use]
    pub fn request<'r>(&'r self, surroundings: &'r Surroundings) -> Request<'r> {
        let is_deletion = matches!(self.operation, WireOperation::Delete);
        Request {
            uid: &self.uid,
            operation: self.operation(),
            kind: surroundings.kind.clone(),
            resource: self.resource(),
            subresource: &self.sub_resource,
            names: Some(&surroundings.names),
            name: &self.name,
            namespace: &self.namespace,
            object: self.object.as_ref().filter(|_| !is_deletion),
            old_object: self.old_object.as_ref(),
            user: Some(&surroundings.user),
            namespace_labels: surroundings.namespace.as_ref().map(|known| &known.labels),
            namespace_object: surroundings
                .namespace
                .as_ref()
                .and_then(|known| known.object.as_ref()),
            dry_run: self.dry_run.unwrap_or(false),
            options: self.options.as_ref(),
            numbers: surroundings.numbers,
            payload: Payload::Resource,
        }
    }

    /// The object that is created or changed, if there is one.
    #[must_use]
    pub fn object(&self) -> Option<&Value> {
        self.object.as_ref()
    }

    /// The object as it was, if there was one.
    #[must_use]
    pub fn old_object(&self) -> Option<&Value> {
        self.old_object.as_ref()
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self.operation {
            WireOperation::Create => Operation::Create,
            WireOperation::Update => Operation::Update,
            WireOperation::Delete => Operation::Delete,
            WireOperation::Connect => Operation::Connect,
        }
    }

    /// The kind that the request names.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        &self.kind.kind
    }

    /// The resource that the request is about.
    #[must_use]
    pub fn resource(&self) -> GroupVersionResource {
        self.resource.name()
    }

    /// The subresource that the request is about; empty for the object itself.
    #[must_use]
    pub fn subresource(&self) -> &str {
        &self.sub_resource
    }

    /// The resource that the request names.
    #[must_use]
    pub fn resource_name(&self) -> &str {
        &self.resource.resource
    }

    /// The namespace that the request names; empty for a cluster-scoped object.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name that the request names; empty where the server is to make one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing will be stored.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run.unwrap_or(false)
    }
}
