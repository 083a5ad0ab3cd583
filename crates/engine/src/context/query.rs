//! One JMESPath query of a policy, compiled once, with the context entries that its text names.
//!
//! An entry is loaded before a query runs when the query's text holds the entry's name, not
//! preceded by a letter, a digit or a dot, and followed by a word boundary. This test is made when
//! the policy is compiled.

use std::sync::Arc;

use portcullis_jmespath::Expression;

/// Names of the context entries that a query may load.
pub type Names = [Arc<str>];

/// A compiled query.
#[derive(Debug)]
pub struct Query {
    text: Arc<str>,
    program: Result<Expression, String>,
    mentions: Box<[Arc<str>]>,
    asks_request_only: bool,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// The query is empty.
    #[error("invalid query (nil)")]
    Empty,
    /// The query is not JMESPath.
    #[error("incorrect query {query}: {reason}")]
    Syntax {
        /// The query.
        query: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key does not exist.
    #[error("JMESPath query failed: Unknown key \"{key}\" in path")]
    NotFound {
        /// Which key.
        key: String,
    },
    /// The query failed while it ran.
    #[error("JMESPath query failed: {reason}")]
    Runtime {
        /// Why.
        reason: String,
    },
    /// A context entry that the query names could not be loaded.
    #[error("{}", of_entry(.name, .reason))]
    Entry {
        /// The entry.
        name: String,
        /// Why.
        reason: String,
        /// Whether it names a key that does not exist.
        missing_key: bool,
    },
}

impl QueryError {
    /// Whether a key was missing, here or in a context entry, as against a query that failed.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            QueryError::NotFound { .. } => true,
            QueryError::Entry { missing_key, .. } => *missing_key,
            QueryError::Empty | QueryError::Syntax { .. } | QueryError::Runtime { .. } => false,
        }
    }
}

/// Why an entry could not be loaded, with its name where the reason does not have it.
fn of_entry(name: &str, reason: &str) -> String {
    if reason.contains(&format!("variable {name} ")) {
        return reason.to_owned();
    }
    format!("failed to load context entry {name}: {reason}")
}

impl Query {
    /// Compiles `text`; a query that is no JMESPath fails when it runs.
    #[must_use]
    pub fn compile(text: &str, names: &Names) -> Query {
        let trimmed = text.trim();
        let program = Expression::compile(trimmed).map_err(|error| error.to_string());
        let mentions: Box<[Arc<str>]> = names
            .iter()
            .filter(|name| mentions(text, name))
            .cloned()
            .collect();
        let asks_request_only = mentions.is_empty()
            && program
                .as_ref()
                .is_ok_and(|program| program.depends_only_on("request"));
        Query {
            text: Arc::from(trimmed),
            program,
            mentions,
            asks_request_only,
        }
    }

    /// The text of the query.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The entries that must be loaded first.
    #[must_use]
    pub fn mentions(&self) -> &[Arc<str>] {
        &self.mentions
    }

    /// Whether the answer is the same for every policy that asks about one request.
    #[must_use]
    pub fn asks_request_only(&self) -> bool {
        self.asks_request_only
    }

    /// The program.
    ///
    /// # Errors
    /// The query is empty or no JMESPath.
    pub fn program(&self) -> Result<&Expression, QueryError> {
        if self.text.is_empty() {
            return Err(QueryError::Empty);
        }
        self.program.as_ref().map_err(|reason| QueryError::Syntax {
            query: self.text.to_string(),
            reason: reason.clone(),
        })
    }
}

/// Whether `text` holds `name` as a word of its own that no dot, letter or digit precedes.
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = text.as_bytes();
    let last_is_word = name.as_bytes().last().is_some_and(is_word);
    text.match_indices(name).any(|(start, _)| {
        let before = start.checked_sub(1).and_then(|index| bytes.get(index));
        let after_is_word = bytes.get(start + name.len()).is_some_and(is_word);
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.')
            && last_is_word != after_is_word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_as_a_word_that_no_dot_precedes() {
        for (text, expected) in [
            ("map", true),
            ("map.data.x", true),
            ("request.map", false),
            ("mapper", false),
            ("amap", false),
            ("_map", true),
            ("length(map)", true),
            ("x[?y==map]", true),
            ("'map'", true),
            ("map_x", false),
            ("a.map || map", true),
        ] {
            assert_eq!(mentions(text, "map"), expected, "{text}");
        }
    }

    #[test]
    fn a_query_of_the_request_alone_is_told() {
        let names: Vec<Arc<str>> = vec!["entry".into()];
        for (text, expected) in [
            ("request.object.spec.[a, b][]", true),
            ("request.object.a || `{}` | b", true),
            ("request.object.a == element.b", false),
            ("length(request.object.a)", false),
            ("[request.object.a, @]", false),
            ("request.object.entry", true),
            ("request.object.\"(entry\"", false),
            ("element.a", false),
            ("'text'", false),
            ("request.(", false),
        ] {
            let query = Query::compile(text, &names);
            assert_eq!(query.asks_request_only(), expected, "{text}");
        }
    }
}
