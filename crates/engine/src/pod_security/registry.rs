//! Every check, in the order in which results are told.

use super::{check::Check, controls};

/// Every check of every level and version.
pub const CHECKS: &[Check] = &[
    controls::allow_privilege_escalation::CHECK,
    controls::app_armor_profile::CHECK,
    controls::capabilities_baseline::CHECK,
    controls::capabilities_restricted::CHECK,
    controls::host_namespaces::CHECK,
    controls::host_path_volumes::CHECK,
    controls::host_ports::CHECK,
    controls::host_probes_and_host_lifecycle::CHECK,
    controls::privileged::CHECK,
    controls::proc_mount::CHECK,
    controls::proc_mount_restricted::CHECK,
    controls::restricted_volumes::CHECK,
    controls::run_as_non_root::CHECK,
    controls::run_as_user::CHECK,
    controls::se_linux_options::CHECK,
    controls::seccomp_profile_baseline::CHECK,
    controls::seccomp_profile_restricted::CHECK,
    controls::sysctls::CHECK,
    controls::windows_host_process::CHECK,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pod_security::{level::Level, version::Version};

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), CHECKS.len());
    }

    #[test]
    fn levels_are_baseline_or_restricted() {
        for check in CHECKS {
            assert_ne!(check.level, Level::Privileged, "{}", check.id);
        }
    }

    #[test]
    fn revisions_are_there_and_increase() {
        for check in CHECKS {
            assert!(!check.revisions.is_empty(), "{}", check.id);
            let increasing = check.revisions.is_sorted_by(|a, b| a.since < b.since);
            assert!(increasing, "{}", check.id);
            let known = check
                .revisions
                .iter()
                .all(|revision| revision.since <= Version::NEWEST);
            assert!(known, "{}", check.id);
        }
    }

    #[test]
    fn only_restricted_checks_override_and_only_baseline_ones() {
        let baseline: BTreeSet<_> = CHECKS
            .iter()
            .filter(|check| check.level == Level::Baseline)
            .map(|check| check.id)
            .collect();
        for check in CHECKS {
            for overridden in check
                .revisions
                .iter()
                .flat_map(|revision| revision.overrides)
            {
                assert_eq!(check.level, Level::Restricted, "{}", check.id);
                assert!(
                    baseline.contains(overridden),
                    "{} overrides {overridden}",
                    check.id
                );
            }
        }
    }
}
