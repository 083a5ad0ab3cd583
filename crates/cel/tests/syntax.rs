//! What texts parse to, and what is said of those that do not parse.

use portcullis_cel::{
    environment::Environment,
    syntax::ast::{Ast, Expr, ExprKind, Literal},
};

/// The tree in short: calls as `(function args)`, member calls as `(target .function args)`.
fn tree(expr: &Expr) -> String {
    let all = |exprs: &[Expr]| {
        exprs
            .iter()
            .map(|e| format!(" {}", tree(e)))
            .collect::<String>()
    };
    match &expr.kind {
        ExprKind::Literal(Literal::Int(number)) => number.to_string(),
        ExprKind::Literal(literal) => format!("{literal:?}"),
        ExprKind::Ident(name) => name.clone(),
        ExprKind::Select {
            operand,
            field,
            test_only,
        } => {
            format!(
                "{}{}.{field}",
                if *test_only { "has " } else { "" },
                tree(operand)
            )
        }
        ExprKind::Call {
            function,
            target: None,
            args,
        } => format!("({function}{})", all(args)),
        ExprKind::Call {
            function,
            target: Some(target),
            args,
        } => {
            format!("({} .{function}{})", tree(target), all(args))
        }
        ExprKind::List { elements, optional } => format!("[{}]{optional:?}", all(elements)),
        ExprKind::Map(entries) => {
            let mut text = "{".to_owned();
            for entry in entries {
                let mark = if entry.optional { "?" } else { "" };
                text += &format!("{mark}{}: {} ", tree(&entry.key), tree(&entry.value));
            }
            text + "}"
        }
        ExprKind::Struct { name, fields } => {
            let mut text = format!("{name}{{");
            for field in fields {
                let mark = if field.optional { "?" } else { "" };
                text += &format!("{mark}{}: {} ", field.name, tree(&field.value));
            }
            text + "}"
        }
        ExprKind::Comprehension(fold) => format!(
            "fold({},{} over {}; {} = {}; while {}; {}; {})",
            fold.iter_var,
            fold.iter_var2.as_deref().unwrap_or_default(),
            tree(&fold.iter_range),
            fold.accu_var,
            tree(&fold.accu_init),
            tree(&fold.loop_condition),
            tree(&fold.loop_step),
            tree(&fold.result)
        ),
    }
}

