//! `portcullis apply POLICY… --resource FILE…`: policies against manifests, or against the objects of
//! a cluster, with Kyverno's counts.

mod cluster;
mod exceptions;
mod inputs;
mod kyverno_text;
mod places;
mod policy_report;
mod rows;

use std::{io, path::PathBuf, time::Instant};

use portcullis_pipeline::{
    apply::{self, ApplyOptions, ApplyReport},
    diagnostic::{Diagnostic, Severity},
};
use serde_json::Value;

use self::{cluster::ClusterArgs, kyverno_text::Words, places::Places};
use crate::{
    commands::{clock, registry_connection::AskedRegistries, remote::RemoteOptions},
    exit_status::ExitStatus,
    output::{
        console::{Console, When},
        format::Format,
        objects,
        progress::ProgressLine,
    },
};

/// Apply policies to manifests, or to the objects of a cluster, and count what passes and what fails.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis render production -o bundle\n  portcullis apply bundle --resource my-manifests\n  portcullis apply bundle --cluster"
)]
pub struct Args {
    /// Policies: files, folders, addresses of git repositories and of files, or `-` for standard
    /// input.
    #[arg(required = true)]
    pub policies: Vec<PathBuf>,
    /// Manifests: files, folders, addresses of git repositories and of files, or `-` for standard
    /// input. With `--cluster` names of its objects: `NAME`, `NAMESPACE/NAME` or `NAMESPACE/KIND/NAME`.
    #[arg(
        short,
        long,
        visible_alias = "resources",
        required_unless_present_any = ["cluster", "json", "http_payload", "envoy_payload"],
        value_delimiter = ','
    )]
    pub resource: Vec<PathBuf>,
    /// JSON for policies about JSON: files.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub json: Vec<PathBuf>,
    /// HTTP requests for policies that authorize them: files of JSON.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub http_payload: Vec<PathBuf>,
    /// Check requests of Envoy for policies that answer them: files of JSON.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub envoy_payload: Vec<PathBuf>,
    /// Exceptions: files, folders and addresses.
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
    /// Show results that pass or are skipped, too, and in a table what each rule said.
    #[arg(long)]
    pub detailed_results: bool,
    /// Keep Kyverno's number model, known bugs and exit codes.
    #[arg(long)]
    pub compat: bool,
    /// Take exceptions from files of policies, which is always so here.
    #[arg(long, hide = true)]
    pub exceptions_within_policies: bool,
    /// Go on after an error, which is always so here.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub continue_on_fail: Option<bool>,
    /// Print without colour.
    #[arg(long)]
    pub remove_color: bool,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print the results as reports of a cluster instead.
    #[arg(short, long, conflicts_with = "format")]
    pub policy_report: bool,
    /// The API of these reports. Kyverno prints those of `openreports.io`.
    #[arg(
        long,
        value_enum,
        value_name = "GROUP",
        default_value_t,
        requires = "policy_report"
    )]
    pub report_api: ReportApi,
    /// Print an exception for each violation instead.
    #[arg(long, conflicts_with_all = ["format", "table", "policy_report"])]
    pub generate_exceptions: bool,
    /// How long a cluster keeps such an exception.
    #[arg(long, value_name = "DURATION", default_value = "720h", value_parser = duration)]
    pub generated_exception_ttl: String,
    /// The format of these reports and exceptions.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub output_format: OutputFormat,
    /// Take exceptions from among the manifests, or from the cluster, too.
    #[arg(long, visible_alias = "exceptions-within-resources")]
    pub exceptions_with_resources: bool,
    /// Tell on standard error how long it took.
    #[arg(long)]
    pub show_performance: bool,
    /// Files and folders of CustomResourceDefinitions, which say whose objects have no namespace.
    #[arg(long, alias = "crd-path", value_name = "PATH", value_delimiter = ',')]
    pub crd_paths: Vec<PathBuf>,
    /// Images with their digests and who signed them, for `verifyImages`: a file of kind `Context`.
    #[arg(long, value_name = "FILE")]
    pub context_file: Option<PathBuf>,
    /// Print nothing but manifests, changed or not, and what policies made of them: for a pipe.
    #[arg(short = 'i', long, conflicts_with_all = ["format", "policy_report", "generate_exceptions"])]
    pub stdin: bool,
    /// Write objects to this file (`.yaml`, `.yml`, or one that is there), or into files of this folder: what policies change or make, and with policies that change objects the others, too.
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Manifests of existing objects, which policies may change: files and folders.
    #[arg(
        long,
        visible_alias = "target-resources",
        value_name = "PATH",
        value_delimiter = ','
    )]
    pub target_resource: Vec<PathBuf>,
    /// Manifests of the objects that native admission policies read as `params`: files and folders.
    #[arg(
        long,
        visible_alias = "parameter-resources",
        value_name = "PATH",
        value_delimiter = ','
    )]
    pub parameter_resource: Vec<PathBuf>,
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(flatten)]
    registries: AskedRegistries,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// The format of reports and exceptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// YAML.
    #[default]
    Yaml,
    /// JSON.
    Json,
}

/// The API that reports are objects of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportApi {
    /// `Report` and `ClusterReport` of `openreports.io/v1alpha1`.
    #[default]
    #[value(name = "openreports.io")]
    OpenReports,
    /// `PolicyReport` and `ClusterPolicyReport` of `wgpolicyk8s.io/v1alpha2`.
    #[value(name = "wgpolicyk8s.io")]
    PolicyReports,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Text,
    Report,
    PolicyReport,
    Exceptions,
    Objects,
}

