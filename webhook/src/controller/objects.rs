//! The policies and exceptions of the cluster, as they are and as they were last good.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use portcullis_cluster::{ServedKind, WatchEvent};
use portcullis_engine::{compile_options::CompileError, load::Loaded};
use serde_json::Value;

use crate::{
    exception_rules::ExceptionRules,
    loaded::{key, read},
    served::{Compiler, Policies},
};

/// Which object: API group, kind, namespace and name.
pub(crate) type ObjectId = (String, String, String, String);

/// An object of the cluster.
#[derive(Clone, Debug)]
struct Kept {
    /// The object without spec and status.
    head: Arc<Value>,
    /// What tells versions with other policies apart.
    fingerprint: u64,
    /// Its status, as it was last seen.
    status: Arc<Value>,
    /// What it says, where it can be read.
    now: Result<Arc<Loaded>, String>,
    /// What it said when it was last good.
    good: Option<Arc<Loaded>>,
    /// Why it does not serve as it is written; empty where it does.
    problem: String,
}

/// What is said of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// The object without spec and status.
    pub(crate) head: Arc<Value>,
    /// Its status, as it was last seen.
    pub(crate) status: Arc<Value>,
    /// What serves of it, if anything does.
    pub(crate) serves: Option<Arc<Loaded>>,
    /// Why it does not serve as it is written; empty where it does.
    pub(crate) problem: String,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    kept: BTreeMap<ObjectId, Kept>,
    /// Those that have not come again, of kinds that are being listed.
    unseen: BTreeMap<String, BTreeSet<ObjectId>>,
    exceptions: ExceptionRules,
    compiler: Compiler,
}

impl Objects {
    /// None at first; of exceptions those count that the rules let.
    pub(crate) fn new(exceptions: ExceptionRules) -> Objects {
        Objects {
            exceptions,
            ..Objects::default()
        }
    }

    /// Takes what a watch of a kind tells; whether policies have changed.
    pub(crate) fn take(&mut self, kind: &ServedKind, event: WatchEvent) -> bool {
        let watched = watched(kind);
        match event {
            WatchEvent::Restarted => {
                let of_kind = |id: &&ObjectId| id.0 == kind.group && id.1 == kind.kind;
                let all = self.kept.keys().filter(of_kind).cloned().collect();
                self.unseen.insert(watched, all);
                false
            }
            WatchEvent::Listed => {
                let gone = self.unseen.remove(&watched).unwrap_or_default();
                gone.iter().for_each(|id| drop(self.kept.remove(id)));
                !gone.is_empty()
            }
            WatchEvent::Applied(object) => {
                let id = id(kind, &object);
                if let Some(unseen) = self.unseen.get_mut(&watched) {
                    unseen.remove(&id);
                }
                self.apply(id, object)
            }
            WatchEvent::Deleted(object) => self.kept.remove(&id(kind, &object)).is_some(),
            WatchEvent::Failed(_) => false,
        }
    }

    /// Forgets the objects of a kind that is not served any more; whether there were some.
    pub(crate) fn forget(&mut self, kind: &ServedKind) -> bool {
        let before = self.kept.len();
        self.kept
            .retain(|id, _| id.0 != kind.group || id.1 != kind.kind);
        self.unseen.remove(&watched(kind));
        self.kept.len() < before
    }

    fn apply(&mut self, id: ObjectId, mut object: Value) -> bool {
        let status = Arc::new(remove(&mut object, "status"));
        let fingerprint = fingerprint(&object);
        let before = self.kept.get_mut(&id);
        let is_same = before
            .as_ref()
            .is_some_and(|kept| kept.fingerprint == fingerprint);
        let good = match before {
            Some(kept) if is_same => {
                remove(&mut object, "spec");
                (kept.status, kept.head) = (status, Arc::new(object));
                return false;
            }
            Some(kept) => kept.good.take(),
            None => None,
        };
        let now = read(&object).map_err(|mistakes| mistakes.join("; "));
        let now = now.and_then(|loaded| match self.exceptions.refusal(&loaded) {
            None => Ok(Arc::new(loaded)),
            Some(why) => Err(why),
        });
        remove(&mut object, "spec");
        let kept = Kept {
            now,
            head: Arc::new(object),
            fingerprint,
            status,
            good,
            problem: String::new(),
        };
        self.kept.insert(id, kept);
        true
    }

    /// Compiles them all. An object that cannot be read or compiled keeps what it last said.
    pub(crate) fn compile(&mut self) -> Policies {
        for kept in self.kept.values_mut() {
            kept.problem = kept.now.as_ref().err().cloned().unwrap_or_default();
        }
        let (policies, errors) = self.compiled();
        let policies = match self.put_back(&errors) {
            true => self.compiled().0,
            false => policies,
        };
        for kept in self
            .kept
            .values_mut()
            .filter(|kept| kept.problem.is_empty())
        {
            kept.good = kept.now.as_ref().ok().cloned();
        }
        policies
    }

    fn compiled(&mut self) -> (Policies, Vec<CompileError>) {
        let serving = self.kept.values().filter_map(Kept::serves);
        let serving: Vec<Arc<Loaded>> = serving.cloned().collect();
        self.compiler.compile(&serving)
    }

