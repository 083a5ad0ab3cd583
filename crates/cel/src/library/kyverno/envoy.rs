//! `envoy`: answers to Envoy's check requests, and the types of both.
//!
//! ```text
//! envoy.Allowed().WithHeader("x-user", "anna").Response()
//! envoy.Denied(403).WithBody("no").Response().WithMessage("not allowed")
//! ```

mod messages;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;

pub use self::messages::{CHECK_REQUEST, CHECK_RESPONSE, ENVOY_MESSAGES};
use self::messages::{DENIED, HEADER, HEADER_VALUE, HTTP_STATUS, OK, PARAMETER, STATUS};
use super::text;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    message::Naming,
    value::{List, Struct, Text, Value},
};

/// Kyverno's `envoy` library.
pub const ENVOY: Library = Library {
    name: "kyverno.authz.envoy",
    overloads: &[
        Overload::new(
            "allowed",
            "envoy.Allowed() -> message(envoy.service.auth.v3.OkHttpResponse)",
            allowed,
        ),
        Overload::new(
            "denied",
            "envoy.Denied(int) -> message(envoy.service.auth.v3.DeniedHttpResponse)",
            denied,
        ),
        Overload::new(
            "header_key_value",
            "envoy.Header(string, string) -> message(envoy.config.core.v3.HeaderValueOption)",
            header,
        ),
        Overload::new(
            "queryparam_key_value",
            "envoy.QueryParam(string, string) -> message(envoy.config.core.v3.QueryParameter)",
            parameter,
        ),
        Overload::new(
            "denied_with_body",
            "message(envoy.service.auth.v3.DeniedHttpResponse).WithBody(string) -> message(envoy.service.auth.v3.DeniedHttpResponse)",
            with_body,
        ),
        Overload::new(
            "ok_with_header_header",
            "message(envoy.service.auth.v3.OkHttpResponse).WithHeader(message(envoy.config.core.v3.HeaderValueOption)) -> message(envoy.service.auth.v3.OkHttpResponse)",
            with_header,
        ),
        Overload::new(
            "ok_with_header_string_string",
            "message(envoy.service.auth.v3.OkHttpResponse).WithHeader(string, string) -> message(envoy.service.auth.v3.OkHttpResponse)",
            with_header,
        ),
        Overload::new(
            "denied_with_header_header",
            "message(envoy.service.auth.v3.DeniedHttpResponse).WithHeader(message(envoy.config.core.v3.HeaderValueOption)) -> message(envoy.service.auth.v3.DeniedHttpResponse)",
            with_header,
        ),
        Overload::new(
            "denied_with_header_string_string",
            "message(envoy.service.auth.v3.DeniedHttpResponse).WithHeader(string, string) -> message(envoy.service.auth.v3.DeniedHttpResponse)",
            with_header,
        ),
        Overload::new(
            "ok_without_header",
            "message(envoy.service.auth.v3.OkHttpResponse).WithoutHeader(string) -> message(envoy.service.auth.v3.OkHttpResponse)",
            without_header,
        ),
        Overload::new(
            "ok_with_response_header_header",
            "message(envoy.service.auth.v3.OkHttpResponse).WithResponseHeader(message(envoy.config.core.v3.HeaderValueOption)) -> message(envoy.service.auth.v3.OkHttpResponse)",
            with_response_header,
        ),
        Overload::new(
            "ok_with_response_header_string_string",
            "message(envoy.service.auth.v3.OkHttpResponse).WithResponseHeader(string, string) -> message(envoy.service.auth.v3.OkHttpResponse)",
            with_response_header,
        ),
        Overload::new(
            "ok_with_queryparam_param",
            "message(envoy.service.auth.v3.OkHttpResponse).WithQueryParam(message(envoy.config.core.v3.QueryParameter)) -> message(envoy.service.auth.v3.OkHttpResponse)",
            with_parameter,
        ),
        Overload::new(
            "ok_with_queryparam_string_string",
            "message(envoy.service.auth.v3.OkHttpResponse).WithQueryParam(string, string) -> message(envoy.service.auth.v3.OkHttpResponse)",
            with_parameter,
        ),
        Overload::new(
            "ok_without_queryparam_string",
            "message(envoy.service.auth.v3.OkHttpResponse).WithoutQueryParam(string) -> message(envoy.service.auth.v3.OkHttpResponse)",
            without_parameter,
        ),
        Overload::new(
            "header_keep_empty_value",
            "message(envoy.config.core.v3.HeaderValueOption).KeepEmptyValue() -> message(envoy.config.core.v3.HeaderValueOption)",
            keep_empty,
        ),
        Overload::new(
            "header_keep_empty_value_bool",
            "message(envoy.config.core.v3.HeaderValueOption).KeepEmptyValue(bool) -> message(envoy.config.core.v3.HeaderValueOption)",
            keep_empty,
        ),
        Overload::new(
            "ok_response",
            "message(envoy.service.auth.v3.OkHttpResponse).Response() -> message(envoy.service.auth.v3.CheckResponse)",
            response,
        ),
        Overload::new(
            "denied_response",
            "message(envoy.service.auth.v3.DeniedHttpResponse).Response() -> message(envoy.service.auth.v3.CheckResponse)",
            response,
        ),
        Overload::new(
            "response_ok_with_message",
            "message(envoy.service.auth.v3.CheckResponse).WithMessage(string) -> message(envoy.service.auth.v3.CheckResponse)",
            with_message,
        ),
        Overload::new(
            "response_ok_with_metadata",
            "message(envoy.service.auth.v3.CheckResponse).WithMetadata(map(string, dyn)) -> message(envoy.service.auth.v3.CheckResponse)",
            with_metadata,
        ),
    ],
    macros: &[],
    variables: &[],
};

