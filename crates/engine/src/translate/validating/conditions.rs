//! Conditions and variables of messages, as far as their expressions are plain paths of the request.
//!
//! A path is `request.operation`, `request.namespace`, `request.name`, or fields below `request.object`;
//! `|| 'text'` says what stands where there is nothing. Without it a missing field is an error of the
//! rule, which no expression is.

use portcullis_api::cluster_policy::{AnyAllConditions, Condition};
use portcullis_values::{duration::GoDuration, quantity::Quantity, wildcard};
use serde_json::Value;

use crate::translate::{
    cel_text,
    validating::elements::{self, Elements, Quantifier, Quoted, steps},
};

type Text = Result<String, String>;

/// What expressions read: the object, and the element of a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reads<'a> {
    pub(super) object: &'a str,
    pub(super) element: Option<&'a str>,
}

/// Where conditions hold.
pub(super) fn test(conditions: &AnyAllConditions, reads: Reads<'_>) -> Text {
    let tests = |list: &[Condition]| -> Result<Vec<String>, String> {
        list.iter().map(|one| condition(one, reads)).collect()
    };
    let mut both = Vec::new();
    if let Some(any) = &conditions.any {
        both.push(cel_text::any(tests(any)?));
    }
    both.push(cel_text::all(tests(
        conditions.all.as_deref().unwrap_or_default(),
    )?));
    Ok(cel_text::all(both))
}

fn condition(written: &Condition, reads: Reads<'_>) -> Text {
    if let Some(test) = membership(written, reads) {
        return test;
    }
    let object = reads.object;
    let key = written
        .key
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default();
    let whole = key
        .trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"));
    let Some(operand) = whole.and_then(|text| Operand::parse(text, object)) else {
        return Err(not_plain(key));
    };
    if let Operand::Field { default: None, .. } = operand {
        return Err(format!(
            "`{key}`: a missing field is an error of the rule; say `|| ''` for it"
        ));
    }
    let value = written.value.as_ref().unwrap_or(&Value::Null);
    let operator = written.operator.as_deref().unwrap_or_default();
    match operator {
        "Equals" | "Equal" => equals(&operand, value),
        "NotEquals" | "NotEqual" => Ok(cel_text::not(&equals(&operand, value)?)),
        "AnyIn" | "AllIn" | "In" => among(&operand, value),
        "AnyNotIn" | "AllNotIn" | "NotIn" => Ok(cel_text::not(&among(&operand, value)?)),
        other => Err(format!("the operator `{other}` is not translated")),
    }
}

