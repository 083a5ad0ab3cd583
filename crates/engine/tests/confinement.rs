//! What policies of one namespace ask of a world that answers everything.
#![allow(missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

#[path = "confinement/table.rs"]
mod table;

use portcullis_cel::host::ResourceRef;
use portcullis_engine::context::source::{ApiCall, ContextSource, EntryKind, Lookup};
use portcullis_engine::generate::ObjectRef;
use serde_json::{Value, json};

/// It knows everything of every namespace.
struct Everything;

fn secret(namespace: &str) -> Value {
    let password = match namespace {
        "shop" => "own",
        _ => table::SECRET,
    };
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "db", "namespace": namespace}, "data": {"password": password},
    })
}

impl ContextSource for Everything {
    fn loads(&self, _: EntryKind) -> bool {
        true
    }
    fn config_map(&self, namespace: &str, _: &str) -> Lookup {
        Lookup::Found(secret(namespace))
    }
    fn api_call(&self, call: &ApiCall) -> Lookup {
        let is_own = call.url_path == "/api/v1/namespaces/shop/secrets/db";
        Lookup::Found(secret(if is_own { "shop" } else { "vault" }))
    }
    fn http(&self, call: &ApiCall) -> Lookup {
        self.api_call(call)
    }
    fn object(&self, of: &ObjectRef) -> Lookup {
        Lookup::Found(secret(&of.namespace))
    }
    fn objects(&self, _: &str, _: &str, namespace: &str) -> Lookup {
        Lookup::Found(json!([secret(namespace)]))
    }
    fn matching_objects(&self, _: &str, _: &str) -> Lookup {
        Lookup::Found(json!([secret("shop"), secret("vault")]))
    }
    fn resource(&self, at: &ResourceRef<'_>) -> Lookup {
        Lookup::Found(secret(at.namespace))
    }
    fn resources(&self, at: &ResourceRef<'_>) -> Lookup {
        Lookup::Found(json!({"items": [secret(at.namespace)]}))
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

#[test]
fn policies_of_a_namespace_ask_for_nothing_outside_of_it() {
    table::check(&Everything);
}
