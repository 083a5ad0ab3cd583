//! What functions ask of the world, answered by the engine's source.

use std::{cell::RefCell, fmt, net::IpAddr};

use portcullis_cel::{
    host::{Host, HttpRequest, Listener, ResourceRef},
    value::Timestamp,
};
use serde_json::{Value, json};

use crate::context::source::{ApiCall, ContextSource, Lookup, ServiceCall};
use crate::context::url_path;
use crate::request::RequestUser;

/// What expressions ask about the signatures of images.
pub trait ImageQuestions {
    /// Whether an attestor signed an image, or a statement about it; names are those of the policy.
    ///
    /// # Errors
    /// Why that cannot be found out.
    fn verify(
        &self,
        image: &str,
        attestor: &str,
        attestation: Option<&str>,
    ) -> Result<bool, String>;

    /// What a statement says whose signature is verified.
    ///
    /// # Errors
    /// None is.
    fn payload(&self, image: &str, attestation: &str) -> Result<Value, String>;
}

/// The world of one policy's evaluation.
pub struct SourceHost<'s> {
    source: &'s dyn ContextSource,
    images: Option<&'s dyn ImageQuestions>,
    generated: RefCell<Vec<Value>>,
    namespace: String,
    user: Option<&'s RequestUser>,
}

/// Fields of `metadata` that belong to one object of a cluster.
const OF_THE_CLUSTER: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

impl<'s> SourceHost<'s> {
    /// The world that a source knows.
    #[must_use]
    pub fn new(source: &'s dyn ContextSource) -> SourceHost<'s> {
        SourceHost {
            source,
            images: None,
            generated: RefCell::default(),
            namespace: String::new(),
            user: None,
        }
    }

    /// The world as the user of a request may ask what that user may do.
    #[must_use]
    pub fn of_user(mut self, user: Option<&'s RequestUser>) -> SourceHost<'s> {
        self.user = user;
        self
    }

    /// The world as a policy of one namespace sees it; the empty namespace is for all.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> SourceHost<'s> {
        namespace.clone_into(&mut self.namespace);
        self
    }

    /// The world with somebody who can be asked about signatures.
    #[must_use]
    pub fn verifying(mut self, images: &'s dyn ImageQuestions) -> SourceHost<'s> {
        self.images = Some(images);
        self
    }

    fn pinned<'h>(&'h self, at: &ResourceRef<'h>) -> ResourceRef<'h> {
        match self.namespace.as_str() {
            "" => *at,
            namespace => ResourceRef { namespace, ..*at },
        }
    }

    /// What is said of something that a policy of one namespace may not reach.
    fn outside(&self, what: &str) -> String {
        let namespace = &self.namespace;
        format!("{what} is outside of the policy's namespace `{namespace}`")
    }

    /// An object as it is made: in a namespace, and without what only the cluster says of the object
    /// that it was copied from.
    fn made(&self, object: &Value, namespace: Option<&str>) -> Result<Value, String> {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let (Some(version), Some(kind)) = (version, kind) else {
            let problem = match object.is_null() {
                true => "there is nothing to generate; the object that is copied does not exist",
                false => "an object to generate has no apiVersion or no kind",
            };
            return Err(problem.to_owned());
        };
        let known = self.source.catalogue().find(version, kind);
        let is_cluster_scoped = known.is_some_and(|kind| !kind.namespaced);
        let bounds = Some(self.namespace.as_str()).filter(|bounds| !bounds.is_empty());
        if is_cluster_scoped && bounds.is_some() {
            return Err(format!(
                "{kind} has no namespace, and a policy of one namespace cannot generate it"
            ));
        }
        let own = text("/metadata/namespace").unwrap_or_default();
        let target = bounds.or(namespace).unwrap_or(own).to_owned();
        let is_copied_across = !own.is_empty() && own != target;
        let mut made = object.clone();
        let Some(metadata) = made.get_mut("metadata").and_then(Value::as_object_mut) else {
            return Err(format!("{kind} to generate has no metadata"));
        };
        OF_THE_CLUSTER.iter().for_each(|field| {
            metadata.remove(*field);
        });
        if is_copied_across {
            metadata.remove("ownerReferences");
        }
        match is_cluster_scoped || target.is_empty() {
            true => metadata.remove("namespace"),
            false => metadata.insert("namespace".to_owned(), target.into()),
        };
        Ok(made)
    }

    /// The objects that expressions made.
    #[must_use]
    pub fn into_generated(self) -> Vec<Value> {
        self.generated.into_inner()
    }
}

impl fmt::Debug for SourceHost<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SourceHost")
    }
}

/// What was found; an error where nobody can be asked.
fn found(lookup: Lookup, what: &str) -> Result<Option<Value>, String> {
    match lookup {
        Lookup::Found(value) => Ok(Some(value)),
        Lookup::NotFound => Ok(None),
        Lookup::Unavailable => Err(format!("{what} cannot be looked up here")),
        Lookup::Failed(reason) => Err(reason),
    }
}

/// A resource with its group, as `deployments.apps`.
fn resource_name(at: &ResourceRef<'_>) -> String {
    match at.api_version.split_once('/') {
        Some((group, _)) => format!("{}.{group}", at.resource),
        None => at.resource.to_owned(),
    }
}

