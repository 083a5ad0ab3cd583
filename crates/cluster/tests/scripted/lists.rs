//! Lists in pages.

use std::{collections::BTreeMap, sync::Mutex};

use portcullis_cluster::{Cluster, Discovery, ListOptions, ServedKind};
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

/// The names that are handed over by kind and page, and what is told of each page.
fn listed(
    cluster: &Cluster,
    kinds: &[ServedKind],
    options: &ListOptions,
) -> (BTreeMap<(usize, usize), String>, Vec<String>) {
    let mut pages = BTreeMap::new();
    let errors = cluster.list(kinds, options, |page| {
        let names = page.objects.iter();
        let names: Vec<&str> = names
            .map(|object| object["metadata"]["name"].as_str().unwrap())
            .collect();
        let told = format!("{} of {} more", names.join(","), page.expected);
        pages.insert((page.kind, page.number), told);
    });
    (pages, errors.iter().map(ToString::to_string).collect())
}

fn widgets(cluster: &Cluster) -> Vec<ServedKind> {
    let discovery = Discovery::of(cluster).unwrap();
    discovery.listed(|kind| kind.kind == "Widget")
}

#[test]
fn pages_are_handed_over_and_told_of() {
    let (cluster, calls) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/widgets?limit=2" => page(&["a", "b"], "x/y=", 1),
        "GET /apis/example.com/v1/widgets?limit=2&continue=x%2Fy%3D" => page(&["c"], "", 0),
        "GET /api/v1/configmaps?limit=2" => refusal(403, "nobody may list configmaps"),
        call => discovery(call).unwrap(),
    });
    let kinds = Discovery::of(&cluster).unwrap().listed(|_| true);
    let (pages, errors) = listed(&cluster, &kinds, &OPTIONS);
    let wanted = [((1, 0), "a,b of 3 more"), ((1, 1), "c of 0 more")];
    let wanted = wanted.map(|(page, told)| (page, told.to_owned()));
    assert_eq!(pages, BTreeMap::from(wanted));
    let [error] = errors.as_slice() else {
        panic!("{errors:?}");
    };
    let wanted = "GET /api/v1/configmaps: nobody may list configmaps (403)";
    assert!(error.ends_with(wanted), "{error}");
    assert_eq!(calls.lock().unwrap().len(), 5);

    let options = ListOptions {
        continue_on_error: false,
        ..OPTIONS
    };
    let one_at_a_time = [kinds[0].clone()];
    assert_eq!(listed(&cluster, &one_at_a_time, &options).1.len(), 1);
}

#[test]
fn objects_have_the_type_that_only_the_list_says() {
    let (cluster, _) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/widgets?limit=2" => page(&["a"], "", 0),
        call => discovery(call).unwrap(),
    });
    let mut objects = Vec::new();
    cluster.list(&widgets(&cluster), &OPTIONS, |page| {
        objects.extend(page.objects);
    });
    let typed =
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}});
    assert_eq!(objects, [typed]);
}

#[test]
fn a_list_that_expires_goes_on_where_the_server_says_or_else_anew() {
    let expired = |next: &str| {
        let metadata = json!({"continue": next});
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "code": 410, "message": "too old", "metadata": metadata,
        });
        (410, status.to_string())
    };
    for (token, wanted) in [
        ("later", vec!["a,b of 3 more", "c,d of 1 more"]),
        ("", vec!["a,b of 3 more", " of 0 more", "c,d of 1 more"]),
    ] {
        let asked = Mutex::new(0);
        let (cluster, _) = cluster(move |call, _| match call {
            "GET /apis/example.com/v1/widgets?limit=2" => {
                let mut asked = asked.lock().unwrap();
                *asked += 1;
                let next = if *asked == 1 { "old" } else { "new" };
                page(&["a", "b"], next, 1)
            }
            "GET /apis/example.com/v1/widgets?limit=2&continue=old" => expired(token),
            "GET /apis/example.com/v1/widgets?limit=2&continue=later"
            | "GET /apis/example.com/v1/widgets?limit=2&continue=new" => page(&["c", "d"], "", 0),
            call => discovery(call).unwrap(),
        });
        let (pages, errors) = listed(&cluster, &widgets(&cluster), &OPTIONS);
        let pages: Vec<&str> = pages.values().map(String::as_str).collect();
        assert_eq!((pages, errors), (wanted, Vec::new()), "{token}");
    }
}

#[test]
fn a_list_that_always_expires_is_an_error() {
    let (cluster, _) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/widgets?limit=2" => page(&["a", "b"], "old", 1),
        "GET /apis/example.com/v1/widgets?limit=2&continue=old" => refusal(410, "too old"),
        call => discovery(call).unwrap(),
    });
    let (_, errors) = listed(&cluster, &widgets(&cluster), &OPTIONS);
    assert!(errors[0].ends_with("too old (410)"), "{errors:?}");
}

#[test]
fn only_what_is_in_the_namespace_is_listed() {
    let (cluster, calls) = cluster(|call, _| match call {
        "GET /apis/example.com/v1/namespaces/a/widgets?limit=2" => page(&["a"], "", 0),
        call => discovery(call).unwrap(),
    });
    let mut kinds = widgets(&cluster);
    let mut wide = kinds[0].clone();
    wide.namespaced = false;
    kinds.push(wide);
    let options = ListOptions {
        namespace: Some("a".to_owned()),
        ..OPTIONS
    };
    assert_eq!(listed(&cluster, &kinds, &options).0.len(), 1);
    let last = calls.lock().unwrap().last().unwrap().clone();
    assert_eq!(
        last,
        "GET /apis/example.com/v1/namespaces/a/widgets?limit=2"
    );
}
