//! Rows: what a case wanted of a resource, what it got, and whether that passes.

use portcullis_api::test_file::{ResourceSpec, TestResult};
use portcullis_engine::{
    CompiledPolicy, PolicySet, report,
    response::{EngineResponse, RuleResponse, RuleStatus, RuleType},
};
use serde_json::Value;

use super::{Judgement, generated, inputs::Inputs};
use crate::offline::objects::text;

/// Whether a row passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// As wanted.
    Pass,
    /// Otherwise.
    Fail,
    /// Nothing answered, and that may pass.
    Excluded,
    /// Its policy is refused, which Kyverno does not hold against the suite.
    Skipped,
}

/// One case on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The policy, as the case names it.
    pub policy: String,
    /// The rule that answered, or the one the case names.
    pub rule: String,
    /// The resource, as `apiVersion/Kind/namespace/name`.
    pub resource: String,
    /// What the case wanted.
    pub wanted: String,
    /// What it got; empty where nothing answered.
    pub got: String,
    /// Whether it passes.
    pub judged: Judged,
    /// Why, in Kyverno's words: `Ok`, `Want pass, got fail`, `Excluded`, `Not found`.
    pub reason: String,
    /// What the rule said.
    pub message: String,
    /// Where in the resource the rule decided, as `/spec/containers/0/image/`; empty where there is no
    /// such place.
    pub path: String,
    /// The line of the case in the suite.
    pub line: usize,
}

/// The rows of a case.
#[must_use]
pub fn rows(
    case: &TestResult,
    set: &PolicySet,
    inputs: &Inputs,
    answers: &[Vec<EngineResponse>],
    judgement: Judgement,
) -> Vec<Row> {
    let objects = &inputs.objects;
    let name = case.policy.rsplit('/').next().unwrap_or_default();
    let policy = set
        .policies()
        .iter()
        .find(|policy| policy.info().name == name);
    let Some(policy) = policy else {
        let missing = |resource| row(case, resource, "", Judged::Fail, "Not found", String::new());
        return named(case).map(missing).collect();
    };
    let key = policy.info().key();
    let rule = case.rule.as_deref().unwrap_or_default();
    let rule_exists = rule.is_empty() || policy.rule_names().any(|name| answers_for(name, rule));
    let mut rows = Vec::new();
    for (object, responses) in chosen(case, objects)
        .into_iter()
        .filter_map(|index| Some((objects.get(index)?, answers.get(index)?)))
    {
        let resource = label(object);
        let response = responses
            .iter()
            .find(|response| response.policy.key() == key);
        let answered = response
            .into_iter()
            .flat_map(|response| response.rules.iter().map(move |rule| (response, rule)));
        let answered: Vec<_> = answered
            .filter(|(_, found)| rule.is_empty() || answers_for(&found.rule, rule))
            .filter(|(_, found)| judgement != Judgement::Compat || !generates_nothing(found))
            .collect();
        if answered.is_empty() && matches!(policy, CompiledPolicy::Unevaluated(_)) {
            let reason = "Not evaluated";
            rows.push(row(
                case,
                resource.clone(),
                "",
                Judged::Fail,
                reason,
                String::new(),
            ));
        } else if answered.is_empty() && judgement == Judgement::Compat && only_generates(policy) {
            let reason = "Not found";
            rows.push(row(
                case,
                resource.clone(),
                "",
                Judged::Fail,
                reason,
                String::new(),
            ));
        } else if answered.is_empty() {
            rows.push(vacuous(case, resource.clone(), rule_exists, judgement));
        }
        for (response, found) in answered {
            let got = report::status(found.status, response.policy.is_scored()).as_str();
            let wanted = wanted(case);
            let fault = generated::fault(case, &inputs.wanted, found.generated());
            let message = found.message.to_string();
            let (judged, reason, message) = match fault {
                _ if got != wanted => (Judged::Fail, format!("Want {wanted}, got {got}"), message),
                Some(fault) => (Judged::Fail, "Resource diff".to_owned(), fault),
                None => (Judged::Pass, "Ok".to_owned(), message),
            };
            rows.push(Row {
                rule: found.rule.to_string(),
                path: found.path().to_owned(),
                ..row(case, resource.clone(), got, judged, &reason, message)
            });
        }
    }
    rows
}

