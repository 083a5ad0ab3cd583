//! Numbers as Go prints them: the text that patterns, JMESPath and messages compare and show.
//!
//! | function | Go | 1234567.5 | 1e-7 |
//! |---|---|---|---|
//! | [`format_e`] | `strconv.FormatFloat(f, 'E', -1, 64)` | `1.2345675E+06` | `1E-07` |
//! | [`format_f`] | `fmt.Sprintf("%f", f)` | `1234567.500000` | `0.000000` |
//! | [`format_v`] | `fmt.Sprintf("%v", f)` | `1.2345675e+06` | `1e-07` |
//! | [`format_json`] | `json.Marshal(f)` | `1234567.5` | `1e-7` |

/// The shortest digits that read back as the same number: `d.ddd × 10^exponent`, without the point.
struct Shortest {
    negative: bool,
    digits: String,
    exponent: i32,
}

/// The shortest form with an upper-case exponent of at least two digits, as in `1.5E+00`.
#[must_use]
pub fn format_e(number: f64) -> String {
    special(number).unwrap_or_else(|| exponential(&shortest(number), 'E', 2))
}

/// Six digits after the point.
#[must_use]
pub fn format_f(number: f64) -> String {
    special(number).unwrap_or_else(|| format!("{number:.6}"))
}

/// The shortest form, with an exponent below 1e-4 and from 1e6 on.
#[must_use]
pub fn format_v(number: f64) -> String {
    special(number).unwrap_or_else(|| {
        let parts = shortest(number);
        if number != 0.0 && (parts.exponent < -4 || parts.exponent >= 6) {
            exponential(&parts, 'e', 2)
        } else {
            plain(&parts)
        }
    })
}

/// The form of a JSON encoder: an exponent below 1e-6 and from 1e21 on, without padding.
///
/// JSON has no form for NaN and infinities: a caller that may meet them asks
/// [`f64::is_finite`] first; here they keep Go's names.
#[must_use]
pub fn format_json(number: f64) -> String {
    special(number).unwrap_or_else(|| {
        let magnitude = number.abs();
        if number != 0.0 && !(1e-6..1e21).contains(&magnitude) {
            exponential(&shortest(number), 'e', 1)
        } else {
            plain(&shortest(number))
        }
    })
}

/// Ten to the `exponent` by Go's tables: a product of two powers, each the nearest float. Below
/// 1e-323 it is zero, above 1e308 infinite.
pub(crate) fn power_of_ten(exponent: i32) -> f64 {
    if !(-323..=308).contains(&exponent) {
        return if exponent < 0 { 0.0 } else { f64::INFINITY };
    }
    let size = exponent.unsigned_abs();
    let nearest = |exponent: i64| format!("1e{exponent}").parse().unwrap_or(f64::NAN);
    let (large, small) = (i64::from(size - size % 32), nearest(i64::from(size % 32)));
    if exponent < 0 {
        nearest(-large) / small
    } else {
        nearest(large) * small
    }
}

fn special(number: f64) -> Option<String> {
    if number.is_nan() {
        Some("NaN".to_owned())
    } else if number.is_infinite() {
        Some(if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}

fn shortest(number: f64) -> Shortest {
    let size = number.abs();
    let mut text = format!("{size:e}");
    let digits = text.bytes().take_while(|byte| *byte != b'e').count();
    // Between two texts that are equally near, Go takes the even one. Only long ones can tie.
    if digits > 15 {
        let even = format!("{size:.*e}", digits.saturating_sub(2));
        if even.parse() == Ok(size) {
            text = even;
        }
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    Shortest {
        negative: number.is_sign_negative(),
        digits: mantissa.chars().filter(|c| *c != '.').collect(),
        exponent: exponent.parse().unwrap_or_default(),
    }
}

fn exponential(parts: &Shortest, letter: char, width: usize) -> String {
    let sign = if parts.negative { "-" } else { "" };
    let (first, rest) = parts
        .digits
        .split_at_checked(1)
        .unwrap_or((&parts.digits, ""));
    let point = if rest.is_empty() { "" } else { "." };
    let direction = if parts.exponent < 0 { '-' } else { '+' };
    let size = parts.exponent.unsigned_abs();
    format!("{sign}{first}{point}{rest}{letter}{direction}{size:0width$}")
}

fn plain(parts: &Shortest) -> String {
    let sign = if parts.negative { "-" } else { "" };
    let digits = &parts.digits;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let whole = parts.exponent.saturating_add(1);
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if whole <= 0 {
        format!("{sign}0.{}{digits}", zeros(-whole))
    } else if whole >= length {
        format!("{sign}{digits}{}", zeros(whole - length))
    } else {
        let at = usize::try_from(whole).unwrap_or_default();
        let (before, after) = digits.split_at_checked(at).unwrap_or((digits, ""));
        format!("{sign}{before}.{after}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: f64, e: &str, f: &str, v: &str, json: &str) {
        assert_eq!(format_e(number), e);
        assert_eq!(format_f(number), f);
        assert_eq!(format_v(number), v);
        assert_eq!(format_json(number), json);
    }

    #[test]
    fn numbers_read_as_in_go() {
        check(0.0, "0E+00", "0.000000", "0", "0");
        check(-0.0, "-0E+00", "-0.000000", "-0", "-0");
        check(1.5, "1.5E+00", "1.500000", "1.5", "1.5");
        check(-42.0, "-4.2E+01", "-42.000000", "-42", "-42");
        check(100_000.0, "1E+05", "100000.000000", "100000", "100000");
        check(1e6, "1E+06", "1000000.000000", "1e+06", "1000000");
        check(0.0001, "1E-04", "0.000100", "0.0001", "0.0001");
        check(1e-5, "1E-05", "0.000010", "1e-05", "0.00001");
        check(1e-7, "1E-07", "0.000000", "1e-07", "1e-7");
        check(
            0.007_812_5,
            "7.8125E-03",
            "0.007812",
            "0.0078125",
            "0.0078125",
        );
        check(
            1e21,
            "1E+21",
            "1000000000000000000000.000000",
            "1e+21",
            "1e+21",
        );
        let tie = 2_492_640_022_561_897.0 / 4.0;
        assert_eq!(format_e(tie), "6.231600056404742E+14");
        check(f64::INFINITY, "+Inf", "+Inf", "+Inf", "+Inf");
        check(f64::NEG_INFINITY, "-Inf", "-Inf", "-Inf", "-Inf");
        check(f64::NAN, "NaN", "NaN", "NaN", "NaN");
    }

    proptest::proptest! {
        #[test]
        fn every_shortest_form_reads_back(number in proptest::num::f64::NORMAL) {
            for text in [format_e(number), format_v(number), format_json(number)] {
                assert_eq!(text.parse::<f64>(), Ok(number));
            }
        }
    }
}
