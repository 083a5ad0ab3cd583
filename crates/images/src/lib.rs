//! Registries: what they say of images, and bundles of policies that are kept in them.
//!
//! What a registry sends is not trusted: it is read into memory under limits of size, number and
//! time, its digests are computed anew, and no name in a bundle leads out of its folder.

mod bundle;
mod credential_helper;
mod credentials;
mod docker_config;
mod error;
mod limits;
mod metadata;
mod registries;
mod source;

pub use bundle::{Bundle, BundleFile, PolicyLayer};
pub use credentials::Credentials;
pub use docker_config::DockerConfig;
pub use error::RegistryError;
pub use limits::Limits;
pub use registries::{Registries, RegistryOptions};
pub use source::RegistrySource;
