//! What the API server answers: status, message, warnings and the object.

use std::{fs, sync::atomic::AtomicUsize, sync::atomic::Ordering, thread, time::Duration};

use portcullis_e2e::control_plane::ControlPlane;
use reqwest::{Certificate, Method, blocking::Client, blocking::Response, header};
use serde_json::Value;

/// How many calls run at a time.
const CALLERS: usize = 8;

/// A connection to the API server, as the user who may do everything.
pub(super) struct ApiServer {
    client: Client,
    url: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) warnings: Vec<String>,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn is_ok(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// What is said of a request that is refused.
    pub(super) fn message(&self) -> &str {
        let message = self.body.get("message").and_then(Value::as_str);
        message.unwrap_or_default()
    }
}

impl ApiServer {
    pub(super) fn of(plane: &ControlPlane) -> ApiServer {
        // The API server's own authority stands in the file of its certificate.
        let file = plane.folder().join("certificates/apiserver.crt");
        let certificates = Certificate::from_pem_bundle(&fs::read(file).unwrap()).unwrap();
        let client = Client::builder()
            .tls_certs_only(certificates)
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        ApiServer {
            client,
            url: plane.url().to_owned(),
        }
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None)
    }

    /// Creates an object; the path is that of its collection.
    pub(super) fn create(&self, path: &str, object: &Value) -> Answer {
        self.call(Method::POST, path, Some(object))
    }

    /// What comes of creating an object, which is not kept.
    pub(super) fn try_create(&self, path: &str, object: &Value) -> Answer {
        self.create(&format!("{path}?dryRun=All"), object)
    }

    /// Creates objects that must be taken, several at a time.
    pub(super) fn create_all(&self, objects: &[(String, Value)]) {
        each(objects, |(path, object)| {
            let answer = self.create(path, object);
            let message = answer.message();
            assert!(answer.is_ok(), "{path}: {message}\n{object:#}");
        });
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut tries = 0;
        loop {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.url))
                .bearer_auth("admin")
                .header(header::ACCEPT, "application/json");
            if let Some(body) = body {
                request = request
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(serde_json::to_vec(body).unwrap());
            }
            match request.send() {
                // A server that has much to do asks to be asked again.
                Ok(response) if response.status().as_u16() == 429 && tries < 60 => {}
                Ok(response) => return answer(response),
                Err(error) if tries >= 60 => panic!("{path}: {error:?}"),
                Err(_) => {}
            }
            tries += 1;
            thread::sleep(Duration::from_millis(500));
        }
    }
}

fn answer(response: Response) -> Answer {
    let warnings = response.headers().get_all(header::WARNING).iter();
    Answer {
        code: response.status().as_u16(),
        warnings: warnings
            .map(|one| warning(&String::from_utf8_lossy(one.as_bytes())))
            .collect(),
        body: serde_json::from_slice(&response.bytes().unwrap()).unwrap_or_default(),
    }
}

/// The text of a header `299 - "TEXT"`, in which `\` quotes the next character.
fn warning(header: &str) -> String {
    let text = header.split_once('"').map_or("", |(_, text)| text);
    let text = text.strip_suffix('"').unwrap_or(text);
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        plain.extend(if next == '\\' {
            rest.next()
        } else {
            Some(next)
        });
    }
    plain
}

/// What comes of each, in order, several at a time.
pub(super) fn each<T: Sync, R: Send>(of: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut made: Vec<(usize, R)> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut made = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(one) = of.get(number) else {
                            return made;
                        };
                        made.push((number, make(one)));
                    }
                })
            })
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().unwrap())
            .collect()
    });
    made.sort_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, made)| made).collect()
}
