//! What is served: one version of all policies, swapped as a whole.
//!
//! A request is answered by the version that serves when it is asked, from its first policy to its
//! last; a version is dropped when the last request that it answers is done.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use arc_swap::ArcSwap;
use portcullis_api::policy_exception::PolicyException;
use portcullis_engine::{
    CompiledPolicy, PolicySet, compile,
    compile_options::{CompileError, CompileOptions},
    load::Loaded,
    request::GroupVersionKind,
    response::FailureAction,
};
use serde_json::Value;

use crate::metrics::{Changes, Entry, Inventory};
use crate::{
    configuration::Configuration,
    path::{AdmissionPath, FailurePolicy},
    reports::Asked,
    world::World,
};

/// Policies that are asked together.
#[derive(Debug)]
pub struct Group {
    set: PolicySet,
    /// The policies that ask the world, by their place in the set.
    asking: Vec<usize>,
    /// The policies as reports know them.
    asked: Arc<Asked>,
}

/// One version of all policies.
#[derive(Debug)]
pub struct Policies {
    fail: Group,
    ignore: Group,
    /// The policies that have a webhook of their own, as they are where nobody tests their conditions.
    untested: Group,
    /// The same by their key, as they are where the API server has tested them.
    own: BTreeMap<String, (FailurePolicy, Group)>,
    /// The policies that are asked in scans only.
    scanned: Group,
    inventory: Inventory,
}

impl Policies {
    /// Compiles what was loaded: the policies that are asked about requests, and why the others cannot
    /// be served.
    #[must_use]
    pub fn compile(loaded: &[Loaded], options: &CompileOptions) -> (Policies, Vec<CompileError>) {
        let exceptions: Vec<PolicyException> = loaded
            .iter()
            .filter_map(|loaded| match loaded {
                Loaded::Exception(exception) => Some(exception.as_ref().clone()),
                _ => None,
            })
            .collect();
        let (set, errors) = compile(loaded, &exceptions, options);
        let traits = Traits::of(loaded);
        let tested: Vec<Loaded> = loaded.iter().filter_map(without_conditions).collect();
        let (tested, _) = compile(&tested, &exceptions, options);
        (Policies::of(set, tested, &traits), errors)
    }

    fn of(set: PolicySet, mut tested: PolicySet, traits: &Traits) -> Policies {
        let inventory = inventory(&set, traits);
        let (asked, others) = set.split(is_asked_of_requests);
        let (scanned, _) = others.split(is_asked_of_objects);
        let has_own = |policy: &CompiledPolicy| traits.own.contains(&policy.info().key());
        let (untested, rest) = asked.split(has_own);
        let mut own = BTreeMap::new();
        for key in untested.policies().iter().map(|policy| policy.info().key()) {
            let (one, others) = tested.split(|policy| policy.info().key() == key);
            tested = others;
            if let Some(policy) = one.policies().first() {
                let failure_policy = match policy.info().errors_deny {
                    true => FailurePolicy::Fail,
                    false => FailurePolicy::Ignore,
                };
                own.insert(key, (failure_policy, Group::of(one, traits)));
            }
        }
        let (fail, ignore) = rest.split(|policy| policy.info().errors_deny);
        Policies {
            fail: Group::of(fail, traits),
            ignore: Group::of(ignore, traits),
            untested: Group::of(untested, traits),
            own,
            scanned: Group::of(scanned, traits),
            inventory,
        }
    }

    /// The groups that a path asks, in their turn; none where the path names a policy that is not
    /// served.
    #[must_use]
    pub fn groups(&self, path: &AdmissionPath) -> Option<Vec<&Group>> {
        if let Some(name) = &path.policy {
            let (failure_policy, group) = self.own.get(name)?;
            let is_meant = path
                .failure_policy
                .is_none_or(|asked| asked == *failure_policy);
            return is_meant.then(|| vec![group]);
        }
        Some(match path.failure_policy {
            Some(FailurePolicy::Fail) => vec![&self.fail],
            Some(FailurePolicy::Ignore) => vec![&self.ignore],
            None => vec![&self.fail, &self.ignore, &self.untested],
        })
    }

