//! Volume Types (restricted, v1.0): a pod mounts only volumes that are its own, the API's, or a
//! claim.
//!
//! A volume without a source is an `emptyDir`, which the API server makes of it.
//!
//! Restricted fields: every source of `spec.volumes[*]` but `configMap`, `csi`, `downwardAPI`,
//! `emptyDir`, `ephemeral`, `image`, `persistentVolumeClaim`, `projected` and `secret`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, plural, quoted},
    pod::{Pod, Volume},
};

/// The types that a volume may be of.
pub(crate) const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Named in a result; a volume with several is named by the first in this order.
const FORBIDDEN: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

/// The control.
pub const CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    revisions: &[Revision::since(0, v1_0).overriding(&["hostPathVolumes"])],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    let mut types = BTreeSet::new();
    for volume in pod.volumes() {
        if let Some(source) = forbidden_source(&volume) {
            types.insert(source);
            let field = format!("spec.volumes[{}].{source}", volume.index);
            offenders.add(volume.name, FieldError::present(field));
        }
    }
    if offenders.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "restricted volume types",
        detail: format!(
            "{} {} {} {} {}",
            offenders.plural("volume", "volumes"),
            offenders.quoted(),
            offenders.plural("uses", "use"),
            plural(
                types.len(),
                "restricted volume type",
                "restricted volume types"
            ),
            quoted(types)
        ),
        errors: offenders.errors,
    })
}

fn forbidden_source(volume: &Volume<'_>) -> Option<&'static str> {
    if volume.sources().any(|source| ALLOWED.contains(&source)) {
        return None;
    }
    let is_set = |name: &&str| volume.sources().any(|source| source == *name);
    Some(FORBIDDEN.into_iter().find(is_set).unwrap_or("unknown"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn allows_ordinary_volumes() {
        for source in [
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ] {
            check(
                v1_0,
                &json!({"spec": {"volumes": [{"name": "a", source: {}}]}}),
                None,
            );
        }
    }

    #[test]
    fn forbids_the_others() {
        for source in FORBIDDEN.into_iter().chain(["unknown"]) {
            let volumes = json!([{"name": "a", source: {}}]);
            let detail = format!(r#"volume "a" uses restricted volume type "{source}""#);
            let error = format!("spec.volumes[0].{source}: Forbidden");
            let expected = Some((
                "restricted volume types",
                detail.as_str(),
                &[error.as_str()][..],
            ));
            check(v1_0, &json!({"spec": {"volumes": volumes}}), expected);
        }
    }

    #[test]
    fn a_volume_without_a_source_is_an_empty_directory() {
        let template = json!({"spec": {"volumes": [{"name": "a", "nfs": null}]}});
        check(v1_0, &template, None);
        let pod = Pod::new(&template).unwrap().without_defaults();
        assert_eq!(
            v1_0(&pod).unwrap().errors,
            [FieldError::present("spec.volumes[0].unknown")]
        );
    }

    #[test]
    fn names_each_type_once() {
        let volumes = json!([
            {"name": "a", "nfs": {}},
            {"name": "b", "other": {}},
            {"name": "c", "nfs": {}, "hostPath": {"path": "/"}},
            {"name": "d", "nfs": {}},
        ]);
        check(
            v1_0,
            &json!({"spec": {"volumes": volumes}}),
            Some((
                "restricted volume types",
                r#"volumes "a", "b", "c", "d" use restricted volume types "hostPath", "nfs", "unknown""#,
                &[
                    "spec.volumes[0].nfs: Forbidden",
                    "spec.volumes[1].unknown: Forbidden",
                    "spec.volumes[2].hostPath: Forbidden",
                    "spec.volumes[3].nfs: Forbidden",
                ],
            )),
        );
    }
}
