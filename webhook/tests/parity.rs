//! The verdict in process is the verdict through TLS: every suite of this repository's library,
//! and the public ones that an AdmissionReview can carry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by them"
)]

mod running;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_engine::{
    compile_options::CompileOptions,
    context::source::ContextSource,
    evaluate, mutate,
    patch::{JsonPatch, JsonPatchOptions, diff},
    record::Silent,
    request::{Operation, Request, RequestUser},
    response::{EngineResponse, RuleType},
    validate,
    verdict::verdict,
};
use portcullis_pipeline::{
    library,
    offline::{Overrides, requests::request, source::OfflineSource},
    renderings,
    suite::{self, SuiteOptions, evaluation, evaluation::Evaluation, inputs::Inputs},
    workspace::Workspace,
};
use portcullis_webhook::{
    served::Policies,
    server::ServerLimits,
    world::{Namespace, World},
};
use serde_json::{Value, json};

use self::running::Running;

/// The world of a suite behind the server.
struct SuiteWorld(Inputs);

impl World for SuiteWorld {
    fn source(&self) -> Box<dyn ContextSource + '_> {
        Box::new(OfflineSource::new(&self.0.world))
    }

    fn namespace(&self, name: &str) -> Option<Arc<Namespace>> {
        let known = &self.0.surroundings;
        known.namespaces.get(name).map(|labels| {
            Arc::new(Namespace {
                labels: labels.clone(),
                object: known.namespace_objects.get(name).cloned(),
            })
        })
    }

    fn add_roles(&self, user: &mut RequestUser) {
        if let Some(known) = &self.0.surroundings.user {
            user.roles.clone_from(&known.roles);
            user.cluster_roles.clone_from(&known.cluster_roles);
        }
    }

    fn kind_of(&self, group: &str, version: &str, resource: &str) -> Option<String> {
        let kinds = &self.0.world.catalogue;
        let kind = kinds.find_resource(group, version, resource);
        kind.map(|kind| kind.kind.clone())
    }
}

/// What was compared, and what an AdmissionReview cannot carry.
#[derive(Debug, Default)]
struct Counts {
    suites: usize,
    reviews: usize,
    denied: usize,
    changed: usize,
    excluded: BTreeMap<&'static str, usize>,
}

fn review_of(request: &Request<'_>, object: Option<&Value>) -> Value {
    let user = request.user.unwrap();
    json!({
        "uid": "parity",
        "kind": {"group": request.kind.group, "version": request.kind.version, "kind": request.kind.kind},
        "resource": {"group": request.resource.group, "version": request.resource.version, "resource": request.resource.resource},
        "subResource": request.subresource,
        "name": request.name,
        "namespace": request.namespace,
        "operation": request.operation.as_str(),
        "userInfo": {"username": user.username, "uid": user.uid, "groups": user.groups, "extra": user.extra},
        "object": object,
        "oldObject": request.old_object,
    })
}

/// The responses with the rules of the types that a question is about.
fn of_types(responses: &[EngineResponse], types: &[RuleType]) -> Vec<EngineResponse> {
    let mut responses = responses.to_vec();
    for response in &mut responses {
        response
            .rules
            .retain(|rule| types.contains(&rule.rule_type));
    }
    responses
}

/// Allowed, message and warnings.
fn told(request: &Request<'_>, responses: &[EngineResponse]) -> (bool, String, Vec<String>) {
    let verdict = verdict(request, responses);
    (verdict.allowed, verdict.deny_message, verdict.warnings)
}

fn answered(response: &Value) -> (bool, String, Vec<String>) {
    let message = response["status"]["message"].as_str().unwrap_or_default();
    let warnings = response["warnings"].as_array().into_iter().flatten();
    let warnings = warnings.map(|warning| warning.as_str().unwrap().to_owned());
    (
        response["allowed"].as_bool().unwrap(),
        message.to_owned(),
        warnings.collect(),
    )
}

