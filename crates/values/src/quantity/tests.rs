//! Quantities: parsing, printing, arithmetic and 64-bit results.

use proptest::prelude::*;

use super::*;

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

fn check(text: &str, printed: &str, canonical: &str, decimal: &str) {
    let quantity = quantity(text);
    assert_eq!(quantity.to_string(), printed, "{text} printed");
    assert_eq!(quantity.canonical(), canonical, "{text} canonical");
    assert_eq!(quantity.to_decimal(), decimal, "{text} as decimal");
}

#[test]
fn texts_read_and_print() {
    check("2Gi", "2Gi", "2Gi", "2147483648");
    check("2048Mi", "2Gi", "2Gi", "2147483648");
    check("1.250", "1.250", "1250m", "1.250");
    check("+7", "+7", "7", "7");
    check("0.1Ki", "102400m", "102400m", "102.400000000");
    check("-3e2", "-300", "-300", "-300");
    check("2e4", "20e3", "20e3", "20000");
    check("0.0000000004", "1n", "1n", "0.000000001");
    check(
        "20Ei",
        "9223372036854775807",
        "9223372036854775807",
        "9223372036854775807",
    );
    check("1000E", "1", "1", "1000000000000000000000");
    check("000", "0", "0", "0");
}

#[test]
fn wrong_texts_say_what_is_wrong() {
    for (text, part) in [
        ("", "a number and a suffix"),
        ("1 Gi", "a number and a suffix"),
        ("2gb", "a number and a suffix"),
        ("1K", "unknown suffix `K`"),
        ("1e", "unknown suffix `e`"),
        ("-.e-20", "no number before its suffix"),
        ("1e999999", "too long"),
        ("1e-999999", "too long"),
    ] {
        let error = Quantity::parse(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!(
        Quantity::parse(&"9".repeat(20_000)).unwrap_err(),
        QuantityError::TooLong
    );
}

#[test]
fn comparison_is_by_value() {
    for (left, right, expected) in [
        ("1", "1000m", Ordering::Equal),
        ("1Gi", "1G", Ordering::Greater),
        ("-1Gi", "-1G", Ordering::Less),
        ("1e9000", "9e8999", Ordering::Greater),
        ("-1e9000", "1n", Ordering::Less),
        (
            "123456789012345678901",
            "123456789012345678901000m",
            Ordering::Equal,
        ),
        ("0", "0Mi", Ordering::Equal),
    ] {
        assert_eq!(
            quantity(left).cmp(&quantity(right)),
            expected,
            "{left} {right}"
        );
    }
}

#[test]
fn arithmetic_keeps_the_first_format() {
    let (half, mega) = (quantity("512Ki"), quantity("1M"));
    assert_eq!(half.add(&half).to_string(), "1Mi");
    assert_eq!(half.add(&mega).to_string(), "1524288");
    assert_eq!(mega.add(&half).to_string(), "1524288");
    assert_eq!(quantity("0").add(&half).to_string(), "512Ki");
    assert_eq!(quantity("9E").add(&quantity("9E")).to_string(), "18E");
    assert_eq!(half.subtract(&half).to_string(), "0");
    assert_eq!(half.negate().to_string(), "-512Ki");
    assert_eq!(half.multiply(&quantity("1.5")).to_string(), "768Ki");
    assert_eq!(mega.divide(&quantity("3")).unwrap().to_string(), "333333");
    assert!(mega.divide(&quantity("0")).is_none());
}

#[test]
fn numbers_in_units() {
    assert_eq!(quantity("1500m").scaled(0), 2);
    assert_eq!(quantity("1500m").scaled(-3), 1500);
    assert_eq!(quantity("-1500m").scaled(0), -2);
    assert_eq!(quantity("1E").scaled(-9), 0);
    assert_eq!(quantity("12k").as_i64(), Some(12_000));
    assert_eq!(quantity("12m").as_i64(), None);
    assert_eq!(quantity("1Ki").to_f64(), 1024.0);
    let (rounded, exact) = quantity("1234567").round_up(3);
    assert_eq!((rounded.to_string().as_str(), exact), ("1235k", false));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-+]?[0-9.]{0,25}[eEinumkKMGTP]{0,2}[-+]?[0-9]{0,5}|\\PC*") {
        if let Ok(quantity) = Quantity::parse(&text) {
            let _ = (quantity.to_string(), quantity.to_f64(), quantity.scaled(-9));
            let _ = (quantity.to_decimal(), quantity.round_up(2), quantity.negate());
            prop_assert!(quantity == quantity.add(&Quantity::default()));
        }
    }

    #[test]
    fn canonical_texts_read_back(number in -1_000_000_000_000_i64..1_000_000_000_000, suffix in "|n|u|m|k|M|Ki|Mi|e3|e-3") {
        let quantity = quantity(&format!("{number}{suffix}"));
        prop_assert_eq!(&Quantity::parse(&quantity.canonical()).unwrap(), &quantity);
    }

    #[test]
    fn sums_and_differences_agree(left in "-?[0-9]{1,22}(\\.[0-9]{1,8})?(m|k|Mi|e3)?", right in "-?[0-9]{1,22}(n|G|Ki)?") {
        let (left, right) = (quantity(&left), quantity(&right));
        let sum = left.add(&right);
        prop_assert_eq!(&sum.subtract(&right), &left);
        prop_assert_eq!(left.cmp(&sum), Quantity::default().cmp(&right));
    }
}
