//! Every control has a pod that passes and a pod that fails, in `pod_security/<check>/`.
//!
//! Both are judged by the newest version of the control's level. The pod that fails breaks that one
//! check and no other. A folder or a file too many or too few fails.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]
#![expect(clippy::disallowed_methods, reason = "fixtures are files")]

use std::{collections::BTreeSet, fs, path::Path};

use portcullis_engine::pod_security::{CHECKS, Check, Pod, Standard, Version};
use portcullis_yaml::{Limits, Mode};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pod_security"))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The checks of the control's level that a pod breaks.
fn broken(check: &Check, file: &str) -> Vec<&'static str> {
    let path = folder().join(check.id).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let object = portcullis_yaml::read(&text, Mode::Strict, &Limits::default()).unwrap();
    let pod = Pod::new(&object).unwrap();
    let standard = Standard::new(check.level, Version::NEWEST);
    standard
        .evaluate(&pod)
        .into_iter()
        .map(|result| result.id)
        .collect()
}

#[test]
fn every_control_has_both_pods() {
    let expected: BTreeSet<_> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(names(folder()), expected);
    for check in CHECKS {
        let files = names(&folder().join(check.id));
        assert_eq!(
            files.iter().collect::<Vec<_>>(),
            ["fail.yaml", "pass.yaml"],
            "{}",
            check.id
        );
    }
}

#[test]
fn pods_that_pass() {
    for check in CHECKS {
        assert_eq!(broken(check, "pass.yaml"), [""; 0], "{}", check.id);
    }
}

#[test]
fn pods_that_fail() {
    for check in CHECKS {
        assert_eq!(broken(check, "fail.yaml"), [check.id], "{}", check.id);
    }
}
