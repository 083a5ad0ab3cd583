//! What one of the replicas writes: webhook configurations, and the status of policies.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_cluster::{
    Apply, ApplyOptions, Cluster, ClusterError, Discovery, ServedKind, Target,
};
use portcullis_engine::{load::Loaded, request::GroupVersionKind};
use serde_json::Value;
use tokio::{sync::watch, task, time};

use super::{objects::Judged, status, world::ClusterWorld};
use crate::{
    configurations::{
        ClientConfig, Configurations, Resource, Resources, Settings, Width, configurations,
    },
    log::{Level, Log},
    served::Served,
};

/// Who owns what is written.
const OPTIONS: ApplyOptions<'static> = ApplyOptions {
    manager: "portcullis-webhook",
    dry_run: false,
};

/// How often it is written although nothing has changed here: somebody else may have changed it.
const AGAIN: Duration = Duration::from_secs(60);

/// How long it takes to the next try after one that failed.
const RETRY: Duration = Duration::from_secs(2);

/// What is said of each policy, and what serves of it.
pub(crate) type Compiled = Vec<Judged>;

/// Writes while it is its turn.
pub(crate) struct Writer {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) world: Arc<ClusterWorld>,
    pub(crate) served: Arc<Served>,
    pub(crate) log: Arc<Log>,
    pub(crate) client: ClientConfig,
    pub(crate) namespace: String,
    pub(crate) compiled: watch::Receiver<Arc<Compiled>>,
    pub(crate) authority: watch::Receiver<String>,
    pub(crate) turn: watch::Receiver<bool>,
}

impl Writer {
    /// Writes what has changed, without end.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut again = AGAIN;
        loop {
            let is_open = tokio::select! {
                changed = self.compiled.changed() => changed.is_ok(),
                changed = self.authority.changed() => changed.is_ok(),
                changed = self.turn.changed() => changed.is_ok(),
                () = time::sleep(again) => true,
            };
            if !is_open {
                // The turn, or the process, ends for good.
                return Ok(());
            }
            again = AGAIN;
            if *self.turn.borrow_and_update() && !self.write().await? {
                again = RETRY;
            }
        }
    }

    /// Writes all of it; whether the cluster took it.
    async fn write(&mut self) -> io::Result<bool> {
        let compiled = Arc::clone(&self.compiled.borrow_and_update());
        let settings = Settings {
            client: self.client.clone(),
            ca_bundle: self.authority.borrow_and_update().clone(),
            namespace: self.namespace.clone(),
            timeout: 10,
            configuration: self.served.configuration().as_ref().clone(),
        };
        let (cluster, discovery) = (Arc::clone(&self.cluster), self.world.discovery());
        let written = task::spawn_blocking(move || {
            let resources = resources(&discovery);
            let serving = compiled
                .iter()
                .filter_map(|judged| judged.serves.as_deref());
            let serving: Vec<&Loaded> = serving.collect();
            let mut errors = write_configurations(&cluster, |width| {
                configurations(serving.iter().copied(), &resources, &settings, width)
            });
            errors.extend(write_statuses(&cluster, &discovery, &compiled));
            errors
        });
        let errors = written.await?;
        for error in &errors {
            let why = format!("{error}; {}", error.remedy());
            let fields = [("error", Value::from(why))];
            self.log.line(Level::Error, "not written", &fields);
        }
        Ok(errors.is_empty())
    }
}

