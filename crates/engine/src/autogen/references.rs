//! Moves the `$(…)` references of a message along with the part of the rule that they point into.
//!
//! A reference is `$(`, any character, then everything up to the last `)` before a space; one
//! after a backslash is none. Of references into several entries of `anyPattern` only those into
//! the entry of the first move, as in Kyverno.

/// Puts `shift` behind `pivot` in every reference: with the pivot `pattern` and the shift
/// `spec/template`, `$(/pattern/spec)` becomes `$(/pattern/spec/template/spec)`.
pub(super) fn shift_references(message: &str, shift: &str, pivot: &str) -> String {
    let mut pivot = pivot.to_owned();
    let mut shifted = message.to_owned();
    for reference in references(message) {
        if pivot == "anyPattern" {
            let after = reference
                .find(&pivot)
                .map_or(pivot.len(), |at| at + pivot.len() + 1);
            let Some(rest) = reference.get(after..) else {
                continue;
            };
            let entry = rest.split('/').next().unwrap_or_default();
            pivot = format!("{pivot}/{entry}");
        }
        let moved = reference.replace(&pivot, &format!("{pivot}/{shift}"));
        shifted = shifted.replacen(reference, &moved, 1);
    }
    shifted
}

/// The references of a text, in order.
fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text
        .get(from..)
        .and_then(|rest| rest.find("$("))
        .map(|at| from + at)
    {
        let escaped = text
            .get(..start)
            .is_some_and(|before| before.ends_with('\\'));
        let reference = text
            .get(start..)
            .filter(|_| !escaped)
            .and_then(reference_at);
        found.extend(reference);
        from = start + reference.map_or(2, str::len);
    }
    found
}

/// The reference at the start of a text that starts with `$(`.
fn reference_at(text: &str) -> Option<&str> {
    let first = text.chars().nth(2).filter(|&character| character != '\n')?;
    let body_start = 2 + first.len_utf8();
    let body = text.get(body_start..)?;
    let run = body.split(' ').next().unwrap_or_default();
    let end = run.rfind(')')?;
    text.get(..=body_start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_move() {
        let cases = [
            ("no reference", "pattern", "no reference"),
            ("$(/pattern/a)", "pattern", "$(/pattern/S/a)"),
            (
                "is $(../pattern/a) wanted",
                "pattern",
                "is $(../pattern/S/a) wanted",
            ),
            (r"\$(/pattern/a)", "pattern", r"\$(/pattern/a)"),
            ("$(/deny/a)", "pattern", "$(/deny/a)"),
            (
                "$(/pattern/a)-$(/pattern/b)",
                "pattern",
                "$(/pattern/S/a)-$(/pattern/S/b)",
            ),
            (
                "$(/pattern/a) $(/pattern/b)",
                "pattern",
                "$(/pattern/S/a) $(/pattern/S/b)",
            ),
            ("$(pattern", "pattern", "$(pattern"),
            ("$(/anyPattern/1/a)", "anyPattern", "$(/anyPattern/1/S/a)"),
            (
                "$(/anyPattern/0/a) $(/anyPattern/1/a)",
                "anyPattern",
                "$(/anyPattern/0/S/a) $(/anyPattern/1/a)",
            ),
            ("$(a)", "anyPattern", "$(a)"),
            ("$(", "anyPattern", "$("),
        ];
        for (message, pivot, expected) in cases {
            assert_eq!(shift_references(message, "S", pivot), expected, "{message}");
        }
    }
}
