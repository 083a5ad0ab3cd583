//! What `apply` reads before it starts: standard input, manifests, the files beside them, and what a
//! cluster serves.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis_api::context_file::ContextSpec;
use portcullis_engine::request::{self, RequestUser};
use portcullis_pipeline::{
    apply::{ApplyOptions, Keep, Writer},
    diagnostic::{Diagnostic, SourceFile},
    files::{self, STANDARD_INPUT},
    offline::{
        Overrides, companions,
        payloads::{self, Payload},
        requests::Surroundings,
        source::World,
        values::InjectedValues,
    },
};
use serde_json::Value;

use super::{Answer, Args, cluster};
use crate::{
    commands::{manifest_files, remote},
    output::format::Format,
};

/// The path that stands for standard input.
const STDIN: &str = "-";

/// The endings of files that are read in folders elsewhere, as in folders here.
const POLICIES: [&str; 2] = ["yaml", "yml"];
const MANIFESTS: [&str; 3] = ["yaml", "yml", "json"];

/// What is asked for, and manifests that cannot be read beside others that can.
///
/// # Errors
/// Every file that cannot be used, where nothing can be applied without it.
pub(super) fn read(args: &Args) -> Result<(ApplyOptions, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut overrides = policies_of_stdin(args).map_err(|fault| vec![fault])?;
    let policies = args.remote.files(&args.policies, &POLICIES);
    let exceptions = args.remote.files(&args.exception, &POLICIES);
    let from_cluster = args.cluster.cluster;
    let (resources, mut unread) = match from_cluster {
        true => (Vec::new(), Vec::new()),
        false => manifests(args),
    };
    let mut faults = [policies.faults, exceptions.faults].concat();
    overrides.extend(policies.texts);
    overrides.extend(exceptions.texts);
    if resources.is_empty() {
        faults.append(&mut unread);
    }
    let values = values(args, &mut faults);
    let user = user(args, &mut faults);
    let definitions = definitions(&args.crd_paths, &mut faults);
    let mut known = ContextSpec::default();
    if let Some(path) = &args.context_file {
        match companions::context(path, &Overrides::new()) {
            Ok(context) => known = context.spec,
            Err(found) => faults.extend(found),
        }
    }
    let registries = args.registries.live().map_err(|fault| faults.push(fault));
    let payloads = payloads(args, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let found = cluster::ask(args)?;
    unread.extend(found.faults);
    let mut namespaces = found.namespaces;
    namespaces.extend(values.namespaces.clone());
    let options = ApplyOptions {
        policies: policies.paths,
        overrides,
        exceptions: exceptions.paths,
        further_exceptions: found.exceptions,
        resources,
        payloads,
        from_cluster,
        definitions,
        surroundings: Surroundings {
            user,
            namespaces,
            namespace_objects: values.namespace_objects.clone(),
            subresources: values.subresources.clone(),
            ..Surroundings::default()
        },
        world: World {
            images: known.images,
            objects: known.resources,
            values,
            live: found.live,
            registries: registries.unwrap_or_default(),
            ..World::default()
        },
        audit_warn: args.audit_warn,
        compat: args.compat,
        detailed: match args.answer() {
            Answer::Report if args.is_table_of_kyverno() => true,
            Answer::Report => args.detailed_results || args.format != Format::Table,
            Answer::PolicyReport => true,
            Answer::Objects => args.table,
            Answer::Text | Answer::Exceptions => false,
        },
        keep: keep(args),
        writer: Writer(portcullis_yaml::write),
        targets: [args.target_resource.as_slice(), &args.parameter_resource].concat(),
        keep_reported: matches!(args.answer(), Answer::PolicyReport | Answer::Exceptions),
        exceptions_among_resources: args.exceptions_with_resources,
        progress: Arc::default(),
    };
    Ok((options, unread))
}

/// The payloads, which Kyverno takes alone.
fn payloads(args: &Args, faults: &mut Vec<Diagnostic>) -> Vec<Payload> {
    let mut found = Vec::new();
    let json = args.json.iter().map(|path| (request::Payload::Json, path));
    let envoy = args.envoy_payload.iter();
    let envoy = envoy.map(|path| (request::Payload::Envoy, path));
    let http = args.http_payload.iter();
    let http = http.map(|path| (request::Payload::Http, path));
    for (kind, path) in json.chain(envoy).chain(http) {
        match payloads::load(path, kind, &Overrides::new()) {
            Ok(payloads) => found.extend(payloads),
            Err(fault) => faults.push(fault),
        }
    }
    if !args.json.is_empty() && !args.resource.is_empty() {
        let both = "both resource and json files can not be used together, use one or the other";
        faults.push(Diagnostic::error(both));
    }
    found
}

fn is_stdin(paths: &[PathBuf]) -> bool {
    paths.iter().any(|path| path.as_os_str() == STDIN)
}

fn policies_of_stdin(args: &Args) -> Result<Overrides, Diagnostic> {
    if !is_stdin(&args.policies) {
        return Ok(Overrides::new());
    }
    if is_stdin(&args.resource) {
        let twice = "a stdin pipe can be used for either policies or resources, not both";
        return Err(Diagnostic::error(twice));
    }
    let text = standard_input()?.text.to_string();
    Ok(Overrides::from([(PathBuf::from(STDIN), text)]))
}

fn standard_input() -> Result<SourceFile, Diagnostic> {
    files::read_stream(io::stdin().lock(), Path::new(STANDARD_INPUT))
}

/// The texts with manifests, standard input first, and what cannot be read.
fn manifests(args: &Args) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let named = args
        .resource
        .iter()
        .filter(|path| path.as_os_str() != STDIN);
    let (elsewhere, here): (Vec<PathBuf>, Vec<PathBuf>) =
        named.cloned().partition(|path| remote::is_remote(path));
    let (paths_found, mut unread) = manifest_files::of(&here);
    let mut texts = Vec::new();
    if is_stdin(&args.resource) {
        match standard_input() {
            Ok(text) => texts.push(text),
            Err(fault) => unread.push(fault),
        }
    }
    for path in paths_found {
        match files::read_text(&path, &path) {
            Ok(file) => texts.push(file),
            Err(fault) => unread.push(fault),
        }
    }
    let fetched = args.remote.files(&elsewhere, &MANIFESTS);
    let fetched_texts = fetched.texts.into_iter();
    texts.extend(fetched_texts.map(|(path, text)| SourceFile::new(path, text)));
    unread.extend(fetched.faults);
    (texts, unread)
}

