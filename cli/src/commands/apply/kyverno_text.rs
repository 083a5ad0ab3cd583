//! Kyverno's text: a banner, policies that are not applied, the objects that came out, the
//! violations by policy and resource, and the counts.

use std::io;

use portcullis_engine::{
    CompileError,
    response::{FailureAction, RuleStatus, RuleType},
};
use portcullis_pipeline::{
    all_cores,
    apply::{Applied, ApplyReport, Produced},
};

use super::places::Places;
use crate::output::{console::Console, objects, table::grid};

/// In whose words violations are told.
#[derive(Clone, Copy)]
pub(super) enum Words<'p, 'r> {
    /// Ours: each violation names its place in the manifests.
    Ours(&'p Places<'r>),
    /// Kyverno's, which calls an error a failure, and a failure a warning only where it is asked to.
    Kyverno {
        /// Whether it is asked to.
        audit_warn: bool,
    },
}

/// Writes the text, with the objects that are shown.
pub(super) fn print(
    report: &ApplyReport,
    shown: &[Produced],
    words: Words<'_, '_>,
    console: &mut Console,
) -> io::Result<()> {
    print_applied(report, shown, console)?;
    for round in rounds(&groups(report)) {
        for text in texts(round, words) {
            console.data(&text)?;
        }
    }
    let counts = report.counts;
    console.data(&format!(
        "\npass: {}, fail: {}, warn: {}, error: {}, skip: {} \n",
        counts.pass, counts.fail, counts.warn, counts.error, counts.skip
    ))
}

/// Writes what was applied, without what came of it but for the objects that are shown.
pub(super) fn print_applied(
    report: &ApplyReport,
    shown: &[Produced],
    console: &mut Console,
) -> io::Result<()> {
    console.data(&banner(report))?;
    console.data(&refused(&report.refused))?;
    for produced in shown {
        console.data(&objects::titled(produced))?;
    }
    Ok(())
}

/// Every result in a box, as Kyverno draws it; nothing where there is none.
pub(super) fn table(report: &ApplyReport, is_detailed: bool) -> String {
    if report.results.is_empty() {
        return String::new();
    }
    let columns = ["ID", "POLICY", "RULE", "RESOURCE", "RESULT", "REASON"];
    let columns = columns.into_iter().chain(is_detailed.then_some("MESSAGE"));
    let mut rows = vec![columns.map(str::to_owned).collect::<Vec<_>>()];
    for (index, one) in report.results.iter().enumerate() {
        let result = match one.status {
            RuleStatus::Pass => "Pass",
            RuleStatus::Fail => "Fail",
            RuleStatus::Warn => "Warn",
            RuleStatus::Error => "Error",
            RuleStatus::Skip => "Skip",
        };
        let number = (index + 1).to_string();
        let cells = [&*number, &one.policy, &one.rule, &one.resource, result, ""];
        let message = one.message.lines().collect::<Vec<_>>().join(" ");
        let cells = cells.into_iter().map(str::to_owned);
        rows.push(cells.chain(is_detailed.then_some(message)).collect());
    }
    grid(&rows)
}

/// The violations and errors alone, for where the objects are the answer.
pub(super) fn violations(report: &ApplyReport, places: &Places<'_>) -> String {
    let groups = groups(report);
    let texts = rounds(&groups).flat_map(|round| texts(round, Words::Ours(places)));
    texts.collect()
}

/// The results of each policy and resource.
fn groups(report: &ApplyReport) -> Vec<&[Applied]> {
    let is_same =
        |one: &Applied, next: &Applied| one.policy == next.policy && one.resource == next.resource;
    report.results.chunk_by(is_same).collect()
}

/// How many groups a thread writes at a time; fewer are not worth a thread.
const SHARE: usize = 2048;

/// As many groups as all cores write at a time, so that the text of them all is never in memory.
fn rounds<'g, 'a>(groups: &'g [&'a [Applied]]) -> impl Iterator<Item = &'g [&'a [Applied]]> {
    groups.chunks(SHARE * all_cores::count())
}

/// What groups say, in their order, written on all cores.
fn texts(groups: &[&[Applied]], words: Words<'_, '_>) -> Vec<String> {
    let write = |share: &[&[Applied]]| {
        let mut text = String::new();
        match words {
            Words::Ours(places) => {
                let mut places = places.clone();
                share
                    .iter()
                    .for_each(|group| push_group(&mut text, group, &mut places));
            }
            Words::Kyverno { audit_warn } => share
                .iter()
                .for_each(|group| push_group_of_kyverno(&mut text, group, audit_warn)),
        }
        text
    };
    all_cores::map_shares(groups, SHARE, write)
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

#[cfg(test)]
mod tests {
    use portcullis_engine::response::{FailureAction, RuleStatus, RuleType};
    use portcullis_pipeline::apply::{Applied, ApplyOptions, ApplyReport};

    use super::{Places, SHARE, violations};

    #[test]
    fn results_that_several_threads_write_keep_their_order() {
        let result = |number: usize| Applied {
            policy: "p".into(),
            rule: "r".into(),
            resource: format!("ns/Pod/pod-{number}").into(),
            rule_type: RuleType::Validation,
            status: RuleStatus::Fail,
            action: FailureAction::Enforce,
            message: "m".into(),
            file: "pods.yaml".into(),
            offset: 0,
            item: None,
            path: String::new(),
            expression: None,
            reported: None,
        };
        for count in [0, 1, SHARE, 100 * SHARE + 1] {
            let report = ApplyReport {
                results: (0..count).map(result).collect(),
                ..ApplyReport::default()
            };
            let options = ApplyOptions::default();
            let text = violations(&report, &Places::new(&options, count));
            let wanted: String = (0..count)
                .map(|at| format!("policy p -> resource ns/Pod/pod-{at} failed:\n1 - r m\n\n"))
                .collect();
            assert!(text == wanted, "{count} results");
        }
    }
}
