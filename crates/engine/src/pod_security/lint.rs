//! What a podSecurity rule, or the podSecurity part of an exception, must be to be loaded.

use portcullis_api::cluster_policy::{PodSecurity, PodSecurityLevel, PodSecurityStandard};

use super::{
    control::{CONTROLS, Control, Scope},
    version::Version,
};

/// What is wrong with a podSecurity rule, with the path of the field below the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PodSecurityError {
    /// The standard has no such version.
    #[error(
        "{path}: unknown version `{found}`, expected `latest` or v1.0 to {}",
        Version::NEWEST
    )]
    UnknownVersion {
        /// The field.
        path: String,
        /// What it holds.
        found: String,
    },
    /// No control has this name.
    #[error(
        "{path}: unknown control `{found}`, expected one of {}",
        control_names()
    )]
    UnknownControl {
        /// The field.
        path: String,
        /// What it holds.
        found: String,
    },
    /// The rule's level does not have this control.
    #[error("{path}: invalid control name at the given level: baseline does not have `{control}`")]
    ControlOfHigherLevel {
        /// The field.
        path: String,
        /// The control.
        control: &'static str,
    },
    /// The control is about containers, and no image says which.
    #[error("{path}: exclude.images must be specified for the container level control `{control}`")]
    ImagesMissing {
        /// The field.
        path: String,
        /// The control.
        control: &'static str,
    },
    /// The control is about the pod, and images choose containers.
    #[error("{path}: exclude.images must not be specified for the pod level control `{control}`")]
    ImagesForbidden {
        /// The field.
        path: String,
        /// The control.
        control: &'static str,
    },
    /// A field without the values that it may have.
    #[error("{path}: values is required beside restrictedField")]
    ValuesMissing {
        /// The field.
        path: String,
    },
    /// Values without the field that may have them.
    #[error("{path}: restrictedField is required beside values")]
    RestrictedFieldMissing {
        /// The field.
        path: String,
    },
}

impl PodSecurityError {
    /// What to do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            PodSecurityError::UnknownVersion { .. } | PodSecurityError::UnknownControl { .. } => {
                "write it as the Pod Security Standards name it"
            }
            PodSecurityError::ControlOfHigherLevel { .. } => {
                "set `level: restricted`, or remove the exclusion"
            }
            PodSecurityError::ImagesMissing { .. } => {
                "add `images`, such as `images: ['ghcr.io/shop/*']`, or `['*']` for all"
            }
            PodSecurityError::ImagesForbidden { .. } => "remove `images`",
            PodSecurityError::ValuesMissing { .. } => {
                "add `values`, what the field may hold, such as `values: ['NET_ADMIN']`"
            }
            PodSecurityError::RestrictedFieldMissing { .. } => {
                "add `restrictedField`, the field that may hold them, such as `spec.hostNetwork`"
            }
        }
    }
}

/// Everything that is wrong with a rule; `path` is the rule's own, such as `spec.rules[0]`.
pub(super) fn lint(rule: &PodSecurity, path: &str) -> Vec<PodSecurityError> {
    let mut errors = Vec::new();
    let version = rule.version.as_deref().unwrap_or_default();
    if !version.is_empty() && Version::parse(version).is_none() {
        let path = format!("{path}.podSecurity.version");
        errors.push(PodSecurityError::UnknownVersion {
            path,
            found: version.to_owned(),
        });
    }
    for (index, exclusion) in rule.exclude.iter().enumerate() {
        let path = format!("{path}.podSecurity.exclude[{index}]");
        errors.extend(lint_exclusion(exclusion, &path));
        let control = Control::named(&exclusion.control_name);
        let of_restricted = control.filter(|control| control.restricted_only);
        if let (Some(PodSecurityLevel::Baseline), Some(control)) = (rule.level, of_restricted) {
            let path = format!("{path}.controlName");
            errors.push(PodSecurityError::ControlOfHigherLevel {
                path,
                control: control.name,
            });
        }
    }
    errors
}

/// Everything that is wrong with one exclusion of a rule or an exception; `path` is its own, such
/// as `spec.podSecurity[0]`.
#[must_use]
pub fn lint_exclusion(exclusion: &PodSecurityStandard, path: &str) -> Vec<PodSecurityError> {
    let mut errors = Vec::new();
    errors.extend(lint_control(exclusion, format!("{path}.controlName")));
    let has_field = exclusion
        .restricted_field
        .as_ref()
        .is_some_and(|field| !field.is_empty());
    if has_field && exclusion.values.is_empty() {
        errors.push(PodSecurityError::ValuesMissing {
            path: format!("{path}.values"),
        });
    }
    if !has_field && !exclusion.values.is_empty() {
        let path = format!("{path}.restrictedField");
        errors.push(PodSecurityError::RestrictedFieldMissing { path });
    }
    errors
}

