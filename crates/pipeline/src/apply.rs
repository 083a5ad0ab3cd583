//! Policies applied to manifests: what Kyverno's `apply` counts, for any number of objects.
//!
//! Documents are read, evaluated and dropped in parallel; what is kept of an object is what the
//! report shows. Results come back in the order of the files.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use portcullis_engine::{
    CompileOptions, PolicySet, evaluate,
    record::Silent,
    report,
    request::{NumberModel, Operation},
    response::{EngineResponse, FailureAction, RuleStatus},
};
use portcullis_yaml::{Limits, Mode, RawDocument};
use rayon::prelude::*;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    offline::{
        Overrides,
        objects::{self, text},
        places,
        policies::{self, LoadedPolicies},
        requests::{Surroundings, request},
        source::{OfflineSource, World},
    },
    progress::Progress,
    suite::inputs::catalogue,
};

/// What is applied to what, and how.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Files and folders of policies.
    pub policies: Vec<PathBuf>,
    /// Texts that stand in for files of policies.
    pub overrides: Overrides,
    /// Files and folders of exceptions.
    pub exceptions: Vec<PathBuf>,
    /// Texts with manifests, each with the name that people know it by.
    pub resources: Vec<(String, Arc<str>)>,
    /// What is known of the world.
    pub world: World,
    /// Who asks, and labels of namespaces.
    pub surroundings: Surroundings,
    /// Whether a failure of an Audit policy counts as a warning.
    pub audit_warn: bool,
    /// Whether Kyverno's known bugs and its number model are kept.
    pub compat: bool,
    /// Whether results that pass or are skipped are kept, too.
    pub detailed: bool,
    /// Counts the documents that are done.
    pub progress: Arc<Progress>,
}

/// How many results there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects as the rule wants them.
    pub pass: usize,
    /// Violations.
    pub fail: usize,
    /// Violations that only warn.
    pub warn: usize,
    /// Rules that could not be evaluated.
    pub error: usize,
    /// Rules that do not apply.
    pub skip: usize,
}

impl Counts {
    fn add(&mut self, status: RuleStatus) {
        match status {
            RuleStatus::Pass => self.pass += 1,
            RuleStatus::Fail => self.fail += 1,
            RuleStatus::Warn => self.warn += 1,
            RuleStatus::Error => self.error += 1,
            RuleStatus::Skip => self.skip += 1,
        }
    }

    fn join(&mut self, other: Counts) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.warn += other.warn;
        self.error += other.error;
        self.skip += other.skip;
    }
}

/// One rule on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The policy, as `name` or `namespace/name`.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// The object, as `namespace/Kind/name`.
    pub resource: String,
    /// How it ended.
    pub status: RuleStatus,
    /// What a violation means.
    pub action: FailureAction,
    /// What the rule says.
    pub message: String,
    /// The text that the object stands in.
    pub file: String,
    /// The line that the object's document starts in.
    pub line: usize,
}

/// What applying gave.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Rules that were applied, derived ones included.
    pub rules: usize,
    /// Objects that they were applied to.
    pub objects: usize,
    /// How many results there are of each kind.
    pub counts: Counts,
    /// The results that are kept, in the order of the files.
    pub results: Vec<Applied>,
    /// Files, documents and policies that cannot be used, each with its place and the reason.
    pub errors: Vec<Diagnostic>,
}

/// Applies policies to manifests.
#[must_use]
pub fn run(options: &ApplyOptions) -> ApplyReport {
    let loaded = policies::load(&options.policies, &options.overrides);
    let exceptions = policies::load(&options.exceptions, &Overrides::new());
    apply(&loaded, &exceptions, options)
}

