//! Reads DER: elements of a tag, a length and a body.

use crate::gotext;
use serde_json::Value;

/// Why bytes are not read.
pub(super) type Fault = &'static str;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

const MALFORMED: Fault = "its encoding is malformed";

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Element<'d> {
    pub(super) tag: u8,
    pub(super) body: &'d [u8],
    /// The element with its tag and length.
    pub(super) raw: &'d [u8],
}

/// What is left of a body.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d>(pub(super) &'d [u8]);

impl<'d> Reader<'d> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, of any tag.
    pub(super) fn any(&mut self) -> Result<Element<'d>, Fault> {
        let [tag, first, rest @ ..] = self.0 else {
            return Err(MALFORMED);
        };
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x84 => {
                let (bytes, rest) = rest
                    .split_at_checked(usize::from(long & 0x7f))
                    .ok_or(MALFORMED)?;
                let length = bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return Err(MALFORMED),
        };
        let (body, left) = rest.split_at_checked(length).ok_or(MALFORMED)?;
        let (raw, _) = self
            .0
            .split_at_checked(self.0.len() - left.len())
            .ok_or(MALFORMED)?;
        self.0 = left;
        Ok(Element {
            tag: *tag,
            body,
            raw,
        })
    }

    /// The next element, which must have the tag.
    pub(super) fn take(&mut self, tag: u8) -> Result<Element<'d>, Fault> {
        self.optional(tag)?.ok_or(MALFORMED)
    }

    /// The next element if it has the tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'d>>, Fault> {
        if self.0.first() != Some(&tag) {
            return Ok(None);
        }
        self.any().map(Some)
    }

    /// The elements to the end.
    pub(super) fn all(mut self) -> Result<Vec<Element<'d>>, Fault> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            elements.push(self.any()?);
        }
        Ok(elements)
    }
}

impl<'d> Element<'d> {
    pub(super) fn reader(&self) -> Reader<'d> {
        Reader(self.body)
    }

    /// The bytes of a bit string that ends at a byte.
    pub(super) fn bits(&self) -> Result<&'d [u8], Fault> {
        match self.body {
            [_unused, bytes @ ..] => Ok(bytes),
            [] => Err(MALFORMED),
        }
    }

    /// A small integer.
    pub(super) fn small(&self) -> Result<i64, Fault> {
        let (Some(first), true) = (self.body.first(), self.body.len() <= 8) else {
            return Err("a number in it is out of range");
        };
        let sign = if *first >= 0x80 { -1 } else { 0 };
        Ok(self
            .body
            .iter()
            .fold(sign, |sum, byte| sum << 8 | i64::from(*byte)))
    }

    /// The numbers of an object identifier.
    pub(super) fn oid(&self) -> Result<Vec<u64>, Fault> {
        let mut numbers = Vec::new();
        let mut number = 0u64;
        for byte in self.body {
            if number > u64::from(u32::MAX) {
                return Err("an object identifier in it is out of range");
            }
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                if numbers.is_empty() {
                    let first = (number / 40).min(2);
                    numbers.push(first);
                    number -= first * 40;
                }
                numbers.push(number);
                number = 0;
            }
        }
        match self.body.last() {
            Some(last) if last & 0x80 == 0 => Ok(numbers),
            _ => Err(MALFORMED),
        }
    }

    /// A text of one of the kinds that names may have.
    pub(super) fn text(&self) -> Result<String, Fault> {
        match self.tag {
            // UTF8String, NumericString, PrintableString, T61String, IA5String
            0x0c | 0x12 | 0x13 | 0x14 | 0x16 => Ok(gotext::decode(self.body)),
            // BMPString
            0x1e => {
                let units = self.body.chunks_exact(2);
                let units: Vec<u16> = units
                    .map(|pair| pair.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
                    .collect();
                Ok(String::from_utf16_lossy(&units))
            }
            _ => Err("a name in it is not text"),
        }
    }

    /// UTCTime or GeneralizedTime as RFC 3339 text.
    pub(super) fn time(&self) -> Result<String, Fault> {
        const TIME: Fault = "a time in it is malformed";
        let text = std::str::from_utf8(self.body).map_err(|_| TIME)?;
        let full = match self.tag {
            0x17 if text.get(..2).is_some_and(|year| year < "50") => format!("20{text}"),
            0x17 => format!("19{text}"),
            0x18 => text.to_owned(),
            _ => return Err(TIME),
        };
        let digits = full.strip_suffix('Z').ok_or(TIME)?;
        if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TIME);
        }
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        let text = format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(0, 4),
            part(4, 6),
            part(6, 8),
            part(8, 10),
            part(10, 12),
            part(12, 14)
        );
        let valid = crate::gotime::parse(crate::gotime::RFC3339, &text);
        valid.map(|_| text).map_err(|_| TIME)
    }
}

/// The numbers of an object identifier as a JSON list.
pub(super) fn oid_json(element: &Element<'_>) -> Result<Value, Fault> {
    Ok(element.oid()?.into())
}
