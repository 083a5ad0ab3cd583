//! Plain manifests against the schemas of a Kubernetes version.
//!
//! Files are read and checked in parallel; findings come back in the order of the files. A list
//! is checked item by item. A kind that the version does not have is counted, and named. A policy is
//! also made ready for the engine, and lint looks at it.

use std::{borrow::Cow, cell::OnceCell, collections::BTreeMap, path::Path};

use portcullis_engine::{load, ttl};
use portcullis_schema::{Catalogue, Fault, Segment, Verdict};
use portcullis_yaml::{Document, Limits, Mode, RawDocument};
use rayon::prelude::*;
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, Severity, SourceFile},
    files,
    offline::{objects, places, policies},
    policy_check,
    progress::Progress,
};

/// What is wrong with a kind that the catalogue does not have, an `apiVersion/kind`, and what to do.
#[must_use]
pub fn unknown_kind(catalogue: &Catalogue, name: &str) -> (String, String) {
    let version = catalogue.version();
    let (api_version, kind) = name.rsplit_once('/').unwrap_or(("", name));
    let Some(since) = catalogue.gone_since(api_version, kind) else {
        return (
            format!("Kubernetes {version} has no {name}"),
            "give the CustomResourceDefinition with --crd-paths, or in `crds` of portcullis.yaml"
                .to_owned(),
        );
    };
    let message = format!("{name} is gone since Kubernetes {since}");
    let successor = catalogue.find_kind(kind).iter().max_by_key(|other| {
        let is_stable = !other.version.contains("alpha") && !other.version.contains("beta");
        (is_stable, &other.version)
    });
    let help = match successor {
        Some(other) if other.group.is_empty() => format!("write `apiVersion: {}`", other.version),
        Some(other) => format!("write `apiVersion: {}/{}`", other.group, other.version),
        None => format!("remove it: Kubernetes {version} has no {kind}"),
    };
    (message, help)
}

/// What checking manifests gave.
#[derive(Clone, Debug, Default)]
pub struct ManifestReport {
    /// Objects that are as their kind wants them.
    pub valid: usize,
    /// Objects that are not, or documents that cannot be read.
    pub invalid: usize,
    /// Objects of kinds that are not known, counted by `apiVersion/kind`.
    pub unknown: BTreeMap<String, usize>,
    /// What is wrong, in the order of the files.
    pub findings: Vec<Diagnostic>,
}

impl ManifestReport {
    fn join(mut self, other: ManifestReport) -> ManifestReport {
        self.valid += other.valid;
        self.invalid += other.invalid;
        for (kind, count) in other.unknown {
            *self.unknown.entry(kind).or_default() += count;
        }
        self.findings.extend(other.findings);
        self
    }
}

/// Checks the manifests of files; `strict` makes an unknown kind a finding. Progress counts
/// documents.
#[must_use]
pub fn check_files(
    catalogue: &Catalogue,
    paths: &[(&Path, &Path)],
    strict: bool,
    progress: &Progress,
) -> ManifestReport {
    let reports: Vec<ManifestReport> = paths
        .par_iter()
        .map(|(path, shown)| match files::read_text(path, shown) {
            Ok(file) => check_file(catalogue, &file, strict, progress),
            Err(fault) => ManifestReport {
                invalid: 1,
                findings: vec![fault],
                ..ManifestReport::default()
            },
        })
        .collect();
    reports
        .into_iter()
        .fold(ManifestReport::default(), ManifestReport::join)
}

/// Checks the manifests of one text.
#[must_use]
pub fn check_file(
    catalogue: &Catalogue,
    file: &SourceFile,
    strict: bool,
    progress: &Progress,
) -> ManifestReport {
    let documents: Vec<RawDocument<'_>> = portcullis_yaml::documents(&file.text).collect();
    progress.expect(documents.len());
    let reports: Vec<ManifestReport> = documents
        .par_iter()
        .enumerate()
        .map(|(index, document)| {
            let report = check_document(catalogue, file, (index, document), strict);
            progress.advance(1);
            report
        })
        .collect();
    reports
        .into_iter()
        .fold(ManifestReport::default(), ManifestReport::join)
}

fn check_document(
    catalogue: &Catalogue,
    file: &SourceFile,
    (index, document): (usize, &RawDocument<'_>),
    strict: bool,
) -> ManifestReport {
    let mut report = ManifestReport::default();
    let manifest = Manifest {
        catalogue,
        file,
        index,
        document,
        strict,
        spans: OnceCell::new(),
    };
    match document.read(Mode::Strict, &Limits::default()) {
        Ok(Value::Null) => {}
        Ok(value) => manifest.check(&value, "", &mut report),
        Err(error) => {
            report.invalid += 1;
            report.findings.push(places::not_yaml(file, &error));
        }
    }
    report
}

/// One document, held against the catalogue.
struct Manifest<'d> {
    catalogue: &'d Catalogue,
    file: &'d SourceFile,
    /// Which document of the file it is.
    index: usize,
    document: &'d RawDocument<'d>,
    strict: bool,
    /// Read once, and only where there is something to show.
    spans: OnceCell<Option<Document>>,
}

