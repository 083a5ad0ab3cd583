//! `deny`, `pattern` and `anyPattern`, of a rule and of a loop's element.

use portcullis_values::Val;

use super::body::{AnyPattern, Check, CompiledPattern, patterns};
use super::condition::CompiledConditions;
use super::foreach;
use super::message::Messages;
use super::outcome::{Frame, Outcome};
use crate::evaluation::Evaluation;
use crate::pattern::{Pattern, PatternOutcome};
use crate::record::{Place, Recorder};
use crate::response::{FailedPattern, RuleStatus};

impl Check {
    /// Evaluates a body; none when it has nothing to say of the request.
    pub(super) fn evaluate<'a, R: Recorder>(
        &'a self,
        messages: &'a Messages,
        frame: &Frame<'a>,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<Outcome> {
        match self {
            Check::Deny(conditions) => Some(deny(conditions, messages, evaluation)),
            Check::Pattern(pattern) => one_pattern(pattern, messages, frame, evaluation),
            Check::AnyPattern(patterns) => any_pattern(patterns, messages, frame, evaluation),
            Check::ForEach(loops) => {
                foreach::evaluate(loops, Check::evaluate, messages, frame, evaluation)
            }
            Check::Nothing => None,
        }
    }
}

fn deny<'a, R: Recorder>(
    conditions: &'a CompiledConditions,
    messages: &'a Messages,
    evaluation: &mut Evaluation<'a, '_, R>,
) -> Outcome {
    let decided = conditions.evaluate_noted(&"deny.conditions", evaluation);
    let context = evaluation.context();
    let outcome = match decided {
        Err(error) => Outcome::error("failed to check deny conditions", &error),
        Ok((true, said)) => Outcome::new(RuleStatus::Fail, messages.denied(context, &said)),
        Ok((false, _)) => Outcome::new(RuleStatus::Pass, &*messages.passed),
    };
    evaluation.checked(Place::Deny, outcome.status);
    outcome
}

/// What patterns look at, and how many loops are around it where it is an element; none when the
/// object goes away.
fn looked_at<'a, R: Recorder>(
    frame: &Frame<'a>,
    evaluation: &Evaluation<'a, '_, R>,
) -> Option<(Val<'a>, usize)> {
    match &frame.element {
        Some(element) if !is_empty(element) => Some((element.clone(), frame.scope)),
        _ if evaluation.context().is_delete() => None,
        _ => Some((Val::from(evaluation.request().object?), 0)),
    }
}

fn is_empty(element: &Val<'_>) -> bool {
    matches!(element, Val::Map(entries) if entries.is_empty())
}

fn one_pattern<'a, R: Recorder>(
    compiled: &'a CompiledPattern,
    messages: &'a Messages,
    frame: &Frame<'a>,
    evaluation: &mut Evaluation<'a, '_, R>,
) -> Option<Outcome> {
    let made;
    let pattern = match compiled {
        CompiledPattern::Ready(pattern) => pattern,
        CompiledPattern::Template(template) => match template.evaluate(evaluation.context()) {
            Ok(value) => {
                made = Pattern::compile(&value.to_json());
                &made
            }
            Err(error) => return Some(Outcome::error("variable substitution failed", &error)),
        },
    };
    let (object, scope) = looked_at(frame, evaluation)?;
    let outcome = compare(pattern, &object, messages, evaluation);
    let outcome = Outcome { scope, ..outcome };
    evaluation.checked(Place::Pattern(&outcome.path), outcome.status);
    Some(outcome)
}

fn compare<'a, R: Recorder>(
    pattern: &Pattern,
    object: &Val<'a>,
    messages: &'a Messages,
    evaluation: &mut Evaluation<'a, '_, R>,
) -> Outcome {
    let outcome = noted(pattern, Place::Pattern(""), object, evaluation);
    let context = evaluation.context();
    match outcome {
        PatternOutcome::Pass => Outcome::new(RuleStatus::Pass, &*messages.passed),
        PatternOutcome::Skip { message } => Outcome::new(RuleStatus::Skip, message),
        PatternOutcome::Error { message } => {
            Outcome::new(RuleStatus::Error, messages.pattern_error(context, &message))
        }
        PatternOutcome::Fail { path, message } => {
            let message = messages.pattern_failed(context, &path, &message);
            Outcome {
                path,
                ..Outcome::new(RuleStatus::Fail, message)
            }
        }
    }
}

