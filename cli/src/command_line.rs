//! The command line: `portcullis [--color WHEN] COMMAND`.

use std::io;

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    commands::{
        apply, compile, completions, create, diff, docs, exceptions, explain, fix, jp, man,
        migrate, new, oci, render, sync, test, validate, verify, version,
    },
    exit_status::ExitStatus,
    output::console::{Console, When},
};

/// Render, validate and try Kubernetes policies.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    disable_help_subcommand = true,
    before_help = "Example:\n  portcullis validate",
    after_help = "Exit codes: 0 success, 1 a policy or test failed, 2 the tool could not do it."
)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub color: When,
}

/// The commands with their flags, for whoever documents or completes them.
#[must_use]
pub fn definition() -> clap::Command {
    CommandLine::command()
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Render, validate and test every policy for every environment.
    Verify(verify::Args),
    /// Run the suites in files and folders.
    Test(test::Args),
    /// Apply policies to manifests.
    Apply(Box<apply::Args>),
    /// Write the bundle of an environment.
    Render(render::Args),
    /// Tell what changes between two states of a workspace, and whether it is stricter or looser.
    Diff(diff::Args),
    /// Tell why a policy says what it says of a resource.
    Explain(explain::Args),
    /// Check a workspace, or manifests, against schemas.
    Validate(validate::Args),
    /// List the exceptions, and whether each is still needed.
    Exceptions(exceptions::Args),
    /// Start a workspace, a policy, an environment or an exception.
    New(new::Args),
    /// Create an exception, a suite, values, a user, a role or the settings of metrics.
    Create(create::Args),
    /// Write the native policies that Kyverno would generate.
    Compile(compile::Args),
    /// Write the objects of custom resources anew, in the version that a cluster stores.
    Migrate(migrate::Args),
    /// Bring a revision of a repository into a cluster, or tell what that would do.
    Sync(Box<sync::Args>),
    /// Make older forms of policies and test suites new.
    Fix(fix::Args),
    /// Keep policies in a registry, or fetch them from there.
    Oci(oci::Args),
    /// Try a JMESPath expression.
    Jp(jp::Args),
    /// Write a script that completes commands and flags.
    Completions(completions::Args),
    /// Write the manual pages.
    Man(man::Args),
    /// Write the reference of the command line in Markdown.
    Docs(docs::Args),
    /// Tell which build this is.
    Version(version::Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// Where the answer cannot be written.
    pub fn run(self, console: &mut Console) -> io::Result<ExitStatus> {
        match self {
            Command::Apply(args) => apply::run(&args, console),
            Command::Verify(args) => verify::run(&args, console),
            Command::Test(args) => test::run(&args, console),
            Command::Render(args) => render::run(&args, console),
            Command::Diff(args) => diff::run(&args, console),
            Command::Validate(args) => validate::run(&args, console),
            Command::Exceptions(args) => exceptions::run(&args, console),
            Command::New(args) => new::run(&args, console),
            Command::Create(args) => create::run(&args, console),
            Command::Compile(args) => compile::run(&args, console),
            Command::Migrate(args) => migrate::run(&args, console),
            Command::Sync(args) => sync::run(&args, console),
            Command::Fix(args) => fix::run(&args, console),
            Command::Oci(args) => oci::run(&args, console),
            Command::Jp(args) => jp::run(&args, console),
            Command::Explain(args) => explain::run(&args, console),
            Command::Completions(args) => completions::run(&args, definition(), console),
            Command::Man(args) => man::run(&args, definition(), console),
            Command::Docs(args) => docs::run(&args, definition(), console),
            Command::Version(args) => version::run(&args, console),
        }
    }
}
