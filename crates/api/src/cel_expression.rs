//! The small CEL shapes that several kinds share: conditions, variables, validations, audit annotations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A named CEL condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchCondition {
    /// Name, unique in its list.
    pub name: String,
    /// A CEL expression that gives a boolean.
    pub expression: String,
}

/// A named CEL expression that others read as `variables.<name>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct CelVariable {
    /// Name, a CEL identifier.
    pub name: String,
    /// The expression; evaluated when first read.
    pub expression: String,
}

/// A CEL expression that must be true, and what to say when it is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CelValidation {
    /// An expression that gives a boolean.
    pub expression: String,
    /// What to say when it is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// An expression that gives the message; wins over `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_expression: Option<String>,
    /// Machine-readable reason, such as `Forbidden`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An annotation for the audit event of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditAnnotation {
    /// The annotation's key.
    pub key: String,
    /// An expression that gives a string, or null for none.
    pub value_expression: String,
}
