//! The environments of the kinds: which functions, variables and types their expressions may use.

use std::sync::{Arc, OnceLock};

use portcullis_cel::{
    environment::{
        AdmissionTypes, Builder, Environment, KubernetesVersion, MutationTypes, NAMESPACE, REQUEST,
    },
    function::Library,
    library::{kubernetes, kyverno},
    types::Type,
};

use super::types::VARIABLES;

/// Kinds that differ in what their expressions may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// ValidatingPolicy that answers Envoy's check requests.
    Envoy,
    /// ValidatingPolicy that answers whether an HTTP request may pass.
    Http,
    /// ValidatingPolicy.
    Validating,
    /// NamespacedValidatingPolicy, whose objects of the cluster are those of its namespace.
    NamespacedValidating,
    /// MutatingPolicy.
    Mutating,
    /// NamespacedMutatingPolicy, whose objects of the cluster are those of its namespace.
    NamespacedMutating,
    /// GeneratingPolicy.
    Generating,
    /// NamespacedGeneratingPolicy, which makes objects in its own namespace only.
    NamespacedGenerating,
    /// ImageValidatingPolicy.
    ImageValidating,
    /// DeletingPolicy.
    Deleting,
    /// NamespacedDeletingPolicy, whose objects of the cluster are those of its namespace.
    NamespacedDeleting,
    /// NamespacedImageValidatingPolicy, whose objects of the cluster are those of its namespace.
    NamespacedImageValidating,
    /// The policies of `admissionregistration.k8s.io`; the names that only some have are added by the
    /// compiler.
    Admission,
    /// `validate.cel` of a ClusterPolicy.
    ClusterPolicy,
}

impl Flavour {
    /// Those that a policy of this kind of `policies.kyverno.io` can have, the usual one first.
    pub(super) fn of_kind(kind: &str) -> &'static [Flavour] {
        match kind {
            "ValidatingPolicy" => &[Flavour::Validating, Flavour::Http, Flavour::Envoy],
            "NamespacedValidatingPolicy" => &[Flavour::NamespacedValidating],
            "MutatingPolicy" => &[Flavour::Mutating],
            "NamespacedMutatingPolicy" => &[Flavour::NamespacedMutating],
            "GeneratingPolicy" => &[Flavour::Generating],
            "NamespacedGeneratingPolicy" => &[Flavour::NamespacedGenerating],
            "ImageValidatingPolicy" => &[Flavour::ImageValidating],
            "NamespacedImageValidatingPolicy" => &[Flavour::NamespacedImageValidating],
            "DeletingPolicy" => &[Flavour::Deleting],
            "NamespacedDeletingPolicy" => &[Flavour::NamespacedDeleting],
            _ => &[],
        }
    }
}

/// The environment of a kind, built once.
#[must_use]
pub fn environment(flavour: Flavour) -> &'static Environment {
    static ENVOY: OnceLock<Environment> = OnceLock::new();
    static HTTP: OnceLock<Environment> = OnceLock::new();
    static VALIDATING: OnceLock<Environment> = OnceLock::new();
    static NAMESPACED_VALIDATING: OnceLock<Environment> = OnceLock::new();
    static MUTATING: OnceLock<Environment> = OnceLock::new();
    static NAMESPACED_MUTATING: OnceLock<Environment> = OnceLock::new();
    static GENERATING: OnceLock<Environment> = OnceLock::new();
    static NAMESPACED_GENERATING: OnceLock<Environment> = OnceLock::new();
    static DELETING: OnceLock<Environment> = OnceLock::new();
    static NAMESPACED_DELETING: OnceLock<Environment> = OnceLock::new();
    static IMAGE_VALIDATING: OnceLock<Environment> = OnceLock::new();
    static NAMESPACED_IMAGE_VALIDATING: OnceLock<Environment> = OnceLock::new();
    static ADMISSION: OnceLock<Environment> = OnceLock::new();
    static CLUSTER_POLICY: OnceLock<Environment> = OnceLock::new();
    let of_request = |builder: Builder| {
        let builder = builder.admission();
        builder
            .variable("variables", Type::message(VARIABLES))
            .build()
    };
    let of_kyverno = |resource| of_request(Environment::kyverno().library(resource).exceptions());
    let generating = |libraries: [&'static Library; 2]| {
        let builder = Environment::kyverno_generation().libraries(&libraries);
        of_request(builder.exceptions())
    };
    let deleting = |resource| of_request(Environment::kyverno_deletion().library(resource));
    let mutating = |resource| {
        let builder = of_kyverno(resource).extend();
        let builder = builder.library(&kubernetes::JSON_PATCH);
        builder.types(Arc::new(MutationTypes)).build()
    };
    let image_validating = |resource| {
        let builder = Environment::kyverno_images().libraries(&[resource, &kyverno::IMAGE_VERIFY]);
        let text = || Type::String;
        of_request(builder)
            .extend()
            .variable("images", Type::map(text(), Type::list(text())))
            .variable("attestors", Type::map(text(), Type::Dyn))
            .variable("attestations", Type::map(text(), text()))
            .build()
    };
    match flavour {
        Flavour::Envoy => {
            ENVOY.get_or_init(|| authorizing(&kyverno::ENVOY, kyverno::CHECK_REQUEST))
        }
        Flavour::Http => {
            HTTP.get_or_init(|| authorizing(&kyverno::HTTP_AUTHORIZATION, kyverno::HTTP_REQUEST))
        }
        Flavour::Validating => VALIDATING.get_or_init(|| of_kyverno(&kyverno::RESOURCE)),
        Flavour::NamespacedValidating => {
            NAMESPACED_VALIDATING.get_or_init(|| of_kyverno(&kyverno::NAMESPACED_RESOURCE))
        }
        Flavour::Mutating => MUTATING.get_or_init(|| mutating(&kyverno::RESOURCE)),
        Flavour::NamespacedMutating => {
            NAMESPACED_MUTATING.get_or_init(|| mutating(&kyverno::NAMESPACED_RESOURCE))
        }
        Flavour::Generating => {
            GENERATING.get_or_init(|| generating([&kyverno::RESOURCE, &kyverno::GENERATOR]))
        }
        Flavour::NamespacedGenerating => NAMESPACED_GENERATING.get_or_init(|| {
            generating([
                &kyverno::NAMESPACED_RESOURCE,
                &kyverno::NAMESPACED_GENERATOR,
            ])
        }),
        Flavour::Deleting => DELETING.get_or_init(|| deleting(&kyverno::RESOURCE)),
        Flavour::NamespacedDeleting => {
            NAMESPACED_DELETING.get_or_init(|| deleting(&kyverno::NAMESPACED_RESOURCE))
        }
        Flavour::ImageValidating => {
            IMAGE_VALIDATING.get_or_init(|| image_validating(&kyverno::RESOURCE))
        }
        Flavour::NamespacedImageValidating => NAMESPACED_IMAGE_VALIDATING
            .get_or_init(|| image_validating(&kyverno::NAMESPACED_RESOURCE)),
        Flavour::Admission => ADMISSION.get_or_init(|| admission().build()),
        Flavour::ClusterPolicy => CLUSTER_POLICY.get_or_init(|| {
            let builder = admission().library(&kyverno::OR_VALUE);
            builder.variable("params", Type::Dyn).build()
        }),
    }
}

