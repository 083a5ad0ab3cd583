//! Which source writes an object that nobody owns yet: of several that are reconciled at the same time
//! the first one, and the others learn of it before they write.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{object::ObjectKey, plan::Refusal};

/// What sources are about to write. Copies share it.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    claims: BTreeMap<ObjectKey, Claim>,
    /// The passes that go on, by their numbers.
    going_on: BTreeSet<u64>,
    next: u64,
}

#[derive(Debug)]
struct Claim {
    source: String,
    /// The pass that holds it.
    pass: u64,
    /// The number of the first pass after that one: it sees what was written, and who owns it.
    seen_from: Option<u64>,
}

/// A pass over a source, which began before it looked at the cluster. Its claims end with it, save for
/// those passes that may have looked before it wrote.
#[derive(Debug)]
pub struct Claiming<'s> {
    claims: Claims,
    source: &'s str,
    pass: u64,
}

impl Claims {
    /// Begins a pass over a source.
    #[must_use]
    pub fn begin<'s>(&self, source: &'s str) -> Claiming<'s> {
        let mut held = self.lock();
        let pass = held.next;
        held.next += 1;
        held.going_on.insert(pass);
        Claiming {
            claims: self.clone(),
            source,
            pass,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claiming<'_> {
    /// Claims objects, or none of them where another source has claimed one.
    ///
    /// # Errors
    /// The objects that another source has claimed.
    pub fn claim(&self, keys: &[&ObjectKey]) -> Result<(), Vec<Refusal>> {
        let mut held = self.claims.lock();
        let refusals = keys.iter().filter_map(|key| {
            let claim = held.claims.get(*key)?;
            let is_seen = claim.seen_from.is_some_and(|first| first <= self.pass);
            (claim.source != self.source && !is_seen).then(|| Refusal::OtherSource {
                key: (*key).clone(),
                owner: claim.source.clone(),
            })
        });
        let refusals: Vec<Refusal> = refusals.collect();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        for key in keys {
            let claim = Claim {
                source: self.source.to_owned(),
                pass: self.pass,
                seen_from: None,
            };
            held.claims.insert((*key).clone(), claim);
        }
        Ok(())
    }
}

impl Drop for Claiming<'_> {
    fn drop(&mut self) {
        let mut held = self.claims.lock();
        held.going_on.remove(&self.pass);
        let (next, first) = (held.next, held.going_on.first().copied());
        held.claims.retain(|_, claim| {
            if claim.pass == self.pass {
                claim.seen_from = Some(next);
            }
            claim
                .seen_from
                .is_none_or(|seen_from| first.is_some_and(|first| first < seen_from))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> [ObjectKey; 3] {
        ["a", "b", "c"].map(|name| ObjectKey {
            group: "kyverno.io".to_owned(),
            kind: "ClusterPolicy".to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        })
    }

    fn claim(pass: &Claiming<'_>, keys: &[&ObjectKey]) -> String {
        let refusals = pass.claim(keys).err().unwrap_or_default();
        let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        told.join("; ")
    }

    #[test]
    fn who_claims_first_has_it() {
        let ([a, b, c], claims) = (keys(), Claims::default());
        let [left, right, third] = ["left", "right", "third"].map(|source| claims.begin(source));
        assert_eq!(claim(&left, &[&a, &b]), "");
        assert_eq!(claim(&left, &[&b]), "");
        let refused = claim(&right, &[&b, &c]);
        assert!(
            refused
                .ends_with("ClusterPolicy/b belongs to the source `left`, which would put it back"),
            "{refused}"
        );
        // Of what is refused nothing is claimed.
        assert_eq!(claim(&third, &[&c]), "");
    }

    #[test]
    fn a_claim_ends_for_those_who_look_later() {
        let ([a, ..], claims) = (keys(), Claims::default());
        let (left, right) = (claims.begin("left"), claims.begin("right"));
        assert_eq!(claim(&left, &[&a]), "");
        drop(left);
        // It may have looked before that was written.
        assert_ne!(claim(&right, &[&a]), "");
        let later = claims.begin("later");
        assert_eq!(claim(&later, &[&a]), "");
        assert_ne!(claim(&right, &[&a]), "");
        drop((right, later));
        assert!(claims.lock().claims.is_empty());
    }
}
