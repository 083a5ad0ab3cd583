//! Two states of an exception of `policies.kyverno.io`.

use portcullis_api::cel_policy_exception::{CelPolicyException, CelPolicyExceptionSpec};
use portcullis_engine::exceptions::EXPIRY_ANNOTATION;

use super::{
    super::{Change, Direction},
    Found, change, expiry,
};

/// What differs.
pub(super) fn of_policies(
    before: &CelPolicyException,
    after: &CelPolicyException,
    new: &Found,
) -> Vec<Option<Change>> {
    let annotation = |one: &CelPolicyException| {
        let written = one.metadata.annotations.get(EXPIRY_ANNOTATION);
        written.cloned()
    };
    let key = EXPIRY_ANNOTATION.replace('/', "~1");
    let pointer = format!("/metadata/annotations/{key}");
    let (one, other) = (&before.spec, &after.spec);
    let ends = (one.expires_at.clone(), other.expires_at.clone());
    let mut changes = vec![
        expiry(annotation(before), annotation(after), new, &pointer),
        expiry(ends.0, ends.1, new, "/spec/expiresAt"),
        parts(one, other, new),
    ];
    if one.policy_refs != other.policy_refs {
        let direction =
            Direction::of_lists(&one.policy_refs, &other.policy_refs, Direction::Looser);
        let what = match direction {
            Direction::Looser => "more policies",
            Direction::Stricter => "fewer policies",
            _ => "other policies",
        };
        changes.push(Some(change(what, direction, new, "/spec/policyRefs")));
    }
    if one.match_conditions != other.match_conditions {
        // Every condition must hold.
        let (old, now) = (&one.match_conditions, &other.match_conditions);
        let direction = Direction::of_lists(old, now, Direction::Stricter);
        let what = "`matchConditions` changed";
        changes.push(Some(change(what, direction, new, "/spec/matchConditions")));
    }
    for (field, differs) in [
        ("reportResult", one.report_result != other.report_result),
        ("properties", one.properties != other.properties),
    ] {
        let what = format!("`{field}` changed");
        let pointer = format!("/spec/{field}");
        changes.push(differs.then(|| change(&what, Direction::Neither, new, &pointer)));
    }
    changes
}

/// An exception without images and values lets off the whole policy.
fn parts(
    before: &CelPolicyExceptionSpec,
    after: &CelPolicyExceptionSpec,
    new: &Found,
) -> Option<Change> {
    let is_whole =
        |spec: &CelPolicyExceptionSpec| spec.images.is_empty() && spec.allowed_values.is_empty();
    let (what, direction) = match (is_whole(before), is_whole(after)) {
        (true, true) => return None,
        (true, false) => ("only certain images and values", Direction::Stricter),
        (false, true) => ("the whole policy", Direction::Looser),
        (false, false) => {
            let of = |old, now| Direction::of_lists(old, now, Direction::Looser);
            let images = of(&before.images, &after.images);
            let direction = images.and(of(&before.allowed_values, &after.allowed_values));
            if before.images == after.images && before.allowed_values == after.allowed_values {
                return None;
            }
            let what = match direction {
                Direction::Looser => "more images and values",
                Direction::Stricter => "fewer images and values",
                _ => "other images and values",
            };
            (what, direction)
        }
    };
    Some(change(what, direction, new, "/spec"))
}
