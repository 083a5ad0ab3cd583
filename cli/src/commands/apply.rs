//! `portcullis apply POLICY… --resource FILE…`: policies against manifests, with Kyverno's counts.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

use portcullis_api::{user_info::UserInfo, values_file::Values};
use portcullis_engine::{
    request::RequestUser,
    response::{FailureAction, RuleStatus},
};
use portcullis_pipeline::{
    apply::{self, Applied, ApplyOptions, ApplyReport},
    diagnostic::{Diagnostic, Place, SourceFile},
    files,
    offline::{Overrides, requests::Surroundings, source::World, values::InjectedValues},
};
use serde_json::Value;

use crate::{
    commands::manifest_files,
    exit_status::ExitStatus,
    output::{
        console::{Console, When},
        format::Format,
        objects,
        progress::ProgressLine,
        report::{Report, Row, RowResult},
    },
};

/// The path that stands for standard input.
const STDIN: &str = "-";

/// Apply policies to manifests, and count what passes and what fails.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis render production -o bundle\n  portcullis apply bundle --resource my-manifests"
)]
pub struct Args {
    /// Policies: files, folders, or `-` for standard input.
    #[arg(required = true)]
    pub policies: Vec<PathBuf>,
    /// Manifests: files, folders, or `-` for standard input.
    #[arg(
        short,
        long,
        visible_alias = "resources",
        required = true,
        value_delimiter = ','
    )]
    pub resource: Vec<PathBuf>,
    /// Exceptions: files and folders.
    #[arg(short, long, visible_alias = "exceptions", value_delimiter = ',')]
    pub exception: Vec<PathBuf>,
    /// Values of variables, a file of kind `Values`.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub values_file: Option<PathBuf>,
    /// Values of variables, each `name=value`.
    #[arg(short, long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = pair, conflicts_with = "values_file")]
    pub set: Vec<(String, String)>,
    /// The user who makes the requests, a file of kind `UserInfo`.
    #[arg(short, long, value_name = "FILE")]
    pub userinfo: Option<PathBuf>,
    /// Count violations of Audit policies as warnings.
    #[arg(long)]
    pub audit_warn: bool,
    /// Exit with this code where something warns and nothing fails.
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    pub warn_exit_code: u8,
    /// Count it as a warning where nothing passes.
    #[arg(long)]
    pub warn_no_pass: bool,
    /// Show the results in a table.
    #[arg(short, long)]
    pub table: bool,
    /// Show results that pass or are skipped, too.
    #[arg(long)]
    pub detailed_results: bool,
    /// Keep Kyverno's number model, known bugs and exit codes.
    #[arg(long)]
    pub compat: bool,
    /// Go on after an error, which is always so here.
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    pub continue_on_fail: Option<bool>,
    /// Print without colour.
    #[arg(long)]
    pub remove_color: bool,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    unsupported: Unsupported,
}

/// Kyverno's flags for what is not evaluated, or not reached, here. They are understood so that
/// the answer can say why.
#[derive(Debug, Default, clap::Args)]
struct Unsupported {
    #[arg(short, long, hide = true)]
    cluster: bool,
    #[arg(long, hide = true)]
    kubeconfig: Option<PathBuf>,
    #[arg(long, hide = true)]
    context: Option<String>,
    #[arg(short, long, hide = true)]
    namespace: Option<String>,
    #[arg(long, hide = true)]
    cluster_wide_resources: bool,
    #[arg(long, hide = true)]
    registry: bool,
    #[arg(short = 'b', long, hide = true)]
    git_branch: Option<String>,
    #[arg(long, hide = true)]
    username: Option<String>,
    #[arg(long, hide = true)]
    password: Option<String>,
    #[arg(short, long, hide = true)]
    policy_report: bool,
    #[arg(long, hide = true)]
    output_format: Option<String>,
    #[arg(short = 'i', long, hide = true)]
    stdin: bool,
    #[arg(short, long, hide = true)]
    output: Option<PathBuf>,
    #[arg(long, hide = true)]
    context_file: Option<PathBuf>,
    #[arg(long, hide = true)]
    crd_paths: Vec<PathBuf>,
    #[arg(long, visible_alias = "target-resources", hide = true)]
    target_resource: Vec<PathBuf>,
    #[arg(long, hide = true)]
    parameter_resource: Vec<PathBuf>,
    #[arg(long, hide = true)]
    json: Vec<PathBuf>,
    #[arg(long, hide = true)]
    http_payload: Vec<PathBuf>,
    #[arg(long, hide = true)]
    envoy_payload: Vec<PathBuf>,
    #[arg(long, visible_alias = "exceptions-within-resources", hide = true)]
    exceptions_with_resources: bool,
    #[arg(long, hide = true)]
    exceptions_within_policies: bool,
    #[arg(long, hide = true)]
    generate_exceptions: bool,
    #[arg(long, hide = true)]
    generated_exception_ttl: Option<String>,
}

