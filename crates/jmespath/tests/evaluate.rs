//! Expressions and their results: the dialect's own rules, every family of functions, and random
//! expressions, which must end without a panic.

use portcullis_jmespath::{EvalError, Expression, FUNCTIONS, Offline, ast_dump};
use portcullis_values::Val;
use serde_json::{Value, json};

fn evaluate(source: &str, data: &Value) -> Result<Value, String> {
    let expression = Expression::compile(source).map_err(|error| format!("syntax: {error}"))?;
    match expression.evaluate(&Val::from(data), &Offline) {
        Ok(value) => Ok(value.to_json()),
        Err(EvalError::NotFound { key, .. }) => Err(format!("not found: {key}")),
        Err(error) => Err(error.to_string()),
    }
}

fn data() -> Value {
    json!({
        "name": "web",
        "count": 3,
        "tags": ["b", "a"],
        "pods": [{"n": "x", "c": 2}, {"n": "y", "c": 1}, {"c": 0}],
        "map": {"k": 1, "l": null},
        "certificate": include_str!("data/certificate.pem"),
        "request": include_str!("data/request.pem"),
        "elliptic": include_str!("data/elliptic.pem"),
    })
}

fn check(source: &str, expected: Value) {
    assert_eq!(evaluate(source, &data()), Ok(expected), "{source}");
}

fn refuse(source: &str, part: &str) {
    let error = evaluate(source, &data()).err().unwrap_or_default();
    assert!(error.contains(part), "{source}: {error}");
}

#[test]
fn missing_keys_end_an_expression_or_count_as_null() {
    refuse("nope", "not found: nope");
    refuse("map.nope.x", "not found: nope");
    check("map.l.x", json!(null));
    check("nope || 'd'", json!("d"));
    check("nope == null", json!(true));
    check("nope | @", json!(null));
    check("pods[*].n", json!(["x", "y"]));
    check("pods[?c > `0`].n", json!(["x", "y"]));
    check("{a: nope}", json!({"a": null}));
    refuse("name && nope", "not found: nope");
}

#[test]
fn syntax() {
    check("pods[-1].c", json!(0));
    check("pods[::-1].c", json!([0, 1, 2]));
    check("tags[] | [0]", json!("b"));
    check("map.*", json!([1]));
    check("'it\\'s'", json!("it's"));
    check("!name", json!(false));
    refuse("pods[", "syntax: ");
    refuse("a = b", "syntax: ");
    refuse("`{`", "syntax: ");
    refuse(&"(".repeat(10_000), "syntax: ");
    let expression = Expression::compile("a.b").expect("well formed");
    let dump = "ASTSubexpression {\n  children: {\n    ASTField {\n      value: \"a\"\n    }\n    \
                ASTField {\n      value: \"b\"\n    }\n}\n";
    assert_eq!(ast_dump(&expression), dump);
}

#[test]
fn text_and_lists() {
    check("split('a,b', ',')", json!(["a", "b"]));
    check("join('-', sort(tags))", json!("a-b"));
    check("replace('aaa', 'a', 'b', `2`)", json!("bba"));
    check("truncate('héllo', `2`)", json!("hé"));
    check("path_canonicalize('/a/./b//../c')", json!("/a/c"));
    check("base64_decode(base64_encode(name))", json!("web"));
    check("sort_by(pods, &c)[].c", json!([0, 1, 2]));
    check("lookup(map, 'nope')", json!(null));
    check("items(map, 'k', 'v')[0]", json!({"k": "k", "v": 1}));
    check("object_from_lists(tags, [`1`])", json!({"b": 1, "a": null}));
    check("regex_replace_all('(.)b', 'ab', '$1')", json!("a"));
    check("semver_compare('1.2.3', '>=1.0.0 <2.0.0')", json!(true));
    check("semver_compare('no', '<0.0.1')", json!(true));
    check("image_normalize('nginx')", json!("docker.io/nginx:latest"));
    check("is_external_url('http://10.0.0.1')", json!(false));
    check("parse_yaml('a: 0755')", json!({"a": 493}));
    check("parse_json('[1]')", json!([1]));
    refuse("parse_yaml('{')", "not YAML");
    refuse(
        "truncate(`1`, `1`)",
        "argument 1 must be string, found number `1`",
    );
    refuse("truncate('a')", "expected 2 argument(s), found 1");
    refuse("nope()", "there is no such function at offset");
    refuse("to_uper('a')", "did you mean `to_upper`?");
}

