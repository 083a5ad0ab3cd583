//! `portcullis test [PATH]…`: runs suites (`kyverno-test.yaml`).
//!
//! In a workspace, the suite of a policy runs for the policy's defaults and for each different
//! rendering of an environment, as `verify` runs it. Every other suite runs as it stands.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Severity},
    files::shown,
    live::LiveRegistries,
    suite::{
        self, Judgement, SuiteOptions, SuiteOutcome,
        row::{Judged, Row},
        selector::CaseSelector,
    },
    suite_run::SuiteRun,
    verify,
    workspace::Workspace,
};

use crate::{
    commands::{
        registry_connection::AskedRegistries,
        remote::{self, RemoteOptions},
        suite_rows,
        watch::Watch,
        workspace_argument,
    },
    exit_status::ExitStatus,
    output::{
        console::{Console, When},
        format::Format,
        kyverno_test::{self, Layout, RowFormat},
        progress::ProgressLine,
        report::Report,
    },
};

/// Run the suites in files and folders.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis test policy-library/pod-security/disallow-host-path"
)]
pub struct Args {
    /// Files and folders of suites, and addresses of git repositories with suites.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The name that suites have.
    #[arg(short, long, default_value = suite::FILE)]
    pub file_name: String,
    /// Run the cases of `policy=GLOB,rule=GLOB,resource=GLOB`; each part is optional.
    #[arg(short, long, value_name = "SELECTOR")]
    pub test_case_selector: Option<CaseSelector>,
    /// Judge rows exactly as Kyverno does, and print what it prints.
    #[arg(long, conflicts_with_all = ["strict", "format"])]
    pub compat: bool,
    /// Fail rows that no rule answered; a workspace may ask for it, too.
    #[arg(long)]
    pub strict: bool,
    /// Show only what failed.
    #[arg(long)]
    pub fail_only: bool,
    /// Show what each rule said, too.
    #[arg(long)]
    pub detailed_results: bool,
    /// Fail where no suite is found.
    #[arg(long)]
    pub require_tests: bool,
    /// Stay, and run new suites and those that a saved file touches; Ctrl-C ends it.
    #[arg(long)]
    pub watch: bool,
    /// Print without colour.
    #[arg(long)]
    pub remove_color: bool,
    /// Print the rows as Kyverno does in this format.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        conflicts_with = "format"
    )]
    pub output_format: Option<RowFormat>,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(flatten)]
    registries: AskedRegistries,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    if args.remove_color {
        console.colour(When::Never);
    }
    if args.paths.iter().any(|path| remote::is_remote(path)) {
        return run_elsewhere(args, console);
    }
    run_here(args, &args.paths, console)
}

/// Fetches what is elsewhere, and runs it from the folder where it is then, so that files have the
/// names that people know: `github.com/owner/name/suite/kyverno-test.yaml`.
fn run_elsewhere(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    if args.watch {
        let fault = Diagnostic::error("`--watch` sees files of this machine only");
        console.tell(&[fault
            .help("clone the repository, and name its folder")
            .unusable()])?;
        return Ok(failure(args));
    }
    let folder = tempfile::tempdir()?;
    let paths = match args.remote.repositories(&args.paths, folder.path()) {
        Ok(paths) => paths,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(failure(args));
        }
    };
    let here = std::env::current_dir()?;
    std::env::set_current_dir(folder.path())?;
    let status = run_here(args, &paths, console);
    // The folder that a process is in cannot be removed everywhere.
    std::env::set_current_dir(here)?;
    status
}

fn run_here(args: &Args, paths: &[PathBuf], console: &mut Console) -> io::Result<ExitStatus> {
    let missing: Vec<Diagnostic> = paths
        .iter()
        .filter(|path| !path.exists())
        .map(|path| missing(path))
        .collect();
    if !missing.is_empty() {
        console.tell(&missing)?;
        return Ok(failure(args));
    }
    let (files, unread) = suite::discover(paths, &args.file_name);
    if files.is_empty() && unread.is_empty() {
        return none_found(args, console);
    }
    if args.watch {
        console.tell(&unread)?;
        return watch(args, &files, console);
    }
    run_files(args, &files, unread, console)
}

