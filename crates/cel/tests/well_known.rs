//! Messages of protocol buffers that are values of the language.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use portcullis_cel::{
    environment::{Environment, KubernetesVersion},
    host::Offline,
    program::Options,
};

#[test]
fn well_known_messages_are_values() {
    let environment = Environment::kubernetes(KubernetesVersion::new(1, 36)).build();
    for (expression, expected) in [
        ("google.protobuf.Int64Value{value: 5}", "wrapper(int) 5"),
        ("google.protobuf.Int64Value{}", "wrapper(int) 0"),
        (
            "google.protobuf.Int32Value{value: 5000000000}",
            "range error converting to a 32-bit number",
        ),
        ("google.protobuf.UInt32Value{value: 5u}", "wrapper(uint) 5"),
        (
            "google.protobuf.StringValue{value: 'a'}",
            "wrapper(string) a",
        ),
        (
            "google.protobuf.BoolValue{value: true}",
            "wrapper(bool) true",
        ),
        ("google.protobuf.FloatValue{value: 0.1} == 0.1", "false"),
        (
            "google.protobuf.Struct{fields: {'a': 1.0}} == {'a': 1.0}",
            "true",
        ),
        ("google.protobuf.ListValue{values: [1.0]} == [1.0]", "true"),
        ("google.protobuf.Value{}", "dyn null"),
        ("google.protobuf.Value{number_value: 1.5}", "dyn 1.5"),
        (
            "google.protobuf.Int64Value{value: dyn('a')}",
            "unsupported field type for google.protobuf value: string",
        ),
        (
            "google.protobuf.Int64Value{value: 'a'}",
            "ERROR: <input>:1:33: expected type of field 'value' is 'int' but provided type is 'string'",
        ),
        (
            "google.protobuf.Int64Value{number: 1}",
            "ERROR: <input>:1:34: undefined field 'number'",
        ),
        (
            "google.protobuf.Other{}",
            "ERROR: <input>:1:22: undeclared reference to 'google.protobuf.Other' (in container '')",
        ),
    ] {
        let said = said(&environment, expression);
        assert!(said.ends_with(expected), "{expression}: {said}");
    }
}

/// The type and the value, or the first line of what is wrong.
fn said(environment: &Environment, expression: &str) -> String {
    let checked = match environment.compile(expression) {
        Ok(checked) => checked,
        Err(error) => return error.to_string().lines().next().unwrap().to_owned(),
    };
    let program = environment.program(&checked).unwrap();
    let options = Options {
        host: &Offline,
        cost_limit: None,
    };
    match program.evaluate(&(), options).result {
        Ok(value) => format!("{} {value}", checked.result_type()),
        Err(error) => error.to_string(),
    }
}
