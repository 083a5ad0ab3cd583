//! What a case is about: the objects, payloads and changed targets that its resources name.

use portcullis_api::test_file::{ResourceSpec, TestResult};
use portcullis_engine::response::{EngineResponse, RuleResponse};
use serde_json::Value;

use super::{Judgement, inputs::Inputs};
use crate::offline::{objects::text, payloads::Payload};

/// An object that a case may be about, and what a policy's rules answered of it.
pub(super) struct Subject<'a> {
    pub(super) object: &'a Value,
    payload: Option<&'a Payload>,
    pub(super) answers: Vec<(&'a EngineResponse, &'a RuleResponse)>,
}

impl Subject<'_> {
    /// The resource, as rows name it.
    pub(super) fn label(&self, judgement: Judgement) -> String {
        match self.payload {
            Some(payload) if judgement == Judgement::Compat => payload.kyverno_label(),
            Some(payload) => payload.name.clone(),
            None => label(self.object),
        }
    }
}

/// The resources, then the payloads, and then the existing objects that the policy changed because of
/// the resources.
pub(super) fn subjects<'a>(
    inputs: &'a Inputs,
    answers: &'a [Vec<EngineResponse>],
    policy: &str,
) -> Vec<Subject<'a>> {
    let mut subjects = Vec::new();
    let mut targets: Vec<Subject<'a>> = Vec::new();
    let objects = inputs.objects.iter().map(|object| (object, None));
    let payloads = inputs.payloads.iter();
    let payloads = payloads.map(|payload| (&payload.value, Some(payload)));
    for ((object, payload), responses) in objects.chain(payloads).zip(answers) {
        let response = responses.iter().find(|one| one.policy.key() == policy);
        let answers: Vec<_> = response
            .into_iter()
            .flat_map(|response| response.rules.iter().map(move |rule| (response, rule)))
            .collect();
        for answer in &answers {
            let detail = answer.1.detail.as_ref();
            targets.extend(
                detail
                    .and_then(|detail| detail.patched_target.as_ref())
                    .map(|object| Subject {
                        object,
                        payload: None,
                        answers: vec![*answer],
                    }),
            );
        }
        subjects.push(Subject {
            object,
            payload,
            answers,
        });
    }
    subjects.extend(targets);
    subjects
}

/// The resources that a case is about: those it names, or all where it names none or none of those
/// exists. Under `--compat` one that it names twice stands there twice, as in Kyverno.
pub(super) fn chosen(
    case: &TestResult,
    subjects: &[Subject<'_>],
    judgement: Judgement,
) -> Vec<usize> {
    let all = || (0..subjects.len()).collect::<Vec<_>>();
    let Some(names) = &case.resources else {
        return all();
    };
    let is_exact = judgement == Judgement::Compat;
    let times = |subject: &Subject<'_>| {
        if let Some(payload) = subject.payload {
            return names.iter().filter(|name| payload.is_named(name)).count();
        }
        let named = names.iter().filter(|name| is_named(subject.object, name));
        let specified = case.resource_specs.iter();
        let specified = specified.filter(|spec| is_specified(subject.object, spec, is_exact));
        named.count() + specified.count()
    };
    let subjects = subjects.iter().enumerate();
    let found = subjects.flat_map(|(index, subject)| {
        let times = times(subject);
        std::iter::repeat_n(index, if is_exact { times } else { times.min(1) })
    });
    let found: Vec<usize> = found.collect();
    if found.is_empty() { all() } else { found }
}

fn is_named(object: &Value, name: &str) -> bool {
    let own = text(object, "/metadata/name");
    match name.rsplit_once('/') {
        Some((namespace, name)) => own == name && text(object, "/metadata/namespace") == namespace,
        None => own == name,
    }
}

/// Whether an object is one that `resourceSpecs` names. In Kyverno a field that is left out is empty,
/// and none of the object's that is not.
fn is_specified(object: &Value, spec: &ResourceSpec, is_exact: bool) -> bool {
    let api_version = text(object, "/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let same = |wanted: &Option<String>, found: &str| {
        let wanted = wanted.as_deref().unwrap_or_default();
        wanted == found || (wanted.is_empty() && !is_exact)
    };
    same(&spec.group, group)
        && same(&spec.version, version)
        && same(&spec.kind, text(object, "/kind"))
        && same(&spec.namespace, text(object, "/metadata/namespace"))
        && same(&spec.name, text(object, "/metadata/name"))
}

fn label(object: &Value) -> String {
    [
        "/apiVersion",
        "/kind",
        "/metadata/namespace",
        "/metadata/name",
    ]
    .map(|pointer| text(object, pointer))
    .join("/")
}
