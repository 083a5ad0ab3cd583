//! Whether an exception is still needed: the rules that it names, with and without it.
//!
//! A part of an exception (a policy and its rules) is *needed* when a resource at hand that the
//! exception matches fails one of the rules without it, and not, or less, with it. For a rule that
//! mutates or generates it is needed when the rule would act on such a resource, and for one that
//! verifies images when the rule would write a digest. It is *needless* when such resources are at
//! hand and all of them do without it. It is *unknown* when none is at hand, or when a rule gives an
//! error.
//!
//! Each resource is taken as being created, and as being updated or deleted too where the policy or the
//! exception speaks of that. Other exceptions are left out, and so is the expiry.

mod cel;

use portcullis_api::policy_exception::{ExceptedRules, PolicyException};
use portcullis_engine::{
    CompileOptions, PolicySet, compile, evaluate,
    exceptions::{EXPIRY_ANNOTATION, Exception},
    load::{self, Loaded},
    matching::Subject,
    record::Silent,
    request::{Operation, Request},
    response::{EngineResponse, RuleResponse, RuleStatus, RuleType},
    verified_images,
};
use portcullis_schema::nearest;
use portcullis_values::wildcard::{self, Wildcard};
use serde::Serialize;
use serde_json::Value;

pub(super) use self::cel::{CelTrial, Unusable};
use super::{LedgerException, Need, RESOURCES_FOLDER};
use crate::{
    diagnostic::Diagnostic,
    offline::{objects::text, requests::request, source::OfflineSource},
    render::RenderedPolicy,
    suite::inputs::Inputs,
};

/// A policy with and without one part of an exception.
pub(super) struct Trial {
    exception: Exception,
    without: PolicySet,
    with: PolicySet,
    /// What may happen to a resource for the rules to say something else of it.
    operations: Vec<Operation>,
}

impl Trial {
    /// Makes both ready.
    ///
    /// # Errors
    /// Why the policy or the exception cannot be used; others tell where.
    pub(super) fn new(
        policy: &RenderedPolicy,
        written: &PolicyException,
        part: &ExceptedRules,
    ) -> Result<Trial, String> {
        let mut alone = written.clone();
        alone.spec.exceptions = vec![part.clone()];
        alone.metadata.annotations.remove(EXPIRY_ANNOTATION);
        let exception = Exception::compile(&alone).map_err(|error| error.to_string())?;
        let (loaded, errors) = load::load(&policy.document.value);
        if !errors.is_empty() {
            return Err("the policy cannot be read".to_owned());
        }
        let set = |loaded: &[Loaded], exceptions: &[PolicyException]| {
            let (set, errors) = compile(loaded, exceptions, &CompileOptions::default());
            if errors.is_empty() {
                Ok(set)
            } else {
                Err("the policy cannot be used".to_owned())
            }
        };
        Ok(Trial {
            operations: operations(&policy.document.value, &alone.spec),
            exception,
            without: set(&loaded, &[])?,
            with: set(&loaded, &[alone])?,
        })
    }

    /// The rules that a name stands for.
    pub(super) fn rules_of(&self, written: &str) -> impl Iterator<Item = &str> {
        let pattern = Wildcard::new(written);
        self.rules().filter(move |name| pattern.is_match(name))
    }

    /// What to do about a name that stands for no rule.
    pub(super) fn remedy(&self, written: &str) -> String {
        let near = nearest(written, self.rules());
        match near.filter(|_| !wildcard::has_wildcard(written)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "its rules are {}",
                self.rules().collect::<Vec<_>>().join(", ")
            ),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &str> {
        let policies = self.without.policies().iter();
        policies.flat_map(|policy| policy.rule_names())
    }

    /// Tries the resources in each world.
    pub(super) fn run(&self, worlds: &[Inputs], objects: &[Value]) -> (Need, String) {
        let tries = Tries {
            worlds,
            objects,
            operations: &self.operations,
        };
        tries.judge(|request, source| {
            let subject = Subject::of(request)?;
            let holds = self.exception.holds(&subject, 0);
            holds.then(|| self.on(request, source)).flatten()
        })
    }

    /// Whether one resource needs it; none where its conditions do not let the resource off.
    fn on(&self, request: &Request<'_>, source: &OfflineSource<'_>) -> Option<(Need, String)> {
        let without = evaluate(&self.without, request, source, &mut Silent);
        let with = evaluate(&self.with, request, source, &mut Silent);
        let mut holds = self.exception.conditions.is_none();
        let mut worst = (Need::Needless, String::new());
        for rule in self.named(&without) {
            let excepted = self.named(&with).find(|other| other.rule == rule.rule);
            let is_let_off = excepted != Some(rule);
            holds |= is_let_off;
            let acts = acts(rule, &without, &with);
            let resource = label(request);
            match rule.status {
                RuleStatus::Fail | RuleStatus::Warn if is_let_off => {
                    let because = format!("{resource} breaks rule `{}`", rule.rule);
                    return Some((Need::Needed, because));
                }
                _ if acts && is_let_off => {
                    let because = format!("rule `{}` would act on {resource}", rule.rule);
                    return Some((Need::Needed, because));
                }
                RuleStatus::Error => {
                    let because = format!("rule `{}` on {resource}: {}", rule.rule, rule.message);
                    worst = (Need::Unknown, because);
                }
                _ => {}
            }
        }
        (holds || worst.0 == Need::Unknown).then_some(worst)
    }

    /// The rules among the answers that the exception names.
    fn named<'a>(
        &'a self,
        answers: &'a [EngineResponse],
    ) -> impl Iterator<Item = &'a RuleResponse> {
        answers.iter().flat_map(move |answer| {
            let policy = answer.policy.key();
            let rules = answer.rules.iter();
            rules.filter(move |rule| self.exception.names(&policy, &rule.rule))
        })
    }
}

