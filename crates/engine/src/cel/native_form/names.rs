//! Names of conditions and annotations.

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
