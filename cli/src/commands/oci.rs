//! `portcullis oci push|pull`: policies in registries, in the form that Kyverno keeps them in.

mod pull;
mod push;

use std::io;

use clap::Subcommand;
use portcullis_pipeline::diagnostic::Diagnostic;
use portcullis_values::image_ref::{RegistryReference, Strictness};

use crate::{exit_status::ExitStatus, output::console::Console};

/// Keep policies in a registry, or fetch them from there.
///
/// Credentials are those of `docker login`, with its credential helpers, of Podman, or of
/// `PORTCULLIS_REGISTRY_USERNAME` and `PORTCULLIS_REGISTRY_PASSWORD`.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis oci push policies/ --image ghcr.io/shop/policies:1.0\n  portcullis oci pull --image ghcr.io/shop/policies:1.0 fetched/",
    after_help = "Exit codes: 0 done, 2 the tool could not do it."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Keep the policies of files and folders in a registry.
    Push(push::Args),
    /// Write the policies of an image into a folder.
    Pull(pull::Args),
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let done = match &args.what {
        What::Push(args) => push::run(args, console)?,
        What::Pull(args) => pull::run(args, console)?,
    };
    let Err(faults) = done else {
        return Ok(ExitStatus::Success);
    };
    console.tell(&faults)?;
    Ok(ExitStatus::Error)
}

/// What a subcommand came to: nothing more to say, or what hinders it.
type Done = Result<(), Vec<Diagnostic>>;

fn image(text: &str) -> Result<RegistryReference, String> {
    let read = RegistryReference::parse(text, Strictness::Weak);
    read.map_err(|error| format!("{error}; write it as `REGISTRY/REPOSITORY:TAG`"))
}
