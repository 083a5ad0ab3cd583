//! `portcullis jp parse`: shows how expressions are understood.

use std::path::PathBuf;

use portcullis_jmespath::ast_dump;
use portcullis_pipeline::diagnostic::Diagnostic;
use serde_json::json;

use super::expressions;
use crate::output::{answer::Answer, console::Console};

/// Show how expressions are understood.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis jp parse 'spec.rules[].name'")]
pub struct Args {
    /// Files of expressions, one in each.
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// The expressions; standard input when absent.
    expressions: Vec<String>,
}

/// The trees of the expressions.
pub(super) fn answer(args: &Args, console: &mut Console) -> Result<Answer, Diagnostic> {
    let mut sources = expressions::given(&args.file, &args.expressions)?;
    if sources.is_empty() {
        sources.push(expressions::typed(console)?);
    }
    let trees: Vec<(&str, String)> = sources
        .iter()
        .map(|source| (source.text(), ast_dump(&source.expression)))
        .collect();
    let trees = trees.iter().map(|(text, tree)| (*text, tree.trim_end()));
    let rows = trees.clone().map(|(text, tree)| {
        let words: Vec<&str> = tree.split_whitespace().collect();
        vec![text.to_owned(), words.join(" ")]
    });
    let head = ["Expression", "Tree"].map(str::to_owned).to_vec();
    Ok(Answer {
        text: trees
            .clone()
            .map(|(text, tree)| format!("# {text}\n{tree}\n"))
            .collect(),
        value: trees
            .clone()
            .map(|(text, tree)| json!({"expression": text, "tree": tree}))
            .collect(),
        table: std::iter::once(head).chain(rows).collect(),
    })
}
