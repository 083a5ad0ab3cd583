//! Replacement templates: `$1`, `${1}`, `$name`, `${name}` and `$$`.
//!
//! A name is as long as it can be: `$1x` is the group `1x`, which does not exist and stands for
//! nothing. A dollar without a name is itself.

use regex_automata::util::captures::Captures;

/// Appends `template`, its names replaced by the groups of a match in `text`.
pub(super) fn expand(
    output: &mut String,
    template: &str,
    text: &str,
    captures: &Captures,
    names: &[String],
) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        output.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            output.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = name(rest) else {
            output.push('$');
            continue;
        };
        rest = after;
        output.push_str(group(name, text, captures, names).unwrap_or_default());
    }
    output.push_str(rest);
}

/// The name at the start of `rest`, and what follows it.
fn name(rest: &str) -> Option<(&str, &str)> {
    let inner = rest.strip_prefix('{');
    let text = inner.unwrap_or(rest);
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, after) = text.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    match inner {
        Some(_) => Some((name, after.strip_prefix('}')?)),
        None => Some((name, after)),
    }
}

/// The text of a group by number or name; of groups with the same name, the first that matched.
fn group<'t>(name: &str, text: &'t str, captures: &Captures, names: &[String]) -> Option<&'t str> {
    let at = |index: usize| {
        let span = captures.get_group(index)?;
        text.get(span.range())
    };
    if let Some(number) = number(name) {
        return (number < names.len()).then(|| at(number)).flatten();
    }
    names
        .iter()
        .enumerate()
        .filter(|(_, known)| *known == name)
        .find_map(|(index, _)| at(index))
}

/// A group number: digits without a leading zero.
fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let padded = name.len() > 1 && name.starts_with('0');
    if !digits || padded {
        return None;
    }
    name.parse().ok()
}
