//! Templates of generated objects: YAML whose text may hold expressions, as `(( expression ))`.
//!
//! The text is YAML as it stands, so that a placeholder with `: `, ` #` or quotes of YAML needs quotes around it.
//! A value that is one placeholder and nothing else becomes the value of its expression, a map or a
//! list too; a placeholder inside longer text must give a scalar. `\((` stands for `((`. Keys hold
//! no placeholders.

use portcullis_cel::value::Value;
use portcullis_yaml::{Limits, Mode, YamlError};
use serde_json::{Map, Value as Json};

use super::placeholder::{Piece, pieces};
use crate::cel::{
    compiler::{Compiler, PlacedProgram},
    scope::Scope,
};

/// A value of a template.
#[derive(Debug)]
pub(super) enum Template {
    /// As it is.
    Constant(Json),
    /// Text with expressions in it.
    Text(Vec<Part>),
    /// The value of an expression.
    Value(Placeholder),
    List(Vec<Template>),
    Map(Vec<(String, Template)>),
}

/// A piece of text.
#[derive(Debug)]
pub(super) enum Part {
    Literal(String),
    Expression(Placeholder),
}

/// An expression, as it is written too.
#[derive(Debug)]
pub(super) struct Placeholder {
    program: PlacedProgram,
    written: String,
}

/// The documents of a template; what is wrong with it is kept by the compiler.
pub(super) fn compile(
    compiler: &mut Compiler,
    path: &str,
    text: &str,
    is_interpolated: bool,
) -> Vec<Template> {
    let documents = match read(text) {
        Ok(documents) => documents,
        Err(error) => {
            compiler.fault(path.to_owned(), format!("the template is no YAML: {error}"));
            return Vec::new();
        }
    };
    let mut templates = Vec::new();
    for document in documents {
        if !document.is_object() {
            let problem = "expected an object with apiVersion, kind and metadata";
            compiler.fault(path.to_owned(), problem.to_owned());
        }
        templates.push(match is_interpolated {
            true => of_value(compiler, path, document),
            false => Template::Constant(document),
        });
    }
    templates
}

fn read(text: &str) -> Result<Vec<Json>, YamlError> {
    let documents = portcullis_yaml::documents(text);
    let read = documents.map(|document| document.read(Mode::Lenient, &Limits::default()));
    let mut read = read.collect::<Result<Vec<Json>, YamlError>>()?;
    read.retain(|document| !document.is_null());
    Ok(read)
}

fn of_value(compiler: &mut Compiler, path: &str, value: Json) -> Template {
    match value {
        Json::String(text) => of_text(compiler, path, text),
        Json::Array(items) => {
            let items = items.into_iter();
            Template::List(items.map(|item| of_value(compiler, path, item)).collect())
        }
        Json::Object(fields) => {
            let mut templates = Vec::new();
            for (key, value) in fields {
                let found = pieces(&key).unwrap_or_default();
                if found.iter().any(|one| matches!(one, Piece::Expression(_))) {
                    let problem = format!("the key `{key}` has a placeholder; only values may");
                    compiler.fault(path.to_owned(), problem);
                }
                templates.push((key, of_value(compiler, path, value)));
            }
            Template::Map(templates)
        }
        other => Template::Constant(other),
    }
}

fn of_text(compiler: &mut Compiler, path: &str, text: String) -> Template {
    let pieces = match pieces(&text) {
        Ok(pieces) => pieces,
        Err(problem) => {
            compiler.fault(path.to_owned(), problem);
            return Template::Constant(text.into());
        }
    };
    let is_whole = matches!(pieces.as_slice(), [Piece::Expression(_)]);
    let mut parts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => parts.push(Part::Literal(text)),
            Piece::Expression(expression) => {
                let Some(program) = compiler.expression(path, expression, &[]) else {
                    continue;
                };
                let written = expression.to_owned();
                let placeholder = Placeholder { program, written };
                if is_whole {
                    return Template::Value(placeholder);
                }
                parts.push(Part::Expression(placeholder));
            }
        }
    }
    match parts.as_slice() {
        [] => Template::Constant(text.into()),
        [Part::Literal(literal)] => Template::Constant(literal.clone().into()),
        _ => Template::Text(parts),
    }
}

impl Template {
    /// The value, with expressions in place.
    ///
    /// # Errors
    /// Why an expression has no value, or that its value cannot stand inside text.
    pub(super) fn render<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<Json, String> {
        match self {
            Template::Constant(value) => Ok(value.clone()),
            Template::Value(placeholder) => placeholder.value(scope)?.to_json(),
            Template::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Literal(literal) => text.push_str(literal),
                        Part::Expression(placeholder) => text.push_str(&placeholder.scalar(scope)?),
                    }
                }
                Ok(text.into())
            }
            Template::List(items) => {
                let items = items.iter().enumerate();
                let rendered = items.map(|(index, item)| {
                    let made = item.render(scope);
                    made.map_err(|error| format!("item {index}: {error}"))
                });
                rendered.collect()
            }
            Template::Map(fields) => {
                let mut map = Map::new();
                for (key, value) in fields {
                    let made = value.render(scope);
                    let made = made.map_err(|error| format!("field {key:?}: {error}"))?;
                    map.insert(key.clone(), made);
                }
                Ok(map.into())
            }
        }
    }
}

impl Placeholder {
    fn value<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<Value<'a>, String> {
        let value = scope.evaluate(&self.program);
        value.map_err(|error| {
            let (written, message) = (&self.written, error.message);
            format!("failed to evaluate placeholder {written:?}: {message}")
        })
    }

    fn scalar<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<String, String> {
        let value = self.value(scope)?;
        match value.to_json()? {
            Json::String(text) => Ok(text),
            Json::Bool(flag) => Ok(flag.to_string()),
            Json::Number(number) => Ok(number.to_string()),
            Json::Null | Json::Array(_) | Json::Object(_) => Err(format!(
                "placeholder {:?} embedded in a string must evaluate to a scalar, got {}; use a \
                 whole-value placeholder for structured results",
                self.written,
                value.runtime_type()
            )),
        }
    }
}