impl Unsupported {
    /// One error for each flag that is set.
    fn faults(&self) -> Vec<Diagnostic> {
        let flags = [
            (
                self.cluster,
                "--cluster",
                "write the objects to files, and name them with `--resource`",
            ),
            (
                self.kubeconfig.is_some(),
                "--kubeconfig",
                "no cluster is asked",
            ),
            (self.context.is_some(), "--context", "no cluster is asked"),
            (
                self.namespace.is_some(),
                "--namespace",
                "no cluster is asked",
            ),
            (
                self.cluster_wide_resources,
                "--cluster-wide-resources",
                "no cluster is asked",
            ),
            (self.registry, "--registry", "registries are not asked"),
            (
                self.git_branch.is_some(),
                "--git-branch",
                "check the branch out, and name its folder",
            ),
            (
                self.username.is_some(),
                "--username",
                "check the repository out, and name its folder",
            ),
            (
                self.password.is_some(),
                "--password",
                "check the repository out, and name its folder",
            ),
            (
                self.policy_report,
                "--policy-report",
                "take `--format json`",
            ),
            (
                self.output_format.is_some(),
                "--output-format",
                "take `--format`",
            ),
            (
                self.stdin,
                "--stdin",
                "mutation is not evaluated; `-` reads policies or manifests from a pipe",
            ),
            (
                self.output.is_some(),
                "--output",
                "mutation and generation are not evaluated",
            ),
            (
                self.context_file.is_some(),
                "--context-file",
                "image data is not read",
            ),
            (
                !self.crd_paths.is_empty(),
                "--crd-paths",
                "kinds are taken as they are written",
            ),
            (
                !self.target_resource.is_empty(),
                "--target-resource",
                "mutation is not evaluated",
            ),
            (
                !self.parameter_resource.is_empty(),
                "--parameter-resource",
                "CEL is not evaluated",
            ),
            (!self.json.is_empty(), "--json", "CEL is not evaluated"),
            (
                !self.http_payload.is_empty(),
                "--http-payload",
                "CEL is not evaluated",
            ),
            (
                !self.envoy_payload.is_empty(),
                "--envoy-payload",
                "CEL is not evaluated",
            ),
            (
                self.exceptions_with_resources,
                "--exceptions-with-resources",
                "name the files of exceptions with `--exception`",
            ),
            (
                self.exceptions_within_policies,
                "--exceptions-within-policies",
                "name the files of exceptions with `--exception`",
            ),
            (
                self.generate_exceptions,
                "--generate-exceptions",
                "start one with `portcullis new exception`",
            ),
            (
                self.generated_exception_ttl.is_some(),
                "--generated-exception-ttl",
                "start one with `portcullis new exception`",
            ),
        ];
        let set = flags.into_iter().filter(|(is_set, ..)| *is_set);
        let fault = |(_, flag, why): (bool, &str, &str)| {
            Diagnostic::error(format!("`{flag}` of Kyverno is not supported: {why}"))
        };
        set.map(fault).collect()
    }
}

