//! One file: its policies, and what is wrong with it, at its place.

use std::{fs, io, path::Path};

use portcullis_engine::{
    compile_options::CompileError,
    load::{self, Loaded},
};
use portcullis_yaml::{Limits, Mode, line_column};
use serde_json::{Value, json};

use crate::loaded::{faults, key};

/// A policy, an exception or a binding of a file.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) loaded: Loaded,
    kind: String,
    /// Which document of the file it stands in.
    number: usize,
    /// Where it stands there: a JSON pointer, empty for the document itself.
    pointer: String,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) text: String,
    /// What can be used of it.
    pub(super) documents: Vec<Document>,
    pub(super) problems: Vec<String>,
}

impl Document {
    /// What tells it from all others.
    pub(super) fn id(&self) -> (&str, String) {
        (&self.kind, self.loaded.metadata().key())
    }

    /// Whether it lets something off.
    pub(super) fn is_exception(&self) -> bool {
        matches!(self.loaded, Loaded::Exception(_) | Loaded::CelException(_))
    }

    /// Whether an error is about it.
    pub(super) fn is_meant(&self, error: &CompileError) -> bool {
        self.kind == error.kind && key(&self.loaded).as_deref() == Some(&error.policy)
    }

    /// An error about it, at its place in the text of its file.
    pub(super) fn told(&self, path: &Path, text: &str, error: &CompileError) -> String {
        let inside = inside(&error.path);
        let place = place(text, self.number, &format!("{}{inside}", self.pointer));
        let field = match inside.as_str() {
            "" => String::new(),
            _ => format!(", `{}`", error.path),
        };
        let CompileError {
            kind,
            policy,
            message,
            ..
        } = error;
        format!(
            "{}{place}: {kind} `{policy}`{field}: {message}",
            path.display()
        )
    }
}

impl File {
    pub(super) fn read(path: &Path) -> File {
        let text = fs::read(path).and_then(|bytes| {
            String::from_utf8(bytes)
                .map_err(|_| io::Error::other("the file is not UTF-8; save it as UTF-8"))
        });
        let mut file = File::default();
        match text {
            Ok(text) => file.text = text,
            Err(error) => {
                let problem = format!("{}: {error}", path.display());
                file.problems.push(problem);
                return file;
            }
        }
        let text = std::mem::take(&mut file.text);
        for (number, document) in portcullis_yaml::documents(&text).enumerate() {
            match document.read(Mode::Lenient, &Limits::default()) {
                Ok(value) if value.is_null() => {}
                Ok(value) => file.take(path, &text, number, &value),
                Err(error) => {
                    let (line, column) = (error.line, error.column);
                    let problem = format!("{}:{line}:{column}: {}", path.display(), error.message);
                    file.problems.push(problem);
                }
            }
        }
        File { text, ..file }
    }

    /// Takes what a document says that can be used.
    fn take(&mut self, path: &Path, text: &str, number: usize, value: &Value) {
        if (value.get("apiVersion"), value.get("kind"))
            != (Some(&json!("v1")), Some(&json!("List")))
        {
            return self.take_one(path, text, (number, ""), value, value);
        }
        let items = value.get("items").and_then(Value::as_array);
        for (index, item) in items.into_iter().flatten().enumerate() {
            // What is an item is read leniently.
            let list = json!({"apiVersion": "v1", "kind": "List", "items": [item]});
            let pointer = format!("/items/{index}");
            self.take_one(path, text, (number, &pointer), item, &list);
        }
    }

    fn take_one(
        &mut self,
        path: &Path,
        text: &str,
        (number, pointer): (usize, &str),
        object: &Value,
        read: &Value,
    ) {
        let at = |inside: &str| {
            let place = place(text, number, &format!("{pointer}{inside}"));
            format!("{}{place}", path.display())
        };
        let (loaded, errors) = load::load(read);
        for error in errors {
            let field = error.path.strip_prefix("items[0]").unwrap_or(&error.path);
            let field = field.trim_start_matches('.');
            let place = at(&inside(field));
            self.problems.push(match field {
                "" => format!("{place}: {}", error.message),
                field => format!("{place}: `{field}`: {}", error.message),
            });
        }
        for loaded in loaded {
            let found = faults(&loaded);
            if !found.is_empty() {
                let key = loaded.metadata().key();
                let told = found.iter().map(|fault| {
                    let (place, field) = (at(&fault.path), &fault.path);
                    let (message, remedy) = (&fault.message, &fault.remedy);
                    format!("{place}: policy `{key}`, `{field}`: {message}; {remedy}")
                });
                self.problems.extend(told);
                continue;
            }
            let kind = object.get("kind").and_then(Value::as_str);
            self.documents.push(Document {
                loaded,
                kind: kind.unwrap_or_default().to_owned(),
                number,
                pointer: pointer.to_owned(),
            });
        }
    }
}

/// `spec.rules[0].match` as `/spec/rules/0/match`; a pointer stays one.
fn inside(path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.fold(String::new(), |pointer, part| format!("{pointer}/{part}"))
}

/// `:LINE:COLUMN` of what a JSON pointer names in a document, or of the nearest around it.
fn place(text: &str, number: usize, pointer: &str) -> String {
    let Some(document) = portcullis_yaml::documents(text).nth(number) else {
        return String::new();
    };
    let read = document.read_document(Mode::Lenient, &Limits::default());
    let start = read.map_or(0, |read| read.spans.of_pointer(pointer, true).start);
    let (line, column) = line_column(text, document.offset + start);
    format!(":{line}:{column}")
}
