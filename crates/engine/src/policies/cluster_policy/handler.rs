//! What a rule does: checks, changes, or something that is not evaluated.
//!
//! Of `manifests`, `podSecurity` and `cel` the first that is written counts, in this order; then
//! the body.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;

use super::body::Check;
use super::cel::CelRule;
use super::generate::CompiledGenerate;
use super::manifests::ManifestSignatures;
use super::mutate::Mutation;
use super::pod_security::PodSecurityRule;
use super::verify_images::VerifyImages;
use crate::compile_options::CompileOptions;
use crate::context::query::Names;
use crate::response::RuleType;

/// What a rule does.
#[derive(Debug)]
pub(super) enum Handler {
    Validate(Check),
    PodSecurity(Box<PodSecurityRule>),
    Cel(Box<CelRule>),
    Manifests(Box<ManifestSignatures>),
    Generate(CompiledGenerate),
    Mutate(Box<Mutation>),
    VerifyImages(Box<VerifyImages>),
    /// Something that is not evaluated.
    Missing(RuleType, &'static str),
    /// Nothing at all.
    Nothing,
}

impl Handler {
    pub(super) fn compile(
        rule: &api::Rule,
        policy: &api::Policy,
        path: &str,
        names: &Arc<Names>,
        options: &CompileOptions,
    ) -> Result<Handler, Vec<(String, String)>> {
        if let (RuleType::Generation, Some(generate)) = (rule_type(rule), &rule.generate) {
            return Ok(Handler::Generate(CompiledGenerate::compile(
                generate,
                &policy.spec,
                names,
                options,
            )));
        }
        let Some(validate) = &rule.validate else {
            if let Some(mutate) = &rule.mutate {
                let namespace = policy.metadata.namespace.as_deref();
                let mutation = Mutation::compile(mutate, namespace, names, options);
                return Ok(Handler::Mutate(Box::new(mutation)));
            }
            return Ok(match rule_type(rule) {
                RuleType::Validation | RuleType::Mutation | RuleType::Deletion => Handler::Nothing,
                RuleType::Generation => Handler::Missing(RuleType::Generation, "`generate`"),
                RuleType::ImageVerify => {
                    Handler::VerifyImages(Box::new(VerifyImages::compile(rule, names)))
                }
            });
        };
        let manifests = validate.manifests.as_ref();
        if let Some(manifests) = manifests.filter(|manifests| !manifests.attestors.is_empty()) {
            let signatures = ManifestSignatures::compile(manifests);
            return Ok(Handler::Manifests(Box::new(signatures)));
        }
        if let Some(standard) = &validate.pod_security {
            return PodSecurityRule::compile(standard, rule, path, options)
                .map(|rule| Handler::PodSecurity(Box::new(rule)));
        }
        if let Some(cel) = &validate.cel {
            return CelRule::compile(rule, cel, path, options)
                .map(|rule| Handler::Cel(Box::new(rule)));
        }
        if !rule.cel_preconditions.is_empty() {
            return Ok(Handler::Missing(RuleType::Validation, "`celPreconditions`"));
        }
        Ok(match Check::compile(validate, names) {
            Check::Nothing => Handler::Nothing,
            check => Handler::Validate(check),
        })
    }
}

fn rule_type(rule: &api::Rule) -> RuleType {
    if rule.validate.is_some() {
        RuleType::Validation
    } else if rule.mutate.is_some() {
        RuleType::Mutation
    } else if rule.generate.is_some() {
        RuleType::Generation
    } else if rule.verify_images.is_empty() {
        RuleType::Validation
    } else {
        RuleType::ImageVerify
    }
}
