//! The HTTPS server: routes, limits and timeouts. Whatever is sent to it gets a status and, where it
//! is at fault, a line in the log.

mod body;
mod deadline;

use std::{
    io,
    net::TcpListener,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use serde_json::Value;
use tokio::{sync::Semaphore, task, time};

pub use self::deadline::Deadline;
use crate::{
    admission::{Answer, Review},
    answering::{AnswerError, Answered, Asked},
    exception_rules::ExceptionRules,
    log::{Level, Log},
    metrics::{Metrics, Scene, Timed},
    path::AdmissionPath,
    policy_admission,
    readiness::Readiness,
    reports::Inbox,
    served::Served,
};

/// What the server allows.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// The largest body, in bytes.
    pub body: usize,
    /// How many requests may ask the world at the same time; further ones wait.
    pub asking: usize,
    /// How long a client may take for TLS, and then for the head of its first request.
    pub first_request: Duration,
    /// How long it may take for the head of a later one, and stay away without an answer: longer than
    /// the API server keeps a connection that it does not use.
    pub next_request: Duration,
    /// How long a review may take where it does not say `timeout`.
    pub timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            body: 8 * 1024 * 1024,
            asking: 64,
            first_request: Duration::from_secs(10),
            next_request: Duration::from_secs(120),
            timeout: Duration::from_secs(10),
        }
    }
}

/// All that a request needs.
pub struct Server {
    served: Arc<Served>,
    log: Arc<Log>,
    limits: ServerLimits,
    asking: Arc<Semaphore>,
    reports: Option<Arc<Inbox>>,
    metrics: Arc<Metrics>,
    exceptions: ExceptionRules,
    readiness: Arc<Readiness>,
}

/// Why a review is not answered.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Refusal {
        let why = why.into();
        Refusal { status, why }
    }
}

impl Server {
    /// A server of what is served.
    #[must_use]
    pub fn new(served: Arc<Served>, log: Arc<Log>, limits: ServerLimits) -> Server {
        Server {
            asking: Arc::new(Semaphore::new(limits.asking.max(1))),
            served,
            log,
            limits,
            reports: None,
            metrics: Arc::default(),
            exceptions: ExceptionRules::default(),
            readiness: Arc::new(Readiness::ready()),
        }
    }

    /// The server with a place to put what reports are to have.
    #[must_use]
    pub fn with_reports(self, inbox: Arc<Inbox>) -> Server {
        Server {
            reports: Some(inbox),
            ..self
        }
    }

    /// The server with rules about which exceptions may be written.
    #[must_use]
    pub fn with_exceptions(self, exceptions: ExceptionRules) -> Server {
        Server { exceptions, ..self }
    }

    /// The server with what tells whether it is ready; without, it is from the start.
    #[must_use]
    pub fn with_readiness(self, readiness: Arc<Readiness>) -> Server {
        Server { readiness, ..self }
    }

    /// What is counted of the answers.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Serves until the handle is shut down.
    ///
    /// # Errors
    /// Where the listener cannot be used.
    pub async fn serve(
        self,
        listener: TcpListener,
        tls: RustlsConfig,
        handle: Handle<std::net::SocketAddr>,
    ) -> io::Result<()> {
        let ServerLimits {
            first_request,
            next_request,
            ..
        } = self.limits;
        let log = Arc::clone(&self.log);
        let mut server = axum_server::from_tcp(listener)?
            .acceptor(RustlsAcceptor::new(tls).handshake_timeout(first_request))
            .handle(handle)
            .first_request_timeout(first_request)
            .accept_error_handler(move |address, error| {
                let address = address.map(ToString::to_string);
                let fields = [
                    ("client", Value::from(address)),
                    ("error", Value::from(error.to_string())),
                ];
                log.line(Level::Warning, "connection refused", &fields);
            });
        let http = server.http_builder();
        http.http1().header_read_timeout(next_request);
        http.http2()
            .keep_alive_interval(next_request)
            .keep_alive_timeout(first_request);
        server.serve(self.router().into_make_service()).await
    }

    fn router(self) -> Router {
        Router::new()
            .route("/validate", post(review))
            .route("/validate/{*rest}", post(review))
            .route("/mutate", post(review))
            .route("/mutate/{*rest}", post(review))
            .route("/policyvalidate", post(review))
            .route("/exceptionvalidate", post(review))
            .route("/health/liveness", get(alive))
            .route("/health/readiness", get(ready))
            .with_state(Arc::new(self))
    }

