//! The attestors of a policy, and what is asked of them while it is evaluated.

use std::{cell::RefCell, collections::BTreeMap};

use portcullis_api::{
    cluster_policy::{
        Attestor, CertificateAttestor, ImageVerification, KeylessAttestor, StaticKeyAttestor,
    },
    image_validating_policy::{
        CelAttestation, CelAttestor, CosignAttestor, CosignIdentity, TextOrExpression,
    },
};
use portcullis_cel::types::Type;
use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use serde_json::Value as Json;

use super::{evidence::Evidence, images::ImageMatcher};
use crate::cel::{
    compiler::{Compiler, PlacedProgram},
    host::ImageQuestions,
    scope::Scope,
};
use crate::context::{
    image_verification::{ImageVerificationRequest, VerifyOutcome},
    source::ContextSource,
};

/// An attestor, ready to be asked: each of its identities suffices.
#[derive(Debug)]
pub(super) struct Signer {
    name: String,
    written: CelAttestor,
    /// Keys and certificates that expressions give, by the field that takes them.
    computed: Vec<(Field, PlacedProgram)>,
}

/// The parts of an attestor that an expression may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Key,
    Certificate,
    CertificateChain,
    Subject(usize),
    Notary,
}

/// Makes attestors ready; what is wrong with them is kept by the compiler.
pub(super) fn compile(compiler: &mut Compiler, written: &[CelAttestor]) -> Vec<Signer> {
    let written = written.iter().enumerate();
    written
        .map(|(index, written)| {
            let path = format!("spec.attestors[{index}]");
            refuse_doubt(compiler, &path, written);
            let mut computed = Vec::new();
            for (field, at, expression) in expressions(written) {
                let path = format!("{path}.{at}");
                let program = compiler.expression(&path, &expression, &[Type::String]);
                computed.extend(program.map(|program| (field, program)));
            }
            Signer {
                name: written.name.clone(),
                written: written.clone(),
                computed,
            }
        })
        .collect()
}

/// Keeps an attestor that is nobody or two, and a certificate that is written and computed.
fn refuse_doubt(compiler: &mut Compiler, path: &str, written: &CelAttestor) {
    if written.cosign.is_some() == written.notary.is_some() {
        let problem = "expected cosign or notary, and only one of them";
        compiler.fault(path.to_owned(), problem.to_owned());
    }
    let cosign = written.cosign.as_ref();
    let certificate = cosign.and_then(|cosign| cosign.certificate.as_ref());
    let notary = written.notary.as_ref();
    for (at, text) in [
        (
            "cosign.certificate.cert",
            certificate.and_then(|of| of.cert.as_ref()),
        ),
        (
            "cosign.certificate.certChain",
            certificate.and_then(|of| of.cert_chain.as_ref()),
        ),
        ("notary.certs", notary.and_then(|of| of.certs.as_ref())),
        (
            "notary.tsaCerts",
            notary.and_then(|of| of.tsa_certs.as_ref()),
        ),
    ] {
        if text.is_some_and(|of| of.value.is_some() && of.expression.is_some()) {
            let problem = "expected value or expression, and only one of them";
            compiler.fault(format!("{path}.{at}"), problem.to_owned());
        }
    }
}

