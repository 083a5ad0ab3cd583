//! The lines that git's protocol is made of: four hexadecimal digits of length, and the bytes.

use std::io::{self, Read};

/// The longest line.
const LONGEST: usize = 65_520;

/// A line, or what stands between lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// `0000`: the end of a message.
    Flush,
    /// `0001` and `0002`: between sections.
    Delimiter,
    /// Bytes.
    Data(Vec<u8>),
}

impl Packet {
    /// The text of a line without its end, empty for what is none.
    pub(super) fn text(&self) -> &str {
        match self {
            Packet::Data(bytes) => std::str::from_utf8(bytes)
                .unwrap_or_default()
                .trim_end_matches('\n'),
            Packet::Flush | Packet::Delimiter => "",
        }
    }
}

/// Reads the next packet; none at the end.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Packet>> {
    let mut digits = [0; 4];
    let mut filled = 0;
    while let Some(rest) = digits.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    let length = std::str::from_utf8(&digits).ok();
    let length = length.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let length = length.and_then(|digits| usize::from_str_radix(digits, 16).ok());
    match length {
        Some(0) => Ok(Some(Packet::Flush)),
        Some(1 | 2) => Ok(Some(Packet::Delimiter)),
        Some(length @ 4..=LONGEST) => {
            let mut bytes = vec![0; length - digits.len()];
            from.read_exact(&mut bytes)?;
            Ok(Some(Packet::Data(bytes)))
        }
        _ => Err(io::Error::other("the server does not speak git's protocol")),
    }
}

/// Writes a line.
pub(super) fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets() {
        let data = |text: &str| Ok(Some(Packet::Data(text.as_bytes().to_vec())));
        let table: [(&str, Result<Option<Packet>, io::ErrorKind>); 9] = [
            ("", Ok(None)),
            ("0000", Ok(Some(Packet::Flush))),
            ("0001", Ok(Some(Packet::Delimiter))),
            ("0004", data("")),
            ("0007abcd", data("abc")),
            ("0003", Err(io::ErrorKind::Other)),
            ("+007abc", Err(io::ErrorKind::Other)),
            ("00", Err(io::ErrorKind::UnexpectedEof)),
            ("ffffabc", Err(io::ErrorKind::Other)),
        ];
        for (text, wanted) in table {
            let found = read(&mut text.as_bytes()).map_err(|error| error.kind());
            assert_eq!(found, wanted, "{text}");
        }
        let written = line("want x\n");
        assert_eq!(
            read(&mut written.as_bytes())
                .expect("a line")
                .expect("one")
                .text(),
            "want x"
        );
    }
}
