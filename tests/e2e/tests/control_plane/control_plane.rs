//! The control plane itself: it is what it says, and leaves nothing behind.

use std::{
    env, fs,
    net::TcpStream,
    process::{Command, Stdio},
};

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
    (
        "control_plane::where_go_is_missing_tests_say_so",
        where_go_is_missing_tests_say_so,
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

/// They are skipped, and counted so; in CI that is a failure.
fn where_go_is_missing_tests_say_so(_: &ControlPlane) {
    for (ci, is_success, said) in [
        ("", true, "0 passed; 0 failed; 1 ignored"),
        ("true", false, "0 passed; 1 failed; 0 ignored"),
    ] {
        let mut run = Command::new(env::current_exe().unwrap());
        run.args(["--exact", ALL[0].0]).env("CI", ci);
        run.env("PATH", "").stdin(Stdio::null());
        let output = run.output().unwrap();
        assert_eq!(output.status.success(), is_success, "{output:?}");
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains(said), "{told}");
        assert!(told.contains("go is not installed"), "{told}");
    }
}
