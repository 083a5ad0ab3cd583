//! What a suite names: policies, resources, values, users, exceptions, and what is in the cluster.

use std::path::{Path, PathBuf};

use portcullis_api::{cluster_resource::ClusterResource, test_file::Test, values_file::ValuesSpec};
use portcullis_engine::request::{NumberModel, Payload};
use portcullis_schema::Catalogue;
use serde_json::Value;

use crate::{
    diagnostic::Diagnostic,
    offline::{
        Overrides, companions, objects, payloads,
        policies::{self, LoadedPolicies},
        read,
        requests::Surroundings,
        source::World,
        values::InjectedValues,
    },
    suite::expected::{self, Wanted},
};

/// Everything that a suite names, loaded.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The policies.
    pub policies: LoadedPolicies,
    /// The exceptions.
    pub exceptions: LoadedPolicies,
    /// What the policies are asked about beside the resources.
    pub payloads: Vec<payloads::Payload>,
    /// The resources, each once.
    pub objects: Vec<Value>,
    /// The objects that cases want to come out, by their files.
    pub wanted: Wanted,
    /// Who asks, and labels of namespaces.
    pub surroundings: Surroundings,
    /// What is known of the world.
    pub world: World,
    /// What cannot be used, each with the reason.
    pub errors: Vec<Diagnostic>,
}

impl Inputs {
    /// No files, and the kinds of the newest Kubernetes version.
    #[must_use]
    pub fn without_files() -> Inputs {
        let mut inputs = Inputs::default();
        inputs.world.catalogue = catalogue();
        inputs
    }

    /// Loads what a suite in a folder names.
    #[must_use]
    pub fn load(folder: &Path, test: &Test, overrides: &Overrides, numbers: NumberModel) -> Inputs {
        let mut inputs = Inputs::without_files();
        let paths = |names: &[String]| -> Vec<PathBuf> {
            names
                .iter()
                .map(|name| normal(&folder.join(name)))
                .collect()
        };
        inputs.policies = policies::load(&paths(&test.policies), overrides);
        inputs.exceptions = policies::load(&paths(&test.exceptions), overrides);
        inputs.errors.extend(inputs.policies.errors.clone());
        inputs.errors.extend(inputs.exceptions.errors.clone());
        for path in paths(&test.cluster_resources) {
            inputs.add_cluster(&path, overrides);
        }
        for path in paths(&test.resources) {
            inputs.add_resources(&path, overrides);
        }
        inputs.add_existing(test, folder, overrides);
        inputs.add_values(test, folder, overrides);
        if let Some(path) = &test.userinfo {
            let user = companions::user(&normal(&folder.join(path)), overrides);
            inputs.surroundings.user = inputs.usable(user);
        }
        if let Some(path) = &test.context {
            let context = companions::context(&normal(&folder.join(path)), overrides);
            let context = inputs.usable(context).unwrap_or_default();
            inputs.world.images = context.spec.images;
            for object in context.spec.resources {
                let world = &mut inputs.world;
                objects::add(object, &world.catalogue, &mut world.objects);
            }
        }
        inputs.surroundings.namespaces = inputs.world.values.namespaces.clone();
        inputs.surroundings.namespace_objects = inputs.world.values.namespace_objects.clone();
        let of_cluster = inputs.world.cluster.iter().flatten();
        inputs.surroundings.add_namespaces(of_cluster);
        inputs.surroundings.subresources = inputs.world.values.subresources.clone();
        inputs.surroundings.numbers = numbers;
        inputs.world.calls = test.api_call_responses.clone();
        for entry in &test.global_context_entries {
            let mut entry = entry.clone();
            for path in paths(&std::mem::take(&mut entry.resource_files)) {
                entry
                    .resources
                    .extend(inputs.read_objects(&path, overrides));
            }
            inputs.world.global.insert(entry.name.clone(), entry);
        }
        inputs.add_payloads(test, folder, overrides);
        inputs
    }

    /// The first resource whose namespace is not in the cluster. Kyverno asks for the namespace of
    /// every resource where there is a cluster, and stops at one that does not exist.
    #[must_use]
    pub fn missing_namespace(&self) -> Option<Diagnostic> {
        let cluster = self.world.cluster.as_ref()?;
        let exists = |namespace: &str| {
            cluster.iter().chain(&self.objects).any(|object| {
                objects::text(object, "/kind") == "Namespace"
                    && objects::text(object, "/metadata/name") == namespace
            })
        };
        let namespace_of = |object| objects::text(object, "/metadata/namespace");
        let mut objects = self.objects.iter();
        let object = objects.find(|object| {
            let namespace = namespace_of(object);
            !namespace.is_empty() && !exists(namespace)
        })?;
        let (name, namespace) = (
            objects::text(object, "/metadata/name"),
            namespace_of(object),
        );
        let fault = Diagnostic::error(format!(
            "failed to apply policies on resource {name} (failed to get the resource's namespace (namespaces \"{namespace}\" not found))"
        ));
        Some(fault.help("add the Namespace to the suite's `clusterResources`"))
    }

    fn read_objects(&mut self, path: &Path, overrides: &Overrides) -> Vec<Value> {
        match read(path, overrides) {
            Ok(file) => {
                let (objects, errors) = objects::read(&file, &self.world.catalogue);
                self.errors.extend(errors);
                objects
            }
            Err(error) => {
                self.errors.push(error);
                Vec::new()
            }
        }
    }

