//! Kyverno's text: a banner, the violations by policy and resource, and the counts.

use std::io;

use portcullis_engine::response::{FailureAction, RuleStatus};
use portcullis_pipeline::apply::{Applied, ApplyReport};

use crate::output::{console::Console, objects};

/// Writes the text.
pub(super) fn print(report: &ApplyReport, console: &mut Console) -> io::Result<()> {
    let (rules, objects) = (report.rules, report.objects);
    console.data(&format!(
        "\nApplying {rules} policy rule(s) to {objects} resource(s)...\n"
    ))?;
    for produced in &report.produced {
        console.data(&objects::titled(produced))?;
    }
    let groups = report
        .results
        .chunk_by(|one, next| one.policy == next.policy && one.resource == next.resource);
    let mut text = String::new();
    for group in groups {
        text.clear();
        push_group(&mut text, group);
        console.data(&text)?;
    }
    let counts = report.counts;
    console.data(&format!(
        "\npass: {}, fail: {}, warn: {}, error: {}, skip: {} \n",
        counts.pass, counts.fail, counts.warn, counts.error, counts.skip
    ))
}

/// The violations of one policy and resource.
fn push_group(text: &mut String, group: &[Applied]) {
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
    for (index, one) in group.iter().enumerate() {
        text.push_str(&(index + 1).to_string());
        text.extend([" - ", &one.rule, " ", &one.message, "\n"]);
    }
    text.push('\n');
}
