//! Environments: which variables, types, functions and macros an expression may use.

mod admission;
mod kyverno;
mod mutation;
mod versions;

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashMap;

use crate::{
    declaration::{OverloadDecl, type_of},
    function::Library,
    library::standard,
    syntax::{self, macros::Macro},
    types::{Type, TypeProvider},
    validators::Validator,
    well_known,
};

pub use admission::{AdmissionTypes, NAMESPACE, REQUEST};
pub use mutation::{JSON_PATCH, MutationTypes, OBJECT};
pub use versions::KubernetesVersion;

/// What expressions may use. It is cheap to clone, and never changes.
#[derive(Clone, Debug)]
pub struct Environment(Arc<Parts>);

#[derive(Clone, Debug, Default)]
struct Parts {
    variables: BTreeMap<Arc<str>, Type>,
    /// The variables that stand for a library: they need no value.
    handles: BTreeMap<Arc<str>, Type>,
    functions: FxHashMap<Arc<str>, Arc<[OverloadDecl]>>,
    macros: Vec<Macro>,
    /// The names of the libraries' own types.
    types: std::collections::BTreeSet<Arc<str>>,
    providers: Vec<Arc<dyn TypeProvider>>,
    container: String,
    validators: Vec<Validator>,
    libraries: Vec<&'static Library>,
}

/// What the libraries' types begin with that Go does not declare as names.
const UNNAMED: &[&str] = &["kubernetes.", "kyverno.", "schema."];

/// An environment on its way.
#[derive(Clone, Debug)]
pub struct Builder(Parts);

impl Environment {
    /// An environment with the language's own functions and macros.
    #[must_use]
    pub fn builder() -> Builder {
        Builder(Parts {
            macros: syntax::macros::STANDARD.to_vec(),
            ..Parts::default()
        })
        .libraries(standard::ALL)
    }

    /// An environment that has more than this one.
    #[must_use]
    pub fn extend(&self) -> Builder {
        Builder((*self.0).clone())
    }

    /// Adds a variable to this environment, and not to those that it was cloned from.
    pub fn declare(&mut self, name: &str, of: Type) {
        Arc::make_mut(&mut self.0).variables.insert(name.into(), of);
    }

    /// The type of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Type> {
        self.0.variables.get(name)
    }

    /// The overloads of a function, members and global ones.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&[OverloadDecl]> {
        self.0.functions.get(name).map(|overloads| &**overloads)
    }

    /// Every function with its overloads, in no order.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &[OverloadDecl])> {
        self.0
            .functions
            .iter()
            .map(|(name, overloads)| (&**name, &**overloads))
    }

    /// The names of the variables.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.0.variables.keys().map(|name| &**name)
    }

    /// The libraries in the order in which they were added.
    pub fn libraries(&self) -> impl Iterator<Item = &'static Library> {
        self.0.libraries.iter().copied()
    }

    /// The names that are tried for a name, the most specific first. `.name` is only itself.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_prefix('.') {
            return vec![absolute.to_owned()];
        }
        let mut names = Vec::new();
        let mut container = self.0.container.as_str();
        while !container.is_empty() {
            names.push(format!("{container}.{name}"));
            container = container.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        names.push(name.to_owned());
        names
    }

    pub(crate) fn macros(&self) -> &[Macro] {
        &self.0.macros
    }

    pub(crate) fn validators(&self) -> &[Validator] {
        &self.0.validators
    }

    /// The type of a variable that stands for a library.
    pub(crate) fn handle(&self, name: &str) -> Option<&Type> {
        self.0.handles.get(name)
    }

    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.0.types.contains(name)
    }

    /// Whether the name of a type is a value when a program runs: Go knows some only to check.
    pub(crate) fn is_value(&self, type_name: &str) -> bool {
        let is_undescribed = UNNAMED.iter().any(|prefix| type_name.starts_with(prefix));
        !is_undescribed && well_known::type_of(type_name).is_none()
    }

    pub(crate) fn container(&self) -> &str {
        &self.0.container
    }

    pub(crate) fn provider_of(&self, message: &str) -> Option<&dyn TypeProvider> {
        let found = self.0.providers.iter();
        found
            .map(|provider| &**provider)
            .find(|provider| provider.has_message(message))
    }

    /// The type of a message's field.
    pub(crate) fn field(&self, message: &str, field: &str) -> Option<Type> {
        let mut providers = self.0.providers.iter();
        providers.find_map(|provider| provider.field(message, field))
    }

    /// The names of a message's fields.
    pub(crate) fn field_names(&self, message: &str) -> Vec<String> {
        let providers = self.0.providers.iter();
        providers
            .flat_map(|provider| provider.field_names(message))
            .collect()
    }
}

