//! Reads JSON text.

use serde_json::{Map, Number, Value};

use super::MAX_DEPTH;

/// Text that is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at offset {offset}")]
pub struct DecodeError {
    /// The byte offset in the text.
    pub offset: usize,
    /// What was found and what was expected.
    pub message: String,
}

/// The value that `text` holds, and nothing else but white space.
///
/// Every number is rounded to a float64; a whole one is kept as an integer where that is exact.
pub fn decode(text: &str) -> Result<Value, DecodeError> {
    let mut decoder = Decoder { text, position: 0 };
    let value = decoder.value(0)?;
    decoder.end()?;
    Ok(value)
}

/// The JSON string that `text` holds.
pub fn decode_text(text: &str) -> Result<String, DecodeError> {
    let mut decoder = Decoder { text, position: 0 };
    decoder.expect('"')?;
    let value = decoder.string()?;
    decoder.end()?;
    Ok(value)
}

struct Decoder<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Decoder<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn error(&self, message: impl Into<String>) -> DecodeError {
        DecodeError {
            offset: self.position,
            message: message.into(),
        }
    }

    fn unexpected(&self, wanted: &str) -> DecodeError {
        match self.peek() {
            Some(c) => self.error(format!("expected {wanted}, found `{}`", c.escape_debug())),
            None => self.error(format!("expected {wanted}, found the end")),
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), DecodeError> {
        if self.accept(wanted) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{wanted}`")))
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("more than {MAX_DEPTH} levels")));
        }
        self.space();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => {
                self.next();
                self.string().map(Value::String)
            }
            Some('-' | '0'..='9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, DecodeError> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.position += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn object(&mut self, depth: usize) -> Result<Value, DecodeError> {
        self.next();
        let mut entries = Map::new();
        self.space();
        if self.accept('}') {
            return Ok(Value::Object(entries));
        }
        loop {
            self.space();
            self.expect('"')?;
            let key = self.string()?;
            self.space();
            self.expect(':')?;
            let value = self.value(depth + 1)?;
            entries.insert(key, value);
            self.space();
            if self.accept('}') {
                return Ok(Value::Object(entries));
            }
            if !self.accept(',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, DecodeError> {
        self.next();
        let mut items = Vec::new();
        self.space();
        if self.accept(']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.accept(']') {
                return Ok(Value::Array(items));
            }
            if !self.accept(',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), DecodeError> {
        if !matches!(self.peek(), Some('0'..='9')) {
            return Err(self.unexpected("a digit"));
        }
        while matches!(self.peek(), Some('0'..='9')) {
            self.next();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, DecodeError> {
        let start = self.position;
        self.accept('-');
        if !self.accept('0') {
            self.digits()?;
        }
        if self.accept('.') {
            self.digits()?;
        }
        if self.accept('e') || self.accept('E') {
            let _sign = self.accept('+') || self.accept('-');
            self.digits()?;
        }
        let text = self.text.get(start..self.position).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number_value(number)),
            _ => Err(self.error(format!("the number `{text}` is out of range"))),
        }
    }

    /// The rest of a string, after its opening quote.
    fn string(&mut self) -> Result<String, DecodeError> {
        let mut output = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.next();
                    return Ok(output);
                }
                Some('\\') => {
                    self.next();
                    output.push(self.escape()?);
                }
                Some('\0'..='\u{1f}') => {
                    return Err(self.error("a control character must be escaped in a string"));
                }
                Some(other) => {
                    self.next();
                    output.push(other);
                }
                None => return Err(self.unexpected("`\"`")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, DecodeError> {
        let decoded = match self.peek() {
            Some('"') => '"',
            Some('\\') => '\\',
            Some('/') => '/',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.next();
                return self.unicode();
            }
            _ => return Err(self.unexpected("an escape sequence")),
        };
        self.next();
        Ok(decoded)
    }

    /// The character of `\uXXXX`, or of the pair `\uD8XX\uDCXX`.
    fn unicode(&mut self) -> Result<char, DecodeError> {
        let first = self.hex()?;
        if let Some(plain) = char::from_u32(first) {
            return Ok(plain);
        }
        let after_first = self.position;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            self.position += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.position = after_first;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, DecodeError> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return Err(self.unexpected("four hexadecimal digits"));
            };
            self.next();
            code = code * 16 + digit;
        }
        Ok(code)
    }
}

/// A float64 as a JSON number: an integer where that is exact.
fn number_value(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let negative_zero = number == 0.0 && number.is_sign_negative();
    if number.trunc() == number && number.abs() <= EXACT && !negative_zero {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let decoded = decode(text).ok().map(|value| value.to_string());
        assert_eq!(decoded.as_deref(), expected, "{text}");
    }

    #[test]
    fn json_reads_as_gos_decoder_does() {
        check(" [1, 2.50, -0.0] ", Some("[1,2.5,-0.0]"));
        check("{\"a\":1,\"a\":2}", Some("{\"a\":2}"));
        check("\"\\ud800\"", Some("\"\u{fffd}\""));
        check("\"\\ud800\\u0041\"", Some("\"\u{fffd}A\""));
        check("\"\\ud83d\\ude00\"", Some("\"\u{1f600}\""));
        check("\"\\q\"", None);
        check("\"a\nb\"", None);
        check("01", None);
        check("1.", None);
        check("+1", None);
        check("1e400", None);
        check("1e-400", Some("0"));
        check("nul", None);
        check("[1,]", None);
        check("", None);
        check("{} x", None);
        check("\u{a0}1", None);
    }

    #[test]
    fn depth_is_bounded() {
        check(&"[".repeat(100_000), None);
    }
}
