//! `base64.encode`, `base64.decode` and `json.encode`.

use base64::{
    Engine, alphabet,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD, PAD, STANDARD},
};
use portcullis_values::{Val, gojson};

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
        Overload::new("json_encode_dyn", "json.encode(dyn) -> string", json).costs(|_| 0),
    ],
    macros: &[],
    variables: &[],
};

/// As Go reads: bits that are left over at the end may be anything.
const fn lenient(config: GeneralPurposeConfig) -> GeneralPurpose {
    let config = config.with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&alphabet::STANDARD, config)
}

const PADDED: GeneralPurpose = lenient(PAD);
const UNPADDED: GeneralPurpose = lenient(NO_PAD);

fn cost(args: &[Value<'_>]) -> u64 {
    characters(size(args.first())).saturating_add(1)
}

fn encode<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Bytes(bytes)] => Ok(Value::from(STANDARD.encode(&**bytes))),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// Text may be this long.
const LONGEST: usize = 16 << 20;

/// A value as protocol buffers have it in JSON.
fn json<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [value] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let json = value.to_protobuf_json().map_err(EvalError::new)?;
    let text = gojson::encode(&Val::from_owned(json), LONGEST);
    let text = text.map_err(|error| EvalError::new(error.to_string()))?;
    Ok(Value::from(text))
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
    let decoded = PADDED.decode(&lines).or_else(|_| UNPADDED.decode(&lines));
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
