//! `portcullis jp query|parse|function`: tries expressions of Kyverno's JMESPath.

mod expressions;
mod function;
mod parse;
mod query;

use std::io;

use clap::Subcommand;

use crate::{
    exit_status::ExitStatus,
    output::{answer::AnswerFormat, console::Console},
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
    let answer = match &args.what {
        What::Query(args) => query::answer(args, console),
        What::Parse(args) => parse::answer(args, console),
        What::Function(args) => function::answer(args),
    };
    match answer {
        Ok(answer) => answer.print(args.format, console),
        Err(fault) => {
            console.tell(&[fault])?;
            Ok(ExitStatus::Error)
        }
    }
}
