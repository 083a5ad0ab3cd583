//! Kyverno's text: a banner, policies that are not applied, the objects that came out, the
//! violations by policy and resource, and the counts.

use std::io;

use portcullis_engine::{
    CompileError,
    response::{FailureAction, RuleStatus, RuleType},
};
use portcullis_pipeline::apply::{Applied, ApplyReport, Produced};

use super::places::Places;
use crate::output::{console::Console, objects};

/// Writes the text, with the objects that are shown. With places, each violation names its place in
/// the manifests; without, the words are Kyverno's, which calls an error a failure, and a failure a
/// warning only where it is asked to (`audit_warn`).
pub(super) fn print(
    report: &ApplyReport,
    shown: &[Produced],
    mut places: Option<&mut Places<'_>>,
    audit_warn: bool,
    console: &mut Console,
) -> io::Result<()> {
    console.data(&banner(report))?;
    console.data(&refused(&report.refused))?;
    for produced in shown {
        console.data(&objects::titled(produced))?;
    }
    let mut text = String::new();
    for group in groups(report) {
        text.clear();
        match places.as_deref_mut() {
            Some(places) => push_group(&mut text, group, places),
            None => push_group_of_kyverno(&mut text, group, audit_warn),
        }
        console.data(&text)?;
    }
    let counts = report.counts;
    console.data(&format!(
        "\npass: {}, fail: {}, warn: {}, error: {}, skip: {} \n",
        counts.pass, counts.fail, counts.warn, counts.error, counts.skip
    ))
}

/// The violations and errors alone, for where the objects are the answer.
pub(super) fn violations(report: &ApplyReport, places: &mut Places<'_>) -> String {
    let mut text = String::new();
    for group in groups(report) {
        push_group(&mut text, group, places);
    }
    text
}

/// The results of each policy and resource.
fn groups(report: &ApplyReport) -> impl Iterator<Item = &[Applied]> {
    let is_same =
        |one: &Applied, next: &Applied| one.policy == next.policy && one.resource == next.resource;
    report.results.chunk_by(is_same)
}

fn banner(report: &ApplyReport) -> String {
    let (rules, objects) = (report.rules, report.objects);
    let exceptions = match report.exceptions {
        0 => String::new(),
        count => format!(" with {count} exception(s)"),
    };
    format!("\nApplying {rules} policy rule(s) to {objects} resource(s){exceptions}...\n")
}

/// The policies that are not applied: those that use an element where there is none are invalid.
fn refused(refused: &[CompileError]) -> String {
    let is_invalid = |error: &&CompileError| error.message.starts_with("`element.name`");
    let (invalid, skipped): (Vec<_>, Vec<_>) = refused.iter().partition(is_invalid);
    block("Policies Skipped:", &skipped) + &block("Invalid Policies:", &invalid)
}

fn block(title: &str, refused: &[&CompileError]) -> String {
    if refused.is_empty() {
        return String::new();
    }
    let divider = "-".repeat(70);
    let lines = refused.iter().enumerate();
    let lines: String = lines
        .map(|(index, error)| format!("{}. {}\n", index + 1, error.policy))
        .collect();
    format!("{divider}\n{title}\n{lines}{divider}\n")
}

/// What became of a policy and a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Denied,
    Warned,
    Kept,
    Undecided,
}

impl End {
    const ALL: [End; 4] = [End::Denied, End::Warned, End::Kept, End::Undecided];

    fn of(one: &Applied) -> End {
        match (one.status, one.rule_type) {
            (RuleStatus::Error, _) => End::Undecided,
            (_, RuleType::Deletion) => End::Kept,
            (RuleStatus::Warn, _) => End::Warned,
            _ if one.action == FailureAction::Audit => End::Warned,
            _ => End::Denied,
        }
    }

    fn words(self) -> &'static str {
        match self {
            End::Denied => "failed",
            End::Warned => "failed as audit warning",
            End::Kept => "would not be deleted",
            End::Undecided => "could not be evaluated",
        }
    }
}

/// The violations of one policy and resource, those that ended alike together.
fn push_group(text: &mut String, group: &[Applied], places: &mut Places<'_>) {
    for end in End::ALL {
        let ended = group.iter().filter(|one| End::of(one) == end);
        push_block(text, end, ended, Some(&mut *places));
    }
}

/// The violations of one policy and resource, for which Kyverno has two words.
fn push_group_of_kyverno(text: &mut String, group: &[Applied], audit_warn: bool) {
    let is_audited = |one: &Applied| one.action == FailureAction::Audit;
    let end = match audit_warn && group.iter().all(is_audited) {
        true => End::Warned,
        false => End::Denied,
    };
    push_block(text, end, group.iter(), None);
}

fn push_block<'a>(
    text: &mut String,
    end: End,
    ended: impl Iterator<Item = &'a Applied>,
    mut places: Option<&mut Places<'_>>,
) {
    let mut told = String::new();
    let mut count = 0;
    for one in ended {
        if count == 0 {
            let (policy, resource) = (&*one.policy, &*one.resource);
            text.extend(["policy ", policy, " -> resource ", resource, " "]);
            text.extend([end.words(), ":\n"]);
        }
        count += 1;
        text.push_str(&count.to_string());
        let message = match &*one.message {
            "" => "validation failed",
            message => message,
        };
        text.extend([" - ", &one.rule, " ", message, "\n"]);
        let label = places.as_mut().and_then(|places| places.of(one));
        let label = label.map(|place| place.label());
        if let Some(label) = label.filter(|label| *label != told) {
            text.extend(["  --> ", &label, "\n"]);
            told = label;
        }
        let rule = places.as_mut().filter(|_| end == End::Undecided);
        if let Some((place, what)) = rule.and_then(|places| places.rule(one)) {
            text.extend(["  ::: ", &place.label(), " ", what, "\n"]);
        }
    }
    if count > 0 {
        text.push('\n');
    }
}
