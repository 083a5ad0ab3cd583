//! A Lease: of several processes with the same work, one does it at a time.

use std::{
    env,
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kube::Client;
use portcullis_values::gotime::GoTime;
use serde_json::{Value, json};
use tokio::{
    sync::watch::{self, Receiver, Sender},
    task::AbortHandle,
    time,
};

use crate::{
    cluster::Cluster,
    error::ClusterError,
    path::segment,
    request::Call,
    term::{Holding, Term, tell},
};

/// Which Lease, and who wants it.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who wants to hold it; nobody else may have this identity.
    pub identity: String,
    /// How long it holds after it was renewed.
    pub duration: Duration,
    /// How often it is renewed, or asked for.
    pub period: Duration,
}

impl LeaseOptions {
    /// As [`LeaseOptions::new`], wanted by this process: its host, and a number that no other has.
    #[must_use]
    pub fn of_this_process(namespace: &str, name: &str) -> LeaseOptions {
        let host = env::var("HOSTNAME").unwrap_or_default();
        let identity = format!("{host}_{:016x}", RandomState::new().hash_one(0));
        LeaseOptions::new(namespace, name, &identity)
    }

    /// A Lease of 15 seconds, renewed every 2.
    #[must_use]
    pub fn new(namespace: &str, name: &str, identity: &str) -> LeaseOptions {
        LeaseOptions {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            duration: Duration::from_secs(15),
            period: Duration::from_secs(2),
        }
    }
}

/// How often somebody else may write it while it is given back.
const ATTEMPTS: usize = 5;

/// A Lease that is wanted. When this is dropped it is renewed no more, and another process gets it
/// once it is over, or as soon as it is given back.
#[derive(Debug)]
pub struct Lease {
    is_held: Receiver<bool>,
    holding: Receiver<Holding>,
    task: AbortHandle,
    options: LeaseOptions,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Lease {
    /// Asks for a Lease, and holds it from when it is free.
    #[must_use]
    pub fn hold(cluster: &Cluster, options: LeaseOptions) -> Lease {
        let (sender, is_held) = watch::channel(false);
        let wanted = Wanted::new(cluster, options.clone());
        let (told, holding) = watch::channel(Holding::default());
        let task = cluster.spawn(wanted.renew(sender, told));
        Lease {
            is_held,
            holding,
            task,
            options,
        }
    }

    /// Renews it no more: what [`Lease::is_held`] gave is closed.
    pub fn end(&self) {
        self.task.abort();
    }

    /// Gives it back, where this process holds it, so that another one need not wait until it is over.
    /// What is done under it must have ended.
    ///
    /// # Errors
    /// Where the server does not take it back; another process then gets it once it is over.
    pub fn give_back(&self, cluster: &Cluster) -> Result<(), ClusterError> {
        self.end();
        let wanted = Wanted::new(cluster, self.options.clone());
        let path = wanted.path();
        let label = format!("PUT {path}");
        let given = cluster.within(cluster.asked(&label), wanted.give_back(&path));
        cluster.wait(given)
    }

    /// Whether it is held: false as soon as another process could hold it.
    #[must_use]
    pub fn is_held(&self) -> Receiver<bool> {
        self.is_held.clone()
    }

    /// Waits until it is held, `longest` at most.
    #[must_use]
    pub fn term(&self, cluster: &Cluster, longest: Duration) -> Option<Term> {
        let next = Term::next(self.holding.clone());
        let waited = async { time::timeout(longest, next).await };
        cluster.wait(waited).ok().flatten()
    }

    /// Why it is not known who holds it, where the server does not say.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.holding.borrow().problem()
    }
}

struct Wanted {
    client: Client,
    options: LeaseOptions,
    /// The version that somebody else renewed, and when it was first seen: clocks differ, so the
    /// time that stands in it says nothing here.
    seen: Option<(String, Instant)>,
}

impl Wanted {
    fn new(cluster: &Cluster, options: LeaseOptions) -> Wanted {
        Wanted {
            client: cluster.client().clone(),
            options,
            seen: None,
        }
    }

