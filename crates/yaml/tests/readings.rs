//! What texts mean in each mode, as a table.

use portcullis_yaml::{Limits, Mode, PathSegment, documents, from_bytes, read, read_document};
use serde_json::{Value, json};

/// `None` stands for an error.
fn check(mode: Mode, cases: &[(&str, Option<Value>)]) {
    for (text, expected) in cases {
        let limits = Limits::default();
        let found = read(text, mode, &limits);
        let with_spans = read_document(text, mode, &limits).map(|document| document.value);
        assert_eq!(
            found.as_ref().ok(),
            expected.as_ref(),
            "{mode:?} {text:?}: {found:?}"
        );
        assert_eq!(found, with_spans, "{mode:?} {text:?} with spans");
    }
}

#[test]
fn scalars_of_kubernetes() {
    check(
        Mode::Lenient,
        &[
            (
                "[y, Yes, ON, n, No, OFF]",
                Some(json!([true, true, true, false, false, false])),
            ),
            (
                "[tRue, yEs, ~, null, nUll]",
                Some(json!(["tRue", "yEs", null, null, "nUll"])),
            ),
            (
                "[0755, 0o17, 0x1f, 0b101, 1_000, +12, -0x10]",
                Some(json!([493, 15, 31, 5, 1000, 12, -16])),
            ),
            (
                "[08, 1., .5, 1e3, -1.50, 1:30]",
                Some(json!([8, 1, 0.5, 1000, -1.5, "1:30"])),
            ),
            (
                "[18446744073709551615, 100000000000000000000]",
                Some(json!([u64::MAX, 1e20])),
            ),
            (
                "[2020-01-01, 1e400, 1.2.3, 10.0.0.1]",
                Some(json!(["2020-01-01", "1e400", "1.2.3", "10.0.0.1"])),
            ),
            ("a: .inf", None),
            (
                "[!!str 5, !!int \"5\", !!float 5, !!binary aGk=, ! 12]",
                Some(json!(["5", 5, 5, "hi", "12"])),
            ),
            ("!!int x", None),
            ("\"\\u00e9\\x41\\t\\\n  b\"", Some(json!("éA\tb"))),
            ("\"\\/\"", None),
            ("\"\\ud83d\\ude00\"", None),
        ],
    );
}

#[test]
fn keys_merges_and_aliases() {
    let merged = "b: &b {k: 1, j: 2}\na: {k: 3, <<: *b}";
    check(
        Mode::Lenient,
        &[
            ("{on: 1, 0x10: 2, 1.5: 3, ~: 4}", None),
            (
                "{on: 1, 0x10: 2, 1.5: 3}",
                Some(json!({"true": 1, "16": 2, "1.5": 3})),
            ),
            ("{a: 1, a: 2}", Some(json!({"a": 2}))),
            ("{a: {~: 1}, a: 2}", Some(json!({"a": 2}))),
            (
                merged,
                Some(json!({"b": {"k": 1, "j": 2}, "a": {"k": 1, "j": 2}})),
            ),
            (
                "{<<: [{a: 1}, {a: 2, b: 2}]}",
                Some(json!({"a": 1, "b": 2})),
            ),
            ("{<<: 1}", None),
            ("a: &a {b: *a}", None),
            ("a: *nowhere", None),
            ("&k key: &v {x: 1}\n*k : *v", Some(json!({"key": {"x": 1}}))),
            ("a: {{ x }}", None),
        ],
    );
    check(
        Mode::Strict,
        &[
            ("{a: 1, a: 2}", None),
            (merged, None),
            ("{a: 1, b: 1}", Some(json!({"a": 1, "b": 1}))),
        ],
    );
}

#[test]
fn v3() {
    check(
        Mode::V3,
        &[
            ("[yes, true, 0o17, 010]", Some(json!(["yes", true, 15, 8]))),
            (
                "[2020-1-2, 2020-01-02T3:04:05.60+01:00]",
                Some(json!([
                    "2020-01-02T00:00:00Z",
                    "2020-01-02T03:04:05.6+01:00"
                ])),
            ),
            ("on: {a: 1}", Some(json!({"on": {"a": 1}}))),
            ("1: a", None),
            ("{a: 1, a: 1}", None),
            (
                "b: &b {k: 1, j: 2}\na: {<<: *b, k: 3}",
                Some(json!({"b": {"k": 1, "j": 2}, "a": {"k": 3, "j": 2}})),
            ),
        ],
    );
}

