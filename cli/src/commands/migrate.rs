//! `portcullis migrate --resource NAME…`: the objects of custom resources in the version that is
//! stored; and `migrate policy`.

mod policy;

use std::{io, sync::Arc};

use portcullis_cluster::{Cluster, Migration, MigrationOptions, Progress, migrate};
use portcullis_pipeline::progress::Progress as Counters;

use crate::{
    commands::cluster_connection::{ClusterConnection, fault},
    exit_status::ExitStatus,
    output::{console::Console, progress::ProgressLine},
};

/// How many objects are written at a time.
const CONCURRENCY: usize = 4;

/// Write the objects of custom resources anew, in the version that their definition stores.
///
/// Or write older policies as newer ones: `migrate policy`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    before_help = "Example:\n  portcullis migrate --resource cleanuppolicies.kyverno.io",
    after_help = "\
Then the definition's status says that no other version is stored, so that a version which is not served any more can
be removed from it. Objects that others change meanwhile are read and written again; where one cannot be written, the
definition stays as it is, and the exit code is 2."
)]
pub struct Args {
    /// What else can be migrated.
    #[command(subcommand)]
    pub what: Option<What>,
    /// Names of CustomResourceDefinitions, such as `cleanuppolicies.kyverno.io`.
    #[arg(
        short,
        long,
        required = true,
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub resource: Vec<String>,
    /// Only let the server try, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How many objects are asked for at a time; 0 is all of them.
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    pub batch_size: usize,
    #[command(flatten)]
    cluster: ClusterConnection,
}

/// What else can be migrated.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Policies, from `kyverno.io` to `policies.kyverno.io`.
    Policy(policy::Args),
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    if let Some(What::Policy(args)) = &args.what {
        return policy::run(args, console);
    }
    let cluster = match args.cluster.connect(CONCURRENCY) {
        Ok(cluster) => cluster,
        Err(fault) => {
            console.tell(&[fault])?;
            return Ok(ExitStatus::Error);
        }
    };
    let mut status = ExitStatus::Success;
    for name in &args.resource {
        status = status.max(migrate_one(args, &cluster, name, console)?);
    }
    Ok(status)
}

fn migrate_one(
    args: &Args,
    cluster: &Cluster,
    name: &str,
    console: &mut Console,
) -> io::Result<ExitStatus> {
    let options = MigrationOptions {
        batch_size: args.batch_size,
        dry_run: args.dry_run,
    };
    let counters: Arc<Counters> = Arc::default();
    let line = ProgressLine::show("migrating: object", &counters);
    let done = migrate(cluster, name, &options, &|progress| match progress {
        Progress::Expected(count) => counters.expect(count),
        Progress::Arrived(count) => counters.advance(count),
    });
    drop(line);
    let migration = match done {
        Ok(migration) => migration,
        Err(error) => {
            console.tell(&[fault(&error)])?;
            return Ok(ExitStatus::Error);
        }
    };
    for (object, error) in &migration.failed {
        let mut one = fault(error);
        one.message = format!("{object}: {}", one.message);
        console.tell(&[one])?;
    }
    console.data(&format!("{name}: {}\n", told(&migration, args.dry_run)))?;
    Ok(match migration.failed.as_slice() {
        [] => ExitStatus::Success,
        _ => ExitStatus::Error,
    })
}

fn told(migration: &Migration, dry_run: bool) -> String {
    let version = &migration.storage_version;
    if migration.was_done() {
        return format!("nothing to do, {version} alone is stored");
    }
    let before = migration.stored_versions.join(", ");
    let written = objects(migration.written);
    match (migration.failed.len(), dry_run) {
        (0, true) => format!("{written} can be written in {version}; stored so far: {before}"),
        (0, false) => {
            format!("{written} written in {version}, which alone is stored now; before: {before}")
        }
        (failed, _) => {
            let failed = objects(failed);
            format!("{written} written in {version}, {failed} not; still stored: {before}")
        }
    }
}

fn objects(count: usize) -> String {
    match count {
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    }
}
