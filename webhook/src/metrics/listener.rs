//! The plain HTTP server that Prometheus asks.

use std::{io, net::TcpListener, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::Metrics;
use crate::{reports::Inbox, served::Served};

/// What the text is written from.
struct Sources {
    metrics: Arc<Metrics>,
    served: Arc<Served>,
    reports: Option<Arc<Inbox>>,
}

/// Answers `GET /metrics` until the process ends.
///
/// # Errors
/// Where the listener cannot be used.
pub async fn listen(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    served: Arc<Served>,
    reports: Option<Arc<Inbox>>,
) -> io::Result<()> {
    let sources = Arc::new(Sources {
        metrics,
        served,
        reports,
    });
    let router = Router::new()
        .route("/metrics", get(text))
        .with_state(sources);
    let server = axum_server::from_tcp(listener)?;
    server.serve(router.into_make_service()).await
}

async fn text(State(sources): State<Arc<Sources>>) -> Response {
    let reports = sources.reports.as_deref();
    let text = sources.metrics.text(&sources.served, reports);
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}