/// Runs all suites, and then those that a saved file touches and new ones, until the process is
/// stopped.
fn watch(args: &Args, files: &[PathBuf], console: &mut Console) -> io::Result<ExitStatus> {
    let mut watch = Watch::new(&args.paths, &args.file_name);
    let mut touched = files.to_vec();
    loop {
        run_files(args, &touched, Vec::new(), console)?;
        console.flush()?;
        console.talk("watching; save a file to run its suites again\n")?;
        touched = watch.wait();
        let names: Vec<String> = touched
            .iter()
            .map(|file| shown(file).display().to_string())
            .collect();
        console.talk(&format!("\nagain: {}\n", names.join(", ")))?;
    }
}

fn run_files(
    args: &Args,
    files: &[PathBuf],
    unread: Vec<Diagnostic>,
    console: &mut Console,
) -> io::Result<ExitStatus> {
    let registries = match args.registries.live() {
        Ok(registries) => registries,
        Err(fault) => {
            console.tell(&[fault])?;
            return Ok(failure(args));
        }
    };
    let (runs, mut findings) = run_suites(args, files, registries.as_ref());
    let outcomes: Vec<&SuiteOutcome> = runs.iter().flat_map(|run| &run.outcomes).collect();
    findings.extend(unread);
    findings.extend(suite_rows::errors(&runs, &findings));
    findings.extend(none_selected(args, &outcomes));
    if args.compat || args.output_format.is_some() {
        print_as_kyverno(args, &outcomes, &findings, console)?;
    } else {
        let mut shown = findings.clone();
        if args.format == Format::Table {
            let stay = !args.paths.iter().any(|path| remote::is_remote(path));
            shown.extend(suite_rows::failures(&runs, stay));
        }
        report(args, &outcomes, shown).print(args.format, console)?;
    }
    let failed = outcomes.iter().any(|outcome| outcome.failed() > 0);
    let mut faults = findings.iter();
    let has_run = faults.all(|finding| finding.severity != Severity::Error);
    Ok(match (has_run, failed) {
        (true, false) => ExitStatus::Success,
        (false, _) if !args.compat => ExitStatus::Error,
        _ => ExitStatus::Failure,
    })
}

/// What a command that could not do its work ends with; Kyverno tells it from a failure by words
/// only.
fn failure(args: &Args) -> ExitStatus {
    if args.compat {
        ExitStatus::Failure
    } else {
        ExitStatus::Error
    }
}

fn missing(path: &Path) -> Diagnostic {
    let name = path.display();
    Diagnostic::error(format!("{name}: no such file or folder")).unusable()
}

fn none_found(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    if args.compat && !args.require_tests {
        console.data("No test yamls available \n")?;
        return Ok(ExitStatus::Success);
    }
    let fault = Diagnostic::error(format!(
        "no tests found: no `{}` in these paths",
        args.file_name
    ));
    console.tell(&[fault.help("name a folder of suites, or their file with `--file-name`")])?;
    Ok(failure(args))
}

/// A selector with a slip must not pass for a green run. A saved file may touch a suite without such a
/// case.
fn none_selected(args: &Args, outcomes: &[&SuiteOutcome]) -> Option<Diagnostic> {
    let is_empty = |one: &&SuiteOutcome| one.can_run() && one.rows.is_empty();
    let is_fault = args.test_case_selector.is_some() && !args.compat && !args.watch;
    (is_fault && outcomes.iter().all(is_empty)).then(|| {
        Diagnostic::error("`--test-case-selector` selects no case of these suites")
            .help("a part names all of a policy, rule or resource; `*` stands for any text, as in `policy=disallow-*`")
            .unusable()
    })
}

/// Runs the suites, workspace by workspace. Kyverno knows no workspace.
fn run_suites(
    args: &Args,
    files: &[PathBuf],
    registries: Option<&LiveRegistries>,
) -> (Vec<SuiteRun>, Vec<Diagnostic>) {
    let mut groups: BTreeMap<Option<PathBuf>, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let root = Workspace::find(folder.unwrap_or(Path::new(".")));
        let group = groups.entry(root.filter(|_| !args.compat)).or_default();
        group.push(file.clone());
    }
    let mut all = (Vec::new(), Vec::new());
    for (root, files) in groups {
        let workspace = root.map(|root| {
            let shown = workspace_argument::shown_root(&root);
            Workspace::load(&root, &shown)
        });
        match workspace.transpose() {
            Ok(workspace) => {
                let (runs, findings) = run_suites_in(workspace.as_ref(), args, &files, registries);
                all.0.extend(runs);
                all.1.extend(findings);
            }
            Err(faults) => all.1.extend(faults),
        }
    }
    all
}

