//! JSON Schemas (2020-12) of every file that a person writes, generated from the types of this crate.
//!
//! A document covers one or more pairs of `apiVersion` and `kind`. Its `$id` is
//! `https://portcullis.io/schemas/<file>`; editors find it through a first line such as
//! `# yaml-language-server: $schema=../../schemas/environment.json`.

mod older_versions;
mod plain;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::admission_policy::{
    AdmissionPolicyBinding, MutatingAdmissionPolicy, ValidatingAdmissionPolicy,
};
use crate::cel_policy_exception::CelPolicyException;
use crate::cleanup_policy::CleanupPolicy;
use crate::cluster_policy::Policy;
use crate::cluster_policy::conditions::conditions_without_in;
use crate::cluster_resource::ClusterResource;
use crate::context_file::Context;
use crate::deleting_policy::DeletingPolicy;
use crate::environment::Environment;
use crate::generating_policy::GeneratingPolicy;
use crate::global_context_entry::GlobalContextEntry;
use crate::image_validating_policy::ImageValidatingPolicy;
use crate::mutating_policy::MutatingPolicy;
use crate::open_report::OpenReport;
use crate::parameters::Parameters;
use crate::policy_exception::PolicyException;
use crate::policy_report::PolicyReport;
use crate::policy_source::PolicySource;
use crate::test_file::Test;
use crate::user_info::UserInfo;
use crate::validating_policy::ValidatingPolicy;
use crate::values_file::Values;
use crate::workspace::Workspace;

use self::plain::Plain;

/// A schema, its file, and what it is for.
#[derive(Clone, Debug)]
pub struct SchemaDocument {
    /// Name of the file in `schemas/`.
    pub file_name: &'static str,
    /// Pairs of `apiVersion` and `kind` that the schema is for.
    pub resources: Vec<(&'static str, &'static str)>,
    /// The schema.
    pub schema: Schema,
}

impl SchemaDocument {
    /// Whether the schema is for this `apiVersion` and `kind`.
    #[must_use]
    pub fn covers(&self, api_version: &str, kind: &str) -> bool {
        self.resources.contains(&(api_version, kind))
    }
}

const CEL_V1: &str = "policies.kyverno.io/v1";
const CEL_V1BETA1: &str = "policies.kyverno.io/v1beta1";
const CEL_V1ALPHA1: &str = "policies.kyverno.io/v1alpha1";
const CLI: &[&str] = &["cli.kyverno.io/v1alpha1"];
const KYVERNO_V2: &[&str] = &["kyverno.io/v2", "kyverno.io/v2beta1"];
const NATIVE: &[&str] = &[
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1beta1",
    "admissionregistration.k8s.io/v1alpha1",
];
const OURS: &[&str] = &["portcullis.io/v1alpha1"];

/// Every schema, in the order of their files.
#[must_use]
pub fn schema_documents() -> Vec<SchemaDocument> {
    let mut documents = policy_documents();
    documents.extend(cel_policy_documents());
    documents.extend(file_documents());
    documents.sort_by_key(|document| document.file_name);
    documents
}

fn policy_documents() -> Vec<SchemaDocument> {
    let policies = ["ClusterPolicy", "Policy"];
    let bindings = [
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicyBinding",
    ];
    let context = ["GlobalContextEntry"];
    let mut policy_v2beta1 = document::<Policy>(
        "clusterpolicy-v2beta1.json",
        pairs(&["kyverno.io/v2beta1"], &policies),
    );
    let conditions = conditions_without_in(&mut SchemaSettings::draft2020_12().into_generator());
    older_versions::policy_v2beta1(&mut policy_v2beta1.schema, &plain(conditions));
    let mut context_v2 = document::<GlobalContextEntry>(
        "globalcontextentry-v2.json",
        pairs(&["kyverno.io/v2"], &context),
    );
    older_versions::global_context_v2(&mut context_v2.schema);
    vec![
        document::<Policy>(
            "clusterpolicy-v1.json",
            pairs(&["kyverno.io/v1"], &policies),
        ),
        policy_v2beta1,
        document::<PolicyException>(
            "policyexception-kyverno.json",
            pairs(KYVERNO_V2, &["PolicyException"]),
        ),
        document::<CleanupPolicy>(
            "cleanuppolicy.json",
            pairs(KYVERNO_V2, &["CleanupPolicy", "ClusterCleanupPolicy"]),
        ),
        context_v2,
        document::<GlobalContextEntry>(
            "globalcontextentry-v2beta1.json",
            pairs(&["kyverno.io/v2beta1", "kyverno.io/v2alpha1"], &context),
        ),
        document::<ValidatingAdmissionPolicy>(
            "validatingadmissionpolicy.json",
            pairs(NATIVE, &["ValidatingAdmissionPolicy"]),
        ),
        document::<MutatingAdmissionPolicy>(
            "mutatingadmissionpolicy.json",
            pairs(NATIVE, &["MutatingAdmissionPolicy"]),
        ),
        document::<AdmissionPolicyBinding>("admissionpolicybinding.json", pairs(NATIVE, &bindings)),
        document::<PolicyReport>(
            "policyreport.json",
            pairs(
                &["wgpolicyk8s.io/v1alpha2"],
                &["PolicyReport", "ClusterPolicyReport"],
            ),
        ),
        document::<OpenReport>(
            "report.json",
            pairs(&["openreports.io/v1alpha1"], &["Report", "ClusterReport"]),
        ),
    ]
}

