//! One rule, compiled, and the steps of its evaluation.

mod change;
mod repetition;

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_api::cluster_policy as api;

use super::condition::CompiledConditions;
use super::exception::RuleException;
use super::failure_action;
use super::handler::Handler;
use super::message::Messages;
use super::outcome::{Frame, Outcome};
use super::report_properties::ReportProperties;
use super::request_conditions::RequestConditions;
use crate::compile_options::{CompileError, CompileOptions};
use crate::context::entries::{self, Entry};
use crate::context::json_context::Loader;
use crate::context::query::Names;
use crate::context::source::{ContextSource, EntryKind};
use crate::context::{RequestView, Store};
use crate::evaluation::Evaluation;
use crate::exceptions::{self, ExceptionSet};
use crate::generate::Synchronisation;
use crate::matching::{Matcher, Mismatch};
use crate::policy_info::PolicyInfo;
use crate::record::{Recorder, Silent};
use crate::request::{Operation, Request, RequestUser};
use crate::response::{
    ExceptionName, FailureAction, RuleDetail, RuleResponse, RuleStatus, RuleType,
};

pub use change::{Mutated, PendingMerge};

/// A rule, ready to run.
#[derive(Debug)]
pub struct CompiledRule {
    name: Arc<str>,
    /// Of a derived rule, the kinds of the objects for which it exists.
    controllers: Option<Vec<String>>,
    origin: usize,
    matcher: Matcher,
    entries: Vec<Entry>,
    preconditions: Option<CompiledConditions>,
    exceptions: Vec<RuleException>,
    report_properties: Option<ReportProperties>,
    messages: Messages,
    handler: Handler,
    /// What a request must meet for any rule of the policy.
    conditions: Option<Arc<RequestConditions>>,
    /// Whether an update of an object that already violates the rule is let through.
    forgives_existing: bool,
}

impl CompiledRule {
    /// Makes a rule ready. `origin` is the number of the written rule that it is or comes from, and
    /// `controllers` the kinds of the objects for which a derived one exists.
    ///
    /// # Errors
    /// What keeps it from being made ready.
    pub fn compile(
        rule: &api::Rule,
        (origin, controllers): (usize, Option<&[String]>),
        policy: &api::Policy,
        info: &PolicyInfo,
        exceptions: &ExceptionSet,
        options: &CompileOptions,
    ) -> Result<CompiledRule, Vec<CompileError>> {
        let name: Arc<str> = rule.name.as_str().into();
        let mut names: Arc<Names> = Arc::from([]);
        let entries = entries::compile(&rule.context, &mut names);
        let validate = rule.validate.as_ref();
        let path = format!("spec.rules[{origin}]");
        let handler = Handler::compile(rule, policy, &path, &names, options)
            .map_err(|found| CompileError::of_policy(info, found))?;
        let written_action = validate
            .and_then(|validate| validate.failure_action)
            .or(policy.spec.validation_failure_action);
        Ok(CompiledRule {
            controllers: controllers.map(<[String]>::to_vec),
            origin,
            matcher: Matcher::compile(rule, policy.metadata.namespace.as_deref()),
            preconditions: rule
                .preconditions
                .as_ref()
                .filter(|conditions| !conditions.0.is_null())
                .map(|conditions| CompiledConditions::compile(conditions, &names)),
            exceptions: RuleException::of_rule(exceptions, &info.key(), &rule.name, &names),
            report_properties: ReportProperties::compile(&rule.report_properties, &names),
            messages: Messages::compile(
                &name,
                validate.and_then(|validate| validate.message.as_deref()),
                &names,
            ),
            forgives_existing: failure_action::action(written_action) == FailureAction::Enforce
                && validate.is_some_and(|validate| {
                    validate.cel.is_none() && validate.allow_existing_violations != Some(false)
                }),
            entries,
            handler,
            conditions: None,
            name,
        })
    }

    /// The same rule under the conditions of its policy.
    #[must_use]
    pub(super) fn under(mut self, conditions: Option<Arc<RequestConditions>>) -> CompiledRule {
        self.conditions = conditions;
        self
    }

