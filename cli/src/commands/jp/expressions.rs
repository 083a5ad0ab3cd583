//! Expressions from the command line, from files, or from standard input.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use portcullis_jmespath::Expression;
use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files::{self, STANDARD_INPUT},
};

use crate::output::{answer::Case, console::Console};

/// An expression with the text that it stands in.
pub(super) struct Source {
    file: SourceFile,
    /// The expression, or what is wrong with the text.
    pub(super) expression: Result<Expression, Diagnostic>,
}

impl Source {
    /// The expression as it is written.
    pub(super) fn text(&self) -> &str {
        self.file.text.trim()
    }

    /// What is wrong at an offset of the expression.
    pub(super) fn fault(&self, offset: usize, message: &str) -> Diagnostic {
        fault(&self.file, offset, message)
    }

    /// What came of the expression.
    pub(super) fn case(&self, outcome: Result<String, Diagnostic>) -> Case {
        let file = self.file.clone();
        let span = file.line(1);
        Case {
            name: self.text().to_owned(),
            place: Some(Place { file, span }),
            outcome,
        }
    }
}

/// The expressions of files and of the command line.
pub(super) fn given(paths: &[PathBuf], texts: &[String]) -> Result<Vec<Source>, Diagnostic> {
    let named = paths.iter().map(|path| files::read_text(path, path));
    let written = texts
        .iter()
        .map(|text| Ok(SourceFile::new("<expression>", text.as_str())));
    named
        .chain(written)
        .map(|file| Ok(compile(file?)))
        .collect()
}

/// One expression from standard input.
pub(super) fn typed(console: &mut Console) -> Result<Source, Diagnostic> {
    let text = standard_input("an expression", console)?;
    if text.trim().is_empty() {
        return Err(Diagnostic::error("no expression is given")
            .help("write it in quotes, such as 'spec.rules[].name', or pipe it in"));
    }
    Ok(compile(SourceFile::new(STANDARD_INPUT, text)))
}

/// The text of standard input; who sits at a terminal is told what to type.
pub(super) fn standard_input(what: &str, console: &mut Console) -> Result<String, Diagnostic> {
    if io::stdin().is_terminal() {
        let told = console.talk(&format!("Type {what}, and end it with Ctrl+D.\n"));
        told.map_err(|error| Diagnostic::error(format!("standard error: {error}")))?;
    }
    let file = files::read_stream(io::stdin().lock(), Path::new(STANDARD_INPUT))?;
    Ok(file.text.to_string())
}

fn compile(file: SourceFile) -> Source {
    let expression = Expression::compile(file.text.trim());
    let expression = expression.map_err(|error| fault(&file, error.offset, &error.message));
    Source { file, expression }
}

fn fault(file: &SourceFile, offset: usize, message: &str) -> Diagnostic {
    let indent = file.text.len() - file.text.trim_start().len();
    let place = Place {
        file: file.clone(),
        span: indent + offset..indent + offset,
    };
    Diagnostic::error(message).at(place, "here")
}
