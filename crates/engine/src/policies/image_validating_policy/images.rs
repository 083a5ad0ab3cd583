//! The images of an object that a policy is about, by category.

use std::collections::BTreeMap;

use portcullis_api::{
    cel_expression::MatchCondition, image_validating_policy::ImageReferenceMatch,
};
use portcullis_cel::{
    environment::Environment,
    error::Evaluated,
    host::Offline,
    program::{Options, Variables},
    types::Type,
    value::Value,
};
use portcullis_values::regexp::GoRegexp;
use serde_json::Value as Json;

use crate::cel::{
    compiler::{Compiler, PlacedProgram},
    scope::Scope,
};
use crate::request::{Payload, Request};

/// Images by category, such as `containers`.
pub(super) type Images = BTreeMap<String, Vec<String>>;

/// The categories that Pods and what makes Pods have.
const CATEGORIES: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Where the Pod stands in an object of a resource.
fn pod_pointer(group: &str, resource: &str) -> Option<&'static str> {
    match (group, resource) {
        ("", "pods") => Some("/spec"),
        ("apps", "deployments" | "statefulsets" | "daemonsets" | "replicasets")
        | ("batch", "jobs") => Some("/spec/template/spec"),
        ("batch", "cronjobs") => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    }
}

/// The pointer of the Pod in an object, and the Pod.
fn pod_of<'o>(request: &Request<'_>, object: &'o Json) -> Option<(&'static str, &'o Json)> {
    if request.payload != Payload::Resource {
        return None;
    }
    let of = &request.resource;
    let pointer = pod_pointer(&of.group, &of.resource)?;
    Some((pointer, object.pointer(pointer)?))
}

fn containers<'o>(pod: &'o Json, category: &str) -> impl Iterator<Item = &'o Json> {
    let found = pod.get(category).and_then(Json::as_array);
    found.into_iter().flatten()
}

/// The images of the containers of an object, each with its pointer.
pub(super) fn of_containers<'o>(request: &Request<'_>, object: &'o Json) -> Vec<(String, &'o str)> {
    let mut images = Vec::new();
    if let Some((pointer, pod)) = pod_of(request, object) {
        for category in CATEGORIES {
            for (index, container) in containers(pod, category).enumerate() {
                let image = container.get("image").and_then(Json::as_str);
                let pointer = format!("{pointer}/{category}/{index}/image");
                images.extend(image.map(|image| (pointer, image)));
            }
        }
    }
    images
}

/// Which images a policy is about.
#[derive(Debug)]
pub(super) struct ImageMatcher {
    rules: Vec<Rule>,
    /// Where custom kinds keep their images.
    extractors: Vec<(String, PlacedProgram)>,
}

#[derive(Debug)]
enum Rule {
    Glob(GoRegexp),
    Expression(PlacedProgram),
}

impl ImageMatcher {
    /// Makes the rules ready; what is wrong with them is kept by the compiler.
    pub(super) fn compile(
        compiler: &mut Compiler,
        references: &[ImageReferenceMatch],
        extractors: &[MatchCondition],
    ) -> ImageMatcher {
        let rules = references.iter().enumerate();
        let rules = rules.filter_map(|(index, written)| {
            let path = format!("spec.matchImageReferences[{index}]");
            Rule::compile(compiler, &path, written)
        });
        let rules = rules.collect();
        let extractors = extractors.iter().enumerate();
        let list = |of| Type::list(of);
        let wanted = [list(Type::String), list(Type::Dyn), Type::Dyn];
        let extractors = extractors.filter_map(|(index, written)| {
            let path = format!("spec.images[{index}].expression");
            let program = compiler.expression(&path, &written.expression, &wanted)?;
            Some((written.name.clone(), program))
        });
        ImageMatcher {
            extractors: extractors.collect(),
            rules,
        }
    }

