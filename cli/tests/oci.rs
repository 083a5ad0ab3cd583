//! Policies in registries, as far as it goes without one.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod program;

use program::{Scratch, answer, check, snapshot};

#[test]
fn what_is_refused_before_a_registry_is_asked() {
    let image = ["--image", "127.0.0.1:1/shop/policies:1.0"];
    for (name, case, arguments) in [
        (
            "oci_push_refused",
            "cleanup",
            vec!["oci", "push", "refused.yaml"],
        ),
        (
            "oci_push_twice",
            "cleanup",
            vec!["oci", "push", "policy.yaml", "policy.yaml"],
        ),
        (
            "oci_push_nothing",
            "apply_set",
            vec!["oci", "push", "resource.yaml"],
        ),
        (
            "oci_push_missing",
            "apply_set",
            vec!["oci", "push", "gone.yaml"],
        ),
        (
            "oci_push_nowhere",
            "apply_set",
            vec!["oci", "push", "policy.yaml"],
        ),
    ] {
        check(name, case, &[&arguments[..], &image].concat(), "");
    }
    let scratch = Scratch::new("oci");
    let pull = [&["oci", "pull", "fetched"][..], &image].concat();
    snapshot("oci_pull_nowhere", &answer(&scratch.0, &pull, b""));
    assert!(!scratch.0.join("fetched").exists());
    let wrong = ["oci", "pull", "--image", "shop/Policies"];
    check("oci_pull_wrong_name", "apply_set", &wrong, "");
}
