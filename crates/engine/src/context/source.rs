//! `ContextSource`: all that the engine may ask of the world.
//!
//! A source that has no answer says so, and the rule then is an error, never a pass. Each lookup
//! has four outcomes: found, not found, unavailable (nobody can be asked here), and failed.

use std::sync::OnceLock;

use portcullis_cel::host::{Listener, ResourceRef};
use portcullis_schema::{Catalogue, NEWEST, builtin};
use portcullis_values::image_ref::ImageInfo;
use serde_json::Value;

use super::image_verification::{ImageVerificationRequest, VerifyOutcome};
pub use super::registry_access::RegistryAccess;
use crate::generate::ObjectRef;

/// What came of a question to the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// The answer.
    Found(Value),
    /// The world was asked and has no such thing.
    NotFound,
    /// Nobody can be asked. A context entry then is as good as absent: Kyverno drops the entry,
    /// and its variable must come from a Values file.
    Unavailable,
    /// The world was asked and could not answer; the text says why.
    Failed(String),
}

/// The kinds of context entry that need the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// `configMap`.
    ConfigMap,
    /// `apiCall`, to the API server or to a service.
    ApiCall,
    /// `imageRegistry`.
    ImageRegistry,
    /// `globalReference`.
    GlobalReference,
}

/// One `apiCall`, with its variables in place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiCall {
    /// `GET` or `POST`.
    pub method: String,
    /// Path on the API server; empty when a service is called.
    pub url_path: String,
    /// The service that is called, if one is.
    pub service: Option<ServiceCall>,
    /// The body of a POST: the object of all `data` keys.
    pub body: Option<Value>,
}

/// A call to a service that is not the API server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceCall {
    /// Where to call.
    pub url: String,
    /// Headers, in the order of the policy.
    pub headers: Vec<(String, String)>,
    /// PEM bundle of the authorities that the service is trusted with; empty for the system's.
    pub ca_bundle: String,
}

/// One value of a Values file: a dotted path and what stands there.
pub type PathValue = (String, Value);

/// What a Values file says for one rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleValues {
    /// Paths that are set whenever the rule loads its context.
    pub values: Vec<PathValue>,
    /// Paths with one value for each element of a `foreach`.
    pub foreach_values: Vec<(String, Vec<Value>)>,
}

/// All that the engine may ask of the world. Every source has a clock and dice; whatever else it does
/// not answer is unavailable.
pub trait ContextSource {
    /// The structures of the kinds, by which apply configurations are merged.
    fn catalogue(&self) -> &Catalogue {
        static NEWEST_BUILT_IN: OnceLock<Catalogue> = OnceLock::new();
        NEWEST_BUILT_IN.get_or_init(|| builtin(NEWEST).unwrap_or_default())
    }

    /// Who wants to know what expressions in CEL read and give; nobody, unless it is said.
    fn listener(&self) -> Option<&dyn Listener> {
        None
    }

    /// Whether entries of this kind can be loaded here at all.
    fn loads(&self, kind: EntryKind) -> bool {
        let _ = kind;
        false
    }

    /// A ConfigMap as an object with `data` and `metadata`.
    fn config_map(&self, namespace: &str, name: &str) -> Lookup {
        let _ = (namespace, name);
        Lookup::Unavailable
    }

    /// The decoded answer of an API or service call.
    fn api_call(&self, call: &ApiCall) -> Lookup {
        let _ = call;
        Lookup::Unavailable
    }

    /// What an HTTP request of an expression answers: the fields of its body with `statusCode`, or
    /// `body` and `statusCode` where the body is no object. An answer of any status is one.
    fn http(&self, request: &ApiCall) -> Lookup {
        let _ = request;
        Lookup::Unavailable
    }

    /// Image data: `image`, `resolvedImage`, `registry`, `repository`, `identifier`,
    /// `manifestList`, `manifest`, `configData`.
    fn image(&self, reference: &str, access: &RegistryAccess) -> Lookup {
        let _ = (reference, access);
        Lookup::Unavailable
    }

    /// Whether an attestor signed an image, or a statement about it.
    fn verify(&self, what: &ImageVerificationRequest<'_>) -> VerifyOutcome {
        let _ = what;
        VerifyOutcome::Unavailable
    }

    /// The digest that an image's tag stands for, as text.
    fn image_digest(&self, image: &ImageInfo, access: &RegistryAccess) -> Lookup {
        let _ = (image, access);
        Lookup::Unavailable
    }

    /// A global context entry, or one of its projections.
    fn global(&self, entry: &str, projection: Option<&str>) -> Lookup {
        let _ = (entry, projection);
        Lookup::Unavailable
    }

    /// Every object of a kind, as a list; API version and kind may have wildcards.
    fn matching_objects(&self, api_version: &str, kind: &str) -> Lookup {
        let _ = (api_version, kind);
        Lookup::Unavailable
    }

    /// Whether any policy has injected values; without them the rule index is used.
    fn has_policy_values(&self) -> bool {
        false
    }

    /// Values that are injected before a policy looks at an object, lowest precedence first.
    /// `request.operation` changes the operation, `request.object.*` the object.
    fn policy_values(&self, policy: &str, kind: &str, name: &str) -> &[PathValue] {
        let _ = (policy, kind, name);
        &[]
    }

    /// Values that are injected when a rule loads its context. An autogen rule asks with its
    /// derived name.
    fn rule_values(&self, policy: &str, rule: &str) -> Option<&RuleValues> {
        let _ = (policy, rule);
        None
    }

    /// An object that exists.
    fn object(&self, of: &ObjectRef) -> Lookup {
        let _ = of;
        Lookup::Unavailable
    }

    /// The list of all objects of a kind in a namespace; the empty namespace is for cluster-scoped
    /// kinds.
    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Lookup {
        let _ = (api_version, kind, namespace);
        Lookup::Unavailable
    }

    /// What a registry says of an image, as expressions read it: `manifest`, `config` and others.
    fn image_metadata(&self, reference: &str) -> Lookup {
        let _ = reference;
        Lookup::Unavailable
    }

    /// An object that exists, by its resource.
    fn resource(&self, at: &ResourceRef<'_>) -> Lookup {
        let _ = at;
        Lookup::Unavailable
    }

    /// A list object with all objects of a resource; the empty namespace is for all namespaces.
    fn resources(&self, at: &ResourceRef<'_>) -> Lookup {
        let _ = at;
        Lookup::Unavailable
    }

    /// The resource of a kind, as text.
    fn resource_of_kind(&self, api_version: &str, kind: &str) -> Lookup {
        let _ = (api_version, kind);
        Lookup::Unavailable
    }

    /// Nanoseconds since 1970-01-01 UTC.
    fn now(&self) -> i128;

    /// Sixty-four random bits.
    fn random(&self) -> u64;

    /// The addresses of a host name as a list of text.
    fn resolve_host(&self, name: &str) -> Lookup {
        let _ = name;
        Lookup::Unavailable
    }
}

/// A source that answers nothing: every lookup is unavailable, the clock stands at 1970 and the
/// dice always show zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSource;

impl ContextSource for NoSource {
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}
