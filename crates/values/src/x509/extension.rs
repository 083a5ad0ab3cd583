//! The extensions of a certificate: what they are, and the fields that some of them set.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value, json};

use super::{
    base64,
    der::{
        BIT_STRING, BOOLEAN, Element, Fault, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, oid_json,
    },
};

type Fields = Map<String, Value>;

/// One extension as it is written.
pub(super) struct Extension<'d> {
    id: Vec<u64>,
    critical: bool,
    value: &'d [u8],
}

/// The extensions of a list of them.
pub(super) fn extensions<'d>(list: &Element<'d>) -> Result<Vec<Extension<'d>>, Fault> {
    let mut extensions = Vec::new();
    for element in list.reader().all()? {
        let mut parts = element.reader();
        let id = parts.take(OID)?.oid()?;
        let critical = parts
            .optional(BOOLEAN)?
            .is_some_and(|flag| flag.body != [0]);
        let value = parts.take(OCTET_STRING)?.body;
        extensions.push(Extension {
            id,
            critical,
            value,
        });
    }
    Ok(extensions)
}

/// The extensions as `Extensions` lists them.
pub(super) fn list(extensions: &[Extension<'_>]) -> Value {
    let items = extensions.iter().map(|extension| {
        json!({
            "Id": extension.id,
            "Critical": extension.critical,
            "Value": base64(extension.value),
        })
    });
    nullable(items.collect())
}

/// Null for an empty list.
pub(super) fn nullable(items: Vec<Value>) -> Value {
    if items.is_empty() {
        return Value::Null;
    }
    items.into()
}

/// Sets the fields that the extensions of a certificate stand for.
pub(super) fn certificate_fields(
    fields: &mut Fields,
    extensions: &[Extension<'_>],
) -> Result<(), Fault> {
    let mut unhandled = Vec::new();
    for extension in extensions {
        let mut value = Reader(extension.value);
        match extension.id.as_slice() {
            [2, 5, 29, 14] => set(
                fields,
                "SubjectKeyId",
                base64(value.take(OCTET_STRING)?.body),
            ),
            [2, 5, 29, 15] => set(
                fields,
                "KeyUsage",
                key_usage(value.take(BIT_STRING)?.bits()?),
            ),
            [2, 5, 29, 17] => alternative_names(fields, value)?,
            [2, 5, 29, 19] => basic_constraints(fields, value)?,
            [2, 5, 29, 31] => distribution_points(fields, value)?,
            [2, 5, 29, 32] => policies(fields, value)?,
            [2, 5, 29, 35] => authority_key(fields, value)?,
            [2, 5, 29, 37] => extended_usage(fields, value)?,
            [1, 3, 6, 1, 5, 5, 7, 1, 1] => authority_access(fields, value)?,
            [2, 5, 29, 30 | 33 | 36 | 54] => {
                return Err("its name or policy constraints are not supported");
            }
            id if extension.critical => unhandled.push(json!(id)),
            _ => {}
        }
    }
    set(fields, "UnhandledCriticalExtensions", nullable(unhandled));
    Ok(())
}

/// Sets the names that the extensions of a request stand for.
pub(super) fn request_fields(
    fields: &mut Fields,
    extensions: &[Extension<'_>],
) -> Result<(), Fault> {
    for extension in extensions {
        if let [2, 5, 29, 17] = extension.id.as_slice() {
            alternative_names(fields, Reader(extension.value))?;
        }
    }
    Ok(())
}

fn set(fields: &mut Fields, field: &str, value: impl Into<Value>) {
    fields.insert(field.to_owned(), value.into());
}

fn push(fields: &mut Fields, field: &str, value: impl Into<Value>) {
    match fields.get_mut(field) {
        Some(Value::Array(list)) => list.push(value.into()),
        _ => set(fields, field, vec![value.into()]),
    }
}

/// The first nine bits, the first of which counts 1.
fn key_usage(bits: &[u8]) -> u32 {
    (0..9u32)
        .filter(|bit| {
            let byte = bits.get(usize::from(*bit > 7)).copied().unwrap_or_default();
            byte & (0x80 >> (bit % 8)) != 0
        })
        .map(|bit| 1 << bit)
        .sum()
}

fn basic_constraints(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    let mut parts = value.take(SEQUENCE)?.reader();
    let authority = parts
        .optional(BOOLEAN)?
        .is_some_and(|flag| flag.body != [0]);
    let length = match parts.optional(INTEGER)? {
        Some(length) => length.small()?,
        None => -1,
    };
    set(fields, "BasicConstraintsValid", true);
    set(fields, "IsCA", authority);
    set(fields, "MaxPathLen", length);
    set(fields, "MaxPathLenZero", length == 0);
    Ok(())
}

fn alternative_names(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    for name in value.take(SEQUENCE)?.reader().all()? {
        match name.tag {
            0x81 => push(fields, "EmailAddresses", ascii(&name)?),
            0x82 => push(fields, "DNSNames", ascii(&name)?),
            0x86 => return Err("its URI names are not supported"),
            0x87 => push(fields, "IPAddresses", address(name.body)?),
            _ => {}
        }
    }
    Ok(())
}

fn address(bytes: &[u8]) -> Result<String, Fault> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ok(Ipv4Addr::from(bytes).to_string());
    }
    let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| "an IP address in it is malformed")?;
    Ok(Ipv6Addr::from(bytes).to_canonical().to_string())
}

