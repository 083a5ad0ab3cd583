//! `portcullis version`: which build this is.

use std::io;

use clap::ValueEnum;
use serde_json::json;

use crate::{exit_status::ExitStatus, output::console::Console};

/// Tell which build this is.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis version -o json")]
pub struct Args {
    /// The format; plain lines when absent.
    #[arg(
        short,
        long,
        visible_alias = "format",
        value_enum,
        value_name = "FORMAT"
    )]
    pub output: Option<VersionFormat>,
}

/// The formats of `version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VersionFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let version = env!("CARGO_PKG_VERSION");
    let schemas = portcullis_schema::VERSIONS.iter();
    let schemas: Vec<&str> = schemas.map(|(version, _)| *version).collect();
    let text = match args.output {
        None => format!(
            "Version: {version}\nKubernetes schemas: {}\n",
            schemas.join(", ")
        ),
        Some(VersionFormat::Json) => {
            format!(
                "{:#}\n",
                json!({"version": version, "kubernetesSchemas": schemas})
            )
        }
        Some(VersionFormat::Yaml) => {
            format!("version: {version}\nkubernetesSchemas: {schemas:?}\n")
        }
    };
    console.data(&text)?;
    Ok(ExitStatus::Success)
}
