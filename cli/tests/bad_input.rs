//! Bad input: every command says what is wrong, where, and what to do, and ends with exit code 2.

use std::process::Command;

#[test]
fn missing_files() {
    for (arguments, wanted) in [
        (&["test", "gone.yaml"][..], "no `kyverno-test.yaml`"),
        (
            &["apply", "gone.yaml", "-r", "portcullis.yaml"],
            "gone.yaml",
        ),
        (&["validate", "gone.yaml"], "gone.yaml"),
        (&["verify", "--workspace", "gone.yaml"], "gone.yaml"),
        (&["render", "gone.yaml"], "gone.yaml"),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(arguments)
            .current_dir(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/fixtures/workspace"
            ))
            .output()
            .unwrap();
        let talk = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {talk}");
        assert!(talk.contains(wanted), "{arguments:?}: {talk}");
    }
}
