//! `exclude[]` of a podSecurity rule, and `podSecurity[]` of an exception: a control that does not
//! count, for some images, or for some values of one field.
//!
//! ```yaml
//! - controlName: Capabilities
//!   images: ["nginx*"]
//!   restrictedField: spec.containers[*].securityContext.capabilities.add
//!   values: [SYS_ADMIN]
//! ```
//!
//! Kyverno finds out what an exclusion covers by checking a second pod: with images, one that has
//! the matching containers and nothing else; without, the pod with a bare container in the place of
//! its own. Every field error of that pod takes one equal error away from the results. A control
//! whose last error goes is passed.

use portcullis_api::cluster_policy::PodSecurityStandard;
use portcullis_values::wildcard;

use super::{
    check::CheckResult,
    control::Control,
    field_error::FieldError,
    pod::Pod,
    standard::{Standard, StandardCheck},
};

/// Takes what an exclusion covers away from the results of a pod.
pub(super) fn exempt(
    exclusion: &PodSecurityStandard,
    standard: &Standard,
    pod: &Pod<'_>,
    results: &mut Vec<CheckResult>,
) {
    let Some(control) = Control::named(&exclusion.control_name) else {
        return;
    };
    let of_containers = !exclusion.images.is_empty();
    let covered = if of_containers {
        pod.only_containers(|container| matches_any(&exclusion.images, container.image))
    } else {
        pod.with_container_named("fake")
    };
    for check in standard.checks().filter(|check| control.has(check)) {
        let errors = errors(check, &covered);
        for error in errors.iter().filter(|error| covers(exclusion, error)) {
            take_away(check.id, error, of_containers, results);
        }
    }
}

fn errors(check: &StandardCheck, pod: &Pod<'_>) -> Vec<FieldError> {
    check
        .evaluate(pod)
        .map(|result| result.forbidden.errors)
        .unwrap_or_default()
}

/// A field that must be set has no value, so values do not limit it.
fn covers(exclusion: &PodSecurityStandard, error: &FieldError) -> bool {
    let field = exclusion.restricted_field.as_deref().unwrap_or_default();
    let values = &exclusion.values;
    (field.is_empty() || error.restricted_field() == field)
        && (values.is_empty() || error.bad_value.all(|value| matches_any(values, value)))
}

fn take_away(
    check: &str,
    covered: &FieldError,
    of_containers: bool,
    results: &mut Vec<CheckResult>,
) {
    let Some(position) = results.iter().position(|result| result.id == check) else {
        return;
    };
    let Some(result) = results.get_mut(position) else {
        return;
    };
    let errors = &mut result.forbidden.errors;
    let field = covered.restricted_field();
    let equal = |error: &FieldError| {
        error.restricted_field() == field
            && (!of_containers || error.container == covered.container)
    };
    if let Some(index) = errors.iter().position(equal) {
        errors.swap_remove(index);
        if errors.is_empty() {
            results.remove(position);
        }
    }
}

fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| wildcard::matches(pattern, text))
}
