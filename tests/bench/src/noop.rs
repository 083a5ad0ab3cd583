//! `portcullis-bench-noop`: what bounds the webhook. The same server, runtime, TLS and allocator, with
//! a handler that parses the review and allows it.

use std::{io, net::TcpListener, path::PathBuf};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use clap::Parser;
use portcullis_webhook::certificates;
use serde_json::{Value, json};
use tokio::runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Parses every admission review and allows it.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9444")]
    listen: String,
    /// Where to write the authority of the certificate.
    #[arg(long)]
    ca_file: PathBuf,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(&arguments))
}

async fn serve(arguments: &Arguments) -> io::Result<()> {
    let certificate = certificates::make(&["localhost".to_owned()]).map_err(io::Error::other)?;
    std::fs::write(&arguments.ca_file, &certificate.authority)?;
    let tls = certificates::tls(&certificate).await?;
    let listener = TcpListener::bind(&arguments.listen)?;
    let router = Router::new().route("/validate/fail", post(allow));
    let server = axum_server::from_tcp_rustls(listener, tls)?;
    server.serve(router.into_make_service()).await
}

async fn allow(body: Bytes) -> Response {
    let Ok(review) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let uid = review.pointer("/request/uid").and_then(Value::as_str);
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": uid, "allowed": true},
    });
    let json_type = [(header::CONTENT_TYPE, "application/json")];
    (json_type, answer.to_string()).into_response()
}
