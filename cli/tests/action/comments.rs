//! A server that keeps the comments of pull request 7 as GitHub's API does.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

const OURS: &str = "/repos/acme/policies/issues/7/comments";
const ONE: &str = "/repos/acme/policies/issues/comments/";

/// What the server has, and how it was asked.
#[derive(Default)]
pub(crate) struct State {
    /// Each comment by its number, which is its place plus 1.
    pub(crate) comments: Vec<String>,
    /// Method and path of each request.
    pub(crate) asked: Vec<String>,
    /// Whether the token may only read.
    pub(crate) is_read_only: bool,
}

/// Starts the server on a free port, and gives its address.
pub(crate) fn start(state: &Arc<Mutex<State>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = Arc::clone(state);
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &state);
        }
    });
    address
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let value = |name: &str| {
        let lines = head.iter().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_owned())
    };
    let length = value("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let words: Vec<&str> = head[0].split(' ').collect();
    let is_known = value("authorization").as_deref() == Some("Bearer secret");
    let mut state = state.lock().unwrap();
    state.asked.push(format!("{} {}", words[0], words[1]));
    let (status, text) = match is_known {
        true => respond(&mut state, words[0], words[1], &body),
        false => (401, "{}".to_owned()),
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    )
    .unwrap();
}

fn respond(state: &mut State, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    if method == "GET" {
        let page = path.strip_prefix(&format!("{OURS}?per_page=100&page="));
        let page: usize = page.unwrap().parse().unwrap();
        let listed = state.comments.iter().enumerate();
        let listed = listed.skip((page - 1) * 100).take(100);
        let listed = listed.map(|(place, body)| serde_json::json!({"id": place + 1, "body": body}));
        return (200, serde_json::Value::from_iter(listed).to_string());
    }
    if state.is_read_only {
        return (403, "{}".to_owned());
    }
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let body = body["body"].as_str().unwrap().to_owned();
    match (method, path.strip_prefix(ONE)) {
        ("POST", None) if path == OURS => {
            state.comments.push(body);
            (201, "{}".to_owned())
        }
        ("PATCH", Some(number)) => {
            state.comments[number.parse::<usize>().unwrap() - 1] = body;
            (200, "{}".to_owned())
        }
        _ => (404, "{}".to_owned()),
    }
}
