//! Two rules with `podSecurity`: whether the second lets more through.

use portcullis_api::cluster_policy::{PodSecurity, PodSecurityLevel};

use super::{Direction, Told};

/// One without its exclusions, which are compared by themselves: a higher level does not hide them.
pub(super) fn plain(one: &PodSecurity) -> PodSecurity {
    PodSecurity {
        exclude: Vec::new(),
        ..one.clone()
    }
}

/// What a change of level and version does.
pub(super) fn direction(before: &PodSecurity, after: &PodSecurity) -> Direction {
    let is_restricted = |one: &PodSecurity| one.level == Some(PodSecurityLevel::Restricted);
    let known = |one: &PodSecurity| {
        matches!(
            one.level,
            Some(PodSecurityLevel::Restricted | PodSecurityLevel::Baseline)
        )
    };
    let level = match (is_restricted(before), is_restricted(after)) {
        _ if before.level == after.level => Direction::Neither,
        (false, true) if known(before) => Direction::Stricter,
        (true, false) if known(after) => Direction::Looser,
        _ => Direction::Unclear,
    };
    let version = match before.version == after.version {
        true => Direction::Neither,
        false => Direction::Unclear,
    };
    level.and(version)
}

/// What a change of the excluded controls does.
pub(super) fn excluded(before: Option<&PodSecurity>, after: Option<&PodSecurity>) -> Option<Told> {
    let (before, after) = (before?, after?);
    let direction = Direction::of_lists(&before.exclude, &after.exclude, Direction::Looser);
    let word = match direction {
        Direction::Neither => return None,
        Direction::Looser => "grown",
        Direction::Stricter => "shrunk",
        Direction::Unclear => "changed",
    };
    let said = format!("`podSecurity.exclude` {word}");
    Some(("podSecurity/exclude".to_owned(), said, direction))
}