fn expressions(attestor: &CelAttestor) -> Vec<(Field, String, String)> {
    let mut found = Vec::new();
    let mut add = |field, path: &str, text: Option<&String>| {
        let text = text.filter(|text| !text.is_empty());
        found.extend(text.map(|text| (field, path.to_owned(), text.clone())));
    };
    let of = |text: &Option<TextOrExpression>| text.as_ref().and_then(|one| one.expression.clone());
    if let Some(cosign) = &attestor.cosign {
        let key = cosign.key.as_ref().and_then(|key| key.expression.as_ref());
        add(Field::Key, "cosign.key.expression", key);
        if let Some(certificate) = &cosign.certificate {
            let (cert, chain) = (of(&certificate.cert), of(&certificate.cert_chain));
            add(
                Field::Certificate,
                "cosign.certificate.cert.expression",
                cert.as_ref(),
            );
            let path = "cosign.certificate.certChain.expression";
            add(Field::CertificateChain, path, chain.as_ref());
        }
        let identities = cosign
            .keyless
            .iter()
            .flat_map(|keyless| &keyless.identities);
        for (index, identity) in identities.enumerate() {
            let path = format!("cosign.keyless.identities[{index}].subjectExpression");
            add(
                Field::Subject(index),
                &path,
                identity.subject_expression.as_ref(),
            );
        }
    }
    if let Some(notary) = &attestor.notary {
        add(
            Field::Notary,
            "notary.certs.expression",
            of(&notary.certs).as_ref(),
        );
    }
    found
}

impl Signer {
    /// The name, as `attestors.<name>`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the attestor is to those who verify.
    fn resolve<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<Vec<Attestor>, String> {
        let mut computed = Vec::new();
        for (field, program) in &self.computed {
            let value = scope.evaluate(program).map_err(|error| error.message)?;
            let text = value.to_json()?.as_str().unwrap_or_default().to_owned();
            computed.push((*field, text));
        }
        let given = |field: Field, written: Option<&String>| {
            let found = computed.iter().find(|(of, _)| *of == field);
            found.map(|(_, text)| text.clone()).or(written.cloned())
        };
        let mut all = Vec::new();
        if let Some(notary) = &self.written.notary {
            let written = notary.certs.as_ref().and_then(|certs| certs.value.as_ref());
            all.push(Attestor {
                certificates: Some(CertificateAttestor {
                    cert: given(Field::Notary, written),
                    ..CertificateAttestor::default()
                }),
                ..Attestor::default()
            });
        }
        if let Some(cosign) = &self.written.cosign {
            all.extend(of_cosign(cosign, &given));
        }
        Ok(all)
    }
}

fn of_cosign(
    cosign: &CosignAttestor,
    given: &dyn Fn(Field, Option<&String>) -> Option<String>,
) -> Vec<Attestor> {
    let mut all = Vec::new();
    if let Some(key) = &cosign.key {
        all.push(Attestor {
            keys: Some(StaticKeyAttestor {
                public_keys: given(Field::Key, key.data.as_ref()),
                kms: key.kms.clone(),
                ..StaticKeyAttestor::default()
            }),
            signature_algorithm: key.hash_algorithm.clone(),
            ..Attestor::default()
        });
    }
    if let Some(certificate) = &cosign.certificate {
        let text = |of: &Option<TextOrExpression>| of.as_ref().and_then(|one| one.value.clone());
        let (cert, chain) = (text(&certificate.cert), text(&certificate.cert_chain));
        all.push(Attestor {
            certificates: Some(CertificateAttestor {
                cert: given(Field::Certificate, cert.as_ref()),
                cert_chain: given(Field::CertificateChain, chain.as_ref()),
                ..CertificateAttestor::default()
            }),
            ..Attestor::default()
        });
    }
    if let Some(keyless) = &cosign.keyless {
        let identities = keyless.identities.iter().enumerate();
        all.extend(identities.map(|(index, identity)| {
            let CosignIdentity {
                issuer,
                issuer_reg_exp,
                subject_reg_exp,
                ..
            } = identity.clone();
            Attestor {
                keyless: Some(KeylessAttestor {
                    issuer,
                    issuer_reg_exp,
                    subject: given(Field::Subject(index), identity.subject.as_ref()),
                    subject_reg_exp,
                    roots: keyless.roots.clone(),
                    additional_extensions: keyless.additional_extensions.clone(),
                    ..KeylessAttestor::default()
                }),
                ..Attestor::default()
            }
        }));
    }
    for attestor in &mut all {
        attestor.annotations.clone_from(&cosign.annotations);
        attestor.repository = cosign
            .source
            .as_ref()
            .and_then(|source| source.repository.clone());
    }
    all
}