impl Builder {
    /// A variable. A name may have dots.
    #[must_use]
    pub fn variable(mut self, name: &str, of: Type) -> Builder {
        self.0.variables.insert(name.into(), of);
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn without_variable(mut self, name: &str) -> Builder {
        self.0.variables.remove(name);
        self
    }

    /// A library with its functions, macros and variables.
    #[must_use]
    pub fn library(self, library: &'static Library) -> Builder {
        self.libraries(&[library])
    }

    /// Several libraries.
    #[must_use]
    pub fn libraries(mut self, libraries: &[&'static Library]) -> Builder {
        let mut added: FxHashMap<Arc<str>, Vec<OverloadDecl>> = FxHashMap::default();
        self.0.libraries.extend_from_slice(libraries);
        for library in libraries {
            self.0.macros.extend_from_slice(library.macros);
            for (name, written) in library.variables {
                let of = type_of(written).unwrap_or(Type::Dyn);
                self.0.handles.insert((*name).into(), of.clone());
                self.0.variables.insert((*name).into(), of);
            }
            for decl in library.overloads.iter().filter_map(OverloadDecl::read) {
                for of in decl.parameters.iter().chain([&decl.result]) {
                    if let Type::Opaque(name, inner) = of
                        && inner.is_empty()
                        && !UNNAMED.iter().any(|prefix| name.starts_with(prefix))
                    {
                        self.0.types.insert(name.clone());
                    }
                }
                let known = added.entry(decl.name.clone()).or_insert_with(|| {
                    let known = self.0.functions.get(&decl.name);
                    known.map_or_else(Vec::new, |known| known.to_vec())
                });
                // A library that comes later may say an overload anew.
                known.retain(|other| other.overload.id != decl.overload.id);
                known.push(decl);
            }
        }
        let added = added.into_iter().map(|(name, known)| (name, known.into()));
        self.0.functions.extend(added);
        self
    }

    /// Where the fields of messages are known from.
    #[must_use]
    pub fn types(mut self, provider: Arc<dyn TypeProvider>) -> Builder {
        self.0.providers.push(provider);
        self
    }

    /// Types in the place of those that know a message.
    #[must_use]
    pub fn types_instead(mut self, message: &str, provider: Arc<dyn TypeProvider>) -> Builder {
        self.0.providers.retain(|known| !known.has_message(message));
        self.types(provider)
    }

    /// The namespace in which names are looked up first.
    #[must_use]
    pub fn container(mut self, name: &str) -> Builder {
        name.clone_into(&mut self.0.container);
        self
    }

    /// Without anything that is looked at after types are known.
    #[must_use]
    pub fn without_validators(mut self) -> Builder {
        self.0.validators.clear();
        self
    }

    /// What is looked at after types are known.
    #[must_use]
    pub fn validators(mut self, validators: &[Validator]) -> Builder {
        self.0.validators.extend_from_slice(validators);
        self
    }

    /// The environment.
    #[must_use]
    pub fn build(self) -> Environment {
        Environment(Arc::new(self.0))
    }
}
