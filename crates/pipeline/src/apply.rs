//! Policies applied to manifests: what Kyverno's `apply` counts, for any number of objects.
//!
//! Documents are read, evaluated and dropped in parallel; what is kept of an object is what the
//! report shows. Results come back in the order of the files.

mod from_cluster;
mod produced;
mod reported;

use std::{
    cell::OnceCell,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use portcullis_engine::{
    CompileError, CompileOptions, PolicySet,
    evaluate::{Kept, evaluate_keeping},
    policy_info::PolicyInfo,
    record::Silent,
    report,
    request::{NumberModel, Operation},
    response::{EngineResponse, FailureAction, RuleStatus, RuleType},
};
use portcullis_yaml::{Limits, Mode, RawDocument};
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    manifests,
    offline::{
        self, Overrides,
        objects::{self, text},
        payloads::Payload,
        places,
        policies::{self, LoadedPolicies},
        requests::{Surroundings, request},
        source::{OfflineSource, World},
    },
    progress::Progress,
    suite::inputs::catalogue,
};

pub use produced::{Keep, Produced, ProducedAs, Writer};
pub use reported::Reported;

/// What is applied to what, and how.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Files and folders of policies.
    pub policies: Vec<PathBuf>,
    /// Texts that stand in for files of policies.
    pub overrides: Overrides,
    /// JSON that is no object of Kubernetes, for the policies about such.
    pub payloads: Vec<Payload>,
    /// Files and folders of exceptions.
    pub exceptions: Vec<PathBuf>,
    /// Texts with further exceptions, such as those of a cluster.
    pub further_exceptions: Vec<SourceFile>,
    /// Texts with manifests, each with the name that people know it by.
    pub resources: Vec<(String, Arc<str>)>,
    /// Whether the objects of the cluster that is asked are applied to, too.
    pub from_cluster: bool,
    /// Files with CustomResourceDefinitions, whose kinds are known besides Kubernetes' own.
    pub definitions: Vec<SourceFile>,
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
    /// Which objects are kept.
    pub keep: Keep,
    /// How kept objects are written.
    pub writer: Writer,
    /// Manifests of existing objects, which rules may change or copy.
    pub targets: Vec<PathBuf>,
    /// Whether results are kept as policy reports have them.
    pub keep_reported: bool,
    /// Whether exceptions among the manifests hold.
    pub exceptions_among_resources: bool,
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
    pub policy: Arc<str>,
    /// The rule.
    pub rule: Arc<str>,
    /// The object, as `namespace/Kind/name`.
    pub resource: Arc<str>,
    /// What the rule does.
    pub rule_type: RuleType,
    /// How it ended.
    pub status: RuleStatus,
    /// What a violation means.
    pub action: FailureAction,
    /// What the rule says.
    pub message: Arc<str>,
    /// The text that the object stands in; empty for an object of a cluster.
    pub file: Arc<str>,
    /// The byte at which the object's document starts in the text.
    pub offset: usize,
    /// Which of a list's items the object is, where the document is a list.
    pub item: Option<usize>,
    /// Where in the object the rule failed, as `/spec/containers/0/image/`; empty where it is the
    /// object as a whole.
    pub path: String,
    /// The result as policy reports have it, where that is kept.
    pub reported: Option<Box<Reported>>,
}

