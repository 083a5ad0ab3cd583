//! Library + environment → bundle: every policy that holds in an environment, rendered.

use portcullis_yaml::{Document, Limits, Mode, PathSegment};
use serde_json::{Map, Value};

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    environment::{self, Environment},
    excludes,
    library::{Library, LibraryPolicy},
    schema_check::DocumentSchema,
    template::{self, Rendered, TemplateError},
    workspace::Workspace,
};

/// What a policy's failure does where nobody says.
const DEFAULT_ACTION: &str = "Audit";

/// One policy, rendered.
#[derive(Clone, Debug)]
pub struct RenderedPolicy {
    /// `<set>/<policy>`.
    pub key: String,
    /// The template.
    pub template: SourceFile,
    /// The text, with the template's line of each line.
    pub rendered: Rendered,
    /// The text read as YAML.
    pub document: Document,
    /// The variables that it was rendered with.
    pub variables: Map<String, Value>,
}

impl RenderedPolicy {
    /// The place in the template that made a node of the rendered policy.
    #[must_use]
    pub fn place(&self, path: &[PathSegment<'_>]) -> Place {
        let span = self.document.spans.nearest(path);
        template_place(&self.template, &self.rendered, span)
    }

    /// The place in the template that made a key of the rendered policy.
    #[must_use]
    pub fn key_place(&self, path: &[PathSegment<'_>]) -> Place {
        match self.document.spans.key_at(path) {
            Some(span) => template_place(&self.template, &self.rendered, span),
            None => self.place(path),
        }
    }

    /// The place in the template of a JSON pointer's node, or of its key.
    #[must_use]
    pub fn pointer_place(&self, pointer: &str, is_key: bool) -> Place {
        let span = self.document.spans.of_pointer(pointer, is_key);
        template_place(&self.template, &self.rendered, span)
    }

    /// The place in the template of a span of what it rendered to.
    #[must_use]
    pub fn span_place(&self, span: std::ops::Range<usize>) -> Place {
        template_place(&self.template, &self.rendered, span)
    }
}

/// The place in a template of a span of what it rendered to: the same words on the template's
/// line where they stand there as often, and else the line.
#[must_use]
pub fn template_place(
    template: &SourceFile,
    rendered: &Rendered,
    span: std::ops::Range<usize>,
) -> Place {
    let line = template.line(rendered.template_line(span.start));
    let before = rendered.text.get(..span.start).unwrap_or_default();
    let before = before.rsplit('\n').next().unwrap_or_default();
    let words = rendered
        .text
        .get(span)
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default();
    let text = template.text.get(line.clone()).unwrap_or_default();
    let indent = text.len() - text.trim_start().len();
    let same = text
        .strip_prefix(before)
        .filter(|rest| rest.starts_with(words));
    // What is missing behind the end of a text has no words of its own.
    let is_somewhere = !words.is_empty() || !before.trim().is_empty();
    let found = match same {
        Some(_) => Some(before.len()).filter(|_| is_somewhere),
        None => text.find(words).filter(|_| !words.is_empty()),
    };
    let span = match found {
        Some(at) => line.start + at..line.start + at + words.len(),
        None => line.start + indent..line.end,
    };
    Place {
        file: template.clone(),
        span,
    }
}

/// What holds in an environment.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The environment's name.
    pub environment: String,
    /// Its Kubernetes version.
    pub kubernetes_version: String,
    /// The policies, by `<set>/<policy>`.
    pub policies: Vec<RenderedPolicy>,
    /// The files of exceptions, by name.
    pub exceptions: Vec<SourceFile>,
}

impl Bundle {
    /// The bundle as one stream of YAML documents, byte for byte the same for the same input.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let policies = self
            .policies
            .iter()
            .map(|policy| (&policy.template, policy.rendered.text.as_str()));
        let exceptions = self
            .exceptions
            .iter()
            .map(|file| (file, file.text.as_str()));
        policies
            .chain(exceptions)
            .fold(String::new(), |mut stream, (file, text)| {
                let path = file.path.display().to_string().replace('\\', "/");
                stream.push_str(&format!("---\n# {path}\n"));
                let lines = text.trim_end().trim_start_matches("---\n").lines();
                // The editor's schema line counts its path from the file that it stands in.
                for line in lines.filter(|line| !line.starts_with("# yaml-language-server:")) {
                    stream.push_str(line);
                    stream.push('\n');
                }
                stream
            })
    }
}

/// Every environment's bundle, in the order of the environments, and the faults of all.
#[must_use]
pub fn render_all(workspace: &Workspace, library: &Library) -> (Vec<Bundle>, Vec<Diagnostic>) {
    let (environments, mut faults) = environment::load_all(workspace);
    let bundles = environments.iter().map(|environment| {
        let (bundle, found) = render(workspace, library, environment);
        faults.extend(found);
        bundle
    });
    (bundles.collect(), faults)
}

/// Renders every policy that holds in an environment, with every fault on the way.
#[must_use]
pub fn render(
    workspace: &Workspace,
    library: &Library,
    environment: &Environment,
) -> (Bundle, Vec<Diagnostic>) {
    let mut faults = environment::check(environment, library);
    let spec = &environment.file.value.spec;
    let mut policies = Vec::new();
    for policy in library.policies.values() {
        if !spec.enables(&policy.set, &policy.name) {
            continue;
        }
        // With a value that is not what the template expects, what it renders says nothing.
        let wrong = environment::check_values(environment, policy);
        if !wrong.is_empty() {
            faults.extend(wrong);
            continue;
        }
        match render_policy(workspace, policy, Some(environment)) {
            Ok(rendered) => policies.push(rendered),
            Err(fault) => faults.push(fault.rendered_for([&environment.name])),
        }
    }
    let bundle = Bundle {
        environment: environment.name.clone(),
        kubernetes_version: environment.kubernetes_version(workspace).to_owned(),
        policies,
        exceptions: environment.exceptions.clone(),
    };
    (
        bundle,
        faults.into_iter().map(Diagnostic::unusable).collect(),
    )
}

