//! `portcullis jp parse`: shows how expressions are understood.

use std::path::PathBuf;

use portcullis_jmespath::ast_dump;
use portcullis_pipeline::diagnostic::Diagnostic;
use serde_json::json;

use super::expressions::{self, Source};
use crate::output::{answer::Answer, console::Console, json};

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

/// The command's name.
pub(super) const COMMAND: &str = "jp parse";

/// The trees of the expressions.
pub(super) fn answer(args: &Args, console: &mut Console) -> Result<Answer, Diagnostic> {
    let mut sources = expressions::given(&args.file, &args.expressions)?;
    if sources.is_empty() {
        sources.push(expressions::typed(console)?);
    }
    let trees: Vec<(&Source, Result<String, Diagnostic>)> = sources
        .iter()
        .map(|source| (source, tree(source)))
        .collect();
    let texts = trees.iter().filter_map(|(source, tree)| {
        let tree = tree.as_ref().ok()?;
        Some(format!("# {}\n{tree}\n", source.text()))
    });
    let values = trees.iter().map(|(source, tree)| match tree {
        Ok(tree) => json!({"expression": source.text(), "tree": tree}),
        Err(fault) => json!({"expression": source.text(), "error": json::finding(fault)}),
    });
    let rows = trees.iter().map(|(source, tree)| {
        let said = match tree {
            Ok(tree) => tree.split_whitespace().collect::<Vec<_>>().join(" "),
            Err(fault) => format!("error: {}", fault.message),
        };
        vec![source.text().to_owned(), said]
    });
    let head = ["Expression", "Tree"].map(str::to_owned).to_vec();
    Ok(Answer {
        command: COMMAND,
        text: texts.collect(),
        value: values.collect(),
        table: std::iter::once(head).chain(rows).collect(),
        cases: trees
            .iter()
            .map(|(source, tree)| source.case(tree.clone()))
            .collect(),
        ..Answer::default()
    })
}

fn tree(source: &Source) -> Result<String, Diagnostic> {
    let expression = source.expression.as_ref().map_err(Diagnostic::clone)?;
    Ok(ast_dump(expression).trim_end().to_owned())
}
