//! `jwt` and `jwks`: signed tokens, and the keys that they are signed with.
//!
//! ```text
//! jwt.Decode(token, "secret")                                        // HS256, HS384, HS512
//! jwt.Decode(token, jwks.Fetch("https://issuer.example/keys")).Claims.sub
//! ```
//!
//! A token whose signature does not fit is an error. `Valid` says whether its times (`exp`, `nbf`,
//! `iat`) fit.

mod key;
mod signature;
mod token;

use std::{any::Any, collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;

use self::{
    key::{Key, KeySet},
    token::Token,
};
use super::{failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    host::HttpRequest,
    message::{Description, Messages},
    types::Type,
    value::{Opaque, Struct, Text, Value},
};

const TOKEN: &str = "jwt.Token";

/// Kyverno's `jwt` and `jwks` libraries.
pub const JWT: Library = Library {
    name: "kyverno.jwt",
    overloads: &[
        Overload::new(
            "decode_string_string",
            "jwt.Decode(string, string) -> message(jwt.Token)",
            decode_with_secret,
        )
        .impure(),
        Overload::new(
            "decode_string_set",
            "jwt.Decode(string, jwk.Set) -> message(jwt.Token)",
            decode_with_set,
        )
        .impure(),
        Overload::new("fetch_string", "jwks.Fetch(string) -> jwk.Set", fetch).impure(),
    ],
    macros: &[],
    variables: &[],
};

/// The type of a token.
pub const JWT_MESSAGES: Messages = Messages(MESSAGES);

const MESSAGES: &[Description] = &[(TOKEN, &[("Claims", "map(string, dyn)"), ("Valid", "bool")])];

impl Opaque for KeySet {
    fn type_of(&self) -> Type {
        Type::opaque("jwk.Set")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        let other = other.as_any().downcast_ref::<KeySet>();
        other.is_some_and(|other| other == self)
    }

    fn to_text(&self) -> String {
        "jwk.Set".to_owned()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn decode_with_secret<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let secret = text(args, 1)?;
    if secret.is_empty() {
        return Err(failed("jwt.Decode: the key is empty"));
    }
    decode(
        call,
        text(args, 0)?,
        &KeySet::of(Key::Secret(secret.as_bytes().into())),
    )
}

fn decode_with_set<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let keys = args.get(1).and_then(Value::downcast::<KeySet>);
    let keys = keys.ok_or_else(EvalError::no_such_overload)?;
    decode(call, text(args, 0)?, keys)
}

fn decode<'a>(call: &Call<'_>, token: &str, keys: &KeySet) -> Evaluated<'a> {
    let token = Token::parse(token).map_err(|problem| failed(format!("jwt.Decode: {problem}")))?;
    let verified = keys.verify(&token);
    verified.map_err(|problem| failed(format!("jwt.Decode: {problem}")))?;
    let is_valid = token.is_valid_at(call.host.now().seconds);
    let fields = BTreeMap::from([
        (
            Text::Borrowed("Claims"),
            Value::decoded(Json::Object(token.claims)),
        ),
        (Text::Borrowed("Valid"), Value::Bool(is_valid)),
    ]);
    Ok(Value::Struct(Arc::new(Struct {
        type_name: TOKEN.into(),
        fields,
    })))
}

fn fetch<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let url = text(args, 0)?;
    let request = HttpRequest {
        method: "GET",
        url,
        headers: &[],
        body: None,
        ca_bundle: None,
    };
    let wrong = |problem: String| failed(format!("jwks.Fetch: {url}: {problem}"));
    let answer = call.host.http(&request).map_err(failed)?;
    match answer.get("statusCode").and_then(Json::as_i64) {
        Some(200) | None => {}
        Some(status) => return Err(wrong(format!("the answer has status {status}"))),
    }
    KeySet::read(&answer).map(Value::opaque).map_err(wrong)
}
