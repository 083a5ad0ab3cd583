//! Two lists of `verifyImages`: whether the second lets more images through.

use portcullis_api::cluster_policy::{FailureAction, ImageVerification, PolicySpec};

use super::{
    Direction::{self, Looser, Neither, Stricter, Unclear},
    Told,
};

type Entries<'a> = (&'a PolicySpec, &'a [ImageVerification]);

/// What changed, each part by itself: what is stricter does not hide what is looser.
pub(super) fn changes(
    (old_spec, before): Entries<'_>,
    (new_spec, after): Entries<'_>,
) -> Vec<Told> {
    if before.len() != after.len() {
        let direction = Direction::of_lists(before, after, Stricter);
        return vec![told("changed", direction)];
    }
    let pairs = before.iter().zip(after);
    pairs
        .flat_map(|(before, after)| entry((old_spec, before), (new_spec, after)))
        .collect()
}

fn told(what: &str, direction: Direction) -> Told {
    let field = "verifyImages";
    (field.to_owned(), format!("`{field}` {what}"), direction)
}

fn entry(
    (old_spec, before): (&PolicySpec, &ImageVerification),
    (new_spec, after): (&PolicySpec, &ImageVerification),
) -> Vec<Told> {
    let enforces = |spec: &PolicySpec, one: &ImageVerification| {
        let action = one.failure_action.or(spec.validation_failure_action);
        action.is_some_and(FailureAction::is_enforce)
    };
    let asked = |flag: Option<bool>| flag.unwrap_or(true);
    let images = |one: &ImageVerification| one.image_references.clone();
    let skipped = |one: &ImageVerification| one.skip_image_references.clone();
    let parts = [
        (
            "failure action",
            flag(enforces(old_spec, before), enforces(new_spec, after)),
        ),
        (
            "`required`",
            flag(asked(before.required), asked(after.required)),
        ),
        (
            "`verifyDigest`",
            flag(asked(before.verify_digest), asked(after.verify_digest)),
        ),
        (
            "images",
            Direction::of_lists(&images(before), &images(after), Stricter),
        ),
        (
            "skipped images",
            Direction::of_lists(&skipped(before), &skipped(after), Looser),
        ),
        (
            "attestors",
            Direction::of_lists(&before.attestors, &after.attestors, Stricter),
        ),
        (
            "attestations",
            Direction::of_lists(&before.attestations, &after.attestations, Stricter),
        ),
        (
            "other fields",
            if rest(before) == rest(after) {
                Neither
            } else {
                Unclear
            },
        ),
    ];
    let changed = parts
        .into_iter()
        .filter(|(_, direction)| *direction != Neither);
    changed
        .map(|(part, direction)| told(&format!("changed: {part}"), direction))
        .collect()
}

fn flag(before: bool, after: bool) -> Direction {
    match (before, after) {
        (false, true) => Stricter,
        (true, false) => Looser,
        _ => Neither,
    }
}

/// An entry without what is compared by itself.
fn rest(one: &ImageVerification) -> ImageVerification {
    ImageVerification {
        failure_action: None,
        required: None,
        verify_digest: None,
        image_references: Vec::new(),
        skip_image_references: Vec::new(),
        attestors: Vec::new(),
        attestations: Vec::new(),
        ..one.clone()
    }
}
