//! SELinux (baseline, v1.0): a pod must not choose its SELinux user or role, and only a container's
//! type. v1.31 adds the type `container_engine_t`.
//!
//! Restricted fields: `seLinuxOptions.{type,user,role}` of the pod's and of every container's
//! `securityContext`. Allowed values: undefined or empty; for `type` also `container_t`,
//! `container_init_t`, `container_kvm_t` and, from v1.31 on, `container_engine_t`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters, plural, quoted},
    pod::{Pod, SeLinuxOptions},
};

/// The control.
pub const CHECK: Check = Check {
    id: "seLinuxOptions",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0), Revision::since(31, v1_31)],
};

/// The types of containers, and none.
pub(crate) const TYPES: [&str; 4] = ["", "container_t", "container_init_t", "container_kvm_t"];

/// A type that a later version adds.
pub(crate) const ENGINE: &str = "container_engine_t";

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    se_linux_options(pod, |type_| TYPES.contains(&type_))
}

fn v1_31(pod: &Pod<'_>) -> Option<Forbidden> {
    se_linux_options(pod, |type_| type_ == ENGINE || TYPES.contains(&type_))
}

/// What is wrong, over the pod and its containers.
#[derive(Default)]
struct Wrong<'a> {
    types: BTreeSet<&'a str>,
    user: bool,
    role: bool,
}

impl<'a> Wrong<'a> {
    /// The fields of `options` that break the control.
    fn fields(
        &mut self,
        options: SeLinuxOptions<'a>,
        allows: fn(&str) -> bool,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        let bad_type = !allows(options.type_);
        if bad_type {
            self.types.insert(options.type_);
        }
        self.user |= !options.user.is_empty();
        self.role |= !options.role.is_empty();
        [
            (
                "securityContext.seLinuxOptions.type",
                options.type_,
                bad_type,
            ),
            (
                "securityContext.seLinuxOptions.user",
                options.user,
                !options.user.is_empty(),
            ),
            (
                "securityContext.seLinuxOptions.role",
                options.role,
                !options.role.is_empty(),
            ),
        ]
        .into_iter()
        .filter_map(|(field, value, is_bad)| is_bad.then_some((field, value)))
    }

    fn words(self) -> String {
        let mut words = Vec::new();
        if !self.types.is_empty() {
            let noun = plural(self.types.len(), "type", "types");
            words.push(format!("{noun} {}", quoted(self.types)));
        }
        if self.user {
            words.push("user may not be set".to_owned());
        }
        if self.role {
            words.push("role may not be set".to_owned());
        }
        words.join("; ")
    }
}

fn se_linux_options(pod: &Pod<'_>, allows: fn(&str) -> bool) -> Option<Forbidden> {
    let mut wrong = Wrong::default();
    let mut on_pod = Vec::new();
    if let Some(options) = pod.security.se_linux_options {
        let fields = wrong.fields(options, allows);
        on_pod.extend(
            fields.map(|(field, value)| FieldError::forbidden(format!("spec.{field}"), value)),
        );
    }
    let mut containers = Offenders::default();
    for container in &pod.containers {
        if let Some(options) = container
            .security
            .and_then(|security| security.se_linux_options)
        {
            let fields = wrong.fields(options, allows);
            containers.add_all(
                container,
                fields.map(|(field, value)| container.forbidden(field, value)),
            );
        }
    }
    let setters = Setters::new(on_pod, containers);
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "seLinuxOptions",
        detail: format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            setters.joined(),
            wrong.words()
        ),
        errors: setters.errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn allows_container_types() {
        for type_ in ["", "container_t", "container_init_t", "container_kvm_t"] {
            let options = json!({"seLinuxOptions": {"type": type_, "level": "s0", "user": ""}});
            let pod = json!({"spec": {"securityContext": options, "containers": [{"securityContext": options}]}});
            check(v1_0, &pod, None);
            check(v1_31, &pod, None);
        }
    }

    #[test]
    fn allows_engines_later() {
        let pod = json!({"spec": {"securityContext": {"seLinuxOptions": {"type": "container_engine_t"}}}});
        let detail =
            r#"pod set forbidden securityContext.seLinuxOptions: type "container_engine_t""#;
        let errors = [
            "spec.securityContext.seLinuxOptions.type is forbidden, forbidden values found: container_engine_t",
        ];
        check(v1_0, &pod, Some(("seLinuxOptions", detail, &errors)));
        check(v1_31, &pod, None);
    }

    #[test]
    fn forbids_users_and_roles() {
        let options = |type_, user, role| json!({"seLinuxOptions": {"type": type_, "user": user, "role": role}});
        check(
            v1_31,
            &json!({"spec": {
                "securityContext": options("b", "", ""),
                "containers": [
                    {"name": "x", "securityContext": options("a", "root", "")},
                    {"name": "y", "securityContext": options("container_t", "", "admin")},
                ],
            }}),
            Some((
                "seLinuxOptions",
                r#"pod and containers "x", "y" set forbidden securityContext.seLinuxOptions: types "a", "b"; user may not be set; role may not be set"#,
                &[
                    "spec.securityContext.seLinuxOptions.type is forbidden, forbidden values found: b",
                    "spec.containers[0].securityContext.seLinuxOptions.type is forbidden, forbidden values found: a",
                    "spec.containers[0].securityContext.seLinuxOptions.user is forbidden, forbidden values found: root",
                    "spec.containers[1].securityContext.seLinuxOptions.role is forbidden, forbidden values found: admin",
                ],
            )),
        );
    }
}
