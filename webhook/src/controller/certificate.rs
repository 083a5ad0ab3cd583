//! Keeps the server's certificate what the Secrets say.

use std::{io, sync::Arc, time::Duration};

use axum_server::tls_rustls::RustlsConfig;
use portcullis_cluster::{Cluster, WatchEvent, WatchOptions};
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task, time,
};

use super::secrets::{self, SecretError, Secrets};
use crate::{
    certificates::{self, Certificate},
    log::{Level, Log},
};

/// How often it is looked whether a certificate is near its end.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// How long it takes to the next try.
const RETRY: Duration = Duration::from_secs(2);

/// The certificate that serves.
pub(crate) struct Kept {
    cluster: Arc<Cluster>,
    secrets: Arc<Secrets>,
    log: Arc<Log>,
    certificate: Certificate,
    tls: RustlsConfig,
    authority: watch::Sender<String>,
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
            let look = match time::timeout(LOOK, events.recv()).await {
                Ok(Some(((), WatchEvent::Applied(_) | WatchEvent::Deleted(_)))) | Err(_) => true,
                Ok(Some(_)) => false,
                Ok(None) => return Ok(()),
            };
            if look {
                self.look().await?;
            }
        }
    }

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
        if found.authority != self.certificate.authority {
            self.authority.send_replace(found.authority.clone());
        }
        let is_same = found.chain == self.certificate.chain && found.key == self.certificate.key;
        if !is_same {
            match certificates::replace(&self.tls, &found).await {
                Ok(()) => self.log.line(Level::Info, "certificate replaced", &[]),
                Err(error) => tell(&self.log, &error.to_string()),
            }
        }
        self.certificate = found;
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