    /// The rule's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the rule stands in the policy, as against a derived one.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.controllers.is_none()
    }

    /// Of a derived rule, the kinds of the objects for which it exists.
    pub(super) fn controllers(&self) -> Option<&[String]> {
        self.controllers.as_deref()
    }

    /// The number of the written rule that this one is or comes from.
    #[must_use]
    pub fn origin(&self) -> usize {
        self.origin
    }

    /// Which requests the rule is about.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// Why the rule has nothing to say of the images of a request that it matches; none where it names
    /// one of them, or does not verify images.
    #[must_use]
    pub fn names_no_image(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> Option<Mismatch> {
        match &self.handler {
            Handler::VerifyImages(verification) => verification.names_none(request, source),
            _ => None,
        }
    }

    /// What the rule does.
    #[must_use]
    pub fn rule_type(&self) -> RuleType {
        match &self.handler {
            Handler::Missing(rule_type, _) => *rule_type,
            Handler::Generate(_) => RuleType::Generation,
            Handler::Mutate(_) => RuleType::Mutation,
            Handler::VerifyImages(_) => RuleType::ImageVerify,
            _ => RuleType::Validation,
        }
    }

    /// What becomes of what the rule generated before, if it is one that generates.
    #[must_use]
    pub fn synchronisation(&self) -> Option<Synchronisation> {
        match &self.handler {
            Handler::Generate(generate) => Some(generate.synchronisation),
            _ => None,
        }
    }

    /// What the rule's own context entries need of the world.
    pub fn needs(&self) -> impl Iterator<Item = EntryKind> {
        let own = self.entries.iter().filter_map(Loader::kind);
        let loops = match &self.handler {
            Handler::Validate(check) => check.needs(),
            Handler::Generate(generate) => generate.needs(),
            Handler::Mutate(mutation) => mutation.needs(),
            _ => Vec::new(),
        };
        own.chain(loops)
    }

    /// Evaluates the rule; none when it has nothing to say of the request.
    pub fn evaluate<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<RuleResponse> {
        let policy = evaluation.policy().name;
        let concerns = self.concerns(evaluation);
        let matched = concerns != Ok(false);
        evaluation.recorder().matched(policy, &self.name, matched);
        if !matched || matches!(self.handler, Handler::Nothing) {
            return None;
        }
        if let Err(error) = concerns {
            return Some(self.undecided(&error));
        }
        evaluation.enter_rule(&self.name);
        evaluation.context().checkpoint();
        evaluation.load_rule_values(None);
        evaluation.context().defer(&self.entries);
        let response = self.steps(evaluation);
        evaluation.context().restore();
        let status = response.as_ref().map(|response| response.status);
        evaluation.recorder().ended(policy, &self.name, status);
        response
    }

    /// Whether the rule is about the request, and the request meets the policy's conditions.
    fn concerns<R: Recorder>(
        &self,
        evaluation: &mut Evaluation<'_, '_, R>,
    ) -> Result<bool, String> {
        if !self.matcher.matches_subject(evaluation.subject()) {
            return Ok(false);
        }
        let Some(conditions) = &self.conditions else {
            return Ok(true);
        };
        let request = evaluation.request();
        conditions.hold(request, evaluation.context().source())
    }

    /// What the rule says where the policy's conditions cannot be decided.
    fn undecided(&self, error: &str) -> RuleResponse {
        let message = format!("`webhookConfiguration.matchConditions`: {error}");
        self.response_with(Outcome::new(RuleStatus::Error, message), None)
    }

    fn steps<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<RuleResponse> {
        if let Handler::VerifyImages(verification) = &self.handler {
            if !verification.has_checks() {
                return None;
            }
            match verification.concerns(evaluation) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(outcome) => return Some(self.response(outcome, evaluation)),
            }
        }
        if let Some(mut response) = self.not_met(evaluation) {
            let is_wordless =
                matches!(&self.handler, Handler::Generate(generate) if generate.compat);
            if is_wordless && response.status == RuleStatus::Skip {
                response.message = "".into();
            }
            return Some(response);
        }
        let exceptions = self.matching_exceptions(evaluation);
        match &self.handler {
            Handler::PodSecurity(rule) => {
                let (outcome, detail) = rule.evaluate(&exceptions, evaluation)?;
                let outcome = self.forgive(outcome, evaluation);
                let mut response = self.response(outcome, evaluation);
                if let Some(found) = detail.filter(|_| response.status != RuleStatus::Pass) {
                    let detail = response.detail.get_or_insert_default();
                    detail.pod_security = found.pod_security;
                    detail.exceptions = found.exceptions;
                }
                Some(response)
            }
            _ if !exceptions.is_empty() => Some(self.excepted(&exceptions, evaluation)),
            Handler::Validate(check) => {
                let outcome = check.evaluate(&self.messages, &Frame::default(), evaluation)?;
                let outcome = self.forgive(outcome, evaluation);
                Some(self.response(outcome, evaluation))
            }
            Handler::Cel(rule) => {
                let outcome = self.forgive(rule.evaluate(evaluation), evaluation);
                Some(self.response(outcome, evaluation))
            }
            Handler::Manifests(signatures) => {
                let outcome = signatures.evaluate(evaluation)?;
                Some(self.response(outcome, evaluation))
            }
            Handler::Generate(generate) => {
                let (mut outcome, mut generated) = generate.evaluate(evaluation);
                if !generate.compat
                    && let Some(why) = self.repetition(generate, &generated, evaluation)
                {
                    let what = format!("rule `{}` generates nothing", self.name);
                    outcome = Outcome::error(&what, &format_args!("`generate`: {why}"));
                    generated.clear();
                }
                let mut response = self.response(outcome, evaluation);
                if response.status == RuleStatus::Error {
                    response.detail.get_or_insert_default().is_left_ungenerated = true;
                } else if !generated.is_empty() {
                    response.detail.get_or_insert_default().generated = generated;
                }
                Some(response)
            }
            Handler::VerifyImages(verification) => {
                let outcome = verification.check(evaluation);
                Some(self.response(outcome, evaluation))
            }
            Handler::Missing(_, what) => {
                let message = format!(
                    "rule `{}` is not evaluated: {what} is not supported",
                    self.name
                );
                Some(self.response(Outcome::new(RuleStatus::Error, message), evaluation))
            }
            Handler::Mutate(_) | Handler::Nothing => None,
        }
    }

    fn excepted<'a, R: Recorder>(
        &'a self,
        exceptions: &[&RuleException],
        evaluation: &Evaluation<'a, '_, R>,
    ) -> RuleResponse {
        let names: Vec<ExceptionName> = exceptions
            .iter()
            .map(|exception| exception.name().clone())
            .collect();
        let keys: Vec<&str> = exceptions.iter().map(|exception| exception.key()).collect();
        let message = exceptions::skip_message(&keys);
        let mut response = self.response(Outcome::new(RuleStatus::Skip, message), evaluation);
        response.detail.get_or_insert_default().exceptions = names;
        response
    }

    fn matching_exceptions<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Vec<&'a RuleException> {
        let all = self.exceptions.iter();
        all.filter(|exception| exception.holds(evaluation))
            .collect()
    }

    /// The response of a rule that does not go on; none when its preconditions hold. Its report
    /// properties stay as they are written.
    fn not_met<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<RuleResponse> {
        let outcome = self.unmet_preconditions(evaluation)?;
        let properties = self.report_properties.as_ref();
        let written = properties.map(|properties| properties.written.clone());
        Some(self.response_with(outcome, written))
    }

    /// Why the rule does not go on; none when its preconditions hold.
    fn unmet_preconditions<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<Outcome> {
        let preconditions = self.preconditions.as_ref()?;
        match preconditions.evaluate_noted(&"preconditions", evaluation) {
            Err(error) => {
                let what = match &self.handler {
                    Handler::Generate(_) => "failed to evaluate conditions",
                    _ => "failed to evaluate preconditions",
                };
                Some(Outcome::error(what, &error))
            }
            Ok((true, _)) => {
                evaluation.preconditions(true);
                None
            }
            Ok((false, said)) => {
                evaluation.preconditions(false);
                Some(Outcome::not_met(&said))
            }
        }
    }

    /// A violation that the object already had before an update is let through.
    fn forgive<'a, R: Recorder>(
        &'a self,
        outcome: Outcome,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Outcome {
        let is_update = evaluation.request().operation == Operation::Update;
        if outcome.status != RuleStatus::Fail || !is_update || !self.forgives_existing {
            return outcome;
        }
        if self.old_object_fails(evaluation) {
            return Outcome::new(
                RuleStatus::Skip,
                "skipping the rule evaluation as pre-existing violations are allowed",
            );
        }
        outcome
    }

    /// Whether the old object, as if it were created by nobody known, matches and fails.
    fn old_object_fails<R: Recorder>(&self, evaluation: &Evaluation<'_, '_, R>) -> bool {
        let nobody = RequestUser {
            username: "kyverno:kyverno-invalid-controller".to_owned(),
            uid: "kyverno:invaliduid".to_owned(),
            groups: vec!["kyverno:invalidgroup".to_owned()],
            roles: vec!["kyverno:invalidrole".to_owned()],
            cluster_roles: vec!["kyverno:invalidrole".to_owned()],
            ..RequestUser::default()
        };
        let request = evaluation.request();
        let Some(old) = request.old_object else {
            return false;
        };
        let asked = Request {
            operation: Operation::Create,
            object: Some(old),
            old_object: None,
            user: Some(&nobody),
            ..request.clone()
        };
        if !self.matcher.matches(&asked) {
            return false;
        }
        // Expressions still see the user of the request.
        let seen = Request {
            user: request.user,
            ..asked
        };
        let view = RequestView::new(&seen);
        let store = Store::new();
        let mut silent = Silent;
        let Some(mut inner) = Evaluation::new(
            evaluation.policy(),
            &view,
            evaluation.context().source(),
            &store,
            &mut silent,
        ) else {
            return false;
        };
        self.fails(&mut inner)
    }

    fn fails<'a>(&'a self, evaluation: &mut Evaluation<'a, '_, Silent>) -> bool {
        evaluation.enter_rule(&self.name);
        evaluation.load_rule_values(None);
        evaluation.context().defer(&self.entries);
        if self.unmet_preconditions(evaluation).is_some() {
            return false;
        }
        let outcome = match &self.handler {
            Handler::Validate(check) => {
                check.evaluate(&self.messages, &Frame::default(), evaluation)
            }
            Handler::PodSecurity(rule) => {
                let exceptions = self.matching_exceptions(evaluation);
                rule.evaluate(&exceptions, evaluation)
                    .map(|(outcome, _)| outcome)
            }
            Handler::Cel(rule) => Some(rule.evaluate(evaluation)),
            Handler::Generate(_)
            | Handler::Manifests(_)
            | Handler::Mutate(_)
            | Handler::VerifyImages(_)
            | Handler::Missing(..)
            | Handler::Nothing => None,
        };
        outcome.is_some_and(|outcome| outcome.status == RuleStatus::Fail)
    }

    fn response<'a, R: Recorder>(
        &'a self,
        outcome: Outcome,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> RuleResponse {
        self.response_with(outcome, self.properties(evaluation))
    }

    /// What reports say besides.
    fn properties<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Option<BTreeMap<String, String>> {
        let properties = self.report_properties.as_ref();
        properties.map(|properties| properties.evaluate(evaluation.context()))
    }

    fn response_with(
        &self,
        outcome: Outcome,
        properties: Option<BTreeMap<String, String>>,
    ) -> RuleResponse {
        let has_detail = !outcome.path.is_empty()
            || !outcome.patterns.is_empty()
            || outcome.expression.is_some()
            || properties.is_some();
        RuleResponse {
            // A copy: threads that share a text wait for each other to count its references.
            rule: Arc::from(&*self.name),
            rule_type: self.rule_type(),
            status: outcome.status,
            message: outcome.message,
            detail: has_detail.then(|| {
                Box::new(RuleDetail {
                    path: outcome.path,
                    patterns: outcome.patterns,
                    expression: outcome.expression,
                    properties: properties.unwrap_or_default(),
                    ..RuleDetail::default()
                })
            }),
        }
    }
}
