//! `http` for policies that authorize HTTP requests: answers, and the headers and parameters of a
//! request.
//!
//! ```text
//! object.attributes.Header("x-team") == ["shop"] ? http.Allowed().Response() : http.Denied("no").Response()
//! ```

use serde_json::{Value as Json, json};

use super::{envoy::message, mcp::mcp_request, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    message::{Description, Messages, Naming},
    value::{Key, List, Value},
};

/// The type of `object`.
pub const HTTP_REQUEST: &str = "http.CheckRequest";
/// The type of an answer.
pub const HTTP_RESPONSE: &str = "http.CheckResponse";

const OK: &str = "http.CheckResponseOk";
const DENIED: &str = "http.CheckResponseDenied";

/// Kyverno's `http` library of its authorization server.
pub const HTTP_AUTHORIZATION: Library = Library {
    name: "kyverno.authz.http",
    overloads: &[
        Overload::new(
            "http_allowed",
            "http.Allowed() -> message(http.CheckResponseOk)",
            allowed,
        ),
        Overload::new(
            "http_denied_string",
            "http.Denied(string) -> message(http.CheckResponseDenied)",
            denied,
        ),
        Overload::new(
            "http_get_header_string",
            "message(http.CheckRequestAttributes).Header(string) -> list(string)",
            header,
        ),
        Overload::new(
            "http_get_queryparam_string",
            "message(http.CheckRequestAttributes).QueryParam(string) -> list(string)",
            parameter,
        ),
        Overload::new(
            "http_response_ok",
            "message(http.CheckResponseOk).Response() -> message(http.CheckResponse)",
            response,
        ),
        Overload::new(
            "http_response_denied",
            "message(http.CheckResponseDenied).Response() -> message(http.CheckResponse)",
            response,
        ),
    ],
    macros: &[],
    variables: &[],
};

/// The messages of an HTTP request that is authorized, with those of MCP in it.
pub const HTTP_MESSAGES: Messages = Messages(MESSAGES);

const MESSAGES: &[Description] = &[
    (
        HTTP_REQUEST,
        &[
            ("attributes", "message(http.CheckRequestAttributes)"),
            ("mcp", "message(http.MCPCheckData)"),
        ],
    ),
    (
        "http.CheckRequestAttributes",
        &[
            ("method", "string"),
            ("header", "map(string, list(string))"),
            ("host", "string"),
            ("protocol", "string"),
            ("contentLength", "int"),
            ("body", "bytes"),
            ("scheme", "string"),
            ("path", "string"),
            ("query", "map(string, list(string))"),
            ("fragment", "string"),
        ],
    ),
    (
        "http.MCPCheckData",
        &[("request", "message(mcp.MCPRequest)")],
    ),
    (
        HTTP_RESPONSE,
        &[
            ("ok", "message(http.CheckResponseOk)"),
            ("denied", "message(http.CheckResponseDenied)"),
        ],
    ),
    (OK, &[]),
    (DENIED, &[("reason", "string")]),
    super::mcp::REQUEST,
    super::mcp::TOOL_CALL,
    super::mcp::RESOURCE_READ,
    super::mcp::PROMPT_GET,
    super::mcp::INITIALIZE,
    super::mcp::CLIENT,
    super::mcp::PAGINATED,
    super::mcp::LOG_LEVEL,
    super::mcp::ELICITATION,
];

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpAnswer {
    /// The request may pass.
    Allowed,
    /// The request is denied for this reason.
    Denied(String),
}

/// What an answer says; none where the value is no answer, or says nothing.
#[must_use]
pub fn http_answer(value: &Value<'_>) -> Option<HttpAnswer> {
    let Value::Struct(of) = value else {
        return None;
    };
    if *of.type_name != *HTTP_RESPONSE {
        return None;
    }
    if of.fields.contains_key("ok") {
        return Some(HttpAnswer::Allowed);
    }
    let reason = match of.fields.get("denied")? {
        Value::Struct(denied) => match denied.fields.get("reason") {
            Some(Value::String(reason)) => reason.as_str().to_owned(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    Some(HttpAnswer::Denied(reason))
}

fn allowed<'a>(_call: &Call<'_>, _args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(message(OK, []))
}

fn denied<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let reason = Value::from(text(args, 0)?.to_owned());
    Ok(message(DENIED, [("reason", reason)]))
}

fn response<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let Some(Value::Struct(of)) = args.first() else {
        return Err(EvalError::no_such_overload().into());
    };
    let name = if *of.type_name == *OK { "ok" } else { "denied" };
    Ok(message(HTTP_RESPONSE, [(name, Value::Struct(of.clone()))]))
}

/// The values of a header, in whatever case its name is written.
fn header<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let name = text(args, 1)?;
    values(args, "header", |known| known.eq_ignore_ascii_case(name))
}

fn parameter<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let name = text(args, 1)?;
    values(args, "query", |known| known == name)
}

fn values<'a>(args: &[Value<'a>], field: &str, is_it: impl Fn(&str) -> bool) -> Evaluated<'a> {
    let known = match args.first() {
        Some(Value::Opaque(of)) => of.field(field),
        Some(Value::Struct(of)) => of.fields.get(field).cloned(),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    let Some(Value::Map(map)) = known else {
        return Ok(Value::List(List::from_iter([])));
    };
    let mut entries = map.iter();
    let found = entries.find(|(key, _)| matches!(key, Key::String(key) if is_it(key)));
    Ok(found.map_or_else(|| Value::List(List::from_iter([])), |(_, values)| values))
}

/// An HTTP request, as `object` of an expression: with the MCP request that its body holds.
///
/// # Errors
/// What of the JSON does not fit, with its path.
pub fn http_request(json: &Json) -> Result<Value<'static>, String> {
    let mut json = json.clone();
    if let Some(fields) = json.as_object_mut() {
        let attributes = fields.get("attributes").unwrap_or(&Json::Null);
        let attributes = HTTP_MESSAGES.read("http.CheckRequestAttributes", attributes, Naming::Go);
        let body = match attributes {
            Ok(Value::Opaque(of)) => of.field("body"),
            _ => None,
        };
        let body = match &body {
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[][..],
        };
        let known = fields.entry("mcp").or_insert_with(|| json!({}));
        if let Some(known) = known.as_object_mut() {
            known.entry("request").or_insert_with(|| mcp_request(body));
        }
    }
    HTTP_MESSAGES.read(HTTP_REQUEST, &json, Naming::Go)
}