/// What applying gave.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Rules that were applied, derived ones included.
    pub rules: usize,
    /// Exceptions that were taken into account.
    pub exceptions: usize,
    /// Policies that are not applied, each with the first reason.
    pub refused: Vec<CompileError>,
    /// Objects that they were applied to.
    pub objects: usize,
    /// How many results there are of each kind.
    pub counts: Counts,
    /// The results that are kept, in the order of the files.
    pub results: Vec<Applied>,
    /// The objects that rules changed or made, in the order of the files.
    pub produced: Vec<Produced>,
    /// Files, documents and policies that cannot be used, each with its place and the reason; warnings
    /// of what is not checked are among them.
    pub errors: Vec<Diagnostic>,
}

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
        let files = files.map(|(name, text)| SourceFile::new(name, Arc::clone(text)));
        files.for_each(|file| policies::add_exceptions(&file, &mut exceptions));
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
    let (set, invalid) = loaded.compile(
        exceptions,
        &CompileOptions {
            compat: options.compat,
        },
    );
    let mut report = ApplyReport {
        rules: set.rule_count(),
        exceptions: loaded.exception_count() + exceptions.exception_count(),
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
        report.errors.push(loaded.refusal(exceptions, &error));
        if !report
            .refused
            .iter()
            .any(|known| known.policy == error.policy)
        {
            // Kyverno counts a policy that it refuses as an error.
            report.counts.error += 1;
            report.refused.push(error);
        }
    }
    let mut options = options.clone();
    options.world.catalogue = catalogue();
    if let Some(live) = &options.world.live {
        live.add_kinds(&mut options.world.catalogue);
    }
    for file in &options.definitions {
        let faults = manifests::add_custom_resources(&mut options.world.catalogue, file);
        report.errors.extend(faults);
    }
    for object in std::mem::take(&mut options.world.objects) {
        let world = &mut options.world;
        objects::add(object, &world.catalogue, &mut world.objects);
    }
    for path in &options.targets {
        match offline::read(path, &options.overrides) {
            Ok(file) => {
                let (found, faults) = objects::read(&file, &options.world.catalogue);
                options.world.objects.extend(found);
                report.errors.extend(faults);
            }
            Err(fault) => report.errors.push(fault),
        }
    }
    if loaded.uses_existing() {
        let manifests = copyable(&options);
        options.world.objects.extend(manifests);
    }
    options.surroundings.numbers = if options.compat {
        NumberModel::KyvernoOffline
    } else {
        NumberModel::Integers
    };
    let texts: Vec<Text<'_>> = options
        .resources
        .iter()
        .map(|(file, content)| Text {
            file: file.as_str().into(),
            content,
            source: OnceLock::new(),
        })
        .collect();
    for part in apply_texts(&set, &texts, &options) {
        report.join(part);
    }
    report.join(apply_payloads(&set, &options));
    if options.from_cluster {
        let unserved = from_cluster::unserved(&set, loaded, &options);
        report.errors.extend(unserved);
        report.join(from_cluster::apply(&set, &options));
    }
    report
}

impl ApplyReport {
    /// Adds what further objects gave.
    fn join(&mut self, part: ApplyReport) {
        self.objects += part.objects;
        self.counts.join(part.counts);
        self.results.extend(part.results);
        self.produced.extend(part.produced);
        self.errors.extend(part.errors);
    }
}

/// The manifests, which rules can copy. One that cannot be read is an error where it is evaluated.
fn copyable(options: &ApplyOptions) -> Vec<Value> {
    let texts = options.resources.iter();
    let read = texts.flat_map(|(file, content)| {
        let file = SourceFile::new(file.as_str(), Arc::clone(content));
        objects::read(&file, &options.world.catalogue).0
    });
    read.collect()
}

/// A text with manifests; its copy for messages is made when there is something to say.
struct Text<'t> {
    file: Arc<str>,
    content: &'t str,
    source: OnceLock<SourceFile>,
}

impl Text<'_> {
    fn source(&self) -> SourceFile {
        let make = || SourceFile::new(&*self.file, self.content);
        self.source.get_or_init(make).clone()
    }
}

/// How many documents a thread takes at a time: so few that no thread has long to wait at the end.
const CHUNK: usize = 16;

