//! Tera templates of YAML, rendered with a map from each line of the output to the line of the
//! template that made it.
//!
//! Delimiters are `<% value %>`, `{% block %}`, `{# comment #}`, so that `{{ }}`, `$( )` and
//! `(( ))` of the policy languages pass through. Filters beside Tera's own: `json`, which writes a
//! value as JSON and so as YAML.
//!
//! What a template may cost is bounded too: its text, and the turns of its loops, which call a
//! function that counts them. A list made in an expression (`[x for x in xs]`) counts as one turn.

mod marks;

use std::{
    collections::BTreeSet,
    io,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Map, Value};
use tera::{Context, Delimiters, ErrorKind, Kwargs, State, Tera};

use self::marks::{TURN, has_marker, is_marker, mark, unmark};

/// The name under which Tera knows the template.
const NAME: &str = "template";

/// What rendering gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// For each line of the text, the line of the template that made it; both from 1.
    pub lines: Vec<usize>,
}

impl Rendered {
    /// A text that is its own template.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        let lines = (1..=text.split_inclusive('\n').count()).collect();
        Rendered {
            text: text.to_owned(),
            lines,
        }
    }

    /// The template line of a byte offset of the text.
    #[must_use]
    pub fn template_line(&self, offset: usize) -> usize {
        let before = self
            .text
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count();
        self.lines
            .get(before)
            .or(self.lines.last())
            .copied()
            .unwrap_or(1)
    }
}

/// Why a template does not render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Where in the template, in bytes; empty where it cannot be told.
    pub span: Range<usize>,
}

/// Whether a text has anything for Tera to do.
#[must_use]
pub fn is_template(text: &str) -> bool {
    ["<%", "{%", "{#"]
        .iter()
        .any(|delimiter| text.contains(delimiter))
}

/// The first tag that prints a value or decides, which is whole and on one line.
#[must_use]
pub fn first_tag(text: &str) -> Option<Range<usize>> {
    let tags = [("<%", "%>"), ("{%", "%}")].iter();
    let found = tags.filter_map(|(opens, closes)| {
        let starts = text.match_indices(opens).map(|(start, _)| start);
        let whole = |start: usize| {
            let line = text.get(start..)?.lines().next()?;
            Some(start..start + line.find(closes)? + closes.len())
        };
        starts.filter_map(whole).next()
    });
    found.min_by_key(|tag| tag.start)
}

/// The names of the variables that a template reads.
///
/// # Errors
/// Where the template has a syntax error.
pub fn variables(template: &str) -> Result<BTreeSet<String>, TemplateError> {
    let tera = load(template, &Arc::default()).map_err(|error| describe(&error, template))?;
    let names = tera
        .get_template_variables(NAME)
        .map_err(|error| describe(&error, template))?;
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    Ok(names.into_iter().collect())
}

/// Renders a template with variables.
///
/// # Errors
/// Where the template has a syntax error, reads an undefined variable, or a filter refuses a value.
pub fn render(template: &str, variables: &Map<String, Value>) -> Result<Rendered, TemplateError> {
    if !is_template(template) {
        return Ok(Rendered::verbatim(template));
    }
    if template.chars().any(is_marker) || has_marker(variables) {
        return Err(TemplateError {
            message: "a private use character (U+F0000 to U+FFFFD) cannot stand here".to_owned(),
            span: 0..0,
        });
    }
    let context = Context::from_serialize(variables).map_err(|error| describe(&error, template))?;
    match output(&mark(template), &context) {
        Ok(marked) => Ok(unmark(&marked)),
        Err(None) => Err(TemplateError {
            message: format!(
                "it writes more than {} MiB or its loops take more than {MAX_TURNS} turns; \
                 shorten its loops",
                MAX_OUTPUT >> 20
            ),
            span: 0..0,
        }),
        // Without markers, the error has its true place.
        Err(Some(marked)) => {
            let plain = output(template, &context).err().flatten();
            Err(describe(&plain.unwrap_or(marked), template))
        }
    }
}

/// What the template writes; no error where that is too much.
fn output(template: &str, context: &Context) -> Result<String, Option<tera::Error>> {
    let mut text = Bounded::default();
    let turns = Arc::new(AtomicUsize::new(0));
    let rendered = load(template, &turns).and_then(|tera| tera.render_to(NAME, context, &mut text));
    if text.is_full || turns.load(Ordering::Relaxed) > MAX_TURNS {
        return Err(None);
    }
    rendered.map_err(Some)?;
    Ok(String::from_utf8_lossy(&text.bytes).into_owned())
}

/// How much a template may write: loops in loops multiply.
const MAX_OUTPUT: usize = 16 << 20;

/// How many turns the loops of a template may take, all together.
const MAX_TURNS: usize = 250_000;

