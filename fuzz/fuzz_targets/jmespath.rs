//! JMESPath: the parser takes any text, and what it accepts ends with a value or an error.
//!
//! The input is an expression, a line feed, and the JSON that it looks at; without JSON it looks at
//! a Pod.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_jmespath::{Expression, Offline, ast_dump};
use portcullis_values::Val;
use serde_json::{Value, json};

fuzz_target!(|input: &str| {
    let (source, data) = input.split_once('\n').unwrap_or((input, ""));
    let Ok(expression) = Expression::compile(source) else {
        return;
    };
    let _ = ast_dump(&expression);
    let pod = || json!({"metadata": {"name": "web"}, "spec": {"containers": [{"image": "nginx"}]}});
    let data: Value = serde_json::from_str(data).unwrap_or_else(|_| pod());
    let _ = expression.evaluate(&Val::from(&data), &Offline);
});
