//! `cidr`: blocks of IP addresses.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::super::size;
use super::ip::{self, Ip};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    types::Type,
    value::{Opaque, Value},
};

/// Kubernetes' `cidr` library.
pub const CIDR: Library = Library {
    name: "kubernetes.cidr",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new("string_to_cidr", "cidr(string) -> net.CIDR", cidr).costs(size::of_text),
    Overload::new(
        "cidr_contains_ip_string",
        "net.CIDR.containsIP(string) -> bool",
        contains_ip,
    )
    .costs(contains_ip_cost),
    Overload::new(
        "cidr_contains_ip_ip",
        "net.CIDR.containsIP(net.IP) -> bool",
        contains_ip,
    )
    .costs(contains_ip_cost),
    Overload::new(
        "cidr_contains_cidr_string",
        "net.CIDR.containsCIDR(string) -> bool",
        contains_cidr,
    )
    .costs(contains_cidr_cost),
    Overload::new(
        "cidr_contains_cidr",
        "net.CIDR.containsCIDR(net.CIDR) -> bool",
        contains_cidr,
    )
    .costs(contains_cidr_cost),
    Overload::new("cidr_ip", "net.CIDR.ip() -> net.IP", address),
    Overload::new(
        "cidr_prefix_length",
        "net.CIDR.prefixLength() -> int",
        prefix_length,
    ),
    Overload::new("cidr_masked", "net.CIDR.masked() -> net.CIDR", masked),
    Overload::new("is_cidr", "isCIDR(string) -> bool", is_cidr).costs(size::of_text),
    Overload::new("cidr_to_string", "string(net.CIDR) -> string", to_string),
];

/// A block as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl Opaque for Cidr {
    fn type_of(&self) -> Type {
        Type::opaque("net.CIDR")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn equals_only_its_type(&self) -> bool {
        true
    }

    fn to_text(&self) -> String {
        format!("{}/{}", self.address, self.bits)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Cidr {
    /// Reads a block as Kubernetes does.
    fn parse(text: &str) -> Result<Cidr, String> {
        const CONTEXT: &str = "network address parse error during conversion from string: ";
        let block = Cidr::parse_go(text)
            .map_err(|what| format!("{CONTEXT}{CONTEXT}netip.ParsePrefix({text:?}): {what}"))?;
        if ip::is_mapped(block.address) {
            return Err(format!(
                "{CONTEXT}IPv4-mapped IPv6 address {text:?} is not allowed"
            ));
        }
        Ok(block)
    }

    fn parse_go(text: &str) -> Result<Cidr, String> {
        let Some((address, bits)) = text.rsplit_once('/') else {
            return Err("no '/'".to_owned());
        };
        let parsed = ip::parse_go(address)?;
        if parsed.is_ipv6() && address.contains('%') {
            return Err("IPv6 zones cannot be present in a prefix".to_owned());
        }
        let plain = bits.bytes().all(|digit| digit.is_ascii_digit());
        if !plain || bits.is_empty() || (bits.len() > 1 && bits.starts_with('0')) {
            return Err(format!("bad bits after slash: {bits:?}"));
        }
        let longest = if parsed.is_ipv4() { 32 } else { 128 };
        match bits.parse() {
            Ok(bits) if bits <= longest => Ok(Cidr {
                address: parsed,
                bits,
            }),
            _ => Err("prefix length out of range".to_owned()),
        }
    }

    /// The block with every bit of the address off that is not its own.
    fn masked(self) -> Cidr {
        let address = match self.address {
            IpAddr::V4(address) => {
                let off = 32 - u32::from(self.bits);
                let mask = u32::MAX.checked_shl(off).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let off = 128 - u32::from(self.bits);
                let mask = u128::MAX.checked_shl(off).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Cidr { address, ..self }
    }

    fn contains(self, address: IpAddr) -> bool {
        if self.address.is_ipv4() != address.is_ipv4() {
            return false;
        }
        let other = Cidr {
            address,
            bits: self.bits,
        };
        self.masked() == other.masked()
    }

    /// How many bytes its own bits reach into.
    fn size(self) -> u64 {
        u64::from(self.bits.div_ceil(8))
    }
}

fn cidr<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    match Cidr::parse(text) {
        Ok(block) => Ok(Value::opaque(block)),
        Err(message) => Err(EvalError::new(message).into()),
    }
}

fn is_cidr<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(Value::Bool(Cidr::parse(text).is_ok()))
}

fn receiver(args: &[Value<'_>]) -> Result<Cidr, Box<EvalError>> {
    match args.first().and_then(Value::downcast::<Cidr>) {
        Some(block) => Ok(*block),
        None => Err(EvalError::no_such_overload().into()),
    }
}

fn contains_ip<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let block = receiver(args)?;
    let address = match args.get(1) {
        // Kubernetes answers text that is no address like an argument of the wrong type.
        Some(Value::String(text)) => ip::parse(text).ok(),
        Some(other) => other.downcast::<Ip>().map(|ip| ip.0),
        None => None,
    };
    match address {
        Some(address) => Ok(Value::Bool(block.contains(address))),
        None => Err(EvalError::no_such_overload().into()),
    }
}

fn contains_cidr<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let block = receiver(args)?;
    let inner = match args.get(1) {
        Some(Value::String(text)) => Cidr::parse(text).map_err(EvalError::new)?,
        Some(other) => *other
            .downcast::<Cidr>()
            .ok_or_else(EvalError::no_such_overload)?,
        None => return Err(EvalError::no_such_overload().into()),
    };
    let within = inner.bits >= block.bits && block.contains(inner.masked().address);
    Ok(Value::Bool(within))
}

fn address<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::opaque(Ip(receiver(args)?.address)))
}

fn prefix_length<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Int(receiver(args)?.bits.into()))
}

fn masked<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::opaque(receiver(args)?.masked()))
}

fn to_string<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::from(receiver(args)?.to_text()))
}

/// The bytes of the block are compared with those of the address; text is read first.
fn contains_ip_cost(args: &[Value<'_>]) -> u64 {
    let block = receiver(args).map_or(1, Cidr::size);
    size::characters(block * 2).saturating_add(reading(args.get(1)))
}

/// Like an address, and the block is masked and its length compared, too.
fn contains_cidr_cost(args: &[Value<'_>]) -> u64 {
    let block = receiver(args).map_or(1, Cidr::size);
    (size::characters(block * 2) + size::characters(block) + 1).saturating_add(reading(args.get(1)))
}

/// The cost of reading an argument that is text.
fn reading(argument: Option<&Value<'_>>) -> u64 {
    match argument {
        Some(Value::String(_)) => size::characters(size::size(argument)),
        _ => 0,
    }
}
