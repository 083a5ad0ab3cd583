//! Reads a file of the workspace: text → YAML with spans → JSON schema → type.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use portcullis_yaml::{Document, Limits, Mode, PathSegment};
use serde::de::DeserializeOwned;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    schema_check::{DocumentSchema, SchemaFault},
};

/// A file with its text, its YAML and its value.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The value.
    pub value: T,
    /// The YAML with the place of every node.
    pub document: Document,
    /// The text.
    pub file: SourceFile,
}

impl<T> Loaded<T> {
    /// The place of a value, or of the nearest value around it.
    #[must_use]
    pub fn place(&self, path: &[PathSegment<'_>]) -> Place {
        Place {
            file: self.file.clone(),
            span: self.document.spans.nearest(path),
        }
    }

    /// The place of a key, or of the nearest value around it.
    #[must_use]
    pub fn key_place(&self, path: &[PathSegment<'_>]) -> Place {
        let span = self.document.spans.key_at(path);
        Place {
            file: self.file.clone(),
            span: span.unwrap_or_else(|| self.document.spans.nearest(path)),
        }
    }
}

/// What people know standard input by.
pub const STANDARD_INPUT: &str = "standard input";

/// A path as people know it: from the folder that the command was started in, where it is below.
#[must_use]
pub fn shown(path: &Path) -> PathBuf {
    if path == Path::new("-") {
        return PathBuf::from(STANDARD_INPUT);
    }
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// Reads a text file; `shown` is the path that people know it by.
///
/// # Errors
/// Where the file cannot be read or is not UTF-8.
pub fn read_text(path: &Path, shown: &Path) -> Result<SourceFile, Diagnostic> {
    let bytes = fs::read(path).map_err(|error| Diagnostic::unreadable(shown, &error))?;
    decode(bytes, shown)
}

/// Reads a text to its end, such as standard input; `shown` is what people know it by.
///
/// # Errors
/// Where it cannot be read or is not UTF-8.
pub fn read_stream(mut stream: impl Read, shown: &Path) -> Result<SourceFile, Diagnostic> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    read.map_err(|error| Diagnostic::unreadable(shown, &error))?;
    decode(bytes, shown)
}

/// The text of a file from its bytes.
///
/// # Errors
/// Where they are not UTF-8, with the place of the first wrong byte.
pub fn decode(bytes: Vec<u8>, shown: &Path) -> Result<SourceFile, Diagnostic> {
    String::from_utf8(bytes)
        .map(|text| SourceFile::new(shown, text))
        .map_err(|error| {
            // What stands before the wrong byte keeps its places.
            let offset = error.utf8_error().valid_up_to();
            let place = Place {
                file: SourceFile::new(shown, String::from_utf8_lossy(error.as_bytes())),
                span: offset..offset,
            };
            Diagnostic::error("the file is not UTF-8")
                .at(place, "the first byte that is not; save the file as UTF-8")
                .unusable()
        })
}

/// Parses one YAML document of a file, strictly.
///
/// # Errors
/// Where it is not YAML, or a key occurs twice.
pub fn parse(file: &SourceFile) -> Result<Document, Diagnostic> {
    portcullis_yaml::read_document(&file.text, Mode::Strict, &Limits::default()).map_err(|error| {
        let place = Place {
            file: file.clone(),
            span: error.offset..error.offset,
        };
        Diagnostic::error("the file is not valid YAML")
            .at(place, error.message)
            .unusable()
    })
}

/// Reads a file as a type, checked against the generated schema of that name.
///
/// # Errors
/// Every fault, each with its place.
pub fn load<T: DeserializeOwned>(
    path: &Path,
    shown: &Path,
    schema: &str,
) -> Result<Loaded<T>, Vec<Diagnostic>> {
    let file = read_text(path, shown).map_err(|error| vec![error])?;
    let document = parse(&file).map_err(|error| vec![error])?;
    let faults = DocumentSchema::generated(schema).map(|schema| schema.faults(&document.value));
    let faults = faults.unwrap_or_default();
    if !faults.is_empty() {
        return Err(faults
            .iter()
            .map(|fault| at_fault(fault, &file, &document))
            .collect());
    }
    match serde_json::from_value(document.value.clone()) {
        Ok(value) => Ok(Loaded {
            value,
            document,
            file,
        }),
        Err(error) => Err(vec![
            Diagnostic::error(error.to_string()).at(Place::whole(file), "in this file"),
        ]),
    }
}

/// A schema fault at its place in the file.
#[must_use]
pub fn at_fault(fault: &SchemaFault, file: &SourceFile, document: &Document) -> Diagnostic {
    let place = Place {
        file: file.clone(),
        span: document.spans.of_pointer(&fault.pointer, fault.at_key),
    };
    fault.diagnostic(place)
}