/// What `--set` injects: of a name that is given twice the first counts, and the object itself
/// cannot be changed, as in Kyverno.
fn set_values(pairs: &[(String, String)]) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        if !name.contains("request.object.") {
            let value = || Value::from(value.as_str());
            values.entry(name.clone()).or_insert_with(value);
        }
    }
    values
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (name, value) = pair.ok_or_else(|| format!("`{text}` has no `=`; write `name=value`"))?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let error = if args.compat {
        ExitStatus::Failure
    } else {
        ExitStatus::Error
    };
    if args.remove_color {
        console.colour(When::Never);
    }
    let unsupported = args.unsupported.faults();
    if !unsupported.is_empty() {
        console.tell(&unsupported)?;
        return Ok(error);
    }
    let (options, unread) = match options(args) {
        Ok(options) => options,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(error);
        }
    };
    let line = ProgressLine::show("applying policies: document", &options.progress);
    let mut report = apply::run(&options);
    drop(line);
    report.errors.splice(0..0, unread);
    console.tell(&report.errors)?;
    if args.format == Format::Table && !args.table {
        print_as_kyverno(&report, console)?;
    } else {
        to_report(&report).print(args.format, console)?;
    }
    Ok(status(args, &report, error))
}

/// Kyverno's order: violations and errors, then warnings, then files that could not be used.
fn status(args: &Args, report: &ApplyReport, error: ExitStatus) -> ExitStatus {
    let counts = report.counts;
    if counts.fail > 0 || counts.error > 0 {
        return ExitStatus::Failure;
    }
    if !report.errors.is_empty() {
        return error;
    }
    let warns = counts.warn > 0 || (args.warn_no_pass && counts.pass == 0);
    if warns && args.warn_exit_code > 0 {
        return ExitStatus::Code(args.warn_exit_code);
    }
    ExitStatus::Success
}

/// What is asked for, and manifests that cannot be read beside others that can.
fn options(args: &Args) -> Result<(ApplyOptions, Vec<Diagnostic>), Vec<Diagnostic>> {
    let is_stdin = |paths: &[PathBuf]| paths.iter().any(|path| path.as_os_str() == STDIN);
    let mut overrides = Overrides::new();
    if is_stdin(&args.policies) {
        if is_stdin(&args.resource) {
            return Err(vec![Diagnostic::error(
                "a stdin pipe can be used for either policies or resources, not both",
            )]);
        }
        overrides.insert(
            PathBuf::from(STDIN),
            standard_input().map_err(|fault| vec![fault])?,
        );
    }
    let (paths, mut unread) = manifest_files::of(&without_stdin(&args.resource));
    let mut resources = Vec::new();
    if is_stdin(&args.resource) {
        match standard_input() {
            Ok(text) => resources.push(("standard input".to_owned(), text.into())),
            Err(fault) => unread.push(fault),
        }
    }
    for path in paths {
        match files::read_text(&path, &path) {
            Ok(file) => resources.push((path.display().to_string(), file.text)),
            Err(fault) => unread.push(fault),
        }
    }
    let mut faults = Vec::new();
    if resources.is_empty() {
        faults.append(&mut unread);
    }
    let values = args.values_file.as_ref().map(|path| {
        read(path, |value| {
            Values::from_value(value).map(|values| InjectedValues::new(&values.into_spec()))
        })
    });
    let user = args
        .userinfo
        .as_ref()
        .map(|path| read(path, |value| UserInfo::from_value(value).map(to_user)));
    let mut take = |fault: Diagnostic| faults.push(fault);
    let mut values = values
        .transpose()
        .map_err(&mut take)
        .ok()
        .flatten()
        .unwrap_or_default();
    values.set(&set_values(&args.set));
    let user = user.transpose().map_err(&mut take).ok().flatten();
    if !faults.is_empty() {
        return Err(faults);
    }
    let options = ApplyOptions {
        policies: args.policies.clone(),
        overrides,
        exceptions: args.exception.clone(),
        resources,
        surroundings: Surroundings {
            user,
            namespaces: values.namespaces.clone(),
            subresources: values.subresources.clone(),
            ..Surroundings::default()
        },
        world: World {
            values,
            ..World::default()
        },
        audit_warn: args.audit_warn,
        compat: args.compat,
        detailed: args.detailed_results || args.format != Format::Table,
        keep_objects: args.format == Format::Table && !args.table,
        progress: Arc::default(),
    };
    Ok((options, unread))
}