impl Host for SourceHost<'_> {
    fn listener(&self) -> Option<&dyn Listener> {
        self.source.listener()
    }

    fn now(&self) -> Timestamp {
        const SECOND: i128 = 1_000_000_000;
        let now = self.source.now();
        Timestamp {
            seconds: i64::try_from(now.div_euclid(SECOND)).unwrap_or_default(),
            nanos: u32::try_from(now.rem_euclid(SECOND)).unwrap_or_default(),
        }
    }

    fn random(&self) -> u64 {
        self.source.random()
    }

    fn get(&self, at: &ResourceRef<'_>) -> Result<Option<Value>, String> {
        found(self.source.resource(&self.pinned(at)), at.resource)
    }

    fn list(&self, at: &ResourceRef<'_>, labels: &[(String, String)]) -> Result<Value, String> {
        let list = found(self.source.resources(&self.pinned(at)), at.resource)?;
        // An empty list would read as if all were well.
        let mut list = list.ok_or_else(|| format!("{} resource not found", resource_name(at)))?;
        if let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) {
            items.retain(|item| {
                labels.iter().all(|(key, value)| {
                    let labels = item.get("metadata").and_then(|data| data.get("labels"));
                    let label = labels.and_then(|labels| labels.get(key));
                    label.and_then(Value::as_str) == Some(value)
                })
            });
        }
        Ok(list)
    }

    fn post(&self, at: &ResourceRef<'_>, object: &Value) -> Result<Value, String> {
        let at = self.pinned(at);
        let base = match at.api_version {
            "v1" => "/api/v1".to_owned(),
            other => format!("/apis/{other}"),
        };
        let namespace = match at.namespace {
            "" => String::new(),
            namespace => format!("/namespaces/{namespace}"),
        };
        let url_path = format!("{base}{namespace}/{}", at.resource);
        if !self.namespace.is_empty() && !url_path::is_within(&url_path, &self.namespace) {
            return Err(self.outside(&format!("path `{url_path}`")));
        }
        let call = ApiCall {
            method: "POST".to_owned(),
            url_path,
            service: None,
            body: Some(object.clone()),
        };
        let answer = found(self.source.api_call(&call), at.resource)?;
        answer.ok_or_else(|| format!("{} does not exist", call.url_path))
    }

    fn resource_of(&self, api_version: &str, kind: &str) -> Result<[String; 3], String> {
        let resource = found(self.source.resource_of_kind(api_version, kind), kind)?;
        let resource = resource.as_ref().and_then(Value::as_str);
        let resource = resource.ok_or_else(|| format!("no kind `{kind}` in `{api_version}`"))?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Ok([group, version, resource].map(str::to_owned))
    }

    fn http(&self, request: &HttpRequest<'_>) -> Result<Value, String> {
        if !self.namespace.is_empty() {
            return Err(self.outside(&format!("service `{}`", request.url)));
        }
        let call = ApiCall {
            method: request.method.to_owned(),
            url_path: String::new(),
            service: Some(ServiceCall {
                url: request.url.to_owned(),
                headers: request.headers.to_vec(),
                ca_bundle: request.ca_bundle.unwrap_or_default().to_owned(),
            }),
            body: request.body.cloned(),
        };
        Ok(found(self.source.http(&call), request.url)?.unwrap_or_default())
    }

    fn global(&self, name: &str, projection: Option<&str>) -> Result<Option<Value>, String> {
        match self.source.global(name, projection) {
            Lookup::Unavailable => Ok(None),
            lookup => found(lookup, name),
        }
    }

    fn image_metadata(&self, image: &str) -> Result<Value, String> {
        let data = found(self.source.image_metadata(image), image)?;
        data.ok_or_else(|| format!("image `{image}` does not exist"))
    }

    fn generate(&self, namespace: Option<&str>, objects: &[Value]) -> Result<bool, String> {
        let mut made = Vec::new();
        for object in objects {
            let items = object.get("items").and_then(Value::as_array);
            for item in items.map_or(std::slice::from_ref(object), Vec::as_slice) {
                made.push(self.made(item, namespace)?);
            }
        }
        self.generated.borrow_mut().extend(made);
        Ok(true)
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let addresses = found(self.source.resolve_host(name), name)?.unwrap_or_default();
        let addresses = addresses.as_array().into_iter().flatten();
        let addresses = addresses.filter_map(|one| one.as_str()?.parse().ok());
        Ok(addresses.collect())
    }

    fn verify_image(
        &self,
        image: &str,
        attestor: &str,
        attestation: Option<&str>,
    ) -> Result<bool, String> {
        let images = self.images.ok_or("signatures are not verified here")?;
        images.verify(image, attestor, attestation)
    }

    fn image_payload(&self, image: &str, attestation: &str) -> Result<Value, String> {
        let images = self.images.ok_or("signatures are not verified here")?;
        images.payload(image, attestation)
    }

    fn authorize(&self, question: &Value) -> Result<(bool, String), String> {
        let mut question = question.clone();
        if let (Some(spec), Some(user)) = (question.as_object_mut(), self.user)
            && !spec.contains_key("user")
        {
            spec.insert("user".to_owned(), json!(user.username));
            spec.insert("uid".to_owned(), json!(user.uid));
            spec.insert("groups".to_owned(), json!(user.groups));
            spec.insert("extra".to_owned(), json!(user.extra));
        }
        let call = ApiCall {
            method: "POST".to_owned(),
            url_path: "/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned(),
            service: None,
            body: Some(json!({
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": question,
            })),
        };
        let review = match self.source.api_call(&call) {
            Lookup::Found(review) => review,
            Lookup::Failed(reason) => return Err(reason),
            Lookup::NotFound | Lookup::Unavailable => {
                return Err("nobody can be asked here who may do what".to_owned());
            }
        };
        let said = |field: &str| review.pointer(&format!("/status/{field}"));
        let text = |field| said(field).and_then(Value::as_str).unwrap_or_default();
        match text("evaluationError") {
            "" => {
                let allowed = said("allowed").and_then(Value::as_bool);
                Ok((allowed.unwrap_or_default(), text("reason").to_owned()))
            }
            error => Err(error.to_owned()),
        }
    }
}
