//! What is wrong with a document of a file, at its place in the file.

use portcullis_api::read::{PathSegment, ReadError};
use portcullis_values::json_pointer;
use portcullis_yaml::{Limits, Mode, YamlError};

use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// A document of a file that is not YAML.
#[must_use]
pub fn not_yaml(file: &SourceFile, error: &YamlError) -> Diagnostic {
    let place = Place {
        file: file.clone(),
        span: error.offset..error.offset,
    };
    Diagnostic::error("the document is not valid YAML")
        .at(place, error.message.clone())
        .unusable()
}

/// A document of a file that is not what it should be.
#[must_use]
pub fn not_typed(file: &SourceFile, document: usize, error: &ReadError) -> Diagnostic {
    let pointer = error
        .path
        .iter()
        .fold(String::new(), |pointer, part| match part {
            PathSegment::Key(key) => {
                format!("{pointer}/{}", json_pointer::escape(key))
            }
            PathSegment::Index(index) => format!("{pointer}/{index}"),
        });
    let place = in_document(file, document, &pointer, true);
    Diagnostic::error(error.to_string())
        .at(place, error.message.clone())
        .unusable()
}

/// The place of a JSON pointer's node or of its key, or of the nearest node around it, in a document
/// of a file.
#[must_use]
pub fn in_document(file: &SourceFile, document: usize, pointer: &str, is_key: bool) -> Place {
    let mut documents = portcullis_yaml::documents(&file.text);
    let span = documents.nth(document).and_then(|document| {
        let read = document.read_document(Mode::Lenient, &Limits::default());
        let span = read.ok()?.spans.of_pointer(pointer, is_key);
        Some(span.start + document.offset..span.end + document.offset)
    });
    Place {
        file: file.clone(),
        span: span.unwrap_or_default(),
    }
}

/// `spec.rules[0].match` as `/spec/rules/0/match`; a pointer stays one.
#[must_use]
pub fn pointer(path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.fold(String::new(), |pointer, part| format!("{pointer}/{part}"))
}
