//! Crates: arrows go down only, heavy dependencies have one owner, and JSON keeps its meaning.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{none, output, read};

/// The floor of each crate, as in `docs/architecture.md`; an arrow goes to a lower floor.
const FLOORS: &[(&str, u8)] = &[
    ("xtask", 6),
    ("portcullis-bench", 6),
    ("portcullis-conformance", 6),
    ("portcullis-e2e", 6),
    ("portcullis-oracle", 6),
    ("portcullis-cli", 5),
    ("portcullis-webhook", 5),
    ("portcullis-sync", 4),
    ("portcullis-cluster", 3),
    ("portcullis-images", 3),
    ("portcullis-pipeline", 3),
    ("portcullis-sources", 3),
    ("portcullis-engine", 2),
    ("portcullis-jmespath", 1),
    ("portcullis-cel", 1),
    ("portcullis-api", 1),
    ("portcullis-schema", 1),
    ("portcullis-yaml", 0),
    ("portcullis-values", 0),
];

/// The highest floor that touches no file, environment, clock or thread.
const ENGINE: u8 = 2;

/// Dependencies that any crate may have. Of the others, each has one owner.
const SHARED: &[&str] = &[
    "insta",
    "num-bigint",
    "proptest",
    "serde",
    "serde_json",
    "tempfile",
    "thiserror",
];

/// Heavy dependencies and who may have them.
const OWNERS: &[(&str, &[&str])] = &[
    (
        "base64",
        &[
            "portcullis-cel",
            "portcullis-e2e",
            "portcullis-engine",
            "portcullis-images",
            "portcullis-jmespath",
            "portcullis-sync",
            "portcullis-values",
            "portcullis-webhook",
        ],
    ),
    (
        "clap",
        &[
            "portcullis-bench",
            "portcullis-cli",
            "portcullis-conformance",
            "portcullis-oracle",
            "portcullis-sync",
            "portcullis-webhook",
            "xtask",
        ],
    ),
    (
        "axum",
        &["portcullis-bench", "portcullis-sync", "portcullis-webhook"],
    ),
    ("axum-server", &["portcullis-bench", "portcullis-webhook"]),
    (
        "mimalloc",
        &["portcullis-bench", "portcullis-cli", "portcullis-webhook"],
    ),
    ("rcgen", &["portcullis-webhook"]),
    ("rustls", &["portcullis-webhook"]),
    ("arc-swap", &["portcullis-webhook"]),
    ("clap_complete", &["portcullis-cli"]),
    ("clap_mangen", &["portcullis-cli"]),
    (
        "flate2",
        &["portcullis-cel", "portcullis-engine", "portcullis-images"],
    ),
    ("hmac", &["portcullis-cel"]),
    ("jiff", &["portcullis-values"]),
    ("prometheus-client", &["portcullis-sync"]),
    ("git2", &["portcullis-sources"]),
    ("jsonschema", &["portcullis-pipeline"]),
    ("k8s-openapi", &["portcullis-cluster"]),
    ("kube", &["portcullis-cluster"]),
    ("p256", &["portcullis-cel", "portcullis-engine"]),
    ("p384", &["portcullis-cel", "portcullis-engine"]),
    ("p521", &["portcullis-cel"]),
    (
        "rayon",
        &["portcullis-bench", "portcullis-pipeline", "xtask"],
    ),
    ("memchr", &["portcullis-pipeline", "portcullis-yaml"]),
    ("md-5", &["portcullis-cel", "portcullis-jmespath"]),
    ("regex-automata", &["portcullis-values"]),
    ("oci-client", &["portcullis-images"]),
    (
        "reqwest",
        &[
            "portcullis-e2e",
            "portcullis-images",
            "portcullis-sources",
            "portcullis-webhook",
        ],
    ),
    ("rsa", &["portcullis-cel", "portcullis-engine"]),
    (
        "rustc-hash",
        &["portcullis-cel", "portcullis-engine", "portcullis-webhook"],
    ),
    ("schemars", &["portcullis-api"]),
    ("sha1", &["portcullis-cel", "portcullis-jmespath"]),
    (
        "sha2",
        &[
            "portcullis-cel",
            "portcullis-e2e",
            "portcullis-engine",
            "portcullis-images",
            "portcullis-jmespath",
        ],
    ),
    ("similar", &["portcullis-cli"]),
    ("tar", &["portcullis-engine", "portcullis-images"]),
    (
        "tokio",
        &[
            "portcullis-bench",
            "portcullis-cluster",
            "portcullis-e2e",
            "portcullis-images",
            "portcullis-sync",
            "portcullis-webhook",
        ],
    ),
    ("tera", &["portcullis-pipeline"]),
];

