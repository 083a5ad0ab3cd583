//! `Cluster`: a connection to an API server, for callers that wait for each answer.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use futures::future::{self, Either};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::Value;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{RwLock, Semaphore},
    time::{self, error::Elapsed},
};

use crate::{
    error::{Asked, ClusterError},
    request::Call,
    term::Term,
};

/// Which cluster is asked, and how.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The kubeconfig; without one that of `KUBECONFIG`, of the home folder, or of the pod.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it; without one the current context.
    pub context: Option<String>,
    /// How many calls run at a time.
    pub concurrency: usize,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            kubeconfig: None,
            context: None,
            concurrency: 4,
            timeout: Duration::from_secs(60),
        }
    }
}

/// A connection to an API server.
pub struct Cluster {
    client: Client,
    server: String,
    permits: Semaphore,
    concurrency: usize,
    timeout: Duration,
    /// What may be written; each write looks at it until it is answered.
    writes: RwLock<Writes>,
    // The client's tasks run on it, so it goes last.
    runtime: Runtime,
}

/// What may be written.
enum Writes {
    Always,
    During(Term),
    NoMore,
}

impl Cluster {
    /// Reads the kubeconfig. No server is asked yet.
    ///
    /// # Errors
    /// Where there is no kubeconfig that can be used.
    pub fn connect(options: &ConnectOptions) -> Result<Cluster, ClusterError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| config_error(&error))?;
        let mut config = runtime.block_on(config(options))?;
        config.connect_timeout = Some(options.timeout);
        let server = config.cluster_url.to_string();
        let client = {
            let _inside = runtime.enter();
            Client::try_from(config).map_err(|error| config_error(&error))?
        };
        let concurrency = options.concurrency.max(1);
        Ok(Cluster {
            client,
            server: server.trim_end_matches('/').to_owned(),
            permits: Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS)),
            concurrency,
            timeout: options.timeout,
            writes: RwLock::new(Writes::Always),
            runtime,
        })
    }

    /// The API server's address.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// From now on writes only during a term of a Lease: each call that could change something fails
    /// once it is over, also one that is on its way.
    pub fn write_only_during(&self, term: Term) {
        self.wait(async {
            let mut writes = self.writes.write().await;
            if !matches!(*writes, Writes::NoMore) {
                *writes = Writes::During(term);
            }
        });
    }

    /// From now on writes nothing any more: each call that could change something fails. Returns once
    /// those that are on their way are answered, `longest` at most; whether they are.
    pub fn write_no_more(&self, longest: Duration) -> bool {
        let closed = async {
            *time::timeout(longest, self.writes.write()).await? = Writes::NoMore;
            Ok::<_, Elapsed>(())
        };
        self.wait(closed).is_ok()
    }

    /// How many calls run at a time.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Does something that needs a runtime around it.
    pub(crate) fn inside<T>(&self, act: impl FnOnce() -> T) -> T {
        let _inside = self.runtime.enter();
        act()
    }

    /// Lets a future run beside everything else.
    pub(crate) fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::AbortHandle {
        self.runtime.spawn(future).abort_handle()
    }

    /// How long an answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The answer to a call, waited for.
    pub(crate) fn ask(&self, call: &Call) -> Result<Value, ClusterError> {
        self.wait(self.answer(call))
    }

    /// The answer to a call.
    pub(crate) async fn answer(&self, call: &Call) -> Result<Value, ClusterError> {
        let label = call.label();
        let asked = self.asked(&label);
        let request = call.request().map_err(|reason| asked.unexpected(&reason))?;
        let answer = self.within(asked, self.client.request(request));
        if !call.is_write() {
            return answer.await;
        }
        match &*self.writes.read().await {
            Writes::Always => answer.await,
            Writes::During(term) => {
                match future::select(pin!(term.clone().over()), pin!(answer)).await {
                    Either::Left(_) => Err(asked.term_over()),
                    Either::Right((answer, _)) => answer,
                }
            }
            Writes::NoMore => Err(asked.term_over()),
        }
    }

    /// What a future of the client gives, once there is a free permit, and before the time is over.
    pub(crate) async fn within<T>(
        &self,
        asked: Asked<'_>,
        future: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        // The semaphore is never closed, so that there is always a permit in the end.
        let _permit = self.permits.acquire().await;
        match time::timeout(self.timeout, future).await {
            Ok(answer) => answer.map_err(|error| asked.error(error)),
            Err(_) => Err(asked.slow(self.timeout.as_secs())),
        }
    }

    pub(crate) fn asked<'a>(&'a self, call: &'a str) -> Asked<'a> {
        Asked {
            server: &self.server,
            call,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

async fn config(options: &ConnectOptions) -> Result<Config, ClusterError> {
    let choice = KubeConfigOptions {
        context: options.context.clone(),
        ..KubeConfigOptions::default()
    };
    let read = match &options.kubeconfig {
        Some(path) => Some(read(path)?),
        None => Kubeconfig::from_env().map_err(|error| config_error(&error))?,
    };
    let config = match read {
        Some(read) => Config::from_custom_kubeconfig(read, &choice).await,
        None => match Config::from_kubeconfig(&choice).await {
            // Without a kubeconfig, and without a wish for one, it may run in a pod.
            Err(_) if options.context.is_none() => {
                return Config::infer().await.map_err(|error| config_error(&error));
            }
            answer => answer,
        },
    };
    config.map_err(|error| config_error(&error))
}

fn read(path: &Path) -> Result<Kubeconfig, ClusterError> {
    Kubeconfig::read_from(path).map_err(|error| config_error(&error))
}

fn config_error(error: &dyn std::error::Error) -> ClusterError {
    ClusterError::Config {
        reason: error.to_string(),
    }
}
