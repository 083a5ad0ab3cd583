//! The program with policies from files: what it starts with, and what it serves when they change.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const GOOD: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: good}
spec:
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: m, pattern: {metadata: {name: '?*'}}}
";

/// What it logs once it serves.
const SERVING: &str = "\"serving\"";

/// The program with a folder of policies; it is killed when this is dropped.
struct Program {
    process: Child,
    log: BufReader<ChildStderr>,
    metrics: String,
}

impl Program {
    fn start(folder: &Path) -> Program {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let metrics = free.local_addr().unwrap().to_string();
        drop(free);
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis-webhook"));
        command.arg("--policies").arg(folder);
        command.args(["--listen", "127.0.0.1:0", "--metrics-listen", &metrics]);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        Program {
            process,
            log,
            metrics,
        }
    }

    /// The first line of the log that has this text; all of it where it serves, or ends, without.
    fn line(&mut self, text: &str) -> Result<String, String> {
        let mut all = String::new();
        loop {
            let from = all.len();
            let read = self.log.read_line(&mut all).unwrap();
            let line = all.get(from..).unwrap_or_default();
            if line.contains(text) {
                return Ok(line.to_owned());
            }
            if read == 0 || line.contains(SERVING) {
                return Err(all);
            }
        }
    }

    /// Waits until the metrics have this line.
    fn metric(&self, wanted: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let text = self.asked().unwrap_or_default();
            if text.lines().any(|line| line == wanted) {
                return;
            }
            assert!(Instant::now() < end, "{wanted}: {text}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn asked(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.metrics)?;
        let request = b"GET /metrics HTTP/1.0\r\n\r\n";
        std::io::Write::write_all(&mut stream, request)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What one of them should deny would be let in.
#[test]
fn a_start_without_some_policies_is_refused() {
    for (name, text, told) in [
        ("b.yaml", "a: [\n", "b.yaml:2:1: expected a value"),
        (
            "b.yaml",
            "kind: ConfigMap\n",
            "b.yaml:1:1: expected an object",
        ),
        (
            "b.yaml",
            &GOOD.replace("ClusterPolicy", "ClusterPolcy"),
            "b.yaml:1:1: `kyverno.io/v1 ClusterPolcy` is not a policy kind",
        ),
        (
            "b.yaml",
            &GOOD.replace(
                "pattern: {metadata: {name: '?*'}}",
                "cel: {expressions: [{expression: 'tru('}]}",
            ),
            "b.yaml:8:51: ClusterPolicy `other`, `spec.rules[0].validate.cel.expressions[0].expression`: ",
        ),
        (
            "b.yaml",
            &GOOD.replace("rules:", "rule:"),
            "b.yaml:5:3: `spec.rule`: unknown field",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), GOOD).unwrap();
        let text = text.replace("name: good", "name: other");
        fs::write(folder.path().join(name), text).unwrap();
        let mut program = Program::start(folder.path());
        let line = program.line("cannot serve").unwrap();
        assert!(line.contains(told), "{told}: {line}");
        assert_eq!(program.process.wait().unwrap().code(), Some(2), "{told}");
    }
    let mut program = Program::start(Path::new("/no/such/folder"));
    let line = program.line("cannot serve").unwrap();
    assert!(line.contains("/no/such/folder: No such file"), "{line}");
}

#[test]
fn a_mistake_that_comes_later_is_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, GOOD).unwrap();
    let mut program = Program::start(folder.path());
    program.line(SERVING).unwrap();
    program.metric("portcullis_policy_file_problems 0");
    fs::write(&file, "a: [").unwrap();
    let line = program.line("not served as it is written").unwrap();
    assert!(line.contains("a.yaml:2:1: expected a value"), "{line}");
    program.metric("portcullis_policy_file_problems 1");
    let asked = program.asked().unwrap();
    assert!(asked.contains("policy_name=\"good\""), "{asked}");
    assert!(!asked.contains("policy_change_type=\"deleted\""), "{asked}");
    fs::write(&file, GOOD).unwrap();
    program.metric("portcullis_policy_file_problems 0");
}
