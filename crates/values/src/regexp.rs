//! Regular expressions as Go reads and runs them (RE2 syntax, leftmost-first).
//!
//! The syntax is Go's, exactly: what Go rejects is an error here, `\w`, `\d`, `\s` and `\b` are
//! ASCII, `[a&&b]` is a set of characters. A pattern compiles within a size limit, and a match
//! takes time linear in the text.
//!
//! ```
//! use portcullis_values::regexp::GoRegexp;
//!
//! let regexp = GoRegexp::compile(r"(?P<name>\w+)@(\w+)")?;
//! assert_eq!(regexp.replace_all("a@b", "${2}.$name"), "b.a");
//! # Ok::<(), portcullis_values::regexp::RegexpError>(())
//! ```

mod class;
mod generate;
mod group;
mod parser;
mod template;

use std::ops::Range;

use regex_automata::{Input, meta::Regex, util::captures::Captures};
use regex_syntax::hir::Hir;

pub use class::equal_fold;
pub use generate::{GenerateError, generate};
use parser::Dialect;

/// How large a compiled pattern may be, in bytes.
const SIZE_LIMIT: usize = 32 << 20;

/// How large a text may become by replacement, in bytes.
const REPLACED_LIMIT: usize = 64 << 20;

/// A pattern that Go rejects, or one that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: `{part}`")]
pub struct RegexpError {
    /// What is wrong.
    pub message: &'static str,
    /// The part of the pattern that is wrong.
    pub part: String,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct GoRegexp {
    pattern: Box<str>,
    regex: Regex,
    /// The name of each group, the whole match first; text without a name is empty.
    names: Box<[String]>,
}

/// The byte range of the whole match and of each group that took part in it.
pub type Submatches = Vec<Option<Range<usize>>>;

impl GoRegexp {
    /// Compiles `pattern`.
    pub fn compile(pattern: &str) -> Result<GoRegexp, RegexpError> {
        let parsed = parser::parse(pattern, Dialect::Perl)?;
        let config = Regex::config()
            .nfa_size_limit(Some(SIZE_LIMIT))
            .onepass_size_limit(Some(1 << 20));
        let regex = Regex::builder()
            .configure(config)
            .build_from_hir(&parsed.hir)
            .map_err(|_| RegexpError::new("the pattern is too large", pattern))?;
        Ok(GoRegexp {
            pattern: pattern.into(),
            regex,
            names: parsed.names.into(),
        })
    }

    /// Whether Go reads `pattern`, without compiling it.
    #[must_use]
    pub fn is_valid(pattern: &str) -> bool {
        parser::parse(pattern, Dialect::Perl).is_ok()
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.regex.memory_usage()
    }

    /// The name of each group, the whole match first; a group without a name has an empty one.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the pattern matches somewhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The byte range of the first match.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.regex.find(text).map(|found| found.range())
    }

    /// The byte ranges of every match, in order and without overlap. An empty match does not
    /// follow another match directly.
    #[must_use]
    pub fn find_all(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.each_match(text, false, |submatches| {
            found.extend(submatches.get_group(0).map(|span| span.range()));
            true
        });
        found
    }

    /// The first match and its groups.
    #[must_use]
    pub fn captures(&self, text: &str) -> Option<Submatches> {
        let mut captures = self.regex.create_captures();
        self.regex.captures(text, &mut captures);
        captures.is_match().then(|| self.submatches(&captures))
    }

    /// Every match and its groups, in order.
    #[must_use]
    pub fn captures_all(&self, text: &str) -> Vec<Submatches> {
        let mut found = Vec::new();
        self.each_match(text, true, |captures| {
            found.push(self.submatches(captures));
            true
        });
        found
    }

    /// `text` with every match replaced; `$1`, `${1}`, `$name` and `${name}` in `template` stand
    /// for groups, `$$` for a dollar.
    #[must_use]
    pub fn replace_all(&self, text: &str, template: &str) -> String {
        let with_groups = template.contains('$');
        self.replace(text, with_groups, |output, captures| {
            if with_groups {
                template::expand(output, template, text, captures, &self.names);
            } else {
                output.push_str(template);
            }
        })
    }

    /// `text` with every match replaced by `replacement` as it is.
    #[must_use]
    pub fn replace_all_literal(&self, text: &str, replacement: &str) -> String {
        self.replace(text, false, |output, _| output.push_str(replacement))
    }

    fn replace(
        &self,
        text: &str,
        with_groups: bool,
        mut write: impl FnMut(&mut String, &Captures),
    ) -> String {
        let mut output = String::with_capacity(text.len());
        let mut written = 0;
        self.each_match(text, with_groups, |captures| {
            if let Some(span) = captures.get_group(0) {
                output.push_str(text.get(written..span.start).unwrap_or_default());
                write(&mut output, captures);
                written = span.end;
            }
            output.len() <= REPLACED_LIMIT
        });
        output.push_str(text.get(written..).unwrap_or_default());
        output
    }

    /// Calls `visit` for each match until it answers no. Groups are filled in only on demand.
    fn each_match(&self, text: &str, groups: bool, mut visit: impl FnMut(&Captures) -> bool) {
        let mut captures = if groups {
            self.regex.create_captures()
        } else {
            Captures::matches(self.regex.group_info().clone())
        };
        let mut from = 0;
        let mut last_end = None;
        while from <= text.len() {
            self.regex
                .search_captures(&Input::new(text).range(from..), &mut captures);
            let Some(span) = captures.get_group(0) else {
                return;
            };
            let adjacent = span.is_empty() && last_end == Some(span.start);
            if !adjacent && !visit(&captures) {
                return;
            }
            last_end = Some(span.end);
            from = if span.is_empty() {
                span.end + width(text, span.end)
            } else {
                span.end
            };
        }
    }

    fn submatches(&self, captures: &Captures) -> Submatches {
        (0..self.names.len())
            .map(|index| captures.get_group(index).map(|span| span.range()))
            .collect()
    }
}

impl RegexpError {
    fn new(message: &'static str, part: impl Into<String>) -> RegexpError {
        RegexpError {
            message,
            part: part.into(),
        }
    }
}

/// The width of the character at `at`; 1 at the end.
fn width(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(1, char::len_utf8)
}

/// A parsed pattern.
struct Parsed {
    hir: Hir,
    names: Vec<String>,
}

#[cfg(test)]
mod tests;
