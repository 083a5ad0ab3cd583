//! Label selectors: `matchLabels` and `matchExpressions` of Kubernetes, with wildcards in
//! `matchLabels`.
//!
//! A pair of `matchLabels` that has `*` or `?` in its key or value is met by any label whose key
//! and value both match. When none does, the wildcards are read as `0`: the pair then fails, and
//! when the result is no valid label, the whole selector is in error. Everything else is plain
//! Kubernetes: `In`, `NotIn`, `Exists`, `DoesNotExist`, and the syntax of keys and values.
//! A selector without any requirement matches everything.

use std::collections::BTreeMap;

use portcullis_api::label_selector::LabelSelector;
use portcullis_values::wildcard::{Wildcard, has_wildcard};
use serde_json::Value;

mod syntax;

pub(crate) use syntax::{check as check_label, is_domain as is_object_name};

/// Why a selector cannot be used; it then matches nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A key that no label can have.
    #[error(
        "`{0}` is not a label key; write an optional domain and `/`, then up to 63 letters, digits, `-`, `_` or `.`"
    )]
    Key(String),
    /// A value that no label can have.
    #[error("`{0}` is not a label value; write up to 63 letters, digits, `-`, `_` or `.`")]
    Value(String),
    /// An operator that is none of the four.
    #[error("`{0}` is not a selector operator; use `In`, `NotIn`, `Exists` or `DoesNotExist`")]
    Operator(String),
    /// `In` or `NotIn` without values.
    #[error("`{operator}` on `{key}` needs at least one value")]
    NoValues {
        /// The key of the expression.
        key: String,
        /// The operator as written.
        operator: String,
    },
    /// `Exists` or `DoesNotExist` with values.
    #[error("`{operator}` on `{key}` takes no values")]
    UnwantedValues {
        /// The key of the expression.
        key: String,
        /// The operator as written.
        operator: String,
    },
}

/// One expression as written.
#[derive(Clone, Copy, Debug)]
pub struct Requirement<'a> {
    /// The label's key.
    pub key: &'a str,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: &'a str,
    /// The values, for `In` and `NotIn`.
    pub values: &'a [String],
}

/// A selector, made ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In {
        key: Box<str>,
        values: Box<[Box<str>]>,
    },
    NotIn {
        key: Box<str>,
        values: Box<[Box<str>]>,
    },
    Exists {
        key: Box<str>,
    },
    DoesNotExist {
        key: Box<str>,
    },
    Wild {
        key: Wildcard,
        value: Wildcard,
        unmatched: Option<SelectorError>,
    },
}

/// Labels that can be looked up by key and walked in key order.
pub trait Labels {
    /// The value of a label.
    fn get(&self, key: &str) -> Option<&str>;
    /// Every label, in key order.
    fn iter(&self) -> impl Iterator<Item = (&str, &str)>;
}

impl Selector {
    /// Makes a selector of the API ready.
    ///
    /// # Errors
    /// As [`Selector::compile`].
    pub fn of(written: &LabelSelector) -> Result<Selector, SelectorError> {
        let labels = written.match_labels.iter();
        let expressions = written.match_expressions.iter();
        Selector::compile(
            labels.map(|(key, value)| (key.as_str(), value.as_str())),
            expressions.map(|expression| Requirement {
                key: &expression.key,
                operator: &expression.operator,
                values: &expression.values,
            }),
        )
    }

    /// Makes a selector ready. The errors are those that no label can mend.
    ///
    /// # Errors
    /// The first part that Kubernetes refuses.
    pub fn compile<'a>(
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        expressions: impl IntoIterator<Item = Requirement<'a>>,
    ) -> Result<Selector, SelectorError> {
        let labels = labels
            .into_iter()
            .map(|(key, value)| label_test(key, value));
        let expressions = expressions.into_iter().map(expression_test);
        let tests = labels.chain(expressions).collect::<Result<_, _>>()?;
        Ok(Selector { tests })
    }

    /// Whether the labels meet every requirement.
    ///
    /// # Errors
    /// A wildcard that met no label and that, with `0` for the wildcard, is no valid label, or
    /// that met a label which is not valid itself.
    pub fn try_matches(&self, labels: &impl Labels) -> Result<bool, SelectorError> {
        let mut met = true;
        for test in &self.tests {
            met &= test.try_matches(labels)?;
        }
        Ok(met)
    }

    /// As [`Selector::matches`], of the labels of an object; a value that is no text is no label.
    #[must_use]
    pub fn matches_object(&self, object: &Value) -> bool {
        let labels = object
            .pointer("/metadata/labels")
            .and_then(Value::as_object);
        let labels: BTreeMap<String, String> = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        self.matches(&labels)
    }

    /// Whether the labels meet every requirement; a selector in error matches nothing.
    pub fn matches(&self, labels: &impl Labels) -> bool {
        // Every test that is in error is unmet, so the first unmet one decides.
        self.tests
            .iter()
            .all(|test| test.try_matches(labels).unwrap_or(false))
    }
}