/// Cuts the texts into documents, while other threads already work on those that are cut off. The
/// answers stand in the order of the documents.
fn apply_texts(set: &PolicySet, texts: &[Text<'_>], options: &ApplyOptions) -> Vec<ApplyReport> {
    let done: Mutex<Vec<(usize, ApplyReport)>> = Mutex::default();
    let done_of = |number: usize, text: &Text<'_>, chunk: &[RawDocument<'_>]| {
        let part = apply_documents(set, text, chunk, options);
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push((number, part));
    };
    rayon::in_place_scope(|scope| {
        let mut number = 0;
        for text in texts {
            let mut documents = portcullis_yaml::documents(text.content).fuse();
            loop {
                let chunk: Vec<RawDocument<'_>> = documents.by_ref().take(CHUNK).collect();
                if chunk.is_empty() {
                    break;
                }
                options.progress.expect(chunk.len());
                let done_of = &done_of;
                scope.spawn(move |_| done_of(number, text, &chunk));
                number += 1;
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, part)| part).collect()
}

fn apply_documents(
    set: &PolicySet,
    manifests: &Text<'_>,
    documents: &[RawDocument<'_>],
    options: &ApplyOptions,
) -> ApplyReport {
    let source = OfflineSource::new(&options.world);
    let mut report = ApplyReport::default();
    let mut policies = PolicyKeys::default();
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
        let is_list = objects::is_list(&value);
        let mut found = Vec::new();
        objects::add(value, &options.world.catalogue, &mut found);
        for (index, object) in found.iter().enumerate() {
            let subject = Subject {
                object,
                name: OnceCell::new(),
                file: &manifests.file,
                offset: document.offset,
                item: is_list.then_some(index),
            };
            apply_object(set, &subject, &source, options, &mut policies, &mut report);
        }
    }
    report
}

fn apply_object(
    set: &PolicySet,
    subject: &Subject<'_>,
    source: &OfflineSource<'_>,
    options: &ApplyOptions,
    policies: &mut PolicyKeys,
    report: &mut ApplyReport,
) {
    let request = request(
        subject.object,
        Operation::Create,
        &options.world.catalogue,
        &options.surroundings,
    );
    report.objects += 1;
    let responses = evaluate_keeping(Kept::LastChange, set, &request, source, &mut Silent);
    if options.keep != Keep::Nothing {
        let produced = produced::of(
            (options.keep, options.writer),
            subject.object,
            &responses,
            || subject.name(),
            |response| policies.of(&response.policy),
        );
        report.produced.extend(produced);
    }
    for response in responses {
        count(report, response, subject, policies, options);
    }
}

/// Payloads are few, and are taken one after the other.
fn apply_payloads(set: &PolicySet, options: &ApplyOptions) -> ApplyReport {
    let source = OfflineSource::new(&options.world);
    let mut report = ApplyReport::default();
    let mut policies = PolicyKeys::default();
    for payload in &options.payloads {
        let name = match options.compat {
            true => "JSON payload",
            false => payload.name.as_str(),
        };
        let file = payload.path.as_str().into();
        let subject = Subject {
            object: &payload.value,
            name: OnceCell::from(Arc::from(name)),
            file: &file,
            offset: 0,
            item: None,
        };
        report.objects += 1;
        let request = payload.request(&options.surroundings);
        for response in evaluate_keeping(Kept::LastChange, set, &request, &source, &mut Silent) {
            count(&mut report, response, &subject, &mut policies, options);
        }
    }
    report
}

/// An object, as results name it.
struct Subject<'o> {
    object: &'o Value,
    name: OnceCell<Arc<str>>,
    file: &'o Arc<str>,
    offset: usize,
    item: Option<usize>,
}

impl Subject<'_> {
    fn name(&self) -> Arc<str> {
        let make = || {
            let parts = ["/metadata/namespace", "/kind", "/metadata/name"];
            let parts = parts.map(|pointer| text(self.object, pointer));
            parts.join("/").into()
        };
        Arc::clone(self.name.get_or_init(make))
    }
}

/// Names of policies, each made once for all results that share it.
#[derive(Default)]
struct PolicyKeys(Vec<(Arc<PolicyInfo>, Arc<str>)>);

impl PolicyKeys {
    fn of(&mut self, policy: &Arc<PolicyInfo>) -> Arc<str> {
        let known = self.0.iter().find(|(known, _)| Arc::ptr_eq(known, policy));
        if let Some((_, key)) = known {
            return Arc::clone(key);
        }
        let key: Arc<str> = policy.key().into();
        self.0.push((Arc::clone(policy), Arc::clone(&key)));
        key
    }
}

fn count(
    report: &mut ApplyReport,
    response: EngineResponse,
    subject: &Subject<'_>,
    policies: &mut PolicyKeys,
    options: &ApplyOptions,
) {
    let is_scored = response.policy.is_scored();
    for mut rule in response.rules {
        let mut status = report::status(rule.status, is_scored);
        let is_audit = response.failure_action == FailureAction::Audit;
        if status == RuleStatus::Fail && is_audit && options.audit_warn {
            status = RuleStatus::Warn;
        }
        report.counts.add(status);
        let is_shown = !matches!(status, RuleStatus::Pass | RuleStatus::Skip);
        if is_shown || options.detailed {
            let reported = options
                .keep_reported
                .then(|| Box::new(Reported::of(&response.policy, &rule, subject.object)));
            let path = rule.detail.as_mut();
            let path = path.map(|detail| std::mem::take(&mut detail.path));
            report.results.push(Applied {
                policy: policies.of(&response.policy),
                rule: rule.rule,
                resource: subject.name(),
                rule_type: rule.rule_type,
                status,
                action: response.failure_action,
                message: rule.message,
                file: Arc::clone(subject.file),
                offset: subject.offset,
                item: subject.item,
                path: path.unwrap_or_default(),
                reported,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ApplyOptions, LoadedPolicies, apply};
    use crate::offline::{Overrides, policies};

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
        let text = |file: &str, count: usize| -> (String, std::sync::Arc<str>) {
            let pods: String = (0..count)
                .map(|number| pod(format!("{file}{number}")))
                .collect();
            (file.to_owned(), pods.into())
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
