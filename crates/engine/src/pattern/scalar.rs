//! Scalar patterns: one scalar of a pattern, read once, against one scalar of an object.
//!
//! | pattern | matches |
//! |---|---|
//! | `true` | the same boolean only |
//! | `5` | `5`, `5.0`, `"5"` |
//! | `5.5` | `5.5`, `"5.5"`; a whole float also the integer |
//! | `null` | null, absent, `0`, `""`, `false` |
//! | `"a*"` | text by wildcard; numbers and booleans by their text |
//! | `">=1Gi"`, `"1h-2h"`, `"!a"` | see the operators of comparisons |
//! | <code>"a &#124; b & !c"</code> | alternatives of conjunctions |
//!
//! A string pattern first matches the very same string, whatever is written in it.

use portcullis_values::Val;
use serde_json::Value;

use super::{
    comparison::Comparison,
    number,
    operator::{self, Operator, Parts},
    view::{self, View},
};
use crate::request::NumberModel;

/// A scalar of a pattern, ready to compare.
#[derive(Clone, Debug)]
pub enum ScalarPattern {
    /// Empty values of every kind.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text with operators, wildcards and alternatives.
    Text(TextPattern),
}

/// A string of a pattern, ready to compare.
#[derive(Clone, Debug)]
pub struct TextPattern {
    text: Box<str>,
    alternatives: Box<[Box<[Term]>]>,
}

#[derive(Clone, Debug)]
enum Term {
    Compare(Comparison),
    Range(Box<[Comparison; 2]>),
    Outside(Box<[Comparison; 2]>),
}

impl ScalarPattern {
    /// Reads a scalar; none when the value is a list or a map.
    #[must_use]
    pub fn new(value: &Value) -> Option<ScalarPattern> {
        Some(match value {
            Value::Null => ScalarPattern::Null,
            Value::Bool(flag) => ScalarPattern::Bool(*flag),
            Value::Number(written) => match written.as_i64() {
                Some(number) => ScalarPattern::Int(number),
                None => ScalarPattern::Float(written.as_f64().unwrap_or_default()),
            },
            Value::String(text) => ScalarPattern::text(text),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// Reads a string.
    #[must_use]
    pub fn text(text: &str) -> ScalarPattern {
        let conjunction = |alternative: &str| {
            let terms = alternative.trim_matches(' ').split('&');
            terms
                .map(|term| Term::new(term.trim_matches(' ')))
                .collect()
        };
        ScalarPattern::Text(TextPattern {
            text: text.into(),
            alternatives: text.split('|').map(conjunction).collect(),
        })
    }

    /// Whether this is the string `*`, which every present value of a plain key satisfies.
    pub(crate) fn is_star(&self) -> bool {
        matches!(self, ScalarPattern::Text(pattern) if &*pattern.text == "*")
    }

    /// The pattern as a value, for messages.
    pub(crate) fn as_val(&self) -> Val<'_> {
        match self {
            ScalarPattern::Null => Val::Null,
            ScalarPattern::Bool(flag) => Val::Bool(*flag),
            ScalarPattern::Int(number) => Val::Int(*number),
            ScalarPattern::Float(number) => Val::Double(*number),
            ScalarPattern::Text(pattern) => Val::from(&*pattern.text),
        }
    }

    pub(crate) fn matches(&self, value: View<'_>) -> bool {
        match self {
            ScalarPattern::Null => is_empty(value),
            ScalarPattern::Bool(flag) => value == View::Bool(*flag),
            ScalarPattern::Int(pattern) => match value {
                View::Int(number) => number == *pattern,
                View::Float(number) => number::whole(number) == Some(*pattern),
                View::Text(text) => number::parse_int(text) == Some(*pattern),
                _ => false,
            },
            ScalarPattern::Float(pattern) => match value {
                View::Int(number) => number::whole(*pattern) == Some(number),
                View::Float(number) => number == *pattern,
                View::Text(text) => number::parse_float(text) == Some(*pattern),
                _ => false,
            },
            ScalarPattern::Text(pattern) => pattern.matches(value),
        }
    }
}

impl TextPattern {
    /// The string as it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn matches(&self, value: View<'_>) -> bool {
        if matches!(value, View::Text(text) if *text == *self.text) {
            return true;
        }
        self.alternatives
            .iter()
            .any(|terms| terms.iter().all(|term| term.matches(value)))
    }
}

impl Term {
    fn new(text: &str) -> Term {
        let both = |low: (Operator, &str), high: (Operator, &str)| {
            Box::new([
                Comparison::new(low.0, low.1),
                Comparison::new(high.0, high.1),
            ])
        };
        match operator::split(text) {
            Parts::Compare(operator, rest) => Term::Compare(Comparison::new(operator, rest)),
            Parts::Range(low, high) => Term::Range(both(
                (Operator::MoreOrEqual, low),
                (Operator::LessOrEqual, high),
            )),
            Parts::Outside(low, high) => {
                Term::Outside(both((Operator::Less, low), (Operator::More, high)))
            }
        }
    }

    fn matches(&self, value: View<'_>) -> bool {
        match self {
            Term::Compare(comparison) => comparison.holds(value),
            Term::Range(ends) => ends.iter().all(|end| end.holds(value)),
            Term::Outside(ends) => ends.iter().any(|end| end.holds(value)),
        }
    }
}

/// Whether one scalar matches one scalar pattern. A list or a map matches none.
#[must_use]
pub fn scalar_matches(value: &Val<'_>, pattern: &ScalarPattern, numbers: NumberModel) -> bool {
    match view::plain(value) {
        Some(plain) => pattern.matches(View::of(&plain, NumberModel::Integers)),
        None => pattern.matches(View::of(value, numbers)),
    }
}

fn is_empty(value: View<'_>) -> bool {
    match value {
        View::Null => true,
        View::Bool(flag) => !flag,
        View::Int(number) => number == 0,
        View::Float(number) => number == 0.0,
        View::Text(text) => text.is_empty(),
        View::Other => false,
    }
}
