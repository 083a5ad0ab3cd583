//! Errors as cel-go prints them, with a caret under the place.

use crate::error::Issue;

/// Every issue with its line of the text and a caret.
pub(crate) fn render(issues: &[Issue], source: &str) -> String {
    let parts: Vec<String> = issues.iter().map(|issue| one(issue, source)).collect();
    parts.join("\n")
}

fn one(issue: &Issue, source: &str) -> String {
    if source.is_empty() {
        return format!("ERROR: <input>:1:0: {}", issue.message);
    }
    let before = source.get(..issue.offset).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = source.get(start..).unwrap_or_default();
    let line = line.split('\n').next().unwrap_or_default();
    let row = before.matches('\n').count() + 1;
    let ahead = before.get(start..).unwrap_or_default();
    let column = ahead.chars().count() + 1;
    let mut pointer: String = ahead
        .chars()
        .map(|letter| wide(letter, '.', '．'))
        .collect();
    let under = line.get(ahead.len()..).and_then(|rest| rest.chars().next());
    pointer.push(under.map_or('^', |letter| wide(letter, '^', '＾')));
    let line = line.replace('\t', " ");
    format!(
        "ERROR: <input>:{row}:{column}: {}\n | {line}\n | {pointer}",
        issue.message
    )
}

/// Letters beyond ASCII are taken to be wide.
fn wide(letter: char, narrow: char, wide: char) -> char {
    if letter.is_ascii() { narrow } else { wide }
}
