//! The server on a cluster.

use std::{io, sync::Arc};

use portcullis_cluster::{Cluster, ClusterError, ConnectOptions};
use tokio::{
    runtime::Runtime,
    task::{self, JoinSet},
};

use super::{CommandLine, Stop, end, serve};
use crate::{
    certificates, controller::Controller, log::Log, reports::Reporter, server::ServerLimits,
};

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
    runtime.block_on(on_cluster(line, controller, Arc::clone(log)))
}

fn told(error: ClusterError) -> io::Error {
    io::Error::other(format!("{error}; {}", error.remedy()))
}

/// Serves what a cluster has, once all of it is known.
async fn on_cluster(line: CommandLine, controller: Controller, log: Arc<Log>) -> io::Result<()> {
    let (served, mut is_ready) = (controller.served(), controller.is_ready());
    let mut stop = Stop::new()?;
    let certificate = tokio::select! {
        certificate = controller.certificate() => certificate?,
        () = stop.asked() => return Ok(()),
    };
    let tls = certificate.tls();
    let (writer, lease) = controller.writer(certificate.authority());
    let reporter = controller.reporter();
    let scans = reporter.as_ref();
    let scans = scans.map(|reporter| controller.scans(reporter, lease.is_held()));
    let mut tasks = JoinSet::new();
    tasks.spawn(controller.run());
    tasks.spawn(certificate.follow());
    tokio::select! {
        ready = is_ready.wait_for(|is_ready| *is_ready) => drop(ready.map_err(io::Error::other)?),
        () = stop.asked() => return Ok(()),
    }
    let inbox = reporter.as_ref().map(Reporter::inbox);
    let (serving, handle) = serve(&line, served, &tls, &log, inbox)?;
    // The API server is told of this replica once it answers.
    tasks.spawn(writer.run());
    if let Some(scans) = scans {
        tasks.spawn(scans.run());
    }
    tokio::select! {
        stopped = serving => return stopped.map_err(io::Error::other)?,
        Some(stopped) = tasks.join_next() => return stopped.map_err(io::Error::other)?,
        () = stop.asked() => {}
    }
    tasks.abort_all();
    end(&handle, &log).await;
    // What still waits is written before the process ends.
    task::spawn_blocking(move || drop(reporter)).await?;
    Ok(())
}
