//! The webhook configurations that send the API server's requests to this server.
//!
//! ```text
//! policies + resources + settings → ValidatingWebhookConfiguration, MutatingWebhookConfiguration
//! ```
//!
//! They are as narrow as the policies need, and the same input gives the same bytes.

mod resources;

use portcullis_engine::load::Loaded;
use serde_json::{Value, json};

pub use self::resources::{Resource, Resources};
use crate::configuration::Configuration;

/// How the API server reaches the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientConfig {
    /// By a Service.
    Service {
        /// Name of the Service.
        name: String,
        /// Its namespace.
        namespace: String,
        /// Its port.
        port: u16,
    },
    /// By an address, such as `https://127.0.0.1:9443`.
    Url(String),
}

/// What configurations depend on beside the policies.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How the API server reaches the webhook.
    pub client: ClientConfig,
    /// The authorities of the webhook's certificate, as PEM.
    pub ca_bundle: String,
    /// The namespace that the webhook runs in; nothing in it is ever sent to the webhook.
    pub namespace: String,
    /// Seconds that the API server waits where no policy says more, 1 to 30.
    pub timeout: u8,
    /// What the ConfigMap says.
    pub configuration: Configuration,
}

/// The two objects, as they are to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Configurations {
    /// The ValidatingWebhookConfiguration.
    pub validating: Value,
    /// The MutatingWebhookConfiguration.
    pub mutating: Value,
}

/// The webhook configurations that the policies need.
#[must_use]
pub fn configurations(
    policies: &[Loaded],
    resources: &Resources,
    settings: &Settings,
) -> Configurations {
    let _ = (policies, resources, settings);
    Configurations {
        validating: object(
            "ValidatingWebhookConfiguration",
            "portcullis-validating",
            Vec::new(),
        ),
        mutating: object(
            "MutatingWebhookConfiguration",
            "portcullis-mutating",
            Vec::new(),
        ),
    }
}

fn object(kind: &str, name: &str, webhooks: Vec<Value>) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": webhooks,
    })
}
