//! The grammar of image references:
//!
//! ```text
//! reference  = [domain "/"] path [":" tag] ["@" digest]
//! domain     = host [":" port]        host = names joined by ".", or "[" IPv6 "]"
//! path       = component *("/" component)
//! component  = lower-case letters and digits, joined by ".", "_", "__" or any number of "-"
//! tag        = up to 128 letters, digits, "_", "." and "-", not starting with "." or "-"
//! digest     = algorithm ":" hex digits
//! ```
//!
//! A first part that can be a domain is one.

use super::ImageError;

const MAX_PATH: usize = 255;

/// The parts as they stand in the text; those that are missing are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) domain: &'a str,
    pub(super) path: &'a str,
    pub(super) tag: &'a str,
    pub(super) digest: &'a str,
}

pub(super) fn parse(text: &str) -> Result<Parts<'_>, ImageError> {
    let Some(parts) = split(text) else {
        let lower = text.to_lowercase();
        let only_case = lower != text && split(&lower).is_some();
        return Err(match only_case {
            true => ImageError::Uppercase(text.to_owned()),
            false => ImageError::Format(text.to_owned()),
        });
    };
    if parts.path.len() > MAX_PATH {
        return Err(ImageError::TooLong(text.to_owned()));
    }
    if !parts.digest.is_empty() && !is_known_digest(parts.digest) {
        return Err(ImageError::Digest(text.to_owned()));
    }
    Ok(parts)
}

/// Whether a digest is a whole sha256, sha384 or sha512 in lower-case hex digits.
pub(super) fn is_known_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn split(text: &str) -> Option<Parts<'_>> {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, is_digest(digest).then_some(digest)?),
        None => (text, ""),
    };
    // A colon before the last slash belongs to a port.
    let last = named.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    let (name, tag) = match named.get(last..)?.split_once(':') {
        Some((before, tag)) => {
            let end = last.saturating_add(before.len());
            (named.get(..end)?, is_tag(tag).then_some(tag)?)
        }
        None => (named, ""),
    };
    let (domain, path) = match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) && is_path(path) => (domain, path),
        _ => ("", is_path(name).then_some(name)?),
    };
    Some(Parts {
        domain,
        path,
        tag,
        digest,
    })
}

fn is_domain(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        let address_byte = |b: u8| b.is_ascii_hexdigit() || b == b':';
        let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return !address.is_empty() && address.bytes().all(address_byte) && port;
    }
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    is_port(port) && host.split('.').all(is_host_name)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_path(text: &str) -> bool {
    text.split('/').all(is_component)
}

fn is_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let Some(last) = text.bytes().last() else {
        return false;
    };
    let mut separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    plain(last)
        && text.bytes().next().is_some_and(plain)
        && separators.all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// Words that start with a letter, joined by `-`, `_`, `+` or `.`; then at least 32 hex digits.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else {
        return false;
    };
    let word = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(word)
        && hex.len() >= 32
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}
