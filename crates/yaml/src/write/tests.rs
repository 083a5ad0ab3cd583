//! What is written is read back by every reader, whatever it is.

use serde_json::json;

use super::*;
use crate::Mode;
use crate::{Limits, read};

/// Every reader gives the value back that was written.
fn check(value: &Value) {
    let text = write(value);
    for mode in [Mode::Lenient, Mode::Strict, Mode::V3] {
        match read(&text, mode, &Limits::default()) {
            Ok(found) => assert_eq!(found, *value, "{mode:?}:\n{text}"),
            Err(error) => panic!("{mode:?}: {error:?}:\n{text}"),
        }
    }
}

/// Texts that some reader takes for something else, or that end something.
const TEXTS: &str = r##"[
    "", "a", "a b", " a", "a ", "on", "y", "N", "yes", "Off", "true", "null", "~", "~a", "0755", "0o7",
    "0x1F", "0b1", "1_000", "1e3", ".5", "1.", "+1", "+a", "-0", ".inf", "-.inf", ".NaN", ".a", "08", "0_",
    "12:30:45", "1:30", "190:20:30.5", "2001-01-01", "2001-01-01T00:00:00Z", "1.2.3.4", "v1.37",
    "-", "- a", "-a", "?", "? a", ":", ":a", "a:", "a: b", "a:b", "#a", "a #b", "a#b", "!a", "&a",
    "*a", "%a", "@a", "`a", "'a'", "\"a\"", "\\", "[a", "a]", "{a", "a}", "a,b", ",a", "|", "> a",
    "=", "=a", "<<", "<a>", "---", "--- a", "...", "... a", "a\tb", "\t", "a\t", "a\nb", "a\nb\n",
    "a\n\n", "\n", "\n\n", "\na", " a\nb", "a\n b\n  c\n", "a\n\nb", "a\n \nb", "a \nb ",
    "a\n\tb", "---\na", "a\n---\n", "a\n...\nb", "a: 1\n# b\n", "a\r\nb", "a\rb", "\u0085",
    "\u2028", "a\u2029\nb", "\ufeff", "\u007f", "\u001b", "\u0000", "\u00e9", "\u00a0", "\ufffe",
    "\uffff", "\udbff\udfff", "\u65e5\u672c", "\ud83d\ude00\n\ud83d\ude00"
]"##;

fn texts() -> Vec<String> {
    serde_json::from_str(TEXTS).unwrap()
}

#[test]
fn every_reader_gives_back_what_was_written() {
    for text in &texts() {
        check(&json!(text));
        check(
            &json!({text: text, "k": [text, [text], {text: [text]}, {}, []], "z": {"a": {text: text}}}),
        );
    }
    for text in &texts() {
        let words = ["word"; 30].join(" ");
        for long in [
            format!("{words} {text}"),
            format!("{text} {words} {text}  {words}"),
            format!("{text}{words}"),
        ] {
            check(&json!({"a": long, "b": [long, {"c": long}]}));
            check(&json!(long));
        }
    }
    let long = "k".repeat(5_000);
    check(&json!({"a": {long.as_str(): {long.as_str(): long}}, "b": 1}));
    let numbers = json!([
        0,
        -1,
        i64::MIN,
        u64::MAX,
        1.5,
        -0.0,
        1e21,
        1e-7,
        f64::MAX,
        true,
        false,
        null
    ]);
    check(&json!({"n": numbers, "o": {"n": numbers}}));
    for value in [
        json!({}),
        json!([]),
        json!([[]]),
        json!([{}]),
        json!([[[1]], [[2], 3]]),
        json!(null),
    ] {
        check(&value);
    }
}

#[test]
fn values_of_any_shape_come_back() {
    let mut state = 0x9E37_79B9_u64;
    for _ in 0..20_000 {
        check(&any(&mut state, 4));
    }
}

/// The next number below a bound.
fn below(state: &mut u64, bound: usize) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    (*state >> 33) as usize % bound
}

/// A text of parts that mean something in YAML.
fn text(state: &mut u64) -> String {
    const PARTS: &[&str] = &[
        "a", "b1", " ", "  ", "\n", "\t", ":", ": ", "#", " #", "-", "- ", "0", "12", ".", "e",
        "_", "'", "\"", "\\", "é", "\r", "|", ">", "~", "{", "]", ",", "!", "&", "*", "?", "%",
        "yes", "T",
    ];
    (0..below(state, 6))
        .filter_map(|_| PARTS.get(below(state, PARTS.len())))
        .copied()
        .collect()
}

fn any(state: &mut u64, depth: usize) -> Value {
    match below(state, if depth == 0 { 3 } else { 6 }) {
        0 => json!(below(state, 1000)),
        1 | 2 => json!(text(state)),
        3 => (0..below(state, 4))
            .map(|_| any(state, depth - 1))
            .collect(),
        _ => {
            let entries = (0..below(state, 4)).map(|_| (text(state), any(state, depth - 1)));
            Value::Object(entries.collect())
        }
    }
}

#[test]
fn documents_look_as_those_of_kubernetes() {
    let words = ["many"; 30].join(" ");
    let document = json!({
        "apiVersion": "v1",
        "data": {"port": "8080", "script": "#!/bin/sh\necho a\n", "empty": ""},
        "items": [{"args": ["-a", "b"], "image": "a:1"}, [1, [2]], {}],
        "on": "10.0.0.1",
        "words": words,
    });
    assert_eq!(
        write(&document),
        "apiVersion: v1
data:
  empty: \"\"
  port: \"8080\"
  script: |
    #!/bin/sh
    echo a
items:
- args:
  - \"-a\"
  - b
  image: a:1
- - 1
  - - 2
- {}
\"on\": 10.0.0.1
words: >-
  many many many many many many many many many many many many many many many many many many many many
  many many many many many many many many many many
"
    );
}
