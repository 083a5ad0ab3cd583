//! Sysctls (baseline, v1.0): a pod may set only sysctls that stay within it.
//!
//! Restricted field: `spec.securityContext.sysctls[*].name`. Allowed values, by version:
//! v1.0 `kernel.shm_rmid_forced`, `net.ipv4.ip_local_port_range`, `net.ipv4.tcp_syncookies`,
//! `net.ipv4.ping_group_range`, `net.ipv4.ip_unprivileged_port_start`;
//! v1.27 adds `net.ipv4.ip_local_reserved_ports`;
//! v1.29 adds `net.ipv4.tcp_keepalive_time`, `net.ipv4.tcp_fin_timeout`,
//! `net.ipv4.tcp_keepalive_intvl`, `net.ipv4.tcp_keepalive_probes`;
//! v1.32 adds `net.ipv4.tcp_rmem`, `net.ipv4.tcp_wmem`;
//! v1.37 adds `net.ipv4.tcp_slow_start_after_idle`, `net.ipv4.tcp_notsent_lowat`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::Offenders,
    pod::Pod,
    version::Version,
};

/// The control.
pub const CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    revisions: &[
        Revision::since(0, v1_0),
        Revision::since(27, v1_27),
        Revision::since(29, v1_29),
        Revision::since(32, v1_32),
        Revision::since(37, v1_37),
    ],
};

/// The names that each version adds.
pub(crate) const ALLOWED: [(Version, &[&str]); 5] = [
    (
        Version::minor(0),
        &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ],
    ),
    (Version::minor(27), &["net.ipv4.ip_local_reserved_ports"]),
    (
        Version::minor(29),
        &[
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ],
    ),
    (
        Version::minor(32),
        &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"],
    ),
    (
        Version::minor(37),
        &[
            "net.ipv4.tcp_slow_start_after_idle",
            "net.ipv4.tcp_notsent_lowat",
        ],
    ),
];

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    sysctls(pod, Version::minor(0))
}

fn v1_27(pod: &Pod<'_>) -> Option<Forbidden> {
    sysctls(pod, Version::minor(27))
}

fn v1_29(pod: &Pod<'_>) -> Option<Forbidden> {
    sysctls(pod, Version::minor(29))
}

fn v1_32(pod: &Pod<'_>) -> Option<Forbidden> {
    sysctls(pod, Version::minor(32))
}

fn v1_37(pod: &Pod<'_>) -> Option<Forbidden> {
    sysctls(pod, Version::minor(37))
}

fn is_allowed(name: &str, version: Version) -> bool {
    let mut known = ALLOWED.iter().filter(|(since, _)| *since <= version);
    known.any(|(_, names)| names.contains(&name))
}

fn sysctls(pod: &Pod<'_>, version: Version) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for (index, name) in pod.security.sysctls().enumerate() {
        if !is_allowed(name, version) {
            let field = format!("spec.securityContext.sysctls[{index}].name");
            offenders.add(name, FieldError::forbidden(field, name));
        }
    }
    if offenders.is_empty() {
        return None;
    }
    let detail = offenders.listed();
    Some(Forbidden {
        reason: "forbidden sysctls",
        detail,
        errors: offenders.errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::{controls::case::check, version::Version};

    #[test]
    fn allows_more_by_version() {
        for (name, since) in [
            ("kernel.shm_rmid_forced", 0),
            ("net.ipv4.ip_unprivileged_port_start", 0),
            ("net.ipv4.ip_local_reserved_ports", 27),
            ("net.ipv4.tcp_keepalive_probes", 29),
            ("net.ipv4.tcp_rmem", 32),
            ("net.ipv4.tcp_notsent_lowat", 37),
        ] {
            let pod =
                json!({"spec": {"securityContext": {"sysctls": [{"name": name, "value": "1"}]}}});
            for version in Version::all() {
                let revision = CHECK.at(version).unwrap().check;
                let allowed = revision(&Pod::new(&pod).unwrap()).is_none();
                assert_eq!(
                    allowed,
                    version >= Version::minor(since),
                    "{name} {version}"
                );
            }
        }
    }

    #[test]
    fn names_the_others() {
        let sysctls = json!([{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_syncookies"}, {}]);
        check(
            v1_37,
            &json!({"spec": {"securityContext": {"sysctls": sysctls}}}),
            Some((
                "forbidden sysctls",
                "kernel.msgmax, ",
                &[
                    "spec.securityContext.sysctls[0].name is forbidden, forbidden values found: kernel.msgmax",
                    "spec.securityContext.sysctls[2].name: Forbidden",
                ],
            )),
        );
    }
}
