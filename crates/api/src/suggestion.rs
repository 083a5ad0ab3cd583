//! "Did you mean": the known word that is nearest to one that is not known.

/// The nearest of the candidates, when it is near enough to be a slip: two edits, or one in a short word.
/// Case does not count.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = if word.chars().count() < 5 { 1 } else { 2 };
    let near = candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate));
    near.filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Number of letters to add, drop, change or swap with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous_letter = None;
    for (row, letter) in left.to_lowercase().chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&last, column) + usize::from(letter != *other);
            let mut best = changed
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped = column > 0
                && previous_letter == Some(*other)
                && right.get(column - 1) == Some(&letter);
            if swapped {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found() {
        for (word, candidates, wanted) in [
            ("paterns", &["pattern", "patches"][..], Some("pattern")),
            ("mathc", &["match", "name"], Some("match")),
            ("FailureAction", &["failureAction"], Some("failureAction")),
            ("any", &["all"], None),
            ("kind", &["kinds", "name"], Some("kinds")),
            ("status", &["policy", "result"], None),
            ("", &["a"], Some("a")),
            ("x", &[], None),
        ] {
            assert_eq!(closest(word, candidates.iter().copied()), wanted, "{word}");
        }
    }
}
