//! What was signed: YAML, compressed by gzip, or an archive of YAML files (`.tar.gz`) that is
//! compressed once more.
//!
//! Signatures are over the message as it is after the first decompression.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::annotation;

/// The most that a message may unfold to, in bytes: far more than an object of a cluster holds.
const MOST: u64 = 8 << 20;

/// What starts a text that gzip made.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A message with its signatures; nothing of it is trusted yet.
#[derive(Debug)]
pub(super) struct SignedMessage {
    /// What the signatures are over.
    pub(super) text: Vec<u8>,
    /// The signatures.
    pub(super) signatures: Vec<Vec<u8>>,
    manifests: Vec<Value>,
}

impl SignedMessage {
    /// Reads the annotations of an object.
    ///
    /// # Errors
    /// The message or the signatures are missing, or are not what they should be.
    pub(super) fn read(object: &Value, domain: &str) -> Result<SignedMessage, String> {
        let key = format!("{domain}/message");
        let message = annotation(object, &key)
            .ok_or_else(|| format!("message not found: there is no annotation `{key}`"))?;
        let message = STANDARD
            .decode(message.trim())
            .map_err(|error| format!("annotation `{key}` is no base64: {error}"))?;
        let text = unfolded(&message).map_err(|error| format!("annotation `{key}`: {error}"))?;
        let manifests = manifests(&text).map_err(|error| format!("annotation `{key}`: {error}"))?;
        Ok(SignedMessage {
            text,
            signatures: signatures(object, domain)?,
            manifests,
        })
    }

    /// The signed manifests that can be an object's own: of its kind and name.
    pub(super) fn manifests<'m>(&'m self, object: &'m Value) -> impl Iterator<Item = &'m Value> {
        let id = |object: &Value| {
            let name = object.get("metadata").and_then(|data| data.get("name"));
            (object.get("kind").cloned(), name.cloned())
        };
        let wanted = id(object);
        let all = self.manifests.iter();
        all.filter(move |manifest| id(manifest) == wanted)
    }
}

/// All signatures that annotations hold: `signature`, and `signature_1` and so on.
fn signatures(object: &Value, domain: &str) -> Result<Vec<Vec<u8>>, String> {
    let first = format!("{domain}/signature");
    let metadata = object.get("metadata");
    let annotations = metadata.and_then(|metadata| metadata.get("annotations")?.as_object());
    let mut found = Vec::new();
    for (key, value) in annotations.into_iter().flatten() {
        let Some(rest) = key.strip_prefix(&first) else {
            continue;
        };
        if !rest.is_empty() && !rest.starts_with('_') {
            continue;
        }
        let text = value.as_str().unwrap_or_default().trim();
        let signature = STANDARD
            .decode(text)
            .map_err(|error| format!("annotation `{key}` is no base64: {error}"))?;
        found.push(signature);
    }
    match found.is_empty() {
        true => Err(format!(
            "signature not found: there is no annotation `{first}`"
        )),
        false => Ok(found),
    }
}

fn unfolded(compressed: &[u8]) -> Result<Vec<u8>, String> {
    let text = bounded(&mut MultiGzDecoder::new(compressed));
    text.map_err(|error| format!("the message cannot be decompressed: {error}"))
}

fn bounded(reader: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = reader.take(MOST + 1).read_to_end(&mut text);
    read.map_err(|error| error.to_string())?;
    match u64::try_from(text.len()).is_ok_and(|length| length <= MOST) {
        true => Ok(text),
        false => Err(format!("it is of more than {MOST} bytes")),
    }
}

fn manifests(text: &[u8]) -> Result<Vec<Value>, String> {
    if !text.starts_with(&GZIP) {
        return documents(text);
    }
    let archive = unfolded(text)?;
    let mut archive = tar::Archive::new(archive.as_slice());
    let mut found = Vec::new();
    let broken = |error: std::io::Error| format!("the archive is broken: {error}");
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_file() {
            found.append(&mut documents(&bounded(&mut entry)?)?);
        }
    }
    Ok(found)
}

fn documents(text: &[u8]) -> Result<Vec<Value>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the message is no text".to_owned())?;
    let limits = Limits::default();
    let read = portcullis_yaml::documents(text).map(|text| text.read(Mode::Strict, &limits));
    let read: Result<Vec<Value>, _> = read.collect();
    read.map_err(|error| format!("the signed manifest is no YAML: {error}"))
}
