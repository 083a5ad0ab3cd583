//! `mcp`: requests of the Model Context Protocol in the body of an HTTP request.
//!
//! ```text
//! mcp.Parse(string(object.attributes.body)).GetStringArgument("path", "")
//! object.mcp.request.Method == mcp.ToolsCallMethod
//! ```

use serde_json::{Value as Json, json};

use super::{HTTP_MESSAGES, failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    message::{Description, Naming},
    value::{Key, List, Value},
};

/// Kyverno's `mcp` library.
pub const MCP: Library = Library {
    name: "kyverno.mcp",
    overloads: &[
        Overload::new(
            "mcp_parse_bytes_dyn",
            "mcp.MCP.Parse(dyn) -> message(mcp.MCPRequest)",
            parse,
        ),
        Overload::new(
            "mcp_get_string",
            "message(mcp.MCPRequest).GetStringArgument(string, string) -> string",
            text_argument,
        ),
        Overload::new(
            "mcp_get_int",
            "message(mcp.MCPRequest).GetIntArgument(string, int) -> int",
            int_argument,
        ),
        Overload::new(
            "mcp_get_float",
            "message(mcp.MCPRequest).GetFloatArgument(string, double) -> double",
            float_argument,
        ),
        Overload::new(
            "mcp_get_bool",
            "message(mcp.MCPRequest).GetBoolArgument(string, bool) -> bool",
            bool_argument,
        ),
        Overload::new(
            "mcp_get_string_slice",
            "message(mcp.MCPRequest).GetStringSliceArgument(string, list(string)) -> list(string)",
            |_, args| list(args, as_text),
        ),
        Overload::new(
            "mcp_get_int_slice",
            "message(mcp.MCPRequest).GetIntSliceArgument(string, list(int)) -> list(int)",
            |_, args| list(args, as_int),
        ),
        Overload::new(
            "mcp_get_float_slice",
            "message(mcp.MCPRequest).GetFloatSliceArgument(string, list(double)) -> list(double)",
            |_, args| list(args, as_float),
        ),
        Overload::new(
            "mcp_get_bool_slice",
            "message(mcp.MCPRequest).GetBoolSliceArgument(string, list(bool)) -> list(bool)",
            |_, args| list(args, as_bool),
        ),
    ],
    macros: &[],
    variables: &[("mcp", "mcp.MCP")],
};

/// The constants of the library: names and values.
pub const MCP_CONSTANTS: &[(&str, &str)] = &[
    ("mcp.InitializeMethod", "initialize"),
    ("mcp.PingMethod", "ping"),
    ("mcp.ResourcesListMethod", "resources/list"),
    (
        "mcp.ResourcesTemplatesListMethod",
        "resources/templates/list",
    ),
    ("mcp.ResourcesReadMethod", "resources/read"),
    ("mcp.PromptsListMethod", "prompts/list"),
    ("mcp.PromptsGetMethod", "prompts/get"),
    ("mcp.ToolsListMethod", "tools/list"),
    ("mcp.ToolsCallMethod", "tools/call"),
    ("mcp.SetLogLevelMethod", "logging/setLevel"),
    ("mcp.ElicitationCreateMethod", "elicitation/create"),
];

pub(super) const REQUEST: Description = (
    "mcp.MCPRequest",
    &[
        ("Method", "string"),
        ("ID", "dyn"),
        ("Paginated", "message(mcp.PaginatedParams)"),
        ("ToolCall", "message(mcp.CallToolParams)"),
        ("ResourceRead", "message(mcp.ReadResourceParams)"),
        ("PromptGet", "message(mcp.GetPromptParams)"),
        ("Initialize", "message(mcp.InitializeParams)"),
        ("Elicitation", "message(mcp.ElicitationParams)"),
        ("SetLogLevel", "message(mcp.SetLevelParams)"),
    ],
);
pub(super) const TOOL_CALL: Description = (
    "mcp.CallToolParams",
    &[("Name", "string"), ("Arguments", "dyn")],
);
pub(super) const RESOURCE_READ: Description = (
    "mcp.ReadResourceParams",
    &[("URI", "string"), ("Arguments", "map(string, dyn)")],
);
pub(super) const PROMPT_GET: Description = (
    "mcp.GetPromptParams",
    &[("Name", "string"), ("Arguments", "map(string, string)")],
);
pub(super) const INITIALIZE: Description = (
    "mcp.InitializeParams",
    &[
        ("ProtocolVersion", "string"),
        ("Capabilities", "dyn"),
        ("ClientInfo", "message(mcp.Implementation)"),
    ],
);
pub(super) const CLIENT: Description = (
    "mcp.Implementation",
    &[
        ("Name", "string"),
        ("Version", "string"),
        ("Title", "string"),
    ],
);
pub(super) const PAGINATED: Description = ("mcp.PaginatedParams", &[("Cursor", "string")]);
pub(super) const LOG_LEVEL: Description = ("mcp.SetLevelParams", &[("Level", "string")]);
pub(super) const ELICITATION: Description = (
    "mcp.ElicitationParams",
    &[("Message", "string"), ("RequestedSchema", "dyn")],
);

