//! The expressions of the corpora's policies, checked against the schemas of the kinds that they
//! match: nearly all policies have no mistake, and the mistakes of the others are told.

use std::{path::Path, sync::Arc};

use portcullis_engine::{CompileOptions, cel::typing, compile, load};
use portcullis_pipeline::offline;
use portcullis_schema::{Catalogue, NEWEST, builtin};
use portcullis_yaml::{Limits, Mode};

use crate::score::Score;

/// The name of the score.
pub const NAME: &str = "cel types";

/// The mistakes of the corpora: what each policy says can never be evaluated.
const MISTAKES: &[(&str, &str)] = &[
    // Its message turns a map into text.
    (
        "policies/best-practices-vpol/require-labels/require-labels.yaml",
        "spec.validations[0].messageExpression: found no matching overload for 'string'",
    ),
    // A quantity of resources is text.
    (
        "policies/other-vpol/check-nvidia-gpu/check-nvidia-gpu.yaml",
        "spec.validations[0].expression: found no matching overload for '_>_' applied to '(string, int)'",
    ),
    // Parameters are given one by one; Kyverno's commands give their list.
    (
        "kyverno-test/cli/test-mutating-admission-policy/with-two-params/policy.yaml",
        "spec.mutations[0].applyConfiguration.expression: undefined field 'items'",
    ),
];

/// Checks every policy below a folder that the engine compiles.
#[must_use]
pub fn replay(corpora: &Path) -> Score {
    let mut score = Score::new(NAME);
    let catalogue = Arc::new(builtin(NEWEST).unwrap_or_default());
    for corpus in crate::suites::CORPORA {
        let files = offline::yaml_files(&corpora.join(corpus)).unwrap_or_default();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let name = file.strip_prefix(corpora).unwrap_or(&file).display();
            check(&text, &name.to_string(), &catalogue, &mut score);
        }
    }
    score
}

fn check(text: &str, name: &str, catalogue: &Arc<Catalogue>, score: &mut Score) {
    let documents = portcullis_yaml::documents(text);
    let read = documents.filter_map(|document| {
        let value = document.read(Mode::Lenient, &Limits::default());
        Some(load::load(&value.ok()?).0)
    });
    for loaded in read.flatten() {
        let (set, errors) = compile([&loaded], &[], &CompileOptions { compat: true });
        if set.policies().is_empty() || !errors.is_empty() {
            continue;
        }
        let found = typing::check(&loaded, catalogue);
        let said: Vec<String> = found
            .iter()
            .map(|finding| {
                let kinds = finding.kinds.join(", ");
                format!("{}: {} ({kinds})", finding.path, finding.message)
            })
            .collect();
        let known = MISTAKES.iter().find(|(file, _)| *file == name);
        let outcome = match known {
            Some((_, mistake)) if said.iter().any(|told| told.starts_with(mistake)) => Ok(()),
            Some((_, mistake)) => Err(format!("expected {mistake}, found {said:?}")),
            None if said.is_empty() => Ok(()),
            None => Err(said.join("; ")),
        };
        score.count(|| name.to_owned(), outcome);
    }
}