fn compare(
    running: &Running,
    name: &str,
    world: &SuiteWorld,
    set: &portcullis_engine::PolicySet,
    (object, operation): (&Value, Operation),
    counts: &mut Counts,
) {
    let source = OfflineSource::new(&world.0.world);
    let request = request(
        object,
        operation,
        &world.0.world.catalogue,
        &world.0.surroundings,
    );
    let request = Request {
        uid: "parity",
        ..request
    };
    let responses = evaluate(set, &request, &source, &mut Silent);
    counts.reviews += 1;
    // Rules that verify images answer both questions, each time with what it asks of them.
    let verifies = responses.iter().flat_map(|response| &response.rules);
    let verifies = { verifies }.any(|rule| rule.rule_type == RuleType::ImageVerify);
    let changing = match verifies {
        true => mutate(set, &request, &source, &mut Silent),
        false => of_types(&responses, &[RuleType::Mutation]),
    };
    let through = running.ask("/mutate", &review_of(&request, request.object));
    let wanted = told(&request, &changing);
    assert_eq!(answered(&through), wanted, "{name}: /mutate {object}");
    if !wanted.0 {
        counts.denied += 1;
        return;
    }
    let last = responses.iter().find(|response| response.is_last_change);
    let after = last
        .and_then(|response| response.patched.as_deref())
        .or(request.object);
    let before = request.object.unwrap_or(&Value::Null);
    let patch = diff(before, after.unwrap_or(&Value::Null));
    let sent = through["patch"].as_str().map_or(json!([]), |patch| {
        serde_json::from_slice(&STANDARD.decode(patch).unwrap()).unwrap()
    });
    assert_eq!(
        sent,
        serde_json::to_value(&patch).unwrap(),
        "{name}: {object}"
    );
    counts.changed += usize::from(!patch.is_empty());
    let rfc = JsonPatchOptions {
        negative_indices: false,
        remove_missing: false,
        make_path: false,
        lacking_is_null: false,
    };
    let patched = JsonPatch::from_value(&sent)
        .unwrap()
        .apply(before.clone(), rfc)
        .unwrap();
    let patched = request.object.map(|_| &patched);
    let seen = Request {
        object: patched,
        ..request.clone()
    };
    let deciding = match verifies {
        true => validate(set, &seen, &source, &mut Silent),
        false => of_types(&responses, &[RuleType::Validation]),
    };
    let through = running.ask("/validate", &review_of(&request, patched));
    let wanted = told(
        &Request {
            object: after,
            ..request
        },
        &deciding,
    );
    assert_eq!(answered(&through), wanted, "{name}: /validate {object}");
    counts.denied += usize::from(!wanted.0);
}

fn run(file: &Path, overrides: &Overrides, counts: &mut Counts) {
    let options = SuiteOptions {
        overrides: overrides.clone(),
        ..SuiteOptions::default()
    };
    for test in suite::tests(file, overrides) {
        let Evaluation {
            mut inputs,
            set,
            refused,
            ..
        } = Evaluation::new(file.parent().unwrap(), &test, &options);
        let reason = if !refused.is_empty() || !inputs.errors.is_empty() {
            Some("a policy or file is refused")
        } else if !inputs.world.values.is_empty() {
            Some("values stand in for what a request says")
        } else {
            None
        };
        if let Some(reason) = reason {
            *counts.excluded.entry(reason).or_default() += 1;
            continue;
        }
        counts.suites += 1;
        // An AdmissionReview always names a user.
        inputs.surroundings.user.get_or_insert_default();
        let loaded = [
            inputs.policies.loaded.clone(),
            inputs.exceptions.loaded.clone(),
        ]
        .concat();
        let (policies, errors) = Policies::compile(&loaded, &CompileOptions::default());
        assert!(errors.is_empty(), "{errors:?}");
        let world = Arc::new(SuiteWorld(inputs));
        let running = Running::of(
            policies,
            Arc::clone(&world) as Arc<dyn World>,
            ServerLimits::default(),
        );
        let operations = test
            .results
            .iter()
            .map(|case| evaluation::named(case).unwrap_or(Operation::Create));
        let operations: std::collections::BTreeSet<Operation> = operations.collect();
        for operation in operations {
            for object in &world.0.objects {
                compare(
                    &running,
                    &file.display().to_string(),
                    &world,
                    &set,
                    (object, operation),
                    counts,
                );
            }
        }
    }
}

#[test]
fn every_suite_of_the_library_is_answered_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workspace = Workspace::load(root, root).expect("a workspace");
    let (library, _) = library::load(&workspace);
    let mut counts = Counts::default();
    for policy in library.policies.values() {
        let renderings = renderings::of(&workspace, policy, &[]).expect("it renders");
        let mut overrides = renderings[0].overrides.clone();
        for text in overrides.values_mut() {
            // A denial says more than a violation that is reported.
            *text = text.replace("ailureAction: Audit", "ailureAction: Enforce");
        }
        let (files, _) = suite::discover(&[policy.folder.join("tests")], suite::FILE);
        for file in files {
            run(&file, &overrides, &mut counts);
        }
    }
    let did_its_work = counts.reviews >= 1_000 && counts.denied >= 400 && counts.changed >= 50;
    assert!(did_its_work && counts.excluded.is_empty(), "{counts:?}");
}

/// The public suites, where `PORTCULLIS_CORPORA` names their folder, as `.ci/run` does.
#[test]
fn every_public_suite_is_answered_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let named = std::env::var_os("PORTCULLIS_CORPORA").map(|corpora| root.join(corpora));
    let Some(corpora) = named.filter(|corpora| corpora.is_dir()) else {
        return;
    };
    let mut counts = Counts::default();
    for file in suite::discover(&[corpora], suite::FILE).0 {
        run(&file, &Overrides::new(), &mut counts);
    }
    let excluded: usize = counts.excluded.values().sum();
    let did_its_work = counts.suites >= 400 && counts.denied >= 100 && counts.changed >= 100;
    assert!(did_its_work && excluded <= 50, "{counts:?}");
}
