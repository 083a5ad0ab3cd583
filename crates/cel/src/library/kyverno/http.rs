//! `http`: requests to services.

use std::any::Any;

use super::{failed, pairs, text};
use crate::{
    checked::CheckedAst,
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    host::HttpRequest,
    syntax::ast::ExprKind,
    types::Type,
    value::{Opaque, Value},
};

/// Kyverno's `http` library.
pub const HTTP: Library = Library {
    name: "kyverno.http",
    overloads: &[
        Overload::new("http_get_string", "http.Context.get(string) -> dyn", get).impure(),
        Overload::new(
            "http_get_string_headers",
            "http.Context.get(string, map(string, string)) -> dyn",
            get,
        )
        .impure(),
        Overload::new(
            "http_get_string_pascal",
            "http.Context.Get(string) -> dyn",
            get,
        )
        .impure(),
        Overload::new(
            "http_get_string_headers_pascal",
            "http.Context.Get(string, map(string, string)) -> dyn",
            get,
        )
        .impure(),
        Overload::new(
            "http_post_string_any",
            "http.Context.post(string, dyn) -> dyn",
            post,
        )
        .impure(),
        Overload::new(
            "http_post_string_any_headers",
            "http.Context.post(string, dyn, map(string, string)) -> dyn",
            post,
        )
        .impure(),
        Overload::new(
            "http_post_string_any_pascal",
            "http.Context.Post(string, dyn) -> dyn",
            post,
        )
        .impure(),
        Overload::new(
            "http_post_string_any_headers_pascal",
            "http.Context.Post(string, dyn, map(string, string)) -> dyn",
            post,
        )
        .impure(),
        Overload::new(
            "http_client_string",
            "http.Context.client(string) -> http.Context",
            client,
        ),
        Overload::new(
            "http_client_string_pascal",
            "http.Context.Client(string) -> http.Context",
            client,
        ),
    ],
    macros: &[],
    variables: &[("http", CONTEXT)],
};

/// The type of what is asked.
const CONTEXT: &str = "http.Context";

/// Whether an expression calls a function of the library.
#[must_use]
pub fn calls_service(expression: &CheckedAst) -> bool {
    let context = Type::opaque(CONTEXT);
    let mut is_found = false;
    expression.ast.root.walk(&mut |node| {
        if let ExprKind::Call {
            function,
            target: Some(target),
            ..
        } = &node.kind
            && *expression.type_of(target.id) == context
        {
            let signature = format!("{CONTEXT}.{function}(");
            let mut overloads = HTTP.overloads.iter();
            is_found |= overloads.any(|one| one.signature.starts_with(&signature));
        }
    });
    is_found
}

/// A client that trusts certain certificates, as a value.
#[derive(Debug)]
struct Client {
    ca_bundle: String,
}

impl Opaque for Client {
    fn type_of(&self) -> Type {
        Type::opaque(CONTEXT)
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        let other = other.as_any().downcast_ref::<Client>();
        other.is_some_and(|other| other.ca_bundle == self.ca_bundle)
    }

    fn to_text(&self) -> String {
        CONTEXT.to_owned()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn client<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let ca_bundle = text(args, 1)?;
    if !ca_bundle.contains("-----BEGIN CERTIFICATE-----") {
        return Err(failed(
            "request failed: failed to parse PEM CA bundle for APICall",
        ));
    }
    Ok(Value::opaque(Client {
        ca_bundle: ca_bundle.to_owned(),
    }))
}

fn get<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    send(call, args, "GET", None, args.get(2))
}

fn post<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let body = args.get(2).ok_or_else(EvalError::no_such_overload)?;
    send(call, args, "POST", Some(body), args.get(3))
}

fn send<'a>(
    call: &Call<'_>,
    args: &[Value<'a>],
    method: &str,
    body: Option<&Value<'a>>,
    headers: Option<&Value<'a>>,
) -> Evaluated<'a> {
    let body = body.map(Value::to_json).transpose().map_err(failed)?;
    let headers = pairs(headers)?;
    let client = args.first().and_then(Value::downcast::<Client>);
    let request = HttpRequest {
        method,
        url: text(args, 1)?,
        headers: &headers,
        body: body.as_ref(),
        ca_bundle: client.map(|client| client.ca_bundle.as_str()),
    };
    call.host.http(&request).map(Value::decoded).map_err(failed)
}
