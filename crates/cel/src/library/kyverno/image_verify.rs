//! Signatures of images: what ImageValidatingPolicy asks of them.

use serde_json::Value as Json;

use super::{failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::Value,
};

/// Kyverno's `imageverify` library.
pub const IMAGE_VERIFY: Library = Library {
    name: "kyverno.imageverify",
    overloads: &[
        Overload::new(
            "verify_image_signature_string_stringarray",
            "verifyImageSignatures(string, list(dyn)) -> int",
            signatures,
        )
        .impure(),
        Overload::new(
            "verify_image_attestations_string_string_stringarray",
            "verifyAttestationSignatures(string, string, list(dyn)) -> int",
            attestations,
        )
        .impure(),
        Overload::new(
            "payload_string_string",
            "extractPayload(string, string) -> dyn",
            payload,
        )
        .impure(),
        Overload::new(
            "get_image_data_string",
            "getImageData(string) -> dyn",
            image_data,
        )
        .impure(),
    ],
    macros: &[],
    variables: &[],
};

/// How many of the attestors signed an image.
fn signatures<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    count(call, text(args, 0)?, None, args.get(1))
}

/// How many of them signed a statement about it.
fn attestations<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    count(call, text(args, 0)?, Some(text(args, 1)?), args.get(2))
}

fn count<'a>(
    call: &Call<'_>,
    image: &str,
    attestation: Option<&str>,
    attestors: Option<&Value<'_>>,
) -> Evaluated<'a> {
    let Some(Value::List(attestors)) = attestors else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut verified = 0;
    for attestor in attestors.iter() {
        let written = attestor.to_json().map_err(failed)?;
        let named = written.as_str().or_else(|| written.get("name")?.as_str());
        let name = named.ok_or_else(|| {
            let wanted = "expected an attestor of the policy, such as attestors.NAME";
            failed(format!("{wanted}, found {}", attestor.runtime_type()))
        })?;
        let signed = call.host.verify_image(image, name, attestation);
        verified += i64::from(signed.map_err(failed)?);
    }
    Ok(Value::Int(verified))
}

/// What a signed statement says, once its signature is verified.
fn payload<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let found: Result<Json, String> = call.host.image_payload(text(args, 0)?, text(args, 1)?);
    found.map(Value::from_json).map_err(failed)
}

fn image_data<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let found = call.host.image_metadata(text(args, 0)?);
    found.map(Value::from_json).map_err(failed)
}