/// The code of an answer that denies: `PERMISSION_DENIED`.
const PERMISSION_DENIED: i64 = 7;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvoyAnswer {
    /// The request may pass.
    Allowed,
    /// The request is answered with this status of HTTP.
    Denied(i64),
}

/// What an answer says; none where the value is no answer. As for Envoy, its status decides where it
/// has no response of either kind.
#[must_use]
pub fn envoy_answer(value: &Value<'_>) -> Option<EnvoyAnswer> {
    let code = |of: Option<&Value<'_>>| match of.and_then(|of| field(of, "code")) {
        Some(Value::Int(code)) => *code,
        _ => 0,
    };
    let answer = match value {
        Value::Struct(of) if *of.type_name == *CHECK_RESPONSE => value,
        _ => return None,
    };
    if let Some(denied) = field(answer, "denied_response") {
        return Some(EnvoyAnswer::Denied(code(field(denied, "status"))));
    }
    let is_ok = field(answer, "ok_response").is_some() || code(field(answer, "status")) == 0;
    Some(if is_ok {
        EnvoyAnswer::Allowed
    } else {
        EnvoyAnswer::Denied(403)
    })
}

fn field<'v, 'a>(message: &'v Value<'a>, name: &str) -> Option<&'v Value<'a>> {
    match message {
        Value::Struct(of) => of.fields.get(name),
        _ => None,
    }
}

/// A message with these fields.
pub(super) fn message<'a, const N: usize>(
    name: &str,
    fields: [(&'static str, Value<'a>); N],
) -> Value<'a> {
    let fields = fields.map(|(name, value)| (Text::Borrowed(name), value));
    Value::Struct(Arc::new(Struct {
        type_name: name.into(),
        fields: BTreeMap::from(fields),
    }))
}

/// A message with one field set anew.
fn with<'a>(
    args: &[Value<'a>],
    name: &'static str,
    change: impl FnOnce(Option<&Value<'a>>) -> Value<'a>,
) -> Evaluated<'a> {
    let Some(Value::Struct(of)) = args.first() else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut fields = of.fields.clone();
    let value = change(fields.get(name));
    fields.insert(Text::Borrowed(name), value);
    Ok(Value::Struct(Arc::new(Struct {
        type_name: of.type_name.clone(),
        fields,
    })))
}

