//! Names of variables, conditions and annotations.

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

/// A name of CEL.
pub(super) fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_');
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_';
    starts && name.chars().all(is_part) && !RESERVED.contains(&name)
}

/// A name with a domain before a slash, or without one.
pub(super) fn is_qualified_name(name: &str) -> bool {
    let (domain, name) = name.split_once('/').unwrap_or(("", name));
    let is_end = |one: Option<char>| one.is_some_and(|one| one.is_ascii_alphanumeric());
    let is_part = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
    let is_name = |name: &str| {
        let mut characters = name.chars();
        is_end(characters.next()) && is_end(name.chars().next_back()) && name.chars().all(is_part)
    };
    (domain.is_empty() || is_name(domain)) && name.len() <= 63 && is_name(name)
}
