//! One version of all policies, in the groups that are asked.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_engine::{
    CompiledPolicy, PolicySet, request::GroupVersionKind, response::FailureAction,
};

use super::{prepared::Prepared, traits::Traits};
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

/// A policy of a group.
struct Member {
    policy: CompiledPolicy,
    /// Whether it may ask the world in ways that its compiled form does not tell.
    asks: bool,
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
    /// Of policies that are compiled one by one.
    pub(super) fn of(prepared: &[&Prepared]) -> Policies {
        let (mut together, mut untested, mut scanned) = (Vec::new(), Vec::new(), Vec::new());
        let (mut own, mut inventory) = (BTreeMap::new(), Inventory::new());
        for prepared in prepared {
            let Some(policy) = &prepared.compiled else {
                continue;
            };
            let traits = prepared.traits;
            let info = policy.info();
            inventory.insert((info.kind.clone(), info.key()), entry(policy, traits));
            let member = |policy: &CompiledPolicy| Member {
                policy: policy.clone(),
                asks: traits.asks,
            };
            if !is_asked_of_objects(policy) {
                continue;
            }
            if !info.admission {
                scanned.push(member(policy));
            } else if let Some(tested) = &prepared.tested {
                untested.push(member(policy));
                let failure_policy = match info.errors_deny {
                    true => FailurePolicy::Fail,
                    false => FailurePolicy::Ignore,
                };
                let group = Group::of(vec![member(tested)]);
                own.insert(info.key(), (failure_policy, group));
            } else {
                together.push(member(policy));
            }
        }
        Policies {
            together: ByFailure::of(together),
            untested: ByFailure::of(untested),
            own,
            scanned: Group::of(scanned),
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
    fn of(members: Vec<Member>) -> ByFailure {
        let denies = |member: &Member| member.policy.info().errors_deny;
        let (fail, ignore) = members.into_iter().partition(denies);
        ByFailure {
            fail: Group::of(fail),
            ignore: Group::of(ignore),
        }
    }
}

impl Group {
    fn of(members: Vec<Member>) -> Group {
        let numbered = members.iter().enumerate();
        let asking = numbered
            .filter(|(_, member)| member.asks || !member.policy.needs().is_empty())
            .map(|(place, _)| place)
            .collect();
        let policies = members.into_iter().map(|member| member.policy).collect();
        let set = PolicySet::new(policies);
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

/// What is told of a policy.
fn entry(policy: &CompiledPolicy, traits: Traits) -> Entry {
    Entry {
        policy: Arc::clone(policy.info()),
        enforces: enforces(policy),
        fingerprint: traits.fingerprint,
    }
}

/// Cleanup, deletion and generation take place outside of the request.
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
