//! URLs as Go's `net/url` reads and writes them.
//!
//! `scheme://user@host:port/path?query#fragment`; without `//` a URL has no host.

mod escape;

use std::net::Ipv6Addr;

use escape::Place;

/// A URL in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// The scheme, in lower case.
    pub scheme: String,
    /// Host and port, decoded; the brackets of an IPv6 address stay.
    pub host: String,
    /// What follows a scheme without a slash, as in `mailto:someone@example.com`.
    opaque: String,
    /// User and password, as written.
    user: Option<String>,
    /// The path as written.
    raw_path: String,
    /// The path, decoded.
    path: String,
    omits_host: bool,
    query: Option<String>,
    /// The fragment, decoded.
    fragment: String,
}

/// Why a text is no URL, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parse {url:?}: {what}")]
pub struct UrlError {
    url: String,
    /// What is wrong with it.
    pub what: String,
}

impl Url {
    /// Reads a URL, perhaps a relative one, as `url.Parse` does.
    ///
    /// # Errors
    /// When a part of it is not valid.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fault = |what| UrlError {
            url: text.to_owned(),
            what,
        };
        let mut url = parse(text, false).map_err(fault)?;
        url.fragment = escape::decode(fragment, Place::Fragment).map_err(fault)?;
        Ok(url)
    }

    /// Reads an absolute URL or an absolute path without a fragment, as `url.ParseRequestURI` does.
    ///
    /// # Errors
    /// When it is neither, or a part of it is not valid.
    pub fn parse_request_uri(text: &str) -> Result<Url, UrlError> {
        parse(text, true).map_err(|what| UrlError {
            url: text.to_owned(),
            what,
        })
    }

    /// The host without port and brackets.
    #[must_use]
    pub fn hostname(&self) -> &str {
        let host = self.split_port().0;
        host.strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port, empty if there is none.
    #[must_use]
    pub fn port(&self) -> &str {
        self.split_port().1
    }

    fn split_port(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if is_digits(port) => (host, port),
            _ => (&self.host, ""),
        }
    }

    /// The path, escaped where it must be.
    #[must_use]
    pub fn escaped_path(&self) -> String {
        if self.raw_path == "*" || escape::is_valid_path(&self.raw_path) {
            return self.raw_path.clone();
        }
        escape::encode(&self.path, Place::Path)
    }

    /// The names and values of the query, in their order. What cannot be decoded is left out.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        self.query
            .iter()
            .flat_map(|query| query.split('&'))
            .filter(|pair| !pair.is_empty() && !pair.contains(';'))
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let name = escape::decode(name, Place::Query).ok()?;
                Some((name, escape::decode(value, Place::Query).ok()?))
            })
            .collect()
    }
}

/// The URL as `URL.String` writes it.
impl std::fmt::Display for Url {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.scheme.is_empty() {
            write!(formatter, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            self.write_location(formatter)?;
        } else {
            formatter.write_str(&self.opaque)?;
        }
        if let Some(query) = &self.query {
            write!(formatter, "?{query}")?;
        }
        if !self.fragment.is_empty() {
            write!(
                formatter,
                "#{}",
                escape::encode(&self.fragment, Place::Fragment)
            )?;
        }
        Ok(())
    }
}

impl Url {
    fn write_location(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.escaped_path();
        let omits = self.omits_host && self.host.is_empty() && self.user.is_none();
        let has_authority = !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some();
        let is_seen = !self.host.is_empty() || !path.is_empty() || self.user.is_some();
        if has_authority && !omits && is_seen {
            formatter.write_str("//")?;
            if let Some(user) = &self.user {
                write!(formatter, "{user}@")?;
            }
            formatter.write_str(&escape::encode(&self.host, Place::Host))?;
        }
        if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
            formatter.write_str("/")?;
        }
        formatter.write_str(&path)
    }
}

fn parse(text: &str, via_request: bool) -> Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text.is_empty() && via_request {
        return Err("empty url".to_owned());
    }
    let mut url = Url::default();
    if text == "*" {
        "*".clone_into(&mut url.path);
        "*".clone_into(&mut url.raw_path);
        return Ok(url);
    }
    let (scheme, rest) = split_scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query.to_owned())),
        None => (rest, None),
    };
    url.query = query;
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if via_request {
            return Err("invalid URI for request".to_owned());
        }
        if rest
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'))
        {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let authority = rest
        .strip_prefix("//")
        .filter(|_| !scheme.is_empty() || (!via_request && !rest.starts_with("///")));
    let path = match authority {
        Some(authority) => {
            let end = authority.find('/').unwrap_or(authority.len());
            let (authority, path) = authority.split_at_checked(end).unwrap_or((authority, ""));
            (url.user, url.host) = parse_authority(&url.scheme, authority)?;
            path
        }
        None => {
            url.omits_host = !scheme.is_empty() && rest.starts_with('/');
            rest
        }
    };
    url.path = escape::decode(path, Place::Path)?;
    path.clone_into(&mut url.raw_path);
    Ok(url)
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
    let Some((scheme, rest)) = end.and_then(|end| text.split_at_checked(end)) else {
        return Ok(("", text));
    };
    let Some(rest) = rest.strip_prefix(':') else {
        return Ok(("", text));
    };
    if scheme.is_empty() {
        return Err("missing protocol scheme".to_owned());
    }
    if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok((scheme, rest));
    }
    Ok(("", text))
}

