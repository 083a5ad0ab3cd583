//! The exceptions of an environment as a ledger: who owns each, why it is there, and until when.
//!
//! ```yaml
//! metadata:
//!   annotations:
//!     portcullis.io/owner: team-storage
//!     portcullis.io/ticket: SEC-1234
//!     portcullis.io/reason: the agent reads the node's logs
//!     portcullis.io/expires: "2027-06-30"
//! ```

use portcullis_engine::exceptions::{EXPIRY_ANNOTATION, Nanoseconds, expires};
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files,
    schema_check::DocumentSchema,
};

/// How long before its expiry an exception is warned of: two weeks.
const SOON: Nanoseconds = 14 * 86_400 * 1_000_000_000;

/// What an exception of an environment has to say about itself.
const LEDGER: &[&str] = &["owner", "ticket", "reason", "expires"];

/// Everything that is wrong with the exception in a file, at a time.
#[must_use]
pub fn check(file: &SourceFile, now: Nanoseconds) -> Vec<Diagnostic> {
    let document = match files::parse(file) {
        Ok(document) => document,
        Err(fault) => return vec![fault],
    };
    let text = |key: &str| {
        document
            .value
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let schema = DocumentSchema::for_resource(text("apiVersion"), text("kind"));
    let Some(schema) = schema else {
        return vec![Diagnostic::error("the file holds no PolicyException").at(
            Place::whole(file.clone()),
            "expected `kind: PolicyException`",
        )];
    };
    let faults = schema.faults(&document.value);
    let mut found: Vec<Diagnostic> = faults
        .iter()
        .map(|fault| files::at_fault(fault, file, &document))
        .collect();
    let place = |pointer: &str| Place {
        file: file.clone(),
        span: document.spans.nearest_pointer(pointer),
    };
    let annotation = |key: &str| {
        let annotations = document.value.pointer("/metadata/annotations");
        let value = annotations.and_then(|all| all.get(key));
        value
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    for fact in LEDGER {
        let key = format!("portcullis.io/{fact}");
        if annotation(&key).is_none() {
            let missing = Diagnostic::error(format!("the exception has no annotation `{key}`"));
            found.push(missing.at(
                place("/metadata/annotations"),
                "an exception says who owns it, which ticket asks for it, why, and until when",
            ));
        }
    }
    if let Some(written) = annotation(EXPIRY_ANNOTATION) {
        let key = EXPIRY_ANNOTATION.replace('/', "~1");
        let place = place(&format!("/metadata/annotations/{key}"));
        let owner = annotation("portcullis.io/owner").unwrap_or("its owner");
        found.extend(expiry(written, now, owner).map(|(finding, label)| finding.at(place, label)));
    }
    found
}

/// What is wrong with an expiry, and what stands under the caret.
fn expiry(written: &str, now: Nanoseconds, owner: &str) -> Option<(Diagnostic, &'static str)> {
    let ask = format!("ask {owner} to remove it, or to say why it holds longer");
    match expires(written) {
        Err(error) => Some((Diagnostic::error(error.to_string()), "not a time")),
        Ok(time) if time <= now => Some((
            Diagnostic::error(format!("the exception expired at {written}")).help(ask),
            "it lets nothing off any more",
        )),
        Ok(time) if time - now <= SOON => Some((
            Diagnostic::warning(format!("the exception expires at {written}")).help(ask),
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
            let found = expiry(written, now, "team-a").map(|(finding, _)| finding.message);
            match wanted {
                Some(wanted) => assert!(found.as_ref().unwrap().contains(wanted), "{found:?}"),
                None => assert_eq!(found, None),
            }
        }
    }
}
