//! Whether a registry is asked with TLS.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::PoisonError,
};

use portcullis_values::image_ref::RegistryReference;
use reqwest::StatusCode;

use super::Registries;
use crate::error::{RegistryError, innermost};

/// How a registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    Http,
}

impl Scheme {
    pub(super) fn name(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }
}

impl Registries {
    /// With TLS, save a registry that may be asked without and speaks none.
    pub(super) async fn scheme(&self, at: &RegistryReference) -> Result<Scheme, RegistryError> {
        let registry = at.registry();
        if !self.options.allows_insecure && !is_on_this_machine(registry) {
            return Ok(Scheme::Https);
        }
        if let Some(known) = self.known_scheme(registry) {
            return Ok(known);
        }
        let ask = |scheme: Scheme| {
            let url = format!("{}://{registry}/v2/", scheme.name());
            self.http.get(url).send()
        };
        let scheme = match ask(Scheme::Https).await {
            Ok(_) => Scheme::Https,
            Err(error) => match ask(Scheme::Http).await {
                // A server of TLS answers so to whom speaks none.
                Ok(answer) if answer.status() != StatusCode::BAD_REQUEST => Scheme::Http,
                _ => {
                    return Err(RegistryError::Unreachable {
                        at: at.name(),
                        reason: innermost(&error),
                    });
                }
            },
        };
        let mut schemes = self.schemes.lock().unwrap_or_else(PoisonError::into_inner);
        schemes.insert(registry.to_owned(), scheme);
        Ok(scheme)
    }

    fn known_scheme(&self, registry: &str) -> Option<Scheme> {
        let schemes = self.schemes.lock().unwrap_or_else(PoisonError::into_inner);
        schemes.get(registry).copied()
    }
}

/// Whether a registry, written with or without a port, is on this machine.
fn is_on_this_machine(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || host
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_of_this_machine() {
        for (registry, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("kind.localhost", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1:5000", false),
            ("ghcr.io", false),
        ] {
            assert_eq!(is_on_this_machine(registry), expected, "{registry}");
        }
    }
}
