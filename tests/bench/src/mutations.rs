//! The ten policies that change workloads: what they change once they do not change again.

/// Ten policies that change Pods and what makes them.
pub(crate) const POLICIES: &str = include_str!("../mutations.yaml");

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use portcullis_engine::patch::{JsonPatch, JsonPatchOptions, diff};
    use portcullis_pipeline::{
        apply::{self, ApplyOptions, ApplyReport, Keep},
        diagnostic::SourceFile,
    };

    use super::POLICIES;
    use crate::manifests;

    fn applied(manifests: &str) -> ApplyReport {
        let path = PathBuf::from("mutations.yaml");
        let report = apply::run(&ApplyOptions {
            policies: vec![path.clone()],
            overrides: [(path, POLICIES.to_owned())].into_iter().collect(),
            resources: vec![SourceFile::new("workloads.yaml", manifests)],
            keep: Keep::Produced,
            ..ApplyOptions::default()
        });
        assert!(report.errors.is_empty(), "{:?}", report.errors);
        assert_eq!(report.results, []);
        report
    }

    #[test]
    fn a_change_is_made_once_and_always_the_same() {
        let workloads = manifests::workloads(400);
        let first = applied(&workloads);
        assert_eq!(first.produced.len(), 400, "every workload changes");
        assert_eq!(first.produced, applied(&workloads).produced);
        let documents = first.produced.iter();
        let changed: Vec<String> = documents.map(|one| one.text.clone()).collect();
        let second = applied(&changed.join("\n---\n"));
        assert_eq!(second.produced, []);
        assert_eq!(second.counts.pass, 0);
    }

    #[test]
    fn the_difference_as_a_patch_makes_the_changed_object() {
        let workloads = manifests::workloads(50);
        let produced = applied(&workloads).produced;
        let originals = portcullis_yaml::documents(&workloads)
            .map(|document| document.read(portcullis_yaml::Mode::Lenient, &Default::default()));
        for (original, one) in originals.zip(produced) {
            let original = original.expect("the manifests are YAML");
            let changed = one.text.parse().expect("objects are written as JSON");
            let patch = JsonPatch::from(diff(&original, &changed));
            let after = patch.apply(original, JsonPatchOptions::STRICT);
            assert_eq!(after, Ok(changed));
        }
    }
}
