//! The checks of the Pod Security Standards in CEL, of `variables.spec`, `variables.annotations` and each
//! `container`.

use crate::{
    pod_security::{
        Version,
        controls::{capabilities_baseline, restricted_volumes, se_linux_options, sysctls},
    },
    translate::cel_text,
};

/// A check of one version.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    /// What a pod should be like, in a sentence.
    pub(super) wanted: &'static str,
    /// Which pods the check is not about.
    pub(super) exempt: Option<&'static str>,
    /// What the pod's own fields must be.
    pub(super) pod: Option<String>,
    /// What the fields of each container must be.
    pub(super) container: Option<String>,
    /// What they must also be where nothing of the above is wrong.
    pub(super) otherwise: Option<String>,
    /// Whether the check reads annotations of the pod that are about its containers.
    pub(super) reads_annotations_of_containers: bool,
}

const IS_WINDOWS: &str = "variables.spec.?os.?name.orValue('') == 'windows'";
const HAS_OWN_USERS: &str = "variables.spec.?hostUsers.orValue(true) == false";

const PROFILES: &str = "['RuntimeDefault', 'Localhost']";

/// A check as it is since a version; none where there is no such check.
pub(super) fn of_check(id: &str, since: Version) -> Option<Expressions> {
    let from = |minor: u8| since >= Version::minor(minor);
    let exempt = |minor: u8, which: &'static str| from(minor).then_some(which);
    let found = match id {
        "allowPrivilegeEscalation" => Expressions {
            exempt: exempt(25, IS_WINDOWS),
            ..of_containers(
                "containers must set securityContext.allowPrivilegeEscalation to false",
                "container.?securityContext.?allowPrivilegeEscalation.orValue(true) == false",
            )
        },
        "appArmorProfile" => app_armor(),
        "capabilities_baseline" => of_containers(
            "containers may add no capabilities but those that runtimes give by default",
            &format!(
                "container.?securityContext.?capabilities.?add.orValue([]).all(added, added in {})",
                cel_text::list(&capabilities_baseline::DEFAULT)
            ),
        ),
        "capabilities_restricted" => Expressions {
            exempt: exempt(25, IS_WINDOWS),
            ..of_containers(
                "containers must drop the capability ALL, and may add no capability but NET_BIND_SERVICE",
                "'ALL' in container.?securityContext.?capabilities.?drop.orValue([]) && \
                 container.?securityContext.?capabilities.?add.orValue([]).all(added, added == 'NET_BIND_SERVICE')",
            )
        },
        "hostNamespaces" => of_pod(
            "the pod must not set hostNetwork, hostPID or hostIPC",
            "!variables.spec.?hostNetwork.orValue(false) && !variables.spec.?hostPID.orValue(false) && \
             !variables.spec.?hostIPC.orValue(false)",
        ),
        "hostPathVolumes" => of_pod(
            "volumes must not be of the type hostPath",
            "variables.spec.?volumes.orValue([]).all(volume, !has(volume.hostPath))",
        ),
        "hostPorts" => of_containers(
            "containers must not use hostPort",
            "container.?ports.orValue([]).all(port, port.?hostPort.orValue(0) == 0)",
        ),
        "hostProbesAndHostLifecycle" => of_containers(
            "probes and lifecycle handlers must name no host",
            "['httpGet', 'tcpSocket'].all(action, \
             ['livenessProbe', 'readinessProbe', 'startupProbe'].all(probe, container[?probe][?action].?host.orValue('') == '') && \
             ['postStart', 'preStop'].all(hook, container.?lifecycle[?hook][?action].?host.orValue('') == ''))",
        ),
        "privileged" => of_containers(
            "containers must not set securityContext.privileged",
            "!container.?securityContext.?privileged.orValue(false)",
        ),
        "procMount" | "procMount_restricted" => Expressions {
            exempt: exempt(35, HAS_OWN_USERS).filter(|_| id == "procMount"),
            ..of_containers(
                "securityContext.procMount of containers must be Default",
                "container.?securityContext.?procMount.orValue('Default') == 'Default'",
            )
        },
        "restrictedVolumes" => of_pod(
            "volumes must be of the types that restricted has",
            &format!(
                "variables.spec.?volumes.orValue([]).all(volume, volume.exists(source, source in {}) || \
             volume.all(source, source == 'name'))",
                cel_text::list(&restricted_volumes::ALLOWED)
            ),
        ),
        "runAsNonRoot" => Expressions {
            exempt: exempt(35, HAS_OWN_USERS),
            ..of_both(
                "the pod or its containers must set securityContext.runAsNonRoot to true",
                &decided("variables.spec.?securityContext.?runAsNonRoot.orValue(true)"),
                "container.?securityContext.?runAsNonRoot.orValue(variables.spec.?securityContext.?runAsNonRoot.orValue(false))",
            )
        },
        "runAsUser" => Expressions {
            exempt: exempt(35, HAS_OWN_USERS),
            ..of_both(
                "securityContext.runAsUser must not be 0",
                "variables.spec.?securityContext.?runAsUser.orValue(1) != 0",
                "container.?securityContext.?runAsUser.orValue(1) != 0",
            )
        },
        "seLinuxOptions" => se_linux(from(31)),
        "seccompProfile_baseline" if !from(19) => seccomp_annotations(),
        "seccompProfile_baseline" => of_both(
            "securityContext.seccompProfile must be RuntimeDefault or Localhost where it is set",
            &decided(&profile("variables.spec", "seccompProfile", "true")),
            &profile("container", "seccompProfile", "true"),
        ),
        "seccompProfile_restricted" => seccomp_restricted(exempt(25, IS_WINDOWS)),
        "sysctls" => {
            let known = sysctls::ALLOWED
                .iter()
                .filter(|(adding, _)| *adding <= since);
            let known: Vec<&str> = known.flat_map(|(_, names)| names.iter().copied()).collect();
            of_pod(
                "sysctls must be among those that stay within the pod",
                &format!(
                    "variables.spec.?securityContext.?sysctls.orValue([]).all(sysctl, sysctl.?name.orValue('') in {})",
                    cel_text::list(&known)
                ),
            )
        }
        "windowsHostProcess" => of_both(
            "securityContext.windowsOptions.hostProcess must not be set",
            "!variables.spec.?securityContext.?windowsOptions.?hostProcess.orValue(false)",
            "!container.?securityContext.?windowsOptions.?hostProcess.orValue(false)",
        ),
        _ => return None,
    };
    Some(found)
}

