//! `portcullis compile [--to KIND] PATH…`: policies as those that the API server evaluates itself.

use std::{io, path::PathBuf};

use portcullis_pipeline::native_policies::{self, Choice, NativeKind};

use crate::{commands::output_file, exit_status::ExitStatus, output::console::Console};

/// Write the ValidatingAdmissionPolicies and MutatingAdmissionPolicies that Kyverno would generate.
///
/// Each stands with the binding that puts it into effect. A ClusterPolicy is translated whose only rule
/// is `validate.cel` with `generate: true`; a ValidatingPolicy or MutatingPolicy that asks for it under
/// `autogen`, and has no rules for pod controllers. Exceptions among the files become a part of the
/// native policy. What cannot be translated is listed, with the reason.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis compile --to vap policies/",
    after_help = "\
Exit codes: 0 every policy has been translated; 1 one cannot be; 2 a file could not be used."
)]
pub struct Args {
    /// Files and folders of policies and exceptions.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only policies of this kind.
    #[arg(long, value_enum, value_name = "KIND")]
    pub to: Option<Kind>,
    /// Policies, too, that do not ask for it.
    #[arg(long)]
    pub all: bool,
    /// Files and folders of CustomResourceDefinitions, for the resources of their kinds.
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub crds: Vec<PathBuf>,
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A kind of native policies.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Kind {
    /// ValidatingAdmissionPolicy.
    Vap,
    /// MutatingAdmissionPolicy.
    Map,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let kind = args.to.map(|kind| match kind {
        Kind::Vap => NativeKind::Validating,
        Kind::Map => NativeKind::Mutating,
    });
    let choice = Choice {
        kind,
        all: args.all,
    };
    let found = native_policies::compile(&args.paths, &args.crds, choice);
    let texts = found.objects.iter().map(portcullis_yaml::write);
    let text = texts.collect::<Vec<_>>().join("---\n");
    let mut status = ExitStatus::Success;
    if !text.is_empty() {
        status = output_file::answer(&text, args.output.as_deref(), console)?;
    }
    console.tell(&found.obstacles)?;
    console.tell(&found.faults)?;
    console.talk(&format!(
        "{} of {} policies translated\n",
        found.translated, found.policies
    ))?;
    if !found.faults.is_empty() {
        return Ok(ExitStatus::Error);
    }
    Ok(status.max(match found.obstacles.as_slice() {
        [] => ExitStatus::Success,
        _ => ExitStatus::Failure,
    }))
}
