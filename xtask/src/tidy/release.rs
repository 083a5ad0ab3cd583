//! What a release packs: the same bytes each time, with checksums that hold.

use std::{env, fs, process::Command};

use super::output;

const TARGET: &str = "x86_64-unknown-linux-musl";

#[test]
fn the_same_programs_give_the_same_archive() {
    let scratch = env::temp_dir().join(format!("portcullis-release-{}", std::process::id()));
    let programs = scratch.join("programs");
    fs::create_dir_all(&programs).expect("a scratch folder");
    let mut packed = Vec::new();
    for (turn, mask) in [("first", "022"), ("second", "077")] {
        for name in ["portcullis", "portcullis-webhook", "portcullis-sync"] {
            fs::remove_file(programs.join(name)).ok();
            fs::write(programs.join(name), format!("program {name}")).expect("a program");
        }
        let (to, from) = (scratch.join(turn), programs.display());
        let script = format!(
            "umask {mask}; xtask/package '{}' {TARGET} '{from}'",
            to.display()
        );
        output("bash", &["-c", &script]);
        let checked = Command::new("sha256sum")
            .args(["--check", "SHA256SUMS"])
            .current_dir(&to)
            .output()
            .expect("sha256sum");
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        let name = said
            .strip_suffix(": OK\n")
            .unwrap_or_else(|| panic!("{said}"));
        let archive = to.join(name);
        packed.push(fs::read(&archive).expect("the archive"));
        let listed = output("tar", &["-tzf", &archive.display().to_string()]);
        let files: Vec<&str> = listed
            .lines()
            .filter_map(|line| Some(line.split_once('/')?.1))
            .collect();
        let wanted = [
            "",
            "LICENSE",
            "NOTICE",
            "portcullis",
            "portcullis-sync",
            "portcullis-webhook",
        ];
        assert_eq!(files, wanted);
    }
    fs::remove_dir_all(&scratch).expect("the scratch folder");
    assert!(packed[0] == packed[1], "the two archives differ");
}
