//! An HTTP server with one function for an answer.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use portcullis_cluster::{Cluster, ConnectOptions};
use serde_json::{Value, json};

/// Calls, each as `GET /path?query`, in the order in which they came.
pub(crate) type Calls = Arc<Mutex<Vec<String>>>;

type Answer = Arc<dyn Fn(&str, Value) -> (u16, String) + Send + Sync>;

/// A cluster that answers so, and the calls that it gets. With status 302 the text is where to go on.
pub(crate) fn cluster(
    answer: impl Fn(&str, Value) -> (u16, String) + Send + Sync + 'static,
) -> (Cluster, Calls) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answer, calls): (Answer, Calls) = (Arc::new(answer), Arc::default());
    let noted = Arc::clone(&calls);
    // It ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
            thread::spawn(move || serve(&stream.unwrap(), &answer, &noted));
        }
    });
    (connect(&url), calls)
}

/// A connection to a server.
pub(crate) fn connect(url: &str) -> Cluster {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "users": [{"name": "test", "user": {}}],
    });
    fs::write(&kubeconfig, text.to_string()).unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(kubeconfig),
        timeout: Duration::from_secs(2),
        ..ConnectOptions::default()
    };
    Cluster::connect(&options).unwrap()
}

fn serve(stream: &TcpStream, answer: &Answer, calls: &Calls) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        let call = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap();
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        calls.lock().unwrap().push(call.clone());
        let (code, text) = answer(&call, serde_json::from_slice(&body).unwrap_or_default());
        let location = match code {
            302 => format!("location: {text}\r\n"),
            _ => String::new(),
        };
        let head = format!(
            "HTTP/1.1 {code} X\r\n{location}content-length: {}\r\n\r\n",
            text.len()
        );
        let mut writer = stream;
        let written = writer.write_all((head + &text).as_bytes());
        if written.is_err() {
            return;
        }
        line.clear();
    }
}

/// An answer.
pub(crate) fn ok(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

/// A refusal, as API servers give it.
pub(crate) fn refusal(code: u16, message: &str) -> (u16, String) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "message": message, "metadata": {},
    });
    (code, status.to_string())
}

/// What the server serves: `Widget` of `example.com/v1`.
pub(crate) fn discovery(call: &str) -> Option<(u16, String)> {
    let list = match call {
        "GET /api" => json!({"items": [{"metadata": {"name": ""}, "versions": [
            {"version": "v1", "resources": [resource("ConfigMap", "configmaps")]},
        ]}]}),
        "GET /apis" => json!({"items": [{"metadata": {"name": "example.com"}, "versions": [
            {"version": "v1", "resources": [resource("Widget", "widgets")]},
        ]}]}),
        _ => return None,
    };
    Some(ok(&list))
}

fn resource(kind: &str, resource: &str) -> Value {
    json!({
        "resource": resource,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": "Namespaced",
        "verbs": ["get", "list"],
    })
}
