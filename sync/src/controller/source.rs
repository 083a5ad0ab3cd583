//! A PolicySource as the source that is fetched, with what its Secret holds.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use portcullis_api::policy_source::PolicySource;
use portcullis_cluster::{Cluster, ServedKind, Target};
use portcullis_sources::{ClientOptions, Credentials};
use portcullis_values::duration::GoDuration;
use serde_json::Value;

use crate::{
    source::{Part, Source},
    sync_error::SyncError,
};

/// How often it is looked where the source does not say, and how often at most.
const INTERVAL: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(1);

/// How long it takes to the next look at a source.
pub(super) fn interval(object: &Value) -> Duration {
    let text = object.pointer("/spec/interval").and_then(Value::as_str);
    let interval = text.and_then(|text| parsed(text).ok());
    interval.unwrap_or(INTERVAL)
}

fn parsed(text: &str) -> Result<Duration, SyncError> {
    let duration = GoDuration::parse(text);
    let nanoseconds = duration.map(|duration| u64::try_from(duration.nanoseconds()));
    match nanoseconds {
        Ok(Ok(nanoseconds)) => Ok(Duration::from_nanos(nanoseconds).max(SHORTEST)),
        _ => Err(SyncError::Spec(format!(
            "spec.interval: `{text}` is no time; write it as `5m`"
        ))),
    }
}

/// The source that a PolicySource asks for.
pub(super) fn of(cluster: &Cluster, wanted: &PolicySource) -> Result<Source, SyncError> {
    let spec = &wanted.spec;
    let part = match (&spec.environment, &spec.path) {
        (Some(name), None) => Part::Environment(name.clone()),
        (None, Some(path)) => Part::Path(path.clone()),
        _ => {
            let both = "spec: write either `environment` or `path`";
            return Err(SyncError::Spec(both.to_owned()));
        }
    };
    spec.interval.as_deref().map(parsed).transpose()?;
    let namespace = wanted.metadata.namespace.as_deref().unwrap_or_default();
    let name = wanted.metadata.name.as_deref().unwrap_or_default();
    let client = match &spec.secret_ref {
        Some(reference) => client(cluster, namespace, &reference.name)?,
        None => ClientOptions::default(),
    };
    Ok(Source {
        name: format!("{namespace}/{name}"),
        url: spec.url.clone(),
        revision: spec.reference.clone(),
        part,
        client,
    })
}

/// What a Secret says of who asks, and of whom to trust.
fn client(cluster: &Cluster, namespace: &str, name: &str) -> Result<ClientOptions, SyncError> {
    let kind = ServedKind {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        resource: "secrets".to_owned(),
        namespaced: true,
        verbs: Vec::new(),
        subresources: Vec::new(),
    };
    let target = Target {
        kind: &kind,
        namespace,
        name,
    };
    let read = cluster.read_objects(&[target]).pop();
    let Some(secret) = read.transpose()?.flatten() else {
        let missing = format!("spec.secretRef: there is no Secret `{name}` in `{namespace}`");
        return Err(SyncError::Spec(missing));
    };
    let value = |key: &str| {
        let text = secret.get("data")?.get(key)?.as_str()?;
        BASE64_STANDARD.decode(text).ok()
    };
    let text =
        |key: &str| value(key).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let (username, password) = (text("username"), text("password"));
    let is_given = username.is_some() || password.is_some();
    Ok(ClientOptions {
        authorities: value("ca.crt"),
        credentials: is_given.then(|| Credentials {
            username: username.unwrap_or_default(),
            password: password.unwrap_or_default(),
        }),
        ..ClientOptions::default()
    })
}