impl Args {
    fn answer(&self) -> Answer {
        if self.policy_report {
            Answer::PolicyReport
        } else if self.generate_exceptions {
            Answer::Exceptions
        } else if self.stdin {
            Answer::Objects
        } else if self.table || self.format != Format::Table {
            Answer::Report
        } else {
            Answer::Text
        }
    }

    fn is_table_of_kyverno(&self) -> bool {
        self.compat && self.table && self.format == Format::Table
    }
}

fn duration(text: &str) -> Result<String, String> {
    let parsed = portcullis_values::duration::GoDuration::parse(text);
    parsed
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; write it as `720h`"))
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
    if let Some(other) = beside_table(args) {
        let fault = Diagnostic::error(format!("`--table` cannot be used with `{other}`"));
        console.tell(&[
            fault.help("ask for one of them, or for what Kyverno prints with `--compat`")
        ])?;
        return Ok(error);
    }
    let (options, unread) = match inputs::read(args) {
        Ok(options) => options,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(error);
        }
    };
    let doing = match args.cluster.cluster {
        true => "applying policies: object",
        false => "applying policies: document",
    };
    let line = ProgressLine::show(doing, &options.progress);
    let start = Instant::now();
    let mut report = apply::run(&options);
    let seconds = start.elapsed().as_secs_f64();
    drop(line);
    report.errors.splice(0..0, unread);
    console.tell(&report.errors)?;
    if let Some(path) = &args.output
        && let Err(fault) = objects::write(path, &report.produced)
    {
        console.tell(&[fault])?;
        return Ok(error);
    }
    print(args, &options, &report, console)?;
    if args.show_performance {
        let (rules, objects) = (report.rules, report.objects);
        let told = format!("{rules} rules applied to {objects} objects in {seconds:.3} s\n");
        console.talk(&told)?;
    }
    Ok(status(args, &report, error))
}

fn print(
    args: &Args,
    options: &ApplyOptions,
    report: &ApplyReport,
    console: &mut Console,
) -> io::Result<()> {
    let mut places = Places::new(options, report.results.len());
    let results = &report.results;
    // What is written to files is not printed as well.
    let shown = match args.output {
        Some(_) => &[],
        None => report.produced.as_slice(),
    };
    match args.answer() {
        Answer::Text => {
            let words = match args.compat {
                true => Words::Kyverno {
                    audit_warn: args.audit_warn,
                },
                false => Words::Ours(&places),
            };
            kyverno_text::print(report, shown, words, console)
        }
        Answer::Objects => {
            for one in &report.produced {
                console.data(&format!("---\n{}", one.text))?;
            }
            // The next program of the pipe reads objects; people read what is wrong with them.
            match args.compat {
                true if args.table => {
                    console.data(&kyverno_text::table(report, args.detailed_results))
                }
                true => Ok(()),
                false => console.talk(&kyverno_text::violations(report, &places)),
            }
        }
        Answer::Report if args.is_table_of_kyverno() => {
            kyverno_text::print_applied(report, shown, console)?;
            console.data(&kyverno_text::table(report, args.detailed_results))
        }
        Answer::Report => {
            let detailed = args.detailed_results;
            let answer = rows::to_report(report, &mut places, args.format, detailed);
            answer.print(args.format, console)
        }
        Answer::PolicyReport => {
            let now = clock::now().map_err(|fault| io::Error::other(fault.message))?;
            let seconds = i64::try_from(now / 1_000_000_000).unwrap_or(i64::MAX);
            let reports = policy_report::of(results, args.report_api, seconds, args.compat);
            console.data(&documents(&reports, args.output_format))
        }
        Answer::Exceptions => {
            let exceptions = exceptions::of(results, &args.generated_exception_ttl, args.compat);
            console.data(&documents(&exceptions, args.output_format))
        }
    }
}

/// What stands beside `--table` and is no table; Kyverno takes both.
fn beside_table(args: &Args) -> Option<&'static str> {
    match args.table && !args.compat {
        true if args.policy_report => Some("--policy-report"),
        true if args.stdin => Some("--stdin"),
        _ => None,
    }
}

/// Values one after the other.
fn documents(values: &[Value], format: OutputFormat) -> String {
    let written = |write: fn(&Value) -> String| values.iter().map(write).collect::<Vec<_>>();
    match format {
        OutputFormat::Yaml => written(portcullis_yaml::write).join("---\n"),
        OutputFormat::Json => written(|value| format!("{value:#}\n")).concat(),
    }
}

/// Files and policies that could not be used, then violations and errors, then warnings.
fn status(args: &Args, report: &ApplyReport, error: ExitStatus) -> ExitStatus {
    let counts = report.counts;
    let mut errors = report.errors.iter();
    if errors.any(|one| one.severity == Severity::Error) {
        return error;
    }
    if counts.fail > 0 || counts.error > 0 {
        return ExitStatus::Failure;
    }
    let warns = counts.warn > 0 || (args.warn_no_pass && counts.pass == 0);
    if warns && args.warn_exit_code > 0 {
        return ExitStatus::Code(args.warn_exit_code);
    }
    ExitStatus::Success
}
