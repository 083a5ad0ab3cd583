//! Keeps the server's certificate what the Secrets say.
//!
//! Another authority is told to who writes the webhook configurations, which may be another replica,
//! or nobody for a while. Until they name it, the certificate serves that they let clients trust.

use std::{io, sync::Arc, time::Duration};

use axum_server::tls_rustls::RustlsConfig;
use portcullis_cluster::{Cluster, WatchEvent, WatchOptions};
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task, time,
};

use super::{
    is_named,
    secrets::{self, SecretError, Secrets},
};
use crate::{
    certificates::{self, Certificate},
    log::{Level, Log},
};

/// How often it is looked whether a certificate is near its end.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// How long it takes to the next try.
const RETRY: Duration = Duration::from_secs(2);

/// How long it takes at first to the next look whether the configurations name an authority; it doubles.
const NAMED_LOOK: Duration = Duration::from_millis(50);

/// The certificate that serves.
pub(crate) struct Kept {
    cluster: Arc<Cluster>,
    secrets: Arc<Secrets>,
    log: Arc<Log>,
    certificate: Certificate,
    /// The certificate that serves next.
    next: Option<Next>,
    tls: RustlsConfig,
    authority: watch::Sender<String>,
}

/// A certificate that no client trusts yet.
struct Next {
    certificate: Certificate,
    /// How long it takes to the next look.
    look: Duration,
}

impl Kept {
    /// Reads or makes the first certificate, again and again until the cluster lets it.
    pub(crate) async fn first(
        cluster: Arc<Cluster>,
        secrets: Secrets,
        log: Arc<Log>,
    ) -> io::Result<Kept> {
        let secrets = Arc::new(secrets);
        let certificate = loop {
            match ask(&cluster, &secrets).await? {
                Ok(certificate) => break certificate,
                Err(error) => {
                    tell(&log, &error.to_string());
                    time::sleep(RETRY).await;
                }
            }
        };
        Ok(Kept {
            cluster,
            secrets,
            log,
            tls: certificates::tls(&certificate).await?,
            authority: watch::Sender::new(certificate.authority.clone()),
            certificate,
            next: None,
        })
    }

    /// The server's side of TLS.
    pub(crate) fn tls(&self) -> RustlsConfig {
        self.tls.clone()
    }

    /// What clients trust.
    pub(crate) fn authority(&self) -> watch::Receiver<String> {
        self.authority.subscribe()
    }

    /// Follows the Secrets without end.
    pub(crate) async fn follow(mut self) -> io::Result<()> {
        let (to, mut events) = mpsc::channel(16);
        let names = [&self.secrets.authority, &self.secrets.server];
        let _watches = names.map(|name| {
            let options = WatchOptions {
                namespace: Some(self.secrets.namespace.clone()),
                name: Some(name.clone()),
                ..WatchOptions::all(secrets::kind())
            };
            self.cluster.watch(&options, (), to.clone())
        });
        loop {
            let longest = self.next.as_ref().map_or(LOOK, |next| next.look);
            match time::timeout(longest, events.recv()).await {
                Ok(Some(((), WatchEvent::Applied(_) | WatchEvent::Deleted(_)))) => {
                    self.look().await?;
                }
                Err(_) if self.next.is_none() => self.look().await?,
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => return Ok(()),
            }
            self.step().await?;
        }
    }

    /// Looks what the Secrets say.
    async fn look(&mut self) -> io::Result<()> {
        let found = loop {
            match ask(&self.cluster, &self.secrets).await? {
                Ok(found) => break found,
                Err(error @ SecretError::Content { .. }) => {
                    tell(&self.log, &error.to_string());
                    return Ok(());
                }
                Err(error) => {
                    tell(&self.log, &error.to_string());
                    time::sleep(RETRY).await;
                }
            }
        };
        self.authority.send_if_modified(|authority| {
            let is_other = *authority != found.authority;
            authority.clone_from(&found.authority);
            is_other
        });
        let is_same = found.chain == self.certificate.chain && found.key == self.certificate.key;
        self.next = (!is_same).then_some(Next {
            certificate: found,
            look: NAMED_LOOK,
        });
        Ok(())
    }

    /// Lets the next certificate serve, if there is one and clients trust it.
    async fn step(&mut self) -> io::Result<()> {
        let Some(next) = self.next.take() else {
            return Ok(());
        };
        let (cluster, authority) = (
            Arc::clone(&self.cluster),
            next.certificate.authority.clone(),
        );
        if !task::spawn_blocking(move || is_named(&cluster, &authority)).await? {
            let look = (next.look * 2).min(RETRY);
            self.next = Some(Next { look, ..next });
            return Ok(());
        }
        match certificates::replace(&self.tls, &next.certificate).await {
            Ok(()) => self.log.line(Level::Info, "certificate replaced", &[]),
            Err(error) => tell(&self.log, &error.to_string()),
        }
        self.certificate = next.certificate;
        Ok(())
    }
}

async fn ask(
    cluster: &Arc<Cluster>,
    secrets: &Arc<Secrets>,
) -> io::Result<Result<Certificate, SecretError>> {
    let (cluster, secrets) = (Arc::clone(cluster), Arc::clone(secrets));
    Ok(task::spawn_blocking(move || secrets.certificate(&cluster)).await?)
}

fn tell(log: &Log, error: &str) {
    log.line(
        Level::Error,
        "no new certificate",
        &[("error", Value::from(error))],
    );
}
