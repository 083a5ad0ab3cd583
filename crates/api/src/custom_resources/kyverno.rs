//! Kyverno's kinds: their names, versions and columns, as Kyverno defines them.
//!
//! The version that is stored is Kyverno's too, so that its own definitions can take the place of
//! these and the other way round, and every object stays readable.

use serde_json::{Value, json};

use super::CustomResource;

/// A kind of Kyverno.
#[derive(Clone, Copy, Debug)]
pub struct KyvernoResource {
    /// The kind in the version that is stored.
    pub stored: CustomResource,
    /// The other versions that are served.
    pub served: &'static [&'static str],
    /// Short names of the resource.
    pub short_names: &'static [&'static str],
    /// Whether `kubectl get kyverno` lists it.
    pub is_in_category: bool,
    /// The versions that nobody should write any more.
    pub deprecated: &'static [&'static str],
}

/// Names of a kind: kind, resource and short names.
type Names = (&'static str, &'static str, &'static [&'static str]);

type Columns = &'static [(&'static str, &'static str)];

const AGE: (&str, &str) = ("Age", ".metadata.creationTimestamp");
const READY: (&str, &str) = ("Ready", ".status.conditions[?(@.type==\"Ready\")].status");
const OF_POLICIES: Columns = &[
    ("Admission", ".spec.admission"),
    ("Background", ".spec.background"),
    READY,
    AGE,
    (
        "Message",
        ".status.conditions[?(@.type==\"Ready\")].message",
    ),
];
const OF_CEL_POLICIES: Columns = &[
    AGE,
    (
        "Ready",
        ".status.conditionStatus.conditions[?(@.type==\"Ready\")].status",
    ),
];
const OF_REPORTS: Columns = &[
    ("Kind", ".scope.kind"),
    ("Name", ".scope.name"),
    ("Pass", ".summary.pass"),
    ("Fail", ".summary.fail"),
    ("Warn", ".summary.warn"),
    ("Error", ".summary.error"),
    ("Skip", ".summary.skip"),
    AGE,
];

/// The kinds, in the order of their groups and names.
pub const KYVERNO: &[KyvernoResource] = &[
    cleanup(("CleanupPolicy", "cleanuppolicies", &["cleanpol"]), true),
    cleanup(
        (
            "ClusterCleanupPolicy",
            "clustercleanuppolicies",
            &["ccleanpol"],
        ),
        false,
    ),
    policy(("ClusterPolicy", "clusterpolicies", &["cpol"]), false),
    KyvernoResource {
        served: &["v2", "v2alpha1"],
        deprecated: &["v2alpha1"],
        ..kind(
            "kyverno.io",
            "v2beta1",
            ("GlobalContextEntry", "globalcontextentries", &["gctxentry"]),
            false,
            &[AGE],
        )
    },
    policy(("Policy", "policies", &["pol"]), true),
    KyvernoResource {
        served: &["v2beta1"],
        deprecated: &["v2", "v2beta1"],
        ..kind(
            "kyverno.io",
            "v2",
            ("PolicyException", "policyexceptions", &["polex"]),
            true,
            &[AGE],
        )
    },
    cel(("DeletingPolicy", "deletingpolicies", &["dpol"])),
    cel(("GeneratingPolicy", "generatingpolicies", &["gpol"])),
    cel((
        "ImageValidatingPolicy",
        "imagevalidatingpolicies",
        &["ivpol"],
    )),
    cel(("MutatingPolicy", "mutatingpolicies", &["mpol"])),
    namespaced((
        "NamespacedDeletingPolicy",
        "namespaceddeletingpolicies",
        &["ndpol"],
    )),
    namespaced((
        "NamespacedGeneratingPolicy",
        "namespacedgeneratingpolicies",
        &["ngpol"],
    )),
    namespaced((
        "NamespacedImageValidatingPolicy",
        "namespacedimagevalidatingpolicies",
        &["nivpol"],
    )),
    namespaced((
        "NamespacedMutatingPolicy",
        "namespacedmutatingpolicies",
        &["nmpol"],
    )),
    namespaced((
        "NamespacedValidatingPolicy",
        "namespacedvalidatingpolicies",
        &["nvpol"],
    )),
    KyvernoResource {
        is_in_category: false,
        stored: CustomResource {
            namespaced: true,
            columns: &[AGE],
            ..cel(("PolicyException", "policyexceptions", &[])).stored
        },
        ..cel(("PolicyException", "policyexceptions", &[]))
    },
    cel(("ValidatingPolicy", "validatingpolicies", &["vpol"])),
    report(
        ("ClusterPolicyReport", "clusterpolicyreports", &["cpolr"]),
        false,
    ),
    report(("PolicyReport", "policyreports", &["polr"]), true),
];

