//! Edits of a JMESPath expression as text: a member of a list that it picks from is left out, and
//! a default is not there.

use super::{Edit, replacement};

/// The edits of a text with an expression.
pub(super) fn edits(text: &str, pointer: &str) -> Vec<Edit> {
    let mut others = Vec::new();
    for (at, _) in text.match_indices('[') {
        others.extend(fewer_members(text, at));
    }
    for (at, _) in text.match_indices(" || ") {
        others.extend(without_default(text, at));
    }
    others
        .into_iter()
        .map(|other| replacement(pointer, other))
        .collect()
}

/// `a.[b, c][]` with one member less, for the list that opens at an offset.
fn fewer_members(text: &str, open: usize) -> Vec<String> {
    let Some((before, rest)) = text.split_at_checked(open + 1) else {
        return Vec::new();
    };
    let Some((members, after)) = members(rest) else {
        return Vec::new();
    };
    if members.len() < 2 {
        return Vec::new();
    }
    let without = |left_out: usize| {
        let kept = members.iter().enumerate();
        let kept = kept.filter(|(index, _)| *index != left_out);
        let kept: Vec<&str> = kept.map(|(_, member)| *member).collect();
        format!("{before}{}{after}", kept.join(", "))
    };
    (0..members.len()).map(without).collect()
}

/// The members up to the bracket that closes the list, and the rest from that bracket on.
fn members(text: &str) -> Option<(Vec<&str>, &str)> {
    let (mut depth, mut start, mut quote) = (0_usize, 0, None);
    let mut members = Vec::new();
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']') if depth == 0 => {
                members.push(text.get(start..at)?.trim());
                return Some((members, text.get(at..)?));
            }
            (None, ']' | ')' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                members.push(text.get(start..at)?.trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// `a || '…'` as `a`, where a literal follows the bars at an offset.
fn without_default(text: &str, bars: usize) -> Option<String> {
    let (before, rest) = text.split_at_checked(bars)?;
    let literal = rest.strip_prefix(" || ")?;
    let quote = literal
        .chars()
        .next()
        .filter(|first| "'`".contains(*first))?;
    let inside = literal.strip_prefix(quote)?;
    let (_, after) = inside.split_once(quote)?;
    Some(format!("{before}{after}"))
}
