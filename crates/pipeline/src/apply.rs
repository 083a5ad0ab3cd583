//! Policies applied to manifests: what Kyverno's `apply` counts, for any number of objects.
//!
//! Documents are read, evaluated and dropped in parallel; what is kept of an object is what the
//! report shows. Results come back in the order of the files.

mod documents;
mod from_cluster;
mod options;
mod outcome;
mod payloads;
mod produced;
mod reported;
mod subject;

use portcullis_engine::{CompileOptions, request::NumberModel};
use serde_json::Value;

pub use self::{
    options::ApplyOptions,
    outcome::{Applied, ApplyReport, Counts},
    produced::{Keep, Produced, ProducedAs, Writer},
    reported::Reported,
};
use crate::{
    custom_resources,
    diagnostic::Diagnostic,
    offline::{
        self, objects,
        policies::{self, LoadedPolicies},
    },
    suite::inputs::catalogue,
};

/// Applies policies to manifests.
#[must_use]
pub fn run(options: &ApplyOptions) -> ApplyReport {
    // The kinds are read meanwhile; they are asked for when the first object is.
    let load = || {
        let loaded = policies::load(&options.policies, &options.overrides);
        (loaded, exceptions(options))
    };
    let ((loaded, exceptions), _) = rayon::join(load, catalogue);
    apply(&loaded, &exceptions, options)
}

fn exceptions(options: &ApplyOptions) -> LoadedPolicies {
    let mut exceptions = policies::load(&options.exceptions, &options.overrides);
    let further = options.further_exceptions.iter();
    further.for_each(|file| policies::add_exceptions(file, &mut exceptions));
    if options.exceptions_among_resources {
        let files = options.resources.iter();
        files.for_each(|file| policies::add_exceptions(file, &mut exceptions));
    }
    exceptions
}

/// Applies policies that are loaded.
#[must_use]
pub fn apply(
    loaded: &LoadedPolicies,
    exceptions: &LoadedPolicies,
    options: &ApplyOptions,
) -> ApplyReport {
    let how = CompileOptions {
        compat: options.compat,
    };
    let (set, invalid) = loaded.compile(exceptions, &how);
    let read_errors = loaded.errors.iter().chain(&exceptions.errors);
    let mut report = ApplyReport {
        rules: set.rule_count(),
        exceptions: loaded.exception_count() + exceptions.exception_count(),
        errors: read_errors.cloned().collect(),
        ..ApplyReport::default()
    };
    // A gate without a policy must not pass; Kyverno lets it.
    let is_empty = set.policies().is_empty() && invalid.is_empty() && report.errors.is_empty();
    if is_empty && !options.compat {
        let none = Diagnostic::error("no policy in these files and folders");
        let help = "name the files of policies, or a folder of .yaml files that are not hidden";
        report.errors.push(none.help(help).unusable());
    }
    report.errors.extend(loaded.refusals(exceptions, &invalid));
    if !options.compat {
        report.errors.extend(loaded.loops());
    }
    for error in invalid {
        report.refuse(error);
    }
    let mut options = options.clone();
    options.keep = options.keep.of(&set);
    report.errors.extend(complete_world(&mut options, loaded));
    report.join(documents::apply(&set, &options));
    report.join(payloads::apply(&set, &options));
    let is_given = !options.resources.is_empty() && options.payloads.is_empty();
    if is_given && report.objects == 0 && report.errors.is_empty() && !options.compat {
        let none =
            Diagnostic::warning("there is no object in the manifests, so nothing was checked");
        let help = "see whether the program that should have written them failed";
        report.errors.push(none.help(help));
    }
    if options.from_cluster {
        let unserved = from_cluster::unserved(&set, loaded, &options);
        report.errors.extend(unserved);
        report.join(from_cluster::apply(&set, &options));
    }
    report
}

/// Adds what the options name to the world that policies see. Returns what cannot be used of it.
fn complete_world(options: &mut ApplyOptions, loaded: &LoadedPolicies) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let world = &mut options.world;
    world.catalogue = catalogue();
    if let Some(live) = &world.live {
        live.add_kinds(&mut world.catalogue);
    }
    let added = custom_resources::add_files(&mut world.catalogue, &options.definitions);
    faults.extend(added);
    for object in std::mem::take(&mut world.objects) {
        objects::add(object, &world.catalogue, &mut world.objects);
    }
    for path in &options.targets {
        match offline::read(path, &options.overrides) {
            Ok(file) => {
                let (found, unread) = objects::read(&file, &world.catalogue);
                world.objects.extend(found);
                faults.extend(unread);
            }
            Err(fault) => faults.push(fault),
        }
    }
    if loaded.uses_existing() {
        let manifests = copyable(options);
        options.world.objects.extend(manifests);
    }
    options.surroundings.numbers = match options.compat {
        true => NumberModel::KyvernoOffline,
        false => NumberModel::Integers,
    };
    faults
}

/// The manifests, which rules can copy. One that cannot be read is an error where it is evaluated.
fn copyable(options: &ApplyOptions) -> Vec<Value> {
    let texts = options.resources.iter();
    let read = texts.flat_map(|file| objects::read(file, &options.world.catalogue).0);
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::{ApplyOptions, LoadedPolicies, apply};
    use crate::{
        diagnostic::SourceFile,
        offline::{Overrides, policies},
    };

    const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: p
spec:
  rules:
  - name: r
    match:
      any:
      - resources:
          kinds: [Pod]
    validate:
      message: m
      pattern:
        metadata:
          labels:
            app: \"?*\"
";

    #[test]
    fn results_stand_in_the_order_of_the_texts() {
        let pod =
            |name: String| format!("---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n");
        let text = |file: &str, count: usize| {
            let pods: String = (0..count)
                .map(|number| pod(format!("{file}{number}")))
                .collect();
            SourceFile::new(file, pods)
        };
        let counts = [("a", 200), ("b", 1), ("c", 0), ("d", 65)];
        let wanted: Vec<String> = counts
            .iter()
            .flat_map(|(file, count)| (0..*count).map(move |at| format!("{file}{at}")))
            .collect();
        let path = std::path::PathBuf::from("p.yaml");
        let overrides = Overrides::from([(path.clone(), POLICY.to_owned())]);
        let loaded = policies::load(&[path], &overrides);
        let options = ApplyOptions {
            resources: counts
                .iter()
                .map(|(file, count)| text(file, *count))
                .collect(),
            ..ApplyOptions::default()
        };
        let report = apply(&loaded, &LoadedPolicies::default(), &options);
        let name = |resource: &str| resource.rsplit('/').next().unwrap_or_default().to_owned();
        let found: Vec<String> = report
            .results
            .iter()
            .map(|one| name(&one.resource))
            .collect();
        assert_eq!(found, wanted);
        assert_eq!((report.objects, report.counts.fail), (266, 266));
        let before = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a0\n".len();
        let numbers = 10 + 2 * 90 + 3 * 99;
        let last = 199 * (before - 1) + numbers + "---\n".len();
        let offsets: Vec<(&str, usize)> = report
            .results
            .iter()
            .skip(199)
            .take(2)
            .map(|one| (&*one.file, one.offset))
            .collect();
        assert_eq!(offsets, [("a", last), ("b", 0)]);
    }
}
