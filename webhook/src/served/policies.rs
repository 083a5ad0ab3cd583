//! One version of all policies, in the groups that are asked.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_api::policy_exception::PolicyException;
use portcullis_engine::{
    CompiledPolicy, PolicySet, compile,
    compile_options::{CompileError, CompileOptions},
    load::Loaded,
    request::GroupVersionKind,
    response::FailureAction,
};

use super::traits::Traits;
use crate::{
    metrics::{Entry, Inventory},
    path::{AdmissionPath, FailurePolicy, Whom},
    reports::Asked,
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

/// Policies by what becomes of a request that they do not answer.
#[derive(Debug)]
struct ByFailure {
    fail: Group,
    ignore: Group,
}

/// One version of all policies.
#[derive(Debug)]
pub struct Policies {
    together: ByFailure,
    /// The policies with conditions for the API server, as they are where nobody has tested them.
    untested: ByFailure,
    /// The same by their key, as they are where the API server has.
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
        Policies {
            together: ByFailure::of(rest, traits),
            untested: ByFailure::of(untested, traits),
            own,
            scanned: Group::of(scanned, traits),
            inventory,
        }
    }

    /// The groups that a path asks, in their turn; none where the path names a policy that is not
    /// served.
    #[must_use]
    pub fn groups(&self, path: &AdmissionPath) -> Option<Vec<&Group>> {
        let several = match &path.whom {
            Whom::Policy(name) => {
                let (failure_policy, group) = self.own.get(name)?;
                let is_meant = path
                    .failure_policy
                    .is_none_or(|asked| asked == *failure_policy);
                return is_meant.then(|| vec![group]);
            }
            Whom::Together => &self.together,
            Whom::Untested => &self.untested,
        };
        Some(match path.failure_policy {
            Some(FailurePolicy::Fail) => vec![&several.fail],
            Some(FailurePolicy::Ignore) => vec![&several.ignore],
            None => self.asked().to_vec(),
        })
    }

    /// The groups of all that are asked of requests.
    fn asked(&self) -> [&Group; 4] {
        let (together, untested) = (&self.together, &self.untested);
        [
            &together.fail,
            &together.ignore,
            &untested.fail,
            &untested.ignore,
        ]
    }

    /// The groups that a scan of objects asks; not all of their policies take part in scans.
    #[must_use]
    pub fn scanned_groups(&self) -> [&Group; 5] {
        let [one, two, three, four] = self.asked();
        [one, two, three, four, &self.scanned]
    }

    /// What is told of each policy.
    pub(crate) fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// How many policies are served.
    #[must_use]
    pub fn count(&self) -> usize {
        let groups = self.asked().into_iter();
        groups.map(|group| group.set.policies().len()).sum()
    }
}

impl ByFailure {
    fn of(set: PolicySet, traits: &Traits) -> ByFailure {
        let (fail, ignore) = set.split(|policy| policy.info().errors_deny);
        ByFailure {
            fail: Group::of(fail, traits),
            ignore: Group::of(ignore, traits),
        }
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