/// Renders one policy for an environment, or with its defaults.
///
/// # Errors
/// Where the template does not render, the result is not YAML, or exclusions cannot join it.
pub fn render_policy(
    workspace: &Workspace,
    policy: &LibraryPolicy,
    environment: Option<&Environment>,
) -> Result<RenderedPolicy, Diagnostic> {
    let variables = variables(workspace, policy, environment);
    let rendered = template::render(&policy.template.text, &variables)
        .map_err(|error| template_fault(policy, &error))?;
    let document = read(policy, &rendered)?;
    let filters: Vec<Value> = environment
        .into_iter()
        .flat_map(|environment| {
            environment
                .file
                .value
                .spec
                .exclusions_of(&policy.set, &policy.name)
        })
        .filter_map(|exclusion| serde_json::to_value(exclusion.to_filter()).ok())
        .collect();
    if filters.is_empty() {
        return Ok(RenderedPolicy {
            key: policy.key(),
            template: policy.template.clone(),
            rendered,
            document,
            variables,
        });
    }
    let rendered = excludes::add(&rendered, &document, &filters).map_err(|error| {
        let place = template_place(&policy.template, &rendered, error.offset..error.offset);
        Diagnostic::error(error.message.clone())
            .at(place, "the environment excludes resources from this rule")
    })?;
    let document = read(policy, &rendered)?;
    Ok(RenderedPolicy {
        key: policy.key(),
        template: policy.template.clone(),
        rendered,
        document,
        variables,
    })
}

fn read(policy: &LibraryPolicy, rendered: &Rendered) -> Result<Document, Diagnostic> {
    if let Some(second) = second_document(&rendered.text) {
        let place = template_place(&policy.template, rendered, second..second);
        return Err(
            Diagnostic::error("the template makes more than one document")
                .at(place, "the second one")
                .help(
                    "a folder of the library holds one policy: give this one a folder of its own",
                ),
        );
    }
    portcullis_yaml::read_document(&rendered.text, Mode::Strict, &Limits::default()).map_err(
        |error| {
            let place = template_place(&policy.template, rendered, error.offset..error.offset);
            Diagnostic::error("the rendered policy is not valid YAML")
                .at(place, error.message)
                .unusable()
        },
    )
}

/// Where a second document starts that holds something.
fn second_document(text: &str) -> Option<usize> {
    let says_something = |line: &str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && line != "---"
    };
    let mut documents = portcullis_yaml::documents(text)
        .filter(|document| document.text.lines().any(says_something));
    documents.nth(1).map(|document| document.offset)
}

/// What is wrong with a rendered policy by its schema, at the line of its template.
#[must_use]
pub fn schema_faults(policy: &RenderedPolicy) -> Vec<Diagnostic> {
    let value = &policy.document.value;
    let field = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (field("apiVersion"), field("kind"));
    let Some(schema) = DocumentSchema::for_resource(version, kind) else {
        return vec![
            Diagnostic::error(format!("`{kind}` of `{version}` is not a kind of policy"))
                .at(policy.place(&["kind".into()]), "expected a policy")
                .help("a policy is a `ClusterPolicy` or `Policy` of `kyverno.io/v1`, or a kind of `policies.kyverno.io`")
                .unusable(),
        ];
    };
    let faults = schema.faults(value).into_iter().map(|fault| {
        let place = policy.pointer_place(&fault.pointer, fault.at_key);
        fault.diagnostic(place).unusable()
    });
    faults.collect()
}

/// The variables of a policy: its defaults, the values of the environment, and those that every
/// template has.
#[must_use]
pub fn variables(
    workspace: &Workspace,
    policy: &LibraryPolicy,
    environment: Option<&Environment>,
) -> Map<String, Value> {
    let mut variables = policy.defaults();
    let mut action = DEFAULT_ACTION;
    let mut name = "default";
    let mut version = workspace.kubernetes_version();
    if let Some(environment) = environment {
        let parameters = policy
            .parameters
            .iter()
            .flat_map(|file| file.value.spec.parameters.keys());
        for parameter in parameters {
            if let Some((value, _)) = environment.value_of(policy, parameter) {
                variables.insert(parameter.clone(), value.clone());
            }
        }
        let spec = &environment.file.value.spec;
        action = spec
            .action_of(&policy.set, &policy.name)
            .map_or(action, |action| action.as_str());
        name = &environment.name;
        version = environment.kubernetes_version(workspace);
    }
    for (key, value) in [
        ("action", action),
        ("environment", name),
        ("kubernetes_version", version),
    ] {
        variables.insert(key.to_owned(), Value::from(value));
    }
    variables
}

fn template_fault(policy: &LibraryPolicy, error: &TemplateError) -> Diagnostic {
    let place = Place {
        file: policy.template.clone(),
        span: error.span.clone(),
    };
    let fault = Diagnostic::error(format!("the template does not render: {}", error.message));
    let fault = fault.at(place, error.message.clone()).unusable();
    if error.message.contains("not defined") {
        return fault.help("declare the parameter in params.yaml beside the template, with a default or a value in each environment");
    }
    fault
}
