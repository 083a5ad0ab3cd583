//! `portcullis validate [PATH]…`: a workspace, or manifests, against schemas.
//!
//! Without a path: every file of the workspace and every rendered policy. With paths: the
//! manifests in these files and folders; `-` is standard input.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis_pipeline::{
    custom_resources,
    diagnostic::{self, Diagnostic, SourceFile},
    environment,
    files::{self, STANDARD_INPUT},
    library,
    manifests::{self, ManifestReport},
    progress::Progress,
    render,
    workspace::Workspace,
};
use portcullis_schema::{Catalogue, NEWEST, VERSIONS};

use crate::{
    commands::{manifest_files, workspace_argument::WorkspaceArgument},
    exit_status::ExitStatus,
    output::{console::Console, format::Format, progress::ProgressLine, report::Report},
};

/// Check a workspace, or manifests, against the schemas of policies and of Kubernetes.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis validate\n  helm template chart | portcullis validate -",
    after_help = "What definitions of custom resources ask by `x-kubernetes-validations`, `allOf`, `anyOf`, `oneOf` and `not` is left to the API server."
)]
pub struct Args {
    /// Manifests: files, folders, or `-` for standard input; the workspace when absent.
    pub paths: Vec<PathBuf>,
    /// The Kubernetes version that manifests are checked for, such as `1.36`.
    #[arg(long, value_name = "VERSION")]
    pub kubernetes_version: Option<String>,
    /// Files and folders of CustomResourceDefinitions.
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub crd_paths: Vec<PathBuf>,
    /// Fail for a resource of an unknown kind.
    #[arg(long)]
    pub strict: bool,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let checked = if args.paths.is_empty() {
        check_workspace(args)
    } else {
        check_manifests(args)
    };
    let report = match checked {
        Ok(report) => report,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(ExitStatus::Error);
        }
    };
    report.print(args.format, console)?;
    Ok(ExitStatus::of(&report.findings))
}

fn check_workspace(args: &Args) -> Result<Report, Vec<Diagnostic>> {
    let workspace = args.workspace.load()?;
    let (library, mut findings) = library::load(&workspace);
    let (environments, found) = environment::load_all(&workspace);
    findings.extend(found);
    let mut policies = 0;
    let progress: Arc<Progress> = Arc::default();
    progress.expect(environments.len() * library.policies.len());
    let _line = ProgressLine::show("checking policies: rendering", &progress);
    for environment in &environments {
        let (bundle, found) = render::render(&workspace, &library, environment);
        findings.extend(found);
        policies += bundle.policies.len();
        let faults = bundle.policies.iter().flat_map(render::schema_faults);
        findings.extend(faults.map(|fault| fault.rendered_for([&environment.name])));
        progress.advance(library.policies.len());
    }
    diagnostic::merge(&mut findings);
    Ok(Report {
        command: "validate",
        counts: vec![
            ("policies", library.policies.len()),
            ("environments", environments.len()),
            ("rendered policies", policies),
            ("findings", findings.len()),
        ],
        findings,
        ..Report::default()
    })
}

fn check_manifests(args: &Args) -> Result<Report, Vec<Diagnostic>> {
    let Settings {
        version,
        strict,
        crds,
    } = settings(args)?;
    let mut catalogue = builtin(&version)?;
    let mut faults = Vec::new();
    for path in &crds {
        let added = custom_resources::add_all(&mut catalogue, path, Path::to_path_buf);
        faults.extend(added);
    }
    let (from_input, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        args.paths.iter().partition(|path| *path == Path::new("-"));
    let named: Vec<PathBuf> = named.into_iter().cloned().collect();
    let (found, missing) = manifest_files::of(&named);
    if found.is_empty() && from_input.is_empty() {
        faults.extend(missing.iter().cloned());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let paths: Vec<(&Path, &Path)> = found
        .iter()
        .map(|path| (path.as_path(), path.as_path()))
        .collect();
    let progress = Arc::default();
    let line = ProgressLine::show("checking manifests: document", &progress);
    let mut checked = vec![manifests::check_files(
        &catalogue, &paths, strict, &progress,
    )];
    if !from_input.is_empty() {
        let file = standard_input().map_err(|fault| vec![fault])?;
        checked.push(manifests::check_file(&catalogue, &file, strict, &progress));
    }
    drop(line);
    let files = found.len() + usize::from(!from_input.is_empty());
    let mut report = manifest_report(&catalogue, checked, files, strict);
    report.findings.splice(0..0, missing);
    Ok(report)
}

/// What manifests are held against.
struct Settings {
    version: String,
    strict: bool,
    crds: Vec<PathBuf>,
}

/// As asked, as the workspace around says, or the newest version.
fn settings(args: &Args) -> Result<Settings, Vec<Diagnostic>> {
    let around = args.workspace.workspace.is_some() || Workspace::find(Path::new(".")).is_some();
    let workspace = around.then(|| args.workspace.load()).transpose()?;
    let version = args.kubernetes_version.clone().or_else(|| {
        workspace
            .as_ref()
            .map(|workspace| workspace.kubernetes_version().to_owned())
    });
    let own = workspace
        .iter()
        .flat_map(|workspace| {
            let crds = workspace.file.value.spec.crds.iter();
            crds.map(|path| workspace.shown_root.join(path))
        })
        .collect::<Vec<PathBuf>>();
    let strict = workspace.is_some_and(|workspace| workspace.file.value.spec.strict_validation());
    Ok(Settings {
        version: version.unwrap_or_else(|| NEWEST.to_owned()),
        strict: strict || args.strict,
        crds: own.into_iter().chain(args.crd_paths.clone()).collect(),
    })
}

fn builtin(version: &str) -> Result<Catalogue, Vec<Diagnostic>> {
    portcullis_schema::builtin(version).ok_or_else(|| {
        let known: Vec<&str> = VERSIONS.iter().map(|(version, _)| *version).collect();
        vec![
            Diagnostic::error(format!("there are no schemas of Kubernetes `{version}`"))
                .help(format!("there are: {}", known.join(", "))),
        ]
    })
}

fn standard_input() -> Result<SourceFile, Diagnostic> {
    files::read_stream(io::stdin().lock(), Path::new(STANDARD_INPUT))
}

fn manifest_report(
    catalogue: &Catalogue,
    checked: Vec<ManifestReport>,
    files: usize,
    strict: bool,
) -> Report {
    let sum = |count: fn(&ManifestReport) -> usize| checked.iter().map(count).sum();
    let counts = vec![
        ("files", files),
        ("valid", sum(|report| report.valid)),
        ("invalid", sum(|report| report.invalid)),
        ("unknown kinds", sum(|report| report.unknown.values().sum())),
    ];
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for report in checked {
        findings.extend(report.findings);
        for (kind, count) in report.unknown {
            *unknown.entry(kind).or_default() += count;
        }
    }
    // Under `--strict` each of them is a finding already.
    let named = unknown.into_iter().filter(|_| !strict);
    findings.extend(named.map(|(kind, count)| {
        let (message, help) = manifests::unknown_kind(catalogue, &kind);
        Diagnostic::warning(format!("{message}; {count} not checked")).help(help)
    }));
    Report {
        command: "validate",
        counts,
        findings,
        ..Report::default()
    }
}
