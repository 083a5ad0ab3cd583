//! `json`, `yaml`, `gzip` and `x509`.

use std::io::{Read, Write};

use flate2::{Compression, GzBuilder, read::GzDecoder};
use portcullis_values::{gojson, x509};
use portcullis_yaml::{Limits, Mode};

use super::{failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Bytes, Value},
};

/// Kyverno's `json` library.
pub const JSON: Library = Library {
    name: "kyverno.json",
    overloads: &[
        Overload::new(
            "json_unmarshal_string",
            "json.Json.unmarshal(dyn) -> dyn",
            unmarshal,
        ),
        Overload::new(
            "json_unmarshal_string_pascal",
            "json.Json.Unmarshal(dyn) -> dyn",
            unmarshal,
        ),
        Overload::new(
            "json_marshal_any",
            "json.Json.marshal(dyn) -> string",
            marshal,
        ),
        Overload::new(
            "json_marshal_any_pascal",
            "json.Json.Marshal(dyn) -> string",
            marshal,
        ),
    ],
    macros: &[],
    variables: &[("json", "json.Json")],
};

/// Kyverno's `yaml` library.
pub const YAML: Library = Library {
    name: "kyverno.yaml",
    overloads: &[
        Overload::new("yaml_parse_string", "yaml.Yaml.parse(string) -> dyn", parse),
        Overload::new(
            "yaml_parse_string_pascal",
            "yaml.Yaml.Parse(string) -> dyn",
            parse,
        ),
    ],
    macros: &[],
    variables: &[("yaml", "yaml.Yaml")],
};

/// Kyverno's `gzip` library.
pub const GZIP: Library = Library {
    name: "kyverno.gzip",
    overloads: &[
        Overload::new("gzip_compress", "gzip.compress(dyn) -> bytes", compress),
        Overload::new(
            "gzip_decompress",
            "gzip.decompress(bytes) -> string",
            decompress,
        ),
    ],
    macros: &[],
    variables: &[],
};

/// Kyverno's `x509` library.
pub const X509: Library = Library {
    name: "kyverno.x509",
    overloads: &[Overload::new(
        "x509_decode",
        "x509.decode(string) -> dyn",
        certificate,
    )],
    macros: &[],
    variables: &[],
};

/// Text that a function makes may be this long.
const LONGEST: usize = 16 << 20;

fn unmarshal<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    gojson::decode(text(args, 1)?)
        .map(Value::decoded)
        .map_err(failed)
}

fn marshal<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [_, value] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let json = match value {
        // Alone a type has a name; in a list or a map it has none.
        Value::Type(of) => of.runtime_name().into(),
        value => value.to_native_json().map_err(failed)?,
    };
    Ok(Value::from(gojson::marshal(&json)))
}

fn parse<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let text = text(args, 1)?;
    portcullis_yaml::read(text, Mode::Lenient, &Limits::default())
        .map(Value::decoded)
        .map_err(|error| failed(format!("error converting YAML to JSON: {error}")))
}

fn compress<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [value] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let Value::String(text) = value else {
        let of = match value {
            Value::Bytes(_) => "Bytes".to_owned(),
            other => other.runtime_type(),
        };
        return Err(failed(format!(
            "type conversion error from {of} to 'string'"
        )));
    };
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).map_err(failed)?;
    encoder
        .finish()
        .map(|bytes| Value::Bytes(Bytes::from(bytes)))
        .map_err(failed)
}

fn decompress<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::Bytes(bytes)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut text = String::new();
    let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    let read = GzDecoder::new(&**bytes)
        .take(longest + 1)
        .read_to_string(&mut text);
    match read.map_err(failed)? {
        length if length > LONGEST => {
            Err(failed(format!("the text is longer than {LONGEST} bytes")))
        }
        _ => Ok(Value::from(text)),
    }
}

fn certificate<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    x509::decode_shown(text(args, 0)?)
        .map(Value::decoded)
        .map_err(failed)
}
