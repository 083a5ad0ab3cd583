//! `portcullis jp query|parse|function`: tries expressions of Kyverno's JMESPath.

mod expressions;
mod function;
mod parse;
mod query;

use std::io;

use clap::Subcommand;

use crate::{
    exit_status::ExitStatus,
    output::{answer::Answer, answer_format::AnswerFormat, console::Console},
};

/// Try a JMESPath expression.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis jp query -i policy-library/pod-security/disallow-privileged/policy.yaml 'spec.rules[].name'"
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
    /// The format of the answer.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: AnswerFormat,
}

/// What to do with expressions.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Evaluate expressions on a YAML or JSON file.
    Query(query::Args),
    /// Show how expressions are understood.
    Parse(parse::Args),
    /// List functions with their signatures.
    Function(function::Args),
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let (command, answer) = match &args.what {
        What::Query(args) => (query::COMMAND, query::answer(args, console)),
        What::Parse(args) => (parse::COMMAND, parse::answer(args, console)),
        What::Function(args) => (function::COMMAND, function::answer(args)),
    };
    let answer = answer.unwrap_or_else(|fault| Answer::failed(command, fault));
    answer.print(args.format, console)
}
