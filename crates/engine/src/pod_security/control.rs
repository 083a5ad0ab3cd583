//! The controls by the names that policies and reports use, with the checks that each stands for.

use super::{check::CheckResult, standard::StandardCheck};

/// Where a control's fields are, which decides whether an exclusion names images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Fields of the pod: an exclusion names no images.
    Pod,
    /// Fields of containers: an exclusion names images.
    Container,
    /// Fields of both: an exclusion with images is of containers, one without of the pod.
    Both,
}

/// A control.
#[derive(Debug)]
pub struct Control {
    /// Its name in a policy, such as `Host Ports`.
    pub name: &'static str,
    /// Ids of its checks.
    pub checks: &'static [&'static str],
    /// Where its fields are.
    pub scope: Scope,
    /// Whether a baseline rule does not have it.
    pub restricted_only: bool,
}

/// Every control that a policy can exclude.
pub const CONTROLS: [Control; 15] = [
    Control::new("AppArmor", &["appArmorProfile"], Scope::Both),
    Control::new(
        "Capabilities",
        &["capabilities_baseline", "capabilities_restricted"],
        Scope::Container,
    ),
    Control::new("Host Namespaces", &["hostNamespaces"], Scope::Pod),
    Control::new("Host Ports", &["hostPorts"], Scope::Container),
    Control::new("HostPath Volumes", &["hostPathVolumes"], Scope::Pod),
    Control::new("HostProcess", &["windowsHostProcess"], Scope::Both),
    Control::new("/proc Mount Type", &["procMount"], Scope::Container),
    Control::new(
        "Privilege Escalation",
        &["allowPrivilegeEscalation"],
        Scope::Container,
    )
    .restricted(),
    Control::new("Privileged Containers", &["privileged"], Scope::Container),
    Control::new("Running as Non-root", &["runAsNonRoot"], Scope::Both).restricted(),
    Control::new("Running as Non-root user", &["runAsUser"], Scope::Both).restricted(),
    Control::new("SELinux", &["seLinuxOptions"], Scope::Both),
    Control::new(
        "Seccomp",
        &["seccompProfile_baseline", "seccompProfile_restricted"],
        Scope::Both,
    ),
    Control::new("Sysctls", &["sysctls"], Scope::Pod),
    Control::new("Volume Types", &["restrictedVolumes"], Scope::Pod).restricted(),
];

impl Control {
    const fn new(name: &'static str, checks: &'static [&'static str], scope: Scope) -> Control {
        Control {
            name,
            checks,
            scope,
            restricted_only: false,
        }
    }

    const fn restricted(self) -> Control {
        Control {
            restricted_only: true,
            ..self
        }
    }

    /// The control of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Control> {
        CONTROLS.iter().find(|control| control.name == name)
    }

    /// The name of the control that a check belongs to; empty where Kyverno has none.
    #[must_use]
    pub fn name_of(check: &str) -> &'static str {
        let control = CONTROLS
            .iter()
            .find(|control| control.checks.contains(&check));
        control.map_or("", |control| control.name)
    }

    pub(super) fn has(&self, check: &StandardCheck) -> bool {
        self.checks.contains(&check.id)
    }
}

impl CheckResult {
    /// The name of the control; empty where Kyverno has none.
    #[must_use]
    pub fn control(&self) -> &'static str {
        Control::name_of(self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pod_security::registry::CHECKS;

    /// Kyverno 1.19 has no control for these two.
    const UNNAMED: [&str; 2] = ["hostProbesAndHostLifecycle", "procMount_restricted"];

    #[test]
    fn every_check_has_one_control() {
        for check in CHECKS {
            let controls = CONTROLS
                .iter()
                .filter(|control| control.checks.contains(&check.id))
                .count();
            assert_eq!(
                controls,
                usize::from(!UNNAMED.contains(&check.id)),
                "{}",
                check.id
            );
        }
    }

    #[test]
    fn every_control_has_known_checks() {
        let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
        let names: BTreeSet<_> = CONTROLS.iter().map(|control| control.name).collect();
        assert_eq!(names.len(), CONTROLS.len());
        for control in &CONTROLS {
            assert!(!control.checks.is_empty(), "{}", control.name);
            assert!(
                control.checks.iter().all(|id| ids.contains(id)),
                "{}",
                control.name
            );
        }
    }

    #[test]
    fn proc_mount_is_the_baseline_check_alone() {
        assert_eq!(
            Control::named("/proc Mount Type").unwrap().checks,
            ["procMount"]
        );
    }
}
