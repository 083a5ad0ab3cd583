//! Certificates and certificate requests in PEM text, as Go's `encoding/json` shows them.
//!
//! The fields are such as `.Subject.CommonName`, `.NotAfter`, `.DNSNames` and `.PublicKey.N`. The
//! key must be an RSA key.

mod algorithm;
mod der;
mod extension;
mod name;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use num_bigint::BigUint;
use serde_json::{Map, Value, json};

use self::{
    algorithm::{rsa_key, signature_algorithm},
    der::{
        BIT_STRING, Element, Fault, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, oid_json,
    },
    extension::{certificate_fields, extensions, list, nullable, request_fields},
    name::name,
};

/// The fields that a certificate has without any extension.
const CERTIFICATE: &str = r#"{"AuthorityKeyId": null, "BasicConstraintsValid": false,
"CRLDistributionPoints": null, "DNSNames": null, "EmailAddresses": null, "ExcludedDNSDomains": null,
"ExcludedEmailAddresses": null, "ExcludedIPRanges": null, "ExcludedURIDomains": null,
"ExtKeyUsage": null, "Extensions": null, "ExtraExtensions": null, "IPAddresses": null,
"InhibitAnyPolicy": 0, "InhibitAnyPolicyZero": false, "InhibitPolicyMapping": 0,
"InhibitPolicyMappingZero": false, "IsCA": false, "IssuingCertificateURL": null, "KeyUsage": 0,
"MaxPathLen": 0, "MaxPathLenZero": false, "OCSPServer": null, "PermittedDNSDomains": null,
"PermittedDNSDomainsCritical": false, "PermittedEmailAddresses": null, "PermittedIPRanges": null,
"PermittedURIDomains": null, "Policies": null, "PolicyIdentifiers": null, "PolicyMappings": null,
"RequireExplicitPolicy": 0, "RequireExplicitPolicyZero": false, "SubjectKeyId": null, "URIs": null,
"UnknownExtKeyUsage": null}"#;

/// The fields of a certificate that Kyverno's CEL does not show.
const HIDDEN: &[&str] = &[
    "InhibitAnyPolicy",
    "InhibitAnyPolicyZero",
    "InhibitPolicyMapping",
    "InhibitPolicyMappingZero",
    "Policies",
    "PolicyMappings",
    "RequireExplicitPolicy",
    "RequireExplicitPolicyZero",
    "SignatureAlgorithm",
    "Subject",
    "SubjectKeyId",
    "URIs",
    "UnhandledCriticalExtensions",
    "UnknownExtKeyUsage",
    "Version",
];

/// The fields that a request has without any attribute.
const REQUEST: &str = r#"{"Attributes": null, "DNSNames": null, "EmailAddresses": null,
"Extensions": null, "ExtraExtensions": null, "IPAddresses": null, "URIs": null}"#;

/// The attribute of a request that holds extensions.
const EXTENSION_REQUEST: [u64; 7] = [1, 2, 840, 113_549, 1, 9, 14];

/// Base64 as Go decodes it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Why text is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// There is no PEM block.
    #[error("failed to decode PEM block")]
    NoBlock,
    /// The block holds something else.
    #[error("expected a certificate or a certificate request, found {0}")]
    Unknown(String),
    /// The block is broken, or of a form that is not known.
    #[error("the {kind} cannot be read: {fault}")]
    Broken {
        /// `certificate` or `certificate request`
        kind: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

/// The fields of the certificate or certificate request that is the first block of a text.
///
/// # Errors
/// There is no such block, or it cannot be read.
pub fn decode(text: &str) -> Result<Value, X509Error> {
    let (label, bytes) = pem(text).ok_or(X509Error::NoBlock)?;
    let decoded = match label {
        "CERTIFICATE" => certificate(&bytes),
        "CERTIFICATE REQUEST" => request(&bytes),
        other => return Err(X509Error::Unknown(other.to_owned())),
    };
    decoded
        .map(Value::Object)
        .map_err(|fault| X509Error::Broken {
            kind: label.to_lowercase(),
            fault,
        })
}

/// The fields that Kyverno's CEL shows: of a certificate a selection, in which the serial number is
/// its last 64 bits, and of a request all.
///
/// # Errors
/// There is no such block, or it cannot be read.
pub fn decode_shown(text: &str) -> Result<Value, X509Error> {
    let mut decoded = decode(text)?;
    if let Some(fields) = decoded
        .as_object_mut()
        .filter(|fields| is_certificate(fields))
    {
        fields.retain(|name, _| !HIDDEN.contains(&name.as_str()));
        if let Some(serial) = pem(text).and_then(|(_, bytes)| serial_bits(&bytes)) {
            fields.insert("SerialNumber".to_owned(), serial.into());
        }
    }
    Ok(decoded)
}

fn is_certificate(fields: &Map<String, Value>) -> bool {
    fields.contains_key("RawTBSCertificate")
}

/// The last 64 bits of a certificate's serial number.
fn serial_bits(certificate: &[u8]) -> Option<i64> {
    let mut content = signed(certificate, &mut Map::new(), "").ok()?;
    content.optional(0xa0).ok()?;
    let serial = content.take(INTEGER).ok()?;
    let bits = serial
        .body
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    Some(bits.cast_signed())
}

/// The label and the bytes of the first block.
fn pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once("-----BEGIN ")?;
        let starts_line = before.is_empty() || before.ends_with('\n');
        let (label, body) = after.split_once("-----")?;
        if let Some(block) = block(label, body).filter(|_| starts_line) {
            return Some((label, block));
        }
        rest = after;
    }
}

