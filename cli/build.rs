//! Tells the program which commit it is built from: that of the checkout around this folder. From
//! sources without git, or inside another repository, it is `unknown`.

use std::{path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let known = commit();
    let (commit, time) = known
        .as_deref()
        .and_then(|text| text.split_once(' '))
        .unwrap_or(("unknown", "unknown"));
    println!("cargo::rustc-env=PORTCULLIS_COMMIT={commit}");
    println!("cargo::rustc-env=PORTCULLIS_COMMIT_TIME={time}");
}

/// The commit and its time, which two builds of it share.
fn commit() -> Option<String> {
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let here = Path::new(&root).join("cli").canonicalize().ok()?;
    if here != Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().ok()? {
        return None;
    }
    // The second one grows with each commit.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&[
        "show",
        "--no-patch",
        "--no-show-signature",
        "--format=%H %cd",
        "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
        "HEAD",
    ])
}

fn git(arguments: &[&str]) -> Option<String> {
    let answer = Command::new("git")
        .args(arguments)
        .env("TZ", "UTC")
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    (answer.status.success()).then(|| text.trim().to_owned())
}
