//! Which lists of Kubernetes' kinds have merge keys: Kubernetes 1.21, as Kyverno's patches know it.
//!
//! A list of a kind that is not here, of a custom resource for example, is replaced.

/// How a value is merged.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Without merge keys anywhere inside.
    Plain,
    /// A map, or a list's element, some of whose fields are told.
    Fields(&'static [(&'static str, Shape)]),
    /// A list of maps that are told apart by keys.
    Keyed(&'static Keyed),
    /// A list of scalars, each of which stands in it once.
    Set,
}

/// A list of maps that are told apart by keys.
#[derive(Debug)]
pub(super) struct Keyed {
    /// The keys.
    pub(super) keys: &'static [&'static str],
    /// How an element is merged.
    pub(super) element: Shape,
}

impl Shape {
    /// How a field of a map is merged.
    pub(super) fn field(self, name: &str) -> Shape {
        match self {
            Shape::Fields(fields) => fields
                .iter()
                .find(|(field, _)| *field == name)
                .map_or(Shape::Plain, |(_, shape)| *shape),
            _ => Shape::Plain,
        }
    }
}

macro_rules! keyed {
    ($($key:literal)+) => { keyed!($($key)+ => Shape::Plain) };
    ($($key:literal)+ => $element:expr) => {
        Shape::Keyed(&Keyed { keys: &[$($key),+], element: $element })
    };
}

macro_rules! fields {
    ($($name:literal: $shape:expr),+ $(,)?) => { Shape::Fields(&[$(($name, $shape)),+]) };
}

const METADATA: Shape = fields! {
    "finalizers": Shape::Set,
    "ownerReferences": keyed!("uid"),
};

const CONTAINER: Shape = fields! {
    "env": keyed!("name"),
    "ports": keyed!("containerPort" "protocol"),
    "volumeDevices": keyed!("devicePath"),
    "volumeMounts": keyed!("mountPath"),
};

const EPHEMERAL_CONTAINER: Shape = fields! {
    "env": keyed!("name"),
    "volumeDevices": keyed!("devicePath"),
    "volumeMounts": keyed!("mountPath"),
};

const POD_SPEC: Shape = fields! {
    "containers": keyed!("name" => CONTAINER),
    "ephemeralContainers": keyed!("name" => EPHEMERAL_CONTAINER),
    "hostAliases": keyed!("ip"),
    "imagePullSecrets": keyed!("name"),
    "initContainers": keyed!("name" => CONTAINER),
    "topologySpreadConstraints": keyed!("topologyKey" "whenUnsatisfiable"),
    "volumes": keyed!("name"),
};

const POD_TEMPLATE: Shape = fields! { "metadata": METADATA, "spec": POD_SPEC };
const WORKLOAD_SPEC: Shape = fields! { "template": POD_TEMPLATE };
const JOB_TEMPLATE: Shape = fields! { "metadata": METADATA, "spec": WORKLOAD_SPEC };
const CONDITIONS: Shape = fields! { "conditions": keyed!("type") };

const ANY_KIND: Shape = fields! { "metadata": METADATA };
const POD: Shape = fields! {
    "metadata": METADATA,
    "spec": POD_SPEC,
    "status": fields! { "conditions": keyed!("type"), "podIPs": keyed!("ip") },
};
const WORKLOAD: Shape = fields! {
    "metadata": METADATA,
    "spec": WORKLOAD_SPEC,
    "status": CONDITIONS,
};
const CRON_JOB: Shape = fields! {
    "metadata": METADATA,
    "spec": fields! { "jobTemplate": JOB_TEMPLATE },
};
const POD_TEMPLATE_KIND: Shape = fields! { "metadata": METADATA, "template": POD_TEMPLATE };
const SERVICE: Shape = fields! {
    "metadata": METADATA,
    "spec": fields! { "ports": keyed!("port" "protocol") },
    "status": CONDITIONS,
};
const SERVICE_ACCOUNT: Shape = fields! { "metadata": METADATA, "secrets": keyed!("name") };
const NODE: Shape = fields! {
    "metadata": METADATA,
    "spec": fields! { "podCIDRs": Shape::Set },
    "status": fields! { "addresses": keyed!("type"), "conditions": keyed!("type") },
};
const WEBHOOKS: Shape = fields! { "metadata": METADATA, "webhooks": keyed!("name") };
const CSI_NODE: Shape = fields! {
    "metadata": METADATA,
    "spec": fields! { "drivers": keyed!("name") },
};
const WITH_CONDITIONS: Shape = fields! { "metadata": METADATA, "status": CONDITIONS };
const COMPONENT_STATUS: Shape = fields! { "metadata": METADATA, "conditions": keyed!("type") };

