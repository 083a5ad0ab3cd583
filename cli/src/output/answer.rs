//! What a command answers where it judges nothing: text for people, a value, a table in Markdown.

use std::io;

use clap::ValueEnum;
use portcullis_pipeline::diagnostic::Diagnostic;
use serde_json::Value;

use crate::{
    exit_status::ExitStatus,
    output::{console::Console, json, markdown},
};

/// The format of an answer.
///
/// The formats for findings are understood, so that the refusal can say why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    #[default]
    Table,
    /// JSON.
    Json,
    /// The same as JSON, in YAML.
    Yaml,
    /// A table in Markdown.
    Markdown,
    /// JUnit's XML, which has test cases.
    #[value(hide = true)]
    Junit,
    /// SARIF, which has findings in files.
    #[value(hide = true)]
    Sarif,
    /// Workflow commands of GitHub Actions, which have findings in files.
    #[value(hide = true)]
    Github,
}

/// An answer in each form that it has.
#[derive(Debug)]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For programs.
    pub value: Value,
    /// For a comment or a page: rows, the head first.
    pub table: Vec<Vec<String>>,
}

impl Answer {
    /// Writes the answer.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn print(&self, format: AnswerFormat, console: &mut Console) -> io::Result<ExitStatus> {
        let holds = match format {
            AnswerFormat::Table => return written(console.data(&self.text)),
            AnswerFormat::Json => return written(console.data(&format!("{:#}\n", self.value))),
            AnswerFormat::Yaml => {
                let text = json::to_yaml(&self.value).map_err(io::Error::other)?;
                return written(console.data(&text));
            }
            AnswerFormat::Markdown => {
                return written(console.data(&markdown::table(&self.table)));
            }
            AnswerFormat::Junit => "test cases",
            AnswerFormat::Sarif | AnswerFormat::Github => "findings in files",
        };
        let name = format.to_possible_value();
        let name = name.as_ref().map_or("", |name| name.get_name());
        let fault = format!("`--format {name}` is for {holds}, and this answer has none");
        let help = "take `table`, `json`, `yaml` or `markdown`";
        console.tell(&[Diagnostic::error(fault).help(help)])?;
        Ok(ExitStatus::Error)
    }
}

fn written(done: io::Result<()>) -> io::Result<ExitStatus> {
    done.map(|()| ExitStatus::Success)
}
