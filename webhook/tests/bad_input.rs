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
        first_request: Duration::from_secs(2),
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

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A connection with TLS, on which nothing has been said.
fn connect(running: &Running) -> Stream {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(running.certificate.authority.as_bytes());
    roots.add(authority.unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = Arc::new(config.with_no_client_auth());
    let connection = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(connection, TcpStream::connect(running.address).unwrap())
}

/// Other clients are answered at once.
fn others_are_served(running: &Running) {
    for _ in 0..20 {
        let asked = Instant::now();
        let answer = running.ask("/validate/fail", &creation(&pod("bad")));
        assert_eq!(answer["allowed"], false);
        assert!(
            asked.elapsed() < Duration::from_secs(3),
            "{:?}",
            asked.elapsed()
        );
    }
}

/// Says a part on each connection again and again, until the server has ended them all.
fn until_ended(mut open: Vec<Stream>, part: &[u8], pause: Duration) {
    let end = Instant::now() + Duration::from_secs(60);
    while !open.is_empty() {
        assert!(Instant::now() < end, "{} connections are open", open.len());
        open.retain_mut(|stream| stream.write_all(part).is_ok());
        std::thread::sleep(pause);
    }
}

/// Requests whose heads come a field at a time, and never end.
#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let running = running();
    let open = (0..50).map(|_| {
        let mut stream = connect(&running);
        stream.write_all(b"POST /validate HTTP/1.1\r\n").unwrap();
        stream
    });
    let open = open.collect();
    others_are_served(&running);
    until_ended(open, b"a: b\r\n", Duration::from_millis(50));
}

/// Clients that have had an answer, and whose next head never ends.
#[test]
fn a_later_head_that_does_not_end_is_not_waited_for() {
    let limits = ServerLimits {
        next_request: Duration::from_millis(500),
        ..ServerLimits::default()
    };
    let running = Running::with(POLICIES, Arc::new(Alone::default()), limits);
    let open = (0..20).map(|_| {
        let mut stream = connect(&running);
        let request = b"GET /health/liveness HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, *b"HTTP/1.1 200 OK");
        stream.write_all(b"POST /validate HTTP/1.1\r\n").unwrap();
        stream
    });
    let open = open.collect();
    others_are_served(&running);
    until_ended(open, b"a: b\r\n", Duration::from_millis(50));
}

/// Clients that send a byte of their body a second: each has its answer at the deadline, whatever it
/// still has to say.
#[test]
fn bodies_of_a_byte_a_second_hold_nobody_up() {
    const CLIENTS: usize = 40;
    let running = running();
    let open = (0..CLIENTS).map(|_| {
        let mut stream = connect(&running);
        let head = "POST /validate/fail?timeout=10s HTTP/1.1\r\nhost: localhost\r\n\
            content-type: application/json\r\ncontent-length: 60000\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        stream
    });
    let open: Vec<Stream> = open.collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let slow = open.into_iter().map(|mut stream| {
            scope.spawn(move || {
                let pause = Some(Duration::from_secs(1));
                stream.sock.set_read_timeout(pause).unwrap();
                let mut answer = [0; 12];
                while stream.read_exact(&mut answer).is_err() {
                    assert!(began.elapsed() < Duration::from_secs(60), "no answer");
                    if stream.write_all(b" ").is_err() {
                        return;
                    }
                }
                assert_eq!(answer, *b"HTTP/1.1 408");
            })
        });
        let slow: Vec<_> = slow.collect();
        others_are_served(&running);
        assert!(
            slow.iter().all(|client| !client.is_finished()),
            "they were not slow: {:?}",
            began.elapsed()
        );
        slow.into_iter().for_each(|client| client.join().unwrap());
    });
    assert!(began.elapsed() > Duration::from_secs(3));
    let log = running.log.text();
    let told = log.matches("did not come in time").count();
    assert_eq!(told, CLIENTS, "{log}");
}

/// Connections on which no TLS begins, or goes only half way, and some with TLS on which nothing is
/// said: others are answered, and the server ends them.
#[test]
fn half_open_connections_hold_nobody_up() {
    // The head of a record with a ClientHello, and its first bytes.
    const HALF: &[u8] = &[0x16, 0x03, 0x01, 0x00, 0xf4, 0x01, 0x00, 0x00, 0xf0];
    let running = running();
    let mut open = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(running.address).unwrap();
        stream.write_all(&HALF[..number % HALF.len()]).unwrap();
        open.push(stream);
    }
    for _ in 0..20 {
        let mut stream = connect(&running);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
        open.push(stream.sock);
    }
    others_are_served(&running);
    let end = Instant::now() + Duration::from_secs(60);
    for mut stream in open {
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // What comes at last is an alert, if anything.
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let is_late = |error: &std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
        assert!(!ended.as_ref().is_err_and(is_late), "{ended:?}");
        assert!(Instant::now() < end, "connections are open");
    }
    others_are_served(&running);
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
