//! What is tested on real servers: git's own, and the registry of the distribution project.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test without its server, or with another answer, should fail"
)]

use std::process::ExitCode;

use portcullis_e2e::servers;

mod git;
mod registry;

fn main() -> ExitCode {
    servers::run(&[git::ALL, registry::ALL].concat())
}
