//! What Go answers for patterns where engines differ.

use super::*;

/// `matched`: the first match, or nothing when the pattern does not match; `None` when Go rejects
/// the pattern.
fn check(pattern: &str, text: &str, matched: Option<Option<&str>>) {
    let found = GoRegexp::compile(pattern)
        .ok()
        .map(|regexp| regexp.find(text).and_then(|range| text.get(range)));
    assert_eq!(found, matched, "{pattern} on {text}");
}

#[test]
fn classes_are_ascii() {
    check(r"\w+", "né", Some(Some("n")));
    check(r"\d", "٣", Some(None));
    check(r"\bé", "é", Some(None));
    check(r"(?i)\w", "ſ", Some(Some("ſ")));
    check(r"[[:^alpha:]]", "a1", Some(Some("1")));
    check(r"[[:foo:]]", "", None);
    check(r"[[:a]", ":", Some(Some(":")));
}

#[test]
fn brackets_hold_sets_of_characters() {
    check("[a&&b]", "&", Some(Some("&")));
    check("[a--b]", "b", None);
    check("[[]", "[", Some(Some("[")));
    check("[]a]", "]", Some(Some("]")));
    check("[^]a]", "]ab", Some(Some("b")));
    check(r"[\d-z]", "-", Some(Some("-")));
    check(r"[a-\d]", "", None);
    check("[]", "", None);
    check("[z-a]", "", None);
    check(r"[^\x00-\x{10FFFF}]", "a", Some(None));
    check("(?i)[k]", "\u{212a}", Some(Some("\u{212a}")));
}

#[test]
fn repetitions_are_bounded() {
    check("a{1000}", "", Some(None));
    check("a{1001}", "", None);
    check("(a{10}){101}", "", None);
    check("((a{10}){10}){10}", "", Some(None));
    check("a{2,1}", "", None);
    check("a{,3}", "a{,3}", Some(Some("a{,3}")));
    check("a{01}", "a{01}", Some(Some("a{01}")));
    check("a**", "", None);
    check("a*??", "", None);
    check("a(?i)*", "aa", Some(Some("aa")));
    check("*a", "", None);
    check("a|*", "", None);
    check("^*a", "a", Some(Some("a")));
    check("(?U)a+", "aa", Some(Some("a")));
}

#[test]
fn escapes_are_gos() {
    check(r"\Qa.b\E+", "a.bb", Some(Some("a.bb")));
    check(r"\101", "A", Some(Some("A")));
    check(r"\1", "", None);
    check(r"\x{41}\x42", "AB", Some(Some("AB")));
    check(r"\x{110000}", "", None);
    check(r"\u0041", "", None);
    check(r"\_\-", "_-", Some(Some("_-")));
    check(r"\é", "", None);
    check(r"\pN\p{Greek}\p{^Lu}", "1αa", Some(Some("1αa")));
    check(r"\p{Old_Italic}", "", None);
    check(r"\p{uppercase letter}", "a A", Some(Some("A")));
    check("\\", "", None);
}

#[test]
fn groups_and_flags() {
    check("(?P<n>a)(?<n>b)", "ab", Some(Some("ab")));
    check("(?P<n-o>a)", "", None);
    check("(?i-s:A.)", "a\n", Some(None));
    check("(?i-)a", "", None);
    check("(?x)a", "", None);
    check("(a", "", None);
    check("a)", "", None);
    check("(?m)^b$", "a\nb\nc", Some(Some("b")));
    check("b$", "b\n", Some(None));
    check("a|ab", "ab", Some(Some("a")));
}

#[test]
fn empty_matches_do_not_follow_a_match() {
    let regexp = GoRegexp::compile("a*").unwrap();
    assert_eq!(regexp.replace_all("baac", "x"), "xbxcx");
    assert_eq!(regexp.find_all("éa"), [0..0, 2..3]);
}

#[test]
fn templates_name_groups() {
    let check = |pattern: &str, text: &str, template: &str, expected: &str| {
        let regexp = GoRegexp::compile(pattern).unwrap();
        assert_eq!(regexp.replace_all(text, template), expected, "{template}");
    };
    check("(?P<a>x)(y)?", "x", "<$a$2$0>", "<xx>");
    check("(x)", "x", "$1y", "");
    check("(x)", "x", "${1}y$$ $ ${1", "xy$ $ ${1");
    check("(x)", "x", "$01$2$-", "$-");
    check("(?P<a>x)|(?P<a>y)", "y", "[$a]", "[y]");
}

#[test]
fn depth_and_size_are_bounded() {
    check(&"(".repeat(100_000), "", None);
    let nested = |depth: usize| format!("{}a{}", "(?:b|".repeat(depth), ")".repeat(depth));
    check(&nested(200), "a", Some(Some("a")));
    check(&nested(100_000), "", None);
    check(&format!("(?:{}){{1000}}", r"\pL".repeat(300)), "", None);
}

#[test]
fn random_text_matches_its_pattern() {
    let mut state = 7u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 16
    };
    for pattern in ["[a-z0-9]{8}", "(ab|c)+x?", "[^a]", ".{3}", "[[:alpha:]]*"] {
        let text = generate(pattern, &mut random).unwrap();
        let whole = GoRegexp::compile(&format!("^(?:{pattern})$")).unwrap();
        assert!(whole.is_match(&text), "{pattern}: {text:?}");
    }
    assert!(generate(r"\d", &mut random).is_err());
    assert!(generate("(?:a)", &mut random).is_err());
    assert!(generate(r"[^\x00-\x{10FFFF}]", &mut random).is_err());
}

#[test]
fn letters_fold_one_to_one() {
    for (left, right, equal) in [
        ("Kube", "kUBE", true),
        ("k", "\u{212a}", true),
        ("ß", "ss", false),
        ("Σ", "ς", true),
        ("a", "ab", false),
    ] {
        assert_eq!(equal_fold(left, right), equal, "{left} {right}");
    }
}
