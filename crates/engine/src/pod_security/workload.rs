//! Where the pod of an object is, by the object's kind.
//!
//! | kind | metadata | spec |
//! |---|---|---|
//! | Pod | `metadata` | `spec` |
//! | DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet | `spec.template.metadata` | `spec.template.spec` |
//! | CronJob | `spec.jobTemplate.spec.template.metadata` | `spec.jobTemplate.spec.template.spec` |

use serde_json::Value;

use super::pod::{Pod, PodError};

/// What holds a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// The pod itself.
    Pod,
    /// A controller with a pod template.
    Controller,
    /// A controller with a template of a controller.
    CronJob,
}

impl Workload {
    /// By kind; the group does not matter.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Workload> {
        match kind {
            "Pod" => Some(Workload::Pod),
            "DaemonSet"
            | "Deployment"
            | "Job"
            | "ReplicaSet"
            | "ReplicationController"
            | "StatefulSet" => Some(Workload::Controller),
            "CronJob" => Some(Workload::CronJob),
            _ => None,
        }
    }

    /// The pod of an object.
    ///
    /// # Errors
    /// A field has a type that Kubernetes would refuse.
    pub fn pod(self, object: &Value) -> Result<Pod<'_>, PodError> {
        Pod::at(object, self.template())
    }

    /// The same as Kyverno 1.19 sees it: without the API server's defaults, and with the annotations
    /// of a CronJob's job in the place of its pod's.
    ///
    /// # Errors
    /// A field has a type that Kubernetes would refuse.
    pub fn pod_as_kyverno(self, object: &Value) -> Result<Pod<'_>, PodError> {
        let mut pod = self.pod(object)?.without_defaults();
        if self != Workload::CronJob {
            return Ok(pod);
        }
        pod.annotations = Pod::annotations_at(object, &["spec", "jobTemplate"])?;
        Ok(pod)
    }

    /// The path of what holds `metadata` and `spec` of the pod.
    pub(crate) fn template(self) -> &'static [&'static str] {
        match self {
            Workload::Pod => &[],
            Workload::Controller => &["spec", "template"],
            Workload::CronJob => &["spec", "jobTemplate", "spec", "template"],
        }
    }

    /// The path of a pod's field as messages name it. Kyverno puts the holder's path in the place
    /// of every `spec` and `metadata`, wherever they stand.
    pub(super) fn field(self, field: &str) -> String {
        let of_spec = match self {
            Workload::Pod => field.to_owned(),
            Workload::Controller => field.replace("spec", "spec.template.spec"),
            Workload::CronJob => field.replace("spec", "spec.jobTemplate.spec.template.spec"),
        };
        of_spec.replace("metadata", "spec.template.metadata")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_the_pod() {
        let template =
            json!({"metadata": {"annotations": {"a": "pod"}}, "spec": {"hostPID": true}});
        let job =
            json!({"metadata": {"annotations": {"a": "job"}}, "spec": {"template": template}});
        for (kind, object, annotation) in [
            ("Pod", template.clone(), "pod"),
            ("Job", json!({"spec": {"template": template}}), "pod"),
            ("CronJob", json!({"spec": {"jobTemplate": job}}), "job"),
        ] {
            let workload = Workload::of_kind(kind).unwrap();
            let pod = workload.pod(&object).unwrap();
            assert!(pod.host_pid, "{kind}");
            assert_eq!(pod.annotation("a"), Some("pod"), "{kind}");
            let pod = workload.pod_as_kyverno(&object).unwrap();
            assert!(pod.host_pid, "{kind}");
            assert_eq!(pod.annotation("a"), Some(annotation), "{kind}");
        }
    }

    #[test]
    fn knows_no_other_kind() {
        for kind in ["PodTemplate", "Service", "pod", ""] {
            assert_eq!(Workload::of_kind(kind), None, "{kind}");
        }
    }

    #[test]
    fn an_object_without_a_pod_has_an_empty_one() {
        for object in [
            json!({}),
            json!({"spec": null}),
            json!({"spec": {"template": null}}),
            json!(null),
        ] {
            for kind in [Workload::Pod, Workload::Controller, Workload::CronJob] {
                let containers = kind.pod(&object).map(|pod| pod.containers.len());
                assert_eq!(containers, Ok(0), "{object}");
            }
        }
    }

    #[test]
    fn a_template_is_a_map() {
        let object = json!({"spec": {"template": []}});
        let error = Workload::Controller.pod(&object).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`spec.template` is a list, expected a map"
        );
    }

    #[test]
    fn names_fields_as_kyverno() {
        for (kind, field, expected) in [
            (Workload::Pod, "spec.hostPID", "spec.hostPID"),
            (
                Workload::Pod,
                "metadata.annotations[a]",
                "spec.template.metadata.annotations[a]",
            ),
            (
                Workload::Controller,
                "spec.hostPID",
                "spec.template.spec.hostPID",
            ),
            (
                Workload::CronJob,
                "spec.hostPID",
                "spec.jobTemplate.spec.template.spec.hostPID",
            ),
            (
                Workload::CronJob,
                "metadata.annotations[spec]",
                "spec.template.metadata.annotations[spec.jobTemplate.spec.template.spec]",
            ),
        ] {
            assert_eq!(kind.field(field), expected);
        }
    }
}
