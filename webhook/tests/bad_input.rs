//! What is no review is refused with a status and a line in the log, and the server goes on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis_webhook::{server::ServerLimits, world::Alone};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::{Value, json};

use self::running::{Running, creation, pod, review};

const POLICIES: &str = include_str!("policies.yaml");
const JSON: &str = "application/json";

fn running() -> Running {
    let limits = ServerLimits {
        body: 64 * 1024,
        first_request: Duration::from_millis(300),
        ..ServerLimits::default()
    };
    Running::with(POLICIES, Arc::new(Alone::default()), limits)
}

/// The status of a body on a path, and what the log says of it.
fn check(
    running: &Running,
    (path, content_type, body): (&str, &str, String),
    status: u16,
    told: &str,
) {
    let before = running.log.text().len();
    let request = running.client().post(running.url(path)).body(body);
    let response = request.header("content-type", content_type).send().unwrap();
    assert_eq!(response.status(), status, "{path} {content_type}: {told}");
    let text = response.text().unwrap();
    assert!(text.contains(told), "{text:?}, expected {told:?}");
    let log = running.log.text();
    let line: Value = serde_json::from_str(log[before..].trim()).unwrap();
    assert_eq!(line["status"], status, "{line}");
    assert_eq!(
        (&line["level"], &line["path"]),
        (&json!("warning"), &json!(path))
    );
}

#[test]
fn what_is_no_review_is_refused() {
    let running = running();
    let good = review(&creation(&pod("good")));
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let deep = nested(20_000);
    let object = good.replace("\"nginx:latest\"", &nested(400));
    let other = json!({"apiVersion": "v1", "kind": "Pod"}).to_string();
    let without = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"});
    let old = good.replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1");
    for (path, content_type, body, status, told) in [
        (
            "/validate",
            JSON,
            String::new(),
            400,
            "not an AdmissionReview",
        ),
        (
            "/validate",
            JSON,
            "{".to_owned(),
            400,
            "not an AdmissionReview",
        ),
        (
            "/validate",
            JSON,
            good[..good.len() / 2].to_owned(),
            400,
            "EOF",
        ),
        (
            "/validate",
            JSON,
            "null".to_owned(),
            400,
            "not an AdmissionReview",
        ),
        (
            "/validate",
            JSON,
            "[]".to_owned(),
            400,
            "not an AdmissionReview",
        ),
        ("/validate", JSON, deep, 400, "not an AdmissionReview"),
        ("/validate", JSON, object, 400, "recursion limit"),
        (
            "/validate",
            JSON,
            "\u{0}\u{1}".to_owned(),
            400,
            "not an AdmissionReview",
        ),
        ("/validate", JSON, other, 400, "`Pod` of `v1`"),
        ("/mutate", JSON, old, 400, "v1beta1"),
        ("/mutate", JSON, without.to_string(), 400, "no `request`"),
        (
            "/mutate/fail",
            JSON,
            good.replace("CREATE", "EAT"),
            400,
            "EAT",
        ),
        ("/validate", "text/plain", good.clone(), 415, "content type"),
        (
            "/validate",
            "application/yaml",
            good.clone(),
            415,
            "content type",
        ),
        ("/validate/other", JSON, good.clone(), 404, "nothing"),
        (
            "/validate/fail/finegrained/no",
            JSON,
            good.clone(),
            404,
            "`no` is not served",
        ),
        ("/validate", JSON, " ".repeat(64 * 1024 + 1), 413, "65536"),
        ("/validate", JSON, " ".repeat(128 * 1024), 413, "65536"),
        ("/validate/other", JSON, " ".repeat(60_000), 404, "nothing"),
    ] {
        check(&running, (path, content_type, body), status, told);
    }
    let asked = running.ask("/validate/fail", &creation(&pod("bad")));
    assert_eq!(asked["allowed"], false);
}

#[test]
fn other_methods_and_paths_are_refused() {
    let running = running();
    let client = running.client();
    for (path, status) in [
        ("/validate", 405),
        ("/mutate/fail", 405),
        ("/", 404),
        ("/health/liveness", 200),
        ("/health/readiness", 200),
    ] {
        let response = client.get(running.url(path)).send().unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

#[test]
fn a_timeout_is_a_duration() {
    let running = running();
    let body = review(&creation(&pod("good")));
    for (timeout, status) in [("5s", 200), ("1m", 200), ("soon", 400)] {
        let url = running.url(&format!("/validate/fail?timeout={timeout}"));
        let request = running.client().post(url).body(body.clone());
        let response = request.header("content-type", JSON).send().unwrap();
        assert_eq!(response.status(), status, "{timeout}");
    }
}

/// A body that comes a byte at a time, and then no more.
struct Slow(usize);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        std::thread::sleep(Duration::from_millis(50));
        self.0 += 1;
        buffer[0] = b' ';
        Ok(1)
    }
}

#[test]
fn a_slow_body_ends_at_the_deadline() {
    let running = running();
    let url = running.url("/validate/fail?timeout=300ms");
    let request = running.client().post(url).header("content-type", JSON);
    let started = Instant::now();
    let response = request.body(reqwest::blocking::Body::new(Slow(0))).send();
    assert!(started.elapsed() < Duration::from_secs(5));
    if let Ok(response) = response {
        assert_eq!(response.status(), 408);
    }
    assert!(running.log.text().contains("did not come in time"));
    let after = running.ask("/validate/fail", &creation(&pod("bad")));
    assert_eq!(after["allowed"], false);
}

/// Requests whose heads come a field at a time, and never end.
#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let running = running();
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(running.certificate.authority.as_bytes());
    roots.add(authority.unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = Arc::new(config.with_no_client_auth());
    let connect = |_| {
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(running.address).unwrap());
        stream.write_all(b"POST /validate HTTP/1.1\r\n").unwrap();
        stream
    };
    let mut open: Vec<_> = (0..50).map(connect).collect();
    let asked = running.ask("/validate/fail", &creation(&pod("bad")));
    assert_eq!(asked["allowed"], false);
    let end = Instant::now() + Duration::from_secs(60);
    while !open.is_empty() {
        assert!(Instant::now() < end, "{} connections are open", open.len());
        open.retain_mut(|stream| stream.write_all(b"a: b\r\n").is_ok());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_no_tls_ends_the_connection_only() {
    let running = running();
    let mut streams = Vec::new();
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 512],
        &[0x16, 0x03, 0x01, 0x40, 0x00],
    ] {
        let mut stream = TcpStream::connect(running.address).unwrap();
        stream.write_all(bytes).unwrap();
        streams.push(stream);
    }
    let after = running.ask("/validate/fail", &creation(&pod("bad")));
    assert_eq!(after["allowed"], false);
}
