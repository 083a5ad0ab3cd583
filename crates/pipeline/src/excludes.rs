//! Adds an environment's exclusions to every rule of a rendered policy.
//!
//! The text is edited in place: an `exclude` block gets one more filter under `any`, a rule
//! without one gets the block, on the line before its `match`. Everything else stays as it was
//! written, comments included.

use portcullis_yaml::{Document, PathSegment};
use serde_json::{Value, json};

use crate::template::Rendered;

/// Why exclusions cannot be added to a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcludeError {
    /// What is in the way.
    pub message: String,
    /// Where in the rendered text, in bytes.
    pub offset: usize,
}

/// One piece of text to insert.
struct Insertion {
    offset: usize,
    text: String,
}

/// Adds filters to every rule of the policy that `document` was read from `rendered`.
///
/// # Errors
/// Where a rule has an `exclude` of the older form or `exclude.all`, which no filter can join.
pub fn add(
    rendered: &Rendered,
    document: &Document,
    filters: &[Value],
) -> Result<Rendered, ExcludeError> {
    let rules = document
        .value
        .pointer("/spec/rules")
        .and_then(Value::as_array);
    let mut insertions = Vec::new();
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        if !filters.is_empty() {
            insertions.extend(insertion(rendered, document, index, rule, filters)?);
        }
    }
    Ok(apply(rendered, insertions))
}

fn insertion(
    rendered: &Rendered,
    document: &Document,
    index: usize,
    rule: &Value,
    filters: &[Value],
) -> Result<Option<Insertion>, ExcludeError> {
    let path = |rest: &[&'static str]| -> Vec<PathSegment<'static>> {
        [
            PathSegment::Key("spec"),
            PathSegment::Key("rules"),
            PathSegment::Index(index),
        ]
        .into_iter()
        .chain(rest.iter().map(|key| PathSegment::Key(key)))
        .collect()
    };
    let is_flow = |path: &[PathSegment<'_>], open: char| {
        let span = document.spans.at(path);
        span.and_then(|span| rendered.text.get(span))
            .is_some_and(|text| text.starts_with(open))
    };
    match rule.get("exclude") {
        None => {
            let Some(key) = document.spans.key_at(&path(&["match"])) else {
                return Ok(None);
            };
            let block = json!({"any": filters});
            let text = if is_flow(&path(&[]), '{') {
                format!("exclude: {block}, ")
            } else {
                let column = column(&rendered.text, key.start);
                format!("exclude: {block}\n{}", " ".repeat(column))
            };
            Ok(Some(Insertion {
                offset: key.start,
                text,
            }))
        }
        Some(exclude) => {
            let items = document.spans.at(&path(&["exclude", "any"]));
            let has_items = exclude
                .get("any")
                .and_then(Value::as_array)
                .is_some_and(|any| !any.is_empty());
            let Some(items) = items.filter(|_| has_items) else {
                let at = document.spans.key_at(&path(&["exclude"]));
                return Err(ExcludeError {
                    message: "an environment's exclusions join `exclude.any`; write the rule's own exclusions as a list there".to_owned(),
                    offset: at.map_or(0, |span| span.start),
                });
            };
            if is_flow(&path(&["exclude", "any"]), '[') {
                let text: String = filters.iter().map(|filter| format!("{filter}, ")).collect();
                return Ok(Some(Insertion {
                    offset: items.start + 1,
                    text,
                }));
            }
            let column = column(&rendered.text, items.start);
            let line = |filter: &Value| format!("- {filter}\n{}", " ".repeat(column));
            Ok(Some(Insertion {
                offset: items.start,
                text: filters.iter().map(line).collect(),
            }))
        }
    }
}

/// How many characters stand between the start of the line and the offset.
fn column(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    before
        .chars()
        .rev()
        .take_while(|character| *character != '\n')
        .count()
}

fn apply(rendered: &Rendered, insertions: Vec<Insertion>) -> Rendered {
    let mut text = rendered.text.clone();
    let mut lines = rendered.lines.clone();
    for insertion in insertions.into_iter().rev() {
        let before = text.get(..insertion.offset).unwrap_or_default();
        let row = before.matches('\n').count();
        let origin = lines.get(row).copied().unwrap_or(1);
        let added = insertion.text.matches('\n').count();
        lines.splice(row..row, std::iter::repeat_n(origin, added));
        text.insert_str(insertion.offset, &insertion.text);
    }
    Rendered { text, lines }
}
