//! `portcullis verify`: the gate: renders, validates and tests every policy for every environment.

use std::{io, sync::Arc};

use portcullis_pipeline::{
    diagnostic::Severity,
    suite::SuiteOutcome,
    verify::{self, VerifyReport},
};

use crate::{
    commands::{clock, suite_rows, workspace_argument::WorkspaceArgument},
    exit_status::ExitStatus,
    output::{console::Console, format::Format, progress::ProgressLine, report::Report},
};

/// Render, validate and test every policy for every environment.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis verify",
    after_help = "An exception that has expired, or that nothing at hand needs, is an error. SOURCE_DATE_EPOCH, in seconds, fixes the time."
)]
pub struct Args {
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let workspace = match args.workspace.load() {
        Ok(workspace) => workspace,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(ExitStatus::Error);
        }
    };
    let now = match clock::now() {
        Ok(now) => now,
        Err(fault) => {
            console.tell(&[fault])?;
            return Ok(ExitStatus::Error);
        }
    };
    let progress = Arc::default();
    let line = ProgressLine::show("verifying: policy", &progress);
    let found = verify::run(&workspace, now, &progress);
    drop(line);
    let is_green = found.is_green();
    let outcomes: Vec<&SuiteOutcome> = found.suites.iter().flat_map(|run| &run.outcomes).collect();
    let can_run = outcomes.iter().all(|one| one.can_run());
    let mut findings = found.findings.clone();
    // Warnings of a suite's policies are told for the environments.
    let mut of_suites = suite_rows::errors(&found.suites, &findings);
    of_suites.retain(|fault| fault.severity == Severity::Error);
    findings.extend(of_suites);
    // People read a failed case at its place, machines as a row.
    let rows = if args.format == Format::Table {
        findings.extend(suite_rows::failures(&found.suites, true));
        Vec::new()
    } else {
        outcomes
            .iter()
            .flat_map(|one| suite_rows::of(one))
            .collect()
    };
    let report = Report {
        command: "verify",
        counts: vec![
            ("environments", found.environments.len()),
            ("rendered and checked", found.checked),
            ("suites", outcomes.len()),
            ("passed", outcomes.iter().map(|one| one.passed()).sum()),
            ("failed", outcomes.iter().map(|one| one.failed()).sum()),
        ],
        rows,
        findings,
        overview: overview(&found),
        ..Report::default()
    };
    report.print(args.format, console)?;
    Ok(match ExitStatus::of(&found.findings) {
        _ if !can_run => ExitStatus::Error,
        ExitStatus::Success if !is_green => ExitStatus::Failure,
        status => status,
    })
}

/// What was done for the defaults and for each environment.
fn overview(found: &VerifyReport) -> Vec<Vec<String>> {
    let head = ["RENDERED FOR", "POLICIES", "SUITES", "PASSED", "FAILED"];
    let defaults = found.suites.iter();
    let defaults = defaults.filter(|run| run.is_for("defaults")).count();
    let environments = found.environments.iter();
    let environments = environments.map(|(name, policies)| (name.as_str(), *policies));
    let row = |(name, policies): (&str, usize)| {
        let runs = found.suites.iter().filter(|run| run.is_for(name));
        let outcomes: Vec<&SuiteOutcome> = runs.flat_map(|run| &run.outcomes).collect();
        let passed: usize = outcomes.iter().map(|one| one.passed()).sum();
        let failed: usize = outcomes.iter().map(|one| one.failed()).sum();
        let counts = [policies, outcomes.len(), passed, failed];
        std::iter::once(name.to_owned())
            .chain(counts.map(|count| count.to_string()))
            .collect()
    };
    let rows = std::iter::once(("defaults", defaults)).chain(environments);
    std::iter::once(head.map(str::to_owned).to_vec())
        .chain(rows.map(row))
        .collect()
}
