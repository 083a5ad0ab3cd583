//! The environment of Kyverno's policies of `policies.kyverno.io`.

use std::sync::Arc;

use super::{AdmissionTypes, Builder, Environment, NAMESPACE, REQUEST};
use crate::{
    library::{ext, kubernetes, kyverno},
    types::{Type, TypeProvider},
    validators,
};

impl Environment {
    /// What Kyverno adds to the language for its policies that validate and mutate, without variables.
    /// The libraries `resource` and `generator` are added by the kind of policy, as they differ for
    /// policies of one namespace.
    #[must_use]
    pub fn kyverno() -> Builder {
        Environment::kyverno_images().libraries(&[&kyverno::OR_VALUE, &kyverno::X509])
    }

    /// The same for policies about images: `orValue` is for optionals only, and there are no
    /// certificates.
    #[must_use]
    pub fn kyverno_images() -> Builder {
        shared()
            .libraries(&[&ext::TWO_VARIABLES, &kyverno::USER])
            .validators(validators::LITERALS)
            .validators(&[ext::validate_format])
    }

    /// The same for policies that delete: no `user`, and no macros of two variables.
    #[must_use]
    pub fn kyverno_deletion() -> Builder {
        Environment::kyverno_generation().validators(validators::LITERALS)
    }

    /// The same for policies that generate, where lists and maps may mix types, too.
    #[must_use]
    pub fn kyverno_generation() -> Builder {
        shared()
            .libraries(&[&kyverno::OR_VALUE, &kyverno::X509])
            .validators(&[ext::validate_format])
    }
}

/// What every kind has.
fn shared() -> Builder {
    Environment::builder()
        .libraries(&[
            &kubernetes::URL,
            &kubernetes::LISTS,
            &kubernetes::REGEX,
            &kubernetes::QUANTITY,
            &kubernetes::IP,
            &kubernetes::CIDR,
            &kubernetes::FORMAT,
            &kubernetes::SEMVER,
            &kubernetes::AUTHORIZER,
            &ext::STRINGS,
            &ext::QUOTE,
            &ext::FORMAT,
            &ext::OPTIONAL,
            &ext::SETS,
            &ext::LISTS,
            &ext::MATH,
            &ext::ENCODERS,
            &ext::REGEX,
            &ext::BINDINGS,
            &kyverno::GLOBAL_CONTEXT,
            &kyverno::IMAGE,
            &kyverno::IMAGE_DATA,
            &kyverno::HASH,
            &kyverno::MATH,
            &kyverno::JSON,
            &kyverno::YAML,
            &kyverno::RANDOM,
            &kyverno::TIME,
            &kyverno::TRANSFORM,
            &kyverno::GZIP,
            &kyverno::HTTP,
        ])
        .types(Arc::new(PolicyTypes))
}

impl Builder {
    /// The variables of an admission request, as Kyverno's policies see them.
    #[must_use]
    pub fn admission(self) -> Builder {
        self.types(Arc::new(AdmissionTypes))
            .types(Arc::new(RequestObjects))
            .variable("object", Type::Dyn)
            .variable("oldObject", Type::Dyn)
            .variable("request", Type::message(REQUEST))
            .variable("namespaceObject", Type::message(NAMESPACE))
    }

    /// What exceptions allow, for the policies that go on with it.
    #[must_use]
    pub fn exceptions(self) -> Builder {
        self.variable("exceptions", Type::message(EXCEPTIONS))
    }
}

const EXCEPTIONS: &str = "libs.Exception";

/// What exceptions allow, and the parts of a service account's name.
#[derive(Debug)]
struct PolicyTypes;

impl TypeProvider for PolicyTypes {
    fn has_message(&self, name: &str) -> bool {
        matches!(name, EXCEPTIONS | kyverno::SERVICE_ACCOUNT)
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        match (message, field) {
            (EXCEPTIONS, "allowedImages" | "allowedValues") => Some(Type::list(Type::String)),
            (kyverno::SERVICE_ACCOUNT, "Name" | "Namespace") => Some(Type::String),
            _ => None,
        }
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let names: &[&str] = match message {
            EXCEPTIONS => &["allowedImages", "allowedValues"],
            kyverno::SERVICE_ACCOUNT => &["Name", "Namespace"],
            _ => &[],
        };
        names.iter().map(ToString::to_string).collect()
    }
}

/// `request.object` and `request.oldObject`, which `request` does not have in the API server.
#[derive(Clone, Copy, Debug)]
struct RequestObjects;

impl TypeProvider for RequestObjects {
    /// None can be built in an expression.
    fn has_message(&self, _: &str) -> bool {
        false
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let is_object = message == REQUEST && matches!(field, "object" | "oldObject");
        is_object.then_some(Type::Dyn)
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        match message {
            REQUEST => vec!["object".to_owned(), "oldObject".to_owned()],
            _ => Vec::new(),
        }
    }
}
