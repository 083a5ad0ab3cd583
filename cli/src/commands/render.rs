//! `portcullis render [ENVIRONMENT]…`: the bundle of an environment, as one stream of YAML.

use std::{fs, io, path::PathBuf};

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Severity},
    environment::{self, Environment},
    library, readme, render,
    workspace::Workspace,
};

use crate::{
    commands::{output_file, workspace_argument::WorkspaceArgument},
    exit_status::ExitStatus,
    output::console::Console,
};

/// Write every policy and exception that holds in an environment.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis render production")]
pub struct Args {
    /// The environments; all of them when absent.
    pub environments: Vec<String>,
    /// The same, as an option.
    #[arg(long = "env", value_name = "ENVIRONMENT")]
    pub named: Vec<String>,
    /// Write `FOLDER/<environment>.yaml` instead of standard output.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Write the README of each policy of the library instead, from its annotations and parameters.
    #[arg(long, conflicts_with_all = ["environments", "named", "output"])]
    pub readmes: bool,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let (bundles, faults) = match args.workspace.load() {
        Ok(workspace) if args.readmes => return write_readmes(&workspace, console),
        Ok(workspace) => bundles(args, &workspace),
        Err(faults) => (Vec::new(), faults),
    };
    console.tell(&faults)?;
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Ok(ExitStatus::Error);
    }
    for (name, text) in bundles {
        let file = args.output.as_ref();
        let file = file.map(|folder| folder.join(format!("{name}.yaml")));
        let status = output_file::answer(&text, file.as_deref(), console)?;
        if status != ExitStatus::Success {
            return Ok(status);
        }
    }
    Ok(ExitStatus::Success)
}

fn write_readmes(workspace: &Workspace, console: &mut Console) -> io::Result<ExitStatus> {
    let (library, mut faults) = library::load(workspace);
    let (outdated, found) = readme::outdated(workspace, &library);
    faults.extend(found);
    for (path, text) in outdated {
        match fs::write(&path, text) {
            Ok(()) => console.talk(&format!("wrote {}\n", workspace.shown(&path).display()))?,
            Err(error) => faults.push(Diagnostic::unreadable(&path, &error)),
        }
    }
    console.tell(&faults)?;
    Ok(ExitStatus::of(&faults))
}

fn bundles(args: &Args, workspace: &Workspace) -> (Vec<(String, String)>, Vec<Diagnostic>) {
    let (library, mut faults) = library::load(workspace);
    let (environments, found) = environment::load_all(workspace);
    faults.extend(found);
    let names: Vec<&str> = environments.iter().map(|one| one.name.as_str()).collect();
    let asked = [args.environments.as_slice(), args.named.as_slice()].concat();
    faults.extend(unknown(&asked, &names));
    let wanted = |one: &&Environment| asked.is_empty() || asked.contains(&one.name);
    let bundles = environments.iter().filter(wanted).map(|environment| {
        let (bundle, found) = render::render(workspace, &library, environment);
        faults.extend(found);
        (environment.name.clone(), bundle.to_yaml())
    });
    (bundles.collect(), faults)
}

/// Names that no environment has.
pub(crate) fn unknown(wanted: &[String], names: &[&str]) -> Vec<Diagnostic> {
    let missing = wanted.iter().filter(|name| !names.contains(&name.as_str()));
    missing
        .map(|name| {
            Diagnostic::error(format!("there is no environment `{name}`"))
                .help(format!("there are: {}", names.join(", ")))
        })
        .collect()
}