#[test]
fn trees() {
    let environment = Environment::kyverno().build();
    let table = [
        ("1 + 2 * 3 - 4", "(_-_ (_+_ 1 (_*_ 2 3)) 4)"),
        ("a || b && c || d", "(_||_ (_||_ a (_&&_ b c)) d)"),
        ("a && b && c && d", "(_&&_ (_&&_ a b) (_&&_ c d))"),
        ("a ? b : c ? d : e", "(_?_:_ a b (_?_:_ c d e))"),
        ("!!a == !b", "(_==_ a (!_ b))"),
        ("-1 - -a", "(_-_ -1 (-_ a))"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0xff + -0x1", "(_+_ 255 -1)"),
        ("a.b.c(1)[2]", "(_[_] (a.b .c 1) 2)"),
        (".a.f(x) in y", "(@in (.a .f x) y)"),
        ("a.?b[?0]", "(_[?_] (_?._ a String(\"b\")) 0)"),
        ("a.`b-c/d`", "a.b-c/d"),
        ("a.B{c: 1, ?`d`: 2}", "a.B{c: 1 ?d: 2 }"),
        ("[1, ?2,]", "[ 1 2][1]"),
        ("{'a': 1, ?b: 2}", "{String(\"a\"): 1 ?b: 2 }"),
        (
            "r'\\d' + '\\x41\\101\\u00e9'",
            r#"(_+_ String("\\d") String("AAé"))"#,
        ),
        ("b'\\xff\\101é'", "Bytes([255, 65, 195, 169])"),
        ("'''a\r\n'b'''", "String(\"a\\n'b\")"),
        ("1e3 // comment", "Double(1000.0)"),
        ("has(a.b)", "has a.b"),
        (
            "l.all(x, x)",
            "fold(x, over l; @result = Bool(true); while (@not_strictly_false @result); (_&&_ @result x); @result)",
        ),
        (
            "l.map(x, p, t)",
            "fold(x, over l; @result = []; while Bool(true); (_?_:_ p (_+_ @result [ t][]) @result); @result)",
        ),
        (
            "cel.bind(x, 1, x)",
            "fold(#unused, over []; x = 1; while Bool(false); x; x)",
        ),
        (
            "o.optMap(x, x)",
            "(_?_:_ (o .hasValue) (optional.of fold(#unused, over []; x = (o .value); while Bool(false); x; x)) (optional.none))",
        ),
        (
            "m.transformMap(k, v, v)",
            "fold(k,v over m; @result = {}; while Bool(true); (cel.@mapInsert @result k v); @result)",
        ),
        ("math.greatest(1, a, 2)", "(math.@max [ 1 a 2][])"),
    ];
    for (text, expected) in table {
        let found = environment.parse(text).map(|ast| tree(&ast.root));
        assert_eq!(
            found.as_deref().map(|tree| tree.replace("[][]", "[]")),
            Ok(expected.to_owned()),
            "{text}"
        );
    }
}

const MEMBER: &str = "'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER";

#[test]
fn errors() {
    let environment = Environment::kyverno().build();
    let table: &[(&str, &[&str])] = &[
        (
            "1 +",
            &["1:4: Syntax error: mismatched input '<EOF>' expecting {M}"],
        ),
        ("(1", &["1:3: Syntax error: missing ')' at '<EOF>'"]),
        (
            "[1",
            &["1:3: Syntax error: mismatched input '<EOF>' expecting {']', ','}"],
        ),
        (
            "a b",
            &["1:3: Syntax error: extraneous input 'b' expecting <EOF>"],
        ),
        (
            "? :",
            &[
                "1:1: Syntax error: mismatched input '?' expecting {M}",
                "1:3: Syntax error: mismatched input ':' expecting {M}",
                "1:4: Syntax error: mismatched input '<EOF>' expecting {M}",
            ],
        ),
        (
            "-",
            &[
                "1:2: Syntax error: no viable alternative at input '-'",
                "1:2: Syntax error: mismatched input '<EOF>' expecting {M}",
            ],
        ),
        (
            "a.true",
            &["1:3: Syntax error: mismatched input 'true' expecting IDENTIFIER"],
        ),
        (
            "a\n  .b\n  ..c",
            &["3:4: Syntax error: no viable alternative at input '..'"],
        ),
        (
            "",
            &["1:0: Syntax error: mismatched input '<EOF>' expecting {M}"],
        ),
        (
            "a.é('b')",
            &[
                "1:3: Syntax error: token recognition error at: 'é'",
                "1:4: Syntax error: no viable alternative at input '.('",
            ],
        ),
        (
            "a.?1",
            &[
                "1:4: Syntax error: mismatched input '1' expecting {IDENTIFIER, ESC_IDENTIFIER}",
                "1:4: unsupported ident kind",
            ],
        ),
        (
            "f((1",
            &["1:5: Syntax error: mismatched input '<EOF>' expecting ')'"],
        ),
        (
            "{f(1}",
            &["1:5: Syntax error: mismatched input '}' expecting ')'"],
        ),
        (
            "f(1], [1])",
            &[
                "1:4: Syntax error: mismatched input ']' expecting ')'",
                "1:10: Syntax error: extraneous input ')' expecting <EOF>",
            ],
        ),
        (
            "l.f(1], [1])",
            &["1:6: Syntax error: mismatched input ']' expecting ')'"],
        ),
        (
            "has(a.)",
            &[
                "1:5: invalid argument to has() macro",
                "1:7: Syntax error: no viable alternative at input '.)'",
            ],
        ),
        (
            "has(a.b.[c)",
            &["1:9: Syntax error: no viable alternative at input '.['"],
        ),
        (
            "has(a]",
            &[
                "1:5: invalid argument to has() macro",
                "1:6: Syntax error: mismatched input ']' expecting ')'",
            ],
        ),
        (
            "l.all(m.all(x.y, true), true)",
            &[
                "1:14: argument must be a simple name",
                "1:14: argument must be a simple name",
            ],
        ),
        ("l.sortBy(x.y, 1)", &["1:11: argument is not an identifier"]),
        (
            "'l'.sortBy(x, 1)",
            &[
                "1:1: sortBy can only be applied to a list, identifier, comprehension, call or select expression",
            ],
        ),
        ("'\\ud800'", &["1:1: invalid unicode code point"]),
        ("9223372036854775808", &["1:1: invalid int literal"]),
        ("1e999", &["1:1: invalid double literal"]),
        ("for", &["1:1: reserved identifier: for"]),
        ("has(a)", &["1:5: invalid argument to has() macro"]),
        ("l.all(x.y, true)", &["1:8: argument must be a simple name"]),
        ("l.map(x.y, true)", &["1:8: argument is not an identifier"]),
        ("l.all(k, k, true)", &["1:10: duplicate variable name: k"]),
        (
            "l.all(__result__, true)",
            &["1:7: iteration variable overwrites accumulator variable"],
        ),
        (
            "math.least('a')",
            &["1:12: math.least() invalid single argument value"],
        ),
    ];
    for (text, expected) in table {
        let error = environment.parse(text).expect_err(text);
        let found: Vec<String> = error
            .rendered
            .lines()
            .filter_map(|line| line.strip_prefix("ERROR: <input>:"))
            .map(|line| line.replace(MEMBER, "M"))
            .collect();
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn places() {
    let error = Environment::kyverno()
        .build()
        .parse("é +\n\t'ü' ?")
        .expect_err("no expression");
    let expected = "ERROR: <input>:1:1: Syntax error: token recognition error at: 'é'\n | é +\n | ＾\n\
        ERROR: <input>:1:3: Syntax error: extraneous input '+' expecting {M}\n | é +\n | ．.^\n\
        ERROR: <input>:2:7: Syntax error: mismatched input '<EOF>' expecting {M}\n |  'ü' ?\n | ..．...^";
    assert_eq!(error.rendered.replace(MEMBER, "M"), expected);
}

/// Texts that nest without end are errors, and those at the limit are not.
#[test]
fn limits() {
    let environment = Environment::kyverno().build();
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{}1{}", open.repeat(depth), close.repeat(depth))
    };
    let accepted = [
        nested("(", ")", 249),
        nested("[", "]", 249),
        nested("f(", ")", 249),
        format!("a{}", ".b".repeat(249)),
        format!("a{}", " + b".repeat(248)),
        format!("a{}", " && b".repeat(10_000)),
        nested("!", "", 10_000),
    ];
    for text in &accepted {
        let Ok(Ast { root, .. }) = environment.parse(text) else {
            panic!("refused: {text}");
        };
        drop(root.clone());
    }
    let refused = [
        nested("(", ")", 250),
        nested("[", "]", 100_000 / 2),
        nested("{1: ", "}", 20_000),
        nested("A{a: ", "}", 15_000),
        format!("a{}", ".b".repeat(250)),
        format!("a{}", "[0]".repeat(30_000)),
        format!("a{}", " + b".repeat(249)),
        format!("a{}", " == b".repeat(249)),
        format!("a{}", " ? b : c".repeat(250)),
        format!("{}a{}", "f(b.".repeat(200), ".c)".repeat(200)),
        format!("x{}", ".optMap(x, x)".repeat(100)),
        "(".repeat(1_000_000),
        format!("'{}'", "a".repeat(1_000_000)),
    ];
    for text in &refused {
        let error = environment.parse(text).expect_err("too much");
        let message = &error.issues[0].message;
        assert!(
            message.contains("exceed"),
            "{message}: {}",
            text.get(..50).unwrap_or(text)
        );
    }
}
