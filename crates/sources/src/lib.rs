//! Policies and manifests that are elsewhere: folders of git repositories, and single files at web
//! addresses.
//!
//! What comes from elsewhere is not trusted: it is read into memory under limits of size, number and
//! time, nothing of it is run, and no link leads out of its folder.

mod address;
mod client;
mod error;
mod file;
mod folder;
mod git;
mod limits;

pub use address::{Address, GitAddress};
pub use client::{Client, ClientOptions, Credentials};
pub use error::SourceError;
pub use folder::Folder;
pub use git::Fetched;
pub use limits::Limits;
