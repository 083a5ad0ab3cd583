//! Policies and exceptions when they are written: one that would not serve is refused while its
//! author still looks, with the place, and lint tells what it most likely does not mean.
//!
//! Nothing depends on it: what comes in while the webhook is away serves no more than it does else.
//! An object that is on its way out is let through, and one whose `spec` stays as it is has only those
//! mistakes that it did not have before, so that nobody is kept from mending metadata or from deleting
//! what an older version let in.

use portcullis_engine::{
    cel::exception,
    compile,
    compile_options::{CompileError, CompileOptions},
    lint,
    load::Loaded,
};
use serde_json::Value;

use crate::{
    admission::{Answer, Review},
    exception_rules::ExceptionRules,
    loaded,
};

/// How many mistakes an answer tells, and how many warnings it has.
const TOLD: usize = 10;

/// Whether policies and exceptions are answered on a path.
#[must_use]
pub fn is_path(path: &str) -> bool {
    matches!(path, "/policyvalidate" | "/exceptionvalidate")
}

/// What is said of a policy or an exception that is to be written.
#[must_use]
pub fn answer(review: &Review, exceptions: &ExceptionRules) -> Answer {
    let Some(object) = review.object().filter(|object| is_judged(review, object)) else {
        return Answer::allowed(&review.uid);
    };
    let mut judged = judge(object, exceptions);
    if let Some(old) = review.old_object().filter(|old| is_same(old, object, SPEC)) {
        let known = judge(old, exceptions).mistakes;
        judged.mistakes.retain(|mistake| !known.contains(mistake));
    }
    if !judged.mistakes.is_empty() {
        return Answer::denied(&review.uid, told(object, &judged.mistakes));
    }
    let warnings = judged.warnings.into_iter().take(TOLD);
    warnings.fold(Answer::allowed(&review.uid), Answer::with_warning)
}

const SPEC: &str = "/spec";
const ANNOTATIONS: &str = "/metadata/annotations";

fn is_same(old: &Value, object: &Value, part: &str) -> bool {
    old.pointer(part) == object.pointer(part)
}

/// Whether what an object says is new.
fn is_judged(review: &Review, object: &Value) -> bool {
    let mut before = review.old_object().into_iter();
    let is_kept = before.any(|old| {
        [SPEC, ANNOTATIONS]
            .iter()
            .all(|part| is_same(old, object, part))
    });
    let is_going = object.pointer("/metadata/deletionTimestamp").is_some();
    let is_whole = review.subresource().is_empty();
    is_whole && !is_going && !is_kept
}

/// What is wrong with an object, or else what its author should know.
#[derive(Debug, Default)]
struct Judged {
    mistakes: Vec<String>,
    warnings: Vec<String>,
}

impl Judged {
    fn refused(mistakes: Vec<String>) -> Judged {
        Judged {
            mistakes,
            ..Judged::default()
        }
    }

    fn warned(warnings: Vec<String>) -> Judged {
        Judged {
            warnings,
            ..Judged::default()
        }
    }
}

fn judge(object: &Value, exceptions: &ExceptionRules) -> Judged {
    let loaded = match loaded::read(object) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Judged::refused(mistakes),
    };
    if let Some(why) = exceptions.refusal(&loaded) {
        return match exceptions {
            ExceptionRules::Nowhere => Judged::warned(vec![why]),
            _ => Judged::refused(vec![why]),
        };
    }
    let mut mistakes = mistakes(&loaded);
    mistakes.extend(lint::check_cel_policy(object).iter().map(loaded::told));
    match mistakes.is_empty() {
        true => Judged::warned(warnings(&loaded)),
        false => Judged::refused(mistakes),
    }
}

fn mistakes(loaded: &Loaded) -> Vec<String> {
    let compiled = |exceptions| compile([loaded], exceptions, &CompileOptions::default()).1;
    let errors = match loaded {
        Loaded::Exception(exception) => compiled(std::slice::from_ref(exception.as_ref())),
        Loaded::CelException(exception) => exception::mistakes(exception),
        _ => compiled(&[]),
    };
    errors.iter().map(mistake).collect()
}

fn mistake(error: &CompileError) -> String {
    match error.path.as_str() {
        "" => error.message.clone(),
        path => format!("{path}: {}", error.message),
    }
}

fn warnings(loaded: &Loaded) -> Vec<String> {
    let Loaded::Policy(policy) = loaded else {
        return Vec::new();
    };
    let findings = lint::check(policy).into_iter();
    let warnings = findings.filter(|finding| finding.severity == lint::Severity::Warning);
    warnings.map(|finding| loaded::told(&finding)).collect()
}

/// The message with the mistakes, each on lines of its own.
fn told(object: &Value, mistakes: &[String]) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let text = |pointer: &str| text(pointer).unwrap_or_default();
    let mut told = format!("{} {}:", text("/kind"), text("/metadata/name"));
    for mistake in mistakes.iter().take(TOLD) {
        told.push('\n');
        told.push_str(mistake);
    }
    match mistakes.len().checked_sub(TOLD) {
        Some(more @ 1..) => told + &format!("\nand {more} more"),
        _ => told,
    }
}
