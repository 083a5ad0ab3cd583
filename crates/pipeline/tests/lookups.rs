//! What expressions find of the cluster: among the files, and in a cluster that is asked.
#![allow(missing_docs, clippy::indexing_slicing, reason = "tests")]

use portcullis_cel::host::{Host as _, ResourceRef};
use portcullis_engine::{
    cel::host::SourceHost,
    context::source::{ContextSource, Lookup},
    request::GroupVersionKind,
};
use portcullis_pipeline::{
    diagnostic::Diagnostic,
    live::{Cluster, LiveCluster, LivePage},
    offline::source::{OfflineSource, World},
};
use portcullis_schema::{NEWEST, builtin};
use serde_json::{Value, json};

fn config_map(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
    })
}

/// A cluster that has two ConfigMaps, no Secret, and serves nothing else.
struct Served;

impl ContextSource for Served {
    fn resource(&self, at: &ResourceRef<'_>) -> Lookup {
        match (at.resource, at.name) {
            ("configmaps", "b" | "c") => Lookup::Found(config_map(at.namespace, at.name)),
            _ => Lookup::NotFound,
        }
    }
    fn resources(&self, at: &ResourceRef<'_>) -> Lookup {
        let items = match at.resource {
            "configmaps" => vec![config_map("shop", "b"), config_map("shop", "c")],
            "secrets" => Vec::new(),
            _ => return Lookup::NotFound,
        };
        Lookup::Found(json!({"items": items}))
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

impl Cluster for Served {
    fn source(&self) -> &(dyn ContextSource + Sync) {
        self
    }
    fn definitions(&self) -> Vec<Value> {
        Vec::new()
    }
    fn objects(
        &self,
        _: &dyn Fn(&GroupVersionKind, &str) -> bool,
        _: &mut dyn FnMut(LivePage),
    ) -> Vec<Diagnostic> {
        Vec::new()
    }
}

#[test]
fn objects_of_a_kind_that_nobody_shows_are_not_known() {
    let files = World {
        objects: vec![config_map("shop", "a"), config_map("shop", "b")],
        catalogue: builtin(NEWEST).unwrap_or_default(),
        ..World::default()
    };
    let asking = World {
        live: Some(LiveCluster::new(Served)),
        ..files.clone()
    };
    for (world, resource, namespace, listed, found) in [
        (&files, "configmaps", "shop", "a b", "a b -"),
        (&files, "configmaps", "other", "", "- - -"),
        (
            &files,
            "secrets",
            "shop",
            "secrets resource not found",
            "- - -",
        ),
        (&files, "frobs", "shop", "frobs resource not found", "- - -"),
        (&asking, "configmaps", "shop", "a b c", "a b c"),
        (&asking, "secrets", "shop", "", "- - -"),
        (
            &asking,
            "frobs",
            "shop",
            "frobs resource not found",
            "- - -",
        ),
    ] {
        let source = OfflineSource::new(world);
        let host = SourceHost::new(&source);
        let at = |name| ResourceRef {
            api_version: "v1",
            resource,
            namespace,
            name,
        };
        let names = host.list(&at(""), &[]).map(|list| {
            let items = list["items"].as_array().into_iter().flatten();
            let names = items.filter_map(|item| item["metadata"]["name"].as_str());
            names.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(names.unwrap_or_else(|error| error), listed, "{resource}");
        let single = ["a", "b", "c"].map(|name| match host.get(&at(name)) {
            Ok(Some(_)) => name,
            _ => "-",
        });
        assert_eq!(single.join(" "), found, "{resource} of {namespace}");
    }
}