fn cel_policy_documents() -> Vec<SchemaDocument> {
    let exceptions = pairs(&[CEL_V1, CEL_V1BETA1, CEL_V1ALPHA1], &["PolicyException"]);
    vec![
        document::<ValidatingPolicy>(
            "validatingpolicy.json",
            cel_pairs("ValidatingPolicy", "NamespacedValidatingPolicy"),
        ),
        document::<MutatingPolicy>(
            "mutatingpolicy.json",
            cel_pairs("MutatingPolicy", "NamespacedMutatingPolicy"),
        ),
        document::<GeneratingPolicy>(
            "generatingpolicy.json",
            cel_pairs("GeneratingPolicy", "NamespacedGeneratingPolicy"),
        ),
        document::<DeletingPolicy>(
            "deletingpolicy.json",
            cel_pairs("DeletingPolicy", "NamespacedDeletingPolicy"),
        ),
        document::<ImageValidatingPolicy>(
            "imagevalidatingpolicy.json",
            cel_pairs("ImageValidatingPolicy", "NamespacedImageValidatingPolicy"),
        ),
        document::<CelPolicyException>("policyexception-policies.json", exceptions),
    ]
}

fn file_documents() -> Vec<SchemaDocument> {
    vec![
        document::<Test>("test.json", pairs(CLI, &["Test"])),
        document::<Values>("values.json", pairs(CLI, &["Values", "Value"])),
        document::<UserInfo>("userinfo.json", pairs(CLI, &["UserInfo"])),
        document::<Context>("context.json", pairs(CLI, &["Context"])),
        document::<ClusterResource>("clusterresource.json", pairs(CLI, &["ClusterResource"])),
        document::<Workspace>("workspace.json", pairs(OURS, &["Workspace"])),
        document::<Environment>("environment.json", pairs(OURS, &["Environment"])),
        document::<Parameters>("parameters.json", pairs(OURS, &["Parameters"])),
        document::<PolicySource>("policysource.json", pairs(OURS, &["PolicySource"])),
    ]
}

/// Each version with each kind.
fn pairs(versions: &[&'static str], kinds: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    versions
        .iter()
        .flat_map(|version| kinds.iter().map(|kind| (*version, *kind)))
        .collect()
}

/// The versions of a CEL kind; the namespaced kinds came after `v1alpha1`.
fn cel_pairs(cluster: &'static str, namespaced: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut all = pairs(&[CEL_V1, CEL_V1BETA1], &[cluster, namespaced]);
    all.push((CEL_V1ALPHA1, cluster));
    all
}

fn document<T: JsonSchema>(
    file_name: &'static str,
    resources: Vec<(&'static str, &'static str)>,
) -> SchemaDocument {
    let generator = SchemaSettings::draft2020_12()
        .with_transform(Plain)
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert(
        "$id".to_owned(),
        json!(format!("https://portcullis.io/schemas/{file_name}")),
    );
    set_head(
        &mut schema,
        "apiVersion",
        resources.iter().map(|(version, _)| *version),
    );
    set_head(&mut schema, "kind", resources.iter().map(|(_, kind)| *kind));
    for field in ["/properties/metadata", "/properties/spec"] {
        if let Some(Value::Object(field)) = schema.pointer_mut(field) {
            field.remove("default");
        }
    }
    SchemaDocument {
        file_name,
        resources,
        schema,
    }
}

/// Names the allowed values of `apiVersion` or `kind`, in place of a reference to their type.
fn set_head<'a>(schema: &mut Schema, field: &str, values: impl Iterator<Item = &'a str>) {
    let mut allowed: Vec<&str> = Vec::new();
    for value in values {
        if !allowed.contains(&value) {
            allowed.push(value);
        }
    }
    let Some(Value::Object(head)) = schema.pointer_mut(&format!("/properties/{field}")) else {
        return;
    };
    let reference = head.remove("$ref");
    head.insert("type".to_owned(), json!("string"));
    head.insert("enum".to_owned(), json!(allowed));
    let definition = reference
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|text| text.strip_prefix("#/$defs/"));
    if let (Some(name), Some(Value::Object(definitions))) = (definition, schema.get_mut("$defs")) {
        definitions.remove(name);
    }
}

fn plain(mut schema: Schema) -> Schema {
    schemars::transform::Transform::transform(&mut Plain, &mut schema);
    schema
}