    async fn answer(&self, request: Request) -> Result<Vec<u8>, Refusal> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        // The body is read whatever is wrong with the rest: a client that is still writing it would
        // see a closed connection where it should see the refusal.
        let deadline = Deadline::of(parts.uri.query(), self.limits.timeout);
        let until = deadline.as_ref().ok().copied();
        let until = until.unwrap_or_else(|| Deadline::after(self.limits.timeout));
        let body = self.body(body, until).await;
        let path = AdmissionPath::parse(parts.uri.path());
        let is_of_policies = policy_admission::is_path(parts.uri.path());
        if path.is_none() && !is_of_policies {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "nothing is here"));
        }
        if !body::is_json(&parts.headers) {
            let why = "the content type is not `application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let deadline = deadline.map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, why))?;
        let body = body?;
        let review = Review::read(&body)
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        if !self.readiness.serves() {
            let why = "not all policies are known yet";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let Some(path) = path else {
            return written(&self.judge(review, deadline).await);
        };
        let asked = Asked {
            review,
            path,
            policies: self.served.policies(),
            configuration: self.served.configuration(),
            world: Arc::clone(self.served.world()),
        };
        let scene = Arc::new(Scene::of(&asked.review, asked.path.question));
        let answer = self.decide(asked, deadline, &scene).await?;
        self.metrics
            .review(&scene, answer.allowed, started.elapsed());
        written(&answer)
    }

    /// What is said of a policy or exception that is to be written; it may take long to compile.
    async fn judge(&self, review: Box<Review>, deadline: Deadline) -> Answer {
        let (uid, exceptions) = (review.uid.clone(), self.exceptions.clone());
        let judging = move || policy_admission::answer(&review, &exceptions);
        let judging = move || std::panic::catch_unwind(AssertUnwindSafe(judging)).ok();
        let judging = task::spawn_blocking(judging);
        match time::timeout_at(deadline.instant(), judging).await {
            Ok(Ok(Some(answer))) => answer,
            _ => {
                let why = "the policy could not be compiled in time";
                Answer::denied(&uid, why.to_owned())
            }
        }
    }

    async fn body(&self, body: Body, deadline: Deadline) -> Result<Vec<u8>, Refusal> {
        let reading = body::read(body, self.limits.body);
        match time::timeout_at(deadline.instant(), reading).await {
            Ok(read) => read,
            Err(_) => {
                let why = "the body did not come in time";
                Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, why))
            }
        }
    }

    /// The answer: computed here where that is all there is to do, else by a thread that may wait.
    async fn decide(
        &self,
        asked: Asked,
        deadline: Deadline,
        scene: &Arc<Scene>,
    ) -> Result<Answer, Refusal> {
        let (uid, path) = (asked.review.uid.clone(), asked.path.clone());
        let unanswered = |why: &str| {
            let fields = [
                ("uid", Value::from(uid.as_str())),
                ("error", Value::from(why)),
            ];
            self.log
                .line(Level::Error, "policies were not evaluated", &fields);
            Asked::unanswered(&uid, &path, why)
        };
        let answered = if asked.asks_the_world() {
            match time::timeout_at(deadline.instant(), self.on_a_thread(asked, scene)).await {
                Ok(answered) => answered,
                Err(_) => return Ok(unanswered("the deadline passed")),
            }
        } else {
            caught(&asked, scene, &self.metrics, self.reports.as_deref())
        };
        match answered {
            Ok(Ok(answered)) => Ok(answered.answer),
            Ok(Err(error @ AnswerError::NotServed(_))) => {
                Err(Refusal::new(StatusCode::NOT_FOUND, error.to_string()))
            }
            Ok(Err(error)) => Ok(unanswered(&error.to_string())),
            Err(why) => Ok(unanswered(&why)),
        }
    }

    async fn on_a_thread(
        &self,
        asked: Asked,
        scene: &Arc<Scene>,
    ) -> Result<Result<Answered, AnswerError>, String> {
        let turn = Arc::clone(&self.asking).acquire_owned().await;
        let turn = turn.map_err(|error| error.to_string())?;
        let (reports, metrics) = (self.reports.clone(), Arc::clone(&self.metrics));
        let scene = Arc::clone(scene);
        let evaluation = task::spawn_blocking(move || {
            let answered = caught(&asked, &scene, &metrics, reports.as_deref());
            drop(turn);
            answered
        });
        let answered = evaluation.await.map_err(|error| error.to_string())?;
        answered.map(Ok).unwrap_or_else(Err)
    }
}

fn written(answer: &Answer) -> Result<Vec<u8>, Refusal> {
    let unwritable = |error: serde_json::Error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    answer.to_json().map_err(unwritable)
}

/// The answer, or that evaluating failed in a way that nobody foresaw.
fn caught(
    asked: &Asked,
    scene: &Scene,
    metrics: &Metrics,
    reports: Option<&Inbox>,
) -> Result<Result<Answered, AnswerError>, String> {
    let answer = || {
        let mut times = Timed::default();
        let mut answered = asked.answer_with(&mut times)?;
        metrics.policies(scene, &answered.responses, &times);
        if let Some(inbox) = reports
            && let Some(admitted) = asked.admitted(&mut answered)
        {
            inbox.put(admitted);
        }
        Ok(answered)
    };
    std::panic::catch_unwind(AssertUnwindSafe(answer))
        .map_err(|_| "evaluation failed unexpectedly".to_owned())
}

async fn review(State(server): State<Arc<Server>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match server.answer(request).await {
        Ok(json) => {
            let json_type = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, json_type)], json).into_response()
        }
        Err(refusal) => {
            let fields = [
                ("path", Value::from(path)),
                ("status", Value::from(refusal.status.as_u16())),
                ("error", Value::from(refusal.why.as_str())),
            ];
            server.log.line(Level::Warning, "review refused", &fields);
            (refusal.status, refusal.why).into_response()
        }
    }
}

async fn alive() -> &'static str {
    "ok"
}

async fn ready(State(server): State<Arc<Server>>) -> Response {
    match server.readiness.lacks() {
        None => "ok".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
