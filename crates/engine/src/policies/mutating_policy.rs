//! MutatingPolicy and NamespacedMutatingPolicy, compiled: expressions that change an object.
//!
//! A policy is taken in steps: constraints, conditions, and then its mutations in order, each on the
//! object as the one before left it, with variables computed anew. A mutation is an apply
//! configuration, which is merged into the object by the structure of its kind, or a JSON patch. If
//! one fails, the object stays as it was before the policy.

mod compile;

use std::sync::Arc;

use serde_json::Value;

use crate::cel::{
    host::SourceHost,
    mutation::Mutation,
    preamble::Preamble,
    scope::{RequestScope, Scope},
};
use crate::context::{Store, source::ContextSource};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledMutatingPolicy {
    info: Arc<PolicyInfo>,
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

/// What expressions may ask, and the namespace that they see of it.
#[derive(Clone, Copy)]
struct World<'w> {
    source: &'w dyn ContextSource,
    namespace: &'w str,
}

impl<'w> World<'w> {
    fn host(self) -> SourceHost<'w> {
        SourceHost::new(self.source).in_namespace(self.namespace)
    }
}

impl CompiledMutatingPolicy {
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
        let world = World {
            source,
            namespace: self.info.bounds(),
        };
        for variant in &self.variants {
            if !variant.preamble.matches(self.info.bounds(), request) {
                continue;
            }
            let seen = Request {
                object: changed.object.as_ref().or(request.object),
                ..request.clone()
            };
            let (status, message, object) = match variant.mutate(&seen, world) {
                Ok(None) => (RuleStatus::Skip, "skip".to_owned(), None),
                Ok(Some(object)) => (RuleStatus::Pass, "success".to_owned(), object),
                Err(error) => (RuleStatus::Error, error, None),
            };
            changed.object = object.or(changed.object.take());
            changed.responses.push(RuleResponse {
                rule: "".into(),
                rule_type: RuleType::Mutation,
                status,
                message: message.into(),
                detail: None,
            });
        }
        changed
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
        let scope = Scope::new(&request, &host, &self.preamble.variables);
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
        let scope = Scope::new(&scoped, &host, &self.preamble.variables);
        mutation.apply(&scope, before, world.source.catalogue())
    }
}
