//! Kyverno's text: a banner, policies that are not applied, the objects that came out, the
//! violations by policy and resource, and the counts.

use std::io;

use portcullis_engine::{
    CompileError,
    response::{FailureAction, RuleStatus},
};
use portcullis_pipeline::apply::{Applied, ApplyReport, Produced};

use super::places::Places;
use crate::output::{console::Console, objects};

/// Writes the text, with the objects that are shown; with places, each violation names its place in the manifests.
pub(super) fn print(
    report: &ApplyReport,
    shown: &[Produced],
    mut places: Option<&mut Places<'_>>,
    console: &mut Console,
) -> io::Result<()> {
    console.data(&banner(report))?;
    console.data(&refused(&report.refused))?;
    for produced in shown {
        console.data(&objects::titled(produced))?;
    }
    let groups = report
        .results
        .chunk_by(|one, next| one.policy == next.policy && one.resource == next.resource);
    let mut text = String::new();
    for group in groups {
        text.clear();
        push_group(&mut text, group, places.as_deref_mut());
        console.data(&text)?;
    }
    let counts = report.counts;
    console.data(&format!(
        "\npass: {}, fail: {}, warn: {}, error: {}, skip: {} \n",
        counts.pass, counts.fail, counts.warn, counts.error, counts.skip
    ))
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

/// The violations of one policy and resource.
fn push_group(text: &mut String, group: &[Applied], mut places: Option<&mut Places<'_>>) {
    let Some(first) = group.first() else { return };
    let is_warning = group
        .iter()
        .all(|one| one.status == RuleStatus::Warn || one.action == FailureAction::Audit);
    let how = if is_warning {
        "failed as audit warning:"
    } else {
        "failed:"
    };
    let (policy, resource) = (&*first.policy, &*first.resource);
    text.extend(["policy ", policy, " -> resource ", resource, " ", how, "\n"]);
    let mut told = String::new();
    for (index, one) in group.iter().enumerate() {
        text.push_str(&(index + 1).to_string());
        let message = match &*one.message {
            "" => "validation failed",
            message => message,
        };
        text.extend([" - ", &one.rule, " ", message, "\n"]);
        let label = places.as_mut().map(|places| places.of(one).label());
        if let Some(label) = label.filter(|label| *label != told) {
            text.extend(["  --> ", &label, "\n"]);
            told = label;
        }
    }
    text.push('\n');
}