    /// Notes what is wrong with objects that do not compile; whether there are some.
    fn put_back(&mut self, errors: &[CompileError]) -> bool {
        let mut found: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for error in errors {
            let place = match error.path.as_str() {
                "" => error.message.clone(),
                path => format!("{path}: {}", error.message),
            };
            let of = (error.kind.as_str(), error.policy.as_str());
            found.entry(of).or_default().push(place);
        }
        let mut is_any = false;
        for (id, kept) in &mut self.kept {
            let Some(name) = kept.now.as_deref().ok().and_then(key) else {
                continue;
            };
            if let Some(problems) = found.get(&(id.1.as_str(), name.as_str())) {
                kept.problem = problems.join("; ");
                is_any = true;
            }
        }
        is_any
    }

    /// What is said of each object.
    pub(crate) fn judged(&self) -> Vec<Judged> {
        let judged = self.kept.values().map(|kept| Judged {
            head: Arc::clone(&kept.head),
            status: Arc::clone(&kept.status),
            serves: kept.serves().cloned(),
            problem: kept.problem.clone(),
        });
        judged.collect()
    }

    /// What does not serve as it is written, and why.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (String, &str)> {
        let broken = self
            .kept
            .iter()
            .filter(|(_, kept)| !kept.problem.is_empty());
        broken.map(|((_, kind, namespace, name), kept)| {
            let name = match namespace.as_str() {
                "" => format!("{kind} {name}"),
                namespace => format!("{kind} {namespace}/{name}"),
            };
            (name, kept.problem.as_str())
        })
    }
}

impl Kept {
    /// What it is asked by.
    fn serves(&self) -> Option<&Arc<Loaded>> {
        match self.problem.as_str() {
            "" => self.now.as_ref().ok(),
            _ => self.good.as_ref(),
        }
    }
}

fn remove(object: &mut Value, name: &str) -> Value {
    let removed = object.as_object_mut().and_then(|all| all.remove(name));
    removed.unwrap_or_default()
}

fn watched(kind: &ServedKind) -> String {
    format!("{}/{}", kind.group, kind.kind)
}

fn id(kind: &ServedKind, object: &Value) -> ObjectId {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let text = |pointer: &str| text(pointer).unwrap_or_default().to_owned();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    (kind.group.clone(), kind.kind.clone(), namespace, name)
}

/// What policies say: all but what the server notes.
fn fingerprint(object: &Value) -> u64 {
    let parts = ["/spec", "/metadata/labels", "/metadata/annotations"];
    let parts = parts.map(|part| object.pointer(part).map(Value::to_string));
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// CVE-2024-48921: what came in while the webhook was away, or before the flags said where
    /// exceptions count, lets nothing off either.
    #[test]
    fn exceptions_of_other_namespaces_do_not_serve() {
        let exception = |kind: (&str, &str), namespace: &str, spec: &Value| {
            json!({
                "apiVersion": format!("{}/{}", kind.0, kind.1),
                "kind": "PolicyException",
                "metadata": {"name": "e", "namespace": namespace},
                "spec": spec,
            })
        };
        for (rules, wanted) in [
            (ExceptionRules::Anywhere, &["grants", "shop"][..]),
            (ExceptionRules::In("grants".to_owned()), &["grants"]),
            (ExceptionRules::Nowhere, &[]),
        ] {
            for (kind, spec) in [
                (("kyverno.io", "v2"), json!({"exceptions": [], "match": {}})),
                (("policies.kyverno.io", "v1"), json!({"policyRefs": []})),
            ] {
                let mut objects = Objects::new(rules.clone());
                let served = ServedKind {
                    version: kind.1.to_owned(),
                    ..super::super::watches::kind(
                        (kind.0, "PolicyException", "policyexceptions"),
                        true,
                    )
                };
                for namespace in ["grants", "shop"] {
                    let event = WatchEvent::Applied(exception(kind, namespace, &spec));
                    assert!(objects.take(&served, event));
                }
                objects.compile();
                let judged = objects.judged();
                let serves = judged.iter().filter_map(|judged| judged.serves.as_ref());
                let serves = serves.filter_map(|loaded| loaded.metadata().namespace.as_deref());
                assert_eq!(serves.collect::<Vec<_>>(), wanted, "{rules:?} {kind:?}");
                let told = objects.problems().count();
                assert_eq!(told, 2 - wanted.len(), "{rules:?} {kind:?}");
            }
        }
    }

    /// What is refused when it is written serves where it is there already.
    #[test]
    fn what_only_admission_refuses_serves() {
        let kind = (
            "policies.kyverno.io",
            "ValidatingPolicy",
            "validatingpolicies",
        );
        let served = ServedKind {
            version: "v1".to_owned(),
            ..super::super::watches::kind(kind, false)
        };
        let mut objects = Objects::new(ExceptionRules::Nowhere);
        let event = WatchEvent::Applied(json!({
            "apiVersion": "policies.kyverno.io/v1",
            "kind": "ValidatingPolicy",
            "metadata": {"name": "p"},
            "spec": {"validations": [{"expression": "true"}]},
        }));
        assert!(objects.take(&served, event));
        objects.compile();
        let judged = objects.judged();
        assert!(judged.iter().any(|judged| judged.serves.is_some()));
        assert_eq!(objects.problems().count(), 0);
    }
}
