//! A number as Go spells it: `1`, `+.5`, `1e3`, `1_000`, `0x1.8p3`, `inf`, `nan`.

/// The number; nothing for other text and for a number out of range.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (negative, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let magnitude = if rest.len() == text.len() && rest.eq_ignore_ascii_case("nan") {
        f64::NAN
    } else if rest.eq_ignore_ascii_case("inf") || rest.eq_ignore_ascii_case("infinity") {
        f64::INFINITY
    } else {
        finite(rest).filter(|number| number.is_finite())?
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn finite(text: &str) -> Option<f64> {
    let digits = without_underscores(text)?;
    if let Some(rest) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return hexadecimal(rest);
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.chars().all(plain) {
        return None;
    }
    digits.parse().ok()
}

/// The text without its underscores, each of which must stand between digits.
fn without_underscores(text: &str) -> Option<String> {
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let is_digit = |c: Option<char>| match c {
        Some(c) => c.is_ascii_digit() || (hexadecimal && c.is_ascii_hexdigit()),
        None => false,
    };
    let mut before = None;
    let mut letters = text.chars().enumerate().peekable();
    while let Some((index, c)) = letters.next() {
        if c == '_' {
            let after_prefix = hexadecimal && index == 2;
            let next = letters.peek().map(|(_, next)| *next);
            if !(is_digit(before) || after_prefix) || !is_digit(next) {
                return None;
            }
        }
        before = Some(c);
    }
    Some(text.chars().filter(|c| *c != '_').collect())
}

/// `1.8p3`: hexadecimal digits, and the power of two that they are multiplied by.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent: i32 = exponent.parse().unwrap_or(if exponent.starts_with('-') {
        -100_000
    } else {
        100_000
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let power = exponent.clamp(-100_000, 100_000).saturating_sub(shift);
    // Two steps keep the factor in range where the product is.
    let half = power / 2;
    Some(value * 2f64.powi(half) * 2f64.powi(power - half))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn numbers_are_spelled_as_in_go() {
        for (text, expected) in [
            ("1", Some(1.0)),
            ("+.5", Some(0.5)),
            ("1.", Some(1.0)),
            ("-1e3", Some(-1000.0)),
            ("1_0", Some(10.0)),
            ("0x1.8p3", Some(12.0)),
            ("0x_1p4", Some(16.0)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("1e-400", Some(0.0)),
            ("1e400", None),
            ("1__0", None),
            ("_1", None),
            ("0x1", None),
            ("+nan", None),
            ("++1", None),
            (" 1", None),
            (".", None),
            ("1e", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
