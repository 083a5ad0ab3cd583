//! Text as Go handles it: case mapping by single characters, bytes that are not UTF-8.

/// Bytes as text: every byte that is not part of a character becomes U+FFFD, one for each.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let mut output = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        output.push_str(chunk.valid());
        for _ in chunk.invalid() {
            output.push(char::REPLACEMENT_CHARACTER);
        }
    }
    output
}

/// Upper case, one character for one character (`ß` stays).
#[must_use]
pub fn to_upper(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// Lower case, one character for one character (a final `Σ` becomes `σ`).
#[must_use]
pub fn to_lower(text: &str) -> String {
    text.chars().map(lower).collect()
}

fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => match u32::from(c) {
            // Greek letters with a subscript iota: the title case form stands for upper case.
            code @ (0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7) => {
                char::from_u32(code + 8).unwrap_or(c)
            }
            code @ (0x1fb3 | 0x1fc3 | 0x1ff3) => char::from_u32(code + 9).unwrap_or(c),
            _ => c,
        },
    }
}

fn lower(c: char) -> char {
    // The full mapping of `İ` has two characters; its first is the simple mapping.
    c.to_lowercase().next().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_maps_one_to_one() {
        for (text, up, low) in [
            ("straße", "STRAßE", "straße"),
            ("ΣΑΣ", "ΣΑΣ", "σασ"),
            ("İ", "İ", "i"),
            ("ᾳ", "ᾼ", "ᾳ"),
            ("ŉ", "ŉ", "ŉ"),
        ] {
            assert_eq!(to_upper(text), up);
            assert_eq!(to_lower(text), low);
        }
    }

    #[test]
    fn every_stray_byte_shows() {
        assert_eq!(decode(b"a\xe2\x82b\xff"), "a\u{fffd}\u{fffd}b\u{fffd}");
    }
}
