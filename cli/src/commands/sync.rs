//! `portcullis sync URL --once|--plan`, and `portcullis sync status`: what a revision of a repository
//! makes of a cluster.

use std::{io, time::Duration};

use portcullis_pipeline::diagnostic::Diagnostic;

use portcullis_sync::{
    claims::Claims,
    inventory::Inventory,
    plan::Plan,
    reconcile::{self, Options},
    revision,
    source::{self, Part, Source},
    sync_error::SyncError,
};

use crate::{
    commands::{
        clock,
        cluster_connection::{ClusterConnection, duration},
        remote::{self, RemoteOptions},
    },
    exit_status::ExitStatus,
    output::console::Console,
};

mod status;

/// How many objects are asked for or written at a time.
const CONCURRENCY: usize = 8;

/// Bring a revision of a repository into a cluster, or tell what that would do.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_help = "Example:\n  portcullis sync https://github.com/owner/policies --environment production --plan",
    after_help = "\
The commit must pass `portcullis verify`. It is refused where it deletes or weakens more than one object or a tenth of
its objects, unless its message ends with `Portcullis-Allow: prune=N weaken=N`. Nothing is written before the server has
tried every object. What others changed is put back."
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    pass: PassArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Tell what was synced into a cluster.
    Status(status::Args),
}

#[derive(Debug, clap::Args)]
struct PassArgs {
    /// The repository, or the folder of a workspace in it.
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Write once what the revision wants.
    #[arg(long, conflicts_with = "plan")]
    once: bool,
    /// Only tell what would be written and deleted.
    #[arg(long)]
    plan: bool,
    /// The environment of the workspace.
    #[arg(short, long, value_name = "NAME", conflicts_with = "path")]
    environment: Option<String>,
    /// A folder of manifests in the repository, instead of an environment.
    #[arg(long, value_name = "FOLDER")]
    path: Option<String>,
    /// The name of the source: objects belong to the source that wrote them.
    #[arg(long, value_name = "NAME", default_value = "default")]
    name: String,
    /// The namespace that the inventory is kept in.
    #[arg(long, value_name = "NAMESPACE", default_value = "portcullis")]
    inventory_namespace: String,
    /// How long objects may take to be ready, stage by stage.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    wait: Duration,
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(flatten)]
    cluster: ClusterConnection,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    if let Some(Command::Status(args)) = &args.command {
        return status::run(args, console);
    }
    let args = &args.pass;
    match pass(args) {
        Ok((plan, inventory)) => {
            console.data(&told(args, &plan, &inventory))?;
            Ok(ExitStatus::Success)
        }
        Err(Stop::Diagnostics(faults)) => {
            console.tell(&faults)?;
            Ok(ExitStatus::Error)
        }
        Err(Stop::Sync(error)) => {
            let status = match &error {
                SyncError::Gate { findings, .. } => ExitStatus::of(findings),
                SyncError::Refused { .. } | SyncError::Allowance { .. } => ExitStatus::Failure,
                _ => ExitStatus::Error,
            };
            match error {
                SyncError::Source(error) => console.tell(&[remote::unusable(error)])?,
                error => console.tell(&error.diagnostics())?,
            }
            Ok(status)
        }
    }
}

/// Why a pass is not made.
enum Stop {
    Diagnostics(Vec<Diagnostic>),
    Sync(SyncError),
}

impl From<Diagnostic> for Stop {
    fn from(fault: Diagnostic) -> Stop {
        Stop::Diagnostics(vec![fault])
    }
}

impl From<SyncError> for Stop {
    fn from(error: SyncError) -> Stop {
        Stop::Sync(error)
    }
}

fn pass(args: &PassArgs) -> Result<(Plan, Inventory), Stop> {
    let source = source(args)?;
    let cluster = args.cluster.connect(CONCURRENCY)?;
    let now = clock::now()?;
    let checkout = source::fetch(&source).map_err(SyncError::from)?;
    let revision = revision::read(&source, &checkout, now).map_err(|findings| {
        let commit = checkout.commit.clone();
        SyncError::Gate { commit, findings }
    })?;
    let options = Options {
        source: source.name,
        namespace: args.inventory_namespace.clone(),
        patience: args.wait,
        plan_only: args.plan,
        claims: Claims::default(),
    };
    let done = reconcile::reconcile(&cluster, &revision, None, &options)?;
    Ok((done.plan, done.inventory))
}

fn source(args: &PassArgs) -> Result<Source, Diagnostic> {
    let missing = |what: &str, help: &str| Diagnostic::error(what).help(help).unusable();
    if !args.once && !args.plan {
        return Err(missing(
            "neither `--once` nor `--plan` is given",
            "`--plan` tells what would be written, `--once` writes it",
        ));
    }
    let Some(url) = &args.url else {
        return Err(missing(
            "no repository is given",
            "write its URL, such as https://github.com/owner/policies",
        ));
    };
    let part = match (&args.environment, &args.path) {
        (Some(name), _) => Part::Environment(name.clone()),
        (None, Some(path)) => Part::Path(path.clone()),
        (None, None) => {
            return Err(missing(
                "neither an environment nor a path is given",
                "name an environment of the workspace with `--environment`, or a folder of manifests with `--path`",
            ));
        }
    };
    Ok(Source {
        name: args.name.clone(),
        url: url.clone(),
        revision: args.remote.revision().map(str::to_owned),
        part,
        client: args.remote.client_options()?,
    })
}

fn told(args: &PassArgs, plan: &Plan, inventory: &Inventory) -> String {
    let mut text = String::new();
    for write in plan.writes() {
        text.push_str(&format!("{write}\n"));
    }
    for (key, _) in &plan.prunes {
        text.push_str(&format!("delete   {key}\n"));
    }
    for key in &plan.kept {
        text.push_str(&format!(
            "keep     {key}, which is not wanted any more: delete it by hand\n"
        ));
    }
    for one in &plan.weakened {
        text.push_str(&format!(
            "weaker   {}: {}\n",
            one.object,
            one.what.join("; ")
        ));
    }
    let (written, pruned) = (plan.writes().count(), plan.prunes.len());
    let unchanged = plan.unchanged;
    let commit = inventory.commit.get(..12).unwrap_or("nothing");
    text + &match args.plan {
        true => format!(
            "{written} to write, {pruned} to delete, {unchanged} as they should be; in the cluster: {commit}\n"
        ),
        false => format!(
            "{commit}: {written} written, {pruned} deleted, {unchanged} as they should be\n"
        ),
    }
}