/// The questions of one evaluation.
pub(super) struct Questions<'q> {
    source: &'q dyn ContextSource,
    matcher: &'q ImageMatcher,
    attestors: Vec<(&'q str, Result<Vec<Attestor>, String>)>,
    attestations: &'q [CelAttestation],
    verification: ImageVerification,
    evidence: &'q Evidence,
    /// What verified statements say, by image and attestation.
    payloads: RefCell<BTreeMap<(String, String), Json>>,
}

impl<'q> Questions<'q> {
    /// Attestors whose keys expressions give are computed here.
    pub(super) fn new<'a: 'q>(
        (source, evidence): (&'q dyn ContextSource, &'q Evidence),
        matcher: &'q ImageMatcher,
        signers: &'a [Signer],
        attestations: &'q [CelAttestation],
        scope: &Scope<'_, 'a>,
    ) -> Questions<'q> {
        let signers = signers.iter();
        Questions {
            source,
            matcher,
            attestors: signers
                .map(|one| (one.name(), one.resolve(scope)))
                .collect(),
            attestations,
            verification: ImageVerification::default(),
            evidence,
            payloads: RefCell::default(),
        }
    }

    /// The type of a statement, by the name that the policy gives it.
    fn type_of(&self, attestation: &str) -> Result<&str, String> {
        let mut known = self.attestations.iter();
        let found = known.find(|one| one.name == attestation);
        let found = found.and_then(|one| one.intoto.as_ref().or(one.referrer.as_ref()));
        found
            .map(|one| one.r#type.as_str())
            .ok_or_else(|| format!("the policy has no attestation `{attestation}` with a type"))
    }
}

impl ImageQuestions for Questions<'_> {
    fn verify(
        &self,
        image: &str,
        attestor: &str,
        attestation: Option<&str>,
    ) -> Result<bool, String> {
        if !self.matcher.matches(image)? {
            return Ok(false);
        }
        let mut known = self.attestors.iter();
        let Some((name, identities)) = known.find(|(name, _)| *name == attestor) else {
            return Err(format!("the policy has no attestor `{attestor}`"));
        };
        let info = ImageInfo::parse(image, &ImageOptions::default());
        let info = info.map_err(|error| format!("`{image}`: {error}"))?;
        let kind = attestation.map(|name| self.type_of(name)).transpose()?;
        for identity in identities.as_ref().map_err(Clone::clone)? {
            let outcome = self.source.verify(&ImageVerificationRequest {
                image: &info,
                verification: &self.verification,
                attestor_name: Some(name),
                attestor: identity,
                attestation: kind,
            });
            match outcome {
                VerifyOutcome::Verified(found) => {
                    if let (Some(name), Some(kind)) = (attestation, kind) {
                        let mut said = found.statements.into_iter();
                        let Some(statement) = said.find(|one| one.r#type == kind) else {
                            continue;
                        };
                        let key = (image.to_owned(), name.to_owned());
                        self.payloads.borrow_mut().insert(key, statement.predicate);
                    }
                    self.evidence.verified(image);
                    return Ok(true);
                }
                VerifyOutcome::NotVerified(_) => self.evidence.refused(image),
                VerifyOutcome::Failed(reason) => return Err(reason),
                VerifyOutcome::Unavailable => {
                    return Err(format!("nobody can be asked here who signed `{image}`"));
                }
            }
        }
        Ok(false)
    }

    fn payload(&self, image: &str, attestation: &str) -> Result<Json, String> {
        let key = (image.to_owned(), attestation.to_owned());
        self.payloads.borrow().get(&key).cloned().ok_or_else(|| {
            format!("`{attestation}` of `{image}` is not verified; call verifyAttestationSignatures first")
        })
    }
}