/// A message with one value more in a list of it.
fn with_item<'a>(args: &[Value<'a>], name: &'static str, item: Value<'a>) -> Evaluated<'a> {
    with(args, name, |list| {
        let known: Vec<Value<'a>> = match list {
            Some(Value::List(list)) => list.iter().collect(),
            _ => Vec::new(),
        };
        Value::List(List::from_iter(known.into_iter().chain([item])))
    })
}

fn argument<'a>(args: &[Value<'a>], at: usize) -> Evaluated<'a> {
    let found = args.get(at).cloned();
    found.ok_or_else(|| EvalError::no_such_overload().into())
}

fn allowed<'a>(_call: &Call<'_>, _args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(message(OK, []))
}

fn denied<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let status = message(HTTP_STATUS, [("code", argument(args, 0)?)]);
    Ok(message(DENIED, [("status", status)]))
}

fn header_of<'a>(key: Value<'a>, value: Value<'a>) -> Value<'a> {
    let header = message(HEADER_VALUE, [("key", key), ("value", value)]);
    message(HEADER, [("header", header)])
}

fn header<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(header_of(argument(args, 0)?, argument(args, 1)?))
}

fn parameter<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let fields = [("key", argument(args, 0)?), ("value", argument(args, 1)?)];
    Ok(message(PARAMETER, fields))
}

/// A header or parameter behind the receiver: a message, or name and value.
fn named<'a>(
    args: &[Value<'a>],
    of: impl FnOnce(Value<'a>, Value<'a>) -> Value<'a>,
) -> Evaluated<'a> {
    match args.get(2) {
        Some(value) => Ok(of(argument(args, 1)?, value.clone())),
        None => argument(args, 1),
    }
}

fn with_body<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let body = argument(args, 1)?;
    with(args, "body", |_| body)
}

fn with_header<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    with_item(args, "headers", named(args, header_of)?)
}

fn without_header<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    with_item(args, "headers_to_remove", argument(args, 1)?)
}

fn with_response_header<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    with_item(args, "response_headers_to_add", named(args, header_of)?)
}

fn with_parameter<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let parameter = |key, value| message(PARAMETER, [("key", key), ("value", value)]);
    with_item(args, "query_parameters_to_set", named(args, parameter)?)
}

fn without_parameter<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    with_item(args, "query_parameters_to_remove", argument(args, 1)?)
}

fn keep_empty<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let keep = args.get(1).cloned().unwrap_or(Value::Bool(true));
    with(args, "keep_empty_value", |_| keep)
}

fn response<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let answer = argument(args, 0)?;
    let is_ok = matches!(&answer, Value::Struct(of) if *of.type_name == *OK);
    let (name, code) = match is_ok {
        true => ("ok_response", 0),
        false => ("denied_response", PERMISSION_DENIED),
    };
    let status = message(STATUS, [("code", Value::Int(code))]);
    Ok(message(
        CHECK_RESPONSE,
        [("status", status), (name, answer)],
    ))
}

fn with_message<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    text(args, 1)?;
    let told = argument(args, 1)?;
    with(args, "status", |status| {
        let code = status.and_then(|status| field(status, "code")).cloned();
        let code = code.unwrap_or(Value::Int(0));
        message(STATUS, [("code", code), ("message", told)])
    })
}

fn with_metadata<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let metadata = argument(args, 1)?;
    with(args, "dynamic_metadata", |_| metadata)
}

/// A check request, as `object` of an expression.
///
/// # Errors
/// What of the JSON does not fit, with its path.
pub fn envoy_request(json: &Json) -> Result<Value<'static>, String> {
    ENVOY_MESSAGES.read(CHECK_REQUEST, json, Naming::Protobuf)
}
