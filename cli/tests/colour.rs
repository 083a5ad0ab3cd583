//! When the program writes colour: piped, forced, and as flags and variables ask.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

use std::{path::Path, process::Command};

/// What a command writes to pipes with these variables, as data and as talk; an escape is shown as `␛`.
fn answer(arguments: &[&str], variables: &[(&str, &str)]) -> [String; 2] {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests"))
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    [output.stdout, output.stderr]
        .map(|text| String::from_utf8(text).unwrap().replace('\u{1b}', "␛"))
}

const FINDINGS: &[&str] = &["validate", "bad.yaml"];
const FAULT: &[&str] = &["jp", "query", "-i", "good.yaml", "spec.gone"];

#[test]
fn piped_and_forced() {
    for (name, arguments) in [("findings", FINDINGS), ("fault", FAULT)] {
        let forced = [arguments, &["--color", "always"][..]].concat();
        for (how, arguments) in [("piped", arguments), ("forced", forced.as_slice())] {
            let [data, talk] = answer(arguments, &[]);
            let told = format!("--- stdout\n{data}--- stderr\n{talk}");
            insta::with_settings!({
                snapshot_path => "snapshots",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(format!("colour_{name}_{how}"), told);
            });
        }
    }
}

#[test]
fn flags_come_before_variables() {
    let no_color = ("NO_COLOR", "1");
    let force = ("CLICOLOR_FORCE", "1");
    for (flags, variables, is_coloured) in [
        (&[][..], &[][..], false),
        (&[], &[("CLICOLOR", "1")], false),
        (&[], &[force], true),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[force, no_color], false),
        (&[], &[force, ("NO_COLOR", "")], true),
        (&[], &[force, ("CLICOLOR", "0")], true),
        (&["--color", "auto"], &[force], true),
        (&["--color", "auto"], &[no_color], false),
        (&["--color", "always"], &[no_color], true),
        (&["--color", "always"], &[("CLICOLOR", "0")], true),
        (&["--color", "never"], &[force], false),
    ] {
        for arguments in [FINDINGS, FAULT] {
            let arguments = [arguments, flags].concat();
            let told = answer(&arguments, variables).concat();
            assert!(!told.is_empty());
            let found = told.contains('␛');
            assert_eq!(found, is_coloured, "{arguments:?} {variables:?}\n{told}");
        }
    }
}

#[test]
fn kyvernos_flag_takes_colour_away() {
    for command in [
        &["test", "nowhere"][..],
        &["apply", "nowhere", "-r", "good.yaml"],
    ] {
        let forced = [command, &["--color", "always"][..]].concat();
        let removed = [&forced, &["--remove-color"][..]].concat();
        assert!(answer(&forced, &[]).concat().contains('␛'), "{forced:?}");
        assert!(!answer(&removed, &[]).concat().contains('␛'), "{removed:?}");
    }
}

#[test]
fn what_programs_read_has_no_colour() {
    for format in ["json", "yaml", "junit", "sarif", "markdown", "github"] {
        for arguments in [FINDINGS, FAULT] {
            let more = &["--format", format, "--color", "always"][..];
            let arguments = [arguments, more].concat();
            let [data, _] = answer(&arguments, &[("CLICOLOR_FORCE", "1")]);
            assert!(!data.is_empty(), "{arguments:?}");
            assert!(!data.contains('␛'), "{arguments:?}\n{data}");
        }
    }
}
