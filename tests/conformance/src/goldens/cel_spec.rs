//! Replays `cel-spec`: the tests of the language's specification.
//!
//! `cel-spec` is out of all of them; `cel-spec applicable` leaves out those that need messages of
//! protocol buffers, which Kubernetes' objects are not, and those of which cel-go or Kubernetes does
//! something else (see `applicable`).

mod applicable;
mod expected;

use portcullis_cel::{
    checked::CheckedAst,
    environment::{Builder, Environment},
    host::Offline,
    library::{ext, kubernetes},
    program::Options,
};
use serde_json::Value;

use super::{answer::same_json, cases, cel::shown};
use crate::score::Score;

/// The name of the table.
pub const NAME: &str = "cel-spec";

/// Replays the table.
#[must_use]
pub fn replay(table: &Value) -> Vec<Score> {
    let mut all = Score::new(NAME);
    let mut applicable = Score::new(format!("{NAME} applicable"));
    let standard = standard().build();
    for case in cases(table) {
        let test = &case["test"];
        let part = |name: &str| case[name].as_str().unwrap_or_default();
        let name = test["name"].as_str().unwrap_or_default();
        let path = format!("{}/{}/{name}", part("file"), part("section"));
        let named = || format!("{path} {}", part("in"));
        match applicable::obstacle(&standard, &path, test) {
            Some(obstacle) => all.count(named, Err(format!("not applicable: {obstacle}"))),
            None => {
                let outcome = check(&standard, test);
                all.count(named, outcome.clone());
                applicable.count(named, outcome);
            }
        }
    }
    vec![all, applicable]
}

/// The language with every library that the tests use.
fn standard() -> Builder {
    Environment::builder().libraries(&[
        &kubernetes::CIDR,
        &kubernetes::IP,
        &ext::STRINGS,
        &ext::QUOTE,
        &ext::REVERSE,
        &ext::FORMAT_4,
        &ext::OPTIONAL,
        &ext::MATH,
        &ext::ENCODERS,
        &ext::BINDINGS,
        &ext::BLOCK,
        &ext::TWO_VARIABLES,
    ])
}

fn check(standard: &Environment, test: &Value) -> Result<(), String> {
    let text = test["expr"].as_str().unwrap_or_default();
    let mut builder = standard.extend();
    if let Some(container) = test["container"].as_str() {
        builder = builder.container(container);
    }
    for declared in test["typeEnv"].as_array().into_iter().flatten() {
        let name = declared["name"].as_str().unwrap_or_default();
        if let Some(library) = expected::function(name, &declared["function"]) {
            builder = builder.library(library);
            continue;
        }
        let of = expected::type_of(&declared["ident"]["type"]);
        builder = builder.variable(name, of);
    }
    let environment = builder.build();
    let expects_error = test.get("evalError").is_some();
    let compiled = match test["disableCheck"] == true {
        true => environment.compile_unchecked(text),
        false => environment.compile(text),
    };
    let checked = compiled.map_err(|error| {
        error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    })?;
    if let Some(deduced) = test["typedResult"].get("deducedType") {
        let (wanted, found) = (expected::type_of(deduced), checked.result_type());
        if wanted != *found {
            return Err(format!("expected type {wanted}, found {found}"));
        }
    }
    if test["checkOnly"] == true {
        return Ok(());
    }
    let found = evaluate(&environment, &checked, test);
    match (expects_error, found) {
        (true, Err(_)) => Ok(()),
        (true, Ok(found)) => Err(format!("expected an error, found {found}")),
        (false, Err(error)) => Err(format!("found error {error}")),
        (false, Ok(found)) => {
            let wanted = expected::answer(test);
            match same_json(&wanted, &found) {
                true => Ok(()),
                false => Err(format!("expected {wanted}, found {found}")),
            }
        }
    }
}

fn evaluate(
    environment: &Environment,
    checked: &CheckedAst,
    test: &Value,
) -> Result<Value, String> {
    let program = environment
        .program(checked)
        .map_err(|error| error.to_string())?;
    let bindings = expected::Bindings::new(&test["bindings"]);
    let options = Options {
        host: &Offline,
        cost_limit: None,
    };
    let outcome = program.evaluate(&bindings, options);
    match outcome.result {
        Ok(value) => Ok(shown(&value)),
        Err(error) => Err(error.message),
    }
}
