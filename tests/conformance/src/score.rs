//! Scores: how many cases of a corpus hold, and the committed ones that they may not fall under.

use std::{collections::BTreeMap, fmt};

/// What replaying one corpus or table gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The corpus or table.
    pub name: String,
    /// Cases that hold.
    pub passed: usize,
    /// Cases in all.
    pub total: usize,
    /// Each case that does not hold, with its difference.
    pub failures: Vec<String>,
}

impl Score {
    /// An empty score.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Score {
            name: name.into(),
            ..Score::default()
        }
    }

    /// Counts a case; `case` names it where it does not hold.
    pub fn count(&mut self, case: impl FnOnce() -> String, outcome: Result<(), String>) {
        self.total += 1;
        match outcome {
            Ok(()) => self.passed += 1,
            Err(difference) => self.failures.push(format!("{}: {difference}", case())),
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}/{}", self.name, self.passed, self.total)
    }
}

/// Reads committed scores: a line `NAME passed/total` each; `#` starts a comment.
///
/// # Errors
/// Where a line has another form.
pub fn read_minimum(text: &str) -> Result<BTreeMap<String, (usize, usize)>, String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, score) = line.rsplit_once(' ').ok_or(line)?;
            let (passed, total) = score.split_once('/').ok_or(line)?;
            let number = |text: &str| text.parse::<usize>().map_err(|_| line);
            Ok((name.to_owned(), (number(passed)?, number(total)?)))
        })
        .collect::<Result<_, &str>>()
        .map_err(|line| format!("`{line}` is not a line `NAME passed/total`"))
}

/// What fell under the committed scores, or was not found.
#[must_use]
pub fn fallen(scores: &[Score], minimum: &BTreeMap<String, (usize, usize)>) -> Vec<String> {
    let complaints = minimum.iter().map(|(name, (passed, total))| {
        match scores.iter().find(|score| score.name == *name) {
            None => Some(format!(
                "{name} was not found; {passed}/{total} is committed"
            )),
            Some(score) if score.passed < *passed || score.total < *total => {
                Some(format!("{score} is under the committed {passed}/{total}"))
            }
            Some(_) => None,
        }
    });
    complaints.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_may_not_fall() {
        let minimum = read_minimum("# committed\nyaml 2/3\ngotime 1/1\n").unwrap();
        let score = |passed, total| Score {
            passed,
            total,
            ..Score::new("yaml")
        };
        for (scores, complaints) in [
            (vec![score(2, 3)], 1),
            (vec![score(1, 3)], 2),
            (vec![score(2, 2)], 2),
            (
                vec![
                    score(3, 3),
                    Score {
                        passed: 1,
                        total: 1,
                        ..Score::new("gotime")
                    },
                ],
                0,
            ),
        ] {
            assert_eq!(fallen(&scores, &minimum).len(), complaints, "{scores:?}");
        }
        assert!(read_minimum("yaml two/three").is_err());
    }
}
