//! Sets of characters: ranges, the classes of Perl and POSIX, Unicode's categories and scripts,
//! and the folding of letter case.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

const MAX: u32 = char::MAX as u32;

/// A set of code points. Unlike Rust's own classes it may hold surrogates, which no text has.
#[derive(Clone, Debug, Default)]
pub(super) struct CodePoints {
    ranges: Vec<(u32, u32)>,
}

impl CodePoints {
    pub(super) fn add(&mut self, low: u32, high: u32) {
        self.ranges.push((low, high));
    }

    pub(super) fn extend(&mut self, other: &CodePoints) {
        self.ranges.extend_from_slice(&other.ranges);
    }

    /// Everything that is not in the set.
    pub(super) fn negated(mut self) -> CodePoints {
        self.ranges.sort_unstable();
        let mut ranges = Vec::new();
        let mut next = 0;
        for (low, high) in self.ranges {
            if low > next {
                ranges.push((next, low - 1));
            }
            next = next.max(high + 1);
        }
        if next <= MAX {
            ranges.push((next, MAX));
        }
        CodePoints { ranges }
    }

    /// The set and everything that differs from its members in case only.
    pub(super) fn folded(self) -> CodePoints {
        let mut class = self.to_class();
        if class.try_case_fold_simple().is_ok() {
            let mut folded = from_class(&class);
            folded.extend(&self);
            return folded;
        }
        self
    }

    pub(super) fn to_hir(&self) -> Hir {
        Hir::class(Class::Unicode(self.to_class()))
    }

    fn to_class(&self) -> ClassUnicode {
        let mut class = ClassUnicode::empty();
        for (low, high) in &self.ranges {
            // Surrogates are not characters: the range splits around them.
            for (low, high) in [(*low, (*high).min(0xd7ff)), ((*low).max(0xe000), *high)] {
                if let (Some(low), Some(high)) = (char::from_u32(low), char::from_u32(high))
                    && low <= high
                {
                    class.push(ClassUnicodeRange::new(low, high));
                }
            }
        }
        class
    }
}

impl FromIterator<(u32, u32)> for CodePoints {
    fn from_iter<T: IntoIterator<Item = (u32, u32)>>(ranges: T) -> Self {
        CodePoints {
            ranges: ranges.into_iter().collect(),
        }
    }
}

fn from_class(class: &ClassUnicode) -> CodePoints {
    class
        .iter()
        .map(|range| (u32::from(range.start()), u32::from(range.end())))
        .collect()
}

/// The class that `\d`, `\s`, `\w` and their negations stand for.
pub(super) fn perl(letter: char) -> Option<CodePoints> {
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    Some(from_chars(ranges))
}

/// The class that `[:name:]` stands for.
pub(super) fn posix(name: &str) -> Option<CodePoints> {
    let ranges: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    Some(from_chars(ranges))
}

fn from_chars(ranges: &[(char, char)]) -> CodePoints {
    ranges
        .iter()
        .map(|(low, high)| (u32::from(*low), u32::from(*high)))
        .collect()
}

/// The class that `\p{query}` stands for, by the query of a Unicode property such as `gc=Lu`.
pub(super) fn unicode(query: &str) -> Option<CodePoints> {
    let hir = regex_syntax::Parser::new()
        .parse(&format!("\\p{{{query}}}"))
        .ok()?;
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Some(from_class(class)),
        HirKind::Class(Class::Bytes(class)) => Some(
            class
                .iter()
                .map(|range| (u32::from(range.start()), u32::from(range.end())))
                .collect(),
        ),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.chars()
                .map(|c| (u32::from(c), u32::from(c)))
                .next()
                .map(|range| CodePoints {
                    ranges: vec![range],
                })
        }
        _ => None,
    }
}

/// Whether two texts differ in letter case only, by simple folding (`ß` and `ss` differ).
#[must_use]
pub fn equal_fold(left: &str, right: &str) -> bool {
    let mut right = right.chars();
    for left in left.chars() {
        match right.next() {
            Some(right) if equal_fold_char(left, right) => {}
            _ => return false,
        }
    }
    right.next().is_none()
}

fn equal_fold_char(left: char, right: char) -> bool {
    if left == right {
        return true;
    }
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(&right);
    }
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(left, left)]);
    class.try_case_fold_simple().is_ok()
        && class
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&right))
}