    /// The groups that a scan of objects asks; not all of their policies take part in scans.
    #[must_use]
    pub fn scanned_groups(&self) -> [&Group; 4] {
        [&self.fail, &self.ignore, &self.untested, &self.scanned]
    }

    /// What is told of each policy.
    pub(crate) fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// How many policies are served.
    #[must_use]
    pub fn count(&self) -> usize {
        let groups = [&self.fail, &self.ignore, &self.untested].into_iter();
        groups.map(|group| group.set.policies().len()).sum()
    }
}

impl Group {
    fn of(set: PolicySet, traits: &Traits) -> Group {
        let policies = set.policies().iter().enumerate();
        let asking = policies
            .filter(|(_, policy)| {
                !policy.needs().is_empty() || traits.asking.contains(&policy.info().key())
            })
            .map(|(place, _)| place)
            .collect();
        let infos = set.policies().iter().map(|policy| policy.info().as_ref());
        let asked = Arc::new(Asked::of(infos));
        Group { set, asking, asked }
    }

    /// The policies as reports know them.
    #[must_use]
    pub fn asked(&self) -> &Arc<Asked> {
        &self.asked
    }

    /// The policies.
    #[must_use]
    pub fn set(&self) -> &PolicySet {
        &self.set
    }

    /// Whether no policy asks the world.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        self.asking.is_empty()
    }

    /// Whether a policy that may be about objects of a kind asks the world.
    #[must_use]
    pub fn asks_the_world(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let policies = self.asking.iter();
        let mut policies = policies.filter_map(|place| self.set.policies().get(*place));
        policies.any(|policy| policy.is_about(kind, resource))
    }
}

/// What is told of each policy of a set.
fn inventory(set: &PolicySet, traits: &Traits) -> Inventory {
    let entries = set.policies().iter().map(|policy| {
        let info = policy.info();
        let id = (info.kind.clone(), info.key());
        let entry = Entry {
            policy: Arc::clone(info),
            enforces: enforces(policy),
            fingerprint: traits.fingerprints.get(&id).copied().unwrap_or_default(),
        };
        (id, entry)
    });
    entries.collect()
}

/// A policy with conditions that the API server tests, without them.
fn without_conditions(loaded: &Loaded) -> Option<Loaded> {
    let Loaded::Policy(policy) = loaded else {
        return None;
    };
    let mut policy = policy.clone();
    let webhook = policy.spec.webhook_configuration.as_mut()?;
    let has_some = !std::mem::take(&mut webhook.match_conditions).is_empty();
    has_some.then_some(Loaded::Policy(policy))
}

/// Cleanup, deletion and generation take place outside of the request.
fn is_asked_of_requests(policy: &CompiledPolicy) -> bool {
    is_asked_of_objects(policy) && policy.info().admission
}

fn is_asked_of_objects(policy: &CompiledPolicy) -> bool {
    match policy {
        CompiledPolicy::ClusterPolicy(_)
        | CompiledPolicy::Validating(_)
        | CompiledPolicy::Mutating(_)
        | CompiledPolicy::ValidatingAdmission(_)
        | CompiledPolicy::MutatingAdmission(_)
        | CompiledPolicy::ImageValidating(_) => true,
        CompiledPolicy::Cleanup(_)
        | CompiledPolicy::Deleting(_)
        | CompiledPolicy::Generating(_) => false,
    }
}

/// What is told of policies by how they are written.
#[derive(Debug, Default)]
struct Traits {
    /// Those with a webhook of their own.
    own: BTreeSet<String>,
    /// Those that may ask the world in ways that their compiled form does not tell.
    asking: BTreeSet<String>,
    /// What tells the versions of each apart, by kind and key.
    fingerprints: BTreeMap<(String, String), u64>,
}

/// What expressions ask the world by.
const QUESTIONS: &[&str] = &[
    "resource.",
    "http.",
    "globalContext.",
    "image(",
    "parseImageReference(",
];

