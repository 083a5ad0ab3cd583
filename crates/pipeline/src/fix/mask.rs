//! A template with its tags masked, so that it reads as YAML: every byte keeps its place.

use std::ops::Range;

/// A template's masked text, and which tags are open where.
pub(super) struct Masked {
    /// The text, as long as the template.
    pub(super) text: String,
    /// Where a tag opens, changes or closes a block, and which blocks are open after it.
    blocks: Vec<(usize, Vec<usize>)>,
}

impl Masked {
    /// A text without tags.
    pub(super) fn nothing(text: &str) -> Masked {
        Masked {
            text: text.to_owned(),
            blocks: Vec::new(),
        }
    }

    /// Whether all places stand in the same blocks, so that what moves between them is there in the
    /// same renderings as before.
    pub(super) fn are_together(&self, places: &[usize]) -> bool {
        let mut around = places.iter().map(|place| self.around(*place));
        let Some(first) = around.next() else {
            return true;
        };
        around.all(|blocks| blocks == first)
    }

    fn around(&self, place: usize) -> &[usize] {
        let after = self.blocks.partition_point(|(at, _)| *at <= place);
        let last = after
            .checked_sub(1)
            .and_then(|index| self.blocks.get(index));
        last.map_or(&[], |(_, open)| open)
    }
}

/// Masks the tags: those that have a line to themselves become comments, others plain text.
pub(super) fn mask(template: &str) -> Masked {
    let mut bytes = template.as_bytes().to_vec();
    let mut blocks = Vec::new();
    let mut open = Vec::new();
    for tag in tags(template) {
        let inside = template.get(tag.clone()).unwrap_or_default();
        if inside.starts_with("{%") {
            follow(inside, tag.start, &mut open);
            blocks.push((tag.start, open.clone()));
        }
        let cover = if has_its_lines(template, &tag) {
            b'#'
        } else {
            b'x'
        };
        for byte in bytes.get_mut(tag).into_iter().flatten() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = cover;
            }
        }
    }
    Masked {
        // Whole tags are covered, and they end at characters.
        text: String::from_utf8(bytes).unwrap_or_default(),
        blocks,
    }
}

/// The bytes of each tag with its delimiters.
fn tags(template: &str) -> Vec<Range<usize>> {
    const DELIMITERS: [(&str, &str); 3] = [("<%", "%>"), ("{%", "%}"), ("{#", "#}")];
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = template.get(from..) {
        let starts = DELIMITERS
            .iter()
            .filter_map(|(start, end)| Some((rest.find(start)?, end)));
        let Some((start, end)) = starts.min_by_key(|(at, _)| *at) else {
            break;
        };
        let start = from + start;
        let inside = template.get(start + 2..).unwrap_or_default();
        let stop = inside
            .find(*end)
            .map_or(template.len(), |at| start + 2 + at + end.len());
        found.push(start..stop);
        from = stop;
    }
    found
}

/// A block is known by where its newest part starts, so that `if` and `else` are two.
fn follow(tag: &str, at: usize, open: &mut Vec<usize>) {
    let words = tag
        .trim_start_matches("{%")
        .trim_start_matches('-')
        .trim_start();
    match words
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
    {
        "if" | "for" | "block" | "macro" | "filter" | "raw" => open.push(at),
        "elif" | "else" => {
            open.pop();
            open.push(at);
        }
        word if word.starts_with("end") => {
            open.pop();
        }
        _ => {}
    }
}

/// Whether nothing but blanks stands before and behind a tag in its lines.
fn has_its_lines(template: &str, tag: &Range<usize>) -> bool {
    let before = template.get(..tag.start).unwrap_or_default();
    let before = before.rsplit('\n').next().unwrap_or_default();
    let behind = template.get(tag.end..).unwrap_or_default();
    let behind = behind.split('\n').next().unwrap_or_default();
    let is_value = template
        .get(tag.clone())
        .is_some_and(|tag| tag.starts_with("<%"));
    !is_value && before.trim().is_empty() && behind.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, masked: &str) {
        assert_eq!(mask(template).text, masked, "{template}");
    }

    #[test]
    fn tags_become_comments_or_text() {
        check("a: <% b %>\n", "a: xxxxxxx\n");
        check("{# é\n #}\na: 1\n", "#####\n###\na: 1\n");
        check(
            "  {% if a -%}\n  b: 1\n  {% endif %}\n",
            "  ###########\n  b: 1\n  ###########\n",
        );
        check(
            "a: {{ request }} \"{% if b %}c{% endif %}\"\n",
            "a: {{ request }} \"xxxxxxxxxxcxxxxxxxxxxx\"\n",
        );
        check("a: <% b", "a: xxxx");
    }

    #[test]
    fn places_in_different_blocks() {
        let template = "a\n{% if b %}\nc\n{% else %}\nd\n{% endif %}\ne\n";
        let masked = mask(template);
        let at = |text: &str| template.find(text).unwrap_or_default();
        let together = |one, other| masked.are_together(&[at(one), at(other)]);
        assert!(together("a\n", "e\n"));
        assert!(!together("a\n", "c\n"));
        assert!(!together("c\n", "d\n"));
    }
}