/// Kyverno's `test` does not show a rule whose preconditions keep it from generating.
fn generates_nothing(found: &RuleResponse) -> bool {
    found.rule_type == RuleType::Generation
        && found.status == RuleStatus::Skip
        && found.exceptions().is_empty()
}

/// Whether a policy does nothing but generate, so that Kyverno has no response where it generates
/// nothing.
fn only_generates(policy: &CompiledPolicy) -> bool {
    match policy {
        CompiledPolicy::ClusterPolicy(policy) => policy
            .rules()
            .iter()
            .all(|rule| rule.rule_type() == RuleType::Generation),
        CompiledPolicy::Unevaluated(_) => false,
    }
}

/// The rows of a case whose policy is refused: they are skipped, as Kyverno skips them.
#[must_use]
pub fn refused(case: &TestResult, reason: &str) -> Vec<Row> {
    let skipped = |resource| {
        let reason = reason.to_owned();
        row(
            case,
            resource,
            "",
            Judged::Skipped,
            "Invalid Policy",
            reason,
        )
    };
    named(case).map(skipped).collect()
}

/// The resources that a case names, or one without a name.
fn named(case: &TestResult) -> impl Iterator<Item = String> {
    let resources = case.resources.clone().unwrap_or_default();
    let nameless = resources.is_empty().then(String::new);
    resources.into_iter().chain(nameless)
}

/// A row that nothing answered.
fn vacuous(case: &TestResult, resource: String, rule_exists: bool, judgement: Judgement) -> Row {
    let is_wanted = wanted(case) == "skip" && rule_exists;
    let (judged, reason) = match judgement {
        Judgement::Strict if is_wanted => (Judged::Pass, "Ok"),
        Judgement::Strict if rule_exists => (Judged::Fail, "Excluded: no rule answered"),
        Judgement::Strict => (Judged::Fail, "Excluded: the policy has no such rule"),
        Judgement::Compat | Judgement::Lenient => (Judged::Excluded, "Excluded"),
    };
    // Kyverno says so twice.
    let message = if judgement == Judgement::Compat {
        reason
    } else {
        ""
    };
    let message = message.to_owned();
    row(case, resource, "", judged, reason, message)
}

fn row(
    case: &TestResult,
    resource: String,
    got: &str,
    judged: Judged,
    reason: &str,
    message: String,
) -> Row {
    Row {
        policy: case.policy.clone(),
        rule: case.rule.clone().unwrap_or_default(),
        resource,
        wanted: wanted(case).to_owned(),
        got: got.to_owned(),
        judged,
        reason: reason.to_owned(),
        message,
        path: String::new(),
        line: 0,
    }
}

fn wanted(case: &TestResult) -> &str {
    case.result.as_deref().unwrap_or_default()
}

/// A rule answers for itself and for the rules derived from it.
fn answers_for(name: &str, rule: &str) -> bool {
    name == rule
        || name
            .strip_prefix("autogen-")
            .is_some_and(|rest| rest == rule || rest.strip_prefix("cronjob-") == Some(rule))
}

/// The resources that a case is about: those it names, or all where it names none or none of those
/// exists.
fn chosen(case: &TestResult, objects: &[Value]) -> Vec<usize> {
    let all = || (0..objects.len()).collect::<Vec<_>>();
    let Some(names) = &case.resources else {
        return all();
    };
    let is_named = |object: &Value| {
        names.iter().any(|name| is_named(object, name))
            || case
                .resource_specs
                .iter()
                .any(|spec| is_specified(object, spec))
    };
    let found: Vec<usize> = objects
        .iter()
        .enumerate()
        .filter(|(_, object)| is_named(object))
        .map(|(index, _)| index)
        .collect();
    if found.is_empty() { all() } else { found }
}

fn is_named(object: &Value, name: &str) -> bool {
    let own = text(object, "/metadata/name");
    match name.rsplit_once('/') {
        Some((namespace, name)) => own == name && text(object, "/metadata/namespace") == namespace,
        None => own == name,
    }
}

fn is_specified(object: &Value, spec: &ResourceSpec) -> bool {
    let api_version = text(object, "/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let same = |wanted: &Option<String>, found: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.is_empty() || wanted == found)
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
