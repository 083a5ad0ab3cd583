//! What is tested on real servers: git's own, and the registry of the distribution project.
#![expect(clippy::unwrap_used, reason = "a test without its server should fail")]

use std::process::ExitCode;

use portcullis_e2e::servers;

mod git;

fn main() -> ExitCode {
    servers::run(&[git::ALL].concat())
}
