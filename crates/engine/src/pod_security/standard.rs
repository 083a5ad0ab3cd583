//! A level and version of the standard, compiled to the list of functions that a pod must pass.
//!
//! There are three readings of "baseline, v1.24":
//! - [`Standard::new`] is the standard itself, as the API server enforces it;
//! - [`Standard::of_rule`] is what a Kyverno rule checks: the same decisions, but a baseline check
//!   is told also where a restricted one includes it, because reports and exclusions name both;
//! - [`Standard::of_kyverno`] is what Kyverno 1.19 itself checks, bugs included.

use super::{
    check::{Check, CheckResult, Forbidden, Revision},
    level::Level,
    pod::Pod,
    registry::CHECKS,
    version::Version,
};

/// Checks without a Kyverno control, and the check in whose place and by whose id a rule runs them.
const IN_PLACE_OF: [(&str, &str); 1] = [("procMount_restricted", "procMount")];

/// The newest version that Kyverno 1.19 knows; later ones are this one to it.
const NEWEST_OF_KYVERNO: Version = Version::minor(34);

/// A level and version, compiled.
#[derive(Clone, Debug)]
pub struct Standard {
    checks: Vec<StandardCheck>,
}

/// One function of a compiled standard.
#[derive(Clone, Copy, Debug)]
pub struct StandardCheck {
    /// The check's id.
    pub id: &'static str,
    check: fn(&Pod<'_>) -> Option<Forbidden>,
}

impl Standard {
    /// The standard as the API server enforces it.
    #[must_use]
    pub fn new(level: Level, version: Version) -> Standard {
        let mut selected = select(level, |check| check.at(version));
        let overridden: Vec<_> = selected
            .iter()
            .flat_map(|(_, revision)| revision.overrides)
            .collect();
        selected.retain(|(check, _)| !overridden.contains(&&check.id));
        Standard::compile(&selected, |check| check.id)
    }

    /// The standard as a rule checks it.
    #[must_use]
    pub fn of_rule(level: Level, version: Version) -> Standard {
        Standard::compile(&selected_by_rule(level, version), told_as)
    }

    /// The standard as Kyverno 1.19 checks it: privileged is restricted, a check is done also in
    /// versions that do not have it yet, and nothing after v1.34 exists.
    #[must_use]
    pub fn of_kyverno(level: Level, version: Version) -> Standard {
        let level = if level == Level::Privileged {
            Level::Restricted
        } else {
            level
        };
        let version = version.min(NEWEST_OF_KYVERNO);
        let selected = select(level, |check| {
            let first = check.revisions.first()?;
            check
                .at(version)
                .or((first.since <= NEWEST_OF_KYVERNO).then_some(first))
        });
        Standard::compile(&selected, |check| check.id)
    }

