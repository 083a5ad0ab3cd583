//! A seeded loop of random expressions: whatever is written, nothing panics, what is evaluated twice
//! gives the same, and a limit below the cost ends the evaluation.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise"
)]

use portcullis_cel::{
    environment::{Environment, KubernetesVersion},
    error::{EvalErrorKind, Evaluated},
    host::Offline,
    program::{Options, Outcome, Program, Variables},
    types::Type,
    value::Value,
};
use serde_json::{Value as Json, json};

/// How many expressions are tried.
const ROUNDS: usize = 20_000;
/// What one evaluation may cost at most.
const LIMIT: u64 = 100_000;

/// Pieces with holes: `$` becomes another piece, `#` a constant.
const PIECES: &[&str] = &[
    "#",
    "#",
    "#",
    "object",
    "object.$",
    "object.spec.containers",
    "x",
    "($ + $)",
    "($ - $)",
    "($ * $)",
    "($ / $)",
    "($ % $)",
    "-$",
    "!$",
    "($ && $)",
    "($ || $)",
    "($ ? $ : $)",
    "($ == $)",
    "($ != $)",
    "($ < $)",
    "($ >= $)",
    "($ in $)",
    "[$, $]",
    "[?$]",
    "{$: $}",
    "{?$: $}",
    "$[$]",
    "$[?$]",
    "$.name",
    "$.?spec",
    "has($.spec)",
    "has(object.spec.$)",
    "size($)",
    "int($)",
    "uint($)",
    "double($)",
    "string($)",
    "bytes($)",
    "duration($)",
    "timestamp($)",
    "type($)",
    "dyn($)",
    "$.all(x, $)",
    "$.exists(x, $)",
    "$.exists_one(x, $)",
    "$.map(x, $)",
    "$.map(x, $, $)",
    "$.filter(x, $)",
    "$.all(i, x, $)",
    "$.transformList(i, x, $)",
    "$.transformMap(i, x, $)",
    "$.transformMapEntry(i, x, {$: $})",
    "cel.bind(x, $, $)",
    "$.orValue($)",
    "$.optMap(x, $)",
    "optional.of($)",
    "$.matches($)",
    "$.startsWith($)",
    "$.split($)",
    "$.replace($, $)",
    "$.substring($, $)",
    "$.format([$, $])",
    "$.getHours($)",
    "$.sort()",
    "$.slice($, $)",
    "$.flatten()",
    "$.sum()",
    "$.join($)",
    "math.greatest($, $)",
    "sets.contains($, $)",
    "quantity($)",
    "ip($)",
    "semver($)",
    "url($)",
    "base64.decode($)",
    "Object{a: $}",
    ".object",
    "$",
    "$$",
    "($",
    "$)",
    "'",
    "\\",
    "/*",
    "a.b.c($)",
];

const CONSTANTS: &[&str] = &[
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615u",
    "0u",
    "1.5",
    "1e308",
    "-0.0",
    "true",
    "false",
    "null",
    "''",
    "'a'",
    "'héllo'",
    "'%d %s'",
    "'(['",
    "'1h'",
    "'2024-01-01T00:00:00Z'",
    "'America/New_York'",
    "b'\\xff'",
    "'10.0.0.1'",
    "'1Gi'",
    "[]",
    "{}",
    "'\\u{1F600}'",
    "0x7f",
    "'web'",
    "'ALL'",
];

/// A small generator of numbers (xorshift), so that every run tries the same.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn expression(&mut self, depth: usize) -> String {
        let piece = match depth {
            0 => "#",
            _ => PIECES[self.below(PIECES.len())],
        };
        let mut text = String::new();
        for letter in piece.chars() {
            match letter {
                '$' => text.push_str(&self.expression(depth - 1)),
                '#' => text.push_str(CONSTANTS[self.below(CONSTANTS.len())]),
                other => text.push(other),
            }
        }
        text
    }
}

struct Pod(Json);

impl<'a> Variables<'a> for &'a Pod {
    fn get(&self, name: &str) -> Option<Evaluated<'a>> {
        (name == "object").then(|| Ok(Value::from(&self.0)))
    }
}

fn evaluate<'a>(program: &'a Program, pod: &'a Pod, limit: u64) -> Outcome<'a> {
    let options = Options {
        host: &Offline,
        cost_limit: Some(limit),
    };
    program.evaluate(&pod, options)
}

fn text(outcome: &Outcome<'_>) -> String {
    match &outcome.result {
        Ok(value) => format!("{value:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn random_expressions_end_with_a_value_or_an_error() {
    let environment = Environment::kubernetes(KubernetesVersion::new(1, 36))
        .variable("object", Type::Dyn)
        .variable("x", Type::Dyn)
        .build();
    let pod = Pod(json!({
        "metadata": {"name": "web", "labels": {"app": "x"}},
        "spec": {"replicas": 3, "containers": [{"name": "a", "image": "b:1"}, {"name": "b"}]},
    }));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut evaluated = 0;
    for round in 0..ROUNDS {
        let expression = random.expression(1 + round % 5);
        let compiled = environment
            .compile(&expression)
            .and_then(|checked| environment.program(&checked));
        let Ok(program) = compiled else { continue };
        evaluated += 1;
        let first = evaluate(&program, &pod, LIMIT);
        let again = evaluate(&program, &pod, LIMIT);
        assert_eq!(text(&first), text(&again), "{expression}");
        assert_eq!(first.cost, again.cost, "{expression}");
        if let Some(below) = first.cost.checked_sub(1) {
            let stopped = evaluate(&program, &pod, below);
            let kind = stopped.result.map_err(|error| error.kind).err();
            assert_eq!(kind, Some(EvalErrorKind::CostLimit), "{expression}");
        }
    }
    assert!(evaluated > ROUNDS / 10, "only {evaluated} were evaluated");
}
