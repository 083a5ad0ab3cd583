//! A token in its compact form: header, claims and signature, parted by dots (RFC 7519).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json};

/// A token, taken apart.
#[derive(Debug)]
pub(super) struct Token<'t> {
    /// The algorithm of its signature, such as `HS256`.
    pub(super) algorithm: String,
    /// The key that it is signed with, where it says so.
    pub(super) key: Option<String>,
    /// What it claims.
    pub(super) claims: Map<String, Json>,
    /// What is signed.
    pub(super) signed: &'t str,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Takes a token apart; nothing of it is trusted yet.
    pub(super) fn parse(text: &'t str) -> Result<Token<'t>, String> {
        let text = text.trim();
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err("the token is not of three parts with dots between".to_owned());
        };
        let signed = text.get(..header.len() + 1 + claims.len());
        let header = object(header).ok_or("the token's header is no JSON in base64url")?;
        let claims = object(claims).ok_or("the token's claims are no JSON in base64url")?;
        let of_header = |name: &str| header.get(name).and_then(Json::as_str);
        if header.contains_key("crit") {
            return Err("the token's header asks for extensions (`crit`)".to_owned());
        }
        Ok(Token {
            algorithm: of_header("alg").unwrap_or_default().to_owned(),
            key: of_header("kid").map(str::to_owned),
            claims,
            signed: signed.unwrap_or_default(),
            signature: decoded(signature).ok_or("the token's signature is no base64url")?,
        })
    }

    /// Whether the times that it claims fit a time, in seconds since 1970.
    pub(super) fn is_valid_at(&self, now: i64) -> bool {
        let time = |name: &str| self.claims.get(name).map(seconds);
        let fits = |claimed: Option<Option<i64>>, fits: fn(i64, i64) -> bool| match claimed {
            None => true,
            Some(Some(time)) => fits(time, now),
            Some(None) => false,
        };
        fits(time("exp"), |end, now| now < end)
            && fits(time("nbf"), |start, now| now >= start)
            && fits(time("iat"), |issued, now| now >= issued)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "fractions of a second do not count"
)]
fn seconds(time: &Json) -> Option<i64> {
    match time {
        Json::Number(number) => number.as_i64().or_else(|| Some(number.as_f64()? as i64)),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn object(part: &str) -> Option<Map<String, Json>> {
    match serde_json::from_slice(&decoded(part)?) {
        Ok(Json::Object(fields)) => Some(fields),
        _ => None,
    }
}
