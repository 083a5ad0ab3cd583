//! `ClusterSource`: the cluster's answers to what policies ask.
//!
//! What was asked once is not asked again: a run sees one state of an object, however often a policy
//! looks at it.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_cel::host::ResourceRef;
use portcullis_engine::{
    context::{
        source::{ApiCall, ContextSource, EntryKind, Lookup},
        url_path,
    },
    generate::ObjectRef,
};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    discovery::{Discovery, ServedKind},
    error::ClusterError,
    path,
    request::Call,
};

/// How many answers are kept; further ones are asked for each time.
const KEPT: usize = 4096;

/// How many objects of a list the server gives at a time.
const BATCH_SIZE: usize = 500;

/// A cluster that policies ask.
pub struct ClusterSource {
    cluster: Arc<Cluster>,
    discovery: Arc<Discovery>,
    answers: Mutex<HashMap<String, Arc<OnceLock<Lookup>>>>,
    dice: (RandomState, AtomicU64),
}

impl ClusterSource {
    /// A source that asks this cluster, which serves these kinds.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, discovery: impl Into<Arc<Discovery>>) -> ClusterSource {
        ClusterSource {
            cluster,
            discovery: discovery.into(),
            answers: Mutex::default(),
            dice: (RandomState::new(), AtomicU64::new(0)),
        }
    }

    /// The answer to a question, from the one who asked first.
    fn once(&self, question: String, ask: impl FnOnce() -> Lookup) -> Lookup {
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.len() >= KEPT && !answers.contains_key(&question) {
                drop(answers);
                return ask();
            }
            Arc::clone(answers.entry(question).or_default())
        };
        answer.get_or_init(ask).clone()
    }

    fn get(&self, path: String) -> Lookup {
        let call = Call::get(path.clone());
        self.once(path, || looked_up(self.cluster.ask(&call)))
    }

    fn list(&self, kind: &ServedKind, namespace: Option<&str>) -> Lookup {
        let question = path::collection(kind, namespace);
        self.once(question, || {
            let objects = self.cluster.objects(kind, namespace, BATCH_SIZE);
            looked_up(self.cluster.wait(objects).map(Value::Array))
        })
    }
}

impl fmt::Debug for ClusterSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClusterSource({})", self.cluster.server())
    }
}

fn looked_up(answer: Result<Value, ClusterError>) -> Lookup {
    match answer {
        Ok(value) => Lookup::Found(value),
        Err(error) if error.code() == Some(404) => Lookup::NotFound,
        Err(error) => Lookup::Failed(format!("{error}; {}", error.remedy())),
    }
}

impl ContextSource for ClusterSource {
    fn loads(&self, kind: EntryKind) -> bool {
        matches!(kind, EntryKind::ConfigMap | EntryKind::ApiCall)
    }

    fn config_map(&self, namespace: &str, name: &str) -> Lookup {
        self.object(&ObjectRef {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    fn api_call(&self, call: &ApiCall) -> Lookup {
        if let Some(service) = &call.service {
            let why = "only the API server is called; give the answer in a Values file";
            return Lookup::Failed(format!("the service {}: {why}", service.url));
        }
        if !url_path::is_plain(&call.url_path) {
            let why = "write a path of the API server such as `/api/v1/namespaces/NAME/configmaps`";
            return Lookup::Failed(format!("the path `{}`: {why}", call.url_path));
        }
        if call.method == "POST" {
            let call = Call::post(&call.url_path, call.body.clone().unwrap_or_default());
            return looked_up(self.cluster.ask(&call));
        }
        self.get(call.url_path.clone())
    }

    fn matching_objects(&self, api_version: &str, kind: &str) -> Lookup {
        let kinds = self.discovery.matching(api_version, kind);
        let mut all = Vec::new();
        for kind in kinds.filter(|kind| kind.is_listed()) {
            match self.list(kind, None) {
                Lookup::Found(Value::Array(objects)) => all.extend(objects),
                Lookup::Failed(reason) => return Lookup::Failed(reason),
                _ => {}
            }
        }
        Lookup::Found(Value::Array(all))
    }

    fn object(&self, of: &ObjectRef) -> Lookup {
        let kind = self.discovery.find(&of.api_version, &of.kind);
        let path = kind.and_then(|kind| path::object(kind, &of.namespace, &of.name));
        path.map_or(Lookup::NotFound, |path| self.get(path))
    }

    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Lookup {
        match self.discovery.find(api_version, kind) {
            Some(kind) => self.list(kind, Some(namespace)),
            None => Lookup::Found(Value::Array(Vec::new())),
        }
    }

    fn resource(&self, at: &ResourceRef<'_>) -> Lookup {
        let Some(kind) = self.discovery.find_resource(at.api_version, at.resource) else {
            return Lookup::NotFound;
        };
        if !kind.namespaced && !at.namespace.is_empty() {
            // No such object is in a namespace, and who may look into one may not look around it.
            return Lookup::NotFound;
        }
        let path = path::object(kind, at.namespace, at.name);
        path.map_or(Lookup::NotFound, |path| self.get(path))
    }

    fn resources(&self, at: &ResourceRef<'_>) -> Lookup {
        let Some(kind) = self.discovery.find_resource(at.api_version, at.resource) else {
            return Lookup::NotFound;
        };
        let namespace = Some(at.namespace).filter(|namespace| !namespace.is_empty());
        if !kind.namespaced && namespace.is_some() {
            return Lookup::NotFound;
        }
        match self.list(kind, namespace) {
            Lookup::Found(items) => Lookup::Found(json!({
                "apiVersion": at.api_version,
                "kind": format!("{}List", kind.kind),
                "items": items,
            })),
            other => other,
        }
    }

    fn resource_of_kind(&self, api_version: &str, kind: &str) -> Lookup {
        let kind = self.discovery.find(api_version, kind);
        kind.map_or(Lookup::NotFound, |kind| {
            Lookup::Found(Value::from(kind.resource.clone()))
        })
    }

    fn now(&self) -> i128 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
    }

    fn random(&self) -> u64 {
        // The standard library's hashers are seeded by the system.
        let (dice, throws) = &self.dice;
        dice.hash_one(throws.fetch_add(1, Ordering::Relaxed))
    }
}
