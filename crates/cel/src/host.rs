//! `Host`: the few things that functions need of the world.

use std::{fmt, net::IpAddr};

use serde_json::Value as Json;

use crate::{error::Evaluated, value::Timestamp};

/// What functions ask of the world. Every answer is JSON that lives as long as it is used: functions
/// turn it into values. An error's text becomes the error of the call.
pub trait Host: fmt::Debug {
    /// The time (`time.now`).
    fn now(&self) -> Timestamp;

    /// A random number (`random`).
    fn random(&self) -> u64;

    /// An object of the cluster, nothing if it does not exist (`resource.get`). `resource` may name
    /// a subresource: `pods/status`.
    fn get(&self, at: &ResourceRef<'_>) -> Result<Option<Json>, String>;

    /// A list object with its `items` (`resource.list`).
    fn list(&self, at: &ResourceRef<'_>, labels: &[(String, String)]) -> Result<Json, String>;

    /// What creating an object gives (`resource.post`), which is never stored by a dry run.
    fn post(&self, at: &ResourceRef<'_>, object: &Json) -> Result<Json, String>;

    /// The plural of a kind, and its group and version (`resource.toGVR`): group, version, resource.
    fn resource_of(&self, api_version: &str, kind: &str) -> Result<[String; 3], String>;

    /// What an HTTP request answers: the decoded body with its `statusCode` (`http.get`, `http.post`).
    fn http(&self, request: &HttpRequest<'_>) -> Result<Json, String>;

    /// A global context entry, nothing if there is none (`globalContext.get`).
    fn global(&self, name: &str, projection: Option<&str>) -> Result<Option<Json>, String>;

    /// What a registry says of an image (`image.getMetadata`).
    fn image_metadata(&self, image: &str) -> Result<Json, String>;

    /// Who wants to know what evaluations read and give; nobody, unless it is said.
    fn listener(&self) -> Option<&dyn Listener> {
        None
    }

    /// Makes objects in a namespace (`generator.apply`).
    fn generate(&self, namespace: Option<&str>, objects: &[Json]) -> Result<bool, String>;

    /// The addresses of a host name.
    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String>;

    /// Whether the request's user may do something (`authorizer`): the attributes of the question as
    /// a SubjectAccessReview's spec has them; the answer is allowed and reason.
    fn authorize(&self, attributes: &Json) -> Result<(bool, String), String>;

    /// Whether an attestor of the policy signed an image, or a statement about it
    /// (`verifyImageSignatures`, `verifyAttestationSignatures`).
    fn verify_image(
        &self,
        image: &str,
        attestor: &str,
        attestation: Option<&str>,
    ) -> Result<bool, String> {
        let _ = (attestor, attestation);
        Err(format!(
            "the signatures of `{image}` cannot be verified here"
        ))
    }

    /// What a statement about an image says, whose signature is verified (`extractPayload`).
    fn image_payload(&self, image: &str, attestation: &str) -> Result<Json, String> {
        let _ = attestation;
        Err(format!("no statement about `{image}` is verified"))
    }
}

/// Where objects of the cluster are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceRef<'h> {
    /// `v1`, `apps/v1`
    pub api_version: &'h str,
    /// The plural, perhaps with a subresource.
    pub resource: &'h str,
    /// The namespace; empty for cluster-scoped resources and for lists over all namespaces.
    pub namespace: &'h str,
    /// The name; empty where there is none.
    pub name: &'h str,
}

/// An HTTP request of an expression.
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'h> {
    /// `GET` or `POST`
    pub method: &'h str,
    /// The URL as it was written.
    pub url: &'h str,
    /// Names and values of headers.
    pub headers: &'h [(String, String)],
    /// The JSON body.
    pub body: Option<&'h Json>,
    /// The certificates to trust, as PEM.
    pub ca_bundle: Option<&'h str>,
}

/// Somebody who wants to know what evaluations read and give.
pub trait Listener: fmt::Debug {
    /// An expression is evaluated from here on; others may be inside of it, as variables are.
    fn began(&self, place: &str);

    /// The expression inside of all others has read something: a variable, or a field such as
    /// `object.spec.replicas`.
    fn read(&self, path: &str, value: &Evaluated<'_>);

    /// The expression inside of all others has been evaluated.
    fn ended(&self, value: &Evaluated<'_>);
}

/// A host without a world: time stands at its start, and everything else is an error.
#[derive(Clone, Copy, Debug)]
pub struct Offline;

impl Offline {
    fn refuse<T>(what: &str) -> Result<T, String> {
        Err(format!("{what} is not available offline"))
    }
}

impl Host for Offline {
    fn now(&self) -> Timestamp {
        Timestamp {
            seconds: 0,
            nanos: 0,
        }
    }

    fn random(&self) -> u64 {
        0
    }

    fn get(&self, at: &ResourceRef<'_>) -> Result<Option<Json>, String> {
        Offline::refuse(at.resource)
    }

    fn list(&self, at: &ResourceRef<'_>, _labels: &[(String, String)]) -> Result<Json, String> {
        Offline::refuse(at.resource)
    }

    fn post(&self, at: &ResourceRef<'_>, _object: &Json) -> Result<Json, String> {
        Offline::refuse(at.resource)
    }

    fn resource_of(&self, _api_version: &str, kind: &str) -> Result<[String; 3], String> {
        Offline::refuse(kind)
    }

    fn http(&self, request: &HttpRequest<'_>) -> Result<Json, String> {
        Offline::refuse(request.url)
    }

    fn global(&self, name: &str, _projection: Option<&str>) -> Result<Option<Json>, String> {
        Offline::refuse(name)
    }

    fn image_metadata(&self, image: &str) -> Result<Json, String> {
        Offline::refuse(image)
    }

    fn generate(&self, _namespace: Option<&str>, _objects: &[Json]) -> Result<bool, String> {
        Offline::refuse("generator.apply")
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        Offline::refuse(name)
    }

    fn authorize(&self, _attributes: &Json) -> Result<(bool, String), String> {
        Offline::refuse("authorizer")
    }
}
