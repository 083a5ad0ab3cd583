//! The cluster's client against a server that says what a test wants: expired lists, conflicts, and
//! answers that no API server gives.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test whose server does not start should fail"
)]

mod confinement;
mod context;
mod errors;
mod lease;
mod lists;
mod migration;
mod server;
#[path = "../../../engine/tests/confinement/table.rs"]
mod table;
