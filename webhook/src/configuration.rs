//! The ConfigMap of the webhook, with Kyverno's keys.
//!
//! | key | says |
//! |---|---|
//! | `resourceFilters` | objects that are never asked about: `[Kind,namespace,name]…` |
//! | `excludeGroups`, `excludeUsernames`, `excludeRoles`, `excludeClusterRoles` | users that are never asked about, divided by commas; `!name` keeps a user in |
//! | `webhooks` | `namespaceSelector` and `objectSelector` of every webhook, as JSON |
//! | `matchConditions` | conditions of every webhook, as JSON |
//! | `webhookAnnotations`, `webhookLabels` | of the webhook configurations, as JSON |
//! | `generateSuccessEvents` | whether an Event tells of what passes |
//! | `successEventActions` | of which actions alone, divided by commas: `Resource Passed`, `Resource Mutated` |
//! | `defaultRegistry`, `enableDefaultRegistryMutation`, `updateRequestThreshold` | read for those who act on them |

mod mistake;
mod resource_filters;
mod users;
mod value;

use std::collections::BTreeMap;

use portcullis_api::{cel_expression::MatchCondition, label_selector::LabelSelector};
use portcullis_engine::request::{GroupVersionKind, Request};
use serde_json::Value;

pub use self::value::ConfigurationError;
use self::{
    resource_filters::ResourceFilter,
    users::Users,
    value::{Entry, WebhookSelectors},
};

/// What the ConfigMap says.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    filters: Vec<ResourceFilter>,
    users: Users,
    /// The `namespaceSelector` of every webhook.
    pub namespace_selector: Option<LabelSelector>,
    /// The `objectSelector` of every webhook.
    pub object_selector: Option<LabelSelector>,
    /// Conditions of every webhook.
    pub match_conditions: Vec<MatchCondition>,
    /// Annotations of the webhook configurations.
    pub webhook_annotations: BTreeMap<String, String>,
    /// Labels of the webhook configurations.
    pub webhook_labels: BTreeMap<String, String>,
    /// The registry of images that name none.
    pub default_registry: String,
    /// Whether images are written with the default registry.
    pub enable_default_registry_mutation: bool,
    /// Whether an Event tells of what passes.
    pub generate_success_events: bool,
    /// The actions that such an Event may have; empty for all.
    pub success_event_actions: Vec<String>,
    /// How many update requests may wait.
    pub update_request_threshold: u32,
    /// Keys that change nothing, sorted: those of Kyverno that nobody here acts on, and unknown ones.
    pub without_effect: Vec<String>,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration {
            filters: Vec::new(),
            users: Users::default(),
            namespace_selector: None,
            object_selector: None,
            match_conditions: Vec::new(),
            webhook_annotations: BTreeMap::new(),
            webhook_labels: BTreeMap::new(),
            default_registry: "docker.io".to_owned(),
            enable_default_registry_mutation: true,
            generate_success_events: false,
            success_event_actions: Vec::new(),
            update_request_threshold: 1000,
            without_effect: Vec::new(),
        }
    }
}

impl Configuration {
    /// Reads the ConfigMap. What it has as `binaryData` is no text, and changes nothing.
    ///
    /// # Errors
    /// As [`Configuration::from_data`].
    pub fn from_config_map(object: &Value) -> Result<Configuration, ConfigurationError> {
        let entries = |field: &str| object.get(field).and_then(Value::as_object);
        let data = entries("data").into_iter().flatten();
        let data = data.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned())));
        let mut configuration = Configuration::from_data(&data.collect())?;
        let binary = entries("binaryData").into_iter().flatten();
        let binary = binary.map(|(key, _)| format!("binaryData.{key}"));
        configuration.without_effect.extend(binary);
        configuration.without_effect.sort();
        Ok(configuration)
    }

    /// Reads the data of the ConfigMap.
    ///
    /// # Errors
    /// At the first key, in the order of their names, that cannot be read.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Configuration, ConfigurationError> {
        let mut configuration = Configuration::default();
        for (key, text) in data {
            configuration.set(&Entry { key, text })?;
        }
        Ok(configuration)
    }

    fn set(&mut self, entry: &Entry<'_>) -> Result<(), ConfigurationError> {
        match entry.key {
            "resourceFilters" => self.filters = resource_filters::parse(entry)?,
            "excludeUsernames" => self.users.usernames = users::parse(entry),
            "excludeGroups" => self.users.groups = users::parse(entry),
            "excludeRoles" => self.users.roles = users::parse(entry),
            "excludeClusterRoles" => self.users.cluster_roles = users::parse(entry),
            "webhooks" => {
                let selectors = WebhookSelectors::parse(entry)?;
                self.namespace_selector = selectors.namespace_selector;
                self.object_selector = selectors.object_selector;
            }
            "matchConditions" => self.match_conditions = entry.conditions()?,
            "webhookAnnotations" => self.webhook_annotations = entry.annotations()?,
            "webhookLabels" => self.webhook_labels = entry.labels()?,
            "generateSuccessEvents" => self.generate_success_events = entry.boolean()?,
            "successEventActions" => self.success_event_actions = entry.items(),
            _ => {
                self.set_idle(entry)?;
                self.without_effect.push(entry.key.to_owned());
            }
        }
        Ok(())
    }

    /// Keys that are checked although nobody here acts on them.
    fn set_idle(&mut self, entry: &Entry<'_>) -> Result<(), ConfigurationError> {
        match entry.key {
            "defaultRegistry" => entry.text.trim().clone_into(&mut self.default_registry),
            "enableDefaultRegistryMutation" => {
                self.enable_default_registry_mutation = entry.boolean()?;
            }
            "updateRequestThreshold" => self.update_request_threshold = entry.number()?,
            _ => {}
        }
        Ok(())
    }

    /// Whether `resourceFilters` leave an object out, told by kind, and by namespace and name.
    #[must_use]
    pub fn leaves_out(&self, kind: &GroupVersionKind, place: (&str, &str)) -> bool {
        let mut filters = self.filters.iter();
        filters.any(|filter| filter.matches_object(kind, "", place))
    }

    /// Whether a request is answered without asking a policy.
    #[must_use]
    pub fn ignores(&self, request: &Request<'_>) -> bool {
        self.filters.iter().any(|filter| filter.matches(request))
            || request.user.is_some_and(|user| self.users.excludes(user))
    }
}

#[cfg(test)]
mod tests;
