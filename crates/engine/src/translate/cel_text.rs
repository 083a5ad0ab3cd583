//! Pieces of CEL text.

use portcullis_values::wildcard;

/// Words that CEL keeps for itself, and which are no names of fields.
const RESERVED: &[&str] = &["false", "in", "null", "true"];

/// An expression that holds unless all of these do.
pub(super) fn unless_all(expressions: &[&str]) -> String {
    match expressions {
        [one] => format!("!({one})"),
        several => {
            let all: Vec<String> = several.iter().map(|one| format!("({one})")).collect();
            format!("!({})", all.join(" && "))
        }
    }
}

/// A text literal.
pub(super) fn literal(text: &str) -> String {
    let mut written = String::from("'");
    for character in text.chars() {
        match character {
            '\'' => written.push_str("\\'"),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            other => written.push(other),
        }
    }
    written.push('\'');
    written
}

/// A list of text literals.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| literal(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// Whether a map has a key, and the value there.
pub(super) fn field(map: &str, key: &str) -> (String, String) {
    if is_name(key) {
        return (format!("has({map}.{key})"), format!("{map}.{key}"));
    }
    let key = literal(key);
    (format!("{key} in {map}"), format!("{map}[{key}]"))
}

fn is_name(key: &str) -> bool {
    let mut letters = key.chars();
    let starts = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    starts
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !RESERVED.contains(&key)
}

/// Whether a text matches one of these wildcards.
pub(super) fn matches_any(text: &str, patterns: &[String]) -> String {
    let (wild, plain): (Vec<&String>, Vec<&String>) = patterns
        .iter()
        .partition(|pattern| wildcard::has_wildcard(pattern));
    let mut tests: Vec<String> = Vec::new();
    match plain.as_slice() {
        [] => {}
        [one] => tests.push(format!("{text} == {}", literal(one))),
        several => tests.push(format!("{text} in {}", list(several))),
    }
    tests.extend(wild.into_iter().map(|pattern| matches(text, pattern)));
    any(tests)
}

/// Whether a text matches a wildcard.
pub(super) fn matches(text: &str, pattern: &str) -> String {
    let inner = pattern.trim_matches('*');
    let (starts, ends) = (!pattern.starts_with('*'), !pattern.ends_with('*'));
    if inner.is_empty() && !pattern.is_empty() {
        return "true".to_owned();
    }
    if inner.contains(['*', '?']) {
        return match pattern {
            "?*" | "*?" => format!("{text} != ''"),
            _ => format!("{text}.matches({})", literal(&regex(pattern))),
        };
    }
    let inner = literal(inner);
    match (starts, ends) {
        (true, true) => format!("{text} == {inner}"),
        (true, false) => format!("{text}.startsWith({inner})"),
        (false, true) => format!("{text}.endsWith({inner})"),
        (false, false) => format!("{text}.contains({inner})"),
    }
}

fn regex(pattern: &str) -> String {
    let mut written = String::from("(?s)^");
    for character in pattern.chars() {
        match character {
            '*' => written.push_str(".*"),
            '?' => written.push('.'),
            other if other.is_alphanumeric() || "_ -/:@".contains(other) => written.push(other),
            other => written.extend(['\\', other]),
        }
    }
    written.push('$');
    written
}

/// An expression that holds where one of these does.
pub(super) fn any(tests: Vec<String>) -> String {
    join(tests, " || ", "true", "false", &['&', '?'])
}

/// An expression that holds where all of these do.
pub(super) fn all(tests: Vec<String>) -> String {
    join(tests, " && ", "false", "true", &['|', '?'])
}

/// Joins tests, of which `decides` makes the others needless, and `neutral` can be left out.
fn join(
    mut tests: Vec<String>,
    operator: &str,
    decides: &str,
    neutral: &str,
    looser: &[char],
) -> String {
    if tests.iter().any(|test| test == decides) {
        return decides.to_owned();
    }
    tests.retain(|test| test != neutral);
    match tests.as_slice() {
        [] => neutral.to_owned(),
        [one] => one.clone(),
        several => {
            let written: Vec<String> = several.iter().map(|test| grouped(test, looser)).collect();
            written.join(operator)
        }
    }
}

/// An expression in brackets, where it has one of these operators outside of any.
fn grouped(expression: &str, operators: &[char]) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for letter in expression.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            other if depth == 0 && operators.contains(&other) => return format!("({expression})"),
            _ => {}
        }
    }
    expression.to_owned()
}

/// A long expression on several lines.
pub(super) fn wrapped(expression: &str) -> String {
    if expression.len() <= 100 {
        return expression.to_owned();
    }
    let mut written = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (index, letter) in expression.char_indices() {
        let rest = expression.get(index..).unwrap_or_default();
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ' ' if rest.starts_with(" && ") || rest.starts_with(" || ") => {
                written.push('\n');
                written.push_str(&"  ".repeat(depth));
                continue;
            }
            _ => {}
        }
        written.push(letter);
    }
    written
}

/// An expression that holds where this one does not.
pub(super) fn not(expression: &str) -> String {
    match expression {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        _ if expression.starts_with("has(") && !expression.contains(['&', '|']) => {
            format!("!{expression}")
        }
        _ => format!("!({expression})"),
    }
}
