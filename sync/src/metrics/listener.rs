//! The plain HTTP server that Prometheus and the kubelet ask.

use std::{io, net::TcpListener, sync::Arc, thread};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net, runtime::Builder};

use super::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers `/metrics`, `/health/liveness` and `/health/readiness` until the process ends.
///
/// # Errors
/// Where nobody can listen at this address.
pub fn listen(address: &str, metrics: Arc<Metrics>) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let router = Router::new()
        .route("/metrics", get(text))
        .route("/health/liveness", get(|| async { "ok\n" }))
        .route("/health/readiness", get(readiness))
        .with_state(metrics);
    thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let listener = net::TcpListener::from_std(listener)?;
                axum::serve(listener, router).await
            })
        })
        .map(drop)
}

async fn text(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.text()).into_response()
}

async fn readiness(State(metrics): State<Arc<Metrics>>) -> (StatusCode, String) {
    match metrics.problem() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")),
    }
}