fn of_pod(wanted: &'static str, pod: &str) -> Expressions {
    Expressions {
        wanted,
        pod: Some(pod.to_owned()),
        ..Expressions::default()
    }
}

fn of_containers(wanted: &'static str, container: &str) -> Expressions {
    Expressions {
        wanted,
        container: Some(container.to_owned()),
        ..Expressions::default()
    }
}

fn of_both(wanted: &'static str, pod: &str, container: &str) -> Expressions {
    Expressions {
        container: Some(container.to_owned()),
        ..of_pod(wanted, pod)
    }
}

/// A text that may be of no known type as one that is true or false, which the whole must be.
fn decided(text: &str) -> String {
    format!("{text} != false")
}

/// Where the profile of a security context is one of the node's; `absent` where there is none.
fn profile(holder: &str, name: &str, absent: &str) -> String {
    format!(
        "{holder}.?securityContext.?{name}.optMap(profile, profile.?type.orValue('') in {PROFILES}).orValue({absent})"
    )
}

fn app_armor() -> Expressions {
    let annotations = "variables.annotations.all(key, !key.startsWith('container.apparmor.security.beta.kubernetes.io/') || \
         variables.annotations[key] in ['', 'runtime/default'] || variables.annotations[key].startsWith('localhost/'))";
    let pod = profile("variables.spec", "appArmorProfile", "true");
    of_both(
        "AppArmor profiles must be RuntimeDefault or Localhost where they are set",
        &format!("{pod} && {annotations}"),
        &profile("container", "appArmorProfile", "true"),
    )
}

fn se_linux(knows_engine: bool) -> Expressions {
    let mut types = se_linux_options::TYPES.to_vec();
    types.extend(knows_engine.then_some(se_linux_options::ENGINE));
    let types = cel_text::list(&types);
    let options = |holder: &str| {
        format!(
            "{holder}.?securityContext.?seLinuxOptions.optMap(options, options.?type.orValue('') in {types} && \
             options.?user.orValue('') == '' && options.?role.orValue('') == '').orValue(true)"
        )
    };
    of_both(
        "securityContext.seLinuxOptions must set neither user nor role, and only types of containers",
        &decided(&options("variables.spec")),
        &options("container"),
    )
}

fn seccomp_annotations() -> Expressions {
    let allowed = |key: &str| {
        format!(
            "variables.annotations[?{key}].optMap(profile, profile in ['runtime/default', 'docker/default'] || \
             profile.startsWith('localhost/')).orValue(true)"
        )
    };
    Expressions {
        reads_annotations_of_containers: true,
        ..of_both(
            "annotations of seccomp must be runtime/default, docker/default or localhost/*",
            &decided(&allowed("'seccomp.security.alpha.kubernetes.io/pod'")),
            &allowed(
                "('container.seccomp.security.alpha.kubernetes.io/' + container.?name.orValue(''))",
            ),
        )
    }
}

fn seccomp_restricted(exempt: Option<&'static str>) -> Expressions {
    let of_pod = profile("variables.spec", "seccompProfile", "false");
    Expressions {
        exempt,
        otherwise: Some(format!(
            "has(container.securityContext) && has(container.securityContext.seccompProfile) || {of_pod}"
        )),
        ..of_both(
            "the pod or its containers must set securityContext.seccompProfile to RuntimeDefault or Localhost",
            &decided(&profile("variables.spec", "seccompProfile", "true")),
            &profile("container", "seccompProfile", "true"),
        )
    }
}
