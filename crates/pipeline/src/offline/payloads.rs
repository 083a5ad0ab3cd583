//! Payloads: JSON that is no object of Kubernetes, for the policies that are about such.

use std::path::Path;

use portcullis_cel::library::kyverno::{envoy_request, http_request};
use portcullis_engine::request::{Payload as Kind, Request};
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::{Overrides, places, read, requests::Surroundings};
use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files::shown,
};

/// A payload, and the file that it is from.
#[derive(Clone, Debug)]
pub struct Payload {
    /// What it is.
    pub kind: Kind,
    /// The file's name.
    pub name: String,
    /// The file's path, as people know it.
    pub path: String,
    /// The JSON.
    pub value: Value,
}

impl Payload {
    /// How Kyverno's `test` names it.
    #[must_use]
    pub fn kyverno_label(&self) -> String {
        match self.kind {
            Kind::Json => format!("/{}", self.name),
            _ => self.path.clone(),
        }
    }

    /// Whether a case of a suite means it.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        name == self.name || name == self.path || name.strip_prefix("./") == Some(&self.name)
    }

    /// The request about it.
    #[must_use]
    pub fn request<'r>(&'r self, surroundings: &'r Surroundings) -> Request<'r> {
        Request {
            payload: self.kind,
            name: &self.name,
            object: Some(&self.value),
            numbers: surroundings.numbers,
            ..Request::default()
        }
    }
}

/// Reads the payloads of a file: JSON, or documents of YAML.
///
/// # Errors
/// Where the file cannot be read, or a document is no payload of the kind.
pub fn load(path: &Path, kind: Kind, overrides: &Overrides) -> Result<Vec<Payload>, Diagnostic> {
    let file = read(path, overrides)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let payload = |value: Value| Payload {
        kind,
        name: name.clone().into_owned(),
        path: shown(path).display().to_string(),
        value,
    };
    let fits = |value: &Value| {
        fits(kind, value).map_err(|problem| {
            let place = Place::whole(file.clone());
            let what = if kind == Kind::Envoy {
                "a check request of Envoy"
            } else {
                "an HTTP request"
            };
            Diagnostic::error(format!("the payload is not {what}")).at(place, problem)
        })
    };
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    match serde_json::from_str(&file.text) {
        Ok(value) => {
            fits(&value)?;
            return Ok(vec![payload(value)]);
        }
        Err(error) if is_json => return Err(not_json(&file, &error)),
        Err(_) => {}
    }
    let mut payloads = Vec::new();
    for document in portcullis_yaml::documents(&file.text) {
        match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) if value.is_null() => {}
            Ok(value) => {
                fits(&value)?;
                payloads.push(payload(value));
            }
            Err(error) => return Err(places::not_yaml(&file, &error)),
        }
    }
    Ok(payloads)
}

fn not_json(file: &SourceFile, error: &serde_json::Error) -> Diagnostic {
    let lines = file
        .text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(file.text.len());
    let place = Place {
        file: file.clone(),
        span: at..at,
    };
    let message = error.to_string();
    let problem = message
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned();
    Diagnostic::error("the payload is not valid JSON").at(place, problem)
}

/// What keeps JSON from being a payload of a kind.
fn fits(kind: Kind, value: &Value) -> Result<(), String> {
    match kind {
        Kind::Envoy => envoy_request(value).map(|_| ()),
        Kind::Http => http_request(value).map(|_| ()),
        Kind::Json | Kind::Resource => Ok(()),
    }
}
