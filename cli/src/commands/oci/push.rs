//! `portcullis oci push PATH… --image IMAGE`.

use std::{collections::HashSet, io, path::PathBuf};

use portcullis_engine::{compile_options::CompileOptions, load};
use portcullis_images::PolicyLayer;
use portcullis_pipeline::{
    diagnostic::{Diagnostic, Severity, SourceFile},
    offline::{
        self, Overrides,
        objects::text,
        policies::{self, LoadedPolicies},
    },
};
use portcullis_values::image_ref::RegistryReference;
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::{Done, image};
use crate::{
    commands::registry_connection::{RegistryConnection, fault},
    output::console::Console,
};

/// Keep the policies of files and folders in a registry: each as it is written, in a layer of its own.
/// Nothing is sent where one of them would be refused.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis oci push policies/ --image ghcr.io/shop/policies:1.0"
)]
pub struct Args {
    /// Files and folders of policies.
    #[arg(
        value_name = "PATH",
        required_unless_present = "policy",
        conflicts_with = "policy"
    )]
    pub paths: Vec<PathBuf>,
    /// A file or folder of policies.
    #[arg(short, long, value_name = "PATH", hide = true)]
    pub policy: Vec<PathBuf>,
    /// The image to keep them in, with its tag.
    #[arg(short, long, value_name = "IMAGE", value_parser = image)]
    pub image: RegistryReference,
    #[command(flatten)]
    connection: RegistryConnection,
}

pub(super) fn run(args: &Args, console: &mut Console) -> io::Result<Done> {
    let paths = [args.paths.as_slice(), args.policy.as_slice()].concat();
    let layers = match layers(&paths) {
        Ok(layers) => layers,
        Err(faults) => return Ok(Err(faults)),
    };
    let registries = match args.connection.registry() {
        Ok(registries) => registries,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    let at = &args.image;
    let digest = match registries.push(at, &layers) {
        Ok(digest) => digest,
        Err(error) => return Ok(Err(vec![fault(&error)])),
    };
    for layer in &layers {
        console.talk(&format!("pushed {} {}\n", layer.kind, layer.name))?;
    }
    // The name that does not move, for whoever pulls or signs it.
    let repository = format!("{}/{}", at.registry(), at.repository());
    console.data(&format!("{repository}@{digest}\n")).map(Ok)
}

/// The policies of files, each with its text.
fn layers(paths: &[PathBuf]) -> Result<Vec<PolicyLayer>, Vec<Diagnostic>> {
    let loaded = policies::load(paths, &Overrides::new());
    let mut faults = loaded.errors.clone();
    let nothing = LoadedPolicies::default();
    let (_, refused) = loaded.compile(&nothing, &CompileOptions::default());
    faults.extend(loaded.refusals(&nothing, &refused));
    faults.retain(|fault| fault.severity == Severity::Error);
    let (mut known, mut layers) = (HashSet::new(), Vec::new());
    for path in paths {
        for path in offline::yaml_files(path).unwrap_or_default() {
            match offline::read(&path, &Overrides::new()) {
                Ok(file) => add(&file, &mut known, &mut layers, &mut faults),
                Err(fault) => faults.push(fault),
            }
        }
    }
    if layers.is_empty() && faults.is_empty() {
        let names = paths.iter().map(|path| path.display().to_string());
        let names = names.collect::<Vec<_>>().join(", ");
        let none = Diagnostic::error(format!("{names}: there is no policy in it"));
        faults.push(none.help("name files and folders of policies").unusable());
    }
    match faults.is_empty() {
        true => Ok(layers),
        false => Err(faults),
    }
}

/// API version, kind, namespace and name.
type Identity = [String; 4];

fn add(
    file: &SourceFile,
    known: &mut HashSet<Identity>,
    layers: &mut Vec<PolicyLayer>,
    faults: &mut Vec<Diagnostic>,
) {
    for document in portcullis_yaml::documents(&file.text) {
        // What cannot be read is among the faults already.
        let Ok(value) = document.read(Mode::Lenient, &Limits::default()) else {
            continue;
        };
        if is_list(&value) {
            let path = file.path.display();
            let list = format!("{path}: a List is not kept in a registry");
            faults.push(Diagnostic::error(list).help("write each policy as its own document"));
        } else if load::is_known(&value) {
            let pointers = [
                "/apiVersion",
                "/kind",
                "/metadata/namespace",
                "/metadata/name",
            ];
            let identity = pointers.map(|pointer| text(&value, pointer).to_owned());
            if !known.insert(identity) {
                let (kind, name) = (text(&value, "/kind"), text(&value, "/metadata/name"));
                let path = file.path.display();
                let twice = format!("{path}: {kind} `{name}` is there twice");
                faults.push(Diagnostic::error(twice).help("take one of them away"));
            }
            layers.push(PolicyLayer {
                api_version: text(&value, "/apiVersion").to_owned(),
                kind: text(&value, "/kind").to_owned(),
                name: text(&value, "/metadata/name").to_owned(),
                content: document.text.as_bytes().to_vec(),
            });
        }
    }
}

fn is_list(document: &Value) -> bool {
    text(document, "/kind") == "List"
}