impl Traits {
    fn of(loaded: &[Loaded]) -> Traits {
        let mut traits = Traits::default();
        for loaded in loaded {
            let Ok(written) = written(loaded) else {
                continue;
            };
            let text = |pointer: &str| {
                let text = written.pointer(pointer).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            let key = match text("/metadata/namespace").as_str() {
                "" => text("/metadata/name"),
                namespace => format!("{namespace}/{}", text("/metadata/name")),
            };
            let spec = written.get("spec").unwrap_or(&Value::Null);
            let text_of_spec = spec.to_string();
            let mut hasher = DefaultHasher::new();
            text_of_spec.hash(&mut hasher);
            let id = (text("/kind"), key.clone());
            traits.fingerprints.insert(id, hasher.finish());
            if matches!(loaded, Loaded::Policy(_)) {
                let conditions = spec.pointer("/webhookConfiguration/matchConditions");
                if conditions
                    .and_then(Value::as_array)
                    .is_some_and(|all| !all.is_empty())
                {
                    traits.own.insert(key.clone());
                }
            }
            if asks(loaded, spec, &text_of_spec) {
                traits.asking.insert(key);
            }
        }
        traits
    }
}

fn written(loaded: &Loaded) -> serde_json::Result<Value> {
    match loaded {
        Loaded::Policy(policy) => serde_json::to_value(policy),
        Loaded::Validating(policy) => serde_json::to_value(policy),
        Loaded::Mutating(policy) => serde_json::to_value(policy),
        Loaded::ImageValidating(policy) => serde_json::to_value(policy),
        Loaded::ValidatingAdmission(policy) => serde_json::to_value(policy),
        Loaded::MutatingAdmission(policy) => serde_json::to_value(policy),
        _ => Ok(Value::Null),
    }
}

/// Whether something that it fails for is denied.
fn enforces(policy: &CompiledPolicy) -> bool {
    match policy {
        CompiledPolicy::ClusterPolicy(policy) => policy.actions().enforces(),
        CompiledPolicy::Validating(policy) => policy.action() == FailureAction::Enforce,
        CompiledPolicy::ImageValidating(policy) => policy.action() == FailureAction::Enforce,
        CompiledPolicy::Mutating(_)
        | CompiledPolicy::ValidatingAdmission(_)
        | CompiledPolicy::MutatingAdmission(_) => true,
        CompiledPolicy::Cleanup(_)
        | CompiledPolicy::Deleting(_)
        | CompiledPolicy::Generating(_) => false,
    }
}

fn asks(loaded: &Loaded, spec: &Value, text: &str) -> bool {
    match loaded {
        Loaded::Policy(_) => text.contains("\"targets\"") || text.contains("\"verifyImages\""),
        Loaded::ValidatingAdmission(_) | Loaded::MutatingAdmission(_) => {
            spec.get("paramKind").is_some_and(|kind| !kind.is_null())
        }
        Loaded::ImageValidating(_) => true,
        _ => QUESTIONS.iter().any(|question| text.contains(question)),
    }
}

/// The version that serves, and the world that it asks.
pub struct Served {
    policies: ArcSwap<Policies>,
    configuration: ArcSwap<Configuration>,
    changes: Changes,
    world: Arc<dyn World>,
}

impl Served {
    /// Serves a first version.
    #[must_use]
    pub fn new(policies: Policies, world: Arc<dyn World>) -> Served {
        let changes = Changes::default();
        changes.note(&Inventory::new(), policies.inventory());
        Served {
            changes,
            policies: ArcSwap::from_pointee(policies),
            configuration: ArcSwap::default(),
            world,
        }
    }

    /// Puts another version in the place of the one that serves; requests that are being answered keep
    /// theirs.
    pub fn swap(&self, policies: Policies) {
        let policies = Arc::new(policies);
        let before = self.policies.swap(Arc::clone(&policies));
        self.changes.note(before.inventory(), policies.inventory());
    }

    /// The version that serves now.
    #[must_use]
    pub fn policies(&self) -> Arc<Policies> {
        self.policies.load_full()
    }

    /// How often policies came, changed and went.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Puts another configuration in the place of the one that is followed.
    pub fn configure(&self, configuration: Configuration) {
        self.configuration.store(Arc::new(configuration));
    }

    /// The configuration that is followed now.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        self.configuration.load_full()
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<dyn World> {
        &self.world
    }
}
