//! Which source writes an object that nobody owns yet: of several that are reconciled at the same time
//! the first one, and the others learn of it before they write.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{object::ObjectKey, plan::Refusal};

/// What sources are about to write. Copies share it.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<BTreeMap<ObjectKey, String>>>);

impl Claims {
    /// Claims objects for a source, or none of them where another source has claimed one.
    ///
    /// # Errors
    /// The objects that another source has claimed.
    pub fn claim(&self, source: &str, keys: &[&ObjectKey]) -> Result<(), Vec<Refusal>> {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refusals = keys.iter().filter_map(|key| {
            let owner = claimed.get(*key).filter(|owner| *owner != source)?;
            Some(Refusal::OtherSource {
                key: (*key).clone(),
                owner: owner.clone(),
            })
        });
        let refusals: Vec<Refusal> = refusals.collect();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        for key in keys {
            if let Entry::Vacant(entry) = claimed.entry((*key).clone()) {
                entry.insert(source.to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_claims_first_has_it() {
        let [a, b, c] = ["a", "b", "c"].map(|name| ObjectKey {
            group: "kyverno.io".to_owned(),
            kind: "ClusterPolicy".to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        });
        let claims = Claims::default();
        let claim = |source: &str, keys: &[&ObjectKey]| {
            let refusals = claims.claim(source, keys).err();
            let refusals = refusals.unwrap_or_default();
            let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            told.join("; ")
        };
        assert_eq!(claim("left", &[&a, &b]), "");
        assert_eq!(claim("left", &[&b]), "");
        let refused = claim("right", &[&b, &c]);
        assert!(
            refused
                .ends_with("ClusterPolicy/b belongs to the source `left`, which would put it back"),
            "{refused}"
        );
        // Of what is refused nothing is claimed.
        assert_eq!(claim("third", &[&c]), "");
    }
}
