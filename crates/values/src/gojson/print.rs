//! Prints JSON values, with numbers as Go writes them: `100000000000000000000`, not `1e+20`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{
    Serializer, Value,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};

use super::encode::push_for_html;
use crate::gofloat::format_json;

/// `value` on one line.
#[must_use]
pub fn compact(value: &Value) -> String {
    print(value, CompactFormatter)
}

/// `value` on one line as Go's `json.Marshal` writes it: what HTML takes for its own is escaped, and
/// whole numbers keep all of their digits.
#[must_use]
pub fn marshal(value: &Value) -> String {
    let text = compact(value);
    let mut escaped = String::with_capacity(text.len());
    // What is escaped stands in texts only.
    for letter in text.chars() {
        push_for_html(&mut escaped, letter);
    }
    escaped
}

/// `value` on lines of its own, indented by two spaces a level.
#[must_use]
pub fn pretty(value: &Value) -> String {
    print(value, PrettyFormatter::new())
}

fn print(value: &Value, layout: impl Formatter) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, GoNumbers(layout));
    // A value of JSON has nothing that a list of bytes could refuse.
    let _ = value.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A layout whose floats are Go's.
struct GoNumbers<F>(F);

/// Hands these parts of the layout on as they are.
macro_rules! hand_on {
    ($($part:ident($($argument:ident)?)),* $(,)?) => {$(
        fn $part<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: bool)?) -> io::Result<()> {
            self.0.$part(writer $(, $argument)?)
        }
    )*};
}

impl<F: Formatter> Formatter for GoNumbers<F> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, number: f64) -> io::Result<()> {
        writer.write_all(format_json(number).as_bytes())
    }

    hand_on!(
        begin_array(),
        end_array(),
        begin_array_value(first),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first),
        begin_object_value(),
        end_object_value(),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn html_is_escaped_and_whole_numbers_are_exact() {
        let value = json!({"<a>": "&\u{2028}", "b": [9_007_199_254_740_993_i64, u64::MAX]});
        assert_eq!(
            marshal(&value),
            r#"{"\u003ca\u003e":"\u0026\u2028","b":[9007199254740993,18446744073709551615]}"#
        );
    }

    #[test]
    fn numbers_have_no_exponent_where_go_writes_none() {
        let value = json!({"a": [1e20, 1e21, 0.000_01, 1e-7, 3, 2.5], "b": [], "c": {}});
        assert_eq!(
            compact(&value),
            r#"{"a":[100000000000000000000,1e+21,0.00001,1e-7,3,2.5],"b":[],"c":{}}"#
        );
        assert_eq!(
            pretty(&json!({"a": [1e20, {}], "b": "x"})),
            "{\n  \"a\": [\n    100000000000000000000,\n    {}\n  ],\n  \"b\": \"x\"\n}"
        );
    }
}
