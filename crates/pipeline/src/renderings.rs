//! What a policy's suite runs for: the defaults, and each different rendering of an environment.

use std::path::PathBuf;

use crate::{
    diagnostic::{Diagnostic, Place},
    files,
    library::LibraryPolicy,
    offline::Overrides,
    render::{self, Bundle, RenderedPolicy},
    suite, template,
    workspace::Workspace,
};

/// The name of the rendering with the default of each parameter.
pub const DEFAULTS: &str = "defaults";

/// One rendering of a policy.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// `defaults`, and the environments that share it.
    pub names: Vec<String>,
    /// The policy.
    pub policy: RenderedPolicy,
    /// What stands in for the template and for the suite's own templates.
    pub overrides: Overrides,
}

/// The different renderings of a policy.
///
/// # Errors
/// Where the policy or a file of its suite does not render.
pub fn of(
    workspace: &Workspace,
    policy: &LibraryPolicy,
    bundles: &[Bundle],
) -> Result<Vec<Rendering>, Diagnostic> {
    let mut different: Vec<(Vec<String>, RenderedPolicy)> = Vec::new();
    let defaults = render::render_policy(workspace, policy, None)
        .map_err(|fault| fault.rendered_for([DEFAULTS]))?;
    let others = bundles.iter().filter_map(|bundle| {
        let mut policies = bundle.policies.iter();
        let rendered = policies.find(|rendered| rendered.key == policy.key())?;
        Some((bundle.environment.clone(), rendered.clone()))
    });
    for (name, rendered) in [(DEFAULTS.to_owned(), defaults)].into_iter().chain(others) {
        let mut known = different.iter_mut();
        match known.find(|(_, one)| one.rendered.text == rendered.rendered.text) {
            Some((names, _)) => names.push(name),
            None => different.push((vec![name], rendered)),
        }
    }
    let renderings = different.into_iter().map(|(names, rendered)| {
        Ok(Rendering {
            overrides: overrides(policy, &rendered).map_err(|fault| fault.rendered_for(&names))?,
            names,
            policy: rendered,
        })
    });
    renderings.collect()
}

/// The rendered policy in place of its template, and the files of its suite rendered with the same
/// variables.
///
/// # Errors
/// Where a file of the suite does not render.
pub(crate) fn overrides(
    policy: &LibraryPolicy,
    rendered: &RenderedPolicy,
) -> Result<Overrides, Diagnostic> {
    let mut overrides = Overrides::new();
    overrides.insert(
        suite::inputs::normal(&policy.template_path()),
        rendered.rendered.text.clone(),
    );
    let folder = policy.folder.join("tests");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| Diagnostic::unreadable(&folder, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let file = files::read_text(path, &files::shown(path))?;
        if template::is_template(&file.text) {
            let text = template::render(&file.text, &rendered.variables).map_err(|error| {
                let place = Place {
                    file: file.clone(),
                    span: error.span.clone(),
                };
                Diagnostic::error("a file of the suite does not render")
                    .at(place, error.message.clone())
            })?;
            overrides.insert(suite::inputs::normal(path), text.text);
        }
    }
    Ok(overrides)
}
