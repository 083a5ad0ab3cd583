//! What our engine makes of an object, as the API server would tell it.

use std::collections::BTreeMap;

use portcullis_cluster::{Cluster, ClusterSource, ConnectOptions, Discovery};
use portcullis_e2e::control_plane::ControlPlane;
use portcullis_engine::{
    CompileOptions, PolicySet, compile,
    context::source::{ApiCall, ContextSource, EntryKind, Lookup},
    evaluate,
    generate::ObjectRef,
    load::load,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request, RequestUser},
    response::RuleStatus,
    verdict::verdict,
};
use portcullis_schema::{Catalogue, NEWEST, builtin};
use serde_json::{Value, json};

use super::{objects::Kind, world};

/// What comes of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// What is said against the request; the API server tells one of them.
    pub(super) denials: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// The object, where it was changed.
    pub(super) object: Option<Value>,
    /// Whether something could not be evaluated.
    pub(super) has_errors: bool,
}

/// The cluster as our policies ask it, with the structures of its kinds.
pub(super) struct World {
    source: ClusterSource,
    catalogue: Catalogue,
    namespaces: BTreeMap<String, Value>,
    user: RequestUser,
}

impl World {
    pub(super) fn of(plane: &ControlPlane, namespaces: BTreeMap<String, Value>) -> World {
        let options = ConnectOptions {
            kubeconfig: Some(plane.kubeconfig()),
            ..ConnectOptions::default()
        };
        let cluster = Cluster::connect(&options).unwrap();
        let discovery = Discovery::of(&cluster).unwrap();
        let mut catalogue = builtin(NEWEST).unwrap();
        catalogue.add_custom_resource(&world::widgets()).unwrap();
        catalogue.add_custom_resource(&world::settings()).unwrap();
        World {
            source: ClusterSource::new(cluster.into(), discovery),
            catalogue,
            namespaces,
            user: RequestUser {
                username: "admin".to_owned(),
                uid: "admin".to_owned(),
                groups: ["system:masters", "system:authenticated"]
                    .map(str::to_owned)
                    .into(),
                ..RequestUser::default()
            },
        }
    }

    /// What policies make of the creation of an object.
    pub(super) fn evaluate(&self, set: &PolicySet, kind: Kind, object: &Value) -> Outcome {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap();
        let namespace = text("/metadata/namespace");
        let known = &self.namespaces[namespace];
        let labels = serde_json::from_value(known["metadata"]["labels"].clone()).unwrap();
        let options =
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions", "dryRun": ["All"]});
        let request = Request {
            operation: Operation::Create,
            kind: GroupVersionKind {
                group: kind.group.to_owned(),
                version: kind.version.to_owned(),
                kind: kind.kind.to_owned(),
            },
            resource: GroupVersionResource {
                group: kind.group.to_owned(),
                version: kind.version.to_owned(),
                resource: kind.resource.to_owned(),
            },
            name: text("/metadata/name"),
            namespace,
            object: Some(object),
            user: Some(&self.user),
            namespace_labels: Some(&labels),
            namespace_object: Some(known),
            dry_run: true,
            options: Some(&options),
            ..Request::default()
        };
        let responses = evaluate(set, &request, self, &mut Silent);
        let said = verdict(&request, &responses);
        let mut changed = responses.iter().filter(|one| one.is_last_change);
        let mut rules = responses.iter().flat_map(|one| &one.rules);
        Outcome {
            denials: said.causes.iter().map(|cause| cause.told()).collect(),
            warnings: said.warnings,
            object: changed
                .next()
                .and_then(|one| one.patched.as_deref().cloned()),
            has_errors: rules.any(|rule| rule.status == RuleStatus::Error),
        }
    }
}

/// The policies and bindings of documents, ready to run.
pub(super) fn compiled(documents: &[&Value]) -> Result<PolicySet, String> {
    let mut loaded = Vec::new();
    for document in documents {
        let (found, errors) = load(document);
        if !errors.is_empty() {
            return Err(format!("{errors:?}"));
        }
        loaded.extend(found);
    }
    match compile(&loaded, &[], &CompileOptions::default()) {
        (set, errors) if errors.is_empty() => Ok(set),
        (_, errors) => Err(format!("{errors:?}")),
    }
}

impl ContextSource for World {
    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn loads(&self, kind: EntryKind) -> bool {
        self.source.loads(kind)
    }

    fn api_call(&self, call: &ApiCall) -> Lookup {
        self.source.api_call(call)
    }

    fn object(&self, of: &ObjectRef) -> Lookup {
        self.source.object(of)
    }

    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Lookup {
        self.source.objects(api_version, kind, namespace)
    }

    fn now(&self) -> i128 {
        self.source.now()
    }

    fn random(&self) -> u64 {
        self.source.random()
    }
}
