//! `portcullis new workspace|policy|environment|exception`: starts one, ready to pass its checks.
//!
//! A file that is there already is never written over.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use portcullis_pipeline::{
    diagnostic::Diagnostic,
    environment::{self, Environment},
    library, readme,
    scaffold::{self, NewFile, PolicyKind},
    workspace::Workspace,
};

use crate::{
    commands::workspace_argument::WorkspaceArgument, exit_status::ExitStatus,
    output::console::Console,
};

/// Start a workspace, a policy with its test, an environment or an exception.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis new policy best-practices/require-owner")]
pub struct Args {
    /// What to start.
    #[command(subcommand)]
    pub what: What,
}

/// What can be started.
#[derive(Debug, Subcommand)]
pub enum What {
    /// A workspace with a policy and an environment.
    #[command(before_help = "Example:\n  portcullis new workspace my-policies")]
    Workspace {
        /// The folder.
        folder: PathBuf,
    },
    /// A policy with its parameters and its test.
    #[command(
        before_help = "Example:\n  portcullis new policy best-practices/require-owner --kind ValidatingPolicy"
    )]
    Policy {
        /// `<set>/<policy>`.
        name: String,
        /// Its kind.
        #[arg(short, long, value_enum, default_value_t)]
        kind: Kind,
        /// The workspace.
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// An environment with every set of the library.
    #[command(before_help = "Example:\n  portcullis new environment canary")]
    Environment {
        /// The name.
        name: String,
        /// The workspace.
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// An exception from a policy in an environment.
    #[command(
        before_help = "Example:\n  portcullis new exception log-agent --environment production --policy pod-security/disallow-host-path --expires 2027-06-30"
    )]
    Exception {
        /// The name.
        name: String,
        /// The environment.
        #[arg(short, long)]
        environment: String,
        /// `<set>/<policy>`.
        #[arg(short, long)]
        policy: String,
        /// The day on which it ends, such as `2027-06-30`.
        #[arg(long, value_name = "DATE")]
        expires: String,
        /// The workspace.
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
}

/// The kinds of policies that can be started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Patterns, and conditions in JMESPath.
    #[default]
    #[value(name = "ClusterPolicy")]
    Cluster,
    /// Expressions in CEL.
    #[value(name = "ValidatingPolicy")]
    Validating,
}

