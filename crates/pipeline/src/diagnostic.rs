//! What the pipeline has to say about a file: where, what was found, what was expected, what to do.

mod merge;

use std::{
    io::ErrorKind,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

pub use self::merge::merge;

/// A text file with the path that people know it by.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the folder that the command was started in, where it lies below it.
    pub path: PathBuf,
    /// The whole text, which copies of the file share.
    pub text: Arc<String>,
    /// Where each line starts; made when the first place is told.
    line_starts: Arc<OnceLock<Vec<usize>>>,
}

impl SourceFile {
    /// A file with its text.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        SourceFile {
            path: path.into(),
            text: Arc::new(text.into()),
            line_starts: Arc::default(),
        }
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let breaks = || memchr::memchr_iter(b'\n', self.text.as_bytes());
            let mut starts = Vec::with_capacity(breaks().count() + 1);
            starts.push(0);
            starts.extend(breaks().map(|at| at + 1));
            starts
        })
    }

    /// The number of the line that holds a byte offset, from 1.
    #[must_use]
    pub fn line_number(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|start| *start <= offset)
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line_number(offset);
        let start = self.line_starts().get(line - 1).copied().unwrap_or(0);
        let before = self.text.as_bytes().get(start..offset).unwrap_or_default();
        let characters = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        (line, characters + 1)
    }

    /// The bytes of a line, from 1, without its line break; past the end, the end.
    #[must_use]
    pub fn line(&self, number: usize) -> Range<usize> {
        let starts = self.line_starts();
        let end = self.text.len();
        let start = starts.get(number.saturating_sub(1)).copied().unwrap_or(end);
        let next = starts.get(number).copied().unwrap_or(end);
        let line = self.text.get(start..next).unwrap_or_default();
        start..start + line.trim_end_matches(['\n', '\r']).len()
    }
}

/// A stretch of a file.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub file: SourceFile,
    /// Its bytes; empty for the file as a whole.
    pub span: Range<usize>,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn whole(file: SourceFile) -> Self {
        Place { file, span: 0..0 }
    }

    /// `path:line:column`.
    #[must_use]
    pub fn label(&self) -> String {
        let (line, column) = self.file.line_column(self.span.start);
        format!("{}:{line}:{column}", self.file.path.display())
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// Stops the command.
    Error,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where; none where no file is to blame.
    pub place: Option<Place>,
    /// What stands under the caret.
    pub label: String,
    /// What to do, and further facts, a line each.
    pub help: Vec<String>,
    /// Other places that matter.
    pub related: Vec<(Place, String)>,
    /// `defaults`, and the environments, whose rendering it is about; empty where it is about none in
    /// particular.
    pub renderings: Vec<String>,
    /// Whether nothing can be made of what is written, so that nobody can say if it is right.
    pub unusable: bool,
}

impl Diagnostic {
    /// An error without a place.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            help: Vec::new(),
            related: Vec::new(),
            renderings: Vec::new(),
            unusable: false,
        }
    }

    /// A warning without a place.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(message)
        }
    }

    /// With the place, and what stands under the caret.
    #[must_use]
    pub fn at(mut self, place: Place, label: impl Into<String>) -> Self {
        self.place = Some(place);
        self.label = label.into();
        self
    }

    /// With a line of help.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// About these renderings.
    #[must_use]
    pub fn rendered_for<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.renderings = names.into_iter().map(Into::into).collect();
        self
    }

    /// About a file that cannot be used at all.
    #[must_use]
    pub fn unusable(mut self) -> Self {
        self.unusable = true;
        self
    }

    /// An error about a file that cannot be read.
    #[must_use]
    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let told = format!("{}: {}", path.display(), reason(error));
        Diagnostic::error(told).unusable()
    }
}

/// Why a file cannot be read, without the system's number for it.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or folder".to_owned(),
        ErrorKind::IsADirectory => "this is a folder; name a file".to_owned(),
        ErrorKind::PermissionDenied => "there is no permission to read it".to_owned(),
        _ => {
            let text = error.to_string();
            let number = error
                .raw_os_error()
                .map(|code| format!(" (os error {code})"));
            let text = text.strip_suffix(number.as_deref().unwrap_or_default());
            text.map_or_else(|| error.to_string(), str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_line_and_column() {
        let place = |span| Place {
            file: SourceFile::new("a.yaml", "a: 1\nä: 2\n"),
            span,
        };
        assert_eq!(place(0..1).file.line(2), 5..10);
        assert_eq!(place(0..1).file.line(9), 11..11);
        assert_eq!(place(0..1).label(), "a.yaml:1:1");
        assert_eq!(place(9..10).label(), "a.yaml:2:4");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_without_the_number_of_the_system() {
        let path = Path::new("a.yaml");
        for (error, told) in [
            (ErrorKind::NotFound.into(), "no such file or folder"),
            (
                ErrorKind::PermissionDenied.into(),
                "there is no permission to read it",
            ),
            (std::io::Error::from_raw_os_error(5), "Input/output error"),
            (
                std::io::Error::other("(os error 5) first"),
                "(os error 5) first",
            ),
        ] {
            let message = Diagnostic::unreadable(path, &error).message;
            assert_eq!(message, format!("a.yaml: {told}"));
        }
    }
}
