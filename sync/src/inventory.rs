//! What a source has written: its last good revision and the objects of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::object::ObjectKey;

/// What a source has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The commit; empty before the first one.
    pub commit: String,
    /// The objects. While a revision is applied, those of it and of the one before.
    pub objects: BTreeSet<ObjectKey>,
}

impl Inventory {
    /// The inventory as the data of a ConfigMap.
    #[must_use]
    pub fn to_data(&self) -> Value {
        let ids: Vec<String> = self.objects.iter().map(ObjectKey::id).collect();
        json!({"commit": self.commit, "objects": ids.join("\n")})
    }

    /// Reads the data of a ConfigMap.
    ///
    /// # Errors
    /// The line that is not the name of an object: with a part of an inventory nobody knows what is
    /// to be pruned.
    pub fn from_data(data: &Value) -> Result<Inventory, String> {
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
        let ids = text("objects").lines().filter(|line| !line.is_empty());
        let objects = ids.map(|id| ObjectKey::parse(id).ok_or_else(|| id.to_owned()));
        Ok(Inventory {
            commit: text("commit").to_owned(),
            objects: objects.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read_as_it_was_written() {
        let ids = ["kyverno.io/ClusterPolicy//a", "kyverno.io/Policy/n/b"];
        let inventory = Inventory {
            commit: "c0ffee".to_owned(),
            objects: ids.into_iter().filter_map(ObjectKey::parse).collect(),
        };
        assert_eq!(Inventory::from_data(&inventory.to_data()), Ok(inventory));
        assert_eq!(Inventory::from_data(&Value::Null), Ok(Inventory::default()));
        let broken = json!({"objects": "kyverno.io/ClusterPolicy//a\nnonsense"});
        assert_eq!(Inventory::from_data(&broken), Err("nonsense".to_owned()));
    }
}