impl Kind {
    fn scaffold(self) -> PolicyKind {
        match self {
            Kind::Cluster => PolicyKind::ClusterPolicy,
            Kind::Validating => PolicyKind::ValidatingPolicy,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let written = plan(&args.what).and_then(|(root, files)| {
        let mut paths = write(&root, &files).map_err(|fault| vec![fault])?;
        paths.extend(write_readmes(&root, &paths)?);
        Ok(paths)
    });
    match written {
        Ok(paths) => {
            for path in paths {
                console.data(&format!("{}\n", path.display()))?;
            }
            if let What::Policy {
                name, workspace, ..
            } = &args.what
            {
                console.tell(&taken_in_by_none(name, workspace))?;
            }
            Ok(ExitStatus::Success)
        }
        Err(faults) => {
            console.tell(&faults)?;
            Ok(ExitStatus::Error)
        }
    }
}

/// The folder and the files to write below it.
fn plan(what: &What) -> Result<(PathBuf, Vec<NewFile>), Vec<Diagnostic>> {
    let refused = |error: scaffold::ScaffoldError| vec![Diagnostic::error(error.to_string())];
    match what {
        What::Workspace { folder } => Ok((folder.clone(), scaffold::workspace())),
        What::Policy {
            name,
            kind,
            workspace,
        } => {
            let workspace = workspace.load()?;
            let folder = workspace.file.value.spec.library().to_owned();
            let files = scaffold::policy(&folder, name, kind.scaffold(), schemas(&workspace));
            Ok((workspace.shown_root, files.map_err(refused)?))
        }
        What::Environment { name, workspace } => {
            let workspace = workspace.load()?;
            let (library, _) = library::load(&workspace);
            let sets: Vec<&str> = library.sets.iter().map(String::as_str).collect();
            let folder = workspace.file.value.spec.environments_path().to_owned();
            let files = scaffold::environment(&folder, name, &sets, schemas(&workspace));
            Ok((workspace.shown_root.clone(), files.map_err(refused)?))
        }
        What::Exception {
            name,
            environment,
            policy,
            expires,
            workspace,
        } => {
            let workspace = workspace.load()?;
            check_exception(&workspace, environment, policy, expires)?;
            let folder = workspace.file.value.spec.environments_path().to_owned();
            let schemas = schemas(&workspace);
            let files = scaffold::exception(&folder, environment, name, policy, expires, schemas);
            Ok((workspace.shown_root, files.map_err(refused)?))
        }
    }
}

/// A warning where no environment takes in the set of a policy, so that it is tested and never rendered.
fn taken_in_by_none(policy: &str, workspace: &WorkspaceArgument) -> Vec<Diagnostic> {
    let (Ok(workspace), Some((set, _))) = (workspace.load(), policy.split_once('/')) else {
        return Vec::new();
    };
    let (environments, _) = environment::load_all(&workspace);
    let takes_in = |one: &Environment| one.file.value.spec.sets.iter().any(|one| one == set);
    if environments.is_empty() || environments.iter().any(takes_in) {
        return Vec::new();
    }
    let warning = Diagnostic::warning(format!("no environment takes in the set `{set}`"));
    vec![warning.help(format!("add `{set}` to `spec.sets` of an environment.yaml"))]
}

/// The folder of the editor's schemas, where the workspace has one.
fn schemas(workspace: &Workspace) -> Option<&'static str> {
    let folder = workspace.root.join(scaffold::SCHEMAS);
    folder.is_dir().then_some(scaffold::SCHEMAS)
}

fn check_exception(
    workspace: &Workspace,
    environment: &str,
    policy: &str,
    expires: &str,
) -> Result<(), Vec<Diagnostic>> {
    let mut faults = Vec::new();
    if !workspace.environments().join(environment).is_dir() {
        let fault = Diagnostic::error(format!("there is no environment `{environment}`"));
        faults.push(fault.help(format!(
            "start it with `portcullis new environment {environment}`"
        )));
    }
    let (library, _) = library::load(workspace);
    if !library.policies.contains_key(policy) {
        let fault = Diagnostic::error(format!("there is no policy `{policy}` in the library"));
        faults.push(fault.help("write `<set>/<policy>`, as the folders of the library are named"));
    }
    if !is_date(expires) {
        let fault = Diagnostic::error(format!("`{expires}` is no date"));
        faults.push(fault.help("write year, month and day, such as `2027-06-30`"));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

fn is_date(text: &str) -> bool {
    let mut shape = text.bytes().zip("dddd-dd-dd".bytes());
    let fits = shape.all(|(byte, wanted)| match wanted {
        b'd' => byte.is_ascii_digit(),
        _ => byte == wanted,
    });
    let number = |range| {
        text.get(range)
            .and_then(|part: &str| part.parse::<u8>().ok())
    };
    fits && text.len() == 10
        && number(5..7).is_some_and(|month| (1..=12).contains(&month))
        && number(8..10).is_some_and(|day| (1..=31).contains(&day))
}

/// Writes the files, or none of them where one is there already.
fn write(root: &Path, files: &[NewFile]) -> Result<Vec<PathBuf>, Diagnostic> {
    let paths: Vec<PathBuf> = files.iter().map(|file| root.join(&file.path)).collect();
    if let Some(path) = paths.iter().find(|path| path.exists()) {
        let fault = format!("{} is there already", path.display());
        return Err(Diagnostic::error(fault).help("choose another name, or remove the file first"));
    }
    for (path, file) in paths.iter().zip(files) {
        write_file(path, &file.text).map_err(|error| {
            Diagnostic::error(format!("{}: cannot be written: {error}", path.display()))
        })?;
    }
    Ok(paths)
}

/// Writes the README of each policy that was written.
fn write_readmes(root: &Path, written: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let templates = written
        .iter()
        .filter(|path| path.ends_with(library::TEMPLATE));
    let folders: Vec<&Path> = templates.filter_map(|path| path.parent()).collect();
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    let workspace = Workspace::load(root, root)?;
    let (library, _) = library::load(&workspace);
    let (mut readmes, _) = readme::outdated(&workspace, &library);
    let is_new = |path: &Path| {
        path.parent()
            .is_some_and(|folder| folders.contains(&folder))
    };
    readmes.retain(|(path, _)| is_new(path) && !path.exists());
    let readmes = readmes.into_iter();
    readmes
        .map(|(path, text)| match write_file(&path, &text) {
            Ok(()) => Ok(path),
            Err(error) => Err(vec![Diagnostic::unreadable(&path, &error)]),
        })
        .collect()
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(text.as_bytes())
}
