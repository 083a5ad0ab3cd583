//! MutatingPolicy and NamespacedMutatingPolicy, compiled: expressions that change an object.
//!
//! A policy is taken in steps: constraints, exceptions, conditions, and then its mutations in order,
//! each on the object as the one before left it, with variables computed anew. A mutation is an apply
//! configuration, which is merged into the object by the structure of its kind, or a JSON patch. If
//! one fails, the object stays as it was before the policy. A policy with
//! `evaluation.mutateExisting` then changes existing objects in the same way: `object` is each of
//! them, and `request` the one that the policy is evaluated for.

mod compile;
mod targets;

use std::sync::Arc;

use portcullis_cel::value::Value as CelValue;
use serde_json::Value;

use self::targets::Targets;

use crate::cel::{
    exception::{Exceptions, Leave},
    host::SourceHost,
    mutation::Mutation,
    preamble::Preamble,
    scope::{RequestScope, Scope, Undecided},
};
use crate::context::{Store, source::ContextSource};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledMutatingPolicy {
    info: Arc<PolicyInfo>,
    exceptions: Exceptions,
    /// The policy as it is written, and then those that are derived.
    variants: Vec<Variant>,
}

/// A policy for certain kinds.
#[derive(Debug)]
struct Variant {
    preamble: Preamble,
    mutations: Vec<Mutation>,
    /// The existing objects that are changed, too.
    targets: Option<Targets>,
}

/// What a policy made of an object.
#[derive(Debug, Default)]
pub struct Changed {
    /// What it says; nothing if it is not about the request.
    pub responses: Vec<RuleResponse>,
    /// The object as it came out, if it changed.
    pub object: Option<Value>,
    /// Whether it changed the object, each time that it was invoked.
    pub invocations: Vec<bool>,
}

/// The object as it comes out, if it changed; nothing where a condition does not hold; or an error.
pub(in crate::policies) type Outcome = Result<Option<Option<Value>>, Undecided>;

impl Changed {
    /// Adds what a policy says, and the object as it comes out where it changed.
    pub(in crate::policies) fn add(&mut self, response: RuleResponse, outcome: Outcome) {
        let object = outcome.ok().flatten().flatten();
        self.invocations.push(object.is_some());
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
            let before = changed.object.take();
            let seen = Request {
                object: before.as_ref().or(request.object),
                ..request.clone()
            };
            self.change(variant, &seen, source, &mut changed);
            changed.object = changed.object.or(before);
        }
        changed
    }

    /// Adds what one variant says and does.
    fn change(
        &self,
        variant: &Variant,
        request: &Request<'_>,
        source: &dyn ContextSource,
        changed: &mut Changed,
    ) {
        let mut world = World {
            source,
            namespace: self.info.bounds(),
            allowed: None,
        };
        let (store, host) = (Store::new(), world.host());
        let scope = RequestScope::new(request, &store);
        let allowed;
        match self.exceptions.leave(&scope, &host, source) {
            Ok(Leave::Whole(exemption)) => {
                changed
                    .responses
                    .push(exemption.response(RuleType::Mutation));
                return;
            }
            Ok(Leave::Parts(parts)) => {
                allowed = parts;
                world.allowed = Some(&allowed);
            }
            Ok(Leave::Nothing) => {}
            Err(error) => {
                changed.responses.push(response(&Err(error.into()), None));
                return;
            }
        }
        // A policy that is not asked for admission requests leaves their objects alone.
        if self.info.admission || variant.targets.is_none() {
            let outcome = variant.mutate(request, world);
            changed.add(response(&outcome, None), outcome);
        }
        if let Some(targets) = &variant.targets {
            let responses = variant.change_targets(targets, request, world);
            changed.responses.extend(responses);
        }
    }
}

/// What is said of an object; `target` is an existing one as it comes out.
fn response(outcome: &Outcome, target: Option<Value>) -> RuleResponse {
    let mut detail = RuleDetail {
        patched_target: target,
        ..RuleDetail::default()
    };
    let (rule, status, message) = match outcome {
        Ok(None) => ("", RuleStatus::Skip, "skip".to_owned()),
        Ok(Some(_)) => ("", RuleStatus::Pass, "success".to_owned()),
        Err(error) => {
            detail.expression.clone_from(&error.expression);
            let message = format!("failed to evaluate policy: {}", error.message);
            ("evaluation", RuleStatus::Error, message)
        }
    };
    RuleResponse {
        rule: rule.into(),
        rule_type: RuleType::Mutation,
        status,
        message: message.into(),
        detail: (detail != RuleDetail::default()).then(|| Box::new(detail)),
    }
}

impl Variant {
    /// What is said of each existing object; nothing where a condition on the request does not hold.
    fn change_targets(
        &self,
        targets: &Targets,
        request: &Request<'_>,
        world: World<'_>,
    ) -> Vec<RuleResponse> {
        let objects = self.holds(request, world).and_then(|holds| {
            let (store, host) = (Store::new(), world.host());
            let request = RequestScope::new(request, &store);
            let scope = world.scope(&request, &host, self);
            match holds {
                true => targets
                    .objects(&scope, world.source, world.namespace)
                    .map_err(|error| scope.undecided(error)),
                false => Ok(Vec::new()),
            }
        });
        let objects = match objects {
            Ok(objects) => objects,
            Err(error) => return vec![response(&Err(error), None)],
        };
        let changes = objects.into_iter().filter_map(|target| {
            let outcome = self.mutate_target(targets, request, &target, world);
            let after = match &outcome {
                Ok(None) => return None,
                Ok(Some(after)) => after.clone().unwrap_or(target),
                Err(_) => target,
            };
            Some(response(&outcome, Some(after)))
        });
        changes.collect()
    }

    fn mutate_target(
        &self,
        targets: &Targets,
        request: &Request<'_>,
        target: &Value,
        world: World<'_>,
    ) -> Outcome {
        let mut object: Option<Value> = None;
        for (index, mutation) in self.mutations.iter().enumerate() {
            let before = object.as_ref().unwrap_or(target);
            let (store, host) = (Store::new(), world.host());
            let request = RequestScope::new(request, &store);
            let scope = world.scope(&request, &host, self);
            let scope = scope.with("object", before.into());
            for condition in targets.conditions.iter().filter(|_| index == 0) {
                let holds = scope.is_true(condition);
                if !holds.map_err(|error| scope.undecided(error))? {
                    return Ok(None);
                }
            }
            let after = mutation.apply(&scope, before, world.source.catalogue())?;
            object = after.or(object);
        }
        Ok(Some(object.filter(|after| after != target)))
    }

    /// The object as it comes out, if it changed; nothing at all where a condition does not hold.
    fn mutate(&self, request: &Request<'_>, world: World<'_>) -> Outcome {
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

    fn holds(&self, request: &Request<'_>, world: World<'_>) -> Result<bool, Undecided> {
        let (store, host) = (Store::new(), world.host());
        let request = RequestScope::new(request, &store);
        let scope = world.scope(&request, &host, self);
        let holds = self.preamble.holds(&scope);
        holds.map_err(|error| scope.undecided(error))
    }

    /// The object with one mutation applied; nothing if a `test` of a patch says no.
    fn apply(
        &self,
        mutation: &Mutation,
        request: &Request<'_>,
        before: &Value,
        world: World<'_>,
    ) -> Result<Option<Value>, Undecided> {
        let (store, host) = (Store::new(), world.host());
        let scoped = RequestScope::new(request, &store);
        let scope = world.scope(&scoped, &host, self);
        mutation.apply(&scope, before, world.source.catalogue())
    }
}