/// Features of `serde_json` that would change the order or the kinds of what is read.
const UNWANTED: &[&str] = &["preserve_order", "arbitrary_precision"];

#[test]
fn arrows_go_down_only() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut problems = Vec::new();
    for (from, to) in arrows(&metadata()) {
        let Some(floor) = floors.get(from.as_str()) else {
            problems.push(format!("{from} has no floor"));
            continue;
        };
        if floors.get(to.as_str()).is_some_and(|below| below >= floor) {
            problems.push(format!("{from} depends on {to}, which is not below it"));
        }
    }
    none(&problems, "see the floors in docs/architecture.md");
}

#[test]
fn what_is_below_the_pipeline_is_pure() {
    let pure = FLOORS.iter().filter(|(_, floor)| *floor <= ENGINE);
    let folders = pure.map(|(name, _)| name.trim_start_matches("portcullis-"));
    let files = folders.map(|folder| format!("crates/{folder}/src/lib.rs"));
    let lint = "#![warn(clippy::disallowed_methods)]";
    let open: Vec<String> = files.filter(|file| !read(file).contains(lint)).collect();
    none(&open, &format!("write `{lint}` in each"));
}

#[test]
fn dependencies_have_one_owner() {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in arrows(&metadata()) {
        if !to.starts_with("portcullis-") && !SHARED.contains(&to.as_str()) {
            owners.entry(to).or_default().insert(from);
        }
    }
    let named: BTreeMap<&str, &[&str]> = OWNERS.iter().copied().collect();
    let mut problems = Vec::new();
    for (dependency, found) in &owners {
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        match named.get(dependency.as_str()) {
            Some(wanted) if found.iter().all(|owner| wanted.contains(owner)) => {}
            Some(wanted) => problems.push(format!("{dependency} is of {wanted:?}, not {found:?}")),
            None if found.len() == 1 => {}
            None => problems.push(format!("{dependency} has the owners {found:?}")),
        }
    }
    none(&problems, "ask the owner's crate for what it does with it");
}

#[test]
fn json_is_read_as_written() {
    let metadata = metadata();
    let nodes = list(
        metadata
            .get("resolve")
            .and_then(|resolve| resolve.get("nodes")),
    );
    let node = nodes
        .iter()
        .find(|node| text(node, "id").contains("#serde_json@"));
    let features: Vec<&str> = list(node.expect("serde_json is used").get("features"))
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(features.contains(&"float_roundtrip"), "{features:?}");
    for unwanted in UNWANTED {
        assert!(!features.contains(unwanted), "{unwanted} is on");
    }
}

/// Every direct dependency of every crate of the workspace, of whatever kind.
fn arrows(metadata: &Value) -> BTreeSet<(String, String)> {
    let mut arrows = BTreeSet::new();
    for package in list(metadata.get("packages")) {
        if package.get("source").is_some_and(Value::is_null) {
            for dependency in list(package.get("dependencies")) {
                let name = text(dependency, "name");
                arrows.insert((text(package, "name").to_owned(), name.to_owned()));
            }
        }
    }
    arrows
}

/// What cargo says of the workspace on this machine's platform.
pub(super) fn metadata() -> Value {
    let version = output("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.expect("rustc names its host");
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform",
        host,
    ];
    serde_json::from_str(&output("cargo", &arguments)).expect("JSON")
}

pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
