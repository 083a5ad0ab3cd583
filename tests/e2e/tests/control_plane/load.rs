//! Clients that create ConfigMaps all the time, good ones and such as a policy refuses.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use portcullis_e2e::control_plane::ControlPlane;
use reqwest::{Certificate, blocking::Client, header};
use serde_json::{Value, json};

use crate::webhook_process::PATIENCE;

/// How many clients there are.
const CLIENTS: usize = 4;

/// One in so many objects is bad.
const BAD_ONE_IN: usize = 3;

/// The policy that is enforced: it fails closed.
pub(crate) const POLICY: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: no-bad-ones}
spec:
  failurePolicy: Fail
  rules:
    - name: label
      match: {any: [{resources: {kinds: [ConfigMap], namespaces: [shop]}}]}
      validate:
        failureAction: Enforce
        message: no bad ones
        pattern: {metadata: {=(labels): {X(bad): "null"}}}
"#;

/// What has come of it so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Good objects that were created.
    pub(crate) admitted: AtomicUsize,
    /// Bad objects that the policy refused.
    pub(crate) denied: AtomicUsize,
    /// Requests that nobody could answer.
    pub(crate) interrupted: AtomicUsize,
    /// What must not happen.
    wrong: Mutex<Vec<String>>,
}

impl Counts {
    /// How many requests the webhook has answered: nothing is let in without it.
    pub(crate) fn reviews(&self) -> usize {
        self.admitted.load(Relaxed) + self.denied.load(Relaxed)
    }

    fn note(&self, is_bad: bool, answer: Result<(u16, Value), reqwest::Error>) {
        let (code, body) = match answer {
            Ok(answer) => answer,
            Err(_) => (0, Value::Null),
        };
        let message = body["message"].as_str().unwrap_or_default();
        let is_denied = message.contains("denied the request") && message.contains("no bad ones");
        let wrong = match (is_bad, code) {
            (true, 201) => "a bad one was let in",
            (false, _) if is_denied => "a good one was denied",
            (false, 201) => return count(&self.admitted),
            (true, _) if is_denied => return count(&self.denied),
            _ => return count(&self.interrupted),
        };
        let wrong = format!("{wrong}: {code} {message}");
        self.wrong.lock().unwrap().push(wrong);
    }

    /// Waits until so many more requests have been answered, and so many of them denied.
    fn wait(&self, from: (usize, usize), reviews: usize, denials: usize) {
        let end = Instant::now() + PATIENCE;
        while self.reviews() < from.0 + reviews || self.denied.load(Relaxed) < from.1 + denials {
            assert!(Instant::now() < end, "{self:?}, from {from:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Relaxed);
}

/// Runs `trouble` while clients are at work, and until they have done as much again as is asked for;
/// all that was answered must have been answered rightly.
pub(crate) fn under_load(
    client: &ApiClient,
    reviews: usize,
    denials: usize,
    trouble: impl FnOnce(&Counts),
) -> Counts {
    let (counts, is_over) = (Counts::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        // Clients also end where the trouble panics.
        let _end = End(&is_over);
        let work = || client.work(&counts, &is_over);
        let _clients: [ScopedJoinHandle<'_, ()>; CLIENTS] =
            std::array::from_fn(|_| scope.spawn(work));
        counts.wait((0, 0), 1, 1);
        trouble(&counts);
        // What works again is seen by what is answered from here on.
        let from = (counts.reviews(), counts.denied.load(Relaxed));
        counts.wait(from, reviews / 2, denials / 2);
        counts.wait((0, 0), reviews, denials);
    });
    let wrong = counts.wrong.lock().unwrap().clone();
    assert!(wrong.is_empty(), "{wrong:#?}");
    client.assert_none_is_kept();
    counts
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A connection to the API server.
pub(crate) struct ApiClient {
    http: Client,
    url: String,
}

impl ApiClient {
    pub(crate) fn of(plane: &ControlPlane) -> ApiClient {
        // The API server's own authority stands in the file of its certificate.
        let file = plane.folder().join("certificates/apiserver.crt");
        let certificates = Certificate::from_pem_bundle(&fs::read(file).unwrap()).unwrap();
        let http = Client::builder()
            .tls_certs_only(certificates)
            .timeout(Duration::from_secs(15))
            .build()
            .unwrap();
        let url = plane.url().to_owned();
        ApiClient { http, url }
    }

    /// The status and body that a path answers.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, Value), reqwest::Error> {
        let request = self.http.get(format!("{}{path}", self.url));
        answered(request.bearer_auth("admin").send()?)
    }

    fn create(&self, is_bad: bool) -> Result<(u16, Value), reqwest::Error> {
        let labels = if is_bad {
            json!({"bad": "yes"})
        } else {
            json!({})
        };
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"generateName": "one-", "labels": labels},
        });
        let url = format!("{}/api/v1/namespaces/shop/configmaps", self.url);
        let request = self.http.post(url).bearer_auth("admin");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        answered(request.body(object.to_string()).send()?)
    }

    fn work(&self, counts: &Counts, is_over: &AtomicBool) {
        let mut turn = 0;
        while !is_over.load(Relaxed) {
            turn += 1;
            let is_bad = turn % BAD_ONE_IN == 0;
            let before = counts.interrupted.load(Relaxed);
            counts.note(is_bad, self.create(is_bad));
            if counts.interrupted.load(Relaxed) > before {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Nothing that is refused stands in the cluster, whatever its clients were told.
    fn assert_none_is_kept(&self) {
        let bad = "/api/v1/namespaces/shop/configmaps?labelSelector=bad";
        let (code, list) = self.get(bad).unwrap();
        assert_eq!(
            (code, list["items"].as_array().map(Vec::len)),
            (200, Some(0))
        );
    }
}

fn answered(response: reqwest::blocking::Response) -> Result<(u16, Value), reqwest::Error> {
    let code = response.status().as_u16();
    let body = serde_json::from_slice(&response.bytes()?).unwrap_or_default();
    Ok((code, body))
}
