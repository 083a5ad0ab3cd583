//! Entry point of `portcullis-sync`: the controller of PolicySources.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    portcullis_sync::command_line::run(env::args_os().collect())
}
