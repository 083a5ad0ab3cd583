//! `cargo xtask definitions`: writes `schemas/crds/*.yaml`, the CustomResourceDefinitions of this
//! tool's kinds, from the types of the `api` crate.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use portcullis_api::custom_resources::OWN;
use portcullis_cli::output::objects::yaml;

/// Folder of the definitions.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/crds")
}

/// Writes the definitions, and says which files changed.
pub(crate) fn write(folder: &Path) -> io::Result<Vec<String>> {
    let changed = changed(folder);
    fs::create_dir_all(folder)?;
    for (name, text) in generated() {
        fs::write(folder.join(name), text)?;
    }
    Ok(changed)
}

fn generated() -> impl Iterator<Item = (String, String)> {
    OWN.iter().filter_map(|kind| {
        let definition = kind.definition()?;
        Some((format!("{}.yaml", kind.name()), yaml(&definition)))
    })
}

fn changed(folder: &Path) -> Vec<String> {
    let differs = |(name, text): &(String, String)| {
        fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text)
    };
    generated().filter(differs).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_definitions_are_the_generated_ones() {
        if std::env::var_os("UPDATE").is_some() {
            write(&folder()).expect("definitions are written");
        }
        let changed = changed(&folder());
        assert!(
            changed.is_empty(),
            "{changed:?} differ from what the types say; run `cargo xtask definitions`"
        );
    }
}
