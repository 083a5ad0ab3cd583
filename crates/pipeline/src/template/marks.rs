//! Marks in a template: which of its lines wrote what, and each turn of a loop.
//!
//! A marker is one character of a private use area before the first visible character of each
//! template line, which whitespace control cannot swallow and rendering cannot change. They are read
//! back from the output and stripped. At the start of each turn a loop calls a function.

use serde_json::{Map, Value};

use super::Rendered;

/// The first marker; the marker of line `n` (from 0) is `n` characters further.
const FIRST_MARKER: u32 = 0xF_0000;
/// The last character of the private use area that markers are taken from.
const LAST_MARKER: u32 = 0xF_FFFD;

/// The function that a marked template calls at each turn.
pub(super) const TURN: &str = "portcullis_turn";

/// Whether a character is one that markers are made of.
pub(super) fn is_marker(character: char) -> bool {
    (FIRST_MARKER..=LAST_MARKER).contains(&u32::from(character))
}

/// Whether a text among the variables has a marker.
pub(super) fn has_marker(variables: &Map<String, Value>) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::String(text) => text.chars().any(is_marker),
            Value::Array(items) => items.iter().any(inside),
            Value::Object(entries) => has_marker(entries),
            _ => false,
        }
    }
    variables.values().any(inside)
}

/// Where the scan of a template stands.
#[derive(Clone, Copy, PartialEq)]
enum Region {
    Text,
    /// Inside a tag.
    Tag {
        /// The tag's last delimiter.
        end: &'static str,
        /// Where the tag starts in the output.
        start: usize,
        /// The quote of the text that the scan is in.
        quote: Option<char>,
    },
    /// Between `{% raw %}` and `{% endraw %}`.
    Raw,
}

/// Puts a marker before the first visible character of each line that stands in text, or before
/// the first value tag that does not trim what is left of it, and has each turn of a loop counted.
pub(super) fn mark(template: &str) -> String {
    let mut output = String::with_capacity(template.len() + template.len() / 8);
    let mut region = Region::Text;
    for (number, line) in template.split_inclusive('\n').enumerate() {
        let mut marked = false;
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            if let Region::Tag { end, start, quote } = &mut region {
                if quote.is_none() && rest.starts_with(*end) {
                    output.push_str(end);
                    rest = rest.get(end.len()..).unwrap_or_default();
                    let tag = output.get(*start..).unwrap_or_default();
                    let name = tag_name(tag);
                    region = if name == "raw" {
                        Region::Raw
                    } else {
                        Region::Text
                    };
                    if name == "for" {
                        let dash = if tag.ends_with("-%}") { "-" } else { "" };
                        output += &format!("{{%{dash} if {TURN}() %}}{{% endif {dash}%}}");
                    }
                    continue;
                }
                match quote {
                    Some(open) if *open == first => *quote = None,
                    None if *end != "#}" && matches!(first, '"' | '\'' | '`') => {
                        *quote = Some(first)
                    }
                    _ => {}
                }
                let escaped = first == '\\' && quote.is_some();
                let taken = rest.chars().take(if escaped { 2 } else { 1 });
                let width = taken.map(char::len_utf8).sum();
                let (head, after) = rest.split_at_checked(width).unwrap_or((rest, ""));
                output.push_str(head);
                rest = after;
                continue;
            }
            let opened =
                tag_end(rest).filter(|_| region == Region::Text || tag_name(rest) == "endraw");
            let visible = match opened {
                Some(_) => rest.starts_with("<%") && !rest.starts_with("<%-"),
                None => !first.is_whitespace(),
            };
            if visible && !marked {
                output.extend(marker(number));
                marked = true;
            }
            let start = output.len();
            let width = opened.map_or(first.len_utf8(), |_| 2);
            let (head, after) = rest.split_at_checked(width).unwrap_or((rest, ""));
            output.push_str(head);
            rest = after;
            if let Some(end) = opened {
                region = Region::Tag {
                    end,
                    start,
                    quote: None,
                };
            }
        }
    }
    output
}

/// The first word of a block's tag, such as `for`.
fn tag_name(tag: &str) -> &str {
    let inside = tag.strip_prefix("{%").unwrap_or_default();
    let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
    let end = inside.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    inside
        .get(..end.unwrap_or(inside.len()))
        .unwrap_or_default()
}

fn tag_end(text: &str) -> Option<&'static str> {
    [("<%", "%>"), ("{%", "%}"), ("{#", "#}")]
        .iter()
        .find_map(|(start, end)| text.starts_with(start).then_some(*end))
}

fn marker(line: usize) -> Option<char> {
    let code = FIRST_MARKER.checked_add(u32::try_from(line).ok()?)?;
    (code <= LAST_MARKER)
        .then(|| char::from_u32(code))
        .flatten()
}

/// Strips the markers; a line without one belongs to the template line of the line before it.
pub(super) fn unmark(output: &str) -> Rendered {
    let mut text = String::with_capacity(output.len());
    let mut lines = Vec::new();
    let mut current = 1;
    for line in output.split_inclusive('\n') {
        let first = line.chars().find(|character| is_marker(*character));
        if let Some(marker) = first {
            current = (u32::from(marker) - FIRST_MARKER) as usize + 1;
        }
        lines.push(current);
        text.extend(line.chars().filter(|character| !is_marker(*character)));
    }
    Rendered { text, lines }
}