impl Manifest<'_> {
    fn check(&self, object: &Value, prefix: &str, report: &mut ManifestReport) {
        if objects::is_list(object) {
            let items = object.get("items").and_then(Value::as_array);
            for (index, item) in items.into_iter().flatten().enumerate() {
                let mut item = Cow::Borrowed(item);
                if item.get("kind").is_none() {
                    objects::name_item(item.to_mut(), object);
                }
                self.check(&item, &format!("{prefix}/items/{index}"), report);
            }
            return;
        }
        let name = name_of(object);
        if let Some(message) = ttl::warning(object) {
            report.findings.push(self.ttl(&name, prefix, message));
        }
        match self.catalogue.validate(object) {
            Verdict::Valid => self.usable(object, prefix, report),
            Verdict::Invalid(faults) => {
                report.invalid += 1;
                let found = faults
                    .iter()
                    .map(|fault| self.finding(&name, prefix, fault));
                report.findings.extend(found);
            }
            Verdict::UnknownKind { .. } if is_policy(object, prefix) => {
                self.usable(object, prefix, report)
            }
            Verdict::UnknownKind { api_version, kind } => {
                let unknown = format!("{api_version}/{kind}");
                if self.strict {
                    let finding = self.unknown_kind(&name, prefix, &unknown);
                    report.findings.push(finding);
                }
                *report.unknown.entry(unknown).or_default() += 1;
            }
        }
    }

    /// Counts an object that no schema refuses; a policy is one that the engine can use.
    fn usable(&self, object: &Value, prefix: &str, report: &mut ManifestReport) {
        let mut found = Vec::new();
        if is_policy(object, prefix) {
            found = policies::unusable(self.file, self.index, object);
            if found.is_empty() {
                found = policy_check::advice(self.file, self.index, object, self.catalogue);
            }
        }
        match found.iter().any(|one| one.severity == Severity::Error) {
            true => report.invalid += 1,
            false => report.valid += 1,
        }
        report.findings.extend(found);
    }

    /// The object is let in, so this is no fault.
    fn ttl(&self, name: &str, prefix: &str, message: String) -> Diagnostic {
        let path = ["metadata", "labels", ttl::LABEL];
        let fault = Fault {
            path: path.map(|key| Segment::Key(key.to_owned())).to_vec(),
            at_key: false,
            message,
            suggestion: None,
        };
        let told = self.finding(name, prefix, &fault);
        Diagnostic {
            severity: Severity::Warning,
            ..told.help("nothing deletes the object; write `30s`, `12h`, `1d`, `2w`, or a date such as `2026-01-31`")
        }
    }

    fn unknown_kind(&self, name: &str, prefix: &str, kind: &str) -> Diagnostic {
        let (message, help) = unknown_kind(self.catalogue, kind);
        let fault = Fault {
            path: vec![Segment::Key("kind".to_owned())],
            at_key: false,
            message,
            suggestion: None,
        };
        self.finding(name, prefix, &fault).help(help)
    }

    fn finding(&self, name: &str, prefix: &str, fault: &Fault) -> Diagnostic {
        let pointer = format!("{prefix}{}", fault.pointer());
        let start = self.document.offset;
        let read = self.spans.get_or_init(|| {
            let read = self
                .document
                .read_document(Mode::Lenient, &Limits::default());
            read.ok()
        });
        let span = read.as_ref().map_or(start..start, |read| {
            let span = read.spans.of_pointer(&pointer, fault.at_key);
            span.start + start..span.end + start
        });
        let place = Place {
            file: self.file.clone(),
            span,
        };
        let diagnostic = Diagnostic::error(format!("{name}{}: {}", fault.pointer(), fault.message))
            .at(place, fault.message.clone());
        match &fault.suggestion {
            Some(suggestion) => diagnostic.help(format!("did you mean `{suggestion}`?")),
            None => diagnostic,
        }
    }
}

/// Whether a document of its own is a policy, or what goes with one.
fn is_policy(object: &Value, prefix: &str) -> bool {
    prefix.is_empty() && load::is_known(object)
}

fn name_of(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let namespace = text("/metadata/namespace");
    let separator = if namespace.is_empty() { "" } else { "/" };
    format!(
        "{}/{namespace}{separator}{}",
        text("/kind"),
        text("/metadata/name")
    )
}

#[cfg(test)]
mod tests {
    use super::unknown_kind;

    #[test]
    fn a_kind_that_is_gone_has_words_of_its_own() {
        let catalogue = portcullis_schema::builtin("1.37").unwrap_or_default();
        for (name, wanted, todo) in [
            (
                "extensions/v1beta1/Ingress",
                "extensions/v1beta1/Ingress is gone since Kubernetes 1.22",
                "write `apiVersion: networking.k8s.io/v1`",
            ),
            (
                "policy/v1beta1/PodSecurityPolicy",
                "policy/v1beta1/PodSecurityPolicy is gone since Kubernetes 1.25",
                "remove it: Kubernetes 1.37 has no PodSecurityPolicy",
            ),
            (
                "autoscaling/v2beta2/HorizontalPodAutoscaler",
                "autoscaling/v2beta2/HorizontalPodAutoscaler is gone since Kubernetes 1.26",
                "write `apiVersion: autoscaling/v2`",
            ),
            (
                "v1/Podd",
                "Kubernetes 1.37 has no v1/Podd",
                "give the CustomResourceDefinition with --crd-paths, or in `crds` of portcullis.yaml",
            ),
        ] {
            let (message, help) = unknown_kind(&catalogue, name);
            assert_eq!((message.as_str(), help.as_str()), (wanted, todo));
        }
    }
}
