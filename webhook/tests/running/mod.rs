//! A server of policies on a free port of loopback, and a client that trusts it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]
#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, OnceLock},
};

use axum_server::{Handle, tls_rustls::RustlsConfig};
use portcullis_engine::{compile_options::CompileOptions, load};
use portcullis_webhook::{
    certificates::{self, Certificate},
    exception_rules::ExceptionRules,
    log::Log,
    metrics::Metrics,
    readiness::Readiness,
    reports::Inbox,
    served::{Policies, Served},
    server::{Server, ServerLimits},
    world::{Alone, World},
};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) served: Arc<Served>,
    pub(crate) certificate: Certificate,
    pub(crate) tls: RustlsConfig,
    pub(crate) runtime: Runtime,
    pub(crate) log: Lines,
    /// What reports are to have.
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    handle: Handle<SocketAddr>,
    client: OnceLock<reqwest::blocking::Client>,
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// The policies of a YAML text; all of them must compile.
pub(crate) fn policies(text: &str) -> Policies {
    let mut loaded = Vec::new();
    for document in portcullis_yaml::documents(text) {
        let value = document.read(Mode::Lenient, &Limits::default()).unwrap();
        let (found, errors) = load::load(&value);
        assert!(errors.is_empty(), "{errors:?}");
        loaded.extend(found);
    }
    let (policies, errors) = Policies::compile(&loaded, &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    policies
}

impl Running {
    pub(crate) fn new(text: &str) -> Running {
        Running::with(text, Arc::new(Alone::default()), ServerLimits::default())
    }

    pub(crate) fn with(text: &str, world: Arc<dyn World>, limits: ServerLimits) -> Running {
        Running::of(policies(text), world, limits)
    }

    pub(crate) fn of(policies: Policies, world: Arc<dyn World>, limits: ServerLimits) -> Running {
        let exceptions = ExceptionRules::default();
        Running::excepting(policies, world, limits, exceptions)
    }

    /// One that starts.
    pub(crate) fn starting(text: &str) -> Running {
        let (alone, limits) = (Arc::new(Alone::default()), ServerLimits::default());
        let exceptions = ExceptionRules::default();
        Running::start(
            policies(text),
            alone,
            limits,
            exceptions,
            Readiness::default(),
        )
    }

    /// With rules about exceptions.
    pub(crate) fn excepting(
        policies: Policies,
        world: Arc<dyn World>,
        limits: ServerLimits,
        exceptions: ExceptionRules,
    ) -> Running {
        Running::start(policies, world, limits, exceptions, Readiness::ready())
    }

    fn start(
        policies: Policies,
        world: Arc<dyn World>,
        limits: ServerLimits,
        exceptions: ExceptionRules,
        readiness: Readiness,
    ) -> Running {
        let runtime = Runtime::new().unwrap();
        let certificate = certificates::make(&["localhost".to_owned()]).unwrap();
        let tls = runtime.block_on(certificates::tls(&certificate)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (served, log) = (Arc::new(Served::new(policies, world)), Lines::default());
        let lines = Arc::new(Log::to(Box::new(log.clone())));
        let inbox = Arc::new(Inbox::new(100));
        let server = Server::new(Arc::clone(&served), lines, limits);
        let server = server.with_reports(Arc::clone(&inbox));
        let readiness = Arc::new(readiness);
        let server = server.with_exceptions(exceptions);
        let server = server.with_readiness(Arc::clone(&readiness));
        let (handle, metrics) = (Handle::new(), server.metrics());
        runtime.spawn(server.serve(listener, tls.clone(), handle.clone()));
        Running {
            address,
            served,
            certificate,
            tls,
            runtime,
            log,
            inbox,
            metrics,
            readiness,
            handle,
            client: OnceLock::new(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn client(&self) -> reqwest::blocking::Client {
        trusting(&self.certificate)
    }

    /// The `response` to a review of a request.
    pub(crate) fn ask(&self, path: &str, request: &Value) -> Value {
        let client = self.client.get_or_init(|| self.client());
        let answer = client.post(self.url(path)).body(review(request));
        let answer = answer.header("content-type", "application/json");
        let answer = answer.send().unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
        assert_eq!(answer["kind"], "AdmissionReview");
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(answer["response"]["uid"], request["uid"]);
        answer["response"].clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// A client that trusts the authority of a certificate, and nobody else.
pub(crate) fn trusting(certificate: &Certificate) -> reqwest::blocking::Client {
    let authority = reqwest::Certificate::from_pem(certificate.authority.as_bytes()).unwrap();
    reqwest::blocking::Client::builder()
        .tls_certs_only([authority])
        .build()
        .unwrap()
}

/// The AdmissionReview with a request.
pub(crate) fn review(request: &Value) -> String {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
        .to_string()
}

/// A request with other fields.
pub(crate) fn with(request: &Value, changes: Value) -> Value {
    let mut request = request.clone();
    for (key, value) in changes.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

/// A request to create an object.
pub(crate) fn creation(object: &Value) -> Value {
    let kind = object["kind"].as_str().unwrap();
    json!({
        "uid": "1-2-3",
        "kind": {"group": "", "version": "v1", "kind": kind},
        "resource": {"group": "", "version": "v1", "resource": format!("{}s", kind.to_lowercase())},
        "name": object["metadata"]["name"],
        "namespace": object["metadata"]["namespace"],
        "operation": "CREATE",
        "userInfo": {"username": "alice", "groups": ["dev"]},
        "object": object,
        "oldObject": null,
        "dryRun": false,
    })
}

/// A Pod with one label.
pub(crate) fn pod(app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": app}},
        "spec": {"containers": [{"name": "c", "image": "nginx:latest"}]},
    })
}
