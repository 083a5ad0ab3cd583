//! Random text that matches a pattern (`random('[a-z0-9]{8}')`).
//!
//! The pattern is read without Perl's syntax: `\d`, `\w` and lazy repetition are errors, counts
//! and bracketed classes work. Repetition without an end stops at 4096 times. A dot and a negated
//! class give printable ASCII where they can.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::{RegexpError, parser};

/// How often a repetition without an end is done at most.
const MAX_UNBOUNDED: u32 = 4096;

/// How long the text may become, in bytes.
const LIMIT: usize = 1 << 20;

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// The pattern is not a regular expression.
    #[error(transparent)]
    Pattern(#[from] RegexpError),
    /// No text matches the pattern.
    #[error("nothing matches the pattern")]
    Impossible,
    /// The text grows too long.
    #[error("the text grows longer than {LIMIT} bytes")]
    TooLong,
}

/// Text that matches `pattern`, chosen by `random`.
pub fn generate(pattern: &str, random: &mut dyn FnMut() -> u64) -> Result<String, GenerateError> {
    let parsed = parser::parse(pattern, parser::Dialect::Posix)?;
    let mut generator = Generator {
        output: String::new(),
        random,
    };
    generator.write(&parsed.hir)?;
    Ok(generator.output)
}

struct Generator<'r> {
    output: String,
    random: &'r mut dyn FnMut() -> u64,
}

impl Generator<'_> {
    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        (self.random)().checked_rem(bound).unwrap_or(0)
    }

    fn write(&mut self, hir: &Hir) -> Result<(), GenerateError> {
        if self.output.len() > LIMIT {
            return Err(GenerateError::TooLong);
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Ok(()),
            HirKind::Literal(literal) => {
                self.output.push_str(&String::from_utf8_lossy(&literal.0));
                Ok(())
            }
            HirKind::Class(class) => self.class(class),
            HirKind::Repetition(repetition) => {
                let max = repetition.max.unwrap_or(MAX_UNBOUNDED.max(repetition.min));
                let span = u64::from(max.saturating_sub(repetition.min)) + 1;
                let extra = u32::try_from(self.below(span)).unwrap_or_default();
                for _ in 0..repetition.min + extra {
                    self.write(&repetition.sub)?;
                }
                Ok(())
            }
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(part)),
            HirKind::Alternation(branches) => {
                let index = usize::try_from(self.below(branches.len() as u64)).unwrap_or_default();
                branches
                    .get(index)
                    .map_or(Ok(()), |branch| self.write(branch))
            }
        }
    }

    fn class(&mut self, class: &Class) -> Result<(), GenerateError> {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => class
                .iter()
                .map(|range| (u32::from(range.start()), u32::from(range.end())))
                .collect(),
            Class::Bytes(class) => class
                .iter()
                .map(|range| (u32::from(range.start()), u32::from(range.end())))
                .collect(),
        };
        let printable: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(low, high)| ((*low).max(0x20), (*high).min(0x7e)))
            .filter(|(low, high)| low <= high)
            .collect();
        let wide = ranges.iter().any(|(_, high)| *high > 0xffff);
        let ranges = if wide && !printable.is_empty() {
            printable
        } else {
            ranges
        };
        let c = self.pick(&ranges).ok_or(GenerateError::Impossible)?;
        self.output.push(c);
        Ok(())
    }

    fn pick(&mut self, ranges: &[(u32, u32)]) -> Option<char> {
        let size = |(low, high): &(u32, u32)| u64::from(high - low) + 1;
        let mut left = self.below(ranges.iter().map(size).sum());
        for range in ranges {
            if left < size(range) {
                return char::from_u32(range.0 + u32::try_from(left).ok()?)
                    .or(Some(char::REPLACEMENT_CHARACTER));
            }
            left -= size(range);
        }
        None
    }
}
