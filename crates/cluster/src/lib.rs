//! A Kubernetes cluster as the world that policies ask: what it serves, the objects that it has, and
//! the answers to context entries.
//!
//! All calls block, but for watches and Leases. They come from any thread, at most as many at a time as asked for,
//! each with an end.

mod cluster;
mod discovery;
mod error;
mod lease;
mod list;
mod notices;
mod path;
mod request;
mod source;
mod stop;
mod storage_migration;
mod term;
mod watch;
mod write;

pub use cluster::{Cluster, ConnectOptions};
pub use discovery::{Discovery, ServedKind};
pub use error::ClusterError;
pub use lease::{Lease, LeaseOptions};
pub use list::{ListOptions, ListedPage, Progress};
pub use notices::{Notice, Notices};
pub use source::ClusterSource;
pub use stop::Stop;
pub use storage_migration::{Migration, MigrationOptions, migrate};
pub use term::Term;
pub use watch::{Watch, WatchEvent, WatchOptions};
pub use write::{Apply, ApplyOptions, Target};