fn run_suites_in(
    workspace: Option<&Workspace>,
    args: &Args,
    files: &[PathBuf],
    registries: Option<&LiveRegistries>,
) -> (Vec<SuiteRun>, Vec<Diagnostic>) {
    let of_library = |file: &Path| workspace.is_some_and(|it| is_below(file, &it.library()));
    let (rendered, plain): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|file| of_library(file));
    let plain: Vec<PathBuf> = plain.into_iter().cloned().collect();
    let is_strict = args.strict || workspace.is_some_and(|it| it.file.value.spec.strict_tests());
    let options = SuiteOptions {
        judgement: match (args.compat, is_strict) {
            (true, _) => Judgement::Compat,
            (_, true) => Judgement::Strict,
            _ => Judgement::Lenient,
        },
        selector: args.test_case_selector.clone(),
        registries: registries.cloned(),
        ..SuiteOptions::default()
    };
    let _line = ProgressLine::show("running suites: suite", &options.progress);
    let outcomes = suite::run(&plain, &options).into_iter();
    let mut runs: Vec<SuiteRun> = outcomes.map(outside_library).collect();
    let Some(workspace) = workspace.filter(|_| !rendered.is_empty()) else {
        return (runs, Vec::new());
    };
    let real: Vec<PathBuf> = rendered
        .iter()
        .filter_map(|file| file.canonicalize().ok())
        .collect();
    let (of_library, findings) = verify::run_suites_of(workspace, &options, &|policy| {
        let suite = policy.suite().and_then(|suite| suite.canonicalize().ok());
        suite.is_some_and(|suite| real.contains(&suite))
    });
    runs.extend(of_library);
    (runs, findings)
}

fn outside_library(outcome: SuiteOutcome) -> SuiteRun {
    SuiteRun {
        policy: outcome.name.clone(),
        outcomes: vec![outcome],
        ..SuiteRun::default()
    }
}

fn is_below(file: &Path, folder: &Path) -> bool {
    let (file, folder) = (file.canonicalize(), folder.canonicalize());
    matches!((file, folder), (Ok(file), Ok(folder)) if file.starts_with(&folder))
}

fn report(args: &Args, outcomes: &[&SuiteOutcome], findings: Vec<Diagnostic>) -> Report {
    let mut rows: Vec<_> = outcomes
        .iter()
        .flat_map(|one| suite_rows::of(one))
        .collect();
    if args.fail_only {
        rows.retain(|row| row.result.is_bad());
    }
    Report {
        command: "test",
        counts: vec![
            ("suites", outcomes.len()),
            ("passed", outcomes.iter().map(|one| one.passed()).sum()),
            ("failed", outcomes.iter().map(|one| one.failed()).sum()),
        ],
        rows,
        detailed: args.detailed_results,
        findings,
        ..Report::default()
    }
}

fn print_as_kyverno(
    args: &Args,
    outcomes: &[&SuiteOutcome],
    findings: &[Diagnostic],
    console: &mut Console,
) -> io::Result<()> {
    let rows = outcomes.iter().flat_map(|outcome| &outcome.rows);
    let shown: Vec<&Row> = rows
        .filter(|row| !args.fail_only || row.judged == Judged::Fail)
        .collect();
    match args.output_format {
        None => {
            let layout = Layout {
                fail_only: args.fail_only,
                detailed: args.detailed_results,
            };
            console.data(&kyverno_test::render(outcomes, layout))?;
        }
        Some(RowFormat::Junit) => {
            report(args, outcomes, Vec::new()).print(Format::Junit, console)?;
        }
        Some(RowFormat::Markdown) => {
            console.data(&kyverno_test::markdown(&shown, args.detailed_results))?;
        }
        Some(RowFormat::Json) => {
            let rows = kyverno_test::objects(&shown, args.detailed_results);
            console.data(&format!("{rows:#}\n"))?;
        }
        Some(RowFormat::Yaml) => {
            let rows = kyverno_test::objects(&shown, args.detailed_results);
            console.data(&portcullis_yaml::write(&rows))?;
        }
    }
    console.tell(findings)?;
    let failed: usize = outcomes.iter().map(|one| one.failed()).sum();
    match (findings.len(), failed) {
        (0, 0) => Ok(()),
        (0, failed) => console.talk(&format!("Error: {failed} tests failed\n")),
        (errors, _) => console.talk(&format!(
            "Error: found {errors} errors after loading tests\n"
        )),
    }
}
