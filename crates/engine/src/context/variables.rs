//! Documents with `{{ … }}` in them, compiled once.
//!
//! A document without variables is a constant and is lent as it is. A text that is one variable
//! takes the variable's value with its type, and what is put in place is looked through again;
//! inside other text a value becomes text. Text is searched for variables until none is left,
//! innermost first; `{{- … }}` ends the search; `\{{ … }}` is an escape. Keys are looked through
//! too, and `$(…)` references come before all variables. On DELETE `request.object` reads as
//! `request.oldObject`. `{{ @ }}` is the value at the same place of `target` or `request.object`.

use std::ops::Range;
use std::sync::Arc;

use portcullis_values::{Map, Str, Val};
use serde_json::Value;

use super::json_context::JsonContext;
use super::query::Names;
use super::references::{self, ReferenceError};
use super::scan;
use super::substitute;
use super::variable::Variable;

pub use super::substitute::substitute_text;
pub use super::variable::TemplateError;

/// A compiled document.
#[derive(Debug)]
pub struct Template {
    root: Result<Node, ReferenceError>,
}

#[derive(Debug)]
enum Node {
    Constant(Value),
    Text(Box<Text>),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug)]
enum Key {
    Constant(String),
    Text(Text),
}

/// A text with variables.
#[derive(Debug)]
struct Text {
    text: String,
    path: String,
    round: Vec<(Range<usize>, Variable)>,
    names: Arc<Names>,
}

impl Template {
    /// Compiles a document. `names` are the context entries in scope.
    #[must_use]
    pub fn compile(document: &Value, names: &Arc<Names>) -> Template {
        Template::compile_at("", document, names)
    }

    /// Compiles a document that stands at a path, `/mutate` for example, from which messages count.
    #[must_use]
    pub fn compile_at(path: &str, document: &Value, names: &Arc<Names>) -> Template {
        let root = references::resolve(document).map(|resolved| {
            let document = resolved.as_ref().unwrap_or(document);
            compile_node(document, &mut path.to_owned(), names)
        });
        Template { root }
    }

    /// Compiles a text.
    #[must_use]
    pub fn compile_text(text: &str, names: &Arc<Names>) -> Template {
        Template::compile(&Value::from(text), names)
    }

    /// The document, when it has no variable.
    #[must_use]
    pub fn constant(&self) -> Option<&Value> {
        match &self.root {
            Ok(Node::Constant(value)) => Some(value),
            _ => None,
        }
    }

    /// The document with every variable in place.
    ///
    /// # Errors
    /// A variable that has no value, or a reference to nothing.
    pub fn evaluate<'a>(&'a self, context: &JsonContext<'a>) -> Result<Val<'a>, TemplateError> {
        match &self.root {
            Ok(node) => evaluate_node(node, context),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// As [`Template::evaluate`], as text; a value that is not text is written as JSON.
    ///
    /// # Errors
    /// As [`Template::evaluate`].
    pub fn evaluate_text<'a>(
        &'a self,
        context: &JsonContext<'a>,
    ) -> Result<Str<'a>, TemplateError> {
        Ok(match self.evaluate(context)? {
            Val::Str(text) => text,
            other => Str::from(substitute::json_text(&other)),
        })
    }
}

fn compile_node(value: &Value, path: &mut String, names: &Arc<Names>) -> Node {
    match value {
        Value::String(text) => compile_leaf(text, path, names),
        Value::Array(items) => {
            let nodes = (0..).zip(items).map(|(index, item)| {
                at_step(path, &index.to_string(), |path| {
                    compile_node(item, path, names)
                })
            });
            fold_list(nodes.collect())
        }
        Value::Object(entries) => {
            let mut nodes = Vec::with_capacity(entries.len());
            for (key, item) in entries {
                let node = at_step(path, key, |path| compile_node(item, path, names));
                nodes.push((compile_key(key, path, names), node));
            }
            fold_map(nodes)
        }
        other => Node::Constant(other.clone()),
    }
}

fn at_step<T>(path: &mut String, step: &str, run: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push('/');
    path.push_str(step);
    let result = run(path);
    path.truncate(length);
    result
}

