//! What policies of one namespace get from manifests.
#![allow(missing_docs, clippy::indexing_slicing, reason = "tests")]

#[path = "../../engine/tests/confinement/table.rs"]
mod table;

use portcullis_pipeline::offline::source::{OfflineSource, World};
use portcullis_schema::{NEWEST, builtin};
use serde_json::json;

#[test]
fn policies_of_a_namespace_stay_in_it() {
    let object = |kind: &str, namespace: &str, password: &str| {
        json!({
            "apiVersion": "v1", "kind": kind, "data": {"password": password},
            "metadata": {"name": "db", "namespace": namespace},
        })
    };
    let world = World {
        cluster: Some(vec![
            object("Secret", "vault", table::SECRET),
            object("ConfigMap", "vault", table::SECRET),
            object("Secret", "shop", "own"),
        ]),
        catalogue: builtin(NEWEST).unwrap_or_default(),
        ..World::default()
    };
    table::check(&OfflineSource::new(&world));
    table::check_services(&OfflineSource::new(&world));
}
