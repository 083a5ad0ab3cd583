//! The library behind the `portcullis` binary: the commands, and all that prints.
//!
//! [`run`] takes arguments and a [`Console`], so that a test can call a command and read what it
//! says. Only `output` writes to the terminal.

pub mod command_line;
pub mod commands;
pub mod exit_status;
pub mod output;

use std::{
    ffi::OsString,
    io::{self, ErrorKind},
    process::ExitCode,
};

use clap::Parser;

use crate::{command_line::CommandLine, exit_status::ExitStatus, output::console::Console};

/// Runs the command of this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let status = run(std::env::args_os().collect(), &mut Console::of_process());
    ExitCode::from(status.code())
}

/// Runs a command; the first argument is the program's name.
#[must_use]
pub fn run(arguments: Vec<OsString>, console: &mut Console) -> ExitStatus {
    let done = match CommandLine::try_parse_from(arguments) {
        Ok(line) => {
            console.colour(line.color);
            line.command.run(console)
        }
        Err(error) => refuse(&error, console),
    };
    let done = done.and_then(|status| console.flush().map(|()| status));
    done.unwrap_or_else(|error| after_failed_write(&error, console))
}

/// Help is an answer; a line that cannot be understood is an error.
fn refuse(error: &clap::Error, console: &mut Console) -> io::Result<ExitStatus> {
    if error.use_stderr() {
        console.talk(&error.render().to_string())?;
        Ok(ExitStatus::Error)
    } else {
        console.data(&error.render().to_string())?;
        Ok(ExitStatus::Success)
    }
}

/// What a shell says of a program that ended because nobody reads its answer.
const NOT_READ: ExitStatus = ExitStatus::Code(128 + 13);

/// A reader that has seen enough, such as `head`, need not be told; but what it did not read may be that
/// a policy failed, so this is no success.
fn after_failed_write(error: &io::Error, console: &mut Console) -> ExitStatus {
    if error.kind() == ErrorKind::BrokenPipe {
        return NOT_READ;
    }
    // Where standard error is gone too, the exit code is all that is left to say.
    console.talk(&format!("error: {error}\n")).ok();
    ExitStatus::Error
}
