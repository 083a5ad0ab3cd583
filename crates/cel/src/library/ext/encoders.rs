//! `base64.encode` and `base64.decode`.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};

use super::super::size::{characters, size};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Bytes, Value},
};

/// cel-go's `encoders` library.
pub const ENCODERS: Library = Library {
    name: "ext.encoders",
    overloads: &[
        Overload::new(
            "base64_decode_string",
            "base64.decode(string) -> bytes",
            decode,
        )
        .costs_when_resolved(cost),
        Overload::new(
            "base64_encode_bytes",
            "base64.encode(bytes) -> string",
            encode,
        )
        .costs_when_resolved(cost),
    ],
    macros: &[],
    variables: &[],
};

fn cost(args: &[Value<'_>]) -> u64 {
    characters(size(args.first())).saturating_add(1)
}

fn encode<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Bytes(bytes)] => Ok(Value::from(STANDARD.encode(&**bytes))),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// Text with or without padding. Line breaks are skipped, as Go does.
fn decode<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let lines: String = text
        .chars()
        .filter(|letter| !matches!(letter, '\r' | '\n'))
        .collect();
    let decoded = STANDARD
        .decode(&lines)
        .or_else(|_| STANDARD_NO_PAD.decode(&lines));
    match decoded {
        Ok(bytes) => Ok(Value::Bytes(Bytes::from(bytes))),
        Err(base64::DecodeError::InvalidByte(at, _)) => {
            Err(EvalError::new(format!("illegal base64 data at input byte {at}")).into())
        }
        Err(_) => {
            let at = lines.len();
            Err(EvalError::new(format!("illegal base64 data at input byte {at}")).into())
        }
    }
}
