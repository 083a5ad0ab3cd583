//! Rows: what a case wanted of a resource, what it got, and whether that passes.

use std::sync::Arc;

use portcullis_api::test_file::TestResult;
use portcullis_engine::{
    CompiledPolicy, PolicySet, report,
    response::{EngineResponse, FailedPattern, RuleResponse, RuleStatus, RuleType},
};

use super::{
    Judgement,
    expected::{self, ObjectFault},
    inputs::Inputs,
    subjects::{Subject, chosen, subjects},
    turns::{is_late, is_silent},
};
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
    /// The resource, as `apiVersion/Kind/namespace/name`; under `--compat` `/name` of a generated
    /// object, as in Kyverno.
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
    /// The patterns of `anyPattern` and `foreach` that decided.
    pub patterns: Vec<FailedPattern>,
    /// The path in the policy of the expression in CEL that decided or has no value.
    pub expression: Option<Arc<str>>,
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
    let name = case.policy.rsplit('/').next().unwrap_or_default();
    let policy = set
        .policies()
        .iter()
        .find(|policy| policy.info().name == name);
    let Some(policy) = policy else {
        let missing = |resource| row(case, resource, "", Judged::Fail, "Not found", String::new());
        let named = named(case, inputs, answers, judgement);
        return named.into_iter().map(missing).collect();
    };
    let key = policy.info().key();
    // Kinds without rules answer whatever rule a case names.
    let rule = match policy {
        CompiledPolicy::Validating(_) | CompiledPolicy::Mutating(_) => "",
        _ => case.rule.as_deref().unwrap_or_default(),
    };
    let rule_exists = rule.is_empty() || policy.rule_names().any(|name| answers_for(name, rule));
    let subjects = subjects(inputs, answers, &key);
    let mut rows = Vec::new();
    for subject in chosen(case, &subjects, judgement)
        .into_iter()
        .filter_map(|index| subjects.get(index))
    {
        let resource = subject.label(judgement);
        let answered = subject.answers.iter();
        let answered: Vec<_> = answered
            .filter(|(_, found)| rule.is_empty() || answers_for(&found.rule, rule))
            .collect();
        if answered.is_empty() {
            rows.push(unanswered(
                case,
                resource.clone(),
                policy,
                rule_exists,
                judgement,
            ));
        } else if judgement == Judgement::Compat && is_late(policy, &answered) {
            rows.push(vacuous(case, resource.clone(), rule_exists, judgement));
        }
        for (response, found) in answered {
            let got = report::status(found.status, response.policy.is_scored()).as_str();
            let is_pass = got == RuleStatus::Pass.as_str();
            if is_pass && judgement == Judgement::Compat && !found.generated().is_empty() {
                rows.extend(generated(case, inputs, found));
                continue;
            }
            let (judged, reason, message) = if is_pass {
                match compared(case, inputs, subject, (response, found), judgement) {
                    Some(compared) => compared,
                    None => continue,
                }
            } else if got == wanted(case) {
                (Judged::Pass, OK.to_owned(), found.message.to_string())
            } else {
                let reason = format!("Want {}, got {got}", wanted(case));
                (Judged::Fail, reason, found.message.to_string())
            };
            rows.push(Row {
                rule: found.rule.to_string(),
                path: found.path().to_owned(),
                patterns: found.failed_patterns().to_vec(),
                expression: found.expression().cloned(),
                ..row(case, resource.clone(), got, judged, &reason, message)
            });
        }
    }
    rows
}

/// The reason of a row that is as wanted.
const OK: &str = "Ok";

/// Judges a rule that passed: with what came out otherwise than the case has it, it counts as failed.
/// Under `--compat` there is no row, as in Kyverno, of a changed object that the case's file does not have.
fn compared(
    case: &TestResult,
    inputs: &Inputs,
    subject: &Subject<'_>,
    (response, found): (&EngineResponse, &RuleResponse),
    judgement: Judgement,
) -> Option<(Judged, String, String)> {
    let changes = matches!(found.rule_type, RuleType::Mutation | RuleType::ImageVerify);
    let patched = changes.then(|| {
        let target = found.detail.as_ref();
        let target = target.and_then(|detail| detail.patched_target.as_ref());
        let after = target.or(response.patched.as_deref());
        after.unwrap_or(subject.object)
    });
    let fault = patched.and_then(|after| expected::patched_fault(case, &inputs.wanted, after));
    let fault = fault.or_else(|| {
        let fault = expected::generated_fault(case, &inputs.wanted, found.generated());
        fault.map(ObjectFault::Differs)
    });
    judged(case, fault, &found.message, judgement)
}

