//! Keeps the server's certificate what the Secrets say.
//!
//! Another authority is told to who writes the webhook configurations, which may be another replica,
//! or nobody for a while. Until they name it, and the API server has seen that, the certificate serves
//! that they let clients trust. The authority of that one is named beside the new one until every
//! replica serves what the new one signed, also where its Secret is gone.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

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

/// How long the API server may go on with what the configurations said before.
const SETTLE: Duration = Duration::from_secs(2);

/// How long after a certificate its authority is still named: other replicas may serve it for longer.
const HAND_OVER: Duration = Duration::from_secs(30);

/// How a certificate ends in PEM.
const PEM_END: &str = "-----END CERTIFICATE-----\n";

/// The certificate that serves.
pub(crate) struct Kept {
    cluster: Arc<Cluster>,
    secrets: Arc<Secrets>,
    log: Arc<Log>,
    certificate: Certificate,
    /// The certificate that serves next.
    next: Option<Next>,
    /// The authority of the certificate before, and until when it is named.
    before: Option<(String, Instant)>,
    tls: RustlsConfig,
    authority: watch::Sender<String>,
}

/// A certificate that not every client trusts yet.
struct Next {
    certificate: Certificate,
    /// How long it takes to the next look.
    look: Duration,
    /// Since when the configurations name its authority.
    named: Option<Instant>,
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
            before: None,
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
            match time::timeout(self.longest(), events.recv()).await {
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

    /// How long there is nothing to do unless the Secrets change.
    fn longest(&self) -> Duration {
        match (&self.next, &self.before) {
            (Some(next), _) => next.look,
            (None, Some((_, end))) => end.saturating_duration_since(Instant::now()),
            (None, None) => LOOK,
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
        let is_same = found.chain == self.certificate.chain && found.key == self.certificate.key;
        if is_same {
            self.certificate.authority.clone_from(&found.authority);
        }
        self.name(&found.authority);
        self.next = (!is_same).then_some(Next {
            certificate: found,
            look: NAMED_LOOK,
            named: None,
        });
        Ok(())
    }

    /// Lets the configurations name these authorities, beside those of what serves and has served.
    fn name(&mut self, authorities: &str) {
        self.before.take_if(|(_, end)| *end <= Instant::now());
        let mut named = with(authorities.to_owned(), &self.certificate.authority);
        if let Some((before, _)) = &self.before {
            named = with(named, before);
        }
        self.authority.send_if_modified(|authority| {
            let is_other = *authority != named;
            *authority = named;
            is_other
        });
    }

    /// Lets the next certificate serve, if there is one and clients trust it.
    async fn step(&mut self) -> io::Result<()> {
        let Some(mut next) = self.next.take() else {
            return Ok(());
        };
        if next.named.is_none() {
            let (cluster, authority) = (
                Arc::clone(&self.cluster),
                next.certificate.authority.clone(),
            );
            let is_named = task::spawn_blocking(move || is_named(&cluster, &authority)).await?;
            next.named = is_named.then(Instant::now);
            next.look = (next.look * 2).min(RETRY);
        }
        let settled = next.named.map(|named| named + SETTLE);
        match settled.map(|settled| settled.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => self.serve(next.certificate).await,
            left => {
                next.look = left.unwrap_or(next.look);
                self.next = Some(next);
            }
        }
        Ok(())
    }

    async fn serve(&mut self, certificate: Certificate) {
        if let Err(error) = certificates::replace(&self.tls, &certificate).await {
            return tell(&self.log, &error.to_string());
        }
        self.log.line(Level::Info, "certificate replaced", &[]);
        let before = std::mem::replace(&mut self.certificate, certificate);
        self.before = Some((before.authority, Instant::now() + HAND_OVER));
    }
}

/// Authorities, and those of others that are not among them.
fn with(mut authorities: String, others: &str) -> String {
    for other in others.split_inclusive(PEM_END) {
        if !authorities.contains(other.trim()) {
            authorities += other;
        }
    }
    authorities
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_authority_is_named_twice() {
        let [one, two, three] = ["1", "2", "3"].map(|key| format!("{key}\n{PEM_END}"));
        for (found, others, wanted) in [
            (&one, &one, one.clone()),
            (&two, &one, two.clone() + &one),
            (&(two.clone() + &one), &one, two.clone() + &one),
            (&three, &(two.clone() + &three), three.clone() + &two),
            (&three, &String::new(), three.clone()),
        ] {
            assert_eq!(with(found.clone(), others), wanted);
        }
    }
}
