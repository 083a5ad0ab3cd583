//! CEL: the parser and the checker take any text, and what they accept ends with a value or an error.
//!
//! The input is an expression, a line feed, and the JSON of `object`; without JSON it is a Pod.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_cel::{
    environment::{Environment, KubernetesVersion},
    error::Evaluated,
    host::Offline,
    program::{Options, Variables},
    types::Type,
    value::Value,
};
use serde_json::{Value as Json, json};

struct Object(Json);

impl<'a> Variables<'a> for &'a Object {
    fn get(&self, name: &str) -> Option<Evaluated<'a>> {
        (name == "object").then(|| Ok(Value::from(&self.0)))
    }
}

fuzz_target!(|input: &str| {
    let (source, data) = input.split_once('\n').unwrap_or((input, ""));
    let environment = Environment::kubernetes(KubernetesVersion::new(1, 36))
        .variable("object", Type::Dyn)
        .build();
    let Ok(checked) = environment.compile(source) else {
        return;
    };
    let Ok(program) = environment.program(&checked) else {
        return;
    };
    let pod = || json!({"metadata": {"name": "web"}, "spec": {"containers": [{"image": "nginx"}]}});
    let object = Object(serde_json::from_str(data).unwrap_or_else(|_| pod()));
    let options = Options {
        host: &Offline,
        cost_limit: Some(100_000),
    };
    let _ = program.evaluate(&&object, options);
});