/// Membership of the values of a projection among texts, or of a text among these values; none for
/// other conditions.
fn membership(written: &Condition, reads: Reads<'_>) -> Option<Text> {
    let projection = |side: &Option<Value>| {
        let text = side.as_ref()?.as_str()?.trim();
        let text = text.strip_prefix("{{")?.strip_suffix("}}")?;
        let (path, default) = elements::defaulted(text)?;
        let found = Elements::of_projection(path, reads.object, reads.element)?;
        Some((found, default))
    };
    let operator = written.operator.as_deref()?;
    if let Some((keys, default)) = projection(&written.key) {
        let texts: Option<Vec<String>> = match written.value.as_ref()? {
            Value::Array(items) => items
                .iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        return Some(any_of(&keys, default, operator, &texts?));
    }
    let (values, default) = projection(&written.value)?;
    let key = written
        .key
        .as_ref()?
        .as_str()
        .filter(|key| !key.contains("{{"))?;
    let found = values.quantified(Quantifier::Any, &mut |value| {
        elements::is_one_of(value, &[key.to_owned()])
    });
    let found = match found {
        Ok(found) if !key.is_empty() => found,
        Ok(_) => return None,
        Err(reason) => return Some(Err(reason)),
    };
    match operator {
        "AnyIn" | "AllIn" => Some(Ok(found)),
        "AnyNotIn" | "AllNotIn" if default == Quoted::Nothing => {
            Some(Err(none_is_not_empty(operator)))
        }
        "AnyNotIn" | "AllNotIn" => Some(Ok(cel_text::not(&found))),
        _ => None,
    }
}

fn any_of(keys: &Elements, default: Quoted, operator: &str, texts: &[String]) -> Text {
    let is_in = |value: &str| elements::is_one_of(value, texts);
    let is_not_in = |value: &str| Ok(cel_text::not(&is_in(value)?));
    let names_nothing = texts.iter().any(String::is_empty);
    // What stands for no values is a key of its own, and is asked as one.
    let (test, without) = match operator {
        "AnyIn" => (
            keys.quantified(Quantifier::Any, &mut |value| is_in(value)),
            names_nothing,
        ),
        "AnyNotIn" => (
            keys.quantified(Quantifier::Any, &mut |value| is_not_in(value)),
            !names_nothing,
        ),
        "AllIn" => (
            keys.quantified(Quantifier::All, &mut |value| is_in(value)),
            names_nothing,
        ),
        "AllNotIn" => (
            keys.quantified(Quantifier::All, &mut |value| is_not_in(value)),
            !names_nothing,
        ),
        other => {
            return Err(format!(
                "the operator `{other}` is not translated for lists"
            ));
        }
    };
    match default {
        Quoted::NoText if without != operator.starts_with("All") => {
            Err("`''`, which stands for no values, is compared as a value".to_owned())
        }
        Quoted::Nothing if operator.starts_with("All") => Err(none_is_not_empty(operator)),
        _ => test,
    }
}

fn none_is_not_empty(operator: &str) -> String {
    format!("`{operator}` holds of an empty list, and not of none; give the list the default `[]`")
}

/// A text is compared as a wildcard, unless it measures something.
fn equals(operand: &Operand, value: &Value) -> Text {
    let Some(pattern) = value.as_str().filter(|text| is_word(text)) else {
        return Err(format!(
            "a field is compared with plain words only, and `{value}` is none"
        ));
    };
    match operand {
        Operand::Text(text) => Ok(cel_text::matches(text, pattern)),
        Operand::Field {
            has,
            value,
            default,
        } => {
            let default = default.as_deref().unwrap_or_default();
            let by_default = wildcard::matches(pattern, default);
            let found = format!("{has} && {value} != null && {value} != ''");
            if pattern.is_empty() || by_default || pattern.starts_with('*') {
                return Err(format!(
                    "`{pattern}` also matches what stands for a missing field, and is not translated"
                ));
            }
            let matches = cel_text::matches(value, pattern);
            Ok(format!("{found} && type({value}) == string && {matches}"))
        }
    }
}

fn among(operand: &Operand, value: &Value) -> Text {
    let (Operand::Text(text), Some(items)) = (operand, value.as_array()) else {
        return Err("membership is translated for operation, name and namespace in a list".into());
    };
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    match texts.collect::<Option<Vec<String>>>() {
        Some(texts) if !texts.is_empty() => Ok(cel_text::matches_any(text, &texts)),
        _ => Err(format!("`{value}` is no list of texts")),
    }
}

/// Neither a duration nor a quantity, nor an expression.
fn is_word(text: &str) -> bool {
    GoDuration::parse(text).is_err() && Quantity::parse(text).is_err() && !text.contains("{{")
}

/// A message with its variables, as an expression.
pub(super) fn message(written: &str, object: &str) -> Text {
    let mut pieces = Vec::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once("{{") {
        let (variable, after) = after
            .split_once("}}")
            .ok_or_else(|| "a variable does not end".to_owned())?;
        pieces.push(cel_text::literal(before));
        pieces.push(match Operand::parse(variable, object) {
            Some(Operand::Text(text)) => text,
            Some(Operand::Field {
                has,
                value,
                default,
            }) => {
                format!(
                    "({has} ? string({value}) : {})",
                    cel_text::literal(default.as_deref().unwrap_or_default())
                )
            }
            None => {
                return Err(not_plain(variable.trim()));
            }
        });
        rest = after;
    }
    pieces.push(cel_text::literal(rest));
    pieces.retain(|piece| piece != "''");
    Ok(pieces.join(" + "))
}

/// Why an expression in JMESPath is not translated.
pub(super) fn not_plain(text: &str) -> String {
    format!(
        "`{text}` is not translated; a field such as `request.object.spec.replicas` is, and one with a default"
    )
}

/// A plain path of the request.
enum Operand {
    /// A text that is always there.
    Text(String),
    /// A field that may be missing.
    Field {
        has: String,
        value: String,
        /// What stands for it; none where its absence is an error.
        default: Option<String>,
    },
}

impl Operand {
    fn parse(text: &str, object: &str) -> Option<Operand> {
        let (path, default) = match text.split_once("||") {
            Some((path, default)) => (path.trim(), Some(quoted(default.trim())?)),
            None => (text.trim(), None),
        };
        match path {
            "request.operation" => return Some(Operand::Text(path.to_owned())),
            "request.namespace" | "request.name" => {
                let field = path.trim_start_matches("request.");
                return Some(Operand::Text(format!("request.?{field}.orValue('')")));
            }
            _ => {}
        }
        let steps = steps(path.strip_prefix("request.object.")?)?;
        let (mut tests, mut value) = (Vec::new(), object.to_owned());
        for (index, step) in steps.iter().enumerate() {
            if index > 0 {
                tests.push(format!("type({value}) == map"));
            }
            let (has, below) = cel_text::field(&value, step);
            tests.push(has);
            value = below;
        }
        Some(Operand::Field {
            has: cel_text::all(tests),
            value,
            default: default.map(str::to_owned),
        })
    }
}

/// The text of a raw string literal without escapes.
fn quoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\'', '\\'])).then_some(inner)
}
