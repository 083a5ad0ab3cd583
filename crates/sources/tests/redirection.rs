//! Who is sent to another server by a repository's server tells nobody there the password.
#![allow(
    clippy::expect_used,
    reason = "a test fails where something is not there"
)]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use portcullis_sources::{Address, Client, ClientOptions, Credentials};

const OLD: &str = "001e# service=git-upload-pack\n0000003d";
const OBJECT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Answers so many requests, and tells what each asked for, with its `Authorization`.
fn serve(listener: TcpListener, answers: Vec<String>) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            let lines = lines.map(|line| line.expect("a line"));
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let is_told = |line: &&String| line.to_lowercase().starts_with("authorization:");
            let what = head.first().cloned().unwrap_or_default();
            let told = head.iter().any(|line| is_told(&line));
            asked.push(format!(
                "{} {told}",
                what.trim_end_matches(" HTTP/1.1")
                    .split('?')
                    .next()
                    .unwrap_or_default()
            ));
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
        asked
    })
}

fn answer(status: &str, header: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[test]
fn credentials_stay_with_their_server() {
    let [first, second] = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("it"));
    let (here, there) = (url(&first), url(&second));
    let to = format!("Location: {there}/o/r.git/info/refs?service=git-upload-pack\r\n");
    let told = format!("{OLD}{OBJECT} refs/heads/main\n0000");
    let first = serve(first, vec![answer("301 Moved", &to, "")]);
    let second = serve(
        second,
        vec![answer("200 OK", "", &told), answer("404 No", "", "")],
    );
    let options = ClientOptions {
        credentials: Some(Credentials {
            username: "me".to_owned(),
            password: "secret".to_owned(),
        }),
        ..ClientOptions::default()
    };
    let client = Client::new(options).expect("a client");
    let address = Address::parse(&format!("{here}/o/r.git"), Some("main"));
    let address = match address.expect("an address").0 {
        Address::Git(address) => Some(address),
        Address::File(_) => None,
    };
    let address = address.expect("a repository");
    let failed = client.folder(&address, None).expect_err("there is nothing");
    assert!(failed.to_string().contains("404"), "{failed}");
    let asked = |server: JoinHandle<Vec<String>>| server.join().expect("what was asked");
    assert_eq!(asked(first), ["GET /o/r.git/info/refs true"]);
    assert_eq!(
        asked(second),
        [
            "GET /o/r.git/info/refs false",
            "POST /o/r.git/git-upload-pack false"
        ]
    );
}
