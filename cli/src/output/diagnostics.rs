//! A diagnostic for people: the message, `file:line:column`, the line itself with a caret and a
//! label, and what to do.
//!
//! ```text
//! error: /spec/values/allowed_registries: expected an array, found `registry.example.com`
//!   --> environments/production/environment.yaml:14:25
//!    |
//! 14 |     allowed_registries: registry.example.com
//!    |                         ^^^^^^^^^^^^^^^^^^^^ expected an array, found `registry.example.com`
//!    |
//!    = help: write  [registry.example.com]
//! ```

use std::{collections::BTreeMap, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use portcullis_pipeline::diagnostic::{Diagnostic, Place, Severity, SourceFile};

/// Lines shown before and after the one that matters.
const AROUND: usize = 2;
/// Bytes shown of a long text on one line.
const LONGEST: usize = 2000;

/// Of diagnostics with the same message, this many are shown whole.
const WHOLE: usize = 5;

/// The texts of diagnostics; of many with the same message, the later ones by their places alone.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], styled: bool) -> String {
    let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
    let mut more: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    let mut text = String::new();
    for diagnostic in diagnostics {
        let count = alike.entry(&diagnostic.message).or_default();
        *count += 1;
        match &diagnostic.place {
            Some(place) if *count > WHOLE => {
                more.entry(&diagnostic.message).or_default().push(place);
            }
            _ => text.push_str(&render(diagnostic, styled)),
        }
    }
    for (message, places) in more {
        text.push_str(&format!("{} more: {message}\n", places.len()));
        for place in places {
            text.push_str(&format!("  --> {}\n", place.label()));
        }
        text.push('\n');
    }
    text
}

/// The text of a diagnostic, with an empty line after it.
#[must_use]
pub fn render(diagnostic: &Diagnostic, styled: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    if let Some(place) = &diagnostic.place {
        group = group.element(snippet(place, &diagnostic.label, AnnotationKind::Primary));
    }
    for (place, label) in &diagnostic.related {
        group = group.element(snippet(place, label, AnnotationKind::Context));
    }
    if !diagnostic.renderings.is_empty() {
        let names = diagnostic.renderings.join(", ");
        group = group.element(Level::NOTE.message(format!("rendered for {names}")));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if styled {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    format!("{}\n\n", renderer.render(&[group]))
}

fn snippet<'d>(
    place: &'d Place,
    label: &'d str,
    kind: AnnotationKind,
) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let excerpt = Excerpt::around(&place.file, &place.span);
    let path = place.file.path.display().to_string();
    let annotation = kind.span(excerpt.span).label(label);
    Snippet::source(excerpt.text)
        .line_start(excerpt.first_line)
        .path(path)
        .annotation(annotation)
}

/// The lines around a place; a large file is not searched for more.
struct Excerpt<'t> {
    text: &'t str,
    first_line: usize,
    span: Range<usize>,
}

impl<'t> Excerpt<'t> {
    fn around(file: &'t SourceFile, span: &Range<usize>) -> Excerpt<'t> {
        let text: &str = &file.text;
        let at = boundary(text, span.start.min(text.len()));
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        let start = line_starts_before(before);
        let end = at + lines_after(after);
        let excerpt = text.get(start..end).unwrap_or_default();
        let line_end = at + after.find('\n').unwrap_or(after.len());
        let stop = boundary(text, span.end.min(line_end).min(end).max(at));
        Excerpt {
            text: excerpt,
            first_line: file.line_number(start),
            span: at - start..stop - start,
        }
    }
}

/// The start of the first line shown.
fn line_starts_before(before: &str) -> usize {
    let breaks = before.rmatch_indices('\n').map(|(at, _)| at + 1);
    let start = breaks.take(AROUND + 1).last();
    let count = before.rmatch_indices('\n').take(AROUND + 1).count();
    let start = if count > AROUND {
        start.unwrap_or(0)
    } else {
        0
    };
    if before.len() - start > LONGEST {
        return boundary(before, before.len() - LONGEST / 2);
    }
    start
}

/// How much of what follows is shown.
fn lines_after(after: &str) -> usize {
    let end = after.match_indices('\n').map(|(at, _)| at).nth(AROUND);
    let end = end.unwrap_or(after.len());
    boundary(after, end.min(LONGEST))
}

/// The nearest start of a character, backwards.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use portcullis_pipeline::diagnostic::SourceFile;

    use super::*;

    fn check(text: &str, span: Range<usize>, wanted: &[&str]) {
        let place = Place {
            file: SourceFile::new("a.yaml", text),
            span,
        };
        let diagnostic = Diagnostic::error("it is wrong")
            .at(place, "here")
            .help("do this");
        let told = render(&diagnostic, false);
        for part in wanted {
            assert!(told.contains(part), "{part:?} is not in\n{told}");
        }
    }

    #[test]
    fn shows_the_place_the_line_and_the_remedy() {
        let text = "a: 1\nb: 2\nc: 3\nd: ä4\ne: 5\nf: 6\n";
        check(
            text,
            18..21,
            &["a.yaml:4:4", "4 | d: ä4", "^^ here", "help: do this"],
        );
        check(text, 0..0, &["a.yaml:1:1", "^ here"]);
        check(text, 0..text.len(), &["a.yaml:1:1", "^^^^ here"]);
        check("", 0..0, &["a.yaml:1:1", "here"]);
        check("short", 500..900, &["a.yaml:1"]);
        check("ä", 1..2, &["a.yaml:1:1"]);
    }

    #[test]
    fn many_alike_are_told_by_their_places() {
        let file = SourceFile::new("a.yaml", "a: 1\n".repeat(8));
        let fault = |line: usize| {
            let place = Place {
                file: file.clone(),
                span: line * 5..line * 5 + 1,
            };
            Diagnostic::error("wrong").at(place, "here")
        };
        let faults: Vec<Diagnostic> = (0..8).map(fault).collect();
        let told = render_all(&faults, false);
        assert_eq!(told.matches("error: wrong").count(), WHOLE, "{told}");
        let more = "3 more: wrong\n  --> a.yaml:6:1\n  --> a.yaml:7:1\n  --> a.yaml:8:1\n\n";
        assert!(told.ends_with(more), "{told}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let text = "[".repeat(1_000_000);
        check(&text, 500_000..500_001, &["here"]);
        check(&text, 0..1_000_000, &["a.yaml:1:1", "here"]);
    }
}
