//! A review and a version of the policies to an answer.

use std::{mem, sync::Arc};

use portcullis_engine::{
    mutate,
    patch::{Operation, diff},
    record::{Recorder, Silent},
    request::{self as engine, Request},
    response::EngineResponse,
    validate,
    verdict::verdict,
};
use serde_json::Value;

use crate::{
    admission::{Answer, Review},
    configuration::Configuration,
    path::{AdmissionPath, FailurePolicy, Question},
    reports::{Admitted, Subject},
    served::{Group, Policies},
    world::World,
};

/// A review with all that its answer depends on.
pub struct Asked {
    /// The review.
    pub review: Box<Review>,
    /// The path that it was sent to.
    pub path: AdmissionPath,
    /// The version that answers.
    pub policies: Arc<Policies>,
    /// Which requests are answered without asking a policy.
    pub configuration: Arc<Configuration>,
    /// The world that the policies ask.
    pub world: Arc<dyn World>,
}

/// An answer, and what each policy said.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// What the policies said, in their turn.
    pub responses: Vec<EngineResponse>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The path names a policy that is not served.
    #[error(
        "policy `{0}` is not served on this path; it has no `matchConditions` or another `failurePolicy`, or is not there"
    )]
    NotServed(String),
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

impl Asked {
    /// Whether the answer may take longer than a computation does.
    #[must_use]
    pub fn asks_the_world(&self) -> bool {
        let groups = self.policies.groups(&self.path).unwrap_or_default();
        if groups.iter().all(|group| group.is_pure()) {
            return false;
        }
        let surroundings = self.review.surroundings(self.world.as_ref());
        let request = self.review.request(&surroundings);
        let mut groups = groups.into_iter();
        !self.configuration.ignores(&request)
            && groups.any(|group| group.asks_the_world(&request.kind, &request.resource.resource))
    }

    /// The answer of the policies.
    ///
    /// # Errors
    /// Where the path names no policy that is served, or the answer cannot be written.
    pub fn answer(&self) -> Result<Answered, AnswerError> {
        self.answer_with(&mut Silent)
    }

    /// The answer of the policies, of which a recorder is told.
    ///
    /// # Errors
    /// Where the path names no policy that is served, or the answer cannot be written.
    pub fn answer_with<R: Recorder>(&self, recorder: &mut R) -> Result<Answered, AnswerError> {
        let groups = self.policies.groups(&self.path);
        let groups = groups.ok_or_else(|| AnswerError::NotServed(self.path.policy().to_owned()))?;
        let surroundings = self.review.surroundings(self.world.as_ref());
        let request = self.review.request(&surroundings);
        if self.configuration.ignores(&request) {
            return Ok(Answered {
                answer: Answer::allowed(&self.review.uid),
                responses: Vec::new(),
            });
        }
        let (responses, patch) = self.evaluate(&groups, &request, recorder);
        let decided = Answer::decided(&self.review.uid, verdict(&request, &responses), &responses);
        Ok(Answered {
            answer: decided.with_patch(&patch)?,
            responses,
        })
    }

    /// What reports are to have of an answer, which loses what the policies said; none where nothing
    /// will be stored that a report could be about.
    #[must_use]
    pub fn admitted(&self, answered: &mut Answered) -> Option<Admitted> {
        let review = &self.review;
        let is_stored = match review.operation() {
            engine::Operation::Create => !answered.responses.is_empty(),
            engine::Operation::Update => true,
            engine::Operation::Delete | engine::Operation::Connect => false,
        };
        let is_whole = matches!(review.subresource(), "" | "ephemeralcontainers");
        let is_decided = self.path.question == Question::Validate && !review.is_dry_run();
        if !(is_stored && is_whole && is_decided) {
            return None;
        }
        let subject = Subject::of(review.object()?, review.resource())?;
        let groups = self.policies.groups(&self.path)?;
        let mut responses = mem::take(&mut answered.responses);
        for response in &mut responses {
            response.patched = None;
        }
        Some(Admitted {
            subject,
            asked: groups
                .iter()
                .map(|group| Arc::clone(group.asked()))
                .collect(),
            responses,
            is_blocked: !answered.answer.allowed,
        })
    }

    fn evaluate<R: Recorder>(
        &self,
        groups: &[&Group],
        request: &Request<'_>,
        recorder: &mut R,
    ) -> (Vec<EngineResponse>, Vec<Operation>) {
        let source = self.world.source();
        let mut responses = Vec::new();
        if self.path.question == Question::Validate {
            for group in groups {
                let answers = validate(group.set(), request, source.as_ref(), recorder);
                responses.extend(answers);
            }
            return (responses, Vec::new());
        }
        let mut object: Option<Arc<Value>> = None;
        for group in groups {
            let seen = Request {
                object: object.as_deref().or(request.object),
                ..request.clone()
            };
            let answers = mutate(group.set(), &seen, source.as_ref(), recorder);
            let last = answers.iter().find(|response| response.is_last_change);
            let after = last.and_then(|response| response.patched.clone());
            object = after.or(object);
            responses.extend(answers);
        }
        let patch = match (request.object, &object) {
            (Some(before), Some(after)) => diff(before, after),
            _ => Vec::new(),
        };
        (responses, patch)
    }

    /// The answer where the policies give none: `failurePolicy` decides.
    #[must_use]
    pub fn unanswered(uid: &str, path: &AdmissionPath, why: &str) -> Answer {
        match path.failure_policy {
            Some(FailurePolicy::Ignore) => {
                Answer::allowed(uid).with_warning(format!("policies were not evaluated: {why}"))
            }
            _ => Answer::denied(uid, format!("policies were not evaluated: {why}")),
        }
    }
}
