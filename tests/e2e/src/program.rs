//! The Go program that is the control plane: built where it is out of date.

use std::{
    env,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Whether Go is installed.
#[must_use]
pub fn has_go() -> bool {
    let mut go = Command::new("go");
    go.arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    go.status().is_ok_and(|status| status.success())
}

/// Builds the program of the control plane, which does nothing where it is up to date. Others who
/// build it wait.
///
/// # Errors
/// Where it cannot be built, with what Go says.
pub fn build() -> io::Result<PathBuf> {
    build_named("control-plane")
}

/// Builds the program in a folder of this crate.
///
/// # Errors
/// Where it cannot be built, with what Go says.
pub fn build_named(name: &str) -> io::Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let folder = target_folder().join(name);
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let program = folder.join(name);
    if !program.exists() {
        let told = format!("building {name} from Go modules; it takes minutes, once\n");
        io::stderr().write_all(told.as_bytes())?;
    }
    let mut go = Command::new("go");
    go.args(["build", "-mod=readonly", "-buildvcs=false", "-trimpath"]);
    go.args(["-ldflags=-s -w", "-o"]).arg(&program).arg(".");
    go.current_dir(source)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off");
    let done = go.output()?;
    if done.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let why = format!("go cannot build {name}: {said}");
    Err(io::Error::other(why))
}

/// The folder that Cargo builds in.
fn target_folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root.join(folder),
        None => root.join("target"),
    }
}