/// What policies have that answer requests of a proxy.
fn authorizing(library: &'static Library, object: &str) -> Environment {
    let builder = Environment::kyverno()
        .libraries(&[&kyverno::RESOURCE, library, &kyverno::JWT, &kyverno::MCP])
        .types(Arc::new(kyverno::ENVOY_MESSAGES))
        .types(Arc::new(kyverno::HTTP_MESSAGES))
        .types(Arc::new(kyverno::JWT_MESSAGES))
        .variable("object", Type::message(object))
        .variable("variables", Type::message(VARIABLES));
    let constants = kyverno::MCP_CONSTANTS.iter();
    constants
        .fold(builder, |builder, (name, _)| {
            builder.variable(name, Type::String)
        })
        .build()
}

/// What the API server has, whose newest version knows every library.
fn admission() -> Builder {
    Environment::kubernetes(KubernetesVersion::new(1, 37))
        .types(Arc::new(AdmissionTypes))
        .variable("object", Type::Dyn)
        .variable("oldObject", Type::Dyn)
        .variable("request", Type::message(REQUEST))
        .variable("namespaceObject", Type::message(NAMESPACE))
        .variable(
            "authorizer",
            Type::opaque("kubernetes.authorization.Authorizer"),
        )
        .variable(
            "authorizer.requestResource",
            Type::opaque("kubernetes.authorization.ResourceCheck"),
        )
        .variable("variables", Type::message(VARIABLES))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kinds of `policies.kyverno.io`, those of the API server, and `validate.cel`, by a letter each.
    const KINDS: [(char, Flavour); 7] = [
        ('v', Flavour::Validating),
        ('m', Flavour::Mutating),
        ('g', Flavour::Generating),
        ('d', Flavour::Deleting),
        ('i', Flavour::ImageValidating),
        ('a', Flavour::Admission),
        ('c', Flavour::ClusterPolicy),
    ];

    /// As Kyverno 1.19 compiles them.
    #[test]
    fn kinds_differ_in_what_their_expressions_may_use() {
        let mut wrong = Vec::new();
        for (expression, kinds) in [
            ("object.spec.orValue(1) == 1", "vmgdiac"),
            ("object.?spec.orValue(1) == 1", "vmgdiac"),
            ("{'a': 1}.orValue({}).size() == 1", "vmgdc"),
            ("x509.decode('') == 1", "vmgd"),
            ("[1].transformList(i, x, i + x) == [1]", "vmiac"),
            ("[1].all(i, x, x == 1)", "vmiac"),
            ("user.parseServiceAccount('').Name == ''", "vmi"),
            ("parseServiceAccount('').Name == ''", "vmi"),
            ("exceptions.allowedImages.size() == 0", "vmg"),
            ("[1, 'a'].size() == 2", "g"),
            ("'%z'.format([1]) == ''", ""),
            ("generator.apply('', [])", "g"),
            ("verifyImageSignatures('', []) == 0", "i"),
            ("images.containers.size() == 0", "i"),
            ("jsonpatch.escapeKey('/') == '~1'", "m"),
            ("Object{} == null", "m"),
            ("request.operation == 'CREATE'", "vmgdiac"),
            ("request.object == null", "vmgdi"),
            ("request.oldObject == null", "vmgdi"),
            ("authorizer.group('') == null", "ac"),
            ("params == null", "c"),
            ("hash.md5('') == md5('')", "vmgdi"),
            ("variables.x == 1", ""),
        ] {
            let compiles = |flavour| environment(flavour).compile(expression).is_ok();
            let found = KINDS.iter().filter(|(_, flavour)| compiles(*flavour));
            let found: String = found.map(|(letter, _)| letter).collect();
            wrong.extend((found != kinds).then(|| format!("{expression}: {found}")));
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
