//! `portcullis jp function`: lists functions with their signatures.

use portcullis_jmespath::FUNCTIONS;
use portcullis_pipeline::diagnostic::Diagnostic;
use serde_json::json;

use crate::output::answer::{Answer, Case};

/// List functions with their signatures.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis jp function split")]
pub struct Args {
    /// The functions; all of them when absent.
    names: Vec<String>,
}

/// The command's name.
pub(super) const COMMAND: &str = "jp function";

/// The functions by name.
pub(super) fn answer(args: &Args) -> Result<Answer, Diagnostic> {
    let names = &args.names;
    let known = |name: &&String| FUNCTIONS.iter().any(|function| function.name == **name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let fault = Diagnostic::error(format!("there is no function `{name}`"));
        return Err(fault.help("`portcullis jp function` lists them all"));
    }
    let mut wanted: Vec<[String; 3]> = FUNCTIONS
        .iter()
        .filter(|function| names.is_empty() || names.iter().any(|name| name == function.name))
        .map(|function| {
            [
                function.name.to_owned(),
                function.signature(),
                function.note.to_owned(),
            ]
        })
        .collect();
    wanted.sort();
    let text = |[name, signature, note]: &[String; 3]| {
        format!("Name: {name}\n  Signature: {signature}\n  Note:      {note}\n\n")
    };
    let value = |[name, signature, note]: &[String; 3]| json!({"name": name, "signature": signature, "note": note});
    let case = |[name, signature, note]: &[String; 3]| Case {
        name: name.clone(),
        place: None,
        outcome: Ok(format!("{signature}: {note}")),
    };
    let head = ["Name", "Signature", "Note"].map(str::to_owned);
    Ok(Answer {
        command: COMMAND,
        text: wanted.iter().map(text).collect(),
        value: wanted.iter().map(value).collect(),
        table: std::iter::once(&head)
            .chain(&wanted)
            .map(|row| row.to_vec())
            .collect(),
        cases: wanted.iter().map(case).collect(),
        ..Answer::default()
    })
}
