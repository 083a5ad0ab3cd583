//! `parse_json`, `parse_yaml`, `to_number`, `to_string` and `type`.

mod float;

use portcullis_values::{Val, gojson};
use portcullis_yaml::{Limits, Mode};

use super::Call;
use crate::{
    budget::MAX_TEXT,
    error::Evaluated,
    value::{from_number, number, type_name},
};

pub(super) fn parse_json<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    gojson::decode(&call.text(0)?)
        .map(Val::from_owned)
        .map_err(|error| call.argument_cause(0, format!("not JSON: {error}")))
}

/// The first document, as Kubernetes reads YAML.
pub(super) fn parse_yaml<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    portcullis_yaml::read(&call.text(0)?, Mode::Lenient, &Limits::default())
        .map(Val::from_owned)
        .map_err(|error| call.argument_cause(0, format!("not YAML: {error}")))
}

/// The number that a text spells; null for everything else.
pub(super) fn to_number<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let value = call.value(0);
    match &value {
        Val::Str(text) => Ok(float::parse(text).map(from_number).unwrap_or_default()),
        Val::Bytes(_) | Val::Null | Val::Bool(_) | Val::Map(_) => Ok(Val::Null),
        Val::List(_) => call.list(0).map(|_| Val::Null),
        Val::Opaque(_) => Err(call.argument_error(0, "a JSON value")),
        Val::Int(_) | Val::UInt(_) | Val::Double(_) => {
            Ok(number(&value).map(from_number).unwrap_or_default())
        }
    }
}

/// The text itself, or the JSON text of anything else.
pub(super) fn to_string<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let value = call.value(0);
    if let Val::Str(_) | Val::Bytes(_) = value {
        return Ok(value);
    }
    gojson::encode(&value, MAX_TEXT)
        .map(Val::from)
        .map_err(|error| call.error(error))
}

/// `array`, `boolean`, `null`, `number`, `object` or `string`.
pub(super) fn type_of<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let value = call.value(0);
    match &value {
        Val::Opaque(_) => Err(call.argument_error(0, "a JSON value")),
        Val::List(_) => call.list(0).map(|_| Val::from("array")),
        other => Ok(Val::from(type_name(other))),
    }
}
