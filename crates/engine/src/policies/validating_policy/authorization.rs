//! Policies that answer requests of a proxy: `evaluation.mode: Envoy` and `HTTP`.
//!
//! Each expression gives an answer, or null; the first answer counts. Under `failurePolicy: Ignore`
//! an error is as good as no answer.

use portcullis_cel::{
    library::kyverno::{EnvoyAnswer, HttpAnswer, envoy_answer, http_answer},
    value::Value,
};

use super::{CompiledValidatingPolicy, Variant};
use crate::cel::{
    exception::Leave,
    host::SourceHost,
    scope::{RequestScope, Scope},
};
use crate::context::source::ContextSource;
use crate::response::{RuleResponse, RuleStatus, RuleType};

impl CompiledValidatingPolicy {
    /// What the policy answers, as Kyverno's commands show it.
    pub(super) fn authorize<'a>(
        &'a self,
        variant: &'a Variant,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> RuleResponse {
        let host = SourceHost::new(source);
        let scope = Scope::new(request, &host, &variant.preamble.variables).without_limit();
        let answered = match self.exceptions.leave(request, &host, source) {
            Ok(Leave::Whole(exemption)) => return exemption.response(RuleType::Validation),
            Ok(Leave::Parts(_) | Leave::Nothing) => answer(variant, &scope),
            Err(error) => Err(error),
        };
        let (status, message) = match answered {
            Ok(Some(answer)) => answer,
            Ok(None) => (RuleStatus::Skip, "request does not match".to_owned()),
            Err(_) if !self.info.errors_deny => {
                (RuleStatus::Skip, "request does not match".to_owned())
            }
            Err(error) => (RuleStatus::Error, error),
        };
        RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::Validation,
            status,
            message: message.into(),
            detail: None,
        }
    }
}

type Answer = (RuleStatus, String);

fn answer<'a>(variant: &'a Variant, scope: &Scope<'_, 'a>) -> Result<Option<Answer>, String> {
    if !variant.preamble.holds(scope)? {
        return Ok(None);
    }
    for program in &variant.answers {
        match scope.evaluate(program) {
            Ok(Value::Null) => {}
            Ok(value) => return told(&value).map(Some),
            Err(error) => return Err(error.message),
        }
    }
    Ok(None)
}

fn told(value: &Value<'_>) -> Result<Answer, String> {
    let allowed = || (RuleStatus::Pass, "request allowed".to_owned());
    match (envoy_answer(value), http_answer(value)) {
        (Some(EnvoyAnswer::Allowed), _) | (_, Some(HttpAnswer::Allowed)) => Ok(allowed()),
        (Some(EnvoyAnswer::Denied(code)), _) => {
            let message = format!("request denied with status code {code}");
            Ok((RuleStatus::Fail, message))
        }
        (_, Some(HttpAnswer::Denied(reason))) => {
            let message = format!("request denied, reason: {reason}");
            Ok((RuleStatus::Fail, message))
        }
        (None, None) => Err("the answer neither allows nor denies the request".to_owned()),
    }
}