const fn kind(
    group: &'static str,
    version: &'static str,
    (kind, plural, short_names): Names,
    namespaced: bool,
    columns: Columns,
) -> KyvernoResource {
    KyvernoResource {
        stored: CustomResource {
            group,
            version,
            kind,
            plural,
            namespaced,
            columns,
        },
        served: &[],
        short_names,
        is_in_category: true,
        deprecated: &[],
    }
}

const fn policy(names: Names, namespaced: bool) -> KyvernoResource {
    KyvernoResource {
        served: &["v2beta1"],
        deprecated: &["v1", "v2beta1"],
        ..kind("kyverno.io", "v1", names, namespaced, OF_POLICIES)
    }
}

const fn cleanup(names: Names, namespaced: bool) -> KyvernoResource {
    let columns = &[("Schedule", ".spec.schedule"), AGE];
    KyvernoResource {
        served: &["v2beta1"],
        deprecated: &["v2", "v2beta1"],
        ..kind("kyverno.io", "v2", names, namespaced, columns)
    }
}

const fn cel(names: Names) -> KyvernoResource {
    KyvernoResource {
        served: &["v1", "v1alpha1"],
        deprecated: &["v1alpha1"],
        ..namespaced_or_not(names, false)
    }
}

const fn namespaced(names: Names) -> KyvernoResource {
    KyvernoResource {
        served: &["v1"],
        ..namespaced_or_not(names, true)
    }
}

const fn namespaced_or_not(names: Names, namespaced: bool) -> KyvernoResource {
    let group = "policies.kyverno.io";
    kind(group, "v1beta1", names, namespaced, OF_CEL_POLICIES)
}

const fn report(names: Names, namespaced: bool) -> KyvernoResource {
    let (group, version) = ("wgpolicyk8s.io", "v1alpha2");
    KyvernoResource {
        is_in_category: false,
        ..kind(group, version, names, namespaced, OF_REPORTS)
    }
}

impl KyvernoResource {
    /// The definition with all versions; none where no schema is for one of them.
    #[must_use]
    pub fn definition(&self) -> Option<Value> {
        let mut definition = self.stored.definition()?;
        let mut versions = vec![self.version(self.stored.version)?];
        for name in self.served {
            let mut version = self.version(name)?;
            version
                .as_object_mut()?
                .insert("storage".to_owned(), json!(false));
            versions.push(version);
        }
        let spec = definition.get_mut("spec")?.as_object_mut()?;
        spec.insert("versions".to_owned(), json!(versions));
        let names = spec.get_mut("names")?.as_object_mut()?;
        names.insert("shortNames".to_owned(), json!(self.short_names));
        if self.is_in_category {
            names.insert("categories".to_owned(), json!(["kyverno"]));
        }
        Some(definition)
    }

    fn version(&self, name: &'static str) -> Option<Value> {
        let resource = CustomResource {
            version: name,
            ..self.stored
        };
        let mut version = resource.definition()?.pointer("/spec/versions/0")?.clone();
        if self.deprecated.contains(&name) {
            let version = version.as_object_mut()?;
            version.insert("deprecated".to_owned(), json!(true));
        }
        Some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_schema_and_one_is_stored() {
        for kind in KYVERNO {
            let name = kind.stored.name();
            let definition = kind.definition().expect("a definition");
            let versions = definition["spec"]["versions"].as_array().expect("a list");
            assert_eq!(versions.len(), kind.served.len() + 1, "{name}");
            let stored = versions.iter().filter(|one| one["storage"] == true);
            assert_eq!(stored.count(), 1, "{name}");
            for version in versions {
                let root = &version["schema"]["openAPIV3Schema"];
                assert_eq!(root["type"], "object", "{name} {}", version["name"]);
            }
        }
    }
}
