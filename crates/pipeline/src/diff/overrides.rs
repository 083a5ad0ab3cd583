//! Failure actions that hold in certain namespaces only: whether the second list denies less.

use portcullis_api::{
    cluster_policy::{FailureAction, FailureActionOverride},
    label_selector::LabelSelector,
};

use super::Direction;

/// What a change of the list does to a rule that enforces elsewhere, or does not.
pub(super) fn direction(
    before: &[FailureActionOverride],
    after: &[FailureActionOverride],
    is_enforced: bool,
) -> Direction {
    let of = |enforces: bool| (places(before, enforces), places(after, enforces));
    let ((old_denies, denies), (old_audits, audits)) = (of(true), of(false));
    let denied = Direction::of_lists(&old_denies, &denies, Direction::Stricter);
    let audited = Direction::of_lists(&old_audits, &audits, Direction::Looser);
    match is_enforced {
        true => denied.and(audited),
        // What only audits everywhere cannot audit more.
        false => denied,
    }
}

type Place<'a> = (Option<&'a str>, Option<&'a LabelSelector>);

/// Each namespace that an action holds in; none stands for every one.
fn places(list: &[FailureActionOverride], enforces: bool) -> Vec<Place<'_>> {
    let of_action = list
        .iter()
        .filter(|one| one.action.is_some_and(FailureAction::is_enforce) == enforces);
    let places = of_action.flat_map(|one| {
        let selector = one.namespace_selector.as_ref();
        let every = one.namespaces.is_empty().then_some((None, selector));
        let named = one.namespaces.iter();
        named
            .map(move |name| (Some(name.as_str()), selector))
            .chain(every)
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn to_audit_in_more_places_is_looser() {
        let list = |text: &str| -> Vec<FailureActionOverride> {
            let items = text.split_whitespace().map(|item| {
                let (action, names) = item.split_once('=').unwrap();
                let names: Vec<&str> = names.split(',').collect();
                json!({"action": action, "namespaces": names})
            });
            serde_json::from_value(items.collect()).unwrap()
        };
        use Direction::{Looser, Neither, Stricter, Unclear};
        for (before, after, enforced, audited) in [
            ("", "Audit=a", Looser, Neither),
            ("Audit=a", "Audit=a,b", Looser, Neither),
            ("Audit=a,b", "Audit=b Audit=a", Neither, Neither),
            ("Enforce=a", "Enforce=a,b", Stricter, Stricter),
            ("Enforce=a", "Audit=a", Looser, Looser),
            ("Enforce=a", "Enforce=b", Unclear, Unclear),
            ("Audit=a", "Audit=b", Unclear, Neither),
        ] {
            for (is_enforced, wanted) in [(true, enforced), (false, audited)] {
                let found = direction(&list(before), &list(after), is_enforced);
                assert_eq!(found, wanted, "{before} → {after}, {is_enforced}");
            }
        }
    }
}
