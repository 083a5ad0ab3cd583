//! `portcullis oci pull [DIRECTORY] --image IMAGE`.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use portcullis_images::{Bundle, BundleFile};
use portcullis_pipeline::diagnostic::Diagnostic;
use portcullis_values::image_ref::RegistryReference;

use super::{Done, image};
use crate::{
    commands::registry_connection::{RegistryConnection, fault},
    output::console::Console,
};

/// Write the policies of an image into a folder, each as it was pushed. A file that is there and says
/// something else is left, and nothing is written then.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis oci pull --image ghcr.io/shop/policies:1.0 fetched/"
)]
pub struct Args {
    /// The folder, which is made where it is not there.
    #[arg(value_name = "DIRECTORY", conflicts_with = "directory")]
    pub folder: Option<PathBuf>,
    /// The folder.
    #[arg(short, long, value_name = "DIRECTORY", hide = true)]
    pub directory: Option<PathBuf>,
    /// The image that they are in, with its tag or digest.
    #[arg(short, long, value_name = "IMAGE", value_parser = image)]
    pub image: RegistryReference,
    /// Write over files that say something else.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    connection: RegistryConnection,
}

pub(super) fn run(args: &Args, console: &mut Console) -> io::Result<Done> {
    let folder = args.folder.as_ref().or(args.directory.as_ref());
    let folder = folder.map_or(Path::new("."), PathBuf::as_path);
    let bundle = match bundle(args) {
        Ok(bundle) => bundle,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    let faults: Vec<Diagnostic> = bundle
        .files
        .iter()
        .filter_map(|file| hindrance(folder, file, args.force))
        .collect();
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    for file in &bundle.files {
        let path = folder.join(&file.path);
        let done = match write(&path, &file.content) {
            Ok(done) => done,
            Err(error) => return Ok(Err(vec![Diagnostic::unreadable(&path, &error)])),
        };
        let objects = file.objects.join(", ");
        console.talk(&format!("{done} {}: {objects}\n", path.display()))?;
    }
    let at = &args.image;
    let (repository, digest) = (at.repository(), &bundle.digest);
    let name = format!("{}/{repository}@{digest}\n", at.registry());
    console.data(&name).map(Ok)
}

fn bundle(args: &Args) -> Result<Bundle, Diagnostic> {
    let registries = args.connection.registry()?;
    let pulled = registries.pull(&args.image);
    pulled.map_err(|error| fault(&error))
}

/// Why a file cannot be written; nothing on its way may be a link.
fn hindrance(folder: &Path, file: &BundleFile, force: bool) -> Option<Diagnostic> {
    let mut path = folder.to_owned();
    let mut parts = file.path.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let is_last = parts.peek().is_none();
        let told = |what: &str| Diagnostic::error(format!("{}: {what}", path.display()));
        let found = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => return Some(Diagnostic::unreadable(&path, &error)),
        };
        let help = "choose another folder, or take it away";
        if found.is_symlink() {
            return Some(told("there is a link in the way").help(help));
        }
        if found.is_dir() == is_last {
            let what = if is_last { "folder" } else { "file" };
            return Some(told(&format!("there is a {what} in the way")).help(help));
        }
        if is_last && !force && !is_same(&path, &file.content) {
            let told = told("there is a file of this name, which says something else");
            return Some(told.help("choose another folder, or write over it with `--force`"));
        }
    }
    None
}

fn is_same(path: &Path, content: &[u8]) -> bool {
    fs::read(path).is_ok_and(|found| found == content)
}

/// Writes a file; what is the same already is left as it is.
fn write(path: &Path, content: &[u8]) -> io::Result<&'static str> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut new = OpenOptions::new();
    match new.write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(content).map(|()| "wrote"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if is_same(path, content) {
                return Ok("unchanged");
            }
            fs::write(path, content).map(|()| "wrote")
        }
        Err(error) => Err(error),
    }
}