    fn compile(
        selected: &[(&'static Check, &'static Revision)],
        id: fn(&'static Check) -> &'static str,
    ) -> Standard {
        let check = |(check, revision): &(&'static Check, &'static Revision)| StandardCheck {
            id: id(check),
            check: revision.check,
        };
        Standard {
            checks: selected.iter().map(check).collect(),
        }
    }

    /// The functions, in the order in which results are told.
    pub fn checks(&self) -> impl Iterator<Item = &StandardCheck> {
        self.checks.iter()
    }

    /// What a pod does not pass; allocates nothing where it passes.
    #[must_use]
    pub fn evaluate(&self, pod: &Pod<'_>) -> Vec<CheckResult> {
        self.checks
            .iter()
            .filter_map(|check| check.evaluate(pod))
            .collect()
    }
}

impl StandardCheck {
    /// Why a pod does not pass, if it does not.
    #[must_use]
    pub fn evaluate(&self, pod: &Pod<'_>) -> Option<CheckResult> {
        let forbidden = (self.check)(pod)?;
        Some(CheckResult {
            id: self.id,
            forbidden,
            images: None,
        })
    }
}

fn select(
    level: Level,
    revision: impl Fn(&'static Check) -> Option<&'static Revision>,
) -> Vec<(&'static Check, &'static Revision)> {
    let of_level = CHECKS.iter().filter(|check| check.level <= level);
    of_level
        .filter_map(|check| Some((check, revision(check)?)))
        .collect()
}

/// What a rule checks, each check with its revision: one that runs in the place of another runs instead of
/// it.
pub(crate) fn selected_by_rule(
    level: Level,
    version: Version,
) -> Vec<(&'static Check, &'static Revision)> {
    let mut selected = select(level, |check| check.at(version));
    let replaced: Vec<_> = selected
        .iter()
        .filter_map(|(check, _)| in_place_of(check.id))
        .collect();
    selected.retain(|(check, _)| !replaced.contains(&check.id));
    selected
}

/// The id by which a rule tells of a check, and its control knows it.
pub(crate) fn told_as(check: &'static Check) -> &'static str {
    in_place_of(check.id).unwrap_or(check.id)
}

fn in_place_of(id: &str) -> Option<&'static str> {
    let place = IN_PLACE_OF.iter().find(|(check, _)| *check == id)?;
    Some(place.1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(standard: &Standard) -> Vec<&'static str> {
        standard.checks().map(|check| check.id).collect()
    }

    fn restricted(minor: u8) -> Vec<&'static str> {
        ids(&Standard::new(Level::Restricted, Version::minor(minor)))
    }

    #[test]
    fn privileged_checks_nothing() {
        for version in Version::all() {
            assert!(ids(&Standard::new(Level::Privileged, version)).is_empty());
            assert!(ids(&Standard::of_rule(Level::Privileged, version)).is_empty());
        }
    }

    #[test]
    fn baseline_grows_once() {
        for version in Version::all() {
            let checks = ids(&Standard::new(Level::Baseline, version));
            let expected = if version < Version::minor(34) { 11 } else { 12 };
            assert_eq!(checks.len(), expected, "{version}");
        }
    }

    #[test]
    fn restricted_overrides_what_it_includes() {
        for (minor, id, expected) in [
            (0, "hostPathVolumes", false),
            (7, "allowPrivilegeEscalation", false),
            (8, "allowPrivilegeEscalation", true),
            (18, "seccompProfile_baseline", true),
            (18, "seccompProfile_restricted", false),
            (19, "seccompProfile_baseline", false),
            (19, "seccompProfile_restricted", true),
            (21, "capabilities_baseline", true),
            (22, "capabilities_baseline", false),
            (22, "capabilities_restricted", true),
            (22, "runAsUser", false),
            (23, "runAsUser", true),
            (33, "hostProbesAndHostLifecycle", false),
            (34, "hostProbesAndHostLifecycle", true),
            (34, "procMount", true),
            (35, "procMount", false),
            (35, "procMount_restricted", true),
        ] {
            assert_eq!(restricted(minor).contains(&id), expected, "v1.{minor} {id}");
        }
    }

    #[test]
    fn a_rule_tells_both_levels() {
        let checks = ids(&Standard::of_rule(Level::Restricted, Version::NEWEST));
        assert_eq!(checks.len(), CHECKS.len() - 1);
        assert!(!checks.contains(&"procMount_restricted"));
    }

    /// A pod passes a rule exactly if it passes the standard.
    #[test]
    fn a_rule_decides_as_the_standard() {
        let security = json!({
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "procMount": "Unmasked",
            "runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        for host_users in [json!(null), json!(true), json!(false)] {
            let containers = json!([{"securityContext": security}]);
            let template = json!({"spec": {"hostUsers": host_users, "containers": containers}});
            let pod = Pod::new(&template).unwrap();
            for version in Version::all() {
                for level in [Level::Baseline, Level::Restricted] {
                    let standard = Standard::new(level, version).evaluate(&pod).is_empty();
                    let rule = Standard::of_rule(level, version).evaluate(&pod).is_empty();
                    assert_eq!(rule, standard, "{level} {version} {template}");
                }
            }
        }
    }

    #[test]
    fn kyverno_checks_too_much_and_nothing_new() {
        let all = CHECKS.len() - 1;
        for (level, minor, expected) in [
            (Level::Privileged, 37, all),
            (Level::Restricted, 19, all),
            (Level::Baseline, 0, 12),
        ] {
            let standard = Standard::of_kyverno(level, Version::minor(minor));
            assert_eq!(ids(&standard).len(), expected, "{level} v1.{minor}");
            assert!(!ids(&standard).contains(&"procMount_restricted"));
        }
    }
}
