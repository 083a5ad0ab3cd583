//! A change made to the text of a document: only the bytes that must change do.
//!
//! Where a layout is too unusual for that, there is no edit, and the change is left to people.

use std::ops::Range;

use portcullis_yaml::{Document, PathSegment};
use serde_json::Value;

use super::change::{Change, Wrapping, parent};

/// Bytes of a text and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) span: Range<usize>,
    pub(super) text: String,
}

/// A text with its document. In a template, `shown` is the text with its tags masked, which has the
/// same bytes everywhere else.
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    pub(super) shown: &'t str,
    pub(super) document: &'t Document,
}

/// The lines of an entry: the comments above it, and its own.
#[derive(Clone, Copy, Debug)]
struct Lead {
    /// Where the first of them begins.
    start: usize,
    /// Where the entry's line begins.
    line: usize,
}

impl Layout<'_> {
    /// The edits of a change, one of several, apart from each other and in order.
    pub(super) fn edits(&self, change: &Change, all: &[Change]) -> Option<Vec<Edit>> {
        match change {
            Change::Rename { map, from, to } => {
                let span = self.key(&format!("{map}/{from}"))?;
                Some(vec![replace(span, to)])
            }
            Change::Replace { at, text } => Some(vec![replace(self.value(at)?, text)]),
            Change::Insert { map, key, text } => self.insert(map, key, &format!(" {text}"), &[]),
            Change::Copy { map, key, from } => {
                let indent = self.column(self.first_key(map)?.start)?;
                let mut value = self.copied(from, indent)?;
                if let Some(comment) = self.comment(from).filter(|_| self.takes_comment(map)) {
                    value.extend([" ", comment]);
                }
                let mut above = self.comments_above(from);
                if !self.takes_comments_above(map) {
                    above.clear();
                }
                self.insert(map, key, &value, &above)
            }
            Change::Remove { at } => {
                let maps: Vec<&str> = all
                    .iter()
                    .filter_map(|change| match change {
                        Change::Copy { map, from, .. } if from == at => Some(map.as_str()),
                        _ => None,
                    })
                    .collect();
                let all_maps = |takes: fn(&Self, &str) -> bool| {
                    !maps.is_empty() && maps.iter().all(|map| takes(self, map))
                };
                let goes = self.comment(at).is_some() && all_maps(Self::takes_comment);
                self.remove(at, goes, all_maps(Self::takes_comments_above))
            }
            Change::Wrap { at, into } => self.wrap(at, *into),
            Change::Nest { at, map, inner } => self.nest(at, map, inner),
        }
    }

    /// Where a change takes from and puts to, all of which the tags of a template must treat alike.
    pub(super) fn places(&self, change: &Change) -> Option<Vec<usize>> {
        let ends = |at: &str| {
            let value = self.value(at)?;
            let start = self.key(at).map_or(value.start, |key| key.start);
            Some(vec![start, value.end])
        };
        match change {
            // Where the value stands does not matter, as nothing moves.
            Change::Rename { .. } | Change::Replace { .. } => Some(Vec::new()),
            Change::Insert { map, .. } => {
                let first = self.first_key(map)?.start;
                let outer = self.key(map).map_or(0, |key| key.start);
                Some(vec![outer, first])
            }
            Change::Copy { map, from, .. } => {
                let mut places = ends(from)?;
                places.push(self.first_key(map)?.start);
                Some(places)
            }
            // The lines of a block move as they are, whatever tags stand among them.
            Change::Wrap { at, .. } if self.is_block(at)? => {
                let value = self.value(at)?.start;
                Some(vec![self.key(at).map_or(value, |key| key.start), value])
            }
            Change::Remove { at } | Change::Wrap { at, .. } | Change::Nest { at, .. } => ends(at),
        }
    }

    fn value(&self, pointer: &str) -> Option<Range<usize>> {
        self.document.spans.at_pointer(pointer)
    }

    fn key(&self, pointer: &str) -> Option<Range<usize>> {
        self.document.spans.key_at_pointer(pointer)
    }

    /// The keys of a map, in the order of the text.
    fn keys(&self, map: &str) -> Option<Vec<Range<usize>>> {
        let Value::Object(entries) = self.document.value.pointer(map)? else {
            return None;
        };
        let segments: Vec<&str> = map.split('/').skip(1).collect();
        let mut path: Vec<PathSegment<'_>> = segments.iter().map(|one| (*one).into()).collect();
        let mut keys = Vec::with_capacity(entries.len());
        for key in entries.keys() {
            path.push(key.as_str().into());
            keys.push(self.document.spans.key_at(&path)?);
            path.pop();
        }
        keys.sort_by_key(|key| key.start);
        Some(keys)
    }

    fn first_key(&self, map: &str) -> Option<Range<usize>> {
        self.keys(map)?.into_iter().next()
    }

    fn is_flow(&self, pointer: &str) -> Option<bool> {
        let start = self.value(pointer)?.start;
        let rest = self.shown.get(start..)?;
        Some(rest.starts_with(['{', '[']))
    }

    /// Whether a value is a collection without brackets.
    fn is_block(&self, pointer: &str) -> Option<bool> {
        let value = self.document.value.pointer(pointer)?;
        let is_collection = matches!(value, Value::Array(_) | Value::Object(_));
        Some(is_collection && !self.is_flow(pointer)?)
    }

    fn line_start(&self, offset: usize) -> Option<usize> {
        let before = self.shown.get(..offset)?;
        Some(before.rfind('\n').map_or(0, |at| at + 1))
    }

    /// How far a place is from its line's start; none behind a tab or a character of several bytes.
    fn column(&self, offset: usize) -> Option<usize> {
        let line = self.shown.get(self.line_start(offset)?..offset)?;
        (line.is_ascii() && !line.contains('\t')).then_some(line.len())
    }

    /// Puts an entry in front of the others, with comment lines above it.
    fn insert(&self, map: &str, key: &str, value: &str, above: &[&str]) -> Option<Vec<Edit>> {
        let first = self.first_key(map)?.start;
        if self.is_flow(map)? {
            let text = format!("{key}:{value}, ");
            return (!value.contains('\n')).then(|| vec![insert_at(first, &text)]);
        }
        let pad = " ".repeat(self.column(first)?);
        let lines: String = above.iter().map(|line| format!("{line}\n{pad}")).collect();
        let entry = format!("{lines}{key}:{value}\n");
        // What is said above the first entry stays above it.
        let lead = self.lead(first).filter(|lead| lead.start < lead.line);
        Some(vec![match lead {
            Some(lead) => insert_at(lead.start, &format!("{pad}{entry}")),
            None => insert_at(first, &format!("{entry}{pad}")),
        }])
    }

    /// The lines of an entry that stands alone on its line, from the comments right above it that
    /// are as far in; none of them has tags.
    fn lead(&self, key: usize) -> Option<Lead> {
        let line = self.line_start(key)?;
        let indent = self.shown.get(line..key)?;
        if !indent.trim().is_empty() {
            return None;
        }
        let mut start = line;
        while let Some(end) = start.checked_sub(1) {
            let above = self.line_start(end)?;
            let shown = self.shown.get(above..start)?;
            let words = shown.strip_prefix(indent);
            let is_comment = words.is_some_and(|words| words.starts_with('#'));
            if !is_comment || self.text.get(above..start)? != shown {
                break;
            }
            start = above;
        }
        // What stands at the top is said of the document.
        let before = self.shown.get(..start)?;
        let is_top = before.lines().all(|line| line.is_empty() || line == "---");
        let start = if is_top { line } else { start };
        Some(Lead { start, line })
    }

    /// The comment lines right above an entry.
    fn comments_above(&self, pointer: &str) -> Vec<&str> {
        let lead = self.key(pointer).and_then(|key| self.lead(key.start));
        let lines = lead.and_then(|lead| self.text.get(lead.start..lead.line));
        lines.unwrap_or_default().lines().map(str::trim).collect()
    }

    /// Whether comment lines may stand above a new entry of a map.
    fn takes_comments_above(&self, map: &str) -> bool {
        let first = self.first_key(map).and_then(|first| self.lead(first.start));
        first.is_some() && self.takes_comment(map)
    }

    /// What is said behind a value on its line; none of a collection without brackets, which it is a
    /// part of, and none with tags.
    fn comment(&self, pointer: &str) -> Option<&str> {
        let end = self.value(pointer)?.end;
        let rest = self.shown.get(end..)?;
        let length = rest.find('\n').unwrap_or(rest.len());
        let shown = rest.get(..length)?;
        let is_comment = shown.trim_start().starts_with('#') && !self.is_block(pointer)?;
        let written = self.text.get(end..end + length)?;
        (is_comment && written == shown).then(|| written.trim())
    }

    /// Whether a comment may stand behind an entry of a map.
    fn takes_comment(&self, map: &str) -> bool {
        self.is_flow(map) == Some(false)
    }

    /// The text of a value as it follows a `key:` that stands at a column.
    fn copied(&self, pointer: &str, indent: usize) -> Option<String> {
        let span = self.value(pointer)?;
        if !self.is_block(pointer)? {
            let text = self.text.get(span)?;
            return (!text.contains('\n')).then(|| format!(" {text}"));
        }
        // From the line below the key to the end of the last line, with the comments there.
        let from = self.column(span.start)?;
        let above = self.shown.get(self.key(pointer)?.end..span.start)?;
        let start = self.key(pointer)?.end + above.find('\n')? + 1;
        let rest = self.text.get(span.end..)?;
        let end = span.end + rest.find('\n').unwrap_or(rest.len());
        let mut copied = String::new();
        for line in self.text.get(start..end)?.split('\n') {
            copied.push('\n');
            let words = line.trim_start_matches(' ');
            if !words.trim().is_empty() {
                let depth = line.len() - words.len() + indent + 2;
                copied.push_str(&" ".repeat(depth.saturating_sub(from)));
                copied.push_str(words);
            }
        }
        Some(copied)
    }

    /// Takes an entry away, and what is said behind and above it where that goes with it.
    fn remove(&self, at: &str, goes: bool, goes_above: bool) -> Option<Vec<Edit>> {
        let (map, _) = parent(at)?;
        let (key, value) = (self.key(at)?, self.value(at)?);
        let keys = self.keys(map)?;
        let next = keys.iter().find(|other| other.start > key.start);
        if keys.len() < 2 {
            return None;
        }
        let start = self.line_start(key.start)?;
        let alone = self.shown.get(start..key.start)?.trim().is_empty();
        if alone && !self.is_flow(map)? {
            // What is said in a collection goes where the collection goes.
            let keep = !goes && !self.is_block(at)?;
            let lead = self.lead(key.start).filter(|_| goes_above);
            let start = lead.map_or(start, |lead| lead.start);
            return self.remove_lines(start, key.start, value.end, keep);
        }
        // The first entry of a list's element, or one in braces, makes place for its neighbour.
        let span = match next {
            Some(next) => key.start..next.start,
            None => {
                let before = keys.iter().rev().nth(1)?;
                let text = self.shown.get(before.start..key.start)?;
                before.start + text.trim_end().strip_suffix(',')?.len()..value.end
            }
        };
        let taken = self.shown.get(span.start..span.end)?;
        (!taken.contains(['#', '\n']) || next.is_some() && !taken.contains('#')).then(|| {
            vec![Edit {
                span,
                text: String::new(),
            }]
        })
    }

    /// Removes whole lines; what is said at the end of the last one stays, as a line of its own.
    fn remove_lines(&self, start: usize, key: usize, end: usize, keep: bool) -> Option<Vec<Edit>> {
        let rest = self.shown.get(end..)?;
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let tail = self.text.get(end..end + length)?;
        let text = match tail.trim() {
            "" => String::new(),
            comment if comment.starts_with('#') && !keep => String::new(),
            comment if comment.starts_with('#') => {
                format!("{}{comment}\n", " ".repeat(self.column(key)?))
            }
            _ => return None,
        };
        Some(vec![Edit {
            span: start..end + length,
            text,
        }])
    }

    fn wrap(&self, at: &str, into: Wrapping) -> Option<Vec<Edit>> {
        let span = self.value(at)?;
        let (before, after) = match into {
            Wrapping::List => ("[", "]"),
            Wrapping::AnyOf => ("{any: [", "]}"),
            Wrapping::All => ("{all: ", "}"),
        };
        let value = self.document.value.pointer(at)?;
        if !self.is_block(at)? {
            let shown = self.shown.get(span.clone())?;
            // A text of several lines, or one that would end at a comma or bracket, stays as it is.
            let is_plain = value.is_string() && !shown.starts_with(['"', '\'']);
            if is_plain && shown.contains(['\n', ',', '[', ']', '{', '}']) {
                return None;
            }
            return Some(vec![
                insert_at(span.start, before),
                insert_at(span.end, after),
            ]);
        }
        self.wrap_block(at, span, into)
    }

    /// Wraps a collection without brackets: a line above it, and its lines moved in.
    fn wrap_block(&self, at: &str, span: Range<usize>, into: Wrapping) -> Option<Vec<Edit>> {
        let column = self.column(span.start)?;
        let line = self.line_start(span.start)?;
        if !self.shown.get(line..span.start)?.trim().is_empty() {
            return None;
        }
        let outer = self.column(self.key(at)?.start)?;
        let (above, first, depth) = match into {
            Wrapping::AnyOf => ("any:", "- ", 2),
            Wrapping::All => ("all:", "", (outer + 2).saturating_sub(column)),
            Wrapping::List => return None,
        };
        let level = if into == Wrapping::All {
            outer + 2
        } else {
            column
        };
        let pad = |width| " ".repeat(width);
        let mut edits = vec![Edit {
            span: line..span.start,
            text: match into {
                Wrapping::AnyOf => format!("{}{above}\n{}{first}", pad(level), pad(column)),
                _ => format!("{}{above}\n{}", pad(level), pad(column + depth)),
            },
        }];
        let inside = self.shown.get(span.start..span.end)?;
        for (at, _) in inside.match_indices('\n') {
            let start = span.start + at + 1;
            let is_blank = self
                .shown
                .get(start..)?
                .trim_start_matches([' ', '\r'])
                .starts_with('\n');
            if depth > 0 && start < span.end && !is_blank {
                edits.push(insert_at(start, &pad(depth)));
            }
        }
        Some(edits)
    }

    fn nest(&self, at: &str, map: &str, inner: &str) -> Option<Vec<Edit>> {
        let (key, value) = (self.key(at)?, self.value(at)?);
        let (around, _) = parent(at)?;
        if self.is_flow(around)? {
            let text = format!("{map}: {{{inner}");
            return Some(vec![replace(key, &text), insert_at(value.end, "}")]);
        }
        let is_scalar = !self.document.value.pointer(at)?.is_object();
        let one_line = !self.shown.get(key.start..value.end)?.contains('\n');
        let pad = " ".repeat(self.column(key.start)? + 2);
        let text = format!("{map}:\n{pad}{inner}");
        (is_scalar && one_line).then(|| vec![replace(key, &text)])
    }
}

fn replace(span: Range<usize>, text: &str) -> Edit {
    Edit {
        span,
        text: text.to_owned(),
    }
}

fn insert_at(at: usize, text: &str) -> Edit {
    replace(at..at, text)
}

/// A text with edits made; none where two of them meet.
pub(super) fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut changed = String::with_capacity(text.len() + edits.len() * 16);
    let mut done = 0;
    for edit in edits {
        changed.push_str(text.get(done..edit.span.start)?);
        changed.push_str(&edit.text);
        done = edit.span.end;
    }
    changed.push_str(text.get(done..)?);
    Some(changed)
}
