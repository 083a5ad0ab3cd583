//! Notices: that something changes in a cluster is told as it happens, by names and versions only.

use std::pin::pin;

use futures::TryStreamExt;
use http::{HeaderValue, Request, header};
use kube::{Client, core::WatchEvent};
use serde_json::Value;
use tokio::{
    task::AbortHandle,
    time::{self, Duration, Instant},
};

use crate::{
    cluster::Cluster,
    discovery::ServedKind,
    error::{Asked, ClusterError},
    path,
};

/// How long the server keeps a watch open, and how long nothing may come: it tells its version about
/// every minute.
const OPEN_SECONDS: u64 = 240;
const SILENCE: Duration = Duration::from_secs(120);
/// How long it takes to the second try, which doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// Only names and versions are asked for, whatever the objects hold.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// What a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The watch begins, or begins anew: what was before is not told.
    Begun,
    /// An object came, changed or went.
    Changed {
        /// Its namespace; empty for an object that is in none.
        namespace: String,
        /// Its name.
        name: String,
        /// The `resourceVersion` of the change.
        version: String,
    },
    /// The watch broke; it is tried again, later and later.
    Broken(ClusterError),
}

/// A watch, which lasts while this is held, whatever becomes of the connection.
#[derive(Debug)]
pub struct Notices(AbortHandle);

impl Drop for Notices {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Cluster {
    /// Watches the objects of a kind in all namespaces. A version that has expired, and a server that
    /// goes away, end in [`Notice::Begun`] once the server answers again.
    pub fn notices(
        &self,
        kind: &ServedKind,
        tell: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Notices {
        let watching = Watching {
            client: self.client().clone(),
            server: self.server().to_owned(),
            path: path::collection(kind, None),
            timeout: self.timeout(),
        };
        Notices(self.spawn(async move { watching.run(&tell).await }))
    }
}

struct Watching {
    client: Client,
    server: String,
    path: String,
    timeout: Duration,
}

impl Watching {
    async fn run<T: Fn(Notice)>(&self, tell: &T) {
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let ended = self.begin(tell).await;
            // One that held for some time worked.
            if begun.elapsed() > LAST_RETRY {
                failures = 0;
            }
            if let Err(error) = ended {
                tell(Notice::Broken(error));
            }
            time::sleep(retry(failures)).await;
            failures += 1;
        }
    }

    /// Watches until the version is too old, or the watch breaks.
    async fn begin<T: Fn(Notice)>(&self, tell: &T) -> Result<(), ClusterError> {
        let mut version = self.version().await?;
        tell(Notice::Begun);
        loop {
            let begun = Instant::now();
            if self.follow(&mut version, tell).await? {
                return Ok(());
            }
            // A server that ends every watch at once is not asked in a loop.
            if begun.elapsed() < FIRST_RETRY {
                return Ok(());
            }
        }
    }

    /// The version of what is there now.
    async fn version(&self) -> Result<String, ClusterError> {
        let request = self.request("limit=1", METADATA_LIST)?;
        let call = self.call();
        let asked = self.asked(&call);
        let answer = time::timeout(self.timeout, self.client.request::<Value>(request)).await;
        let list = answer.map_err(|_| asked.slow(self.timeout.as_secs()))?;
        let list = list.map_err(|error| asked.error(error))?;
        let version = list.pointer("/metadata/resourceVersion");
        let version = version.and_then(Value::as_str).map(str::to_owned);
        version.ok_or_else(|| asked.unexpected(&"the list has no version"))
    }

    /// Tells changes until the server ends the watch; whether it has to begin anew.
    async fn follow<T: Fn(Notice)>(
        &self,
        version: &mut String,
        tell: &T,
    ) -> Result<bool, ClusterError> {
        let query = format!(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds={OPEN_SECONDS}&resourceVersion={}",
            path::segment(version)
        );
        let request = self.request(&query, METADATA)?;
        let call = self.call();
        let asked = self.asked(&call);
        let opened = time::timeout(self.timeout, self.client.request_events::<Value>(request));
        let events = match opened.await {
            Err(_) => return Err(asked.slow(self.timeout.as_secs())),
            Ok(Err(kube::Error::Api(status))) if status.code == 410 => return Ok(true),
            Ok(events) => events.map_err(|error| asked.error(error))?,
        };
        let mut events = pin!(events);
        loop {
            let Ok(next) = time::timeout(SILENCE, events.try_next()).await else {
                return Ok(false);
            };
            match next.map_err(|error| asked.error(error))? {
                None => return Ok(false),
                Some(WatchEvent::Bookmark(mark)) => *version = mark.metadata.resource_version,
                Some(WatchEvent::Error(status)) if status.code == 410 => return Ok(true),
                Some(WatchEvent::Error(status)) => {
                    return Err(asked.error(kube::Error::Api(status)));
                }
                Some(
                    WatchEvent::Added(object)
                    | WatchEvent::Modified(object)
                    | WatchEvent::Deleted(object),
                ) => {
                    text(&object, "resourceVersion").clone_into(version);
                    tell(Notice::Changed {
                        namespace: text(&object, "namespace").to_owned(),
                        name: text(&object, "name").to_owned(),
                        version: version.clone(),
                    });
                }
            }
        }
    }

    fn request(&self, query: &str, accept: &'static str) -> Result<Request<Vec<u8>>, ClusterError> {
        let request = Request::get(format!("{}?{query}", self.path))
            .header(header::ACCEPT, HeaderValue::from_static(accept))
            .body(Vec::new());
        request.map_err(|error| self.asked(&self.call()).unexpected(&error))
    }

    fn call(&self) -> String {
        format!("WATCH {}", self.path)
    }

    fn asked<'a>(&'a self, call: &'a str) -> Asked<'a> {
        Asked {
            server: &self.server,
            call,
        }
    }
}

fn text<'o>(object: &'o Value, name: &str) -> &'o str {
    let found = object.get("metadata").and_then(|found| found.get(name));
    found.and_then(Value::as_str).unwrap_or_default()
}

fn retry(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(16));
    FIRST_RETRY.saturating_mul(factor).min(LAST_RETRY)
}