/// What a policy is tried on.
struct Tries<'t> {
    worlds: &'t [Inputs],
    objects: &'t [Value],
    operations: &'t [Operation],
}

impl Tries<'_> {
    /// The need that the resources show together; a resource that the exception is not for shows none.
    fn judge(
        &self,
        need: impl Fn(&Request<'_>, &OfflineSource<'_>) -> Option<(Need, String)>,
    ) -> (Need, String) {
        let mut matched = 0;
        let mut undecided = None;
        for world in self.worlds {
            let source = OfflineSource::new(&world.world);
            let operations = self.operations.iter();
            let objects = self.objects;
            let tries = operations.flat_map(|it| objects.iter().map(move |object| (object, *it)));
            for (object, operation) in tries {
                let catalogue = &world.world.catalogue;
                let request = request(object, operation, catalogue, &world.surroundings);
                match need(&request, &source) {
                    Some((Need::Needed, because)) => return (Need::Needed, because),
                    Some((Need::Unknown, because)) => undecided = undecided.or(Some(because)),
                    Some((Need::Needless, _)) => matched += 1,
                    None => {}
                }
            }
        }
        match (undecided, matched) {
            (Some(because), _) => (Need::Unknown, because),
            (None, 0) => (
                Need::Unknown,
                "nothing that it matches is at hand".to_owned(),
            ),
            (None, _) => {
                let because = "everything at hand that it matches does without it";
                (Need::Needless, because.to_owned())
            }
        }
    }
}

/// Whether a rule does something that it does not do with the exception. Noting that images are
/// verified is nothing that anybody is let off.
fn acts(rule: &RuleResponse, without: &[EngineResponse], with: &[EngineResponse]) -> bool {
    rule.status == RuleStatus::Pass
        && match rule.rule_type {
            RuleType::Validation => false,
            RuleType::ImageVerify => {
                let changed = |all: &[EngineResponse]| -> Vec<Value> {
                    let patched = all.iter().filter_map(|answer| answer.patched.as_deref());
                    patched.map(without_annotations).collect()
                };
                changed(without) != changed(with)
            }
            RuleType::Mutation | RuleType::Generation | RuleType::Deletion => true,
        }
}

/// An object without what is noted of its images.
fn without_annotations(object: &Value) -> Value {
    let mut object = object.clone();
    let annotations = object.pointer_mut("/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove(verified_images::ANNOTATION);
        annotations.remove(verified_images::SCOPED_ANNOTATION);
    }
    object
}

fn operations(policy: &Value, exception: &impl Serialize) -> Vec<Operation> {
    let text = policy.to_string() + &serde_json::to_string(exception).unwrap_or_default();
    let mut all = vec![Operation::Create];
    if text.contains("UPDATE") || text.contains("oldObject") {
        all.push(Operation::Update);
    }
    if text.contains("DELETE") {
        all.push(Operation::Delete);
    }
    all
}

/// `Kind namespace/name` of the object of a request.
fn label(request: &Request<'_>) -> String {
    let object = request.subject().unwrap_or(&Value::Null);
    let name = text(object, "/metadata/name");
    match text(object, "/metadata/namespace") {
        "" => format!("{} {name}", request.kind.kind),
        namespace => format!("{} {namespace}/{name}", request.kind.kind),
    }
}

/// A needless exception is an error; a needless part of one that is needed, a warning.
pub(super) fn findings(exception: &LedgerException) -> Vec<Diagnostic> {
    let environment = exception.place.file.path.ancestors().nth(2);
    let folder = environment.map(|folder| folder.join(RESOURCES_FOLDER));
    let folder = folder.unwrap_or_default();
    let folder = folder.display();
    let show = format!("or put the resource that needs it into {folder}");
    let is_judged = exception.covers.iter().any(|one| one.names_rules);
    if exception.need() == Need::Needless && is_judged {
        let found = Diagnostic::error(format!("the exception `{}` is needless", exception.name));
        let label = "everything at hand that it matches does without it";
        let found = found.at(exception.place.clone(), label);
        return vec![found.help("remove its file").help(show)];
    }
    let parts = exception.covers.iter();
    let needless = parts.filter(|part| part.need == Need::Needless && part.names_rules);
    needless
        .map(|part| {
            Diagnostic::warning(format!(
                "the exception `{}` does not need to cover `{}`",
                exception.name, part.policy
            ))
            .at(part.place.clone(), part.because.clone())
            .help("take it out of the exception")
            .help(show.clone())
        })
        .collect()
}
