//! The steps of a JSON pointer (RFC 6901).

/// A key as one step: `~` and `/` are written `~0` and `~1`.
///
/// ```
/// use portcullis_values::json_pointer::{escape, unescape};
/// assert_eq!(escape("a/b~c"), "a~1b~0c");
/// assert_eq!(unescape("a~1b~0c"), "a/b~c");
/// assert_eq!(unescape("~01"), "~1");
/// ```
#[must_use]
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The key of a step.
#[must_use]
pub fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}