fn compile_leaf(text: &str, path: &str, names: &Arc<Names>) -> Node {
    if scan::has_variable(text) {
        return Node::Text(Box::new(Text::compile(text, path, names)));
    }
    Node::Constant(Value::from(
        scan::unescape(text).unwrap_or_else(|| text.to_owned()),
    ))
}

fn compile_key(key: &str, path: &str, names: &Arc<Names>) -> Key {
    if scan::has_variable(key) {
        return Key::Text(Text::compile(key, path, names));
    }
    Key::Constant(scan::unescape(key).unwrap_or_else(|| key.to_owned()))
}

fn fold_list(nodes: Vec<Node>) -> Node {
    if nodes.iter().any(|node| !matches!(node, Node::Constant(_))) {
        return Node::List(nodes);
    }
    Node::Constant(
        nodes
            .into_iter()
            .filter_map(|node| match node {
                Node::Constant(value) => Some(value),
                _ => None,
            })
            .collect(),
    )
}

fn fold_map(nodes: Vec<(Key, Node)>) -> Node {
    let constant =
        |(key, node): &(Key, Node)| matches!((key, node), (Key::Constant(_), Node::Constant(_)));
    if !nodes.iter().all(constant) {
        return Node::Map(nodes);
    }
    Node::Constant(Value::Object(
        nodes
            .into_iter()
            .filter_map(|entry| match entry {
                (Key::Constant(key), Node::Constant(value)) => Some((key, value)),
                _ => None,
            })
            .collect(),
    ))
}

impl Text {
    fn compile(text: &str, path: &str, names: &Arc<Names>) -> Text {
        let round = scan::variables(text)
            .into_iter()
            .map(|range| {
                let variable = text.get(range.clone()).unwrap_or_default();
                (range, Variable::compile(variable, path, names))
            })
            .collect();
        Text {
            text: text.to_owned(),
            path: path.to_owned(),
            round,
            names: Arc::clone(names),
        }
    }

    fn evaluate<'a>(&'a self, context: &JsonContext<'a>) -> Result<Val<'a>, TemplateError> {
        if let [(range, variable)] = self.round.as_slice()
            && range.len() == self.text.len()
        {
            return variable_value(variable, &self.path, context);
        }
        let mut shallow = false;
        let mut text = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (range, variable) in &self.round {
            let value = variable_value(variable, &self.path, context)?;
            shallow |= variable.shallow;
            text.push_str(self.text.get(copied..range.start).unwrap_or_default());
            substitute::push_value(&mut text, &value);
            copied = range.end;
        }
        text.push_str(self.text.get(copied..).unwrap_or_default());
        if shallow {
            return Ok(Val::from(scan::unescape(&text).unwrap_or(text)));
        }
        substitute::expand(text, &self.path, &self.names, context)
    }
}

fn evaluate_node<'a>(node: &'a Node, context: &JsonContext<'a>) -> Result<Val<'a>, TemplateError> {
    match node {
        Node::Constant(value) => Ok(Val::from(value)),
        Node::Text(text) => text.evaluate(context),
        Node::List(nodes) => {
            let items: Result<_, _> = nodes
                .iter()
                .map(|node| evaluate_node(node, context))
                .collect();
            items.map(Val::List)
        }
        Node::Map(nodes) => {
            let entries: Result<Map<'a>, TemplateError> = nodes
                .iter()
                .map(|(key, node)| Ok((evaluate_key(key, context)?, evaluate_node(node, context)?)))
                .collect();
            entries.map(Val::Map)
        }
    }
}

fn evaluate_key<'a>(key: &'a Key, context: &JsonContext<'a>) -> Result<Str<'a>, TemplateError> {
    match key {
        Key::Constant(key) => Ok(Str::from(key.as_str())),
        Key::Text(text) => substitute::key_text(text.evaluate(context)?, &text.text),
    }
}

/// The value of a variable, looked through unless it is shallow.
fn variable_value<'a>(
    variable: &'a Variable,
    path: &str,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    let value = variable.value(path, context)?;
    if variable.shallow {
        return Ok(value);
    }
    substitute::inside(value, path, context)
}
