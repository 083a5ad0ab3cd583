//! `docs/cel.md`: the functions and macros that the expressions of policies may use, by library.

#[cfg(test)]
mod examples_hold;

use std::{collections::BTreeMap, fmt::Write};

use portcullis_cel::{
    declaration::OverloadDecl,
    environment::{Environment, KubernetesVersion},
    function::{Library, Overload},
    syntax::macros::Macro,
};
use portcullis_engine::cel::environment::{Flavour, environment};

/// The examples: library, function, expression and what it gives, separated by tabs. A test
/// evaluates each.
const EXAMPLES: &str = include_str!("cel_examples.tsv");

/// The kinds whose expressions differ in their libraries, those with the most libraries first.
const KINDS: &[(Flavour, &str)] = &[
    (Flavour::Validating, "ValidatingPolicy"),
    (Flavour::NamespacedValidating, "NamespacedValidatingPolicy"),
    (Flavour::Mutating, "MutatingPolicy"),
    (Flavour::NamespacedMutating, "NamespacedMutatingPolicy"),
    (Flavour::Generating, "GeneratingPolicy"),
    (Flavour::NamespacedGenerating, "NamespacedGeneratingPolicy"),
    (Flavour::Deleting, "DeletingPolicy"),
    (Flavour::NamespacedDeleting, "NamespacedDeletingPolicy"),
    (Flavour::ImageValidating, "ImageValidatingPolicy"),
    (
        Flavour::NamespacedImageValidating,
        "NamespacedImageValidatingPolicy",
    ),
    (Flavour::Envoy, "ValidatingPolicy for Envoy"),
    (Flavour::Http, "ValidatingPolicy for HTTP requests"),
    (
        Flavour::ClusterPolicy,
        "`validate.cel` of ClusterPolicy and Policy",
    ),
];

/// The oldest version of Kubernetes that has expressions in policies, and the newest that is known.
const VERSIONS: std::ops::RangeInclusive<u16> = 26..=37;

/// The page.
pub(super) fn page() -> String {
    let mut text = "# The functions and macros of CEL\n\n\
        Written by `cargo xtask reference`; a test evaluates every example.\n\n\
        A signature is `receiver.function(parameters) -> result`; a single capital letter stands for any type. \
        Kubernetes' own policies (ValidatingAdmissionPolicy, MutatingAdmissionPolicy, match conditions of \
        webhooks) have a library from the named version of Kubernetes on; Kyverno's policies have it whatever \
        the version of the cluster.\n"
        .to_owned();
    for library in libraries() {
        write!(
            text,
            "\n## {}\n\n{}\n\n",
            library.name,
            availability(library)
        )
        .ok();
        if let [(variable, of)] = library.variables {
            let (variable, of) = (code(variable), code(of));
            write!(
                text,
                "The receiver of type {of} is the variable {variable}.\n\n"
            )
            .ok();
        }
        text.push_str("| function | signatures | example | gives |\n|---|---|---|---|\n");
        for (name, signatures) in functions(library) {
            let (expression, gives) = example(library.name, &name).unwrap_or_default();
            let signatures: Vec<String> = signatures.iter().map(|one| code(one)).collect();
            let name = code(&name);
            let (expression, gives) = (code(expression), code(gives));
            let signatures = signatures.join("<br>");
            writeln!(text, "| {name} | {signatures} | {expression} | {gives} |").ok();
        }
    }
    text
}

/// Every library that some policy has.
fn libraries() -> Vec<&'static Library> {
    let kinds = KINDS.iter().map(|(flavour, _)| *flavour);
    let mut found: Vec<&'static Library> = Vec::new();
    for flavour in kinds.chain([Flavour::Admission]) {
        for library in environment(flavour).libraries() {
            if !found.iter().any(|known| known.name == library.name) {
                found.push(library);
            }
        }
    }
    found
}

fn has(environment: &Environment, library: &Library) -> bool {
    let mut known = environment.libraries();
    known.any(|known| known.name == library.name)
}

/// Where a library is available, in a sentence.
fn availability(library: &Library) -> String {
    let mut versions = VERSIONS.filter(|minor| {
        let version = KubernetesVersion::new(1, *minor);
        has(&Environment::kubernetes(version).build(), library)
    });
    let first = versions.next();
    let kubernetes = match first {
        Some(minor) if minor == *VERSIONS.start() => "Kubernetes: every version".to_owned(),
        Some(minor) => format!("Kubernetes: from 1.{minor} on"),
        None if library.name == "kubernetes.jsonpatch" => {
            "Kubernetes: mutations of MutatingAdmissionPolicy".to_owned()
        }
        None => "Kubernetes: not available".to_owned(),
    };
    let (having, lacking): (Vec<_>, Vec<_>) = KINDS
        .iter()
        .partition(|(flavour, _)| has(environment(*flavour), library));
    let names = |kinds: &[&(Flavour, &str)]| {
        let names: Vec<&str> = kinds.iter().map(|(_, name)| *name).collect();
        names.join(", ")
    };
    let kyverno = match (having.as_slice(), lacking.as_slice()) {
        (_, []) => "every kind".to_owned(),
        ([], _) => "not available".to_owned(),
        (_, few) if few.len() <= 4 => format!("every kind but {}", names(few)),
        (some, _) => names(some),
    };
    format!("{kubernetes}. Kyverno: {kyverno}.")
}

/// The functions and macros of a library with their signatures, in the order of their names. What
/// only macros call is left out.
fn functions(library: &'static Library) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let named = library
        .overloads
        .iter()
        .map(|overload| (name(overload), overload));
    let by_authors = named.filter(|(name, _)| name == "@in" || !name.contains('@'));
    for (name, overload) in by_authors {
        found
            .entry(name)
            .or_default()
            .push(overload.signature.to_owned());
    }
    for one in library.macros {
        found
            .entry(one.name.to_owned())
            .or_default()
            .push(written(one));
    }
    found
}

/// The name of a function, with its namespace.
fn name(overload: &'static Overload) -> String {
    let call = overload.signature.split('(').next().unwrap_or_default();
    OverloadDecl::read(overload).map_or_else(|| call.to_owned(), |decl| decl.name.to_string())
}

/// A macro as a call: its arguments are expressions.
fn written(of: &Macro) -> String {
    let receiver = if of.is_member { "value." } else { "" };
    let arguments = match of.arguments {
        None => "…".to_owned(),
        Some(count) => {
            let names = ["a", "b", "c", "d"].into_iter().take(count);
            names.collect::<Vec<_>>().join(", ")
        }
    };
    format!("macro {receiver}{}({arguments})", of.name)
}

/// The example of a function: the expression, and what it gives.
fn example(library: &str, function: &str) -> Option<(&'static str, &'static str)> {
    let mut rows = rows();
    rows.find_map(|[of, name, expression, gives]| {
        (of == library && name == function).then_some((expression, gives))
    })
}

/// The rows of the table of examples.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    EXAMPLES.lines().filter_map(|line| {
        let cells: Vec<&str> = line.splitn(4, '\t').collect();
        <[&str; 4]>::try_from(cells).ok()
    })
}

/// Text as code in a cell of a table.
fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text => {
            let fence = if text.contains('`') { "``" } else { "`" };
            format!("{fence}{}{fence}", text.replace('|', "\\|"))
        }
    }
}
