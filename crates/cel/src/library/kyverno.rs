//! Kyverno's own functions, one file per library. Most stand under several names: as methods of an
//! object such as `resource`, with a capital as Go has them, and some alone.

mod envoy;
mod global_context;
mod hash;
mod http;
mod http_authorization;
mod image;
mod image_verify;
mod json;
mod jwt;
mod mcp;
mod or_value;
mod random;
mod resource;
mod time;
mod transform;
mod user;

pub use envoy::{
    CHECK_REQUEST, CHECK_RESPONSE, ENVOY, ENVOY_MESSAGES, EnvoyAnswer, envoy_answer, envoy_request,
};
pub use global_context::GLOBAL_CONTEXT;
pub use hash::HASH;
pub use http::{HTTP, calls_service};
pub use http_authorization::{
    HTTP_AUTHORIZATION, HTTP_MESSAGES, HTTP_REQUEST, HTTP_RESPONSE, HttpAnswer, http_answer,
    http_request,
};
pub use image::{IMAGE, IMAGE_DATA};
pub use image_verify::IMAGE_VERIFY;
pub use json::{GZIP, JSON, X509, YAML};
pub use jwt::{JWT, JWT_MESSAGES};
pub use mcp::{MCP, MCP_CONSTANTS};
pub use or_value::OR_VALUE;
pub use random::RANDOM;
pub use resource::{GENERATOR, NAMESPACED_GENERATOR, NAMESPACED_RESOURCE, RESOURCE};
pub use time::{MATH, TIME};
pub use transform::TRANSFORM;
pub use user::{SERVICE_ACCOUNT, USER};

use crate::{
    error::EvalError,
    value::{Key, Map, Value},
};

fn text<'v>(args: &'v [Value<'_>], at: usize) -> Result<&'v str, Box<EvalError>> {
    match args.get(at) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// The names and texts of a map.
fn pairs(value: Option<&Value<'_>>) -> Result<Vec<(String, String)>, Box<EvalError>> {
    let map: &Map<'_> = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Map(map)) => map,
        Some(_) => return Err(EvalError::no_such_overload().into()),
    };
    map.iter()
        .map(|(key, value)| match (key, value) {
            (Key::String(key), Value::String(text)) => {
                Ok((key.as_str().to_owned(), text.as_str().to_owned()))
            }
            _ => Err(EvalError::no_such_overload().into()),
        })
        .collect()
}

fn failed(problem: impl std::fmt::Display) -> Box<EvalError> {
    EvalError::new(problem.to_string()).into()
}