fn ascii(element: &Element<'_>) -> Result<String, Fault> {
    match std::str::from_utf8(element.body) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err("a name in it is not ASCII"),
    }
}

/// The URIs of each point's full name.
fn distribution_points(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    for point in value.take(SEQUENCE)?.reader().all()? {
        let Some(name) = point.reader().optional(0xa0)? else {
            continue;
        };
        let Some(full) = name.reader().optional(0xa0)? else {
            continue;
        };
        for uri in full.reader().all()?.iter().filter(|uri| uri.tag == 0x86) {
            push(fields, "CRLDistributionPoints", ascii(uri)?);
        }
    }
    Ok(())
}

fn policies(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    for policy in value.take(SEQUENCE)?.reader().all()? {
        let id = policy.reader().take(OID)?;
        let dotted: Vec<String> = id.oid()?.iter().map(u64::to_string).collect();
        push(fields, "Policies", dotted.join("."));
        push(fields, "PolicyIdentifiers", oid_json(&id)?);
    }
    Ok(())
}

fn authority_key(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    if let Some(key) = value.take(SEQUENCE)?.reader().optional(0x80)? {
        set(fields, "AuthorityKeyId", base64(key.body));
    }
    Ok(())
}

/// The known usages by their number, the others by their identifier.
fn extended_usage(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    for usage in value.take(SEQUENCE)?.reader().all()? {
        let number = match usage.oid()?.as_slice() {
            [2, 5, 29, 37, 0] => 0,
            [1, 3, 6, 1, 5, 5, 7, 3, number @ 1..=9] => *number,
            [1, 3, 6, 1, 4, 1, 311, 10, 3, 3] => 10,
            [2, 16, 840, 1, 113_730, 4, 1] => 11,
            [1, 3, 6, 1, 4, 1, 311, 2, 1, 22] => 12,
            [1, 3, 6, 1, 4, 1, 311, 61, 1, 1] => 13,
            _ => {
                push(fields, "UnknownExtKeyUsage", oid_json(&usage)?);
                continue;
            }
        };
        push(fields, "ExtKeyUsage", number);
    }
    Ok(())
}

fn authority_access(fields: &mut Fields, mut value: Reader<'_>) -> Result<(), Fault> {
    for access in value.take(SEQUENCE)?.reader().all()? {
        let mut parts = access.reader();
        let (method, place) = (parts.take(OID)?.oid()?, parts.any()?);
        if place.tag != 0x86 {
            continue;
        }
        match method.as_slice() {
            [1, 3, 6, 1, 5, 5, 7, 48, 1] => push(fields, "OCSPServer", ascii(&place)?),
            [1, 3, 6, 1, 5, 5, 7, 48, 2] => push(fields, "IssuingCertificateURL", ascii(&place)?),
            _ => {}
        }
    }
    Ok(())
}