/// Applies policies that are loaded.
#[must_use]
pub fn apply(
    loaded: &LoadedPolicies,
    exceptions: &LoadedPolicies,
    options: &ApplyOptions,
) -> ApplyReport {
    let (set, invalid) = loaded.compile(
        exceptions,
        &CompileOptions {
            compat: options.compat,
        },
    );
    let mut report = ApplyReport {
        rules: set.rule_count(),
        ..ApplyReport::default()
    };
    report
        .errors
        .extend(loaded.errors.iter().chain(&exceptions.errors).cloned());
    // A gate without a policy must not pass; Kyverno lets it.
    let is_empty = set.policies().is_empty() && invalid.is_empty() && report.errors.is_empty();
    if is_empty && !options.compat {
        let none = Diagnostic::error("no policy in these files and folders");
        let help = "name the files of policies, or a folder of .yaml files that are not hidden";
        report.errors.push(none.help(help).unusable());
    }
    for error in invalid {
        // Kyverno counts a policy that it refuses as an error.
        report.counts.error += 1;
        report.errors.push(loaded.refusal(&error));
    }
    let mut options = options.clone();
    options.world.catalogue = catalogue();
    options.surroundings.numbers = if options.compat {
        NumberModel::KyvernoOffline
    } else {
        NumberModel::Integers
    };
    for (file, content) in &options.resources {
        let text = Text {
            file,
            content,
            source: OnceLock::new(),
        };
        let documents: Vec<RawDocument<'_>> = portcullis_yaml::documents(content).collect();
        options.progress.expect(documents.len());
        let parts: Vec<ApplyReport> = documents
            .par_chunks(64)
            .map(|chunk| apply_documents(&set, &text, chunk, &options))
            .collect();
        for part in parts {
            report.objects += part.objects;
            report.counts.join(part.counts);
            report.results.extend(part.results);
            report.errors.extend(part.errors);
        }
    }
    report
}

/// A text with manifests; its copy for messages is made when there is something to say.
struct Text<'t> {
    file: &'t str,
    content: &'t str,
    source: OnceLock<SourceFile>,
}

impl Text<'_> {
    fn source(&self) -> SourceFile {
        let make = || SourceFile::new(self.file, self.content);
        self.source.get_or_init(make).clone()
    }
}

fn apply_documents(
    set: &PolicySet,
    manifests: &Text<'_>,
    documents: &[RawDocument<'_>],
    options: &ApplyOptions,
) -> ApplyReport {
    let source = OfflineSource::new(&options.world);
    let mut report = ApplyReport::default();
    for document in documents {
        options.progress.advance(1);
        let value = match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) => value,
            Err(error) => {
                report
                    .errors
                    .push(places::not_yaml(&manifests.source(), &error));
                continue;
            }
        };
        if !value.is_null() && !value.is_object() {
            let place = Place {
                file: manifests.source(),
                span: document.offset..document.offset,
            };
            report.errors.push(
                Diagnostic::error("the document is not a manifest")
                    .at(place, "expected a map with `apiVersion` and `kind`"),
            );
            continue;
        }
        let mut found = Vec::new();
        objects::add(value, &options.world.catalogue, &mut found);
        for object in &found {
            let request = request(
                object,
                Operation::Create,
                &options.world.catalogue,
                &options.surroundings,
            );
            report.objects += 1;
            for response in evaluate(set, &request, &source, &mut Silent) {
                let resource = || {
                    let parts = ["/metadata/namespace", "/kind", "/metadata/name"];
                    parts.map(|pointer| text(object, pointer)).join("/")
                };
                count(
                    &mut report,
                    &response,
                    options,
                    manifests.file,
                    document.line,
                    &resource,
                );
            }
        }
    }
    report
}

fn count(
    report: &mut ApplyReport,
    response: &EngineResponse,
    options: &ApplyOptions,
    file: &str,
    line: usize,
    resource: &dyn Fn() -> String,
) {
    for rule in &response.rules {
        let mut status = report::status(rule.status, response.policy.is_scored());
        let is_audit = response.failure_action == FailureAction::Audit;
        if status == RuleStatus::Fail && is_audit && options.audit_warn {
            status = RuleStatus::Warn;
        }
        report.counts.add(status);
        let is_shown = !matches!(status, RuleStatus::Pass | RuleStatus::Skip);
        if is_shown || options.detailed {
            report.results.push(Applied {
                policy: response.policy.key(),
                rule: rule.rule.to_string(),
                resource: resource(),
                status,
                action: response.failure_action,
                message: rule.message.to_string(),
                file: file.to_owned(),
                line,
            });
        }
    }
}
