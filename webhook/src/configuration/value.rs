//! Values of the ConfigMap, and the place at which one cannot be read.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use portcullis_api::{
    cel_expression::MatchCondition,
    label_selector::{LabelSelector, LabelSelectorRequirement},
};
use portcullis_engine::matching::{Requirement, Selector};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::mistake::{self, Mistake};

/// What is wrong with a key of the ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key `{key}`, character {position}: found {found}, expected {expected}")]
pub struct ConfigurationError {
    /// The key.
    pub key: String,
    /// The character of the value at which it cannot be read on, from one.
    pub position: usize,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'e> {
    pub(super) key: &'e str,
    pub(super) text: &'e str,
}

/// A value that is written as an object: of a list, serde would take the fields one by one.
struct Object<T>(T);

/// Says of a type what may stand in its place.
trait Expected {
    const EXPECTED: &str;
}

impl Expected for WebhookSelectors {
    const EXPECTED: &str = "an object with `namespaceSelector` and `objectSelector`";
}

impl Expected for LabelSelectorText {
    const EXPECTED: &str = "a label selector: an object with `matchLabels` and `matchExpressions`";
}

impl Expected for RequirementText {
    const EXPECTED: &str = "an object with `key`, `operator` and `values`";
}

impl Expected for MatchCondition {
    const EXPECTED: &str = "an object with `name` and `expression`";
}

impl<'de, T: Deserialize<'de> + Expected> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Expected> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A label selector as it is written. What is `null` is not written: Kyverno's chart writes `matchLabels`
/// so.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LabelSelectorText {
    #[serde(default, deserialize_with = "null_is_none")]
    match_labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_is_none")]
    match_expressions: Vec<Object<RequirementText>>,
}

/// A requirement as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequirementText {
    key: String,
    operator: String,
    #[serde(default, deserialize_with = "null_is_none")]
    values: Vec<String>,
}

fn null_is_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The selectors of `webhooks`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WebhookSelectors {
    #[serde(default, deserialize_with = "label_selector")]
    pub(super) namespace_selector: Option<LabelSelector>,
    #[serde(default, deserialize_with = "label_selector")]
    pub(super) object_selector: Option<LabelSelector>,
}

fn label_selector<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<LabelSelector>, D::Error> {
    let written: Option<Object<LabelSelectorText>> = Option::deserialize(deserializer)?;
    Ok(written.map(|Object(written)| LabelSelector {
        match_labels: written.match_labels,
        match_expressions: all(written.match_expressions)
            .into_iter()
            .map(|written| LabelSelectorRequirement {
                key: written.key,
                operator: written.operator,
                values: written.values,
            })
            .collect(),
    }))
}

fn all<T>(objects: Vec<Object<T>>) -> Vec<T> {
    objects.into_iter().map(|Object(object)| object).collect()
}

impl WebhookSelectors {
    /// Reads an object, or the list of one object that older versions wrote.
    pub(super) fn parse(entry: &Entry<'_>) -> Result<WebhookSelectors, ConfigurationError> {
        let is_list = entry.text.trim_start().starts_with('[');
        let mut selectors = match is_list {
            false => Vec::from_iter(entry.json::<Object<WebhookSelectors>>()?),
            true => entry.json()?.unwrap_or_default(),
        };
        if selectors.len() > 1 {
            let found = format!("a list of {}", selectors.len());
            return Err(entry.error(1, found, "one object with selectors"));
        }
        let selectors = selectors.pop().map(|Object(selectors)| selectors);
        let selectors = selectors.unwrap_or_default();
        let written = [&selectors.namespace_selector, &selectors.object_selector];
        for selector in written.into_iter().flatten() {
            Selector::of(selector)
                .map_err(|error| entry.mistake(mistake::of_selector(entry.text, &error)))?;
        }
        Ok(selectors)
    }
}

impl Entry<'_> {
    /// A mistake at a character.
    pub(super) fn error(
        &self,
        position: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> ConfigurationError {
        ConfigurationError {
            key: self.key.to_owned(),
            position,
            found: found.into(),
            expected: expected.into(),
        }
    }

    fn mistake(&self, mistake: Mistake) -> ConfigurationError {
        self.error(mistake.position, mistake.found, mistake.expected)
    }

    /// A mistake at the first character of what is left of the value.
    pub(super) fn error_at_rest(&self, rest: &str, expected: &str) -> ConfigurationError {
        let before = self.text.chars().count() - rest.chars().count();
        let found = match rest.chars().next() {
            None => "the end".to_owned(),
            Some(character) => format!("`{character}`"),
        };
        self.error(before + 1, found, expected)
    }

    pub(super) fn boolean(&self) -> Result<bool, ConfigurationError> {
        match self.text.trim() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            other => Err(self.error(1, format!("`{other}`"), "`true` or `false`")),
        }
    }

    /// The parts between commas.
    pub(super) fn items(&self) -> Vec<String> {
        let parts = self.text.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }

    pub(super) fn number(&self) -> Result<u32, ConfigurationError> {
        let text = self.text.trim();
        let number = text.parse();
        number.map_err(|_| self.error(1, format!("`{text}`"), "a number that is not negative"))
    }

    fn texts(&self) -> Result<BTreeMap<String, String>, ConfigurationError> {
        Ok(self.json()?.unwrap_or_default())
    }

    /// Texts by names such as annotations have.
    pub(super) fn annotations(&self) -> Result<BTreeMap<String, String>, ConfigurationError> {
        let texts = self.texts()?;
        for name in texts.keys() {
            self.is_taken(name, "Exists", &[])?;
        }
        Ok(texts)
    }

    /// Texts such as labels have.
    pub(super) fn labels(&self) -> Result<BTreeMap<String, String>, ConfigurationError> {
        let texts = self.texts()?;
        for (name, value) in &texts {
            self.is_taken(name, "In", std::slice::from_ref(value))?;
        }
        Ok(texts)
    }

    /// Whether the API server takes a label: as much as of a requirement of a selector.
    fn is_taken(
        &self,
        key: &str,
        operator: &str,
        values: &[String],
    ) -> Result<(), ConfigurationError> {
        let requirement = Requirement {
            key,
            operator,
            values,
        };
        Selector::compile([], [requirement])
            .map(drop)
            .map_err(|error| self.mistake(mistake::of_selector(self.text, &error)))
    }

    pub(super) fn conditions(&self) -> Result<Vec<MatchCondition>, ConfigurationError> {
        Ok(self.json()?.map(all).unwrap_or_default())
    }

    /// Reads JSON; none where the value is empty.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<Option<T>, ConfigurationError> {
        if self.text.trim().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(self.text)
            .map_err(|error| self.mistake(mistake::of_json(self.text, &error)))
    }
}
