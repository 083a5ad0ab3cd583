//! Lists in pages.

use std::sync::Mutex;

use portcullis_cluster::{Discovery, ListOptions, Progress};
use serde_json::{Value, json};

use crate::server::{cluster, discovery, ok, refusal};

const OPTIONS: ListOptions = ListOptions {
    namespace: None,
    cluster_wide: false,
    batch_size: 2,
    continue_on_error: true,
};

fn page(names: &[&str], next: &str, remaining: usize) -> (u16, String) {
    let items: Vec<Value> = names
        .iter()
        .map(|name| json!({"metadata": {"name": name}}))
        .collect();
    ok(&json!({"metadata": {"continue": next, "remainingItemCount": remaining}, "items": items}))
}

fn names(objects: &[Value]) -> Vec<&str> {
    let names = objects
        .iter()
        .map(|object| object["metadata"]["name"].as_str());
    names.map(Option::unwrap).collect()
}

#[test]
fn pages_are_joined_and_told_of() {
    let (cluster, calls) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/widgets?limit=2" => page(&["a", "b"], "x/y=", 1),
        "GET /apis/example.com/v1/widgets?limit=2&continue=x%2Fy%3D" => page(&["c"], "", 0),
        "GET /api/v1/configmaps?limit=2" => refusal(403, "nobody may list configmaps"),
        call => discovery(call).unwrap(),
    });
    let kinds = Discovery::of(&cluster).unwrap().listed(|_| true);
    let told = Mutex::new((0, 0));
    let tell = |progress| {
        let mut told = told.lock().unwrap();
        match progress {
            Progress::Expected(more) => told.0 += more,
            Progress::Arrived(more) => told.1 += more,
        }
    };
    let listings = cluster.list(&kinds, &OPTIONS, &tell);
    let [config_maps, widgets] = listings.as_slice() else {
        panic!("{listings:?}");
    };
    let error = config_maps.objects.as_ref().unwrap_err().to_string();
    assert!(
        error.ends_with("GET /api/v1/configmaps: nobody may list configmaps (403)"),
        "{error}"
    );
    let widgets = widgets.objects.as_ref().unwrap();
    assert_eq!(names(widgets), ["a", "b", "c"]);
    let first = &widgets[0];
    assert_eq!(
        (&first["apiVersion"], &first["kind"]),
        (&json!("example.com/v1"), &json!("Widget"))
    );
    assert_eq!(*told.lock().unwrap(), (3, 3));
    assert_eq!(calls.lock().unwrap().len(), 5);
    let options = ListOptions {
        continue_on_error: false,
        ..OPTIONS
    };
    assert_eq!(cluster.list(&kinds, &options, &tell).len(), 1);
}

#[test]
fn a_list_that_expires_is_asked_for_anew_as_a_whole() {
    let (cluster, _) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/widgets?limit=2" => page(&["a", "b"], "token", 1),
        "GET /apis/example.com/v1/widgets" => page(&["b", "c", "d"], "", 0),
        "GET /apis/example.com/v1/widgets?limit=2&continue=token" => refusal(410, "too old"),
        call => discovery(call).unwrap(),
    });
    let kinds = Discovery::of(&cluster)
        .unwrap()
        .listed(|kind| kind.kind == "Widget");
    let listings = cluster.list(&kinds, &OPTIONS, &|_| ());
    assert_eq!(
        names(listings[0].objects.as_ref().unwrap()),
        ["b", "c", "d"]
    );
}

#[test]
fn only_what_is_in_the_namespace_is_listed() {
    let (cluster, calls) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/namespaces/a/widgets?limit=2" => page(&["a"], "", 0),
        call => discovery(call).unwrap(),
    });
    let mut kinds = Discovery::of(&cluster)
        .unwrap()
        .listed(|kind| kind.kind == "Widget");
    let mut wide = kinds[0].clone();
    wide.namespaced = false;
    kinds.push(wide);
    let options = ListOptions {
        namespace: Some("a".to_owned()),
        ..OPTIONS
    };
    assert_eq!(cluster.list(&kinds, &options, &|_| ()).len(), 1);
    let last = calls.lock().unwrap().last().unwrap().clone();
    assert_eq!(
        last,
        "GET /apis/example.com/v1/namespaces/a/widgets?limit=2"
    );
}
