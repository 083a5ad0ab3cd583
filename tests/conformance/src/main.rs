//! `portcullis-conformance --corpora DIR [--only NAME] [--list] [--min FILE]`: replays public suites
//! and golden tables, and prints a line `NAME passed/total` for each.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use portcullis_conformance::{replay, score};

/// Replays public suites and golden tables, and prints a score for each.
///
/// Exits with 1 where a score falls under the committed one.
#[derive(Parser)]
struct Arguments {
    /// The folder of the corpora: `goldens/`, `policies/`, `kyverno-test/`, `pod-security/`, each
    /// optional.
    #[arg(long)]
    corpora: PathBuf,
    /// Replay only this corpus or table, such as `yaml` or `policies`.
    #[arg(long)]
    only: Option<String>,
    /// Name each case that does not hold, with its difference.
    #[arg(long)]
    list: bool,
    /// The committed scores: lines `NAME passed/total`.
    #[arg(long)]
    min: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let mut output = io::stdout().lock();
    let mut say = |line: &str| writeln!(output, "{line}").map_err(|error| error.to_string());
    if !arguments.corpora.is_dir() {
        say(
            "no corpora: they are the suites of kyverno/policies and kyverno/kyverno (test/cli), the \
             fixtures of kubernetes/pod-security-admission, and tables computed with Kyverno's own code",
        )?;
        return Ok(true);
    }
    let scores = replay::all(&arguments.corpora, arguments.only.as_deref())?;
    for score in &scores {
        say(&score.to_string())?;
        for failure in score.failures.iter().filter(|_| arguments.list) {
            say(&format!("  {failure}"))?;
        }
    }
    let Some(path) = &arguments.min else {
        return Ok(true);
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut minimum = score::read_minimum(&text)?;
    minimum.retain(|name, _| {
        arguments
            .only
            .as_ref()
            .is_none_or(|only| replay::is_of(name, only))
    });
    let fallen = score::fallen(&scores, &minimum);
    for complaint in &fallen {
        say(complaint)?;
    }
    Ok(fallen.is_empty())
}
