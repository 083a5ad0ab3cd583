//! Quantity suffixes: which base, exponent and format each stands for, and back.
//!
//! `n u m k M G T P E` are powers of ten, `Ki Mi Gi Ti Pi Ei` powers of two, `e3` and `E-3` a
//! decimal exponent. `E` alone is the power of ten.

/// How a quantity is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// With a power of ten as suffix, such as `12M`.
    #[default]
    DecimalSi,
    /// With a power of two as suffix, such as `12Mi`.
    BinarySi,
    /// With a decimal exponent, such as `12e6`.
    DecimalExponent,
}

const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

const BINARY: [(&str, i32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

impl Format {
    /// The format's name in Kubernetes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::DecimalSi => "DecimalSI",
            Format::BinarySi => "BinarySI",
            Format::DecimalExponent => "DecimalExponent",
        }
    }
}

/// The exponent that a suffix stands for, to the base ten or, for binary suffixes, two.
pub(super) fn interpret(suffix: &str) -> Option<(Format, i32)> {
    let find = |table: &[(&str, i32)]| {
        let entry = table.iter().find(|(name, _)| *name == suffix);
        entry.map(|(_, exponent)| *exponent)
    };
    if let Some(exponent) = find(&DECIMAL) {
        return Some((Format::DecimalSi, exponent));
    }
    if let Some(exponent) = find(&BINARY) {
        return Some((Format::BinarySi, exponent));
    }
    let digits = suffix.strip_prefix(['e', 'E'])?;
    let exponent = digits.parse::<i64>().ok()?;
    // Kubernetes keeps the low 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "wraps on purpose")]
    let exponent = exponent as i32;
    Some((Format::DecimalExponent, exponent))
}

/// The suffix of a power. A power without a suffix gives none, as Kubernetes writes it: ten to
/// the 21st as `DecimalSI` is printed without its zeros.
pub(super) fn construct(format: Format, exponent: i32) -> String {
    let name = |table: &[(&str, i32)]| {
        let entry = table.iter().find(|(_, power)| *power == exponent);
        entry.map_or_else(String::new, |(name, _)| (*name).to_owned())
    };
    match format {
        Format::DecimalSi => name(&DECIMAL),
        Format::BinarySi => name(&BINARY),
        Format::DecimalExponent if exponent == 0 => String::new(),
        Format::DecimalExponent => format!("e{exponent}"),
    }
}
