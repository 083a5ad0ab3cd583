//! Which characters a YAML text may have: no control characters but tab and line breaks.

use crate::error::{Fault, YamlError};

/// The text of a file: UTF-8, without the byte order mark that may stand before it.
///
/// # Errors
///
/// The bytes are not UTF-8; the error has the place of the first that is not.
pub fn from_bytes(bytes: &[u8]) -> Result<&str, YamlError> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        Err(error) => {
            let offset = error.valid_up_to();
            let before = bytes
                .get(..offset)
                .and_then(|bytes| str::from_utf8(bytes).ok())
                .unwrap_or_default();
            let byte = bytes.get(offset).copied().unwrap_or_default();
            let fault = Fault::new(
                offset,
                format!("the byte 0x{byte:02X} is not UTF-8; save the file as UTF-8"),
            );
            Err(YamlError::new(before, fault))
        }
    }
}

/// Refuses control characters, as Kubernetes' reader does.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    // One pass without branches: most texts have nothing but printable ASCII and line breaks.
    let suspicious = text.bytes().fold(false, |found, byte| {
        found | (byte >= 0x7F) | ((byte < 0x20) & !matches!(byte, b'\t' | b'\n' | b'\r'))
    });
    if !suspicious {
        return Ok(());
    }
    match text.char_indices().find(|(_, char)| !is_allowed(*char)) {
        Some((offset, char)) => Err(Fault::new(
            offset,
            format!(
                "the character U+{:04X} is not allowed in YAML; remove it, or write it as an escape in double quotes",
                u32::from(char)
            ),
        )),
        None => Ok(()),
    }
}

fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
}
