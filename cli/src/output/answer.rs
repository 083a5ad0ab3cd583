//! What a command answers where it judges nothing: text for people, a value, a table in Markdown, and
//! cases or facts for the formats of test results and findings.

use std::io;

use clap::ValueEnum;
use portcullis_pipeline::diagnostic::{Diagnostic, Place};
use serde_json::Value;

use crate::{
    exit_status::ExitStatus,
    output::{console::Console, github, json, junit, markdown, sarif},
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

/// An answer in each form that it has.
#[derive(Debug, Default)]
pub struct Answer {
    /// The command, such as `jp query`.
    pub command: &'static str,
    /// For people.
    pub text: String,
    /// For programs.
    pub value: Value,
    /// For a comment or a page: rows, the head first.
    pub table: Vec<Vec<String>>,
    /// What was asked, one by one.
    pub cases: Vec<Case>,
    /// What is told of the program itself: a name and a value each.
    pub facts: Vec<(&'static str, String)>,
}

/// One thing that was asked, and what came out.
#[derive(Debug)]
pub struct Case {
    /// What was asked.
    pub name: String,
    /// Where it is written; none where it stands in no file.
    pub place: Option<Place>,
    /// What came out, or what is wrong.
    pub outcome: Result<String, Diagnostic>,
}

impl Answer {
    /// The answer of a command that could not do what was asked.
    #[must_use]
    pub fn failed(command: &'static str, fault: Diagnostic) -> Answer {
        Answer {
            command,
            value: Value::Array(Vec::new()),
            cases: vec![Case {
                name: command.to_owned(),
                place: None,
                outcome: Err(fault),
            }],
            ..Answer::default()
        }
    }

    /// Writes the answer, and tells what is wrong with its cases.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn print(&self, format: AnswerFormat, console: &mut Console) -> io::Result<ExitStatus> {
        let text = match format {
            AnswerFormat::Table => self.text.clone(),
            AnswerFormat::Json => format!("{:#}\n", self.value),
            AnswerFormat::Yaml => json::to_yaml(&self.value).map_err(io::Error::other)?,
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
