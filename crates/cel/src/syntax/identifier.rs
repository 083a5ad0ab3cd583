//! Names.

/// The words that cannot be variables.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Whether a word cannot be a variable.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

/// Whether a text can be the name of a variable: a letter or `_`, then letters, digits and `_`, and no
/// reserved word.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_');
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_';
    starts && name.chars().all(is_part) && !is_reserved(name)
}
