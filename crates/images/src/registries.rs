//! `Registries`: images and their parts, fetched from registries and sent to them.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

mod answer;
mod scheme;
mod send;

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use oci_client::{
    Client, Reference, RegistryOperation,
    client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol},
    secrets::RegistryAuth,
};
use portcullis_values::image_ref::RegistryReference;
use tokio::{
    runtime::{Builder, Runtime},
    time,
};

pub(crate) use self::answer::{Descriptor, RawManifest, digest_of, too_large, unusable};
use self::scheme::Scheme;
use crate::{
    credentials::Credentials, docker_config::DockerConfig, error::RegistryError, limits::Limits,
};

const USER_AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));

/// How registries are asked.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Certificates of authorities to trust beside those of the system, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// Whether any registry may be asked without TLS, where it speaks none. Those of this machine
    /// always may.
    pub allows_insecure: bool,
    /// Who asks, whichever the registry; otherwise what the files say.
    pub credentials: Option<Credentials>,
    /// Files of Docker and its kin; the first with credentials for a repository counts.
    pub configs: Vec<DockerConfig>,
    /// How much is taken.
    pub limits: Limits,
}

/// Registries, for callers that wait for each answer.
pub struct Registries {
    options: RegistryOptions,
    http: reqwest::Client,
    tls: Client,
    plain: Client,
    schemes: Mutex<BTreeMap<String, Scheme>>,
    access: Mutex<BTreeMap<(String, String), RegistryAuth>>,
    // The clients' tasks run on it, so it goes last.
    runtime: Runtime,
}

impl Registries {
    /// Makes the clients. No registry is asked yet.
    ///
    /// # Errors
    /// Where the certificates cannot be used.
    pub fn new(options: RegistryOptions) -> Result<Registries, RegistryError> {
        let unusable = |error: &dyn fmt::Display| RegistryError::Settings {
            place: "the certificates of authorities".to_owned(),
            reason: error.to_string(),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .referer(false)
            .connect_timeout(options.limits.time);
        if let Some(pem) = &options.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem);
            let authorities = authorities.map_err(|error| unusable(&error))?;
            if authorities.is_empty() {
                return Err(unusable(&"there is no certificate in PEM"));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| unusable(&error))?;
        let of = |protocol| {
            Client::try_from(config(&options, protocol)).map_err(|error| unusable(&error))
        };
        Ok(Registries {
            http: builder.build().map_err(|error| unusable(&error))?,
            tls: of(ClientProtocol::Https)?,
            plain: of(ClientProtocol::Http)?,
            schemes: Mutex::default(),
            access: Mutex::default(),
            options,
            runtime,
        })
    }

    /// The same registries, asked first by whom these files name.
    ///
    /// # Errors
    /// Where the clients cannot be made.
    pub(crate) fn asked_by(&self, configs: Vec<DockerConfig>) -> Result<Registries, RegistryError> {
        let mut options = self.options.clone();
        options.configs.splice(0..0, configs);
        Registries::new(options)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// What a future gives, before the time is over.
    fn within<T>(
        &self,
        at: &RegistryReference,
        future: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let limit = self.options.limits.time;
        let timed = async { time::timeout(limit, future).await };
        self.runtime.block_on(timed).unwrap_or_else(|_| {
            Err(RegistryError::Slow {
                at: at.name(),
                seconds: limit.as_secs(),
            })
        })
    }

    fn client(&self, scheme: Scheme) -> &Client {
        match scheme {
            Scheme::Https => &self.tls,
            Scheme::Http => &self.plain,
        }
    }

    /// Who asks for a repository.
    fn credentials(&self, at: &RegistryReference) -> Result<Credentials, RegistryError> {
        if let Some(credentials) = &self.options.credentials {
            return Ok(credentials.clone());
        }
        for config in &self.options.configs {
            let found = config.of(at.registry(), &at.repository())?;
            if found != Credentials::Anonymous {
                return Ok(found);
            }
        }
        Ok(Credentials::Anonymous)
    }

    /// What stands in the header of a request to read: a token, where the registry gives one.
    async fn access(
        &self,
        at: &RegistryReference,
        scheme: Scheme,
    ) -> Result<RegistryAuth, RegistryError> {
        if let Some(known) = self.known_access(at) {
            return Ok(known);
        }
        let who = self.credentials(at)?.to_auth();
        let client = self.client(scheme);
        let of = reference(at);
        let token = client.auth(&of, &who, RegistryOperation::Pull);
        let token = token.await.map_err(|error| answer::told(at, error))?;
        let access = token.map_or(who, RegistryAuth::Bearer);
        self.accesses().insert(repository(at), access.clone());
        Ok(access)
    }

    fn known_access(&self, at: &RegistryReference) -> Option<RegistryAuth> {
        self.accesses().get(&repository(at)).cloned()
    }

    /// Whether there was a token to forget; a password is refused for good.
    fn forget_token(&self, at: &RegistryReference) -> bool {
        let was = self.accesses().remove(&repository(at));
        matches!(was, Some(RegistryAuth::Bearer(_)))
    }

    fn accesses(&self) -> MutexGuard<'_, BTreeMap<(String, String), RegistryAuth>> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Registries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Registries")
    }
}

fn repository(at: &RegistryReference) -> (String, String) {
    (at.registry().to_owned(), at.repository())
}

/// A name as the client writes it.
fn reference(at: &RegistryReference) -> Reference {
    let (registry, repository) = repository(at);
    match at.digest() {
        Some(digest) => Reference::with_digest(registry, repository, digest.to_owned()),
        None => Reference::with_tag(registry, repository, at.identifier().to_owned()),
    }
}

fn config(options: &RegistryOptions, protocol: ClientProtocol) -> ClientConfig {
    ClientConfig {
        protocol,
        use_monolithic_push: true,
        extra_root_certificates: certificates(options.authorities.as_deref()),
        connect_timeout: Some(options.limits.time),
        read_timeout: Some(options.limits.time),
        user_agent: USER_AGENT,
        ..ClientConfig::default()
    }
}

/// The client takes certificates one by one.
fn certificates(pem: Option<&[u8]>) -> Vec<Certificate> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem.unwrap_or_default());
    let each = text.split(BEGIN).skip(1);
    each.map(|one| Certificate {
        encoding: CertificateEncoding::Pem,
        data: format!("{BEGIN}{one}").into_bytes(),
    })
    .collect()
}
