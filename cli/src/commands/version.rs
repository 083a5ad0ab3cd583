//! `portcullis version`: which build this is.

use std::io;

use serde_json::json;

use crate::{
    exit_status::ExitStatus,
    output::{answer::Answer, answer_format::AnswerFormat, console::Console},
};

/// Tell which build this is.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis version --format json")]
pub struct Args {
    /// The format of the answer.
    #[arg(
        short = 'o',
        long,
        visible_alias = "output",
        value_enum,
        default_value_t
    )]
    pub format: AnswerFormat,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let version = env!("CARGO_PKG_VERSION");
    let commit = env!("PORTCULLIS_COMMIT");
    let time = env!("PORTCULLIS_COMMIT_TIME");
    let schemas = portcullis_schema::VERSIONS.iter();
    let schemas: Vec<&str> = schemas.map(|(version, _)| *version).collect();
    let facts = vec![
        ("Version", version.to_owned()),
        ("Commit", commit.to_owned()),
        ("Commit time", time.to_owned()),
        ("Kubernetes schemas", schemas.join(", ")),
    ];
    let rows = facts.iter().map(|(name, fact)| [*name, fact.as_str()]);
    let answer = Answer {
        command: "version",
        text: rows
            .clone()
            .map(|[name, fact]| format!("{name}: {fact}\n"))
            .collect(),
        value: json!({
            "version": version,
            "commit": commit,
            "commitTime": time,
            "kubernetesSchemas": schemas,
        }),
        table: std::iter::once(["Fact", "Value"])
            .chain(rows)
            .map(|row| row.map(str::to_owned).to_vec())
            .collect(),
        cases: Vec::new(),
        facts,
    };
    answer.print(args.format, console)
}
