//! `podSecurity` of a rule, with the exceptions that leave parts of it out.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;

use super::exception::RuleException;
use super::outcome::Outcome;
use crate::compile_options::CompileOptions;
use crate::context::images;
use crate::evaluation::Evaluation;
use crate::exceptions;
use crate::pod_security::{CompiledPodSecurity, Dialect, PodSecurityOutcome, evaluate};
use crate::record::{Place, Recorder};
use crate::response::{ExceptionName, RuleDetail, RuleStatus};

/// A `podSecurity` rule, ready to run.
#[derive(Debug)]
pub(super) struct PodSecurityRule {
    rule: String,
    standard: CompiledPodSecurity,
    passed: Arc<str>,
}

impl PodSecurityRule {
    /// Makes a rule ready.
    ///
    /// # Errors
    /// What is wrong with the version or the exclusions, each with its path.
    pub(super) fn compile(
        standard: &api::PodSecurity,
        rule: &api::Rule,
        path: &str,
        options: &CompileOptions,
    ) -> Result<PodSecurityRule, Vec<(String, String)>> {
        let dialect = if options.compat {
            Dialect::Kyverno
        } else {
            Dialect::Standard
        };
        let path = format!("{path}.validate");
        let standard =
            CompiledPodSecurity::compile(standard, &path, dialect).map_err(|errors| {
                let errors = errors.iter().map(ToString::to_string);
                let found = errors.map(|text| match text.split_once(": ") {
                    Some((path, message)) => (path.to_owned(), message.to_owned()),
                    None => (path.clone(), text),
                });
                found.collect::<Vec<_>>()
            })?;
        Ok(PodSecurityRule {
            rule: rule.name.clone(),
            standard,
            passed: format!("Validation rule '{}' passed.", rule.name).into(),
        })
    }

    /// Evaluates the rule; none when the object goes away.
    pub(super) fn evaluate<'a, R: Recorder>(
        &self,
        exceptions: &[&'a RuleException],
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<(Outcome, Option<Box<RuleDetail>>)> {
        if evaluation.context().is_delete() {
            return None;
        }
        if let Some(whole) = exceptions
            .iter()
            .find(|exception| exception.pod_security().is_empty())
        {
            let message = exceptions::pod_security_skip_message(whole.key());
            return Some(skipped(message, vec![whole.name().clone()]));
        }
        let request = evaluation.request();
        let object = request.subject()?;
        let excluded: Vec<api::PodSecurityStandard> = exceptions
            .iter()
            .flat_map(|exception| exception.pod_security().iter().cloned())
            .collect();
        let kind = object
            .get("kind")
            .and_then(|kind| kind.as_str())
            .unwrap_or_default();
        let found = evaluate(&self.standard, &excluded, object, kind, &images::full_name);
        Some(match found {
            Err(error) => (
                Outcome::error("Error while getting new resource", &error),
                None,
            ),
            Ok(PodSecurityOutcome::Pass) => {
                evaluation.checked(Place::PodSecurity, RuleStatus::Pass);
                (
                    Outcome::new(RuleStatus::Pass, Arc::clone(&self.passed)),
                    None,
                )
            }
            Ok(PodSecurityOutcome::Exempt) => {
                let names: Vec<ExceptionName> = exceptions
                    .iter()
                    .map(|exception| exception.name().clone())
                    .collect();
                let keys: Vec<&str> = exceptions.iter().map(|exception| exception.key()).collect();
                let message = exceptions::pod_security_parts_message(&keys);
                skipped(message, names)
            }
            Ok(PodSecurityOutcome::Fail(failure)) => {
                evaluation.checked(Place::PodSecurity, RuleStatus::Fail);
                let outcome = Outcome::new(RuleStatus::Fail, failure.message(&self.rule));
                let detail = RuleDetail {
                    pod_security: Some(failure),
                    ..RuleDetail::default()
                };
                (outcome, Some(Box::new(detail)))
            }
        })
    }
}

fn skipped(message: String, exceptions: Vec<ExceptionName>) -> (Outcome, Option<Box<RuleDetail>>) {
    let detail = RuleDetail {
        exceptions,
        ..RuleDetail::default()
    };
    (
        Outcome::new(RuleStatus::Skip, message),
        Some(Box::new(detail)),
    )
}
