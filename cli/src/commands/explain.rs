//! `portcullis explain POLICY RESOURCE`: why a policy says what it says.

use std::{
    io,
    path::{Path, PathBuf},
};

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, Severity, SourceFile},
    environment,
    explain::{self, Explanation, Question},
    files, library,
    live::LiveCluster,
    offline::Overrides,
    render::{self, RenderedPolicy},
    template,
    workspace::Workspace,
};
use serde_json::{Map, Value};

use crate::{
    commands::{
        self, asked_cluster::AskedCluster, cluster_connection::ClusterConnection,
        registry_connection::AskedRegistries, workspace_argument::WorkspaceArgument,
    },
    exit_status::ExitStatus,
    output::{answer_format::AnswerFormat, console::Console, explanation},
};

/// Tell, for each rule of a policy, whether it is about a resource, what each condition read and
/// decided, which part of a check decided, and how the rule ended.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis explain pod-security/disallow-privileged policy-library/pod-security/disallow-privileged/tests/resources.yaml",
    after_help = "Exit codes: 0 explained, whatever the rules say; 2 a policy or manifest cannot be used."
)]
pub struct Args {
    /// A policy of the workspace, as `<set>/<policy>`, or a file or folder of policies.
    pub policy: String,
    /// A file of manifests; with `--cluster` an object of it, as `NAMESPACE/KIND/NAME`.
    pub resource: PathBuf,
    /// Only the resource of this name.
    #[arg(short, long, value_name = "NAME")]
    pub name: Option<String>,
    /// The environment that a policy of the workspace is rendered for; its defaults when absent.
    #[arg(short, long = "env", value_name = "ENVIRONMENT")]
    pub environment: Option<String>,
    /// Files and folders of exceptions.
    #[arg(long, value_name = "PATH")]
    pub exceptions: Vec<PathBuf>,
    /// The format of the answer; JSON and YAML are as `schemas/output/explain.json` describes them.
    #[arg(long, value_enum, default_value_t)]
    pub format: AnswerFormat,
    #[command(flatten)]
    workspace: WorkspaceArgument,
    #[command(flatten)]
    registries: AskedRegistries,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Which cluster is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster")]
struct ClusterArgs {
    /// Explain an object of a cluster, which is the one of the current context where nothing else is
    /// said.
    #[arg(short, long)]
    cluster: bool,
    // A cluster that is named answers policies on manifests, too.
    #[command(flatten)]
    connection: ClusterConnection,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let explained = explain(args);
    match explained {
        Ok(mut explanations) => {
            let named = |one: &Explanation| match &args.name {
                Some(name) => one.resource.rsplit('/').next() == Some(name),
                None => true,
            };
            explanations.retain(named);
            if explanations.is_empty() {
                let name = args.name.as_deref().unwrap_or_default();
                let path = args.resource.display();
                let none = format!("{path}: no resource is named `{name}`");
                console.tell(&[Diagnostic::error(none)])?;
                return Ok(ExitStatus::Error);
            }
            explanation::answer(&explanations).print(args.format, console)
        }
        Err(faults) => {
            console.tell(&faults)?;
            Ok(ExitStatus::Error)
        }
    }
}

fn explain(args: &Args) -> Result<Vec<Explanation>, Vec<Diagnostic>> {
    let (mut question, variables) = question(args)?;
    let alone = |fault| vec![fault];
    question.world.registries = args.registries.live().map_err(alone)?;
    if !args.cluster.cluster && !args.cluster.connection.is_named() {
        let resources = resources(&args.resource, &variables).map_err(alone)?;
        return explain::explain(&question, &resources);
    }
    let asked = AskedCluster::connect(&args.cluster.connection, 1).map_err(alone)?;
    let name = args.resource.to_string_lossy();
    let (files, namespace) = match args.cluster.cluster {
        true => (asked.named(&name), name.split('/').next()),
        false => {
            let file = resources(&args.resource, &variables);
            (file.map(|file| vec![file]), None)
        }
    };
    let files = files.map_err(alone)?;
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    question.surroundings.namespaces = asked.namespaces(namespace).map_err(alone)?;
    question.world.live = Some(LiveCluster::new(asked));
    let explained = files.iter().map(|file| explain::explain(&question, file));
    let explained: Vec<Vec<Explanation>> = explained.collect::<Result<_, _>>()?;
    Ok(explained.concat())
}

/// The manifests; a template among them, as a suite may have it, is rendered as the policy is.
fn resources(path: &Path, variables: &Map<String, Value>) -> Result<SourceFile, Diagnostic> {
    let file = files::read_text(path, path)?;
    if variables.is_empty() || !template::is_template(&file.text) {
        return Ok(file);
    }
    match template::render(&file.text, variables) {
        Ok(rendered) => Ok(SourceFile::new(path, rendered.text)),
        Err(error) => {
            let span = error.span.clone();
            Err(Diagnostic::error("the manifests do not render")
                .at(Place { file, span }, error.message))
        }
    }
}

/// What is asked, and the variables that the policy is rendered with.
fn question(args: &Args) -> Result<(Question, Map<String, Value>), Vec<Diagnostic>> {
    let mut variables = Map::new();
    let path = Path::new(&args.policy);
    let (path, overrides) = match rendered(args, path) {
        None if path.exists() => (path.to_path_buf(), Overrides::new()),
        None => {
            let none = format!(
                "`{}` is neither a file nor a policy of the workspace",
                args.policy
            );
            let help = "name a file, a folder, or a policy as `<set>/<policy>`";
            return Err(vec![Diagnostic::error(none).help(help)]);
        }
        Some(Err(faults)) => return Err(faults),
        Some(Ok((path, rendered))) => {
            variables = rendered.variables;
            (
                path.clone(),
                Overrides::from([(path, rendered.rendered.text)]),
            )
        }
    };
    let question = Question {
        policies: vec![path],
        overrides,
        exceptions: args.exceptions.clone(),
        ..Question::default()
    };
    Ok((question, variables))
}

type Rendered = Result<(PathBuf, RenderedPolicy), Vec<Diagnostic>>;

/// The policy rendered, where it is one of the workspace: by its name, its template or its folder.
fn rendered(args: &Args, path: &Path) -> Option<Rendered> {
    let workspace = args.workspace.load().ok()?;
    let (library, _) = library::load(&workspace);
    let place = path.canonicalize().ok();
    let policy = library.policies.values().find(|policy| {
        let own =
            [policy.folder.clone(), policy.template_path()].map(|own| own.canonicalize().ok());
        policy.key() == args.policy || place.is_some() && own.contains(&place)
    })?;
    Some(render_policy(args, &workspace, policy))
}

fn render_policy(args: &Args, workspace: &Workspace, policy: &library::LibraryPolicy) -> Rendered {
    let (environments, mut faults) = environment::load_all(workspace);
    let wanted = args.environment.as_deref();
    let environment = environments
        .iter()
        .find(|one| Some(one.name.as_str()) == wanted);
    let names: Vec<&str> = environments.iter().map(|one| one.name.as_str()).collect();
    faults.extend(commands::render::unknown(
        args.environment.as_slice(),
        &names,
    ));
    if let Some(environment) = environment {
        faults.extend(environment::check_values(environment, policy));
    }
    faults.retain(|fault| fault.severity == Severity::Error);
    if !faults.is_empty() {
        return Err(faults);
    }
    let rendered =
        render::render_policy(workspace, policy, environment).map_err(|one| vec![one])?;
    let path = workspace.shown(&policy.template_path());
    Ok((path, rendered))
}