    /// The images of the request's object that the policy is about.
    ///
    /// # Errors
    /// Why they cannot be told.
    pub(super) fn images<'a>(
        &'a self,
        request: &Request<'_>,
        scope: &Scope<'_, 'a>,
    ) -> Result<Images, String> {
        let mut images = Images::new();
        let pod = request.object.and_then(|object| {
            let (_, pod) = pod_of(request, object)?;
            Some(pod)
        });
        for category in CATEGORIES.iter().filter(|_| pod.is_some()) {
            let found = pod.into_iter().flat_map(|pod| containers(pod, category));
            let found = found.filter_map(|container| container.get("image")?.as_str());
            images.insert((*category).to_owned(), self.matching(found)?);
        }
        for (name, program) in &self.extractors {
            let value = scope.evaluate(program).map_err(|error| error.message)?;
            let Json::Array(found) = value.to_json()? else {
                return Err(format!("the images `{name}` are no list"));
            };
            let found = found.iter().filter_map(Json::as_str);
            images.insert(name.clone(), self.matching(found)?);
        }
        Ok(images)
    }

    fn matching<'i>(&self, images: impl Iterator<Item = &'i str>) -> Result<Vec<String>, String> {
        let mut matching = Vec::new();
        for image in images {
            if self.matches(image)? {
                matching.push(image.to_owned());
            }
        }
        Ok(matching)
    }

    /// Whether the policy is about an image; one without rules is about all.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub(super) fn matches(&self, image: &str) -> Result<bool, String> {
        for rule in &self.rules {
            if rule.matches(image)? {
                return Ok(true);
            }
        }
        Ok(self.rules.is_empty())
    }
}

impl Rule {
    fn compile(compiler: &mut Compiler, path: &str, written: &ImageReferenceMatch) -> Option<Rule> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        match (filled(&written.glob), filled(&written.expression)) {
            (Some(glob), None) => match GoRegexp::compile(&expression_of(&glob)) {
                Ok(expression) => Some(Rule::Glob(expression)),
                Err(error) => {
                    compiler.fault(format!("{path}.glob"), error.to_string());
                    None
                }
            },
            (None, Some(expression)) => {
                let reference = Environment::kyverno().variable("ref", Type::String).build();
                let mut references = Compiler::new(&reference);
                let path = format!("{path}.expression");
                let program = references.expression(&path, &expression, &[Type::Bool]);
                for (path, message) in references.into_faults() {
                    compiler.fault(path, message);
                }
                program.map(Rule::Expression)
            }
            _ => {
                let problem = "expected glob or expression, and only one of them";
                compiler.fault(path.to_owned(), problem.to_owned());
                None
            }
        }
    }

    fn matches(&self, image: &str) -> Result<bool, String> {
        match self {
            Rule::Glob(expression) => Ok(expression.is_match(image)),
            Rule::Expression(program) => {
                let options = Options {
                    host: &Offline,
                    cost_limit: None,
                };
                match program.program.evaluate(&Reference(image), options).result {
                    Ok(Value::Bool(flag)) => Ok(flag),
                    Ok(_) => Err("the expression gives no truth value".to_owned()),
                    Err(error) => Err(error.message),
                }
            }
        }
    }
}

/// `ref`.
struct Reference<'r>(&'r str);

impl<'r> Variables<'r> for Reference<'r> {
    fn get(&self, name: &str) -> Option<Evaluated<'r>> {
        (name == "ref").then(|| Ok(Value::String(self.0.into())))
    }
}

/// A glob as a regular expression: `*` for any text, slashes too, `?` for one character, `[a-z]` and
/// `[!a-z]` for one of a class, `{a,b}` for one of several.
fn expression_of(glob: &str) -> String {
    let mut expression = "(?s)^".to_owned();
    let mut characters = glob.chars().peekable();
    let mut depth = 0;
    while let Some(character) = characters.next() {
        match character {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '[' => {
                expression.push('[');
                if characters.next_if_eq(&'!').is_some() {
                    expression.push('^');
                }
            }
            ']' | '-' => expression.push(character),
            '{' => {
                depth += 1;
                expression.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                expression.push(')');
            }
            ',' if depth > 0 => expression.push('|'),
            '\\' => push_literal(&mut expression, characters.next().unwrap_or('\\')),
            other => push_literal(&mut expression, other),
        }
    }
    expression.push('$');
    expression
}

fn push_literal(expression: &mut String, character: char) {
    if character.is_ascii_punctuation() {
        expression.push('\\');
    }
    expression.push(character);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_references() {
        for (glob, image, expected) in [
            ("ghcr.io/*", "ghcr.io/shop/web:1", true),
            ("ghcr.io/*", "ghcrxio/shop/web:1", false),
            ("ghcr.io/*", "docker.io/ghcr.io/web", false),
            ("*/web:?", "ghcr.io/shop/web:1", true),
            ("*/web:?", "ghcr.io/shop/web:12", false),
            ("{ghcr,quay}.io/*", "quay.io/a", true),
            ("{ghcr,quay}.io/*", "docker.io/a", false),
            ("web:[0-9]", "web:7", true),
            ("web:[!0-9]", "web:7", false),
            (r"web\*", "web*", true),
            (r"web\*", "web1", false),
        ] {
            let expression = GoRegexp::compile(&expression_of(glob)).unwrap();
            assert_eq!(expression.is_match(image), expected, "{glob} {image}");
        }
    }
}
