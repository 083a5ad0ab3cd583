//! An answer in the format that was asked for.

use std::io;

use clap::ValueEnum;
use portcullis_pipeline::diagnostic::Diagnostic;
use portcullis_values::gojson;

use crate::{
    exit_status::ExitStatus,
    output::{answer::Answer, console::Console, github, junit, markdown, sarif},
};

/// The format of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    #[default]
    Table,
    /// JSON.
    Json,
    /// The same as JSON, in YAML.
    Yaml,
    /// JUnit's XML: a test case for each item, a property for each fact.
    Junit,
    /// SARIF 2.1.0: a result for each item.
    Sarif,
    /// A table in Markdown.
    Markdown,
    /// Workflow commands of GitHub Actions: a notice for each item, an error where it failed.
    Github,
}

impl Answer {
    /// Writes the answer, and tells what is wrong with its cases.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn print(&self, format: AnswerFormat, console: &mut Console) -> io::Result<ExitStatus> {
        let text = match format {
            AnswerFormat::Table => self.text.clone(),
            AnswerFormat::Json => gojson::pretty(&self.value) + "\n",
            AnswerFormat::Yaml => portcullis_yaml::write(&self.value),
            AnswerFormat::Junit => junit::render_answer(self).map_err(io::Error::other)?,
            AnswerFormat::Sarif => sarif::render_answer(self),
            AnswerFormat::Markdown => markdown::table(&self.table),
            AnswerFormat::Github => github::render_answer(self),
        };
        console.data(&text)?;
        let faults = self
            .cases
            .iter()
            .filter_map(|case| case.outcome.as_ref().err());
        let faults: Vec<Diagnostic> = faults.cloned().collect();
        console.tell(&faults)?;
        Ok(match faults.as_slice() {
            [] => ExitStatus::Success,
            _ => ExitStatus::Error,
        })
    }
}
