//! What cannot be read of a value of the ConfigMap, in the words of who wrote it.

use portcullis_engine::matching::SelectorError;

/// Where a value cannot be read on, what stands there, and what may.
pub(super) struct Mistake {
    /// The character, from one.
    pub(super) position: usize,
    pub(super) found: String,
    pub(super) expected: String,
}

/// What the reader of JSON says.
pub(super) fn of_json(text: &str, error: &serde_json::Error) -> Mistake {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let at = offset(text, error, said);
    let there = || match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(character) => format!("`{character}`"),
        None => "the end".to_owned(),
    };
    let (found, expected) = words(said, there);
    Mistake {
        position: position(text, at),
        found,
        expected,
    }
}

/// The character that starts at a byte, from one.
fn position(text: &str, at: usize) -> usize {
    text.char_indices().filter(|(start, _)| *start < at).count() + 1
}

/// The byte that an error is about.
fn offset(text: &str, error: &serde_json::Error, said: &str) -> usize {
    if said.starts_with("EOF ") {
        return text.len();
    }
    let lines = text.split_inclusive('\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    // Of a list or object that should be something else the character before is told.
    let is_before = ["invalid type: sequence", "invalid type: map"];
    let column = match is_before.iter().any(|start| said.starts_with(start)) {
        true => error.column() + 1,
        false => error.column(),
    };
    before + column.saturating_sub(1)
}

fn words(said: &str, there: impl Fn() -> String) -> (String, String) {
    if let Some(expected) = said.strip_prefix("expected ") {
        return (there(), expected_in_words(expected));
    }
    if let Some((found, expected)) = said.split_once(", expected ") {
        return (found_in_words(found), expected_in_words(expected));
    }
    if let Some(field) = said.strip_prefix("missing field ") {
        return (
            format!("the end of an object without {field}"),
            field.to_owned(),
        );
    }
    if let Some(field) = said.strip_prefix("duplicate field ") {
        return (format!("{field} for a second time"), "it once".to_owned());
    }
    let expected = match said {
        "EOF while parsing a list" => "`,` or `]`",
        "EOF while parsing an object" => "`,` or `}`",
        "EOF while parsing a string" => "`\"`",
        "EOF while parsing a value" => "a value",
        "key must be a string" => "a key in double quotes",
        "trailing characters" => "the end",
        "trailing comma" => "one more entry after the comma",
        said => return (said.to_owned(), "JSON".to_owned()),
    };
    (there(), expected.to_owned())
}

fn found_in_words(found: &str) -> String {
    let found = found.split_once(": ").map_or(found, |(_, found)| found);
    match found {
        "sequence" => "a list".to_owned(),
        "map" => "an object".to_owned(),
        found => {
            let kinds = ["string ", "integer ", "floating point ", "boolean "];
            let kind = kinds.iter().find_map(|kind| found.strip_prefix(kind));
            kind.unwrap_or(found).to_owned()
        }
    }
}

fn expected_in_words(expected: &str) -> String {
    let words = match expected {
        "a sequence" => "a list",
        "a map" => "an object of names and texts",
        "a string" => "a text in double quotes",
        "value" => "a value",
        "ident" => "`true`, `false` or `null`",
        expected => expected,
    };
    words.to_owned()
}

/// What is wrong with a selector or label.
pub(super) fn of_selector(text: &str, error: &SelectorError) -> Mistake {
    const NAME: &str = "up to 63 letters, digits, `-`, `_` or `.`";
    let (written, found, expected) = match error {
        SelectorError::Key(key) => (
            key,
            format!("`{key}` as the key of a label"),
            format!("an optional domain and `/`, then {NAME}"),
        ),
        SelectorError::Value(value) => (
            value,
            format!("`{value}` as the value of a label"),
            NAME.to_owned(),
        ),
        SelectorError::Operator(operator) => (
            operator,
            format!("the operator `{operator}`"),
            "`In`, `NotIn`, `Exists` or `DoesNotExist`".to_owned(),
        ),
        SelectorError::NoValues { key, operator } => (
            key,
            format!("`{operator}` on `{key}` without values"),
            "at least one value".to_owned(),
        ),
        SelectorError::UnwantedValues { key, operator } => (
            key,
            format!("`{operator}` on `{key}` with values"),
            "none".to_owned(),
        ),
    };
    let at = text.find(&format!("\"{written}\"")).unwrap_or_default();
    Mistake {
        position: position(text, at),
        found,
        expected,
    }
}