    /// A resource with the same kind, namespace and name as one before it is left out.
    fn add_resources(&mut self, path: &Path, overrides: &Overrides) {
        for object in self.read_objects(path, overrides) {
            if !self
                .objects
                .iter()
                .any(|other| identity(other) == identity(&object))
            {
                self.objects.push(object);
            }
        }
    }

    fn add_payloads(&mut self, test: &Test, folder: &Path, overrides: &Overrides) {
        let json = test.json_payload.iter().chain(&test.json_payloads);
        let json = json.map(|name| (Payload::Json, name));
        let http = test.http_payloads.iter().map(|name| (Payload::Http, name));
        let envoy = test
            .envoy_payloads
            .iter()
            .map(|name| (Payload::Envoy, name));
        for (kind, name) in json.chain(envoy).chain(http) {
            match payloads::load(&normal(&folder.join(name)), kind, overrides) {
                Ok(payloads) => self.payloads.extend(payloads),
                Err(fault) => self.errors.push(fault),
            }
        }
    }

    /// Objects that rules copy or change beside the resources, and those that cases want to come out.
    /// A rule can copy and change the resources, too.
    fn add_existing(&mut self, test: &Test, folder: &Path, overrides: &Overrides) {
        for case in &test.results {
            if let Some(file) = &case.clone_source_resource {
                let sources = self.read_objects(&normal(&folder.join(file)), overrides);
                self.world.objects.extend(sources);
            }
            for file in expected::files(case) {
                if !self.wanted.contains_key(file) {
                    let objects = self.read_objects(&normal(&folder.join(file)), overrides);
                    self.wanted.insert(file.clone(), objects);
                }
            }
        }
        let parameters = test.param_resources.iter();
        for file in test.target_resources.iter().chain(parameters) {
            let targets = self.read_objects(&normal(&folder.join(file)), overrides);
            self.world.objects.extend(targets);
        }
        if self.policies.uses_existing() {
            self.world.objects.extend(self.objects.iter().cloned());
        }
    }

    fn add_cluster(&mut self, path: &Path, overrides: &Overrides) {
        let cluster = companions::typed(path, overrides, ClusterResource::from_value);
        let Some(cluster) = self.usable(cluster) else {
            return;
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        for crd in &cluster.spec.crds {
            let definitions = self.read_objects(&normal(&folder.join(crd)), overrides);
            for definition in &definitions {
                if let Err(error) = self.world.catalogue.add_custom_resource(definition) {
                    self.errors
                        .push(Diagnostic::error(format!("{crd}: {error}")));
                }
            }
        }
        let known = self.world.cluster.get_or_insert_default();
        for object in cluster.spec.resources {
            objects::add(object, &self.world.catalogue, known);
        }
    }

    fn add_values(&mut self, test: &Test, folder: &Path, overrides: &Overrides) {
        let file = test.variables.as_ref();
        let from_file = file.and_then(|path| {
            let values = companions::values(&normal(&folder.join(path)), overrides);
            self.usable(values)
        });
        let spec: Option<ValuesSpec> = test.values.clone().or(from_file);
        self.world.values = spec.as_ref().map(InjectedValues::new).unwrap_or_default();
    }

    /// What was read; why it was not is kept.
    fn usable<T>(&mut self, read: Result<T, Vec<Diagnostic>>) -> Option<T> {
        read.map_err(|faults| self.errors.extend(faults)).ok()
    }
}

/// The kinds of the newest Kubernetes version, read once.
#[must_use]
pub fn catalogue() -> Catalogue {
    static CATALOGUE: std::sync::OnceLock<Catalogue> = std::sync::OnceLock::new();
    let newest = || portcullis_schema::builtin(portcullis_schema::NEWEST).unwrap_or_default();
    CATALOGUE.get_or_init(newest).clone()
}

fn identity(object: &Value) -> [&str; 4] {
    [
        "/apiVersion",
        "/kind",
        "/metadata/namespace",
        "/metadata/name",
    ]
    .map(|pointer| objects::text(object, pointer))
}

/// A path without `.` and `..` where they can be left out, so that overrides are found.
#[must_use]
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Inputs;

    type Named<'n> = (&'n str, &'n str, &'n str);

    fn check(cluster: Option<&[Named<'_>]>, objects: &[Named<'_>], wanted: Option<&str>) {
        let all = |named: &[Named<'_>]| -> Vec<Value> {
            let object = |(kind, namespace, name): &Named<'_>| json!({"kind": kind, "metadata": {"name": name, "namespace": namespace}});
            named.iter().map(object).collect()
        };
        let mut inputs = Inputs {
            objects: all(objects),
            ..Inputs::default()
        };
        inputs.world.cluster = cluster.map(all);
        let found = inputs.missing_namespace().map(|fault| fault.message);
        let wanted = wanted
            .map(|names| format!("failed to apply policies on resource {names}\" not found))"));
        assert_eq!(found, wanted, "{cluster:?} {objects:?}");
    }

    #[test]
    fn a_namespace_that_the_cluster_does_not_have_is_missing() {
        let (pod, namespace) = (("Pod", "shop", "web"), ("Namespace", "", "shop"));
        let why = "web (failed to get the resource's namespace (namespaces \"shop";
        check(None, &[pod], None);
        check(Some(&[]), &[pod], Some(why));
        check(Some(&[("ConfigMap", "", "shop")]), &[pod], Some(why));
        check(Some(&[namespace]), &[pod], None);
        check(Some(&[]), &[pod, namespace], None);
        check(Some(&[]), &[("Node", "", "a")], None);
        check(
            Some(&[namespace]),
            &[pod, ("Pod", "other", "b")],
            Some("b (failed to get the resource's namespace (namespaces \"other"),
        );
    }
}
