//! What a scalar means: `yes` is true, `0755` is 493, `1e3` is a number, `2020-01-01` a date.
//!
//! | written | Kubernetes (YAML 1.1) | [`Mode::V3`] |
//! |---|---|---|
//! | `y` `yes` `on` `n` `no` `off` (three spellings each) | boolean | text |
//! | `true` `false` (three spellings) | boolean | boolean |
//! | `~` `null` `Null` `NULL` and nothing | null | null |
//! | `0755` `0o755` `0x1F` `0b11` `1_000` `+12` | integer | integer |
//! | `1.5` `.5` `1.` `1e3` `08` `.inf` `.nan` | float | float |
//! | `2020-01-01` and other dates | text | RFC 3339 text |
//!
//! A quoted scalar is text, unless a tag such as `!!int` says otherwise.

mod base64;
mod number;
mod timestamp;

pub(crate) use number::{float_key, float_value};

use std::borrow::Cow;

use crate::{Mode, scanner::Style};

const CORE: &str = "tag:yaml.org,2002:";

/// A scalar's meaning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    UInt(u64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A date, as RFC 3339 where its zone can be written; only in [`Mode::V3`].
    Date(Option<String>),
}

impl Scalar<'_> {
    /// The tag that a scalar of this meaning has.
    fn tag(&self) -> &'static str {
        match self {
            Scalar::Null => "null",
            Scalar::Bool(_) => "bool",
            Scalar::Int(_) | Scalar::UInt(_) => "int",
            Scalar::Float(_) => "float",
            Scalar::Text(_) => "str",
            Scalar::Date(_) => "timestamp",
        }
    }
}

/// The meaning of a plain scalar without a tag.
#[inline]
pub(crate) fn plain(text: Cow<'_, str>, mode: Mode) -> Scalar<'_> {
    match special(&text, mode, true) {
        Some(scalar) => scalar,
        None => Scalar::Text(text),
    }
}

/// Whether a scalar is written `<<`, which merges other maps into its map.
pub(crate) fn is_merge(text: &str, style: Style, tag: Option<&str>, mode: Mode) -> bool {
    if text != "<<" {
        return false;
    }
    match (tag, mode) {
        (None, _) => style == Style::Plain,
        (Some("!"), Mode::V3) => style == Style::Plain,
        (Some("!"), _) => true,
        (Some(tag), _) => core(tag, mode) == Some("merge"),
    }
}

/// The meaning of a scalar; the error is what is wrong, in words.
pub(crate) fn resolve<'a>(
    text: Cow<'a, str>,
    style: Style,
    tag: Option<&str>,
    mode: Mode,
) -> Result<Scalar<'a>, String> {
    match tag {
        None if style == Style::Plain => Ok(plain(text, mode)),
        None => Ok(Scalar::Text(text)),
        Some("!") if mode == Mode::V3 && style == Style::Plain => Ok(plain(text, mode)),
        Some(tag) => match core(tag, mode) {
            Some("binary") => match base64::decode(&text) {
                Some(bytes) => Ok(Scalar::Text(Cow::Owned(bytes))),
                None => Err("a `!!binary` value must be base64".to_owned()),
            },
            Some(wanted @ ("bool" | "int" | "float" | "null" | "timestamp")) => {
                tagged(text, wanted, mode)
            }
            _ => Ok(Scalar::Text(text)),
        },
    }
}

fn tagged<'a>(text: Cow<'a, str>, wanted: &str, mode: Mode) -> Result<Scalar<'a>, String> {
    let is_date = wanted == "timestamp";
    let meaning = special(&text, mode, is_date);
    if is_date && meaning.is_none() && timestamp::parse(&text).is_some() {
        return Ok(Scalar::Text(text));
    }
    match meaning {
        Some(Scalar::Int(int)) if wanted == "float" => Ok(Scalar::Float(int as f64)),
        Some(scalar) if scalar.tag() == wanted => Ok(scalar),
        _ => Err(format!(
            "`{text}` is not a value of the tag `!!{wanted}`; write such a value, or remove the tag"
        )),
    }
}

/// The name of a tag of YAML's own, without its prefix.
fn core(tag: &str, mode: Mode) -> Option<&str> {
    let name = tag.strip_prefix(CORE);
    if mode == Mode::V3 {
        name.or_else(|| tag.strip_prefix("!!"))
    } else {
        name
    }
}

/// What a plain scalar means beside its text.
#[inline]
fn special<'a>(text: &str, mode: Mode, dates: bool) -> Option<Scalar<'a>> {
    let Some(first) = text.as_bytes().first() else {
        return Some(Scalar::Null);
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => numeric(text, *first, mode, dates),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~'
            if text.len() <= 5 =>
        {
            word(text, mode)
        }
        _ => None,
    }
}

fn word<'a>(text: &str, mode: Mode) -> Option<Scalar<'a>> {
    match text {
        "true" | "True" | "TRUE" => Some(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => Some(Scalar::Bool(false)),
        "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        _ if mode == Mode::V3 => None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Scalar::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Scalar::Bool(false)),
        _ => None,
    }
}

fn numeric<'a>(text: &str, first: u8, mode: Mode, dates: bool) -> Option<Scalar<'a>> {
    if let Some(float) = number::infinite(text) {
        return Some(Scalar::Float(float));
    }
    if first == b'.' {
        return number::go_float(text).map(Scalar::Float);
    }
    if dates
        && mode == Mode::V3
        && let Some(date) = timestamp::parse(text)
    {
        return Some(Scalar::Date(date.to_rfc3339()));
    }
    number::parse(text, mode)
}

/// Whether [`Mode::V3`] takes a key for text.
pub(crate) fn is_text(text: &str, style: Style, tag: Option<&str>) -> bool {
    match tag {
        None | Some("!") => style != Style::Plain || special(text, Mode::V3, true).is_none(),
        Some(tag) => matches!(core(tag, Mode::V3), Some("str" | "merge")),
    }
}
