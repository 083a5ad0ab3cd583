//! Names that variables may read: those that the engine gives, and those of context entries.
//!
//! A query is let through when an allowed name stands anywhere in it, or when it calls a function;
//! so Kyverno does it.

use portcullis_api::cluster_policy::{ContextEntry, Rule};
use portcullis_values::wildcard;

/// What variables of a rule may read.
#[derive(Debug)]
pub(super) struct Names {
    words: &'static [&'static str],
    patterns: Vec<String>,
}

const ALWAYS: &[&str] = &["request", "serviceAccountName", "element", "@", "image"];
const BACKGROUND: &[&str] = &["request.", "element", "@", "images", "image."];
const TARGET: &[&str] = &[
    "request.",
    "serviceAccountName",
    "element",
    "@",
    "images",
    "image.",
    "target.",
];
const TARGET_BACKGROUND: &[&str] = &["request.", "element", "@", "images", "image.", "target."];

/// A cleanup policy reads the object, and no request.
const CLEANUP: &[&str] = &["target", "images", "image.", "@"];

impl Names {
    pub(super) fn of_cleanup(context: &[ContextEntry]) -> Names {
        let mut names = Names {
            words: CLEANUP,
            patterns: Vec::new(),
        };
        names.add(context);
        names
    }

    pub(super) fn of(rule: &Rule, background: bool, target: bool) -> Names {
        let words = match (target, background) {
            (false, false) => ALWAYS,
            (false, true) => BACKGROUND,
            (true, false) => TARGET,
            (true, true) => TARGET_BACKGROUND,
        };
        let mut names = Names {
            words,
            patterns: Vec::new(),
        };
        names.add(&rule.context);
        names.add_bodies(rule);
        names
    }

    /// What says which target is meant, and so does not read it.
    pub(super) fn of_target_choice(rule: &Rule, background: bool) -> Names {
        let mut names = Names {
            words: if background { BACKGROUND } else { ALWAYS },
            patterns: Vec::new(),
        };
        names.add(&rule.context);
        names
    }

    fn add_bodies(&mut self, rule: &Rule) {
        let validation = rule
            .validate
            .as_ref()
            .and_then(|body| body.foreach.as_deref());
        let mut open: Vec<_> = validation.into_iter().flatten().collect();
        while let Some(foreach) = open.pop() {
            self.add(&foreach.context);
            open.extend(foreach.foreach.iter().flatten());
        }
        let mutation = rule.mutate.as_ref();
        let mut open: Vec<_> = mutation
            .and_then(|body| body.foreach.as_deref())
            .into_iter()
            .flatten()
            .collect();
        while let Some(foreach) = open.pop() {
            self.add(&foreach.context);
            open.extend(foreach.foreach.iter().flatten());
        }
        for target in mutation.iter().flat_map(|body| &body.targets) {
            self.add(&target.context);
        }
        let generation = rule
            .generate
            .as_ref()
            .and_then(|body| body.foreach.as_deref());
        for foreach in generation.into_iter().flatten() {
            self.add(&foreach.context);
        }
        for attestation in rule
            .verify_images
            .iter()
            .flat_map(|images| &images.attestations)
        {
            let name = attestation.name.as_deref().filter(|name| !name.is_empty());
            self.patterns.extend(name.map(|name| format!("{name}*")));
        }
    }

    fn add(&mut self, entries: &[ContextEntry]) {
        for entry in entries {
            let name = &entry.name;
            match entry.config_map {
                Some(_) => self.patterns.extend(
                    [".data", ".metadata", ".data.*", ".metadata.*"]
                        .map(|end| format!("{name}{end}")),
                ),
                None => self.patterns.push(format!("{name}*")),
            }
        }
    }

    /// Whether a query reads nothing else.
    pub(super) fn allow(&self, query: &str) -> bool {
        let query = query.replace('"', "");
        self.words.iter().any(|word| query.contains(word))
            || calls_function(&query)
            || self
                .patterns
                .iter()
                .any(|pattern| wildcard::matches(pattern, &query))
    }

    /// What may be read, for the author.
    pub(super) fn listed(&self) -> String {
        let entries = self
            .patterns
            .iter()
            .map(|pattern| pattern.trim_end_matches('*').trim_end_matches('.'));
        let mut names: Vec<&str> = self
            .words
            .iter()
            .map(|word| word.trim_end_matches('.'))
            .collect();
        for entry in entries {
            if !names.contains(&entry) {
                names.push(entry);
            }
        }
        format!("`{}`", names.join("`, `"))
    }
}

/// Whether `name(` and something behind it stands in the query.
fn calls_function(query: &str) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    query.as_bytes().windows(3).any(|window| match window {
        [name, b'(', behind] => is_name(name) && !matches!(behind, b'{' | b'}'),
        _ => false,
    })
}
