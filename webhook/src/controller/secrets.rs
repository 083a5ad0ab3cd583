//! The authority and the server's certificate in two Secrets, which all replicas share.
//!
//! Whoever finds one missing, or near its end, makes it; of several the first counts, and the others
//! read again. Secrets without the annotation that says when they end are somebody else's: they are
//! used as they are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_cluster::{Cluster, ClusterError, ServedKind, Target};
use serde_json::{Value, json};

use crate::certificates::{Authority, Certificate};

/// When what is in a Secret ends, in seconds since 1970.
const END: &str = "portcullis.io/not-after";

const DAY: u64 = 24 * 60 * 60;

/// How long before its end an authority is replaced; it then signs nothing that outlives it.
const AUTHORITY_MARGIN: Duration = Duration::from_secs(160 * DAY);

/// How long before its end a certificate is replaced.
const SERVER_MARGIN: Duration = Duration::from_secs(30 * DAY);

/// How often somebody else may be first.
const ATTEMPTS: usize = 10;

/// Where certificates are kept, and for which names.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    /// The namespace of the Secrets.
    pub(crate) namespace: String,
    /// The Secret of the authority.
    pub(crate) authority: String,
    /// The Secret of the server.
    pub(crate) server: String,
    /// The names and addresses of the server.
    pub(crate) names: Vec<String>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The cluster refuses.
    #[error("{}; {}", .0, .0.remedy())]
    Cluster(#[from] ClusterError),
    /// A certificate cannot be made.
    #[error("no certificate can be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A Secret does not have what it should.
    #[error("Secret `{namespace}/{name}` has no `{key}` as PEM; delete it, and it is made anew")]
    Content {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The key that is missing.
        key: &'static str,
    },
    /// Others were first, again and again.
    #[error("others write the Secrets `{0}` at the same time; it is tried again")]
    Contended(String),
}

impl Secrets {
    /// The certificate that serves, with all authorities that may have signed one; what is missing or
    /// near its end is made.
    pub(crate) fn certificate(&self, cluster: &Cluster) -> Result<Certificate, SecretError> {
        for _ in 0..ATTEMPTS {
            let Some((secret, authority)) = self.authority(cluster)? else {
                continue;
            };
            let trusted = self.text(&secret, &self.authority, "ca.crt")?;
            if let Some(mut certificate) = self.server(cluster, &authority, &trusted)? {
                certificate.authority = trusted;
                return Ok(certificate);
            }
        }
        Err(SecretError::Contended(format!(
            "{}, {}",
            self.authority, self.server
        )))
    }

    /// The authority; none where somebody else was first.
    fn authority(&self, cluster: &Cluster) -> Result<Option<(Value, Authority)>, SecretError> {
        let found = self.read(cluster, &self.authority)?;
        if let Some(secret) = found
            .as_ref()
            .filter(|secret| !is_near_end(secret, AUTHORITY_MARGIN))
        {
            let authority = Authority {
                certificate: self.text(secret, &self.authority, "tls.crt")?,
                key: self.text(secret, &self.authority, "tls.key")?,
                end: end(secret).unwrap_or(UNIX_EPOCH),
            };
            return Ok(Some((secret.clone(), authority)));
        }
        let authority = Authority::make()?;
        // What the authority before has signed is trusted for as long as it serves.
        let before = found
            .as_ref()
            .map(|secret| self.text(secret, &self.authority, "tls.crt"));
        let before = before.transpose()?.unwrap_or_default();
        let data = [
            ("tls.crt", authority.certificate.clone()),
            ("tls.key", authority.key.clone()),
            ("ca.crt", format!("{}{before}", authority.certificate)),
        ];
        let written = self.write(
            cluster,
            &self.authority,
            found.as_ref(),
            &data,
            authority.end,
        )?;
        Ok(written.map(|secret| (secret, authority)))
    }

