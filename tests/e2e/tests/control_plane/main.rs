//! What is tested on a real control plane.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test without a control plane, or with another answer, should fail"
)]

use std::{env, ffi::OsString, process::ExitCode};

use portcullis_e2e::harness;

mod apply;
mod chart;
mod context;
mod control_plane;
mod kyverno;
mod lifecycle;
mod limits;
mod load;
mod migrate;
mod migrated_policies;
mod native_policies;
mod no_deadlock;
mod one_sentence;
mod portcullis;
mod reports;
mod repository;
mod survival;
mod sync;
mod sync_bad_input;
mod sync_controller;
mod sync_process;
mod sync_slow;
mod sync_survival;
mod sync_trouble;
mod takeover;
mod webhook;
mod webhook_process;

fn main() -> ExitCode {
    // Tests that kill a binary start this program in its place.
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let name = arguments.first().and_then(|name| name.to_str());
    if name == Some(webhook_process::NAME) {
        return portcullis_webhook::command_line::main_with(arguments);
    }
    if name == Some("portcullis-sync") {
        return portcullis_sync::command_line::run(arguments);
    }
    harness::run(
        &[
            apply::ALL,
            chart::ALL,
            context::ALL,
            control_plane::ALL,
            lifecycle::ALL,
            limits::ALL,
            migrate::ALL,
            migrated_policies::ALL,
            native_policies::ALL,
            no_deadlock::ALL,
            one_sentence::ALL,
            reports::ALL,
            survival::ALL,
            sync::ALL,
            sync_bad_input::ALL,
            sync_controller::ALL,
            sync_slow::ALL,
            sync_survival::ALL,
            sync_trouble::ALL,
            takeover::ALL,
            webhook::ALL,
        ]
        .concat(),
    )
}
