//! The commands, one file each: `Args` and `run`.

pub mod apply;
pub(crate) mod asked_cluster;
pub(crate) mod clock;
pub(crate) mod cluster_connection;
pub mod completions;
pub mod create;
pub mod diff;
pub mod docs;
pub mod exceptions;
pub mod explain;
pub mod jp;
pub mod man;
pub(crate) mod manifest_files;
pub mod migrate;
pub mod new;
pub(crate) mod output_file;
pub(crate) mod policy_places;
pub mod render;
pub(crate) mod row_places;
pub(crate) mod suite_rows;
pub mod test;
pub mod validate;
pub mod verify;
pub mod version;
pub(crate) mod watch;
pub(crate) mod workspace_argument;