    /// The server's certificate; none where somebody else was first. One that an authority before has
    /// signed serves on: when its time comes, every client knows the next.
    fn server(
        &self,
        cluster: &Cluster,
        authority: &Authority,
        trusted: &str,
    ) -> Result<Option<Certificate>, SecretError> {
        let found = self.read(cluster, &self.server)?;
        let is_good = |secret: &&Value| {
            let signer = self.text(secret, &self.server, "ca.crt");
            let is_foreign = end(secret).is_none();
            let is_signed = is_foreign || signer.is_ok_and(|signer| trusted.contains(&signer));
            is_signed
                && !is_near_end(secret, SERVER_MARGIN)
                && (is_foreign || self.is_named(secret))
        };
        if let Some(secret) = found.as_ref().filter(is_good) {
            return Ok(Some(Certificate {
                chain: self.text(secret, &self.server, "tls.crt")?,
                key: self.text(secret, &self.server, "tls.key")?,
                authority: String::new(),
            }));
        }
        let (certificate, end) = authority.sign(&self.names)?;
        let data = [
            ("tls.crt", certificate.chain.clone()),
            ("tls.key", certificate.key.clone()),
            ("ca.crt", authority.certificate.clone()),
        ];
        let written = self.write(cluster, &self.server, found.as_ref(), &data, end)?;
        Ok(written.map(|_| certificate))
    }

    fn is_named(&self, secret: &Value) -> bool {
        annotation(secret, NAMES) == Some(self.names.join(",").as_str())
    }

    fn read(&self, cluster: &Cluster, name: &str) -> Result<Option<Value>, ClusterError> {
        let kind = kind();
        let target = Target {
            kind: &kind,
            namespace: &self.namespace,
            name,
        };
        let mut found = cluster.read_objects(&[target]).into_iter();
        found.next().unwrap_or(Ok(None))
    }

    /// Writes a Secret in the place of the one that was found; none where that has changed since.
    fn write(
        &self,
        cluster: &Cluster,
        name: &str,
        found: Option<&Value>,
        data: &[(&str, String)],
        end: SystemTime,
    ) -> Result<Option<Value>, ClusterError> {
        let seconds = end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let encoded = data
            .iter()
            .map(|(key, text)| ((*key).to_owned(), Value::from(STANDARD.encode(text))));
        let version = found.and_then(|found| found.pointer("/metadata/resourceVersion"));
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "resourceVersion": version,
                "labels": {"app.kubernetes.io/managed-by": "portcullis-webhook"},
                "annotations": {END: seconds.to_string(), NAMES: self.names.join(",")},
            },
            "data": encoded.collect::<serde_json::Map<_, _>>(),
        });
        let kind = kind();
        let target = Target {
            kind: &kind,
            namespace: &self.namespace,
            name,
        };
        let written = match found {
            None => cluster.create_object(&kind, &self.namespace, secret),
            Some(_) => cluster.replace_object(&target, secret),
        };
        match written {
            Ok(secret) => Ok(Some(secret)),
            Err(error) if error.code() == Some(409) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn text(&self, secret: &Value, name: &str, key: &'static str) -> Result<String, SecretError> {
        let encoded = secret.get("data").and_then(|data| data.get(key)?.as_str());
        let decoded = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
        let text = decoded.and_then(|decoded| String::from_utf8(decoded).ok());
        text.filter(|text| text.contains("-----BEGIN"))
            .ok_or_else(|| SecretError::Content {
                namespace: self.namespace.clone(),
                name: name.to_owned(),
                key,
            })
    }
}

/// The names that a certificate is for.
const NAMES: &str = "portcullis.io/names";

fn annotation<'a>(secret: &'a Value, name: &str) -> Option<&'a str> {
    let annotations = secret.pointer("/metadata/annotations")?;
    annotations.get(name)?.as_str()
}

/// When what is in a Secret ends, where we made it.
fn end(secret: &Value) -> Option<SystemTime> {
    let seconds = annotation(secret, END)?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn is_near_end(secret: &Value, margin: Duration) -> bool {
    end(secret).is_some_and(|end| SystemTime::now() + margin > end)
}

/// The kind of Secrets.
pub(crate) fn kind() -> ServedKind {
    super::watches::kind(("", "Secret", "secrets"), true)
}
