//! A scalar of a pattern as a test of a value.

use portcullis_values::{duration::GoDuration, quantity::Quantity, wildcard};

use crate::pattern::operator::{Operator, Parts, split};
use crate::pattern::scalar::ScalarPattern;
use crate::translate::cel_text;

/// A duration such as `1h30m`, without a sign.
const POSITIVE_DURATION: &str = "^[+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+$";

/// A test of a value that is no list.
pub(super) struct ScalarTest {
    /// The expression.
    pub(super) expression: String,
    /// Whether a value that is absent, which is null, passes.
    pub(super) takes_null: bool,
}

impl ScalarTest {
    fn new(expression: String) -> ScalarTest {
        ScalarTest {
            expression,
            takes_null: false,
        }
    }
}

/// The test that a scalar pattern is; where there is none, why not.
pub(super) fn test(pattern: &ScalarPattern, value: &str) -> Result<ScalarTest, String> {
    match pattern {
        ScalarPattern::Null => Ok(ScalarTest {
            expression: format!(
                "{value} == null || {value} == '' || {value} == 0 || {value} == false"
            ),
            takes_null: true,
        }),
        ScalarPattern::Bool(flag) => Ok(ScalarTest::new(format!("{value} == {flag}"))),
        ScalarPattern::Int(number) if *number >= 0 => Ok(ScalarTest::new(format!(
            "{value} == {number} || (type({value}) == string && {value}.matches('^[+]?0*{number}$'))"
        ))),
        ScalarPattern::Int(number) => Err(format!("`{number}` is below zero")),
        ScalarPattern::Float(number) => {
            Err(format!("`{number}`: texts of fractions are not compared"))
        }
        ScalarPattern::Text(text) => of_text(text.text(), value),
    }
}

fn of_text(text: &str, value: &str) -> Result<ScalarTest, String> {
    let mut plain = Vec::new();
    let mut tests = Vec::new();
    let mut takes_null = false;
    for alternative in text.split('|') {
        let terms: Vec<&str> = alternative
            .trim_matches(' ')
            .split('&')
            .map(|term| term.trim_matches(' '))
            .collect();
        if let [term] = terms.as_slice()
            && is_plain(term)
        {
            plain.push((*term).to_owned());
            continue;
        }
        let terms: Vec<ScalarTest> = terms
            .into_iter()
            .map(|term| of_term(term, value))
            .collect::<Result<_, _>>()?;
        takes_null |= terms.iter().all(|term| term.takes_null);
        tests.push(cel_text::all(
            terms.into_iter().map(|term| term.expression).collect(),
        ));
    }
    if text
        .split(['|', '&'])
        .any(|term| measures(term.trim_matches(' ')))
    {
        tests.push(format!("{value} == {}", cel_text::literal(text)));
    }
    if !plain.is_empty() {
        tests.insert(0, cel_text::matches_any(value, &plain));
    }
    Ok(ScalarTest {
        expression: cel_text::any(tests),
        takes_null,
    })
}

/// Whether a term compares order, as its own text does not.
fn measures(term: &str) -> bool {
    !matches!(
        split(term),
        Parts::Compare(Operator::Equal | Operator::NotEqual, _)
    )
}

/// Whether only the very same text matches.
fn is_plain(term: &str) -> bool {
    matches!(split(term), Parts::Compare(Operator::Equal, text) if text == term)
        && !wildcard::has_wildcard(term)
        && !["true", "false"].contains(&term)
        && !is_measure(term)
}

/// Durations and quantities are compared by what they measure.
fn is_measure(text: &str) -> bool {
    GoDuration::parse(text).is_ok() || Quantity::parse(text).is_ok()
}

fn of_term(term: &str, value: &str) -> Result<ScalarTest, String> {
    match split(term) {
        Parts::Compare(Operator::Equal, text) => same(text, value).map(ScalarTest::new),
        Parts::Compare(Operator::NotEqual, text) => {
            let same = same(text, value)?;
            Ok(ScalarTest::new(cel_text::all(vec![
                scalar(value),
                cel_text::not(&same),
            ])))
        }
        Parts::Compare(operator, text) => ordered(operator, text, value),
        Parts::Range(low, high) => {
            let low = ordered(Operator::MoreOrEqual, low, value)?;
            let high = ordered(Operator::LessOrEqual, high, value)?;
            Ok(ScalarTest {
                expression: cel_text::all(vec![low.expression, high.expression]),
                takes_null: low.takes_null && high.takes_null,
            })
        }
        Parts::Outside(..) => Err(format!("`{term}`: a range that is left out")),
    }
}

/// Neither null nor a map or list.
fn scalar(value: &str) -> String {
    format!("{value} != null && type({value}) != map && type({value}) != list")
}

/// Numbers and booleans are compared by their text, which CEL writes in another way.
fn same(text: &str, value: &str) -> Result<String, String> {
    if text.parse::<i64>().is_ok_and(|number| number > 0) {
        return Ok(format!(
            "(type({value}) == int || type({value}) == double) && {value} == {text} || \
             type({value}) == string && isQuantity({value}) && \
             quantity({value}).compareTo(quantity('{text}')) == 0"
        ));
    }
    if is_measure(text) {
        return Err(format!("`{text}` is compared by what it measures"));
    }
    match text {
        "true" | "false" => return Ok(format!("{value} == {text} || {value} == '{text}'")),
        "" => return Ok(format!("{value} == ''")),
        "?*" | "*?" => return Ok(format!("{} && {value} != ''", scalar(value))),
        _ if text.trim_matches('*').is_empty() => return Ok(scalar(value)),
        _ => {}
    }
    let of_numbers = text.chars().all(|one| "0123456789.eE+-*?".contains(one));
    if of_numbers || wildcard::matches(text, "true") || wildcard::matches(text, "false") {
        return Err(format!("`{text}` matches the text of numbers or booleans"));
    }
    let matches = cel_text::matches(value, text);
    Ok(match wildcard::has_wildcard(text) {
        true => format!("type({value}) == string && {matches}"),
        false => matches,
    })
}

fn ordered(operator: Operator, text: &str, value: &str) -> Result<ScalarTest, String> {
    let Ok(number) = text.parse::<i64>() else {
        return Err(format!("`{text}` is compared by what it measures"));
    };
    let sign = match operator {
        Operator::More => ">",
        Operator::MoreOrEqual => ">=",
        Operator::Less => "<",
        _ => "<=",
    };
    let takes_null = operator.accepts(0.cmp(&number));
    let mut tests = vec![
        format!("(type({value}) == int || type({value}) == double) && {value} {sign} {number}"),
        format!(
            "type({value}) == string && isQuantity({value}) && \
             quantity({value}).compareTo(quantity('{number}')) {sign} 0"
        ),
    ];
    if number == 0 && operator == Operator::More {
        tests.push(format!(
            "type({value}) == string && {value}.matches('{POSITIVE_DURATION}') && \
             {value}.matches('[1-9]')"
        ));
    } else if number == 0 {
        return Err("an order to `0`, which is a duration, too".to_owned());
    }
    if takes_null {
        tests.insert(0, format!("{value} == null"));
    }
    Ok(ScalarTest {
        expression: cel_text::any(tests),
        takes_null,
    })
}