#[test]
fn layout() {
    check(
        Mode::Lenient,
        &[
            (
                "a:\n- b\n- c: d\n  e: f\n",
                Some(json!({"a": ["b", {"c": "d", "e": "f"}]})),
            ),
            (
                "a: |\n  x\n   y\n\nb: >-\n  p\n  q\n\n  r\n",
                Some(json!({"a": "x\n y\n", "b": "p q\nr"})),
            ),
            ("a: |+\n  x\n\n", Some(json!({"a": "x\n\n"}))),
            ("a: |\n  x", Some(json!({"a": "x"}))),
            (
                "a: one\n  two\n\n  three\n",
                Some(json!({"a": "one two\nthree"})),
            ),
            (
                "{\"a\":1,b: [c, d: e],}",
                Some(json!({"a": 1, "b": ["c", {"d": "e"}]})),
            ),
            ("? a\n: b", Some(json!({"a": "b"}))),
            ("a:\tb", Some(json!({"a": "b"}))),
            ("\ta: b", None),
            ("a: |\n\tx", None),
            ("a: b: c", None),
            ("a: 'x", None),
            ("a: [b", None),
            ("a: @b", None),
            ("a: 1\n b: 2", None),
            ("%YAML 1.2\n---\na: b", None),
            ("a: \u{1}", None),
            ("", Some(Value::Null)),
            ("# only a comment\n", Some(Value::Null)),
        ],
    );
}

#[test]
fn limits_hold() {
    let limits = Limits::default();
    let bomb: String = (1..=9).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, level| {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            text + &format!("a{level}: &a{level} [{aliases}]\n")
        },
    );
    let big = format!(
        "a: &a {}\nb: [{}]",
        "x".repeat(1 << 20),
        "*a, ".repeat(1000)
    );
    let texts = [
        bomb,
        big,
        "[".repeat(10_000),
        "- ".repeat(10_000),
        "{a: ".repeat(10_000),
        "? ".repeat(10_000),
        "a: &a [*a]".to_owned(),
    ];
    for text in texts {
        for mode in [Mode::Lenient, Mode::Strict, Mode::V3] {
            let start: String = text.chars().take(20).collect();
            assert!(read(&text, mode, &limits).is_err(), "{start}");
            assert!(read_document(&text, mode, &limits).is_err(), "{start}");
        }
    }
    let mut small = Limits::default();
    small.max_bytes = 10;
    small.max_nodes = 3;
    assert!(read("a: 1", Mode::Lenient, &small).is_ok());
    assert!(read("[1, 2, 3]", Mode::Lenient, &small).is_err());
    assert!(read("a: 1234567890", Mode::Lenient, &small).is_err());
}

#[test]
fn anchors_in_anchors_are_read_in_little_time() {
    let open: String = (0..500).map(|level| format!("&a{level} [")).collect();
    let text = format!("{open}{}{}", "x, ".repeat(200_000), "]".repeat(500));
    let limits = Limits::default();
    assert!(read(&text, Mode::Lenient, &limits).is_ok());
}

#[test]
fn errors_have_a_place_and_a_remedy() {
    for (text, line, column, word) in [
        ("a: 1\nb: {{ x }}\n", 2, 5, "quotes"),
        ("a: 1\nfoo\nb: 2\n", 2, 1, "`:`"),
        ("é: 1\né: [\n", 3, 1, "brackets"),
        ("a:\n\t- b\n", 2, 1, "spaces"),
        ("x: *:latest", 1, 4, "quotes"),
        ("a: \u{7}", 1, 4, "U+0007"),
    ] {
        let error = read(text, Mode::Lenient, &Limits::default()).expect_err(text);
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text:?}: {error}"
        );
        assert!(error.message.contains(word), "{text:?}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("line {line}, column {column}: "))
        );
    }
    let error = from_bytes(b"a: 1\nb: \xff").expect_err("not UTF-8");
    assert_eq!((error.offset, error.line, error.column), (8, 2, 4));
    assert_eq!(from_bytes(b"\xef\xbb\xbfa: 1"), Ok("a: 1"));
}

