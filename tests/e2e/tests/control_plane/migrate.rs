//! `migrate`: the objects of custom resources in the version that is stored.

use std::path::Path;

use portcullis_e2e::{control_plane::ControlPlane, harness::Test};

use crate::portcullis::{Said, run};

pub(crate) const ALL: &[Test] = &[
    (
        "migrate::objects_are_written_and_the_status_says_so",
        objects_are_written_and_the_status_says_so,
    ),
    (
        "migrate::whoever_may_not_is_told_what_is_missing",
        whoever_may_not_is_told_what_is_missing,
    ),
    (
        "migrate::a_server_that_cannot_be_reached_is_named",
        a_server_that_cannot_be_reached_is_named,
    ),
];

const NAME: &str = "gadgets.migrate.example.com";

fn definition(stored: &str) -> String {
    let version = |name: &str| {
        format!(
            "{{name: {name}, served: true, storage: {}, schema: {{openAPIV3Schema: {{type: object}}}}}}",
            name == stored
        )
    };
    let (first, second) = (version("v1"), version("v2"));
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {NAME}}}
spec:
  group: migrate.example.com
  scope: Cluster
  names: {{kind: Gadget, plural: gadgets}}
  versions: [{first}, {second}]
"
    )
}

fn migrate(kubeconfig: &Path, flags: &[&str]) -> Said {
    run(
        kubeconfig,
        &[&["migrate", "--resource", NAME], flags].concat(),
    )
}

fn stored(plane: &ControlPlane) -> String {
    let path = "jsonpath={.status.storedVersions}";
    plane
        .kubectl(&["get", "crd", NAME, "-o", path], "")
        .unwrap()
}

fn objects_are_written_and_the_status_says_so(plane: &ControlPlane) {
    plane.apply(&definition("v1")).unwrap();
    let wait = ["wait", "--for=condition=established", "crd", NAME];
    plane.kubectl(&wait, "").unwrap();
    let gadgets: String = (0..5)
        .map(|number| {
            format!("---\n{{apiVersion: migrate.example.com/v1, kind: Gadget, metadata: {{name: g{number}}}}}\n")
        })
        .collect();
    plane.apply(&gadgets).unwrap();
    plane.apply(&definition("v2")).unwrap();
    assert_eq!(stored(plane), r#"["v1","v2"]"#);

    let tried = migrate(&plane.kubeconfig(), &["--dry-run"]);
    let wanted = format!("{NAME}: 5 objects can be written in v2; stored so far: v1, v2\n");
    assert_eq!((tried.code, tried.data), (0, wanted), "{}", tried.talk);
    assert_eq!(stored(plane), r#"["v1","v2"]"#);

    let done = migrate(&plane.kubeconfig(), &["--batch-size", "2"]);
    let wanted =
        format!("{NAME}: 5 objects written in v2, which alone is stored now; before: v1, v2\n");
    assert_eq!((done.code, done.data), (0, wanted), "{}", done.talk);
    assert_eq!(stored(plane), r#"["v2"]"#);
    // The server refuses to drop a version that may be stored.
    let mut only_v2 = definition("v2");
    let first = only_v2.find("{name: v1").unwrap();
    let second = only_v2.find("{name: v2").unwrap();
    only_v2.replace_range(first..second, "");
    plane.apply(&only_v2).unwrap();

    let again = migrate(&plane.kubeconfig(), &[]);
    let wanted = format!("{NAME}: nothing to do, v2 alone is stored\n");
    assert_eq!((again.code, again.data), (0, wanted), "{}", again.talk);
}

fn whoever_may_not_is_told_what_is_missing(plane: &ControlPlane) {
    let said = migrate(&plane.kubeconfig_of_nobody(), &[]);
    assert_eq!((said.code, said.data.as_str()), (2, ""));
    for part in [
        "User \"nobody\" cannot get resource \"customresourcedefinitions\"",
        "(403)",
        "help: let a Role or ClusterRole of this user allow",
    ] {
        assert!(said.talk.contains(part), "{part}: {}", said.talk);
    }
}

fn a_server_that_cannot_be_reached_is_named(plane: &ControlPlane) {
    let said = migrate(&plane.kubeconfig(), &["--context", "elsewhere"]);
    assert_eq!((said.code, said.data.as_str()), (2, ""));
    for part in [
        "https://127.0.0.1:1: GET /apis/apiextensions.k8s.io/v1",
        "no connection",
        "help: look whether the server",
    ] {
        assert!(said.talk.contains(part), "{part}: {}", said.talk);
    }
}