fn standard_input() -> Result<String, Diagnostic> {
    let mut text = String::new();
    let read = io::stdin().read_to_string(&mut text);
    read.map_err(|error| Diagnostic::error(format!("standard input: {error}")))?;
    Ok(text)
}

fn without_stdin(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths
        .iter()
        .filter(|path| path.as_os_str() != STDIN)
        .cloned()
        .collect()
}

fn read<T, E: ToString>(
    path: &std::path::Path,
    convert: impl FnOnce(&Value) -> Result<T, Vec<E>>,
) -> Result<T, Diagnostic> {
    let file = files::read_text(path, path)?;
    let document = files::parse(&file)?;
    convert(&document.value).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Diagnostic::error(format!("{}: {}", path.display(), errors.join("; ")))
    })
}

fn to_user(info: UserInfo) -> RequestUser {
    let user = info.user_info.unwrap_or_default();
    RequestUser {
        username: user.username.unwrap_or_default(),
        uid: user.uid.unwrap_or_default(),
        groups: user.groups,
        extra: user.extra,
        roles: info.roles,
        cluster_roles: info.cluster_roles,
    }
}

/// Kyverno's text: a banner, the violations by policy and resource, and the counts.
fn print_as_kyverno(report: &ApplyReport, console: &mut Console) -> io::Result<()> {
    let (rules, objects) = (report.rules, report.objects);
    console.data(&format!(
        "\nApplying {rules} policy rule(s) to {objects} resource(s)...\n"
    ))?;
    for produced in &report.produced {
        console.data(&objects::titled(produced))?;
    }
    let groups = report
        .results
        .chunk_by(|one, next| one.policy == next.policy && one.resource == next.resource);
    let mut text = String::new();
    for group in groups {
        text.clear();
        push_group(&mut text, group);
        console.data(&text)?;
    }
    let counts = report.counts;
    console.data(&format!(
        "\npass: {}, fail: {}, warn: {}, error: {}, skip: {} \n",
        counts.pass, counts.fail, counts.warn, counts.error, counts.skip
    ))
}

/// The violations of one policy and resource.
fn push_group(text: &mut String, group: &[Applied]) {
    let Some(first) = group.first() else { return };
    let is_warning = group
        .iter()
        .all(|one| one.status == RuleStatus::Warn || one.action == FailureAction::Audit);
    let how = if is_warning {
        "failed as audit warning:"
    } else {
        "failed:"
    };
    let (policy, resource) = (&*first.policy, &*first.resource);
    text.extend(["policy ", policy, " -> resource ", resource, " ", how, "\n"]);
    for (index, one) in group.iter().enumerate() {
        text.push_str(&(index + 1).to_string());
        text.extend([" - ", &one.rule, " ", &one.message, "\n"]);
    }
    text.push('\n');
}

fn to_report(report: &ApplyReport) -> Report {
    let counts = report.counts;
    Report {
        command: "apply",
        counts: vec![
            ("pass", counts.pass),
            ("fail", counts.fail),
            ("warn", counts.warn),
            ("error", counts.error),
            ("skip", counts.skip),
        ],
        rows: report.results.iter().map(to_row).collect(),
        ..Report::default()
    }
}

fn to_row(one: &Applied) -> Row {
    Row {
        suite: String::new(),
        policy: one.policy.to_string(),
        rule: one.rule.to_string(),
        resource: one.resource.to_string(),
        result: match one.status {
            RuleStatus::Pass => RowResult::Pass,
            RuleStatus::Fail => RowResult::Fail,
            RuleStatus::Warn => RowResult::Warn,
            RuleStatus::Error => RowResult::Error,
            RuleStatus::Skip => RowResult::Skip,
        },
        reason: format!("line {}", one.line),
        message: one.message.to_string(),
        place: Some(Place::whole(SourceFile::new(&*one.file, ""))),
    }
}
