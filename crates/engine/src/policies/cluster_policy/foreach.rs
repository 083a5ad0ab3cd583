//! `foreach`: a body for each element of a list.
//!
//! | variable | value |
//! |---|---|
//! | `element`, `element0`, `element1`, … | the element of the innermost loop, and of each loop |
//! | `elementIndex`, `elementIndex0`, … | its number |
//!
//! A value that is no list counts as a list of one; null elements do not count. A list with an
//! unknown key is left out. An element that is skipped, or whose preconditions fail to evaluate,
//! does not count either; the first element that fails, or cannot be evaluated, ends the rule. A
//! rule of which nothing counted gives no response, unless a list could not be evaluated at all.

use portcullis_jmespath::GoInt64;
use portcullis_values::{Str, Val};

use super::body::{Check, ForEach};
use super::message::Messages;
use super::outcome::{Frame, Outcome};
use crate::evaluation::Evaluation;
use crate::record::{Place, Recorder};
use crate::request::NumberModel;
use crate::response::RuleStatus;

/// How the body of a loop is evaluated.
type Evaluate<'a, 'r, R> =
    fn(&'a Check, &'a Messages, &Frame<'a>, &mut Evaluation<'a, 'r, R>) -> Option<Outcome>;

/// Evaluates the loops of a body.
pub(super) fn evaluate<'a, 'r, R: Recorder>(
    loops: &'a [ForEach],
    body: Evaluate<'a, 'r, R>,
    messages: &'a Messages,
    frame: &Frame<'a>,
    evaluation: &mut Evaluation<'a, 'r, R>,
) -> Option<Outcome> {
    let mut counted = 0;
    let mut failed_list = None;
    for (number, one) in loops.iter().enumerate() {
        let (elements, is_list) = match evaluation.context().query(&one.list) {
            Ok(value) => {
                let is_list = matches!(value, Val::List(_));
                (elements(value), is_list)
            }
            Err(error) if error.is_not_found() => continue,
            Err(error) => {
                failed_list.get_or_insert(error);
                continue;
            }
        };
        evaluation.context().checkpoint();
        let outcome = one.evaluate(number, elements, (body, messages), frame, evaluation);
        evaluation.context().restore();
        match outcome {
            Ok(count) => counted += count,
            Err(Failed { element, outcome }) => {
                let list = is_list.then(|| one.list.text());
                return Some(outcome.within_loop(number, list, element, frame.nesting));
            }
        }
    }
    match (counted, failed_list) {
        (0, Some(error)) => Some(Outcome::error("failed to evaluate list", &error)),
        (0, None) => None,
        _ => Some(Outcome::new(RuleStatus::Pass, "rule passed")),
    }
}

/// The elements of a list; a value that is no list counts as a list of one.
pub(super) fn elements(value: Val<'_>) -> Vec<Val<'_>> {
    match value {
        Val::List(items) => items.iter().collect(),
        other => vec![other],
    }
}

/// Binds the variables of an element.
pub(super) fn bind<'a, R: Recorder>(
    element: Val<'a>,
    index: usize,
    nesting: usize,
    evaluation: &Evaluation<'a, '_, R>,
) {
    let number = number(index, evaluation.request().numbers);
    let context = evaluation.context();
    context.replace(Str::from("elementIndex"), number.clone());
    context.replace(numbered("elementIndex", nesting), number);
    context.replace(numbered("element", nesting), element.clone());
    // What is bound last is found first.
    context.replace(Str::from("element"), element);
}

/// How a loop ended, and at which element.
struct Failed {
    element: usize,
    outcome: Outcome,
}

impl ForEach {
    /// How many elements passed, or how the first one ended that did not.
    fn evaluate<'a, 'r, R: Recorder>(
        &'a self,
        number: usize,
        elements: Vec<Val<'a>>,
        (body, messages): (Evaluate<'a, 'r, R>, &'a Messages),
        frame: &Frame<'a>,
        evaluation: &mut Evaluation<'a, 'r, R>,
    ) -> Result<usize, Failed> {
        let mut counted = 0;
        for (index, element) in elements.into_iter().enumerate() {
            if element.is_null() {
                continue;
            }
            evaluation.context().reset();
            let failed = |outcome| Failed {
                element: index,
                outcome,
            };
            let inner = self.enter(element, index, frame, evaluation);
            let inner = inner.map_err(failed)?;
            let at = (number, index);
            let Some(outcome) = self.element(at, (body, messages), &inner, evaluation) else {
                continue;
            };
            evaluation.checked(Place::Element(number, index), outcome.status);
            match outcome.status {
                RuleStatus::Pass => counted += 1,
                RuleStatus::Skip => {}
                _ => {
                    let message = format!("validation failure: {}", outcome.message);
                    return Err(failed(Outcome {
                        message: message.into(),
                        ..outcome
                    }));
                }
            }
        }
        Ok(counted)
    }

    /// Binds the element's variables, and tells what patterns look at.
    fn enter<'a, R: Recorder>(
        &self,
        element: Val<'a>,
        index: usize,
        frame: &Frame<'a>,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<Frame<'a>, Outcome> {
        let nesting = frame.nesting;
        bind(element.clone(), index, nesting, evaluation);
        let is_map = matches!(element, Val::Map(_));
        if self.element_scope == Some(true) && !is_map {
            return Err(Outcome::error(
                "failed to process foreach",
                &format_args!(
                    "cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type={}",
                    type_name(&element)
                ),
            ));
        }
        let scoped = self.element_scope.unwrap_or(is_map);
        Ok(Frame {
            element: if scoped {
                Some(element)
            } else {
                frame.element.clone()
            },
            nesting: frame.nesting + 1,
            scope: if scoped {
                frame.nesting + 1
            } else {
                frame.scope
            },
        })
    }

    /// The body on the element; none when the element does not count.
    fn element<'a, 'r, R: Recorder>(
        &'a self,
        (number, index): (usize, usize),
        (body, messages): (Evaluate<'a, 'r, R>, &'a Messages),
        frame: &Frame<'a>,
        evaluation: &mut Evaluation<'a, 'r, R>,
    ) -> Option<Outcome> {
        evaluation.load_rule_values(Some(index));
        evaluation.context().defer(&self.entries);
        if let Some(preconditions) = &self.preconditions {
            let block = Place::Element(number, index).preconditions();
            let (hold, _) = preconditions.evaluate_noted(&block, evaluation).ok()?;
            evaluation.preconditions(hold);
            if !hold {
                return None;
            }
        }
        body(&self.check, messages, frame, evaluation)
    }
}

/// The variable of a loop; that of the outermost is not made each time.
fn numbered(variable: &str, nesting: usize) -> Str<'static> {
    match (variable, nesting) {
        ("element", 0) => Str::from("element0"),
        ("elementIndex", 0) => Str::from("elementIndex0"),
        _ => Str::from(format!("{variable}{nesting}")),
    }
}

/// Kyverno's own code counts elements, so that the number is no number in JMESPath.
fn number<'a>(index: usize, numbers: NumberModel) -> Val<'a> {
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    match numbers {
        NumberModel::Integers => Val::Int(index),
        NumberModel::KyvernoOffline => GoInt64(index).into_val(),
    }
}

/// The type as Kyverno's message has it.
fn type_name(value: &Val<'_>) -> &'static str {
    match value {
        Val::Bool(_) => "bool",
        Val::Int(_) | Val::UInt(_) | Val::Double(_) => "float64",
        Val::List(_) => "[]interface {}",
        Val::Str(_) => "string",
        other => match other {
            Val::Opaque(opaque) => opaque.type_name(),
            _ => "map",
        },
    }
}
