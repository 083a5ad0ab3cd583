//! What a command answers where it judges nothing: text for people, a value, a table in Markdown, and
//! cases or facts for the formats of test results and findings.

use portcullis_pipeline::diagnostic::{Diagnostic, Place};
use serde_json::Value;

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
}