#[test]
fn spans_are_the_places_in_the_text() {
    let text = "é: x\nspec:\n  containers:\n  - name: 'a'\n    args: [b, c]\n  text: |\n    line\nbase: &b {k: v}\nuse: *b\nall:\n  <<: *b\n";
    let spans = read_document(text, Mode::Lenient, &Limits::default())
        .expect("it is YAML")
        .spans;
    let at = |range: Option<std::ops::Range<usize>>| {
        range.and_then(|range| text.get(range)).map(str::to_owned)
    };
    for (pointer, key, value) in [
        ("/é", Some("é"), "x"),
        ("/spec/containers/0/name", Some("name"), "'a'"),
        ("/spec/containers/0", None, "name: 'a'\n    args: [b, c]"),
        ("/spec/containers/0/args", Some("args"), "[b, c]"),
        ("/spec/containers/0/args/1", None, "c"),
        ("/spec/text", Some("text"), "|\n    line"),
        ("/use", Some("use"), "*b"),
        ("/use/k", Some("k"), "v"),
        ("/all/k", Some("k"), "v"),
    ] {
        assert_eq!(
            at(spans.at_pointer(pointer)).as_deref(),
            Some(value),
            "{pointer}"
        );
        assert_eq!(
            at(spans.key_at_pointer(pointer)).as_deref(),
            key,
            "{pointer}"
        );
    }
    let path = [
        PathSegment::Key("spec"),
        PathSegment::Key("containers"),
        PathSegment::Index(0),
        PathSegment::Key("image"),
    ];
    assert_eq!(spans.at(&path), None);
    assert_eq!(
        at(Some(spans.nearest(&path))).as_deref(),
        Some("name: 'a'\n    args: [b, c]")
    );
    assert_eq!(
        at(Some(spans.nearest_pointer("/spec/text/x"))).as_deref(),
        Some("text")
    );
}

#[test]
fn documents_split_where_kubernetes_splits() {
    let file = "---\na: 1\n--- # two\nb: |\n  x\n---\n---\n---\n{\"c\": \"}\"}\n{\"d\": 1} ";
    let found: Vec<_> = documents(file)
        .map(|document| (document.text.into_owned(), document.offset, document.line))
        .collect();
    let expected = [
        ("---\na: 1\n", 0, 1),
        ("b: |\n  x\n", 19, 4),
        ("---\n", 32, 7),
        ("{\"c\": \"}\"}", 40, 9),
        ("\n{\"d\": 1}", 50, 9),
    ];
    let expected = expected.map(|(text, offset, line)| (text.to_owned(), offset, line));
    assert_eq!(found, expected);
    let objects: Vec<_> = documents("---\n{\"a\": 1}{\"b\": 2}")
        .map(|document| document.read(Mode::Strict, &Limits::default()))
        .collect();
    assert_eq!(objects, [Ok(json!({"a": 1})), Ok(json!({"b": 2}))]);
    let last: Vec<_> = documents("a: |\n  x")
        .map(|document| document.read(Mode::Lenient, &Limits::default()))
        .collect();
    assert_eq!(last, [Ok(json!({"a": "x\n"}))]);
}

#[test]
fn a_malformed_separator_is_an_error_in_the_file() {
    let results: Vec<_> = documents("a: 1\n---\nb: 1\n--- c\nd: 1\n---\ne: 1")
        .map(|document| {
            document
                .read(Mode::Lenient, &Limits::default())
                .map_err(|error| (error.line, error.offset))
        })
        .collect();
    assert_eq!(
        results,
        [Ok(json!({"a": 1})), Ok(json!({"b": 1})), Err((4, 14))]
    );
    let error = documents("a: 1\n---\nb: [\n")
        .nth(1)
        .and_then(|document| document.read(Mode::Lenient, &Limits::default()).err())
        .expect("an open bracket");
    assert_eq!((error.line, error.offset), (4, 14));
}
