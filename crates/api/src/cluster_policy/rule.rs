//! One rule of a policy: what it is about, and what it does.
//!
//! A rule does exactly one thing: `validate`, `mutate`, `generate` or `verifyImages`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::MatchCondition;
use crate::cluster_policy::conditions::Conditions;
use crate::cluster_policy::context::ContextEntry;
use crate::cluster_policy::generation::Generation;
use crate::cluster_policy::image_verification::ImageVerification;
use crate::cluster_policy::match_resources::MatchResources;
use crate::cluster_policy::mutation::Mutation;
use crate::cluster_policy::validation::Validation;

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Name, unique in the policy.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Named values for expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextEntry>,
    /// Further properties of the rule's results; variables are replaced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub report_properties: BTreeMap<String, String>,
    /// What the rule is about.
    pub r#match: MatchResources,
    /// What it is not about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<MatchResources>,
    /// Where custom kinds keep their images, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub image_extractors: BTreeMap<String, Vec<ImageExtractor>>,
    /// Conditions that must hold for the rule to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preconditions: Option<Conditions>,
    /// CEL conditions that must hold for the rule to run; only with `validate.cel`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cel_preconditions: Vec<MatchCondition>,
    /// Changes the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutate: Option<Mutation>,
    /// Checks the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<Validation>,
    /// Makes further resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generation>,
    /// Checks the signatures of images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verify_images: Vec<ImageVerification>,
    /// Whether requests of Kyverno's own background controller are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub skip_background_requests: Option<bool>,
}

/// Where a kind keeps an image.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageExtractor {
    /// Path to the image, its parts divided by `/`; `*` stands for any element.
    pub path: String,
    /// Last part of the path, when `path` ends at the object that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Name of the group of images in expressions; `custom` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Field that names the image within its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// JMESPath expression that finds the image in the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jmes_path: Option<String>,
}