fn lint_control(exclusion: &PodSecurityStandard, path: String) -> Option<PodSecurityError> {
    let Some(control) = Control::named(&exclusion.control_name) else {
        let found = exclusion.control_name.clone();
        return Some(PodSecurityError::UnknownControl { path, found });
    };
    let control_name = control.name;
    match (control.scope, exclusion.images.is_empty()) {
        (Scope::Container, true) => Some(PodSecurityError::ImagesMissing {
            path,
            control: control_name,
        }),
        (Scope::Pod, false) => Some(PodSecurityError::ImagesForbidden {
            path,
            control: control_name,
        }),
        (Scope::Container | Scope::Pod | Scope::Both, _) => None,
    }
}

fn control_names() -> String {
    let names: Vec<_> = CONTROLS
        .iter()
        .map(|control| format!("`{}`", control.name))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(rule: Value, expected: &[&str]) {
        let rule: PodSecurity = serde_json::from_value(rule).unwrap();
        let found: Vec<_> = lint(&rule, "r").iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    fn check_exclusion(level: &str, exclusion: Value, expected: &[&str]) {
        check(json!({"level": level, "exclude": [exclusion]}), expected);
    }

    #[test]
    fn each_mistake_says_what_to_do() {
        for (exclusion, remedy) in [
            (
                json!({"controlName": "Nope"}),
                "as the Pod Security Standards",
            ),
            (json!({"controlName": "Host Ports"}), "add `images`"),
            (
                json!({"controlName": "Sysctls", "images": ["*"]}),
                "remove `images`",
            ),
            (
                json!({"controlName": "Seccomp", "restrictedField": "spec.x"}),
                "add `values`",
            ),
            (
                json!({"controlName": "Seccomp", "values": ["x"]}),
                "add `restrictedField`",
            ),
            (
                json!({"controlName": "Volume Types"}),
                "set `level: restricted`",
            ),
        ] {
            let rule = json!({"level": "baseline", "exclude": [exclusion]});
            let rule: PodSecurity = serde_json::from_value(rule).unwrap();
            let errors = lint(&rule, "r");
            let told = errors.iter().any(|error| error.remedy().contains(remedy));
            assert!(told, "{errors:?}");
        }
    }

    #[test]
    fn versions() {
        for version in ["", "latest", "v1.0", "v1.37"] {
            check(json!({"level": "baseline", "version": version}), &[]);
        }
        check(
            json!({"level": "baseline", "version": "v1.99"}),
            &["r.podSecurity.version: unknown version `v1.99`, expected `latest` or v1.0 to v1.37"],
        );
    }

    #[test]
    fn images() {
        let all = json!({"controlName": "Capabilities", "images": ["*"]});
        check_exclusion("baseline", all, &[]);
        check_exclusion("baseline", json!({"controlName": "SELinux"}), &[]);
        check_exclusion(
            "baseline",
            json!({"controlName": "SELinux", "images": ["*"]}),
            &[],
        );
        check_exclusion("baseline", json!({"controlName": "Sysctls"}), &[]);
        check_exclusion(
            "baseline",
            json!({"controlName": "Host Ports"}),
            &[
                "r.podSecurity.exclude[0].controlName: exclude.images must be specified for the container level control `Host Ports`",
            ],
        );
        check_exclusion(
            "baseline",
            json!({"controlName": "Sysctls", "images": ["a"]}),
            &[
                "r.podSecurity.exclude[0].controlName: exclude.images must not be specified for the pod level control `Sysctls`",
            ],
        );
    }

    #[test]
    fn levels() {
        for (name, images) in [
            ("Volume Types", json!([])),
            ("Privilege Escalation", json!(["a"])),
            ("Running as Non-root", json!([])),
            ("Running as Non-root user", json!([])),
        ] {
            let exclusion = json!({"controlName": name, "images": images});
            let error = format!(
                "r.podSecurity.exclude[0].controlName: invalid control name at the given level: baseline does not have `{name}`"
            );
            check_exclusion("baseline", exclusion.clone(), &[&error]);
            check_exclusion("restricted", exclusion, &[]);
        }
        check_exclusion("baseline", json!({"controlName": "Seccomp"}), &[]);
    }

    #[test]
    fn fields_and_values() {
        let field = "spec.hostPID";
        let both =
            json!({"controlName": "Host Namespaces", "restrictedField": field, "values": ["true"]});
        check_exclusion("baseline", both, &[]);
        check_exclusion(
            "baseline",
            json!({"controlName": "Host Namespaces", "restrictedField": field}),
            &["r.podSecurity.exclude[0].values: values is required beside restrictedField"],
        );
        check_exclusion(
            "baseline",
            json!({"controlName": "Host Namespaces", "restrictedField": "", "values": ["true"]}),
            &[
                "r.podSecurity.exclude[0].restrictedField: restrictedField is required beside values",
            ],
        );
    }

    #[test]
    fn names() {
        let exclusion = PodSecurityStandard {
            control_name: "Host ports".into(),
            ..Default::default()
        };
        let found = lint_exclusion(&exclusion, "spec.podSecurity[3]");
        let text = found.iter().map(ToString::to_string).collect::<String>();
        assert!(text.starts_with("spec.podSecurity[3].controlName: unknown control `Host ports`, expected one of `AppArmor`, "), "{text}");
    }
}
