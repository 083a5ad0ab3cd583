//! `portcullis man`: the manual pages of the program and of each command.

use std::{io, path::PathBuf};

use clap_mangen::Man;

use crate::{commands::output_file, exit_status::ExitStatus, output::console::Console};

/// Write the manual page of the program, or a page for it and for each command.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis man | man -l -")]
pub struct Args {
    /// Write `portcullis.1`, `portcullis-verify.1` and so on into this folder.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
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
    program.build();
    let Some(folder) = &args.output else {
        console.data(&page(&program)?)?;
        return Ok(ExitStatus::Success);
    };
    for (name, text) in pages(&program, "")? {
        let status = output_file::write(&folder.join(name), &text, console)?;
        if status != ExitStatus::Success {
            return Ok(status);
        }
    }
    Ok(ExitStatus::Success)
}

/// The pages of a command and of those below it, by file name.
fn pages(command: &clap::Command, above: &str) -> io::Result<Vec<(String, String)>> {
    let name = format!("{above}{}", command.get_name());
    let mut pages = vec![(format!("{name}.1"), page(command)?)];
    for below in command.get_subcommands() {
        pages.extend(pages_below(below, &name)?);
    }
    Ok(pages)
}

fn pages_below(command: &clap::Command, above: &str) -> io::Result<Vec<(String, String)>> {
    pages(command, &format!("{above}-"))
}

fn page(command: &clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
