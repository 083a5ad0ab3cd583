//! Fields that may differ from what was signed: those that a cluster writes, and those of
//! `ignoreFields`.

use portcullis_api::cluster_policy as api;
use portcullis_values::wildcard;
use serde_json::Value;

/// What k8s-manifest-sigstore and Kyverno ignore by themselves, by kind.
const DEFAULTS: &[(&str, &[&str])] = &[
    (
        "*",
        &[
            "metadata.annotations.control-plane.alpha.kubernetes.io/leader",
            "metadata.annotations.deployment.kubernetes.io/revision",
            "metadata.annotations.deprecated.daemonset.template.generation",
            "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
            "metadata.annotations.namespace",
            "metadata.creationTimestamp",
            "metadata.finalizers",
            "metadata.generation",
            "metadata.labels.app.kubernetes.io/instance",
            "metadata.managedFields",
            "metadata.namespace",
            "metadata.resourceVersion",
            "metadata.selfLink",
            "metadata.uid",
            "spec.containers.*.imagePullPolicy",
            "spec.containers.*.terminationMessagePath",
            "spec.containers.*.terminationMessagePolicy",
            "spec.dnsPolicy",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.terminationGracePeriodSeconds",
            "status",
        ],
    ),
    (
        "Pod",
        &[
            "spec.containers.*.volumeMounts.*",
            "spec.enableServiceLinks",
            "spec.preemptionPolicy",
            "spec.priority",
            "spec.serviceAccount",
            "spec.tolerations.*",
            "spec.volumes.*.configMap.defaultMode",
            "spec.volumes.*.name",
            "spec.volumes.*.projected.*",
        ],
    ),
    (
        "Deployment",
        &[
            "spec.containers.*.ports.*.protocol",
            "spec.containers.*.resources",
            "spec.progressDeadlineSeconds",
            "spec.revisionHistoryLimit",
            "spec.securityContext",
            "spec.strategy.*",
            "spec.template.metadata.creationTimestamp",
        ],
    ),
    (
        "CustomResourceDefinition",
        &["spec.conversion.strategy", "spec.names.listKind"],
    ),
    (
        "Service",
        &[
            "spec.clusterIP",
            "spec.clusterIPs.0",
            "spec.internalTrafficPolicy",
            "spec.ipFamilies.*",
            "spec.ipFamilyPolicy",
            "spec.ports.*.nodePort",
            "spec.sessionAffinity",
            "spec.type",
        ],
    ),
    ("ClusterPolicy", POLICY),
    ("Policy", POLICY),
    (
        "ServiceAccount",
        &["imagePullSecrets.*.name", "secrets.*.name"],
    ),
    ("Route", &["spec.host"]),
];

const POLICY: &[&str] = &[
    "metadata.annotations.pod-policies.kyverno.io/autogen-controllers",
    "spec.background",
    "spec.failurePolicy",
    "spec.validationFailureAction",
];

/// Annotations that belong to a signature.
const OF_SIGNATURE: &[&str] = &[
    "bundle*",
    "certificate*",
    "message",
    "resourceBundleRef",
    "signature*",
];

/// Fields that may differ, for some objects.
#[derive(Debug)]
pub(super) struct IgnoredFields {
    everywhere: Vec<String>,
    written: Vec<api::IgnoredFields>,
}

impl IgnoredFields {
    pub(super) fn compile(written: &[api::IgnoredFields], domain: &str) -> IgnoredFields {
        let domains = [domain, super::DEFAULT_DOMAIN];
        let everywhere = domains.iter().flat_map(|domain| {
            let names = OF_SIGNATURE.iter();
            names.map(move |name| format!("metadata.annotations.{domain}/{name}"))
        });
        IgnoredFields {
            everywhere: everywhere.collect(),
            written: written.to_vec(),
        }
    }

    /// The patterns of paths that may differ in an object.
    pub(super) fn of(&self, object: &Value) -> Vec<String> {
        let kind = object.get("kind").and_then(Value::as_str);
        let kind = kind.unwrap_or_default();
        let mut patterns = self.everywhere.clone();
        for (of, fields) in DEFAULTS {
            if *of == "*" || *of == kind {
                patterns.extend(fields.iter().map(|&field| field.to_owned()));
            }
        }
        for ignored in &self.written {
            if ignored.objects.iter().any(|of| names(of, object)) {
                patterns.extend(ignored.fields.iter().cloned());
            }
        }
        patterns
    }
}

/// Whether a reference, whose parts may have wildcards or be left out, names an object.
fn names(reference: &api::ObjectReference, object: &Value) -> bool {
    let text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let of_metadata = |key: &str| text(object.get("metadata").and_then(|data| data.get(key)));
    let api_version = text(object.get("apiVersion"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let fits = |pattern: &Option<String>, text: &str| {
        let pattern = pattern.as_deref().unwrap_or_default();
        pattern.is_empty() || wildcard::matches(pattern, text)
    };
    fits(&reference.group, group)
        && fits(&reference.version, version)
        && fits(&reference.kind, &text(object.get("kind")))
        && fits(&reference.name, &of_metadata("name"))
        && fits(&reference.namespace, &of_metadata("namespace"))
}
