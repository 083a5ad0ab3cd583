//! One value against one operator and text: as durations, then as quantities, then as text.
//!
//! The first reading that fits both sides decides. An absent value reads as `0` in the first two.
//! Text is compared by `=` and
//! `!` only, the pattern's text being a wildcard; an absent value and a list never compare as text.

use portcullis_values::{
    duration::GoDuration,
    gofloat,
    quantity::{Format, Quantity},
    wildcard::Wildcard,
};

use super::{number::IntText, operator::Operator, view::View};

/// An operator and its operand, read once.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    operator: Operator,
    duration: Option<GoDuration>,
    quantity: Option<Quantity>,
    text: Wildcard,
}

impl Comparison {
    pub(crate) fn new(operator: Operator, text: &str) -> Comparison {
        Comparison {
            operator,
            duration: GoDuration::parse(text).ok(),
            quantity: Quantity::parse(text).ok(),
            text: Wildcard::new(text),
        }
    }

    pub(crate) fn holds(&self, value: View<'_>) -> bool {
        self.as_durations(value)
            .or_else(|| self.as_quantities(value))
            .unwrap_or_else(|| self.as_text(value))
    }

    fn as_durations(&self, value: View<'_>) -> Option<bool> {
        let pattern = self.duration?;
        duration_of(value).map(|value| self.operator.accepts(value.cmp(&pattern)))
    }

    fn as_quantities(&self, value: View<'_>) -> Option<bool> {
        let pattern = self.quantity.as_ref()?;
        quantity_of(value).map(|value| self.operator.accepts(value.cmp(pattern)))
    }

    fn as_text(&self, value: View<'_>) -> bool {
        match self.operator {
            Operator::Equal => self.matches_text(value) == Some(true),
            Operator::NotEqual => self.matches_text(value) == Some(false),
            _ => false,
        }
    }

    /// Whether the wildcard matches; none when the value has no text.
    fn matches_text(&self, value: View<'_>) -> Option<bool> {
        Some(match value {
            View::Text(text) => self.text.is_match(text),
            View::Bool(true) => self.text.is_match("true"),
            View::Bool(false) => self.text.is_match("false"),
            View::Int(number) => self.text.is_match(IntText::new(number).as_str()),
            View::Float(number) => self.text.is_match(&gofloat::format_e(number)),
            View::Null | View::Other => return None,
        })
    }
}

fn duration_of(value: View<'_>) -> Option<GoDuration> {
    match value {
        View::Null | View::Int(0) => Some(GoDuration::ZERO),
        View::Text(text) => GoDuration::parse(text).ok(),
        // A number other than a whole zero has no unit.
        _ => None,
    }
}

fn quantity_of(value: View<'_>) -> Option<Quantity> {
    match value {
        View::Null => Some(Quantity::default()),
        View::Int(number) => Some(Quantity::from_i64(number, Format::DecimalSi)),
        View::Float(number) => Quantity::parse(&gofloat::format_f(number)).ok(),
        View::Text(text) => Quantity::parse(text).ok(),
        View::Bool(_) | View::Other => None,
    }
}
