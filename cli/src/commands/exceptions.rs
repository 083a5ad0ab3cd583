//! `portcullis exceptions [WORKSPACE]`: the exceptions of every environment as a ledger.

use std::{io, path::PathBuf};

use portcullis_engine::exceptions::expires;
use portcullis_pipeline::{
    diagnostic::Diagnostic,
    exception_ledger::{self, Covered, LedgerException, Need},
    files, library,
    offline::objects,
    policy_check, render,
    suite::inputs,
    workspace::Workspace,
};
use serde_json::{Value, json};

use crate::{
    commands::{clock, manifest_files, render::unknown, workspace_argument::WorkspaceArgument},
    exit_status::ExitStatus,
    output::{
        console::Console,
        format::Format,
        report::{Report, Row, RowResult},
    },
};

/// List every exception with its owner, and tell whether it is still needed.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis exceptions --env production",
    after_help = "\
Each rule that an exception names is evaluated all the same, on the resources of the suites, on the manifests in
`environments/<environment>/resources/`, and on those of --resource. The exception is
  needed    where one of them breaks the rule without it, or the rule would change it or make something of it,
  needless  where some that it matches are at hand, and none does,
  unknown   where none that it matches is at hand, or the rule cannot be evaluated.
An expired or a needless exception is an error. SOURCE_DATE_EPOCH, in seconds, fixes the time."
)]
pub struct Args {
    /// The folder of `portcullis.yaml`; the nearest one upwards when absent.
    pub workspace: Option<PathBuf>,
    /// The environments; all of them when absent.
    #[arg(long = "env", value_name = "ENVIRONMENT")]
    pub environments: Vec<String>,
    /// Further manifests at hand, such as those of a cluster: files and folders.
    #[arg(short, long, value_name = "PATH")]
    pub resource: Vec<PathBuf>,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let argument = WorkspaceArgument {
        workspace: args.workspace.clone(),
    };
    let found = argument
        .load()
        .and_then(|workspace| ledger(args, &workspace));
    let (exceptions, findings) = match found {
        Ok(found) => found,
        Err(faults) => {
            console.tell(&faults)?;
            return Ok(ExitStatus::Error);
        }
    };
    let status = ExitStatus::of(&findings);
    if args.format == Format::Table {
        for exception in &exceptions {
            console.data(&block(exception))?;
        }
    }
    report(args.format, &exceptions, findings).print(args.format, console)?;
    Ok(status)
}

fn ledger(
    args: &Args,
    workspace: &Workspace,
) -> Result<(Vec<LedgerException>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let now = clock::now().map_err(|fault| vec![fault])?;
    let further = further(&args.resource)?;
    let (library, mut findings) = library::load(workspace);
    let (bundles, faults) = render::render_all(workspace, &library);
    findings.extend(faults);
    let names: Vec<&str> = bundles
        .iter()
        .map(|bundle| bundle.environment.as_str())
        .collect();
    let unknown = unknown(&args.environments, &names);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let mut exceptions = Vec::new();
    let mut catalogues = policy_check::Catalogues::default();
    for bundle in bundles.iter().filter(|bundle| {
        args.environments.is_empty() || args.environments.contains(&bundle.environment)
    }) {
        let catalogue = catalogues.of(workspace, bundle, &mut findings);
        let held = (bundle, &catalogue);
        let ledger = exception_ledger::of(workspace, &library, held, &further, now);
        exceptions.extend(ledger.exceptions);
        findings.extend(ledger.findings);
    }
    Ok((exceptions, findings))
}

