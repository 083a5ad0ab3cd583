//! From the text of a string literal to its value.

/// The characters between the quotes of a literal that the lexer accepted, and whether escapes
/// count in them.
fn contents(literal: &str) -> (&str, bool) {
    let raw = literal.starts_with(['r', 'R']);
    let quoted = if raw {
        literal.get(1..).unwrap_or_default()
    } else {
        literal
    };
    for quotes in ["\"\"\"", "'''"] {
        if let Some(inner) = quoted
            .strip_prefix(quotes)
            .and_then(|rest| rest.strip_suffix(quotes))
        {
            return (inner, raw);
        }
    }
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    (inner.unwrap_or_default(), raw)
}

/// The value of a string literal.
pub(super) fn string(literal: &str) -> Result<String, &'static str> {
    let mut value = String::with_capacity(literal.len());
    each(literal, |unit| match unit {
        Unit::Char(char) => {
            value.push(char);
            Ok(())
        }
        Unit::Code(code) => {
            value.push(char::from_u32(code).ok_or("invalid unicode code point")?);
            Ok(())
        }
        Unit::Unicode(code) => {
            value.push(char::from_u32(code).ok_or("invalid unicode code point")?);
            Ok(())
        }
    })?;
    Ok(value)
}

/// The value of a bytes literal without its `b`.
pub(super) fn bytes(literal: &str) -> Result<Vec<u8>, &'static str> {
    let mut value = Vec::with_capacity(literal.len());
    each(literal, |unit| match unit {
        Unit::Char(char) => {
            value.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            Ok(())
        }
        Unit::Code(code) => {
            value.push(u8::try_from(code).unwrap_or(u8::MAX));
            Ok(())
        }
        Unit::Unicode(_) => Err("unable to unescape string"),
    })?;
    Ok(value)
}

/// A piece of a literal.
enum Unit {
    /// A character as it stands, or one of `\n` and its kind.
    Char(char),
    /// `\x41`, `\101`: a code point of a string, a byte of bytes.
    Code(u32),
    /// `\u0041`
    Unicode(u32),
}

fn each(
    literal: &str,
    mut take: impl FnMut(Unit) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let (inner, raw) = contents(literal);
    let mut rest = inner.chars();
    while let Some(char) = rest.next() {
        let unit = match char {
            // Every end of a line is a line feed.
            '\r' => {
                if rest.as_str().starts_with('\n') {
                    rest.next();
                }
                Unit::Char('\n')
            }
            '\\' if !raw => escaped(&mut rest).ok_or("unable to unescape string")?,
            plain => Unit::Char(plain),
        };
        take(unit)?;
    }
    Ok(())
}

fn escaped(rest: &mut std::str::Chars<'_>) -> Option<Unit> {
    let first = rest.next()?;
    let mut code = |length: usize, radix: u32| {
        let digits = rest.as_str().get(..length)?;
        *rest = rest.as_str().get(length..)?.chars();
        u32::from_str_radix(digits, radix).ok()
    };
    Some(match first {
        'a' => Unit::Char('\u{7}'),
        'b' => Unit::Char('\u{8}'),
        'f' => Unit::Char('\u{c}'),
        'n' => Unit::Char('\n'),
        'r' => Unit::Char('\r'),
        't' => Unit::Char('\t'),
        'v' => Unit::Char('\u{b}'),
        '\\' | '\'' | '"' | '`' | '?' => Unit::Char(first),
        'x' | 'X' => Unit::Code(code(2, 16)?),
        'u' => Unit::Unicode(code(4, 16)?),
        'U' => Unit::Unicode(code(8, 16)?),
        octal => Unit::Code(octal.to_digit(4)? * 64 + code(2, 8)?),
    })
}
