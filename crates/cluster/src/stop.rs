//! SIGTERM and SIGINT, which ask a process to end.

use std::{io, time::Duration};

use futures::future;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time,
};

use crate::cluster::Cluster;

/// The signals, which do not end the process any more once this is there.
#[derive(Debug)]
pub struct Stop([Signal; 2]);

impl Stop {
    /// Heeds the signals; called inside a runtime.
    ///
    /// # Errors
    /// Where the system does not let it.
    pub fn new() -> io::Result<Stop> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Stop([terminate, signal(SignalKind::interrupt())?]))
    }

    /// Waits until the end is asked for.
    pub async fn asked(&mut self) {
        future::select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }

    /// Waits until the end is asked for, `longest` at most; whether it is.
    pub fn wait(&mut self, cluster: &Cluster, longest: Duration) -> bool {
        cluster.wait(async { time::timeout(longest, self.asked()).await.is_ok() })
    }
}

impl Cluster {
    /// Heeds the signals that ask the process to end.
    ///
    /// # Errors
    /// Where the system does not let it.
    pub fn stop(&self) -> io::Result<Stop> {
        self.inside(Stop::new)
    }
}
