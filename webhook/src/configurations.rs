//! The webhook configurations that send the API server's requests to this server.
//!
//! ```text
//! policies + resources + settings → ValidatingWebhookConfiguration, MutatingWebhookConfiguration
//! ```
//!
//! They are as narrow as the policies need, and the same input gives the same bytes.

mod constraints;
mod coverage;
mod limits;
mod matched;
mod needs;
mod objects;
mod protected;
mod resources;
mod selection;
mod versions;
mod webhook;
mod width;

use std::collections::BTreeMap;

use portcullis_engine::load::Loaded;
use serde_json::{Map, Value, json};

use self::{needs::Need, webhook::Asked};
pub use self::{
    resources::{Resource, Resources},
    width::Width,
};
use crate::{configuration::Configuration, path::Question};

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

/// The webhook configurations that the policies need, or wider ones that are not too big.
#[must_use]
pub fn configurations<'p>(
    policies: impl IntoIterator<Item = &'p Loaded>,
    resources: &Resources,
    settings: &Settings,
    width: Width,
) -> Configurations {
    let policies = policies.into_iter();
    let needs: Vec<Need> = policies
        .flat_map(|policy| needs::needs(policy, resources))
        .collect();
    let [validating, mutating] = [Question::Validate, Question::Mutate].map(|question| {
        let mut widths = Width::ALL.into_iter().filter(|wider| *wider >= width);
        let mut found = Value::Null;
        // The widest one is small.
        widths.find(|width| {
            found = of_question(
                question,
                &needs,
                resources,
                &width.settings(settings),
                *width,
            );
            found.to_string().len() <= limits::BYTES
        });
        found
    });
    let settings = width.settings(settings);
    let webhooks = objects::webhooks(resources, &settings);
    Configurations {
        validating,
        mutating,
        policies: object(("Validating", "policies"), webhooks, &settings),
    }
}

fn of_question(
    question: Question,
    needs: &[Need],
    resources: &Resources,
    settings: &Settings,
    width: Width,
) -> Value {
    let needs = needs.iter().filter(|need| need.question == question);
    let asked = needs.map(|need| Asked::of(need.clone(), settings, width));
    let asked = asked.collect();
    let mut groups: BTreeMap<_, Asked> = BTreeMap::new();
    for asked in versions::apart(asked, resources) {
        match groups.get_mut(&asked.group()) {
            Some(known) => known.join(asked),
            None => {
                groups.insert(asked.group(), asked);
            }
        }
    }
    let asked = groups.into_values();
    let webhooks = asked.flat_map(|asked| asked.webhooks(settings)).collect();
    let names = match question {
        Question::Validate => ("Validating", "validating"),
        Question::Mutate => ("Mutating", "mutating"),
    };
    object(names, webhooks, settings)
}

fn object((kind, name): (&str, &str), webhooks: Vec<Value>, settings: &Settings) -> Value {
    let configuration = &settings.configuration;
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