fn parse_authority(scheme: &str, authority: &str) -> Result<(Option<String>, String), String> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Ok((None, parse_host(scheme, authority)?));
    };
    let host = parse_host(scheme, host)?;
    let is_valid = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(is_valid) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    escape::decode(user, Place::User)?;
    Ok((Some(user.to_owned()), host))
}

fn parse_host(scheme: &str, host: &str) -> Result<String, String> {
    match host.rfind('[') {
        Some(0) => return parse_address(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    // Go takes further colons as a part of the host, but not in the URLs that everybody uses.
    let is_strict = matches!(scheme, "http" | "https");
    let colon = if is_strict {
        host.find(':')
    } else {
        host.rfind(':')
    };
    if let Some(port) = colon.and_then(|colon| host.get(colon..)) {
        check_port(port)?;
    }
    escape::decode(host, Place::Host)
}

/// Reads `[address%25zone]:port`.
fn parse_address(host: &str) -> Result<String, String> {
    let Some((address, port)) = host.rsplit_once(']') else {
        return Err("missing ']' in host".to_owned());
    };
    check_port(port)?;
    let address = address.strip_prefix('[').unwrap_or(address);
    let address = match address.split_once("%25") {
        Some((address, zone)) => format!(
            "{}%{}",
            escape::decode(address, Place::Host)?,
            escape::decode(zone, Place::Zone)?
        ),
        None => escape::decode(address, Place::Host)?,
    };
    let (plain, zone) = match address.split_once('%') {
        Some((plain, zone)) => (plain, Some(zone)),
        None => (address.as_str(), None),
    };
    if plain.parse::<Ipv6Addr>().is_err() || zone == Some("") {
        return Err("invalid IP-literal".to_owned());
    }
    Ok(format!("[{address}]{port}"))
}

/// Nothing, or a colon and digits.
fn check_port(text: &str) -> Result<(), String> {
    if text.is_empty() || text.strip_prefix(':').is_some_and(is_digits) {
        return Ok(());
    }
    Err(format!("invalid port {text:?} after host"))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Url;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = Url::parse(text);
        let found = found
            .as_ref()
            .map(Url::hostname)
            .map_err(|error| error.what.as_str());
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn hosts_are_found_as_go_finds_them() {
        check("https://example.com:8080/a?b#c", Ok("example.com"));
        check("http://user:p%40ss@[::1]:80/", Ok("::1"));
        check("http://[fe80::1%25eth0]", Ok("fe80::1%eth0"));
        check("//example.com", Ok("example.com"));
        check("example.com/a", Ok(""));
        check("mailto:a@b.c", Ok(""));
        check("///a", Ok(""));
        check("", Ok(""));
        check("http://h%C3%A9", Ok("hé"));
        check("ftp://a:80:80/", Ok("a:80"));
    }

    #[test]
    fn mistakes_are_told_as_go_tells_them() {
        let colon = "first path segment in URL cannot contain colon";
        check("1.2.3.4:80", Err(colon));
        check("http://::1/", Err("invalid port \"::1\" after host"));
        check("http://a:80:80/", Err("invalid port \":80:80\" after host"));
        check("http://a:b", Err("invalid port \":b\" after host"));
        check("http://[127.0.0.1]", Err("invalid IP-literal"));
        check("http://[::1", Err("missing ']' in host"));
        check("http://a b", Err("invalid character \" \" in host name"));
        check("http://a%41", Err("invalid URL escape \"%41\""));
        check("http://a/%zz", Err("invalid URL escape \"%zz\""));
        check(
            "http://a\n",
            Err("net/url: invalid control character in URL"),
        );
        check("http://u\u{e9}@a", Err("net/url: invalid userinfo"));
        check(":a", Err("missing protocol scheme"));
    }

    #[test]
    fn a_url_is_written_as_go_writes_it() {
        for text in [
            "https://user:pw@example.com:8080/a%20b/c?x=1&x=2&y=%41#frag",
            "http://[::1]:80/",
            "mailto:a@b",
            "file:/etc/passwd",
            "*",
            "//host/path?",
        ] {
            assert_eq!(
                Url::parse(text).map(|url| url.to_string()),
                Ok(text.to_owned())
            );
        }
    }
}
