//! Patterns and conditions: no input makes them panic.
//!
//! The input is JSON: `[pattern, object]`. The two are also the key and the value of a condition
//! with every operator.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_engine::{
    conditions::{Operator, holds},
    pattern::Pattern,
    request::NumberModel,
};
use portcullis_values::Val;
use serde_json::Value;

const OPERATORS: &[&str] = &[
    "Equals",
    "NotEquals",
    "In",
    "NotIn",
    "AnyIn",
    "AllIn",
    "AnyNotIn",
    "AllNotIn",
    "GreaterThan",
    "LessThanOrEquals",
    "DurationLessThan",
];

fuzz_target!(|data: &[u8]| {
    let Ok((pattern, object)) = serde_json::from_slice::<(Value, Value)>(data) else {
        return;
    };
    let compiled = Pattern::compile(&pattern);
    for numbers in [NumberModel::Integers, NumberModel::KyvernoOffline] {
        let _ = compiled.evaluate(&Val::from(&object), numbers);
    }
    for name in OPERATORS {
        if let Ok(operator) = Operator::parse(name) {
            let _ = holds(&operator, &Val::from(&pattern), &Val::from(&object));
        }
    }
});
