//! What is tested on a real control plane.
#![expect(
    clippy::unwrap_used,
    reason = "a test without a control plane should fail"
)]

use std::process::ExitCode;

use portcullis_e2e::harness;

mod control_plane;
mod migrate;
mod portcullis;

fn main() -> ExitCode {
    harness::run(&[control_plane::ALL, migrate::ALL].concat())
}