/// The manifests that the caller brings.
fn further(paths: &[PathBuf]) -> Result<Vec<Value>, Vec<Diagnostic>> {
    let (found, mut faults) = manifest_files::of(paths);
    let catalogue = inputs::catalogue();
    let mut all = Vec::new();
    for path in found {
        match files::read_text(&path, &path) {
            Ok(file) => {
                let (objects, found) = objects::read(&file, &catalogue);
                all.extend(objects);
                faults.extend(found);
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(all)
    } else {
        Err(faults)
    }
}

fn report(format: Format, exceptions: &[LedgerException], findings: Vec<Diagnostic>) -> Report {
    let is = |need| exceptions.iter().filter(|one| one.need() == need).count();
    let expired = exceptions.iter().filter(|one| one.is_expired).count();
    let counts = vec![
        ("exceptions", exceptions.len()),
        ("needed", is(Need::Needed)),
        ("needless", is(Need::Needless)),
        ("unknown", is(Need::Unknown)),
        ("expired", expired),
    ];
    let rows = exceptions
        .iter()
        .flat_map(|one| one.covers.iter().map(|covered| row(one, covered)));
    Report {
        command: "exceptions",
        counts,
        // People read blocks and tables, and annotations are the findings.
        rows: match format {
            Format::Json | Format::Yaml | Format::Junit => rows.collect(),
            _ => Vec::new(),
        },
        overview: match format {
            Format::Markdown => overview(exceptions),
            _ => Vec::new(),
        },
        further: Some(("exceptions", exceptions.iter().map(value).collect())),
        findings,
        ..Report::default()
    }
}

/// An exception for people.
fn block(exception: &LedgerException) -> String {
    let mut text = format!(
        "{} {}: {}, {}\n",
        exception.environment,
        exception.name,
        exception.need().word(),
        expiry(exception)
    );
    let facts = [
        ("owner", exception.owner.as_str()),
        ("ticket", exception.ticket.as_str()),
        ("reason", exception.reason.as_str()),
        ("for", exception.matches.as_str()),
    ];
    for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        text.push_str(&format!("  {name:<9}{fact}\n"));
    }
    for covered in &exception.covers {
        text.push_str(&format!("  {:<9}{}", "covers", covered.policy));
        if !covered.rules.is_empty() {
            text.push_str(&format!(" ({})", covered.rules.join(", ")));
        }
        let need = covered.need.word();
        text.push_str(&format!("\n  {need:<9}{}\n", covered.because));
    }
    text.push('\n');
    text
}

/// The policy, and the rules where it has some.
fn covers(covered: &Covered) -> String {
    match covered.rules.as_slice() {
        [] => covered.policy.clone(),
        rules => format!("{}: {}", covered.policy, rules.join(", ")),
    }
}

fn expiry(exception: &LedgerException) -> String {
    match (exception.expires.as_str(), exception.is_expired) {
        ("", _) => "without an end".to_owned(),
        (end, true) => format!("expired at {end}"),
        (end, false) if expires(end).is_err() => format!("not in force: `{end}` is no time"),
        (end, false) => format!("until {end}"),
    }
}

fn overview(exceptions: &[LedgerException]) -> Vec<Vec<String>> {
    let head = [
        "ENVIRONMENT",
        "EXCEPTION",
        "OWNER",
        "TICKET",
        "REASON",
        "EXPIRES",
        "FOR",
        "COVERS",
        "NEED",
    ];
    let rows = exceptions.iter().flat_map(|one| {
        one.covers.iter().map(|covered| {
            vec![
                one.environment.clone(),
                one.name.clone(),
                one.owner.clone(),
                one.ticket.clone(),
                one.reason.clone(),
                expiry(one),
                one.matches.clone(),
                covers(covered),
                format!("{}: {}", covered.need.word(), covered.because),
            ]
        })
    });
    std::iter::once(head.map(str::to_owned).to_vec())
        .chain(rows)
        .collect()
}

fn row(exception: &LedgerException, covered: &Covered) -> Row {
    let (result, reason) = match covered.need {
        _ if exception.is_expired => (RowResult::Fail, "expired"),
        Need::Needed => (RowResult::Pass, "needed"),
        // A part that is not needed is a warning where another part is.
        Need::Needless if exception.need() != Need::Needless => (RowResult::Warn, "needless"),
        Need::Needless => (RowResult::Fail, "needless"),
        Need::Unknown => (RowResult::Skip, "unknown"),
    };
    Row {
        suite: exception.environment.clone(),
        policy: covered.policy.clone(),
        rule: covered.rules.join(","),
        resource: exception.name.clone(),
        result,
        reason: reason.to_owned(),
        message: covered.because.clone(),
        place: Some(covered.place.clone()),
    }
}

fn value(exception: &LedgerException) -> Value {
    let covers = exception.covers.iter().map(|covered| {
        json!({
            "policy": covered.policy,
            "rules": covered.rules,
            "need": covered.need.word(),
            "because": covered.because,
        })
    });
    let (line, _) = exception.place.file.line_column(exception.place.span.start);
    json!({
        "environment": exception.environment,
        "name": exception.name,
        "owner": exception.owner,
        "ticket": exception.ticket,
        "reason": exception.reason,
        "expires": exception.expires,
        "expired": exception.is_expired,
        "for": exception.matches,
        "need": exception.need().word(),
        "covers": covers.collect::<Vec<_>>(),
        "path": exception.place.file.path.display().to_string(),
        "line": line,
    })
}
