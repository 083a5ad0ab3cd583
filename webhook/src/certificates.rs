//! Certificates of the server: made here, or read from files, and replaced while it serves.

use std::{
    io,
    time::{Duration, SystemTime},
};

use axum_server::tls_rustls::RustlsConfig;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an authority holds.
const AUTHORITY_VALIDITY: Duration = DAY.saturating_mul(365);

/// How long a server's certificate holds.
const SERVER_VALIDITY: Duration = DAY.saturating_mul(150);

/// A certificate with its key and the authority that signed it, as PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate chain of the server.
    pub chain: String,
    /// Its private key.
    pub key: String,
    /// What clients trust: the `caBundle` of a webhook configuration.
    pub authority: String,
}

/// An authority with its key, as PEM.
#[derive(Clone)]
pub struct Authority {
    /// Its certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// When it ends.
    pub end: SystemTime,
}

/// Makes an authority, and a certificate for a server of these names and addresses.
///
/// # Errors
/// Where a name cannot stand in a certificate.
pub fn make(names: &[String]) -> Result<Certificate, rcgen::Error> {
    Ok(Authority::make()?.sign(names)?.0)
}

impl Authority {
    /// Makes an authority.
    ///
    /// # Errors
    /// Where no key can be made.
    pub fn make() -> Result<Authority, rcgen::Error> {
        let (params, key) = (Authority::params()?, KeyPair::generate()?);
        Ok(Authority {
            certificate: params.self_signed(&key)?.pem(),
            key: key.serialize_pem(),
            end: SystemTime::now() + AUTHORITY_VALIDITY,
        })
    }

    fn params() -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        hold(&mut params, "portcullis-webhook-ca", AUTHORITY_VALIDITY);
        Ok(params)
    }

    /// Signs a certificate for a server of these names and addresses, and says when it ends.
    ///
    /// # Errors
    /// Where a name cannot stand in a certificate, or the authority's key is none.
    pub fn sign(&self, names: &[String]) -> Result<(Certificate, SystemTime), rcgen::Error> {
        // Of an authority only name and key go into what it signs.
        let issuer = Issuer::new(Authority::params()?, KeyPair::from_pem(&self.key)?);
        let mut params = CertificateParams::new(names)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        hold(&mut params, "portcullis-webhook", SERVER_VALIDITY);
        let key = KeyPair::generate()?;
        let server = params.signed_by(&key, &issuer)?;
        let certificate = Certificate {
            chain: server.pem(),
            key: key.serialize_pem(),
            authority: self.certificate.clone(),
        };
        Ok((certificate, SystemTime::now() + SERVER_VALIDITY))
    }
}

/// A certificate holds from an hour ago: clocks differ.
fn hold(params: &mut CertificateParams, name: &str, validity: Duration) {
    let now = SystemTime::now();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (now - Duration::from_secs(60 * 60)).into();
    params.not_after = (now + validity).into();
}

/// Makes aws-lc-rs the one provider of cryptography of the process.
pub fn install_provider() {
    // A second installation is refused, and the first is the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// A server's side of TLS, for HTTP/1.1 and HTTP/2.
///
/// # Errors
/// Where the certificate or its key is not PEM, or they are not a pair.
pub async fn tls(certificate: &Certificate) -> io::Result<RustlsConfig> {
    install_provider();
    let (chain, key) = (&certificate.chain, &certificate.key);
    RustlsConfig::from_pem(chain.clone().into_bytes(), key.clone().into_bytes()).await
}

/// Puts another certificate in the place of the one that serves; connections that stand keep theirs.
///
/// # Errors
/// Where the new one cannot be used; the old one then goes on serving.
pub async fn replace(config: &RustlsConfig, certificate: &Certificate) -> io::Result<()> {
    let (chain, key) = (&certificate.chain, &certificate.key);
    let chain = chain.clone().into_bytes();
    config
        .reload_from_pem(chain, key.clone().into_bytes())
        .await
}
