//! `portcullis test [PATH]…`: runs suites (`kyverno-test.yaml`) as they stand.
//!
//! Suites of a library's templates run with `verify`, which renders them first.

use std::{io, path::PathBuf};

use portcullis_pipeline::{
    diagnostic::Diagnostic,
    suite::{self, Judgement, SuiteOptions, SuiteOutcome},
};

use crate::{
    commands::suite_rows,
    exit_status::ExitStatus,
    output::{console::Console, format::Format, report::Report},
};

/// Run the suites in files and folders.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis test my-policies")]
pub struct Args {
    /// Files and folders of suites.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The name that suites have.
    #[arg(short, long, default_value = suite::FILE)]
    pub file_name: String,
    /// Judge rows exactly as Kyverno does.
    #[arg(long, conflicts_with = "strict")]
    pub compat: bool,
    /// Fail rows that no rule answered.
    #[arg(long)]
    pub strict: bool,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let files = suite::discover(&args.paths, &args.file_name);
    if files.is_empty() {
        let fault = Diagnostic::error(format!("no `{}` in these paths", args.file_name));
        console.tell(&[fault])?;
        return Ok(ExitStatus::Error);
    }
    let options = SuiteOptions {
        judgement: match (args.compat, args.strict) {
            (true, _) => Judgement::Compat,
            (_, true) => Judgement::Strict,
            _ => Judgement::Lenient,
        },
        ..SuiteOptions::default()
    };
    let outcomes = suite::run(&files, &options);
    let failed: usize = outcomes.iter().map(SuiteOutcome::failed).sum();
    let findings: Vec<Diagnostic> = outcomes.iter().flat_map(suite_rows::errors).collect();
    let could_run = findings.is_empty();
    let report = Report {
        command: "test",
        counts: vec![
            ("suites", outcomes.len()),
            ("passed", outcomes.iter().map(SuiteOutcome::passed).sum()),
            ("failed", failed),
        ],
        rows: outcomes.iter().flat_map(suite_rows::of).collect(),
        findings,
    };
    report.print(args.format, console)?;
    Ok(match (could_run, failed) {
        (false, _) => ExitStatus::Error,
        (true, 0) => ExitStatus::Success,
        _ => ExitStatus::Failure,
    })
}
