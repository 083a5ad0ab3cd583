//! What an exception says about itself: its schema, its facts, and whether it has expired.

use portcullis_engine::exceptions::{Nanoseconds, expires};
use portcullis_values::json_pointer;

use super::{
    LedgerException, Need,
    reading::{Reading, annotation},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    offline::objects::text,
    schema_check::DocumentSchema,
};

/// How long before its expiry an exception is warned of: two weeks.
const SOON: Nanoseconds = 14 * 86_400 * 1_000_000_000;

/// What an exception of an environment has to say about itself.
const LEDGER: &[&str] = &["owner", "ticket", "reason", "expires"];

/// What is wrong with an exception, but for its expiry and its need.
pub(super) fn check(reading: &Reading<'_>) -> Vec<Diagnostic> {
    let value = &reading.document.value;
    let schema = DocumentSchema::for_resource(text(value, "/apiVersion"), text(value, "/kind"));
    let Some(schema) = schema.filter(|_| text(value, "/kind") == "PolicyException") else {
        return vec![no_exception(reading.place("/kind"))];
    };
    let faults = schema.faults(value);
    let mut found: Vec<Diagnostic> = faults
        .iter()
        .map(|fault| {
            let place = reading.place_of(&fault.pointer, fault.at_key);
            fault.diagnostic(place)
        })
        .collect();
    for fact in LEDGER {
        let key = format!("portcullis.io/{fact}");
        let is_field = *fact == "expires" && !text(value, "/spec/expiresAt").is_empty();
        if annotation(value, &key).is_empty() && !is_field {
            let pointer = format!("/metadata/annotations/{}", json_pointer::escape(&key));
            let (message, pointer) = match value.pointer(&pointer) {
                Some(_) => (format!("the annotation `{key}` is empty"), pointer.as_str()),
                None => (
                    format!("the exception has no annotation `{key}`"),
                    "/metadata/annotations",
                ),
            };
            found.push(Diagnostic::error(message).at(
                reading.place(pointer),
                "an exception says who owns it, which ticket asks for it, why, and until when",
            ));
        }
    }
    found
}

/// A file or document that is something else.
pub(super) fn no_exception(place: Place) -> Diagnostic {
    let fault = Diagnostic::error("there is no PolicyException here");
    fault
        .at(place, "expected `kind: PolicyException`")
        .unusable()
}

/// What is wrong with an exception's expiry at a time.
pub(super) fn expiry(exception: &LedgerException, now: Nanoseconds) -> Option<Diagnostic> {
    if exception.expires.is_empty() {
        return None;
    }
    let owner = match exception.owner.as_str() {
        "" => "its owner",
        owner => owner,
    };
    let ask = match exception.need() {
        Need::Needed => {
            format!("it is still needed: ask {owner} to fix that, or to say why it holds longer")
        }
        Need::Needless => format!("nothing at hand needs it: ask {owner} to remove it"),
        Need::Unknown => format!("ask {owner} to remove it, or to say why it holds longer"),
    };
    let (finding, label) = judge(&exception.expires, now)?;
    Some(finding.at(exception.expiry_place.clone(), label).help(ask))
}

/// What is wrong with an expiry, and what stands under the caret.
fn judge(written: &str, now: Nanoseconds) -> Option<(Diagnostic, &'static str)> {
    match expires(written) {
        Err(error) => Some((Diagnostic::error(error.to_string()), "not a time")),
        Ok(time) if time <= now => Some((
            Diagnostic::error(format!("the exception expired at {written}")),
            "it lets nothing off any more",
        )),
        Ok(time) if time - now <= SOON => Some((
            Diagnostic::warning(format!("the exception expires at {written}")),
            "in less than two weeks",
        )),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_an_error_once_it_expired_and_a_warning_before() {
        let second = 1_000_000_000;
        let day = 86_400 * second;
        let end = expires("2027-01-31").unwrap();
        for (written, now, wanted) in [
            ("2027-01-31", end - 15 * day, None),
            ("2027-01-31", end - 14 * day, Some("expires at 2027-01-31")),
            ("2027-01-31", end - second, Some("expires at 2027-01-31")),
            ("2027-01-31", end, Some("expired at 2027-01-31")),
            ("2027-02-30", end, Some("write a date such as")),
        ] {
            let found = judge(written, now).map(|(finding, _)| finding.message);
            match wanted {
                Some(wanted) => assert!(found.as_ref().unwrap().contains(wanted), "{found:?}"),
                None => assert_eq!(found, None),
            }
        }
    }
}
