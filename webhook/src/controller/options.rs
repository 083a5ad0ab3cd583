//! Where the webhook is on a cluster, and how it is reached.

use clap::{ArgAction, Args};
use portcullis_cluster::LeaseOptions;

use super::secrets::Secrets;
use crate::{configurations::ClientConfig, exception_rules::ExceptionRules};

/// Where the webhook is on a cluster, and how it is reached.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The namespace of its Service, Secrets, Lease and ConfigMap.
    #[arg(
        long,
        requires = "cluster",
        default_value = "portcullis",
        value_name = "NAME"
    )]
    pub(super) namespace: String,
    /// The Service that the API server reaches it by.
    #[arg(
        long,
        requires = "cluster",
        default_value = "portcullis-webhook",
        value_name = "NAME"
    )]
    pub(super) service: String,
    /// The port of the Service.
    #[arg(long, requires = "cluster", default_value_t = 443, value_name = "PORT")]
    pub(super) service_port: u16,
    /// The address that the API server reaches it by, in the place of the Service.
    #[arg(long, requires = "cluster", value_name = "URL")]
    pub(super) url: Option<String>,
    /// The ConfigMap with its configuration.
    #[arg(
        long,
        requires = "cluster",
        default_value = "portcullis",
        value_name = "NAME"
    )]
    pub(super) config_map: String,
    /// Let exceptions let something off.
    #[arg(
        long,
        requires = "cluster",
        action = ArgAction::Set,
        num_args = 0..=1,
        default_value_t = false,
        default_missing_value = "true"
    )]
    pub(super) enable_policy_exception: bool,
    /// The namespace whose exceptions count; `*` for every one.
    #[arg(
        long,
        requires = "cluster",
        default_value = "",
        value_name = "NAMESPACE"
    )]
    pub(super) exception_namespace: String,
    /// Write neither reports nor Events.
    #[arg(long, requires = "cluster")]
    pub(super) without_reports: bool,
}

impl Options {
    /// Which exceptions let something off.
    pub(crate) fn exceptions(&self) -> ExceptionRules {
        ExceptionRules::of(self.enable_policy_exception, &self.exception_namespace)
    }

    pub(super) fn client(&self) -> ClientConfig {
        match &self.url {
            Some(url) => ClientConfig::Url(url.trim_end_matches('/').to_owned()),
            None => ClientConfig::Service {
                name: self.service.clone(),
                namespace: self.namespace.clone(),
                port: self.service_port,
            },
        }
    }

    pub(super) fn secrets(&self) -> Secrets {
        let (service, namespace) = (&self.service, &self.namespace);
        let names = match &self.url {
            Some(url) => vec![host(url).to_owned()],
            None => vec![
                service.clone(),
                format!("{service}.{namespace}"),
                format!("{service}.{namespace}.svc"),
            ],
        };
        Secrets {
            namespace: namespace.clone(),
            authority: format!("{service}.{namespace}.svc.portcullis-tls-ca"),
            server: format!("{service}.{namespace}.svc.portcullis-tls-pair"),
            names,
        }
    }

    /// The Lease of the one replica that writes.
    pub(super) fn lease(&self) -> LeaseOptions {
        LeaseOptions::of_this_process(&self.namespace, &self.service)
    }
}

/// The host of an address such as `https://127.0.0.1:9443`.
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let authority = after.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address_is_what_its_certificate_is_for() {
        for (url, wanted) in [
            ("https://127.0.0.1:9443", "127.0.0.1"),
            ("https://[::1]:9443/x", "::1"),
            ("https://webhook.example/x", "webhook.example"),
            ("webhook", "webhook"),
        ] {
            assert_eq!(host(url), wanted, "{url}");
        }
    }
}
