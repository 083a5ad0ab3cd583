//! The control plane itself: it is what it says, and leaves nothing behind.

use std::{fs, net::TcpStream};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};

pub(crate) const ALL: &[Test] = &[
    (
        "control_plane::objects_are_validated_and_controlled",
        objects_are_validated_and_controlled,
    ),
    (
        "control_plane::a_second_one_runs_beside_it_and_ends",
        a_second_one_runs_beside_it_and_ends,
    ),
];

fn objects_are_validated_and_controlled(plane: &ControlPlane) {
    plane.create_namespace("controlled").unwrap();
    let bad = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: controlled}, spec: {containers: []}}";
    let error = plane.apply(bad).unwrap_err().to_string();
    assert!(error.contains("spec.containers: Required value"), "{error}");
    // The controller manager is what puts the certificate of the API server into a namespace.
    let find = [
        "wait",
        "-n",
        "controlled",
        "--for=create",
        "configmap/kube-root-ca.crt",
        "--timeout=60s",
    ];
    plane.kubectl(&find, "").unwrap();
}

fn a_second_one_runs_beside_it_and_ends(plane: &ControlPlane) {
    let second = ControlPlane::start(&program::build().unwrap()).unwrap();
    assert_ne!(second.url(), plane.url());
    second.create_namespace("only-here").unwrap();
    assert!(
        plane
            .kubectl(&["get", "namespace", "only-here"], "")
            .is_err()
    );
    let folder = second.folder().to_owned();
    let port = second.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    drop(second);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(fs::metadata(folder).is_err());
}