#[test]
fn numbers_and_times() {
    check("add('1Gi', '512Mi')", json!("1536Mi"));
    check("multiply('30s', `2`)", json!("1m0s"));
    check("multiply(`1e308`, `10`) > `5`", json!(true));
    refuse("multiply(`1e308`, `10`)", "the number +Inf");
    refuse("[{a: add(`-1e308`, `-1e308`)}]", "the number -Inf");
    check("sum([`1`, `2`])", json!(3));
    check("compare('a', 'b')", json!(-1));
    check("compare('a', 'b') < `0`", json!(null));
    check("round(`2.345`, `1`)", json!(2.3));
    refuse("divide(`1`, `0`)", "zero");
    check(
        "time_add('2024-02-28T23:00:00Z', '2h')",
        json!("2024-02-29T01:00:00Z"),
    );
    check(
        "time_after('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z')",
        json!(true),
    );
    check(
        "time_before('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z')",
        json!(false),
    );
    check(
        "time_diff('2024-01-01T00:00:00Z', '2024-01-01T01:30:00Z')",
        json!("1h30m0s"),
    );
    check("time_now_utc()", json!("1970-01-01T00:00:00Z"));
    check("time_parse('1', '60')", json!("1970-01-01T00:01:00Z"));
    check("time_since('', '1969-12-31T23:59:00Z', '')", json!("1m0s"));
    check("time_to_cron('2024-01-02T03:04:05Z')", json!("4 3 2 1 2"));
    check(
        "time_truncate('2024-01-02T03:04:05Z', '1h')",
        json!("2024-01-02T03:00:00Z"),
    );
    check(
        "time_utc('2024-01-02T03:04:05+02:00')",
        json!("2024-01-02T01:04:05Z"),
    );
    refuse("time_utc('2024-13-02T03:04:05Z')", "`time_utc`: argument 1");
}

#[test]
fn certificates_and_requests() {
    check(
        "x509_decode(certificate).Subject.CommonName",
        json!("web.example"),
    );
    check("x509_decode(certificate).Issuer.Country", json!(["DE"]));
    check(
        "x509_decode(certificate).NotAfter",
        json!("2036-11-20T11:35:49Z"),
    );
    check("x509_decode(certificate).DNSNames", json!(["web.example"]));
    check("x509_decode(certificate).IPAddresses", json!(["10.0.0.1"]));
    check(
        "x509_decode(certificate).EmailAddresses",
        json!(["a@web.example"]),
    );
    check(
        "x509_decode(certificate).[KeyUsage, ExtKeyUsage, IsCA]",
        json!([1, [1], true]),
    );
    check("x509_decode(certificate).PublicKey.E", json!(65_537));
    check("x509_decode(request).DNSNames", json!(["req.example"]));
    check(
        "x509_decode(request).Attributes[0].Value[0][0].Type",
        json!([2, 5, 29, 17]),
    );
    refuse("x509_decode(elliptic)", "not an RSA key");
    refuse("x509_decode(name)", "a PEM block");
}

/// A small generator of numbers, so that every run tries the same expressions.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }
}

#[test]
fn changed_expressions_end_without_a_panic() {
    const ROUNDS: usize = 20_000;
    const SEEDS: [&str; 8] = [
        "pods[?c > `0`].{a: n, b: c} | [0]",
        "sort_by(pods, &c)[*].n || name",
        "map.*.to_string(@)",
        "join('-', tags[::-1])",
        "items(map, 'k', 'v')[].k",
        "x509_decode(certificate).Subject",
        "\"name\" == 'web' && !count",
        "time_add('2024-01-02T03:04:05Z', '1h')",
    ];
    const PIECES: [&str; 20] = [
        "[", "]", "(", ")", "{", "}", "&", "|", "||", "*", ".", ",", ":", "'", "`", "\\", "@",
        "-1", "é", "[?",
    ];
    let data = data();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut evaluated = 0;
    for _ in 0..ROUNDS {
        let mut letters: Vec<char> = SEEDS[random.below(SEEDS.len())].chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(letters.len() + 1);
            match random.below(3) {
                0 if at < letters.len() => {
                    letters.remove(at);
                }
                1 => {
                    let name = FUNCTIONS[random.below(FUNCTIONS.len())].name;
                    letters.splice(at..at, name.chars());
                }
                _ => {
                    letters.splice(at..at, PIECES[random.below(PIECES.len())].chars());
                }
            }
        }
        let source: String = letters.into_iter().collect();
        evaluated += usize::from(evaluate(&source, &data).is_ok());
    }
    #[expect(
        clippy::print_stdout,
        reason = "the count is what the test is judged by"
    )]
    {
        println!("{ROUNDS} changed expressions, of which {evaluated} have a result");
    }
    assert!(evaluated > 100, "{evaluated}");
}