#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn load(template: &str, turns: &Arc<AtomicUsize>) -> Result<Tera, tera::Error> {
    let mut tera = Tera::new();
    let delimiters = Delimiters {
        variable_start: "<%".into(),
        variable_end: "%>".into(),
        ..Delimiters::default()
    };
    tera.set_delimiters(delimiters)?;
    tera.register_filter("json", |value: tera::Value, _: Kwargs, _: &State| {
        serde_json::to_string(&value).map_err(|error| tera::Error::message(error.to_string()))
    });
    let turns = Arc::clone(turns);
    tera.register_function(TURN, move |_: Kwargs, _: &State| {
        if turns.fetch_add(1, Ordering::Relaxed) < MAX_TURNS {
            Ok(false)
        } else {
            Err(tera::Error::message("too many turns"))
        }
    });
    tera.add_raw_template(NAME, template)?;
    Ok(tera)
}

fn describe(error: &tera::Error, template: &str) -> TemplateError {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let range = report.span().range.clone();
            let end = range.end.min(template.len());
            TemplateError {
                message: report.message().to_owned(),
                span: range.start.min(end)..end,
            }
        }
        other => parse_report(&other.to_string(), template),
    }
}

/// Reads the place back out of a report that comes as text only: a first line `error: …`, then
/// ` --> name:line:column`.
fn parse_report(report: &str, template: &str) -> TemplateError {
    let first = report.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let place = report
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("--> "));
    let span = place.and_then(|place| {
        let mut numbers = place
            .rsplit(':')
            .map_while(|part| part.parse::<usize>().ok());
        let (column, line) = (numbers.next()?, numbers.next()?);
        let before = template.split_inclusive('\n').take(line.checked_sub(1)?);
        let start = before.map(str::len).sum::<usize>() + column.checked_sub(1)?;
        let rest = template.get(start..)?;
        let word = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
        Some(start..start + word.unwrap_or(rest.len()))
    });
    TemplateError {
        message,
        span: span.unwrap_or(0..0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(template: &str, variables: &Value, text: &str, lines: &[usize]) {
        let rendered = render(template, variables.as_object().unwrap()).unwrap();
        assert_eq!(rendered.text, text, "{template}");
        assert_eq!(rendered.lines, lines, "{template}");
    }

    #[test]
    fn renders_with_the_line_of_the_template() {
        let vars = json!({"names": ["x", "y"], "on": true, "n": 3, "list": ["a b", 1]});
        check("a: 1\nb: 2\n", &vars, "a: 1\nb: 2\n", &[1, 2]);
        check(
            "a: <% n %>\n# <% list | json %>\n",
            &vars,
            "a: 3\n# [\"a b\",1]\n",
            &[1, 2],
        );
        check(
            "a:\n{%- for name in names %}\n- <% name %>\n  b: {{ v }}\n{%- endfor %}\nend: 1\n",
            &vars,
            "a:\n- x\n  b: {{ v }}\n- y\n  b: {{ v }}\nend: 1\n",
            &[1, 3, 4, 3, 4, 6],
        );
        check("{# one\n two #}\na: $(x)\n", &vars, "\na: $(x)\n", &[1, 3]);
        check(
            "{% if on -%}\n   a: 1\n{%- endif %}\nb: 2\n",
            &vars,
            "a: 1\nb: 2\n",
            &[2, 4],
        );
        check("<%- n %>\nx: (( y ))\n", &vars, "3\nx: (( y ))\n", &[1, 2]);
    }

    #[test]
    fn says_where_a_template_is_wrong() {
        let vars = json!({"n": 3});
        for (template, at) in [
            ("a: 1\nb: <% nope %>\n", "nope"),
            ("a: <% n | nope %>\n", "nope"),
            ("a: {% if %}\n", "%}"),
        ] {
            let error = render(template, vars.as_object().unwrap()).unwrap_err();
            let found = template.get(error.span.clone()).unwrap_or_default();
            assert!(found.contains(at), "{template}: {error:?} at {found:?}");
        }
    }

    #[test]
    fn loops_in_loops_are_bounded() {
        for body in [
            "word",
            "",
            "{% set x %}{% for i in range(end=9) -%} x {%- endfor %}{% endset %}",
        ] {
            let loops = "{% for i in range(end=99999) %}".repeat(2) + body;
            let loops = loops + &"{% endfor %}".repeat(2);
            let error = render(&loops, &Map::new()).unwrap_err();
            assert!(
                error.message.contains("more than 250000 turns"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn counting_the_turns_changes_no_text() {
        let vars = json!({"xs": ["a", "b"]});
        check(
            "{% for x in xs -%}\n  <% x %>\n  {%- endfor -%}\n.\n",
            &vars,
            "ab.\n",
            &[2],
        );
        check(
            "{% for x in xs %}\n<% x %>\n{% endfor %}.\n",
            &vars,
            "\na\n\nb\n.\n",
            &[1, 2, 2, 2, 3],
        );
        check(
            "{% for x in [\"%}\"] -%} <% x %>{% endfor %}\n",
            &vars,
            "%}\n",
            &[1],
        );
        check(
            "{% raw %}{% for x in xs %} <% \"%>{% endraw %}{% for x in xs %}.{% endfor %}\n",
            &vars,
            "{% for x in xs %} <% \"%>..\n",
            &[1],
        );
    }
}
