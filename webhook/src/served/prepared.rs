//! A policy compiled by itself, with all that a set needs of it.

use portcullis_engine::{
    CompiledPolicy,
    compile::Surroundings,
    compile_options::{CompileError, CompileOptions},
    load::Loaded,
};

use super::traits::Traits;

/// A policy, compiled by itself.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// The policy; none of one that does not compile, and of what is no policy.
    pub(super) compiled: Option<CompiledPolicy>,
    /// The same without the conditions that the API server tests, where it has some: it then has a
    /// webhook of its own.
    pub(super) tested: Option<CompiledPolicy>,
    pub(super) traits: Traits,
    /// What is wrong with it or with the exceptions that name it.
    pub(super) errors: Vec<CompileError>,
}

impl Prepared {
    /// Compiles a policy with its exceptions and bindings.
    pub(super) fn of(
        loaded: &Loaded,
        surroundings: &Surroundings<'_>,
        options: &CompileOptions,
    ) -> Prepared {
        let (compiled, errors) = surroundings.compile(loaded, options);
        let tested = without_conditions(loaded);
        Prepared {
            compiled,
            tested: tested.and_then(|tested| surroundings.compile(&tested, options).0),
            traits: Traits::of(loaded),
            errors,
        }
    }
}

/// A policy with conditions that the API server tests, without them.
fn without_conditions(loaded: &Loaded) -> Option<Loaded> {
    let Loaded::Policy(policy) = loaded else {
        return None;
    };
    let webhook = policy.spec.webhook_configuration.as_ref()?;
    if webhook.match_conditions.is_empty() {
        return None;
    }
    let mut policy = policy.clone();
    let webhook = policy.spec.webhook_configuration.as_mut()?;
    webhook.match_conditions.clear();
    Some(Loaded::Policy(policy))
}
