//! What evaluating one policy on one request works with.

use std::sync::Arc;

use crate::context::source::ContextSource;
use crate::context::{JsonContext, RequestView, Store};
use crate::matching::Subject;
use crate::policy_info::PolicyName;
use crate::record::{Place, Recorder};
use crate::request::Request;
use crate::response::RuleStatus;
use crate::verified_images::VerifiedImages;

/// The state of one policy's evaluation on one request.
pub struct Evaluation<'a, 'r, R> {
    context: JsonContext<'a>,
    subject: Subject<'a>,
    policy: PolicyName<'a>,
    rule: Option<&'a Arc<str>>,
    recorder: &'r mut R,
    verified: Option<&'a VerifiedImages>,
}

impl<'a, 'r, R: Recorder> Evaluation<'a, 'r, R> {
    /// Starts on a policy; none when the request has no object.
    pub fn new(
        policy: PolicyName<'a>,
        view: &'a RequestView<'a>,
        source: &'a dyn ContextSource,
        store: &'a Store,
        recorder: &'r mut R,
    ) -> Option<Self> {
        let namespace = Some(policy.namespace).filter(|namespace| !namespace.is_empty());
        Some(Evaluation {
            context: JsonContext::new(view, source, store, namespace),
            subject: view.subject()?,
            policy,
            rule: None,
            recorder,
            verified: None,
        })
    }

    /// Makes known how verifying the images of the object ended.
    #[must_use]
    pub fn with_verified(mut self, verified: &'a VerifiedImages) -> Self {
        self.verified = Some(verified);
        self
    }

    /// How verifying the images of the object ended.
    pub fn verified(&self) -> Option<&'a VerifiedImages> {
        self.verified
    }

    /// What expressions can read.
    pub fn context(&self) -> &JsonContext<'a> {
        &self.context
    }

    /// The request.
    pub fn request(&self) -> &'a Request<'a> {
        self.subject.request
    }

    /// The request as matchers see it.
    pub fn subject(&self) -> &Subject<'a> {
        &self.subject
    }

    /// The policy.
    pub fn policy(&self) -> PolicyName<'a> {
        self.policy
    }

    /// The rule that is evaluated.
    pub fn rule_name(&self) -> Arc<str> {
        self.rule.map_or_else(|| Arc::from(""), Arc::clone)
    }

    fn rule(&self) -> &'a str {
        self.rule.map_or("", |rule| rule)
    }

    /// Who notes what is decided.
    pub fn recorder(&mut self) -> &mut R {
        self.recorder
    }

    /// Starts on a rule.
    pub fn enter_rule(&mut self, rule: &'a Arc<str>) {
        self.rule = Some(rule);
    }

    /// Injects what a Values file says for the rule; inside a loop, for the element of a number.
    pub fn load_rule_values(&self, element: Option<usize>) {
        let Some(values) = self
            .context
            .source()
            .rule_values(self.policy.name, self.rule())
        else {
            return;
        };
        self.context.inject_all(&values.values);
        for (path, each) in &values.foreach_values {
            if let Some(value) = each.get(element.unwrap_or(0)) {
                self.context.inject(path, value);
            }
        }
    }

    /// Notes whether preconditions hold.
    pub fn preconditions(&mut self, hold: bool) {
        self.recorder.preconditions(self.rule(), hold);
    }

    /// Notes what a check decided.
    pub fn checked(&mut self, place: Place<'_>, status: RuleStatus) {
        self.recorder.checked(self.rule(), place, status);
    }
}