fn values(args: &Args, faults: &mut Vec<Diagnostic>) -> InjectedValues {
    let spec = args.values_file.as_ref();
    let spec = spec.map(|path| companions::values(path, &Overrides::new()));
    let mut values = match spec {
        Some(Ok(spec)) => InjectedValues::new(&spec),
        Some(Err(errors)) => {
            faults.extend(errors);
            InjectedValues::default()
        }
        None => InjectedValues::default(),
    };
    values.set(&set_values(&args.set));
    values
}

/// What `--set` injects: of a name that is given twice the first counts, and the object itself
/// cannot be changed, as in Kyverno.
fn set_values(pairs: &[(String, String)]) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        if !name.contains("request.object.") {
            let value = || Value::from(value.as_str());
            values.entry(name.clone()).or_insert_with(value);
        }
    }
    values
}

fn user(args: &Args, faults: &mut Vec<Diagnostic>) -> Option<RequestUser> {
    let user = companions::user(args.userinfo.as_ref()?, &Overrides::new());
    user.map_err(|errors| faults.extend(errors)).ok()
}

fn definitions(paths: &[PathBuf], faults: &mut Vec<Diagnostic>) -> Vec<SourceFile> {
    let (paths, unread) = manifest_files::of(paths);
    faults.extend(unread);
    let mut definitions = Vec::new();
    for path in paths {
        match files::read_text(&path, &path) {
            Ok(file) => definitions.push(file),
            Err(fault) => faults.push(fault),
        }
    }
    definitions
}

/// Which objects are kept for what is asked for.
fn keep(args: &Args) -> Keep {
    match args.answer() {
        Answer::Objects => Keep::All,
        _ if args.output.is_some() && !args.cluster.cluster => Keep::Changeable,
        Answer::Text => Keep::Produced,
        Answer::Report if args.is_table_of_kyverno() => Keep::Produced,
        _ if args.output.is_some() => Keep::Produced,
        Answer::Report | Answer::PolicyReport | Answer::Exceptions => Keep::Nothing,
    }
}