impl Test {
    fn try_matches(&self, labels: &impl Labels) -> Result<bool, SelectorError> {
        let one_of = |key: &str, values: &[Box<str>]| {
            labels
                .get(key)
                .map(|actual| values.iter().any(|value| &**value == actual))
        };
        Ok(match self {
            Test::In { key, values } => one_of(key, values).unwrap_or(false),
            Test::NotIn { key, values } => !one_of(key, values).unwrap_or(false),
            Test::Exists { key } => labels.get(key).is_some(),
            Test::DoesNotExist { key } => labels.get(key).is_none(),
            Test::Wild {
                key,
                value,
                unmatched,
            } => {
                let met = labels
                    .iter()
                    .find(|(actual, text)| key.is_match(actual) && value.is_match(text));
                match (met, unmatched) {
                    (Some((key, value)), _) => syntax::check(key, value).map(|()| true)?,
                    (None, Some(error)) => return Err(error.clone()),
                    (None, None) => false,
                }
            }
        })
    }
}

fn label_test(key: &str, value: &str) -> Result<Test, SelectorError> {
    if has_wildcard(key) || has_wildcard(value) {
        let plain = |text: &str| text.replace(['*', '?'], "0");
        return Ok(Test::Wild {
            key: Wildcard::new(key),
            value: Wildcard::new(value),
            unmatched: syntax::check(&plain(key), &plain(value)).err(),
        });
    }
    syntax::check(key, value)?;
    Ok(Test::In {
        key: key.into(),
        values: Box::from([Box::from(value)]),
    })
}

fn expression_test(written: Requirement<'_>) -> Result<Test, SelectorError> {
    let Requirement {
        key,
        operator,
        values,
    } = written;
    if !["In", "NotIn", "Exists", "DoesNotExist"].contains(&operator) {
        return Err(SelectorError::Operator(operator.to_owned()));
    }
    syntax::check_key(key)?;
    let (owned_key, owned_operator) = (key.to_owned(), operator.to_owned());
    let takes_values = matches!(operator, "In" | "NotIn");
    if takes_values && values.is_empty() {
        return Err(SelectorError::NoValues {
            key: owned_key,
            operator: owned_operator,
        });
    }
    if !takes_values && !values.is_empty() {
        return Err(SelectorError::UnwantedValues {
            key: owned_key,
            operator: owned_operator,
        });
    }
    values
        .iter()
        .try_for_each(|value| syntax::check_value(value))?;
    let key = owned_key.into_boxed_str();
    let values = values.iter().map(|value| value.as_str().into()).collect();
    Ok(match operator {
        "In" => Test::In { key, values },
        "NotIn" => Test::NotIn { key, values },
        "Exists" => Test::Exists { key },
        _ => Test::DoesNotExist { key },
    })
}

impl Labels for BTreeMap<String, String> {
    fn get(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn labels(text: &str) -> BTreeMap<String, String> {
        text.split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    #[track_caller]
    fn check(selector: &str, actual: &str, expected: Option<bool>) {
        let pairs: Vec<_> = selector
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let answer = Selector::compile(pairs, [])
            .and_then(|selector| selector.try_matches(&labels(actual)))
            .ok();
        assert_eq!(answer, expected, "{selector} on {actual}");
    }

    #[test]
    fn match_labels() {
        check("", "", Some(true));
        check("", "app=web", Some(true));
        check("app=web", "app=web tier=fe", Some(true));
        check("app=web", "app=db", Some(false));
        check("app=", "app=", Some(true));
        check("a*=w?b", "b=web app=web", Some(true));
        check("a*=w?b", "app=db", Some(false));
        check("*=*", "", Some(false));
        check("*=*", "x=", Some(true));
        check("app=-*", "app=web", None);
        check("app=-*", "app=-x", None);
        check("/b=x", "", None);
        check("app=a/b", "app=a/b", None);
        check("app=web tier=b*", "app=web", Some(false));
    }

    #[test]
    fn match_expressions() {
        type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a str, Option<bool>);
        let cases: [Case<'_>; 13] = [
            ("app", "In", &["web", "db"], "app=db", Some(true)),
            ("app", "In", &["web"], "", Some(false)),
            ("app", "NotIn", &["web"], "", Some(true)),
            ("app", "NotIn", &["web"], "app=web", Some(false)),
            ("app", "Exists", &[], "app=", Some(true)),
            ("app", "Exists", &[], "", Some(false)),
            ("app", "DoesNotExist", &[], "", Some(true)),
            ("app", "DoesNotExist", &[], "app=x", Some(false)),
            ("app", "In", &[], "", None),
            ("app", "Exists", &["x"], "", None),
            ("app", "in", &["web"], "", None),
            ("a*", "Exists", &[], "", None),
            ("app", "In", &["w*"], "app=web", None),
        ];
        for (key, operator, values, actual, expected) in cases {
            let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
            let requirement = Requirement {
                key,
                operator,
                values: &values,
            };
            let answer = Selector::compile([], [requirement])
                .and_then(|selector| selector.try_matches(&labels(actual)))
                .ok();
            assert_eq!(answer, expected, "{key} {operator} {values:?} on {actual}");
        }
    }
}