    fn collection(&self) -> String {
        format!(
            "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
            segment(&self.options.namespace)
        )
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection(), segment(&self.options.name))
    }

    /// Lets nobody hold it, where this process does.
    async fn give_back(&self, path: &str) -> kube::Result<()> {
        for _ in 0..ATTEMPTS {
            let found = match self.answer(&Call::get(path)).await {
                Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
                found => found?,
            };
            let holder = found.pointer("/spec/holderIdentity");
            if holder.and_then(Value::as_str) != Some(&self.options.identity) {
                return Ok(());
            }
            let mut lease = self.lease(&found);
            if let Some(holder) = lease.pointer_mut("/spec/holderIdentity") {
                *holder = Value::from("");
            }
            // A renewal that was on its way makes the server refuse.
            if taken(self.answer(&Call::put(path, lease)).await)? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn renew(mut self, is_held: Sender<bool>, told: Sender<Holding>) {
        let mut renewed: Option<Instant> = None;
        loop {
            let asked = Instant::now();
            let answer = time::timeout(self.options.period * 2, self.ask()).await;
            // Where nobody answers it is held for as long as nobody else can have it.
            let problem = match answer {
                Ok(Ok(is_held)) => {
                    renewed = is_held.then_some(asked);
                    None
                }
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            let patience = self.options.duration * 2 / 3;
            let until = renewed.map(|renewed| renewed + patience);
            let until = until.filter(|until| Instant::now() < *until);
            tell(&told, until, problem);
            let holds = until.is_some();
            is_held.send_if_modified(|held| std::mem::replace(held, holds) != holds);
            if is_held.is_closed() {
                return;
            }
            time::sleep(self.options.period).await;
        }
    }

    /// Renews it, or takes it where it is free; whether it is held then.
    async fn ask(&mut self) -> kube::Result<bool> {
        let path = self.path();
        let found = match self.answer(&Call::get(path.clone())).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {
                let lease = self.lease(&Value::Null);
                return taken(self.answer(&Call::post(self.collection(), lease)).await);
            }
            found => found?,
        };
        let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
        let holder = text("/spec/holderIdentity").unwrap_or_default();
        if holder != self.options.identity && !holder.is_empty() {
            let version = text("/metadata/resourceVersion").unwrap_or_default();
            if !self.is_over(version, &found) {
                return Ok(false);
            }
        }
        let lease = self.lease(&found);
        taken(self.answer(&Call::put(path, lease)).await)
    }

    /// Whether nobody has renewed it for as long as it holds.
    fn is_over(&mut self, version: &str, found: &Value) -> bool {
        let seconds = found.pointer("/spec/leaseDurationSeconds");
        let seconds = seconds.and_then(Value::as_u64);
        let duration = seconds.map_or(self.options.duration, Duration::from_secs);
        match &self.seen {
            Some((seen, since)) if seen == version => since.elapsed() > duration,
            _ => {
                self.seen = Some((version.to_owned(), Instant::now()));
                false
            }
        }
    }

    /// The Lease as it is from now on, in the place of the one that was found.
    fn lease(&self, found: &Value) -> Value {
        let at = |pointer: &str| found.pointer(pointer).cloned().unwrap_or_default();
        let is_ours = at("/spec/holderIdentity") == self.options.identity.as_str();
        let now = now();
        let acquired = match is_ours {
            true => at("/spec/acquireTime"),
            false => Value::from(now.as_str()),
        };
        let transitions = at("/spec/leaseTransitions").as_u64().unwrap_or(0);
        let is_change = !is_ours && !found.is_null();
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "namespace": self.options.namespace,
                "name": self.options.name,
                "resourceVersion": at("/metadata/resourceVersion"),
            },
            "spec": {
                "holderIdentity": self.options.identity,
                "leaseDurationSeconds": self.options.duration.as_secs(),
                "acquireTime": acquired,
                "renewTime": now,
                "leaseTransitions": transitions + u64::from(is_change),
            },
        })
    }

    async fn answer(&self, call: &Call) -> kube::Result<Value> {
        let request = call.request();
        let request = request.map_err(|reason| kube::Error::Service(reason.into()))?;
        self.client.request(request).await
    }
}

/// Who comes second has not got it.
fn taken(answer: kube::Result<Value>) -> kube::Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}

/// The time of day in microseconds, as Leases have it.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let time = GoTime::from_unix(seconds, 0).format("2006-01-02T15:04:05");
    format!("{time}.{:06}Z", since.subsec_micros())
}