fn block(label: &str, body: &str) -> Option<Vec<u8>> {
    let (body, _) = body.split_once(&format!("-----END {label}-----"))?;
    let mut lines = String::with_capacity(body.len());
    for line in body.lines().filter(|line| !line.contains(':')) {
        lines.extend(line.chars().filter(|c| !c.is_ascii_whitespace()));
    }
    BASE64.decode(lines).ok()
}

fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

fn defaults(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The parts that are signed, what the fields of all of them are, and the signed part's reader.
fn signed<'d>(
    bytes: &'d [u8],
    fields: &mut Map<String, Value>,
    signed_name: &str,
) -> Result<Reader<'d>, Fault> {
    let mut input = Reader(bytes);
    let whole = input.take(SEQUENCE)?;
    if !input.is_empty() {
        return Err("data follows it");
    }
    let mut parts = whole.reader();
    let (content, algorithm) = (parts.take(SEQUENCE)?, parts.take(SEQUENCE)?);
    let signature = parts.take(BIT_STRING)?.bits()?;
    let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    set("Raw", base64(whole.raw).into());
    set(signed_name, base64(content.raw).into());
    set("Signature", base64(signature).into());
    set(
        "SignatureAlgorithm",
        signature_algorithm(&algorithm)?.into(),
    );
    Ok(content.reader())
}

fn subject_and_key(
    fields: &mut Map<String, Value>,
    subject: &Element<'_>,
    key: &Element<'_>,
) -> Result<(), Fault> {
    let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    set("Subject", name(subject)?);
    set("RawSubject", base64(subject.raw).into());
    set("PublicKey", rsa_key(key)?);
    set("PublicKeyAlgorithm", 1.into());
    set("RawSubjectPublicKeyInfo", base64(key.raw).into());
    Ok(())
}

fn certificate(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let mut fields = defaults(CERTIFICATE);
    let mut content = signed(bytes, &mut fields, "RawTBSCertificate")?;
    let version = match content.optional(0xa0)? {
        Some(version) => version.reader().take(INTEGER)?.small()?,
        None => 0,
    };
    if !(0..=2).contains(&version) {
        return Err("its version is not known");
    }
    let (serial, _algorithm) = (content.take(INTEGER)?, content.take(SEQUENCE)?);
    let issuer = content.take(SEQUENCE)?;
    let mut validity = content.take(SEQUENCE)?.reader();
    let (subject, key) = (content.take(SEQUENCE)?, content.take(SEQUENCE)?);
    let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    set("Version", (version + 1).into());
    set("SerialNumber", serial_number(&serial)?);
    set("Issuer", name(&issuer)?);
    set("RawIssuer", base64(issuer.raw).into());
    set("NotBefore", validity.any()?.time()?.into());
    set("NotAfter", validity.any()?.time()?.into());
    subject_and_key(&mut fields, &subject, &key)?;
    content.optional(0x81)?;
    content.optional(0x82)?;
    let extensions = match content.optional(0xa3)? {
        Some(outer) => extensions(&outer.reader().take(SEQUENCE)?)?,
        None => Vec::new(),
    };
    fields.insert("Extensions".to_owned(), list(&extensions));
    certificate_fields(&mut fields, &extensions)?;
    Ok(fields)
}

/// A number as long as it is; JSON has it as a float.
fn serial_number(serial: &Element<'_>) -> Result<Value, Fault> {
    if serial.body.first().is_none_or(|first| *first >= 0x80) {
        return Err("its serial number is negative");
    }
    let digits = BigUint::from_bytes_be(serial.body).to_string();
    digits
        .parse::<f64>()
        .map(|number| json!(number))
        .map_err(|_| "its serial number is out of range")
}

fn request(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let mut fields = defaults(REQUEST);
    let mut content = signed(bytes, &mut fields, "RawTBSCertificateRequest")?;
    let version = content.take(INTEGER)?.small()?;
    let (subject, key) = (content.take(SEQUENCE)?, content.take(SEQUENCE)?);
    fields.insert("Version".to_owned(), version.into());
    subject_and_key(&mut fields, &subject, &key)?;
    let Some(attributes) = content.optional(0xa0)? else {
        return Ok(fields);
    };
    let mut listed = Vec::new();
    for attribute in attributes.reader().all()? {
        let mut parts = attribute.reader();
        let (kind, values) = (parts.take(OID)?, parts.take(SET)?);
        if kind.oid()? != EXTENSION_REQUEST {
            continue;
        }
        let wanted = values.reader().take(SEQUENCE)?;
        listed.push(json!({"Type": oid_json(&kind)?, "Value": [attribute_values(&wanted)?]}));
        let extensions = extensions(&wanted)?;
        fields.insert("Extensions".to_owned(), list(&extensions));
        request_fields(&mut fields, &extensions)?;
    }
    fields.insert("Attributes".to_owned(), nullable(listed));
    Ok(fields)
}

/// The extensions as attributes: of each, the part after the identifier.
fn attribute_values(list: &Element<'_>) -> Result<Value, Fault> {
    let mut values = Vec::new();
    for item in list.reader().all()? {
        let mut parts = item.reader();
        let (kind, value) = (parts.take(OID)?, parts.any()?);
        let value = match value.tag {
            OCTET_STRING => base64(value.body).into(),
            _ => Value::Bool(value.body != [0]),
        };
        values.push(json!({"Type": oid_json(&kind)?, "Value": value}));
    }
    Ok(values.into())
}
