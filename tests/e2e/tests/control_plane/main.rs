//! What is tested on a real control plane.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test without a control plane, or with another answer, should fail"
)]

use std::process::ExitCode;

use portcullis_e2e::harness;

mod apply;
mod context;
mod control_plane;
mod kyverno;
mod migrate;
mod portcullis;
mod repository;
mod sync;
mod sync_controller;

fn main() -> ExitCode {
    harness::run(
        &[
            apply::ALL,
            context::ALL,
            control_plane::ALL,
            migrate::ALL,
            sync::ALL,
            sync_controller::ALL,
        ]
        .concat(),
    )
}
