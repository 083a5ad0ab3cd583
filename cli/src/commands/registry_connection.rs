//! How registries are asked: who asks, whom is trusted, and what is told where they give no answer.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use portcullis_images::{
    Credentials, DockerConfig, Registries, RegistryError, RegistryOptions, RegistrySource,
};
use portcullis_pipeline::{diagnostic::Diagnostic, live::LiveRegistries};

/// The variables that a user name and a password are taken from.
const USERNAME: &str = "PORTCULLIS_REGISTRY_USERNAME";
const PASSWORD: &str = "PORTCULLIS_REGISTRY_PASSWORD";

/// How registries are asked.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct RegistryConnection {
    /// Allow plain HTTP to registries that speak no TLS; those of this machine always may.
    #[arg(long)]
    allow_insecure_registry: bool,
    /// Certificates of authorities to trust beside those of the system, in PEM.
    #[arg(long, value_name = "FILE")]
    registry_certificate_authority: Option<PathBuf>,
}

/// Whether policies may ask registries of images, and how.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct AskedRegistries {
    /// Ask registries what policies want to know of images; without it nobody is asked.
    #[arg(long)]
    registry: bool,
    #[command(flatten)]
    connection: RegistryConnection,
}

impl AskedRegistries {
    /// The registries' answers; none where they are not to be asked.
    pub(crate) fn live(&self) -> Result<Option<LiveRegistries>, Diagnostic> {
        if !self.registry {
            return Ok(None);
        }
        // Manifests name registries that nobody trusts: a password that is not for one registry is not
        // given to any.
        let registries = self.connection.registries(None)?;
        Ok(Some(LiveRegistries::new(RegistrySource::new(registries))))
    }
}

impl RegistryConnection {
    /// The registry of an image that a user names.
    pub(crate) fn registry(&self) -> Result<Registries, Diagnostic> {
        self.registries(given())
    }

    /// The registries; none is asked yet.
    fn registries(&self, credentials: Option<Credentials>) -> Result<Registries, Diagnostic> {
        let read =
            |path: &PathBuf| fs::read(path).map_err(|error| Diagnostic::unreadable(path, &error));
        let authorities = self.registry_certificate_authority.as_ref();
        let options = RegistryOptions {
            authorities: authorities.map(read).transpose()?,
            allows_insecure: self.allow_insecure_registry,
            credentials,
            configs: configs()?,
            ..RegistryOptions::default()
        };
        Registries::new(options).map_err(|error| fault(&error))
    }
}

/// What a registry did not do, and what to do about it.
pub(crate) fn fault(error: &RegistryError) -> Diagnostic {
    Diagnostic::error(error.to_string())
        .help(error.remedy())
        .unusable()
}

fn given() -> Option<Credentials> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (username, password) = (variable(USERNAME), variable(PASSWORD));
    (username.is_some() || password.is_some()).then(|| Credentials::User {
        username: username.unwrap_or_default(),
        password: password.unwrap_or_default(),
    })
}

fn configs() -> Result<Vec<DockerConfig>, Diagnostic> {
    let variable = |name: &str| {
        let value = env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let read = |path: &Path| DockerConfig::read(path).map_err(|error| fault(&error));
    let places = DockerConfig::places(&variable);
    let found = places.iter().map(|path| read(path).transpose());
    found.flatten().collect()
}
