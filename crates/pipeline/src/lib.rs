//! Library and environment to rendered, validated and tested bundle.

pub mod apply;
pub mod diagnostic;
pub mod diff;
pub mod environment;
pub mod exception_ledger;
pub mod excludes;
pub mod explain;
pub mod failing_cases;
pub mod files;
pub mod fix;
pub mod library;
pub mod live;
pub mod manifests;
pub mod offline;
pub mod policy_set;
pub mod progress;
pub mod readme;
pub mod render;
pub mod renderings;
pub mod scaffold;
pub mod schema_check;
pub mod suite;
pub mod suite_run;
pub mod template;
pub mod verify;
pub mod workspace;
