//! Golden tables: lists of input and answer, each computed by the program that defines the answer.

pub mod answer;
pub mod autogen;
pub mod cel;
pub mod cel_spec;
pub mod conditions;
pub mod crds;
pub mod cron;
pub mod duration;
pub mod gotime;
pub mod image_ref;
pub mod jmespath;
pub mod json_patch;
pub mod kinds;
pub mod mutate;
pub mod pattern;
pub mod policy_load_errors;
pub mod quantity;
pub mod regex;
pub mod selector;
pub mod semver;
pub mod substitute;
pub mod wildcard;
pub mod yaml;

use serde_json::Value;

/// One golden table and the function that replays one of its cases.
pub struct GoldenTable {
    /// The file's name without its suffix.
    pub name: &'static str,
    /// Replays a case (`in`, and `out` or `error`, …); the error is the difference, as text.
    pub check: fn(case: &Value) -> Result<(), String>,
}

/// Every table that is replayed, by name.
pub const TABLES: &[GoldenTable] = &[
    GoldenTable {
        name: "conditions",
        check: conditions::check,
    },
    GoldenTable {
        name: "crds",
        check: crds::check,
    },
    GoldenTable {
        name: "cron",
        check: cron::check,
    },
    GoldenTable {
        name: "duration",
        check: duration::check,
    },
    GoldenTable {
        name: "gotime",
        check: gotime::check,
    },
    GoldenTable {
        name: "image_ref",
        check: image_ref::check,
    },
    GoldenTable {
        name: "jmespath",
        check: jmespath::check,
    },
    GoldenTable {
        name: "json_patch",
        check: json_patch::check,
    },
    GoldenTable {
        name: "kinds",
        check: kinds::check,
    },
    GoldenTable {
        name: "mutate",
        check: mutate::check,
    },
    GoldenTable {
        name: "pattern",
        check: pattern::check,
    },
    GoldenTable {
        name: "policy_load_errors",
        check: policy_load_errors::check,
    },
    GoldenTable {
        name: "quantity",
        check: quantity::check,
    },
    GoldenTable {
        name: "regex",
        check: regex::check,
    },
    GoldenTable {
        name: "selector",
        check: selector::check,
    },
    GoldenTable {
        name: "semver",
        check: semver::check,
    },
    GoldenTable {
        name: "substitute",
        check: substitute::check,
    },
    GoldenTable {
        name: "wildcard",
        check: wildcard::check,
    },
    GoldenTable {
        name: "yaml",
        check: yaml::check,
    },
];

/// The cases of a table.
pub fn cases(table: &Value) -> impl Iterator<Item = &Value> {
    table
        .get("cases")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