/// An MCP request in a body, as JSON of the message; with no more than its method where its
/// parameters cannot be read, and empty where the body is none.
pub(super) fn mcp_request(body: &[u8]) -> Json {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    let method = body
        .get("method")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let mut request = json!({"Method": method});
    if let Some(fields) = request.as_object_mut() {
        if let Some(id) = body.get("id") {
            fields.insert("ID".to_owned(), id.clone());
        }
        if let (Some(name), Some(parameters)) = (parameters_of(method), body.get("params")) {
            fields.insert(name.to_owned(), parameters.clone());
        }
    }
    let known = HTTP_MESSAGES.read(REQUEST.0, &request, Naming::Go);
    match known {
        Ok(_) => request,
        Err(_) => json!({"Method": method}),
    }
}

/// The field for the parameters of a method.
fn parameters_of(method: &str) -> Option<&'static str> {
    Some(match method {
        "initialize" => "Initialize",
        "resources/list" | "resources/templates/list" | "tools/list" | "prompts/list" => {
            "Paginated"
        }
        "resources/read" => "ResourceRead",
        "tools/call" => "ToolCall",
        "logging/setLevel" => "SetLogLevel",
        "prompts/get" => "PromptGet",
        "elicitation/create" => "Elicitation",
        _ => return None,
    })
}

fn parse<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let body: &[u8] = match args.get(1) {
        Some(Value::String(text)) => text.as_bytes(),
        Some(Value::Bytes(bytes)) => bytes,
        _ => return Err(EvalError::no_such_overload().into()),
    };
    serde_json::from_slice::<Json>(body).map_err(failed)?;
    HTTP_MESSAGES
        .read(REQUEST.0, &mcp_request(body), Naming::Go)
        .map_err(failed)
}

/// The argument of a name: of a tool's call, else of a read resource, else of a prompt.
fn found<'a>(args: &[Value<'a>]) -> Result<Option<Value<'a>>, Box<EvalError>> {
    let name = text(args, 1)?;
    let Some(Value::Opaque(request)) = args.first() else {
        return Err(EvalError::no_such_overload().into());
    };
    for part in ["ToolCall", "ResourceRead", "PromptGet"] {
        if !request.has(part) {
            continue;
        }
        let Some(Value::Opaque(part)) = request.field(part) else {
            continue;
        };
        if let Some(Value::Map(arguments)) = part.field("Arguments") {
            return Ok(arguments.get(&Key::String(name.to_owned().into())));
        }
    }
    Ok(None)
}

fn argument<'a>(args: &[Value<'a>], of: fn(Value<'a>) -> Option<Value<'a>>) -> Evaluated<'a> {
    let found = found(args)?.and_then(of);
    let default = || args.get(2).cloned().unwrap_or(Value::Null);
    Ok(found.unwrap_or_else(default))
}

fn list<'a>(args: &[Value<'a>], of: fn(Value<'a>) -> Option<Value<'a>>) -> Evaluated<'a> {
    Ok(match found(args)? {
        Some(Value::List(items)) => Value::List(List::from_iter(items.iter().filter_map(of))),
        _ => args.get(2).cloned().unwrap_or(Value::Null),
    })
}

fn text_argument<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    argument(args, as_text)
}

fn int_argument<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    argument(args, as_int)
}

fn float_argument<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    argument(args, as_float)
}

fn bool_argument<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    argument(args, as_bool)
}

fn as_text(value: Value<'_>) -> Option<Value<'_>> {
    matches!(value, Value::String(_)).then_some(value)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number that is too large is cut, as in Go"
)]
fn as_int(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Int(_) => Some(value),
        Value::Double(number) => Some(Value::Int(number as i64)),
        Value::String(text) => text.parse().ok().map(Value::Int),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
fn as_float(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Double(_) => Some(value),
        Value::Int(number) => Some(Value::Double(number as f64)),
        Value::String(text) => text.parse().ok().map(Value::Double),
        _ => None,
    }
}

fn as_bool(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Bool(_) => Some(value),
        Value::Int(number) => Some(Value::Bool(number != 0)),
        Value::Double(number) => Some(Value::Bool(number != 0.0)),
        Value::String(text) => match text.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}
