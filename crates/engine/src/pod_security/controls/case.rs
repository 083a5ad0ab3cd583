//! The one way in which controls are tested: a revision, a pod, and what the revision says of it.

use serde_json::Value;

use crate::pod_security::{check::Forbidden, pod::Pod};

/// Reason, detail and field errors.
type Expected<'a> = Option<(&'a str, &'a str, &'a [&'a str])>;

/// Runs one revision on a pod.
#[track_caller]
pub(super) fn check(
    revision: fn(&Pod<'_>) -> Option<Forbidden>,
    pod: &Value,
    expected: Expected<'_>,
) {
    let view = Pod::new(pod).expect("a pod");
    let found = revision(&view).map(|forbidden| {
        let errors: Vec<_> = forbidden.errors.iter().map(ToString::to_string).collect();
        (forbidden.reason, forbidden.detail, errors)
    });
    let expected = expected.map(|(reason, detail, errors)| {
        (
            reason,
            detail.to_owned(),
            errors.iter().map(|error| (*error).to_owned()).collect(),
        )
    });
    assert_eq!(found, expected, "{pod}");
}
