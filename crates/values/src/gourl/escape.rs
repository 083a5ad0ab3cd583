//! Percent escapes, which each part of a URL treats in its own way.

use std::fmt::Write as _;

/// The part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Host,
    Zone,
    User,
    Query,
    Fragment,
}

/// The text without its escapes.
pub(super) fn decode(text: &str, place: Place) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [b'%', high, low, after @ ..] if let Some(byte) = hex_pair(*high, *low) => {
                check_host_escape(place, byte, [*high, *low])?;
                bytes.push(byte);
                rest = after;
            }
            [b'%', ..] => {
                let escape = rest.get(..rest.len().min(3)).unwrap_or_default();
                return Err(invalid_escape(&String::from_utf8_lossy(escape)));
            }
            [b'+', after @ ..] if place == Place::Query => {
                bytes.push(b' ');
                rest = after;
            }
            [byte, after @ ..] => {
                let is_host = matches!(place, Place::Host | Place::Zone);
                if is_host && byte.is_ascii() && is_escaped(*byte, place) {
                    let character = char::from(*byte).to_string();
                    return Err(format!("invalid character {character:?} in host name"));
                }
                bytes.push(*byte);
                rest = after;
            }
            [] => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

/// A host may escape what is not ASCII; a zone may escape `%`, space and what a host may hold.
fn check_host_escape(place: Place, byte: u8, [high, low]: [u8; 2]) -> Result<(), String> {
    let is_refused = match place {
        Place::Host => byte < 0x80 && byte != b'%',
        Place::Zone => byte != b'%' && byte != b' ' && is_escaped(byte, Place::Host),
        _ => false,
    };
    if is_refused {
        let escape: String = [b'%', high, low].map(char::from).iter().collect();
        return Err(invalid_escape(&escape));
    }
    Ok(())
}

fn invalid_escape(escape: &str) -> String {
    format!("invalid URL escape {escape:?}")
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The text with escapes where the place needs them.
pub(super) fn encode(text: &str, place: Place) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_escaped(byte, place) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        } else {
            escaped.push(char::from(byte));
        }
    }
    escaped
}

/// Whether a path as it is written needs no further escape.
pub(super) fn is_valid_path(text: &str) -> bool {
    text.bytes()
        .all(|byte| b"!$&'()*+,;=:@[]%".contains(&byte) || !is_escaped(byte, Place::Path))
}

fn is_escaped(byte: u8, place: Place) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    let allowed: &[u8] = match place {
        Place::Host | Place::Zone => b"!$&'()*+,;=:[]<>\"",
        Place::Path => b"$&+,/:;=@",
        Place::User => b"$&+,;=",
        Place::Query => b"",
        Place::Fragment => b"$&+,/:;=?@!()*",
    };
    !allowed.contains(&byte)
}
