//! The server on a cluster.

use std::{io, sync::Arc, time::Duration};

use portcullis_cluster::{Cluster, ClusterError, ConnectOptions, Lease, Stop};
use serde_json::Value;
use tokio::{
    runtime::Runtime,
    sync::watch,
    task::{self, JoinSet},
    time,
};

use super::{CommandLine, end, serve};
use crate::{
    certificates,
    controller::{self, Controller},
    log::{Level, Log},
    readiness::Readiness,
    reports::Reporter,
    server::ServerLimits,
};

/// How long requests are still taken after it is told that none should come.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How long it may take to finish what only one replica writes, and to let another one go on.
const HAND_OVER: Duration = Duration::from_secs(3);

/// How long reports and Events that still wait may take. All of the end fits into the 30 seconds after
/// which a pod is killed.
const LAST_REPORTS: Duration = Duration::from_secs(5);

/// How often it is looked whether the API server trusts this replica.
const LOOK: Duration = Duration::from_millis(500);

impl CommandLine {
    pub(super) fn connect(&self) -> io::Result<Option<Arc<Cluster>>> {
        if !self.cluster {
            return Ok(None);
        }
        // TLS of clients and of the server is one.
        certificates::install_provider();
        let options = ConnectOptions {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            concurrency: ServerLimits::default().asking,
            timeout: ServerLimits::default().timeout,
        };
        Cluster::connect(&options)
            .map(Arc::new)
            .map(Some)
            .map_err(told)
    }
}

/// Serves what a cluster has.
pub(super) fn run(
    line: CommandLine,
    cluster: &Arc<Cluster>,
    runtime: &Runtime,
    log: &Arc<Log>,
) -> io::Result<()> {
    let options = line.on_cluster.clone();
    let controller = Controller::new(Arc::clone(cluster), Arc::clone(log), options);
    let controller = controller.map_err(told)?;
    let cluster = Arc::clone(cluster);
    runtime.block_on(on_cluster(line, cluster, controller, Arc::clone(log)))
}

fn told(error: ClusterError) -> io::Error {
    io::Error::other(format!("{error}; {}", error.remedy()))
}

/// Ends when the webhook configurations name the authority of this replica's certificate.
async fn named(cluster: Arc<Cluster>, authority: watch::Receiver<String>) -> io::Result<()> {
    loop {
        let (cluster, authority) = (Arc::clone(&cluster), authority.borrow().clone());
        let looked = task::spawn_blocking(move || controller::is_named(&cluster, &authority));
        if looked.await? {
            return Ok(());
        }
        time::sleep(LOOK).await;
    }
}

/// Serves what a cluster has, once all of it is known.
async fn on_cluster(
    line: CommandLine,
    cluster: Arc<Cluster>,
    controller: Controller,
    log: Arc<Log>,
) -> io::Result<()> {
    let (served, mut is_ready) = (controller.served(), controller.is_ready());
    let mut stop = Stop::new()?;
    let certificate = tokio::select! {
        certificate = controller.certificate() => certificate?,
        () = stop.asked() => return Ok(()),
    };
    let tls = certificate.tls();
    let named = named(Arc::clone(&cluster), certificate.authority());
    let (writer, lease) = controller.writer(certificate.authority());
    let reporter = controller.reporter();
    let scans = reporter.as_ref();
    let scans = scans.map(|reporter| controller.scans(reporter, lease.is_held()));
    let (mut tasks, mut writers) = (JoinSet::new(), JoinSet::new());
    tasks.spawn(controller.run());
    tasks.spawn(certificate.follow());
    let inbox = reporter.as_ref().map(Reporter::inbox);
    let readiness = Arc::new(Readiness::default());
    let (serving, handle) = serve(&line, served, &tls, &log, inbox, Arc::clone(&readiness))?;
    tokio::select! {
        ready = is_ready.wait_for(|is_ready| *is_ready) => drop(ready.map_err(io::Error::other)?),
        () = stop.asked() => {
            hand_over(cluster, lease, writers, &log).await;
            return Ok(());
        }
    }
    readiness.serve();
    log.line(Level::Info, "serving", &[]);
    // The API server is told of this replica once it answers.
    writers.spawn(writer.run());
    let named_here = Arc::clone(&readiness);
    tasks.spawn(async move {
        named.await?;
        named_here.name();
        // A task that ends would end the process.
        std::future::pending().await
    });
    if let Some(scans) = scans {
        writers.spawn(scans.run());
    }
    tokio::select! {
        stopped = serving => return stopped.map_err(io::Error::other)?,
        Some(stopped) = tasks.join_next() => return stopped.map_err(io::Error::other)?,
        Some(stopped) = writers.join_next() => return stopped.map_err(io::Error::other)?,
        () = stop.asked() => {}
    }
    readiness.end();
    // Until everybody has heard that nothing should come any more, something does.
    tokio::join!(
        time::sleep(LAST_WORDS),
        hand_over(cluster, lease, writers, &log)
    );
    tasks.abort_all();
    end(&handle, &log).await;
    // What still waits is written before the process ends.
    let last = task::spawn_blocking(move || drop(reporter));
    if time::timeout(LAST_REPORTS, last).await.is_err() {
        let why = "the cluster did not take the last reports in time";
        log.line(Level::Warning, why, &[]);
    }
    Ok(())
}

/// Ends what only one replica does at a time, so that another one need not wait until the Lease is over.
async fn hand_over(
    cluster: Arc<Cluster>,
    lease: Lease,
    mut writers: JoinSet<io::Result<()>>,
    log: &Log,
) {
    let handed = async {
        // Those who write see that, and end with what they are at.
        lease.end();
        while writers.join_next().await.is_some() {}
        task::spawn_blocking(move || lease.give_back(&cluster)).await
    };
    let why = match time::timeout(HAND_OVER, handed).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    let fields = [("error", Value::from(why))];
    let message = "the Lease is not given back; another replica waits until it is over";
    log.line(Level::Warning, message, &fields);
}