/// Whether the webhook configurations are there and name an authority.
pub(crate) fn is_named(cluster: &Cluster, authority: &str) -> bool {
    let kinds = [
        ("ValidatingWebhookConfiguration", "portcullis-validating"),
        ("MutatingWebhookConfiguration", "portcullis-mutating"),
        ("ValidatingWebhookConfiguration", "portcullis-policies"),
    ];
    let names_it = |object: &Value| {
        let webhooks = object.get("webhooks").and_then(Value::as_array);
        let mut bundles = webhooks
            .into_iter()
            .flatten()
            .map(|webhook| webhook.pointer("/clientConfig/caBundle"));
        bundles.all(|bundle| {
            let bundle = bundle
                .and_then(Value::as_str)
                .map(|text| STANDARD.decode(text));
            let bundle = bundle.and_then(Result::ok).map(String::from_utf8);
            bundle
                .and_then(Result::ok)
                .is_some_and(|bundle| bundle.contains(authority))
        })
    };
    let kinds = kinds.map(|(kind, name)| (configuration_kind(kind), name));
    let targets = kinds.each_ref().map(|(kind, name)| Target {
        kind,
        namespace: "",
        name,
    });
    let found = cluster.read_objects(&targets);
    let mut named = found.iter().map(|found| match found {
        Ok(Some(object)) => names_it(object),
        _ => false,
    });
    named.all(|is_named| is_named)
}

/// The kind of a webhook configuration.
fn configuration_kind(kind: &str) -> ServedKind {
    let resource = format!("{}s", kind.to_lowercase());
    super::watches::kind(("admissionregistration.k8s.io", kind, &resource), false)
}

/// Writes configurations, each wider until the API server takes it; what could not be written as it
/// was wanted.
fn write_configurations(
    cluster: &Cluster,
    of: impl Fn(Width) -> Configurations,
) -> Vec<ClusterError> {
    let mut errors = Vec::new();
    let mut refused = vec![true; 3];
    for width in Width::ALL {
        let found = of(width);
        let all = [&found.validating, &found.mutating, &found.policies];
        let kinds = all.map(|object| {
            let kind = object.get("kind").and_then(Value::as_str);
            configuration_kind(kind.unwrap_or_default())
        });
        let wanted = kinds.iter().zip(all).zip(&refused);
        let wanted = wanted.filter(|(_, refused)| **refused);
        let applies: Vec<Apply<'_>> = wanted
            .map(|((kind, object), _)| apply(kind, object))
            .collect();
        let mut answers = cluster.apply_objects(&applies, &OPTIONS).into_iter();
        for refused in refused.iter_mut().filter(|refused| **refused) {
            let error = answers.next().and_then(Result::err);
            *refused = error.as_ref().is_some_and(is_about_content);
            errors.extend(error);
        }
        if !refused.contains(&true) {
            break;
        }
    }
    errors
}

/// Whether the server would refuse the same object once more.
fn is_about_content(error: &ClusterError) -> bool {
    match error.code() {
        Some(400 | 413 | 422) => true,
        // etcd says so, and the API server passes it on.
        Some(500) => error.to_string().contains("too large"),
        _ => false,
    }
}

/// What could not be written.
fn write_statuses(
    cluster: &Cluster,
    discovery: &Discovery,
    judged: &[Judged],
) -> Vec<ClusterError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    let mut statuses = Vec::new();
    for object in judged.iter().filter_map(|judged| status::of(judged, now)) {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(kind) = discovery.find(text("apiVersion"), text("kind")) {
            statuses.push((kind, object));
        }
    }
    let applies: Vec<Apply<'_>> = statuses
        .iter()
        .map(|(kind, object)| apply(kind, object))
        .collect();
    let answers = cluster.apply_statuses(&applies, &OPTIONS);
    let errors = answers.into_iter().filter_map(Result::err);
    // Who was deleted since needs no status.
    errors.filter(|error| error.code() != Some(404)).collect()
}

fn apply<'a>(kind: &'a ServedKind, object: &'a Value) -> Apply<'a> {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    let namespace = object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    Apply {
        target: Target {
            kind,
            namespace: namespace.unwrap_or_default(),
            name: name.unwrap_or_default(),
        },
        object,
    }
}

fn resources(discovery: &Discovery) -> Resources {
    Resources::new(discovery.kinds().iter().map(|kind| Resource {
        kind: GroupVersionKind {
            group: kind.group.clone(),
            version: kind.version.clone(),
            kind: kind.kind.clone(),
        },
        plural: kind.resource.clone(),
        namespaced: kind.namespaced,
        subresources: kind.subresources.clone(),
    }))
}
