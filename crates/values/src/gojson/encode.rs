//! Writes JSON text.

use std::fmt::Write as _;

use serde_json::Value;

use super::MAX_DEPTH;
use crate::{List, Map, Opaque, Val, gofloat};

/// A value that has no JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A number that is infinite or not a number.
    #[error("`{0}` has no JSON form")]
    NotFinite(String),
    /// Too many levels.
    #[error("the value nests more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// Too much text.
    #[error("the JSON text is longer than {0} bytes")]
    TooLong(usize),
}

/// The JSON text of `value`, at most about `limit` bytes of it.
pub fn encode(value: &Val<'_>, limit: usize) -> Result<String, EncodeError> {
    let mut encoder = Encoder {
        output: String::new(),
        limit,
    };
    encoder.value(value, 0)?;
    Ok(encoder.output)
}

/// `text` as a JSON string, quotes included, appended to `output`.
pub fn encode_text(output: &mut String, text: &str) {
    output.push('"');
    for c in text.chars() {
        match c {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            '\u{8}' => output.push_str("\\b"),
            '\u{c}' => output.push_str("\\f"),
            '\0'..='\u{1f}' => push_code(output, c),
            other => push_for_html(output, other),
        }
    }
    output.push('"');
}

/// Appends a character that is no control character: what HTML takes for its own as a code.
pub(super) fn push_for_html(output: &mut String, c: char) {
    match c {
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => push_code(output, c),
        other => output.push(other),
    }
}

fn push_code(output: &mut String, c: char) {
    let _ = write!(output, "\\u{:04x}", u32::from(c));
}

struct Encoder {
    output: String,
    limit: usize,
}

impl Encoder {
    fn check(&self, depth: usize) -> Result<(), EncodeError> {
        if depth > MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        if self.output.len() > self.limit {
            return Err(EncodeError::TooLong(self.limit));
        }
        Ok(())
    }

    fn value(&mut self, value: &Val<'_>, depth: usize) -> Result<(), EncodeError> {
        self.check(depth)?;
        match value {
            Val::Null => self.output.push_str("null"),
            Val::Bool(flag) => self.output.push_str(if *flag { "true" } else { "false" }),
            #[expect(clippy::cast_precision_loss, reason = "JSON numbers are float64 here")]
            Val::Int(number) => self.number(*number as f64)?,
            #[expect(clippy::cast_precision_loss, reason = "JSON numbers are float64 here")]
            Val::UInt(number) => self.number(*number as f64)?,
            Val::Double(number) => self.number(*number)?,
            Val::Str(text) => encode_text(&mut self.output, text),
            Val::Bytes(bytes) => encode_text(&mut self.output, &crate::gotext::decode(bytes)),
            Val::List(list) => self.list(list, depth)?,
            Val::Map(map) => self.map(map, depth)?,
            Val::Opaque(opaque) => self.opaque(&**opaque, depth)?,
        }
        Ok(())
    }

    fn number(&mut self, number: f64) -> Result<(), EncodeError> {
        let text = gofloat::format_json(number);
        if !number.is_finite() {
            return Err(EncodeError::NotFinite(text));
        }
        self.output.push_str(&text);
        Ok(())
    }

    fn list(&mut self, list: &List<'_>, depth: usize) -> Result<(), EncodeError> {
        self.output.push('[');
        for (index, item) in list.iter().enumerate() {
            if index > 0 {
                self.output.push(',');
            }
            self.value(&item, depth + 1)?;
        }
        self.output.push(']');
        Ok(())
    }

    fn map(&mut self, map: &Map<'_>, depth: usize) -> Result<(), EncodeError> {
        self.output.push('{');
        for (index, (key, value)) in map.iter().enumerate() {
            if index > 0 {
                self.output.push(',');
            }
            encode_text(&mut self.output, &key);
            self.output.push(':');
            self.value(&value, depth + 1)?;
        }
        self.output.push('}');
        Ok(())
    }

    /// A language's own value; its integers keep all their digits.
    fn opaque(&mut self, opaque: &dyn Opaque, depth: usize) -> Result<(), EncodeError> {
        match opaque.to_json() {
            Value::Number(number) if !number.is_f64() => {
                let _ = write!(self.output, "{number}");
                Ok(())
            }
            other => self.value(&Val::from(&other), depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gojson::decode;

    fn check(input: &str, output: &str) {
        let value = decode(input).unwrap();
        assert_eq!(encode(&Val::from(&value), 1000).unwrap(), output, "{input}");
    }

    #[test]
    fn text_reads_as_gos() {
        check("2.0", "2");
        check("1e21", "1e+21");
        check("9007199254740993", "9007199254740992");
        check("-0", "-0");
        check("\"<a & b>\"", "\"\\u003ca \\u0026 b\\u003e\"");
        check("\"\\u2028\\u0007\\f\u{7f}\"", "\"\\u2028\\u0007\\f\u{7f}\"");
        check("{\"b\":[1,null],\"a\":{}}", "{\"a\":{},\"b\":[1,null]}");
    }

    #[test]
    fn what_json_cannot_say_is_an_error() {
        let not_a_number = encode(&Val::Double(f64::NAN), 10);
        assert_eq!(not_a_number, Err(EncodeError::NotFinite("NaN".into())));
        let long: Val<'_> = Val::from("x".repeat(100));
        let list = Val::List([long.clone(), long].into_iter().collect());
        assert_eq!(encode(&list, 50), Err(EncodeError::TooLong(50)));
    }
}