/// How a rule's passing counts, beside what is wrong with what came out; none where there is no row.
fn judged(
    case: &TestResult,
    fault: Option<ObjectFault>,
    message: &str,
    judgement: Judgement,
) -> Option<(Judged, String, String)> {
    Some(match (fault, wanted(case)) {
        (Some(ObjectFault::NotThere(fault)), _) => {
            let fails = judgement == Judgement::Strict
                || case.fail_on_missing_resources.unwrap_or_default();
            let judged = if fails { Judged::Fail } else { Judged::Skipped };
            let is_shown = fails || judgement != Judgement::Compat;
            return is_shown.then(|| (judged, "Resource not found".to_owned(), fault));
        }
        (None, "pass") | (Some(_), "fail") => (Judged::Pass, OK.to_owned(), message.to_owned()),
        (None, wanted) => {
            let reason = format!("Want {wanted}, got pass");
            (Judged::Fail, reason, message.to_owned())
        }
        (Some(ObjectFault::Differs(fault)), _) => (Judged::Fail, "Resource diff".to_owned(), fault),
    })
}

/// Kyverno's rows of a rule that generated: one for each object, by the object's name alone. One that the
/// case's files do not have fails, whatever is wanted.
fn generated(case: &TestResult, inputs: &Inputs, found: &RuleResponse) -> Vec<Row> {
    let objects = found.generated().iter();
    let rows = objects.filter_map(|object| {
        let fault = expected::generated_object_fault(case, &inputs.wanted, object);
        let (judged, reason, message) = match fault {
            Some(ObjectFault::NotThere(fault)) => {
                (Judged::Fail, "Resource error".to_owned(), fault)
            }
            fault => judged(case, fault, &found.message, Judgement::Compat)?,
        };
        let resource = format!("/{}", text(object, "/metadata/name"));
        let got = RuleStatus::Pass.as_str();
        Some(Row {
            rule: found.rule.to_string(),
            ..row(case, resource, got, judged, &reason, message)
        })
    });
    rows.collect()
}

/// The row of a resource of which no rule said anything.
fn unanswered(
    case: &TestResult,
    resource: String,
    policy: &CompiledPolicy,
    rule_exists: bool,
    judgement: Judgement,
) -> Row {
    let failed = |reason| {
        row(
            case,
            resource.clone(),
            "",
            Judged::Fail,
            reason,
            String::new(),
        )
    };
    if judgement == Judgement::Compat && is_silent(policy) {
        return failed("Not found");
    }
    vacuous(case, resource.clone(), rule_exists, judgement)
}

/// The rows under `--compat` of a case whose policy is refused. Kyverno skips those of a policy that it
/// refuses, too.
#[must_use]
pub fn refused(
    case: &TestResult,
    inputs: &Inputs,
    answers: &[Vec<EngineResponse>],
    (reason, judged): (&str, Judged),
) -> Vec<Row> {
    let skipped = |resource| {
        let reason = reason.to_owned();
        row(case, resource, "", judged, "Invalid Policy", reason)
    };
    let named = named(case, inputs, answers, Judgement::Compat);
    named.into_iter().map(skipped).collect()
}

/// The resources of the rows of a case that no policy answers: under `--compat` those that it is
/// about, as in Kyverno; else those that it names, or one without a name.
fn named(
    case: &TestResult,
    inputs: &Inputs,
    answers: &[Vec<EngineResponse>],
    judgement: Judgement,
) -> Vec<String> {
    if judgement == Judgement::Compat {
        let subjects = subjects(inputs, answers, "");
        let chosen = chosen(case, &subjects, judgement).into_iter();
        let chosen = chosen.filter_map(|index| subjects.get(index));
        return chosen.map(|subject| subject.label(judgement)).collect();
    }
    let resources = case.resources.clone().unwrap_or_default();
    if resources.is_empty() {
        return vec![String::new()];
    }
    resources
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
        patterns: Vec::new(),
        expression: None,
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
