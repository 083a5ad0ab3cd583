//! The environment of Kyverno's policies of `policies.kyverno.io`.

use std::sync::Arc;

use super::{AdmissionTypes, Builder, Environment, NAMESPACE, REQUEST};
use crate::{
    library::{ext, kubernetes},
    types::{Type, TypeProvider},
    validators,
};

impl Environment {
    /// What Kyverno adds to the language for all of its policies, without variables.
    #[must_use]
    pub fn kyverno() -> Builder {
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
                &ext::TWO_VARIABLES,
            ])
            .validators(validators::LITERALS)
            .validators(&[ext::validate_format])
    }
}

impl Builder {
    /// The variables of an admission request, as Kyverno's policies see them.
    #[must_use]
    pub fn admission(self) -> Builder {
        self.types(Arc::new(AdmissionTypes))
            .types(Arc::new(PolicyTypes))
            .variable("object", Type::Dyn)
            .variable("oldObject", Type::Dyn)
            .variable("request", Type::message(REQUEST))
            .variable("namespaceObject", Type::message(NAMESPACE))
            .variable("exceptions", Type::message(EXCEPTIONS))
    }
}

const EXCEPTIONS: &str = "libs.Exception";

/// What exceptions allow.
#[derive(Debug)]
struct PolicyTypes;

impl TypeProvider for PolicyTypes {
    fn has_message(&self, name: &str) -> bool {
        name == EXCEPTIONS
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let known = self.field_names(message).iter().any(|name| name == field);
        known.then(|| Type::list(Type::String))
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let names = ["allowedImages", "allowedValues"];
        let known = names.into_iter().filter(|_| message == EXCEPTIONS);
        known.map(ToOwned::to_owned).collect()
    }
}
