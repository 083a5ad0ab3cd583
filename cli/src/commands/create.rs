//! `portcullis create exception|metrics-config|role|test|user-info|values`: writes a document from
//! its flags, to standard output or to the file of `-o`.

mod exception;
mod metrics_config;
mod pairs;
mod role;
mod test;
mod user_info;
mod values;

use std::{io, path::PathBuf};

use clap::Subcommand;
use serde::Serialize;

use crate::{commands::output_file, exit_status::ExitStatus, output::console::Console};

/// The group and version of the files that suites are made of.
const CLI_API_VERSION: &str = "cli.kyverno.io/v1alpha1";

/// Create an exception, a suite, values, a user, a role or the settings of metrics.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create exception legacy --namespace shop --policy-rules require-labels,app --any kind=Pod,name=legacy-*"
)]
pub struct Args {
    /// What to create.
    #[command(subcommand)]
    pub what: What,
}

/// What can be created.
#[derive(Debug, Subcommand)]
pub enum What {
    /// A PolicyException.
    Exception(exception::Args),
    /// The ConfigMap that says for which namespaces Kyverno counts metrics.
    MetricsConfig(metrics_config::Args),
    /// A ClusterRole that Kyverno's controllers get the rights of.
    #[command(visible_alias = "cluster-role")]
    Role(role::Args),
    /// A test suite.
    Test(test::Args),
    /// A file that says who makes the requests of a test.
    UserInfo(user_info::Args),
    /// A file of values for variables.
    Values(values::Args),
}

/// Where the document goes.
#[derive(Debug, clap::Args)]
pub struct Output {
    /// Write to this file instead of standard output.
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    match &args.what {
        What::Exception(args) => {
            console.tell(&args.advice())?;
            write(&args.exception(), &args.output, console)
        }
        What::MetricsConfig(args) => write(&args.config_map(), &args.output, console),
        What::Role(args) => write(&args.cluster_role(), &args.output, console),
        What::Test(args) => write(&args.suite(), &args.output, console),
        What::UserInfo(args) => write(&args.user_info(), &args.output, console),
        What::Values(args) => write(&args.values(), &args.output, console),
    }
}

fn write(
    document: &impl Serialize,
    output: &Output,
    console: &mut Console,
) -> io::Result<ExitStatus> {
    let text = portcullis_yaml::write_document(document).map_err(io::Error::other)?;
    output_file::answer(&text, output.file.as_deref(), console)
}
