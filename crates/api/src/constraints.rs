//! Schema pieces that Rust types do not say by themselves: untyped values, integers of no set size.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Any value at all; the API server keeps what is in it.
pub(crate) fn any_value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// An integer of no set size.
pub(crate) fn integer(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer"})
}
