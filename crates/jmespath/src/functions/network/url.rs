//! The host of a URL, with the checks of Go's URL parser.
//!
//! `scheme://user@host:port/path?query#fragment`; without `//` a URL has no host.

/// The host without port and brackets; empty when the URL has none.
pub(super) fn host(url: &str) -> Result<String, &'static str> {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    if url.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("it holds a control character");
    }
    check_escapes(fragment)?;
    if url == "*" {
        return Ok(String::new());
    }
    let (scheme, rest) = scheme(url)?;
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    if !rest.starts_with('/') {
        let segment = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty() && segment.contains(':') {
            return Err("its first segment holds a colon");
        }
        if scheme.is_empty() {
            check_escapes(rest)?;
        }
        return Ok(String::new());
    }
    let authority = rest
        .strip_prefix("//")
        .filter(|_| !scheme.is_empty() || !rest.starts_with("///"));
    let Some(authority) = authority else {
        check_escapes(rest)?;
        return Ok(String::new());
    };
    let end = authority.find('/').unwrap_or(authority.len());
    let (authority, path) = authority.split_at_checked(end).unwrap_or((authority, ""));
    check_escapes(path)?;
    authority_host(scheme, authority)
}

fn scheme(url: &str) -> Result<(&str, &str), &'static str> {
    let end = url.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
    let Some((scheme, rest)) = end.and_then(|end| url.split_at_checked(end)) else {
        return Ok(("", url));
    };
    let Some(rest) = rest.strip_prefix(':') else {
        return Ok(("", url));
    };
    if scheme.is_empty() {
        return Err("its scheme is empty");
    }
    if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok((scheme, rest));
    }
    Ok(("", url))
}

fn authority_host(scheme: &str, authority: &str) -> Result<String, &'static str> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return checked_host(scheme, authority);
    };
    let host = checked_host(scheme, host)?;
    let valid = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(valid) {
        return Err("its user information is not valid");
    }
    check_escapes(user)?;
    Ok(host)
}

fn checked_host(scheme: &str, host: &str) -> Result<String, &'static str> {
    const BRACKETS: &str = "brackets hold an IPv6 address only";
    const PORT: &str = "its port is not a number";
    match host.rfind('[') {
        Some(0) => {
            let (address, port) = host.rsplit_once(']').ok_or("a `]` is missing")?;
            if !is_port(port) {
                return Err(PORT);
            }
            let address = address.strip_prefix('[').unwrap_or(address);
            let address = match address.split_once("%25") {
                Some((address, zone)) => {
                    format!("{}%{}", decode_host(address)?, decode_zone(zone)?)
                }
                None => decode_host(address)?,
            };
            let plain = address.split('%').next().unwrap_or_default();
            let zoned = address.len() > plain.len();
            let empty_zone = zoned && address.len() == plain.len() + 1;
            if plain.parse::<std::net::Ipv6Addr>().is_err() || empty_zone {
                return Err(BRACKETS);
            }
            return Ok(address);
        }
        Some(_) => return Err(BRACKETS),
        None => {}
    }
    let strict = ["http", "https"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name));
    let colon = if strict {
        host.find(':')
    } else {
        host.rfind(':')
    };
    let (name, port) = colon
        .and_then(|colon| host.split_at_checked(colon))
        .unwrap_or((host, ""));
    if !is_port(port) {
        return Err(PORT);
    }
    decode_host(name)
}

/// Nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn check_escapes(text: &str) -> Result<(), &'static str> {
    decode(text, |_| true, |_| true).map(|_| ())
}

/// A host name, in which only bytes beyond ASCII may be escaped.
fn decode_host(text: &str) -> Result<String, &'static str> {
    decode(text, is_host_char, |byte| byte >= 0x80 || byte == b'%')
}

fn decode_zone(text: &str) -> Result<String, &'static str> {
    decode(text, is_host_char, |byte| {
        matches!(byte, b'%' | b' ') || is_host_char(byte)
    })
}

fn is_host_char(byte: u8) -> bool {
    byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// The text with `%XX` decoded; `plain` and `escaped` say which bytes may stand for themselves and
/// which may be escaped.
fn decode(
    text: &str,
    plain: fn(u8) -> bool,
    escaped: fn(u8) -> bool,
) -> Result<String, &'static str> {
    let mut output = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if !plain(byte) {
                return Err("its host holds a character that no host has");
            }
            output.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return Err("a `%` is not followed by two hexadecimal digits");
        };
        let decoded = u8::try_from(high * 16 + low).unwrap_or_default();
        if !escaped(decoded) {
            return Err("its host escapes a character that must stand for itself");
        }
        output.push(decoded);
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

#[cfg(test)]
mod tests {
    use super::host;

    fn check(url: &str, expected: Option<&str>) {
        assert_eq!(host(url).ok().as_deref(), expected, "{url}");
    }

    #[test]
    fn hosts_are_found_as_go_finds_them() {
        check("https://example.com:8080/a?b#c", Some("example.com"));
        check("http://user:p%40ss@[::1]:80/", Some("::1"));
        check("http://[fe80::1%25eth0]", Some("fe80::1%eth0"));
        check("//example.com", Some("example.com"));
        check("example.com/a", Some(""));
        check("mailto:a@b.c", Some(""));
        check("///a", Some(""));
        check("", Some(""));
        check("http://h%C3%A9", Some("hé"));
        check("1.2.3.4:80", None);
        check("http://::1/", None);
        check("http://a:80:80/", None);
        check("ftp://a:80:80/", Some("a:80"));
        check("http://a:b", None);
        check("http://[127.0.0.1]", None);
        check("http://[::1", None);
        check("http://a b", None);
        check("http://a%41", None);
        check("http://a/%zz", None);
        check("http://a\n", None);
        check("http://u\u{e9}@a", None);
        check(":a", None);
    }
}
