//! `cargo xtask definitions`: writes the CustomResourceDefinitions of the chart, those of this tool's
//! kinds, of Kyverno's and of reports, from the types of the `api` crate.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use portcullis_api::custom_resources::{KYVERNO, OWN};

/// Folder of the definitions.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/portcullis/definitions")
}

/// Writes the definitions, and says which files changed.
pub(crate) fn write(folder: &Path) -> io::Result<Vec<String>> {
    let changed = changed(folder);
    for (name, text) in generated() {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    Ok(changed)
}

fn generated() -> impl Iterator<Item = (String, String)> {
    let own = OWN
        .iter()
        .map(|kind| ("portcullis", kind.name(), kind.definition()));
    let kyverno = KYVERNO.iter().map(|kind| {
        let of = match kind.stored.group {
            "wgpolicyk8s.io" => "reports",
            _ => "kyverno",
        };
        (of, kind.stored.name(), kind.definition())
    });
    own.chain(kyverno).filter_map(|(of, name, definition)| {
        Some((
            format!("{of}/{name}.yaml"),
            portcullis_yaml::write(&definition?),
        ))
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
