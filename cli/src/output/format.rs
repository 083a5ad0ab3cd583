//! The formats of reports, each written by the file of its name.

use std::io;

use clap::ValueEnum;

use crate::output::{
    console::Console, github, json, junit, markdown, report::Report, sarif, table,
};

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// JSON, as `schemas/output/report.json` describes it.
    Json,
    /// The same as JSON, in YAML.
    Yaml,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// Markdown, for a comment on a change.
    Markdown,
    /// Workflow commands of GitHub Actions.
    Github,
}

impl Report {
    /// Writes the report.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn print(&self, format: Format, console: &mut Console) -> io::Result<()> {
        match format {
            Format::Table => table::print(self, console),
            Format::Json => console.data(&json::render(self)),
            Format::Yaml => console.data(&json::render_yaml(self)),
            Format::Junit => console.data(&junit::render(self).map_err(io::Error::other)?),
            Format::Sarif => console.data(&sarif::render(self)),
            Format::Markdown => console.data(&markdown::render(self)),
            Format::Github => console.data(&github::render(self)),
        }
    }
}