/// How an object of a kind is merged.
#[must_use]
pub(super) fn of_kind(api_version: &str, kind: &str) -> Shape {
    match (api_version, kind) {
        ("v1", "Pod") => POD,
        ("v1", "PodTemplate") => POD_TEMPLATE_KIND,
        ("v1", "ReplicationController")
        | ("apps/v1", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        | ("batch/v1", "Job") => WORKLOAD,
        ("batch/v1" | "batch/v1beta1", "CronJob") => CRON_JOB,
        ("v1", "Service") => SERVICE,
        ("v1", "ServiceAccount") => SERVICE_ACCOUNT,
        ("v1", "Node") => NODE,
        ("v1", "ComponentStatus") => COMPONENT_STATUS,
        ("v1", "Namespace" | "PersistentVolumeClaim")
        | ("policy/v1" | "policy/v1beta1", "PodDisruptionBudget")
        | ("apiregistration.k8s.io/v1" | "apiregistration.k8s.io/v1beta1", "APIService") => {
            WITH_CONDITIONS
        }
        (
            "admissionregistration.k8s.io/v1" | "admissionregistration.k8s.io/v1beta1",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        ) => WEBHOOKS,
        ("storage.k8s.io/v1" | "storage.k8s.io/v1beta1", "CSINode") => CSI_NODE,
        _ if has_metadata_keys(api_version, kind) => ANY_KIND,
        _ => Shape::Plain,
    }
}

/// The other kinds of Kubernetes 1.21, of which only the metadata has merge keys.
fn has_metadata_keys(api_version: &str, kind: &str) -> bool {
    let kinds: &[&str] = match api_version {
        "v1" => &[
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolume",
            "ResourceQuota",
            "Secret",
        ],
        "apps/v1" => &["ControllerRevision"],
        "autoscaling/v1" | "autoscaling/v2beta1" | "autoscaling/v2beta2" => {
            &["HorizontalPodAutoscaler"]
        }
        "apiextensions.k8s.io/v1" | "apiextensions.k8s.io/v1beta1" => &["CustomResourceDefinition"],
        "certificates.k8s.io/v1" | "certificates.k8s.io/v1beta1" => &["CertificateSigningRequest"],
        "coordination.k8s.io/v1" | "coordination.k8s.io/v1beta1" => &["Lease"],
        "discovery.k8s.io/v1" | "discovery.k8s.io/v1beta1" => &["EndpointSlice"],
        "events.k8s.io/v1" | "events.k8s.io/v1beta1" => &["Event"],
        "extensions/v1beta1" => &["Ingress"],
        "flowcontrol.apiserver.k8s.io/v1beta1" => &["FlowSchema", "PriorityLevelConfiguration"],
        "networking.k8s.io/v1" => &["Ingress", "IngressClass", "NetworkPolicy"],
        "networking.k8s.io/v1beta1" => &["Ingress", "IngressClass"],
        "node.k8s.io/v1" | "node.k8s.io/v1alpha1" | "node.k8s.io/v1beta1" => &["RuntimeClass"],
        "policy/v1beta1" => &["Eviction", "PodSecurityPolicy"],
        "rbac.authorization.k8s.io/v1"
        | "rbac.authorization.k8s.io/v1alpha1"
        | "rbac.authorization.k8s.io/v1beta1" => {
            &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
        }
        "scheduling.k8s.io/v1" | "scheduling.k8s.io/v1alpha1" | "scheduling.k8s.io/v1beta1" => {
            &["PriorityClass"]
        }
        "storage.k8s.io/v1" => &["CSIDriver", "StorageClass", "VolumeAttachment"],
        "storage.k8s.io/v1alpha1" => &["CSIStorageCapacity", "VolumeAttachment"],
        "storage.k8s.io/v1beta1" => &[
            "CSIDriver",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
        ],
        _ => &[],
    };
    kinds.contains(&kind)
}
