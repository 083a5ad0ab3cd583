//! Parameters of policies: ConfigMaps, and a kind without namespaces, by name and by label.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{dice::Dice, objects::NAMESPACES};

/// A namespace with parameters, and without objects.
pub(super) const SHARED: &str = "pairs-shared";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterKind {
    ConfigMap,
    Setting,
}

pub(super) fn kind(dice: &mut Dice) -> ParameterKind {
    dice.one(&[
        ParameterKind::ConfigMap,
        ParameterKind::ConfigMap,
        ParameterKind::Setting,
    ])
}

/// Every way to refer to parameters that must be met.
pub(super) const MODES: [&str; 16] = [
    "ConfigMap by name, found, Allow",
    "ConfigMap by name, found, Deny",
    "ConfigMap by name, missing, Allow",
    "ConfigMap by name, missing, Deny",
    "ConfigMap by selector, found, Allow",
    "ConfigMap by selector, found, Deny",
    "ConfigMap by selector, missing, Allow",
    "ConfigMap by selector, missing, Deny",
    "Setting by name, found, Allow",
    "Setting by name, found, Deny",
    "Setting by name, missing, Allow",
    "Setting by name, missing, Deny",
    "Setting by selector, found, Allow",
    "Setting by selector, found, Deny",
    "Setting by selector, missing, Allow",
    "Setting by selector, missing, Deny",
];

impl ParameterKind {
    pub(super) fn reference(self) -> Value {
        match self {
            ParameterKind::ConfigMap => json!({"apiVersion": "v1", "kind": "ConfigMap"}),
            ParameterKind::Setting => {
                json!({"apiVersion": "pairs.example.com/v1", "kind": "Setting"})
            }
        }
    }

    /// A reference to parameters of the kind; the way it refers is noted. What mutates refers to one
    /// object at most: the API server takes several in no fixed order.
    pub(super) fn referred(
        self,
        dice: &mut Dice,
        mutates: bool,
        hits: &mut BTreeSet<String>,
    ) -> Value {
        let mut is_found = dice.percent(75);
        let by_name = dice.percent(50);
        let action = dice.one(&["Allow", "Deny"]);
        let mut reference = json!({"parameterNotFoundAction": action});
        if by_name {
            let name = if is_found {
                dice.one(&["first", "second"])
            } else {
                "none"
            };
            reference["name"] = name.into();
        } else {
            let label = match (is_found, mutates) {
                (true, true) => "b",
                (true, false) => dice.one(&["a", "b"]),
                (false, _) => "z",
            };
            // Too few cases would miss otherwise, and be refused for it.
            let is_lost = label == "b" && self == ParameterKind::Setting && action == "Deny";
            is_found = is_found && !is_lost;
            let label = if is_lost { "z" } else { label };
            reference["selector"] = json!({"matchLabels": {"set": label}});
        }
        if self == ParameterKind::ConfigMap && dice.percent(50) {
            reference["namespace"] = SHARED.into();
        }
        let way = if by_name { "name" } else { "selector" };
        let found = if is_found { "found" } else { "missing" };
        hits.insert(format!("{self:?} by {way}, {found}, {action}"));
        reference
    }
}

/// The objects that can be referred to, with the paths of their collections. They differ, and label
/// `a` is on two of them in a place.
pub(super) fn objects() -> Vec<(String, Value)> {
    let mut objects = Vec::new();
    let data = [
        json!({"most": "3", "words": "true,yes", "rare": "yes"}),
        json!({"most": "0", "words": "false"}),
        json!({"most": "none", "words": ""}),
    ];
    let places = NAMESPACES
        .into_iter()
        .chain([SHARED])
        .map(Some)
        .chain([None]);
    for place in places {
        for (number, name) in ["first", "second", "third"].into_iter().enumerate() {
            // The first two have one label: what is asked of several is asked of both.
            let set = if number < 2 { "a" } else { "b" };
            let mut object = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": data[number],
                "metadata": {"name": name, "labels": {"set": set}},
            });
            let path = match place {
                Some(namespace) => {
                    object["metadata"]["namespace"] = namespace.into();
                    format!("/api/v1/namespaces/{namespace}/configmaps")
                }
                None => {
                    object["apiVersion"] = "pairs.example.com/v1".into();
                    object["kind"] = "Setting".into();
                    "/apis/pairs.example.com/v1/settings".to_owned()
                }
            };
            objects.push((path, object));
        }
    }
    objects
}
