//! What Kubernetes accepts as a label: the key is an optional DNS name and `/`, then a name; the
//! value is empty or a name. A name has at most 63 letters, digits, `-`, `_` and `.`, and starts
//! and ends with a letter or digit.

use super::SelectorError;

/// Whether the pair is a valid label.
pub(crate) fn check(key: &str, value: &str) -> Result<(), SelectorError> {
    check_key(key)?;
    check_value(value)
}

/// Whether a label can have this key.
pub(super) fn check_key(key: &str) -> Result<(), SelectorError> {
    let valid = match key.split_once('/') {
        Some((domain, name)) => is_domain(domain) && is_name(name),
        None => is_name(key),
    };
    if valid {
        Ok(())
    } else {
        Err(SelectorError::Key(key.to_owned()))
    }
}

/// Whether a label can have this value.
pub(super) fn check_value(value: &str) -> Result<(), SelectorError> {
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    Err(SelectorError::Value(value.to_owned()))
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.len() <= 63 && edges(text, |byte| byte.is_ascii_alphanumeric()) && text.bytes().all(inner)
}

/// Whether an object can have this name.
pub(crate) fn is_domain(text: &str) -> bool {
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part =
        |part: &str| edges(part, edge) && part.bytes().all(|byte| edge(byte) || byte == b'-');
    text.len() <= 253 && text.split('.').all(is_part)
}

/// Whether the text is not empty and its first and last byte pass.
fn edges(text: &str, pass: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|&byte| pass(byte)) && bytes.last().is_some_and(|&byte| pass(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        let long = "a".repeat(64);
        for key in ["app", "app.kubernetes.io/name", "a/B_c.d-e", "0"] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in [
            "",
            "/a",
            "a/",
            "A.b/c",
            "a/b/c",
            "-a",
            "a b",
            "a..b/c",
            long.as_str(),
        ] {
            assert!(check_key(key).is_err(), "{key}");
        }
        for value in ["", "web", "1.2-3_4"] {
            assert!(check_value(value).is_ok(), "{value}");
        }
        for value in ["-", "a/b", "ü", "a.", long.as_str()] {
            assert!(check_value(value).is_err(), "{value}");
        }
    }
}
