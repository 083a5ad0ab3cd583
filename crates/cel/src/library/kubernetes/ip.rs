//! `ip`: IP addresses, read as strictly as Kubernetes reads them.

use std::{any::Any, net::IpAddr};

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    types::Type,
    value::{Opaque, Value},
};

/// Kubernetes' `ip` library.
pub const IP: Library = Library {
    name: "kubernetes.ip",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new("string_to_ip", "ip(string) -> net.IP", ip).costs(size::of_text),
    Overload::new("ip_family", "net.IP.family() -> int", family),
    Overload::new(
        "ip_is_canonical",
        "ip.isCanonical(string) -> bool",
        is_canonical,
    )
    .costs(canonical_cost),
    Overload::new(
        "ip_is_unspecified",
        "net.IP.isUnspecified() -> bool",
        |_, args| test(args, |ip| ip.is_unspecified()),
    ),
    Overload::new(
        "ip_is_loopback",
        "net.IP.isLoopback() -> bool",
        |_, args| test(args, |ip| ip.is_loopback()),
    ),
    Overload::new(
        "ip_is_link_local_multicast",
        "net.IP.isLinkLocalMulticast() -> bool",
        |_, args| test(args, is_link_local_multicast),
    ),
    Overload::new(
        "ip_is_link_local_unicast",
        "net.IP.isLinkLocalUnicast() -> bool",
        |_, args| test(args, is_link_local_unicast),
    ),
    Overload::new(
        "ip_is_global_unicast",
        "net.IP.isGlobalUnicast() -> bool",
        |_, args| test(args, is_global_unicast),
    ),
    Overload::new("is_ip", "isIP(string) -> bool", is_ip).costs(size::of_text),
    Overload::new("ip_to_string", "string(net.IP) -> string", to_string),
];

/// An address as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ip(pub(super) IpAddr);

impl Opaque for Ip {
    fn type_of(&self) -> Type {
        Type::opaque("net.IP")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn equals_only_its_type(&self) -> bool {
        true
    }

    fn to_text(&self) -> String {
        self.0.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Reads an address. IPv6 addresses that stand for an IPv4 one, and zones, are refused.
pub(super) fn parse(text: &str) -> Result<IpAddr, String> {
    let address = parse_go(text).map_err(|error| {
        format!("IP Address {text:?} parse error during conversion from string: {error}")
    })?;
    if text.contains('%') {
        return Err(format!(
            "IP address {text:?} with zone value is not allowed"
        ));
    }
    if is_mapped(address) {
        return Err(format!("IPv4-mapped IPv6 address {text:?} is not allowed"));
    }
    Ok(address)
}

/// Whether this is an IPv6 address that stands for an IPv4 one (`::ffff:1.2.3.4`).
pub(super) fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

/// Reads an address as Go's `netip.ParseAddr` does, and says of a mistake what it says.
pub(super) fn parse_go(text: &str) -> Result<IpAddr, String> {
    let fault = |what: &str| Err(format!("ParseAddr({text:?}): {what}"));
    match text.chars().find(|c| ".:%".contains(*c)) {
        Some('.') => v4(text).or_else(|what| fault(&what)),
        Some(':') => v6(text).or_else(|(what, at)| match at {
            Some(at) => fault(&format!("{what} (at {at:?})")),
            None => fault(&what),
        }),
        Some(_) => fault("missing IPv6 address"),
        None => fault("unable to parse IP"),
    }
}

fn v4(text: &str) -> Result<IpAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(IpAddr::V4(address));
    }
    Err(v4_fault(text))
}

/// Why text with a dot is no IPv4 address.
fn v4_fault(text: &str) -> String {
    let fields: Vec<&str> = text.split('.').collect();
    let last = fields.len() - 1;
    for (position, field) in fields.iter().enumerate() {
        let mut value = 0_u32;
        for (length, digit) in field.chars().enumerate() {
            let Some(digit) = digit.to_digit(10) else {
                return "unexpected character".to_owned()
                    + &format!(" (at {:?})", rest_from(text, &fields, position, length));
            };
            if length == 1 && field.starts_with('0') {
                return "IPv4 field has octet with leading zero".to_owned();
            }
            value = value * 10 + digit;
            if value > 255 {
                return "IPv4 field has value >255".to_owned();
            }
        }
        if field.is_empty() {
            let length = usize::from(position == last);
            let at = rest_from(text, &fields, position, 0);
            let before = text.len() - at.len() + length;
            let at = text.get(before.saturating_sub(1)..).unwrap_or_default();
            return format!("IPv4 field must have at least one digit (at {at:?})");
        }
        if position == 3 && last > 3 {
            return "IPv4 address too long".to_owned();
        }
    }
    "IPv4 address too short".to_owned()
}

/// The text from a field's character on.
fn rest_from<'t>(text: &'t str, fields: &[&str], field: usize, offset: usize) -> &'t str {
    let before: usize = fields.iter().take(field).map(|field| field.len() + 1).sum();
    text.get(before + offset..).unwrap_or_default()
}

