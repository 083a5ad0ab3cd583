//! Finds `{{ … }}` in text, as Kyverno's variable pattern does.
//!
//! A variable is `{{`, then text in which braces only stand as one balanced pair (`{r: replicas}`),
//! then `}}`. The innermost variable is found first; `\{{ … }}` is an escape; the next search
//! starts behind the variable and needs at least one character before its braces.

use std::ops::Range;

/// The variables of one round: byte ranges that include the braces.
#[must_use]
pub(crate) fn variables(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(range) = next_variable(text, from) {
        from = range.end;
        found.push(range);
    }
    found
}

/// Whether the text holds a variable.
#[must_use]
pub fn has_variable(text: &str) -> bool {
    next_variable(text, 0).is_some()
}

/// The text with the backslash of each `\{{ … }}` taken away.
#[must_use]
pub(super) fn unescape(text: &str) -> Option<String> {
    if !text.contains("\\{{") {
        return None;
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\{{") {
        let (before, escaped) = rest.split_at_checked(at)?;
        result.push_str(before);
        let body = escaped.get(1..)?;
        match variable_length(body) {
            Some(length) => {
                let (variable, after) = body.split_at_checked(length)?;
                result.push_str(variable);
                rest = after;
            }
            None => {
                result.push('\\');
                rest = body;
            }
        }
    }
    result.push_str(rest);
    Some(result)
}

fn next_variable(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += text.get(at..)?.find("{{")?;
        let before = at.checked_sub(1).and_then(|index| bytes.get(index));
        let starts = match before {
            None => true,
            Some(b'\\') => false,
            // A prefix character must be left over by the variable before.
            Some(_) => at > from || from == 0,
        };
        if starts && let Some(length) = variable_length(text.get(at..)?) {
            return Some(at..at + length);
        }
        at += 1;
    }
}

/// The length of the variable that the text starts with.
fn variable_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !text.starts_with("{{") {
        return None;
    }
    let mut at = 2;
    loop {
        match bytes.get(at)? {
            b'}' => return (bytes.get(at + 1) == Some(&b'}')).then_some(at + 2),
            b'{' => {
                let inner = bytes.get(at + 1..)?;
                let end = inner.iter().position(|byte| matches!(byte, b'{' | b'}'))?;
                if inner.get(end) != Some(&b'}') {
                    return None;
                }
                at += end + 2;
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = variables(text)
            .into_iter()
            .filter_map(|range| text.get(range))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn finds_the_variables_of_one_round() {
        for (text, expected) in [
            ("{{a}}", &["{{a}}"] as &[&str]),
            ("x {{ a }} y {{b}}", &["{{ a }}", "{{b}}"]),
            ("{{a}}{{b}}", &["{{a}}"]),
            ("{{ {{a}} }}", &["{{a}}"]),
            ("{{ x.{a: b} }}", &["{{ x.{a: b} }}"]),
            ("{{a}}}}", &["{{a}}"]),
            ("\\{{a}} {{b}}", &["{{b}}"]),
            ("\\\\{{a}}", &[]),
            ("{{a", &[]),
            ("{ {a} }", &[]),
            ("{{{a}}}", &["{{{a}}}"]),
            ("{{x{{a}}}}", &["{{a}}"]),
            ("é{{a}}", &["{{a}}"]),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn takes_one_backslash_of_an_escape() {
        assert_eq!(unescape("a\\{{b}}").as_deref(), Some("a{{b}}"));
        assert_eq!(unescape("\\\\{{b}}").as_deref(), Some("\\{{b}}"));
        assert_eq!(unescape("\\{{b").as_deref(), Some("\\{{b"));
        assert_eq!(unescape("plain"), None);
    }
}
