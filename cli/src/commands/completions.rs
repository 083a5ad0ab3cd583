//! `portcullis completions SHELL`: a script that lets a shell complete commands and flags.

use std::io;

use clap_complete::Shell;

use crate::{exit_status::ExitStatus, output::console::Console};

/// Write a script that completes commands and flags, for a shell to read.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis completions bash > ~/.local/share/bash-completion/completions/portcullis"
)]
pub struct Args {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the command for a program of a definition.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(
    args: &Args,
    mut program: clap::Command,
    console: &mut Console,
) -> io::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "portcullis", &mut script);
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Success)
}
