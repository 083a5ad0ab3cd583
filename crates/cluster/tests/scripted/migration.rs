//! Storage migration, where others write, too.

use std::sync::Mutex;

use portcullis_cluster::{Cluster, Migration, MigrationOptions, migrate};
use serde_json::{Value, json};

use crate::server::{Calls, cluster, ok, refusal};

const CRD: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com";
const WIDGETS: &str = "/apis/example.com/v2/widgets";

fn definition(stored: &[&str]) -> Value {
    json!({
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Cluster",
            "versions": [
                {"name": "v1", "served": true, "storage": false},
                {"name": "v2", "served": true, "storage": true},
            ],
        },
        "status": {"storedVersions": stored, "conditions": []},
    })
}

fn widget(name: &str, version: u32) -> Value {
    json!({"metadata": {"name": name, "resourceVersion": version.to_string()}})
}

/// A cluster with the widgets `a` and `b`, and how the n-th write of `b` is answered.
fn widgets(of_b: impl Fn(usize) -> (u16, String) + Send + Sync + 'static) -> (Cluster, Calls) {
    let writes = Mutex::new(0);
    cluster(move |call, body| {
        let (method, path) = call.split_once(' ').unwrap();
        match (
            method,
            path.split('?').next().unwrap().strip_prefix(WIDGETS),
        ) {
            ("GET", Some("")) if path.contains("continue=") => {
                ok(&json!({"items": [widget("b", 1)]}))
            }
            ("GET", Some("")) => {
                let next = json!({"continue": "next"});
                ok(&json!({"metadata": next, "items": [widget("a", 1)]}))
            }
            ("GET", Some("/b")) => ok(&widget("b", 2)),
            ("PUT", Some("/a")) => ok(&body),
            ("PUT", Some("/b")) => {
                let mut writes = writes.lock().unwrap();
                *writes += 1;
                of_b(*writes)
            }
            ("GET", None) => ok(&definition(&["v1", "v2"])),
            ("PUT", None) => ok(&body),
            other => panic!("{other:?}"),
        }
    })
}

fn run(cluster: &Cluster, dry_run: bool) -> Migration {
    let options = MigrationOptions {
        batch_size: 1,
        dry_run,
    };
    migrate(cluster, "widgets.example.com", &options, &|_| ()).unwrap()
}

#[test]
fn whoever_else_writes_wins_and_the_object_is_written_again() {
    let (cluster, calls) = widgets(|write| match write {
        1 | 2 => refusal(409, "the object has been modified"),
        _ => ok(&json!({})),
    });
    let migration = run(&cluster, false);
    assert_eq!((migration.written, migration.failed.len()), (2, 0));
    let calls = calls.lock().unwrap();
    let b: Vec<&String> = calls
        .iter()
        .filter(|call| call.contains("/widgets/b"))
        .collect();
    assert_eq!(b.len(), 5, "{b:?}");
    assert_eq!(calls.last().unwrap(), &format!("PUT {CRD}/status"));
}

#[test]
fn an_object_that_cannot_be_written_leaves_the_definition_as_it_was() {
    let (cluster, calls) = widgets(|_| refusal(422, "spec.size: Invalid value"));
    let migration = run(&cluster, false);
    assert_eq!(migration.written, 1);
    let [(object, error)] = migration.failed.as_slice() else {
        panic!("{migration:?}");
    };
    assert_eq!(object, "Widget b");
    assert!(
        error.to_string().contains("spec.size: Invalid value (422)"),
        "{error}"
    );
    assert!(
        !calls
            .lock()
            .unwrap()
            .iter()
            .any(|call| call.contains("/status"))
    );
}

#[test]
fn an_object_that_is_gone_needs_nothing() {
    let (cluster, calls) = widgets(|_| refusal(404, "not found"));
    let migration = run(&cluster, false);
    assert_eq!((migration.written, migration.failed.len()), (1, 0));
    assert!(calls.lock().unwrap().last().unwrap().ends_with("/status"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let (cluster, calls) = widgets(|_| ok(&json!({})));
    assert_eq!(run(&cluster, true).written, 2);
    let calls = calls.lock().unwrap();
    let mut writes = calls.iter().filter(|call| call.starts_with("PUT"));
    assert!(
        writes.all(|call| call.ends_with("?dryRun=All")),
        "{calls:?}"
    );
}

#[test]
fn a_list_that_expires_goes_on_where_the_server_says_or_starts_anew() {
    for (token, written) in [("newer", 2), ("", 3)] {
        let is_expired = Mutex::new(false);
        let (cluster, _) = cluster(move |call, body| {
            let page = |name: &str, next: &str| {
                ok(&json!({"metadata": {"continue": next}, "items": [widget(name, 1)]}))
            };
            let mut is_expired = is_expired.lock().unwrap();
            let call = call.replace(WIDGETS, "");
            match call.as_str() {
                "GET ?limit=1" => page("a", "next"),
                "GET ?limit=1&continue=next" if *is_expired => page("b", ""),
                "GET ?limit=1&continue=next" => {
                    *is_expired = true;
                    let gone = json!({
                        "kind": "Status", "code": 410, "metadata": {"continue": token},
                    });
                    (410, gone.to_string())
                }
                "GET ?limit=1&continue=newer" => page("b", ""),
                call if call.starts_with("GET") => ok(&definition(&["v1", "v2"])),
                _ => ok(&body),
            }
        });
        assert_eq!(run(&cluster, false).written, written, "{token}");
    }
}

#[test]
fn what_is_done_is_not_done_again() {
    let (cluster, calls) = cluster(|_, _| ok(&definition(&["v2"])));
    let migration = run(&cluster, false);
    assert!(migration.was_done());
    assert_eq!(calls.lock().unwrap().len(), 1);
}
