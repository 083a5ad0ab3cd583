//! The image: what its file copies, names and runs is there, and what the chart runs is in it.

use super::{none, output, read, root};

const PROGRAMS: &[&str] = &["portcullis", "portcullis-webhook", "portcullis-sync"];

#[test]
fn each_source_of_a_copy_exists() {
    let ignored = read(".containerignore");
    assert_eq!(
        ignored,
        read(".dockerignore"),
        "docker reads the one, podman the other"
    );
    let mut problems = Vec::new();
    for line in instructions("COPY").filter(|line| !line.starts_with("--from=")) {
        let mut sources: Vec<&str> = line.split(' ').collect();
        sources.pop();
        for source in sources {
            // Binaries that are given are made before the image, and must not be left out.
            let is_given = source == "target/dist/bin/" && ignored.contains("!target/dist/bin\n");
            if !is_given && !root().join(source).exists() {
                problems.push(format!("COPY {line}: `{source}` is not there"));
            }
        }
    }
    none(&problems, "name what the repository has");
}

#[test]
fn each_base_is_pinned_or_a_stage() {
    let froms: Vec<String> = instructions("FROM").collect();
    let stages: Vec<&str> = froms
        .iter()
        .filter_map(|from| Some(from.split_once(" AS ")?.1))
        .collect();
    let mut problems = Vec::new();
    for from in &froms {
        let base = from.split(' ').next().unwrap_or_default();
        let digest = base.split_once("@sha256:").map(|(_, digest)| digest.len());
        let is_known = ["scratch", "${BINARIES}"].contains(&base) || stages.contains(&base);
        if !is_known && digest != Some(64) {
            problems.push(format!("FROM {from}: a tag can be moved"));
        }
    }
    for from in
        instructions("COPY").filter_map(|line| Some(line.strip_prefix("--from=")?.to_owned()))
    {
        let stage = from.split(' ').next().unwrap_or_default();
        if !stages.contains(&stage) {
            problems.push(format!("COPY --from={stage}: there is no such stage"));
        }
    }
    let default =
        instructions("ARG").find_map(|line| Some(line.strip_prefix("BINARIES=")?.to_owned()));
    assert!(
        stages.contains(&default.unwrap_or_default().as_str()),
        "{stages:?}"
    );
    none(&problems, "pin it by its digest");
}

#[test]
fn the_last_stage_has_what_is_run_and_nobody_else() {
    let file = joined();
    let last = file.rsplit("\nFROM ").next().unwrap_or_default();
    assert!(last.starts_with("scratch\n"), "{last}");
    assert!(last.contains("\nUSER 65532:65532\n"), "{last}");
    // Without them no server of the internet is believed to be who it is.
    assert!(
        last.contains(" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"),
        "{last}"
    );
    let metadata = output("cargo", &["metadata", "--no-deps", "--format-version=1"]);
    let build = read("xtask/static-binaries");
    for program in PROGRAMS {
        let target = format!("\"kind\":[\"bin\"],\"crate_types\":[\"bin\"],\"name\":\"{program}\"");
        assert!(metadata.contains(&target), "no binary target `{program}`");
        assert!(
            last.contains(&format!(" /binaries/{program} ")),
            "{program}: {last}"
        );
        assert!(build.contains(program), "{program}: {build}");
    }
    let mut run = vec![instructions("ENTRYPOINT").collect::<String>()];
    for template in ["sync", "webhook"] {
        let template = read(&format!("charts/portcullis/templates/{template}.yaml"));
        let lines = template
            .lines()
            .filter_map(|line| line.trim().strip_prefix("command: "));
        run.extend(lines.map(str::to_owned));
    }
    assert_eq!(run.len(), 3, "{run:?}");
    for command in run {
        let path = command.trim_matches(['[', ']', '"']);
        let program = path.strip_prefix("/usr/bin/").unwrap_or(path);
        assert!(PROGRAMS.contains(&program), "{command} is not in the image");
    }
}

/// The file with each instruction on one line.
fn joined() -> String {
    read("Containerfile").replace("\\\n", " ")
}

/// What follows each instruction of that name.
fn instructions(name: &str) -> impl Iterator<Item = String> {
    let file = joined();
    let lines = file
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{name} ")));
    lines.map(str::to_owned).collect::<Vec<_>>().into_iter()
}
