//! MutatingPolicy and NamespacedMutatingPolicy, compiled: expressions that change an object.
//!
//! A policy is taken in steps: constraints, exceptions, conditions, and then its mutations in order, each on the
//! object as the one before left it, with variables computed anew. A mutation is an apply
//! configuration, which is merged into the object by the structure of its kind, or a JSON patch. If
//! one fails, the object stays as it was before the policy.

mod compile;

use std::sync::Arc;

use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_cel::value::Value as CelValue;
use serde_json::Value;

use crate::cel::{
    environment::Flavour,
    exception::{Exceptions, Leave},
    host::SourceHost,
    mutation::Mutation,
    preamble::Preamble,
    scope::{RequestScope, Scope},
};
use crate::compile_options::CompileError;
use crate::context::{Store, source::ContextSource};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledMutatingPolicy {
    info: Arc<PolicyInfo>,
    flavour: Flavour,
    exceptions: Exceptions,
    /// The policy as it is written, and then those that are derived.
    variants: Vec<Variant>,
}

/// A policy for certain kinds.
#[derive(Debug)]
struct Variant {
    preamble: Preamble,
    mutations: Vec<Mutation>,
}

/// What a policy made of an object.
#[derive(Debug, Default)]
pub struct Changed {
    /// What it says; nothing if it is not about the request.
    pub responses: Vec<RuleResponse>,
    /// The object as it came out, if it changed.
    pub object: Option<Value>,
}

impl Changed {
    /// Adds what a policy says, and the object as it comes out where it changed.
    pub(in crate::policies) fn add(
        &mut self,
        response: RuleResponse,
        outcome: Result<Option<Option<Value>>, String>,
    ) {
        let object = outcome.ok().flatten().flatten();
        self.object = object.or(self.object.take());
        self.responses.push(response);
    }
}

/// What expressions may ask, the namespace that they see of it, and what exceptions allow.
#[derive(Clone, Copy)]
struct World<'w> {
    source: &'w dyn ContextSource,
    namespace: &'w str,
    allowed: Option<&'w CelValue<'w>>,
}

impl<'w> World<'w> {
    fn host(self) -> SourceHost<'w> {
        SourceHost::new(self.source).in_namespace(self.namespace)
    }

    fn scope<'s, 'a>(
        self,
        request: &'s RequestScope<'a>,
        host: &'s SourceHost<'_>,
        variant: &'a Variant,
    ) -> Scope<'s, 'a>
    where
        'w: 'a,
    {
        let scope = Scope::new(request, host, &variant.preamble.variables);
        match self.allowed {
            Some(allowed) => scope.with("exceptions", allowed.clone()),
            None => scope,
        }
    }
}

impl CompiledMutatingPolicy {
    /// The same policy with the exceptions that name it; what is wrong with one is added to the errors.
    #[must_use]
    pub fn with_exceptions(
        mut self,
        written: &[&CelPolicyException],
        errors: &mut Vec<CompileError>,
    ) -> CompiledMutatingPolicy {
        let (exceptions, found) = Exceptions::of_policy(&self.info, self.flavour, written);
        self.exceptions = exceptions;
        errors.extend(found);
        self
    }

    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        &self.info
    }

    /// Whether the policy can be about objects of a kind.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let mut variants = self.variants.iter();
        variants.any(|variant| variant.preamble.is_about(kind, resource))
    }

    /// Whether Kyverno's commands show nothing of the policy where it does not match.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        self.variants.iter().all(|one| one.preamble.is_simple())
    }

    /// What the policy makes of the request's object.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>, source: &dyn ContextSource) -> Changed {
        let mut changed = Changed::default();
        for variant in &self.variants {
            if !variant.preamble.matches(self.info.bounds(), request) {
                continue;
            }
            let seen = Request {
                object: changed.object.as_ref().or(request.object),
                ..request.clone()
            };
            let (response, object) = self.mutate(variant, &seen, source);
            changed.object = object.or(changed.object.take());
            changed.responses.push(response);
        }
        changed
    }

    /// What one variant says, and the object as it leaves it, if it changed.
    fn mutate(
        &self,
        variant: &Variant,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> (RuleResponse, Option<Value>) {
        let mut world = World {
            source,
            namespace: self.info.bounds(),
            allowed: None,
        };
        let (store, host) = (Store::new(), world.host());
        let scope = RequestScope::new(request, &store);
        let allowed;
        let mutated = match self.exceptions.leave(&scope, &host, source) {
            Ok(Leave::Whole(exemption)) => return (exemption.response(RuleType::Mutation), None),
            Ok(Leave::Parts(parts)) => {
                allowed = parts;
                world.allowed = Some(&allowed);
                variant.mutate(request, world)
            }
            Ok(Leave::Nothing) => variant.mutate(request, world),
            Err(error) => Err(error),
        };
        let (status, message, object) = match mutated {
            Ok(None) => (RuleStatus::Skip, "skip".to_owned(), None),
            Ok(Some(object)) => (RuleStatus::Pass, "success".to_owned(), object),
            Err(error) => (RuleStatus::Error, error, None),
        };
        let response = RuleResponse {
            rule: "".into(),
            rule_type: RuleType::Mutation,
            status,
            message: message.into(),
            detail: None,
        };
        (response, object)
    }
}

impl Variant {
    /// The object as it comes out, if it changed; nothing at all where a condition does not hold.
    fn mutate(
        &self,
        request: &Request<'_>,
        world: World<'_>,
    ) -> Result<Option<Option<Value>>, String> {
        if !self.holds(request, world)? {
            return Ok(None);
        }
        let mut object: Option<Value> = None;
        for mutation in &self.mutations {
            let Some(before) = object.as_ref().or(request.object) else {
                return Ok(Some(None));
            };
            let seen = Request {
                object: Some(before),
                ..request.clone()
            };
            if let Some(after) = self.apply(mutation, &seen, before, world)? {
                object = Some(after);
            }
        }
        Ok(Some(object.filter(|after| Some(after) != request.object)))
    }

    fn holds(&self, request: &Request<'_>, world: World<'_>) -> Result<bool, String> {
        let (store, host) = (Store::new(), world.host());
        let request = RequestScope::new(request, &store);
        let scope = world.scope(&request, &host, self);
        self.preamble.holds(&scope)
    }

    /// The object with one mutation applied; nothing if a `test` of a patch says no.
    fn apply(
        &self,
        mutation: &Mutation,
        request: &Request<'_>,
        before: &Value,
        world: World<'_>,
    ) -> Result<Option<Value>, String> {
        let (store, host) = (Store::new(), world.host());
        let scoped = RequestScope::new(request, &store);
        let scope = world.scope(&scoped, &host, self);
        mutation.apply(&scope, before, world.source.catalogue())
    }
}
