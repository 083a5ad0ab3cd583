//! The objects that are there: by one list where many are of a kind, else one by one.

use std::collections::BTreeMap;

use portcullis_cluster::{Cluster, ClusterError, ListOptions, ServedKind};
use serde_json::Value;

use super::target;
use crate::object::ObjectKey;

/// So many objects of a kind in a namespace are rather listed than read.
const MANY: usize = 10;
/// How many objects the server gives at a time.
const BATCH: usize = 500;

type Kinds = BTreeMap<ObjectKey, ServedKind>;
/// Version, group, kind and namespace.
type Collection<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Reads these objects, as far as they are there.
pub(super) fn read(
    cluster: &Cluster,
    kinds: &Kinds,
) -> Result<BTreeMap<ObjectKey, Value>, ClusterError> {
    let mut collections: BTreeMap<Collection<'_>, Vec<(&ObjectKey, &ServedKind)>> = BTreeMap::new();
    for (key, kind) in kinds {
        let collection = (
            kind.version.as_str(),
            &*key.group,
            &*key.kind,
            &*key.namespace,
        );
        collections.entry(collection).or_default().push((key, kind));
    }
    let (mut live, mut single) = (BTreeMap::new(), Vec::new());
    for wanted in collections.into_values() {
        match wanted.first() {
            Some((key, kind)) if wanted.len() > MANY => {
                let listed = list(cluster, kind, &key.namespace, kinds, &mut live);
                match listed {
                    // Who may read them may still not list them.
                    Some(error) if error.code() == Some(403) => single.extend(wanted),
                    Some(error) => return Err(error),
                    None => {}
                }
            }
            _ => single.extend(wanted),
        }
    }
    let targets: Vec<_> = single.iter().map(|(key, kind)| target(key, kind)).collect();
    for ((key, _), found) in single.iter().zip(cluster.read_objects(&targets)) {
        if let Some(object) = found? {
            live.insert((*key).clone(), object);
        }
    }
    Ok(live)
}

/// Lists a kind in a namespace, and keeps what is wanted of it.
fn list(
    cluster: &Cluster,
    kind: &ServedKind,
    namespace: &str,
    wanted: &Kinds,
    live: &mut BTreeMap<ObjectKey, Value>,
) -> Option<ClusterError> {
    let options = ListOptions {
        namespace: Some(namespace.to_owned()).filter(|_| kind.namespaced),
        cluster_wide: true,
        batch_size: BATCH,
        continue_on_error: false,
    };
    let errors = cluster.list(std::slice::from_ref(kind), &options, |page| {
        for object in page.objects {
            let key = ObjectKey::of(&object).filter(|key| wanted.contains_key(key));
            live.extend(key.map(|key| (key, object)));
        }
    });
    errors.into_iter().next()
}
