//! What is wrong with a manifest, and where.

use std::fmt;

use portcullis_values::json_pointer;

/// One step of a path into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field or a map key.
    Key(String),
    /// A list index.
    Index(usize),
}

/// A [`Segment`] on the way down, where nothing is wrong yet.
#[derive(Clone, Copy)]
pub(crate) enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

/// The path of steps.
pub(crate) fn segments(steps: &[Step<'_>]) -> Vec<Segment> {
    let segments = steps.iter().map(|step| match step {
        Step::Key(key) => Segment::Key((*key).to_owned()),
        Step::Index(index) => Segment::Index(*index),
    });
    segments.collect()
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub path: Vec<Segment>,
    /// Whether the key itself is wrong rather than its value.
    pub at_key: bool,
    /// What was found and what was expected.
    pub message: String,
    /// What to write instead, where that can be told.
    pub suggestion: Option<String>,
}

impl Fault {
    /// The path as `/spec/containers/0/image`.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.path.iter().fold(String::new(), |mut text, segment| {
            text.push('/');
            match segment {
                Segment::Key(key) => text.push_str(&json_pointer::escape(key)),
                Segment::Index(index) => text.push_str(&index.to_string()),
            }
            text
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.pointer(), self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(formatter, " (did you mean `{suggestion}`?)"),
            None => Ok(()),
        }
    }
}
