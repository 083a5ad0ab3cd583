//! `RegistryError`: what a registry did not give, which image it is about, and what to do.

use std::error::Error;

use portcullis_values::image_ref::ImageError;
use thiserror::Error;

/// Why a registry did not give, or take, what it was asked for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RegistryError {
    /// The name of the image cannot be read.
    #[error(transparent)]
    Name(#[from] ImageError),
    /// What a user has set up cannot be used.
    #[error("{place}: {reason}")]
    Settings {
        /// A file or a flag.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The program that keeps the credentials does not give them.
    #[error("the credential helper `{helper}` for {registry}: {reason}")]
    Helper {
        /// The program.
        helper: String,
        /// The registry.
        registry: String,
        /// What it says.
        reason: String,
    },
    /// The registry did not answer at all.
    #[error("{at}: no connection: {reason}")]
    Unreachable {
        /// The image, with its registry.
        at: String,
        /// What the connection says.
        reason: String,
    },
    /// The registry did not answer in time.
    #[error("{at}: no answer within {seconds} s")]
    Slow {
        /// The image, with its registry.
        at: String,
        /// How long it was waited.
        seconds: u64,
    },
    /// The registry refuses.
    #[error("{at}: the registry answers {status}: {message}")]
    Refused {
        /// The image, with its registry.
        at: String,
        /// HTTP status, such as 401.
        status: u16,
        /// What the registry says.
        message: String,
    },
    /// The answer is larger than is read.
    #[error("{at}: {what}: the answer is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The image, with its registry.
        at: String,
        /// Manifest, configuration or layer.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// The answer is not what it should be.
    #[error("{at}: {what}: {reason}")]
    Unusable {
        /// The image, with its registry.
        at: String,
        /// Manifest, configuration, layer or file.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RegistryError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            RegistryError::Name(_) => "write it as `REGISTRY/REPOSITORY:TAG`",
            RegistryError::Settings { .. } => "look at that file; `docker login` writes it anew",
            RegistryError::Helper { .. } => {
                "install the program, or take it out of `credHelpers` and `credsStore` of Docker's config.json"
            }
            RegistryError::Unreachable { .. } => {
                "look whether the registry is right and can be reached from here; trust its authority with `--registry-certificate-authority`, or allow plain HTTP with `--allow-insecure-registry`"
            }
            RegistryError::Slow { .. } => "try again later",
            RegistryError::Refused { status: 401, .. } => {
                "log in with `docker login`; `oci` takes PORTCULLIS_REGISTRY_USERNAME and PORTCULLIS_REGISTRY_PASSWORD, too"
            }
            RegistryError::Refused { status: 403, .. } => {
                "let this user pull from, or push to, that repository"
            }
            RegistryError::Refused { status: 404, .. } => {
                "look whether the repository and the tag are right, and this user may see them"
            }
            RegistryError::Refused { status: 429, .. } => {
                "log in, which raises most limits, or try again later"
            }
            RegistryError::Refused { .. } => "see what the registry says, and try again",
            RegistryError::TooLarge { .. } | RegistryError::Unusable { .. } => {
                "look whether the image is what its name says, and who pushed it"
            }
        }
    }
}

/// The cause that says most, below the layers of the client.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}