type V6Fault = (String, Option<String>);

fn v6(text: &str) -> Result<IpAddr, V6Fault> {
    let (address, zone) = match text.split_once('%') {
        Some((_, "")) => return Err(("zone must be a non-empty string".to_owned(), None)),
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let _ = zone;
    if let Ok(address) = address.parse() {
        return Ok(IpAddr::V6(address));
    }
    Err(v6_fault(address))
}

/// Why text with a colon is no IPv6 address.
fn v6_fault(text: &str) -> V6Fault {
    let mut rest = text.strip_prefix("::").unwrap_or(text);
    let mut ellipsis = rest.len() < text.len();
    let mut bytes = 0;
    while bytes < 16 {
        let digits = rest
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(rest.len());
        if digits > 4 {
            let field = "each group must have 4 or less digits";
            return (field.to_owned(), Some(rest.to_owned()));
        }
        if digits == 0 {
            let field = "each colon-separated field must have at least one digit";
            return (field.to_owned(), Some(rest.to_owned()));
        }
        let after = rest.get(digits..).unwrap_or_default();
        if after.starts_with('.') {
            if !ellipsis && bytes != 12 {
                let what = "embedded IPv4 address must replace the final 2 fields of the address";
                return (what.to_owned(), Some(rest.to_owned()));
            }
            if bytes > 12 {
                let what = "too many hex fields to fit an embedded IPv4 at the end of the address";
                return (what.to_owned(), Some(rest.to_owned()));
            }
            return (v4_fault(rest), Some(rest.to_owned()));
        }
        bytes += 2;
        rest = after;
        if rest.is_empty() {
            break;
        }
        let Some(next) = rest.strip_prefix(':') else {
            return (
                "unexpected character, want colon".to_owned(),
                Some(rest.to_owned()),
            );
        };
        if next.is_empty() {
            let what = "colon must be followed by more characters";
            return (what.to_owned(), Some(rest.to_owned()));
        }
        rest = next;
        if let Some(next) = rest.strip_prefix(':') {
            if ellipsis {
                return ("multiple :: in address".to_owned(), Some(rest.to_owned()));
            }
            ellipsis = true;
            rest = next;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return (
            "trailing garbage after address".to_owned(),
            Some(rest.to_owned()),
        );
    }
    if bytes < 16 {
        return ("address string too short".to_owned(), None);
    }
    (
        "the :: must expand to at least one field of zeros".to_owned(),
        None,
    )
}

fn ip<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    match parse(text) {
        Ok(address) => Ok(Value::opaque(Ip(address))),
        Err(message) => Err(EvalError::new(message).into()),
    }
}

fn is_ip<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(Value::Bool(parse(text).is_ok()))
}

fn is_canonical<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    match parse(text) {
        Ok(address) => Ok(Value::Bool(address.to_string() == text.as_str())),
        Err(message) => Err(EvalError::new(message).into()),
    }
}

/// The text is read, and then compared.
fn canonical_cost(args: &[Value<'_>]) -> u64 {
    size::characters(size::size(args.first()).saturating_mul(2))
}

fn receiver(args: &[Value<'_>]) -> Result<IpAddr, Box<EvalError>> {
    match args.first().and_then(Value::downcast::<Ip>) {
        Some(ip) => Ok(ip.0),
        None => Err(EvalError::no_such_overload().into()),
    }
}

fn family<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let family = if receiver(args)?.is_ipv4() { 4 } else { 6 };
    Ok(Value::Int(family))
}

fn to_string<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::from(receiver(args)?.to_string()))
}

fn test<'a>(args: &[Value<'a>], is: impl Fn(IpAddr) -> bool) -> Evaluated<'a> {
    Ok(Value::Bool(is(receiver(args)?)))
}

fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(address) => address
            .segments()
            .first()
            .is_some_and(|first| first & 0xff0f == 0xff02),
    }
}

fn is_link_local_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_global_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(broadcast
        || address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || is_link_local_unicast(address))
}
