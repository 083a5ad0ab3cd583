//! The webhook configurations that send the API server's requests to this server.
//!
//! ```text
//! policies + resources + settings → ValidatingWebhookConfiguration, MutatingWebhookConfiguration
//! ```
//!
//! They are as narrow as the policies need, and the same input gives the same bytes.

mod constraints;
mod coverage;
mod matched;
mod needs;
mod objects;
mod protected;
mod resources;
mod selection;
mod webhook;

use std::collections::BTreeMap;

use portcullis_engine::load::Loaded;
use serde_json::{Map, Value, json};

pub use self::resources::{Resource, Resources};
use self::webhook::Asked;
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

/// The objects, as they are to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Configurations {
    /// The ValidatingWebhookConfiguration.
    pub validating: Value,
    /// The MutatingWebhookConfiguration.
    pub mutating: Value,
    /// The ValidatingWebhookConfiguration for policies and exceptions themselves.
    pub policies: Value,
}

/// The webhook configurations that the policies need.
#[must_use]
pub fn configurations<'p>(
    policies: impl IntoIterator<Item = &'p Loaded>,
    resources: &Resources,
    settings: &Settings,
) -> Configurations {
    let needs = policies
        .into_iter()
        .flat_map(|policy| needs::needs(policy, resources));
    let mut groups: BTreeMap<_, Asked> = BTreeMap::new();
    for asked in needs.map(|need| Asked::of(need, settings.timeout)) {
        match groups.get_mut(&asked.group()) {
            Some(known) => known.join(asked),
            None => {
                groups.insert(asked.group(), asked);
            }
        }
    }
    let (mutating, validating): (Vec<_>, Vec<_>) =
        groups.into_values().partition(|asked| asked.is_mutation());
    let webhooks = |all: Vec<Asked>| {
        all.iter()
            .flat_map(|asked| asked.webhooks(settings))
            .collect()
    };
    let object = |kind, name, webhooks| object((kind, name), webhooks, &settings.configuration);
    Configurations {
        validating: object("Validating", "validating", webhooks(validating)),
        mutating: object("Mutating", "mutating", webhooks(mutating)),
        policies: object(
            "Validating",
            "policies",
            objects::webhooks(resources, settings),
        ),
    }
}

fn object(
    (kind, name): (&str, &str),
    webhooks: Vec<Value>,
    configuration: &Configuration,
) -> Value {
    let mut labels = configuration.webhook_labels.clone();
    labels.insert(
        "app.kubernetes.io/managed-by".to_owned(),
        "portcullis-webhook".to_owned(),
    );
    let name = format!("portcullis-{name}");
    let mut metadata = Map::from_iter([
        ("name".to_owned(), Value::from(name)),
        ("labels".to_owned(), json!(labels)),
    ]);
    if !configuration.webhook_annotations.is_empty() {
        let annotations = json!(configuration.webhook_annotations);
        metadata.insert("annotations".to_owned(), annotations);
    }
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": format!("{kind}WebhookConfiguration"),
        "metadata": metadata,
        "webhooks": webhooks,
    })
}