/// What a pattern says of an object; the recorder is told of each leaf.
fn noted<R: Recorder>(
    pattern: &Pattern,
    place: Place<'_>,
    object: &Val<'_>,
    evaluation: &mut Evaluation<'_, '_, R>,
) -> PatternOutcome {
    let numbers = evaluation.request().numbers;
    if !R::LISTENS {
        return pattern.evaluate(object, numbers);
    }
    let (outcome, leaves) = pattern.evaluate_noted(object, numbers);
    let rule = evaluation.rule_name();
    for leaf in leaves {
        evaluation.recorder().leaf(&rule, place, leaf);
    }
    outcome
}

fn any_pattern<'a, R: Recorder>(
    compiled: &'a AnyPattern,
    messages: &'a Messages,
    frame: &Frame<'a>,
    evaluation: &mut Evaluation<'a, '_, R>,
) -> Option<Outcome> {
    const NOT_A_LIST: &str = "failed to deserialize anyPattern, expected type array";
    let made;
    let list = match compiled {
        AnyPattern::Ready(list) => Some(list),
        AnyPattern::NotAList => None,
        AnyPattern::Template(template) => match template.evaluate(evaluation.context()) {
            Ok(value) => {
                made = patterns(&value);
                made.as_ref()
            }
            Err(error) => return Some(Outcome::error("variable substitution failed", &error)),
        },
    };
    let (object, scope) = looked_at(frame, evaluation)?;
    let Some(list) = list else {
        return Some(Outcome::new(RuleStatus::Error, NOT_A_LIST));
    };
    let outcome = first_of(list, &object, messages, evaluation);
    Some(Outcome { scope, ..outcome })
}

/// The first pattern that passes; else all that failed; else all that were skipped.
fn first_of<'a, R: Recorder>(
    list: &[Pattern],
    object: &Val<'a>,
    messages: &'a Messages,
    evaluation: &mut Evaluation<'a, '_, R>,
) -> Outcome {
    if !R::LISTENS {
        // What the patterns before it have against the object is not told then.
        let numbers = evaluation.request().numbers;
        let mut patterns = list.iter();
        if let Some(index) = patterns.position(|pattern| pattern.surely_passes(object, numbers)) {
            return Outcome::new(RuleStatus::Pass, messages.any_pattern_passed(index));
        }
    }
    let rule = evaluation.rule_name();
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    let mut patterns = Vec::new();
    for (index, pattern) in list.iter().enumerate() {
        let place = Place::AnyPattern(index);
        let outcome = match R::LISTENS {
            true => noted(pattern, place, object, evaluation),
            // That it surely passes has been asked.
            false => pattern.walk(object, evaluation.request().numbers),
        };
        evaluation.checked(place, outcome.status());
        match outcome {
            PatternOutcome::Pass => {
                return Outcome::new(RuleStatus::Pass, messages.any_pattern_passed(index));
            }
            PatternOutcome::Skip { message } => {
                skipped.push(format!("rule {rule}[{index}] skipped: {message}"));
            }
            PatternOutcome::Error { message } => {
                failed.push(format!("rule {rule}[{index}] failed: {message}"));
            }
            PatternOutcome::Fail { path, .. } => {
                failed.push(format!("rule {rule}[{index}] failed at path {path}"));
                let pattern = format!("/anyPattern/{index}");
                patterns.push(FailedPattern { pattern, path });
            }
        }
    }
    if !failed.is_empty() {
        let message = messages.any_pattern_failed(evaluation.context(), &failed.join(" "));
        let first = patterns.first();
        return Outcome {
            path: first.map_or_else(String::new, |first| first.path.clone()),
            patterns,
            ..Outcome::new(RuleStatus::Fail, message)
        };
    }
    if !skipped.is_empty() {
        return Outcome::new(RuleStatus::Skip, skipped.join(" "));
    }
    Outcome::new(RuleStatus::Pass, &*messages.own)
}
