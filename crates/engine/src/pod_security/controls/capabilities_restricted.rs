//! Capabilities (restricted, v1.22): a container must drop all capabilities and may add only
//! `NET_BIND_SERVICE`. Windows pods are exempt from v1.25 on.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].securityContext.capabilities.{drop,add}`.
//! Allowed values: `drop` includes `ALL`; `add` is undefined or `NET_BIND_SERVICE`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::{BadValue, FieldError},
    level::Level,
    offenders::{Offenders, quoted},
    pod::{Capabilities, Container, Pod},
};

const DROP: &str = "securityContext.capabilities.drop";
const ADD: &str = "securityContext.capabilities.add";

/// The control.
pub const CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    revisions: &[
        Revision::since(22, v1_22).overriding(&["capabilities_baseline"]),
        Revision::since(25, v1_25).overriding(&["capabilities_baseline"]),
    ],
};

fn v1_22(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut keeping = Offenders::default();
    let mut adding = Offenders::default();
    let mut added = BTreeSet::new();
    for container in &pod.containers {
        let capabilities = container
            .security
            .and_then(|security| security.capabilities);
        if let Some(error) = drop_error(container, capabilities.unwrap_or_default()) {
            keeping.add(container.name, error);
        }
        let Some(capabilities) = capabilities else {
            continue;
        };
        let bad: BTreeSet<_> = capabilities
            .add()
            .filter(|name| *name != "NET_BIND_SERVICE")
            .collect();
        if !bad.is_empty() {
            added.extend(&bad);
            adding.add(
                container.name,
                container.forbidden(ADD, BadValue::from_iter(bad)),
            );
        }
    }
    forbidden(keeping, adding, added)
}

fn v1_25(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { v1_22(pod) }
}

fn drop_error(container: &Container<'_>, capabilities: Capabilities<'_>) -> Option<FieldError> {
    if capabilities.drop().any(|name| name == "ALL") {
        return None;
    }
    let dropped: BTreeSet<_> = capabilities.drop().collect();
    Some(match dropped.is_empty() {
        true => container.required(DROP),
        false => container.forbidden(DROP, BadValue::from_iter(dropped)),
    })
}

fn forbidden(
    keeping: Offenders<'_>,
    adding: Offenders<'_>,
    added: BTreeSet<&str>,
) -> Option<Forbidden> {
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!(
            "{} must set {DROP}=[\"ALL\"]",
            keeping.containers()
        ));
    }
    if !adding.is_empty() {
        let (containers, added) = (adding.containers(), quoted(added));
        details.push(format!("{containers} must not include {added} in {ADD}"));
    }
    if details.is_empty() {
        return None;
    }
    let mut errors = keeping.errors;
    errors.extend(adding.errors);
    Some(Forbidden {
        reason: "unrestricted capabilities",
        detail: details.join("; "),
        errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn requires_to_drop_all() {
        let with =
            |capabilities| json!({"name": "a", "securityContext": {"capabilities": capabilities}});
        check(
            v1_22,
            &json!({"spec": {"containers": [with(json!({"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}))]}}),
            None,
        );
        check(
            v1_22,
            &json!({"spec": {"containers": [{"name": "b"}, with(json!({"drop": ["NET_RAW", "KILL"]})), with(json!({}))]}}),
            Some((
                "unrestricted capabilities",
                r#"containers "b", "a", "a" must set securityContext.capabilities.drop=["ALL"]"#,
                &[
                    "spec.containers[0].securityContext.capabilities.drop: Required value",
                    "spec.containers[1].securityContext.capabilities.drop is forbidden, forbidden values found: [KILL NET_RAW]",
                    "spec.containers[2].securityContext.capabilities.drop: Required value",
                ],
            )),
        );
    }

    #[test]
    fn forbids_to_add() {
        check(
            v1_22,
            &json!({"spec": {"containers": [
                {"name": "a", "securityContext": {"capabilities": {"drop": ["all"], "add": ["CHOWN"]}}},
                {"name": "b", "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["NET_RAW", "CHOWN"]}}},
            ]}}),
            Some((
                "unrestricted capabilities",
                r#"container "a" must set securityContext.capabilities.drop=["ALL"]; containers "a", "b" must not include "CHOWN", "NET_RAW" in securityContext.capabilities.add"#,
                &[
                    "spec.containers[0].securityContext.capabilities.drop is forbidden, forbidden values found: [all]",
                    "spec.containers[0].securityContext.capabilities.add is forbidden, forbidden values found: [CHOWN]",
                    "spec.containers[1].securityContext.capabilities.add is forbidden, forbidden values found: [CHOWN NET_RAW]",
                ],
            )),
        );
    }

    #[test]
    fn exempts_windows_later() {
        let windows = json!({"spec": {"os": {"name": "windows"}, "containers": [{"name": "a"}]}});
        let expected: &[&str] =
            &["spec.containers[0].securityContext.capabilities.drop: Required value"];
        let detail = r#"container "a" must set securityContext.capabilities.drop=["ALL"]"#;
        check(
            v1_22,
            &windows,
            Some(("unrestricted capabilities", detail, expected)),
        );
        check(v1_25, &windows, None);
        let linux = json!({"spec": {"os": {"name": "linux"}, "containers": [{"name": "a"}]}});
        check(
            v1_25,
            &linux,
            Some(("unrestricted capabilities", detail, expected)),
        );
    }
}
