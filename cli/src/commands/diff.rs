//! `portcullis diff [A..B]`: what changes for each environment between two states of a workspace.

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use portcullis_pipeline::{
    diagnostic::{Diagnostic, Severity},
    diff::{self, Direction, EnvironmentDiff, Revision},
    library,
    render::{self, Bundle},
    workspace::Workspace,
};

use crate::{
    commands::workspace_argument::WorkspaceArgument,
    exit_status::ExitStatus,
    output::{console::Console, differences},
};

/// Tell, for each environment, which policies and exceptions are added, removed or changed, and whether
/// that is stricter or looser, where it can be told.
///
/// What is compared is what an environment gets, so a change of a value or of an exclusion shows as a
/// change of the policies that it reaches. `unclear` means that it may be stricter, looser or both.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis diff main..HEAD",
    after_help = "Exit codes: 0 the states could be compared, whatever differs; 1 something differs that `--fail-on` names; 2 they could not be compared."
)]
pub struct Args {
    /// `A..B`, two revisions; `A`, a revision and the files as they are; or two folders, each a
    /// workspace. `HEAD` and the files as they are when absent.
    #[arg(value_name = "CHANGE", num_args = 0..=2)]
    pub change: Vec<String>,
    /// Only these environments.
    #[arg(short, long = "env", value_name = "ENVIRONMENT")]
    pub environments: Vec<String>,
    /// Exit with 1 when there is such a difference, with or without others.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

/// Which difference is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any.
    Change,
    /// One that is looser.
    Looser,
    /// One that is looser, or may be.
    MaybeLooser,
}

/// How the differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// JSON, as `schemas/output/diff.json` describes it.
    Json,
    /// Markdown, for a comment on a change.
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let found = states(args).and_then(|(before, after)| {
        known(args, &before, &after)?;
        Ok(diff::compare(&before, &after))
    });
    let mut differences = match found {
        Ok(differences) => differences,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(ExitStatus::Error);
        }
    };
    let wanted = |one: &EnvironmentDiff| {
        args.environments.is_empty() || args.environments.contains(&one.environment)
    };
    differences.retain(wanted);
    console.data(&match args.format {
        Format::Table => differences::text(&differences),
        Format::Json => differences::json(&differences),
        Format::Markdown => differences::markdown(&differences),
    })?;
    Ok(status(args.fail_on, &differences))
}

fn status(fail_on: Option<FailOn>, environments: &[EnvironmentDiff]) -> ExitStatus {
    let has = |direction| {
        let mut all = environments.iter().flat_map(|one| &one.differences);
        all.any(|difference| difference.directions().contains(&direction))
    };
    let fails = match fail_on {
        None => false,
        Some(FailOn::Change) => environments.iter().any(|one| !one.differences.is_empty()),
        Some(FailOn::Looser) => has(Direction::Looser),
        Some(FailOn::MaybeLooser) => has(Direction::Looser) || has(Direction::Unclear),
    };
    if fails {
        ExitStatus::Failure
    } else {
        ExitStatus::Success
    }
}

/// The bundles of both states.
fn states(args: &Args) -> Result<(Vec<Bundle>, Vec<Bundle>), Vec<Diagnostic>> {
    if let [before, after] = args.change.as_slice() {
        return Ok((in_folder(before)?, in_folder(after)?));
    }
    let workspace = args.workspace.load()?;
    let change = args.change.first().map_or("HEAD", String::as_str);
    match change.split_once("..") {
        None => Ok((at_revision(&workspace, change)?, bundles(&workspace)?)),
        Some((before, after)) => {
            let [before, after] = [before, after.trim_start_matches('.')].map(named);
            Ok((
                at_revision(&workspace, before)?,
                at_revision(&workspace, after)?,
            ))
        }
    }
}

/// `A..` and `..B` leave `HEAD` unsaid, as git has it.
fn named(revision: &str) -> &str {
    if revision.is_empty() {
        "HEAD"
    } else {
        revision
    }
}

fn in_folder(folder: &str) -> Result<Vec<Bundle>, Vec<Diagnostic>> {
    let folder = PathBuf::from(folder);
    bundles(&Workspace::load(&folder, &folder)?)
}

fn at_revision(workspace: &Workspace, name: &str) -> Result<Vec<Bundle>, Vec<Diagnostic>> {
    let root: &Path = &workspace.root;
    let revision = Revision::find(root, name).map_err(|fault| vec![fault])?;
    let (workspace, _folder) = revision.workspace()?;
    bundles(&workspace)
}

fn bundles(workspace: &Workspace) -> Result<Vec<Bundle>, Vec<Diagnostic>> {
    let (library, mut faults) = library::load(workspace);
    let (bundles, found) = render::render_all(workspace, &library);
    faults.extend(found);
    faults.retain(|fault| fault.severity == Severity::Error);
    if faults.is_empty() {
        Ok(bundles)
    } else {
        Err(faults)
    }
}

/// Whether each environment that is asked for is in one of the states.
fn known(args: &Args, before: &[Bundle], after: &[Bundle]) -> Result<(), Vec<Diagnostic>> {
    let names = || before.iter().chain(after).map(|one| &one.environment);
    let missing = args
        .environments
        .iter()
        .filter(|name| !names().any(|one| one == *name));
    let faults: Vec<Diagnostic> = missing
        .map(|name| {
            let mut names: Vec<&str> = names().map(String::as_str).collect();
            names.sort_unstable();
            names.dedup();
            Diagnostic::error(format!("there is no environment `{name}` in either state"))
                .help(format!("there are: {}", names.join(", ")))
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}
