//! Runs `docs/tutorial.md` in a scratch folder, block by block, as a reader would.
//!
//! A `yaml` block is written to the path in its first line; a `diff` block changes lines of the file
//! in its first line; a `sh` block is run and must end with its `exit=`, or 0; a `text` block is what
//! the commands before it say. `UPDATE=1` writes the `text` blocks anew.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const TUTORIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tutorial.md");

#[test]
fn every_step_works() {
    let text = fs::read_to_string(TUTORIAL).unwrap();
    let mut reader = Reader::new();
    let mut blocks = 0;
    let mut found = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        found += &format!("{line}\n");
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let body = reader.follow(info, &body).unwrap_or(body.join("\n"));
        found += &format!("{body}\n```\n");
        blocks += 1;
    }
    reader.leave();
    assert!(blocks > 10, "{blocks}");
    if env::var_os("UPDATE").is_some() {
        fs::write(TUTORIAL, &found).unwrap();
    }
    let text = fs::read_to_string(TUTORIAL).unwrap();
    for (wanted, found) in text.lines().zip(found.lines()) {
        assert_eq!(wanted, found, "UPDATE=1 writes what the commands say");
    }
    assert_eq!(text, found);
}

/// Who follows the tutorial: where they are, and what the last command said.
struct Reader {
    scratch: PathBuf,
    folder: PathBuf,
    said: String,
}

impl Reader {
    fn new() -> Reader {
        let name = format!("portcullis-tutorial-{}", std::process::id());
        let scratch = env::temp_dir().join(name);
        fs::create_dir_all(&scratch).unwrap();
        let folder = scratch.canonicalize().unwrap();
        Reader {
            scratch,
            folder,
            said: String::new(),
        }
    }

    /// Does what a block asks for; what was said, where the block shows it.
    fn follow(&mut self, info: &str, body: &[&str]) -> Option<String> {
        match info.split_once(' ').unwrap_or((info, "")) {
            ("sh", rest) => self.run(body, rest.strip_prefix("exit=").unwrap_or("0")),
            ("yaml", _) => self.write(body),
            ("diff", _) => self.change(body),
            ("text", _) => return Some(self.said.trim_end().to_owned()),
            _ => panic!("a block of kind `{info}` is followed by nobody"),
        }
        None
    }

    fn run(&mut self, commands: &[&str], wanted: &str) {
        let place = self.scratch.join("place");
        let script = format!(
            "set -e\ntrap 'pwd > \"{}\"' EXIT\nexec 2>&1\n{}\n",
            place.display(),
            commands.join("\n")
        );
        let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
        let paths = [program.parent().unwrap().to_owned()].into_iter();
        let system = env::var_os("PATH").unwrap();
        let paths = env::join_paths(paths.chain(env::split_paths(&system))).unwrap();
        let done = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .env("PATH", paths)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        self.said = String::from_utf8(done.stdout).unwrap();
        let code = done.status.code().unwrap().to_string();
        assert_eq!(code, wanted, "{commands:?}\n{}", self.said);
        self.folder = PathBuf::from(fs::read_to_string(place).unwrap().trim_end());
    }

    fn write(&self, body: &[&str]) {
        let path = self.folder.join(body[0].strip_prefix("# ").unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body[1..].join("\n") + "\n").unwrap();
    }

    fn change(&self, body: &[&str]) {
        let path = self.folder.join(body[0].strip_prefix("--- ").unwrap());
        let side = |sign| {
            let lines = body[1..].iter().filter_map(|line| line.strip_prefix(sign));
            lines.collect::<Vec<_>>().join("\n")
        };
        let text = fs::read_to_string(&path).unwrap();
        let (old, new) = (side('-'), side('+'));
        assert_eq!(text.matches(&old).count(), 1, "{old}\nin\n{text}");
        fs::write(path, text.replace(&old, &new)).unwrap();
    }

    fn leave(self) {
        fs::remove_dir_all(self.scratch).unwrap();
    }
}
