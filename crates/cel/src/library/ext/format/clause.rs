//! The clauses of a format, and what they take.

use crate::types::Type;

/// A part of a format.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    Clause(Clause),
}

/// A clause such as `%d`, with how many digits it shows after the point if it says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clause {
    pub verb: Verb,
    pub digits: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    String,
    Decimal,
    Fixed,
    Scientific,
    Binary,
    Octal,
    Hex,
    UpperHex,
}

/// Digits after the point where the clause says nothing.
pub(super) const PRECISION: usize = 6;

/// As many digits as a clause may ask for.
const MAX_PRECISION: usize = 1000;

/// The parts of a format.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        let (plain, clause) = rest.split_at(at);
        found.push(Piece::Text(plain));
        let after = clause.get(1..).unwrap_or_default();
        if let Some(next) = after.strip_prefix('%') {
            found.push(Piece::Text("%"));
            rest = next;
            continue;
        }
        if after.is_empty() {
            return Err("unexpected end of string".to_owned());
        }
        let (clause, next) = clause_of(after)
            .map_err(|problem| format!("could not parse formatting clause: {problem}"))?;
        found.push(Piece::Clause(clause));
        rest = next;
    }
    found.push(Piece::Text(rest));
    Ok(found)
}

fn clause_of(text: &str) -> Result<(Clause, &str), String> {
    let (digits, rest) = digits(text)?;
    let mut letters = rest.chars();
    let verb = match letters.next() {
        Some('s') => Verb::String,
        Some('d') => Verb::Decimal,
        Some('f') => Verb::Fixed,
        Some('e') => Verb::Scientific,
        Some('b') => Verb::Binary,
        Some('o') => Verb::Octal,
        Some('x') => Verb::Hex,
        Some('X') => Verb::UpperHex,
        Some(other) => return Err(format!("unrecognized formatting clause \"{other}\"")),
        None => return Err("unexpected end of string".to_owned()),
    };
    Ok((Clause { verb, digits }, letters.as_str()))
}

fn digits(text: &str) -> Result<(Option<usize>, &str), String> {
    let Some(written) = text.strip_prefix('.') else {
        return Ok((None, text));
    };
    let end = written
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(written.len());
    let (digits, rest) = written.split_at(end);
    let wrong = |why: &str| {
        format!(
            "error while parsing precision: error while converting precision to integer: \
             strconv.Atoi: parsing {digits:?}: {why}"
        )
    };
    if digits.is_empty() {
        return Err(wrong("invalid syntax"));
    }
    match digits.parse() {
        Ok(count) if count <= MAX_PRECISION => Ok((Some(count), rest)),
        _ => Err(wrong("value out of range")),
    }
}

impl Clause {
    /// Whether the clause takes values of a type, as far as that can be told.
    pub(super) fn takes(self, of: &Type) -> Result<(), String> {
        let fits = match (self.verb, of) {
            (_, Type::Dyn | Type::Error | Type::Param(_)) => true,
            (Verb::String, of) => match of {
                Type::List(inner) => return self.takes(inner),
                Type::Map(key, value) => {
                    self.takes(key)?;
                    return self.takes(value);
                }
                Type::Struct(_) | Type::Opaque(..) | Type::Any | Type::Wrapper(_) => false,
                _ => true,
            },
            (Verb::Decimal | Verb::Octal, of) => matches!(of, Type::Int | Type::UInt),
            // Text may be `NaN` or `Infinity`.
            (Verb::Fixed | Verb::Scientific, of) => matches!(of, Type::Double | Type::String),
            (Verb::Binary, of) => matches!(of, Type::Int | Type::UInt | Type::Bool),
            (Verb::Hex | Verb::UpperHex, of) => {
                matches!(of, Type::Int | Type::UInt | Type::String | Type::Bytes)
            }
        };
        match fits {
            true => Ok(()),
            false => Err(self.refuses(of.runtime_name())),
        }
    }

    /// Why the clause does not take a value of a type.
    pub(super) fn refuses(self, of: &str) -> String {
        let takes = match self.verb {
            Verb::String => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, \
                 lists, types, durations, and timestamps"
            }
            Verb::Decimal => "decimal clause can only be used on integers",
            Verb::Fixed => "fixed-point clause can only be used on doubles",
            Verb::Scientific => "scientific clause can only be used on doubles",
            Verb::Binary => "only integers and bools can be formatted as binary",
            Verb::Octal => "octal clause can only be used on integers",
            Verb::Hex | Verb::UpperHex => {
                "only integers, byte buffers, and strings can be formatted as hex"
            }
        };
        format!("{takes}, was given {of}")
    }
}
