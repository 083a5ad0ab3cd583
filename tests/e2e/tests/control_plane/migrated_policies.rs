//! ClusterPolicies as ValidatingPolicies, and these as policies of the API server, which checks their
//! expressions by the schemas of the kinds that they match.

use std::{
    thread,
    time::{Duration, Instant},
};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test};
use serde_json::{Value, json};

use crate::portcullis::run_plainly;

pub(crate) const ALL: &[Test] = &[(
    "migrated_policies::their_expressions_are_of_the_types_of_the_schemas",
    their_expressions_are_of_the_types_of_the_schemas,
)];

const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../cli/tests/fixtures/migration"
);

fn their_expressions_are_of_the_types_of_the_schemas(plane: &ControlPlane) {
    let folder = tempfile::tempdir().unwrap();
    let migrated = folder.path().to_str().unwrap();
    let files = ["policies.yaml", "pod-security.yaml"].map(|name| format!("{FIXTURES}/{name}"));
    let [policies, pods] = files.each_ref().map(String::as_str);
    let said = run_plainly(&[
        "migrate",
        "policy",
        policies,
        pods,
        "--inputs=200",
        "--output",
        migrated,
    ]);
    assert!(said.talk.contains(" rules translated"), "{}", said.talk);
    let said = run_plainly(&["compile", migrated, "--to=vap", "--all"]);
    assert_eq!(said.code, 0, "{}", said.talk);
    let mut names = Vec::new();
    for document in portcullis_yaml::documents(&said.data) {
        let mut policy: Value = document
            .read(
                portcullis_yaml::Mode::Strict,
                &portcullis_yaml::Limits::default(),
            )
            .unwrap();
        // Without a binding it denies nobody anything.
        if policy["kind"] == "ValidatingAdmissionPolicy" {
            let name = format!("migrated-{}", policy["metadata"]["name"].as_str().unwrap());
            policy["metadata"] = json!({"name": name});
            plane.apply(&policy.to_string()).unwrap();
            names.push(name);
        }
    }
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        let get = ["get", "validatingadmissionpolicy", &name, "-o", "json"];
        let end = Instant::now() + Duration::from_secs(60);
        let checked = loop {
            let found: Value = serde_json::from_str(&plane.kubectl(&get, "").unwrap()).unwrap();
            match found.pointer("/status/typeChecking") {
                Some(checked) => break checked.clone(),
                None => assert!(Instant::now() < end, "{name} is not checked: {found}"),
            }
            thread::sleep(Duration::from_millis(200));
        };
        assert_eq!(checked, json!({}), "{name}");
        let delete = ["delete", "validatingadmissionpolicy", &name];
        plane.kubectl(&delete, "").unwrap();
    }
}
