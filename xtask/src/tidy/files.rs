//! Files: no text names one machine, and no line ends in blanks.

use super::{none, read, tracked};

/// Text that would mean something on one machine only, in halves so that this file may hold it.
const MACHINES: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("/ho", "me/"),
    ("../sha", "red"),
];

/// The one place that may name the folder beside a checkout: where CI looks for the corpora.
const CORPORA: (&str, &str) = (".ci/run", "corpora=");

#[test]
fn no_text_names_a_machine() {
    let mut problems = Vec::new();
    each_line(&mut |name, number, line| {
        let is_default = name == CORPORA.0 && line.starts_with(CORPORA.1);
        for (one, other) in MACHINES {
            let word = format!("{one}{other}");
            if line.contains(&word) && !is_default {
                problems.push(format!("{name}:{number}: `{word}`"));
            }
        }
    });
    none(&problems, "write what holds on any machine");
}

#[test]
fn no_line_ends_in_blanks() {
    let mut problems = Vec::new();
    each_line(&mut |name, number, line| {
        if line.ends_with([' ', '\t']) && !name.ends_with(".snap") {
            problems.push(format!("{name}:{number}: ends in a blank"));
        }
    });
    none(&problems, "remove the blanks");
}

/// Every line of every text file that people write.
fn each_line(visit: &mut dyn FnMut(&str, usize, &str)) {
    for name in tracked() {
        let is_generated = name == "Cargo.lock" || name.starts_with("schemas/");
        let is_bad_on_purpose = name.contains("/fixtures/bad_");
        if is_generated || is_bad_on_purpose {
            continue;
        }
        for (index, line) in read(&name).lines().enumerate() {
            visit(&name, index + 1, line);
        }
    }
}
