//! Exceptions of `policies.kyverno.io`: which of them let a request off a policy, and what they allow.
//!
//! An exception names policies by name and kind, and holds for the requests that its `matchConditions`
//! hold for, until it expires. One without `images` and `allowedValues` lets the request off the whole
//! policy; the others only say what is allowed, which expressions read as
//! `exceptions.allowedImages` and `exceptions.allowedValues`.
//!
//! What reports say of a request that is let off is decided by the exception with the highest label
//! `polex.kyverno.io/priority`, or else by the first.

use portcullis_api::{
    cel_policy_exception::{CelPolicyException, ExceptionResult},
    metadata::ObjectMeta,
};
use portcullis_cel::{
    host::Host,
    value::{Key, List, Map, Value},
};

use super::{
    compiler::{Compiler, PlacedProgram},
    environment::{Flavour, environment},
    preamble,
    scope::{RequestScope, Scope},
};
use crate::{
    compile_options::CompileError,
    context::source::ContextSource,
    exceptions::{ExpiryError, Nanoseconds, expires, expiry_of},
    policy_info::PolicyInfo,
    response::{ExceptionName, RuleDetail, RuleResponse, RuleStatus, RuleType},
};

/// The label that says whose `reportResult` counts.
const PRIORITY: &str = "polex.kyverno.io/priority";

/// The exceptions of one policy, ready to run, in the order in which they were given.
#[derive(Debug, Default)]
pub struct Exceptions {
    all: Vec<Exception>,
    /// Whether one whose conditions cannot be decided does not hold, as `failurePolicy: Ignore` has it.
    ignores_errors: bool,
}

/// An exception that names the policy.
#[derive(Debug)]
struct Exception {
    name: ExceptionName,
    conditions: Vec<PlacedProgram>,
    images: Vec<String>,
    values: Vec<String>,
    result: RuleStatus,
    priority: i64,
    expires: Option<Nanoseconds>,
}

/// What the exceptions of a policy mean for a request.
#[derive(Debug)]
pub enum Leave<'a> {
    /// None holds for it.
    Nothing,
    /// Those that hold allow certain images and values: what `exceptions` is.
    Parts(Value<'a>),
    /// It is let off the policy: the status, message and names of the policy's response.
    Whole(Exemption),
}

/// Leave to break a policy as a whole.
#[derive(Debug)]
pub struct Exemption {
    status: RuleStatus,
    names: Vec<ExceptionName>,
}

impl Exceptions {
    /// The exceptions that name a policy; what is wrong with one is told, and it then lets nothing off.
    #[must_use]
    pub fn of_policy(
        info: &PolicyInfo,
        flavour: Flavour,
        written: &[&CelPolicyException],
        unusable: &mut Vec<CompileError>,
    ) -> Exceptions {
        let named = written.iter().filter(|exception| names(exception, info));
        let ready = named.filter_map(|exception| match Exception::compile(exception, flavour) {
            Ok(exception) => Some(exception),
            Err(found) => {
                unusable.extend(found);
                None
            }
        });
        Exceptions {
            all: ready.collect(),
            ignores_errors: !info.errors_deny,
        }
    }

    /// What they mean for a request. One that lets it off the whole policy outweighs all others.
    ///
    /// # Errors
    /// Why a condition cannot be decided, where no exception before it lets the request off.
    pub fn leave<'a>(
        &'a self,
        request: &RequestScope<'a>,
        host: &dyn Host,
        source: &dyn ContextSource,
    ) -> Result<Leave<'a>, String> {
        let holding = self.holding(request, host, source)?;
        Ok(match holding.as_slice() {
            [] => Leave::Nothing,
            holding if holding.iter().any(|one| one.is_whole()) => {
                Leave::Whole(Exemption::of(holding))
            }
            holding => Leave::Parts(allowed(holding)),
        })
    }

    /// The leave of a request that any of them holds for, whatever it allows.
    ///
    /// # Errors
    /// As for [`Exceptions::leave`].
    pub fn exemption<'a>(
        &'a self,
        request: &RequestScope<'a>,
        host: &dyn Host,
        source: &dyn ContextSource,
    ) -> Result<Option<Exemption>, String> {
        let holding = self.holding(request, host, source)?;
        Ok((!holding.is_empty()).then(|| Exemption::of(&holding)))
    }

    fn holding<'a>(
        &'a self,
        request: &RequestScope<'a>,
        host: &dyn Host,
        source: &dyn ContextSource,
    ) -> Result<Vec<&'a Exception>, String> {
        let mut holding: Vec<&Exception> = Vec::new();
        if self.all.is_empty() {
            return Ok(holding);
        }
        let scope = Scope::new(request, host, &[]);
        let mut is_whole = false;
        for exception in &self.all {
            match exception.holds(&scope, source) {
                Ok(true) => {
                    is_whole |= exception.is_whole();
                    holding.push(exception);
                }
                Ok(false) => {}
                Err(_) if is_whole || self.ignores_errors => {}
                Err(error) => return Err(format!("exception {}: {error}", exception.name.key())),
            }
        }
        Ok(holding)
    }
}

impl Exception {
    fn compile(
        written: &CelPolicyException,
        flavour: Flavour,
    ) -> Result<Exception, Vec<CompileError>> {
        let spec = &written.spec;
        let name = name(&written.metadata);
        let mut compiler = Compiler::new(environment(flavour));
        let conditions = preamble::compiled_conditions(&mut compiler, &spec.match_conditions);
        let expires = match expiry(written) {
            Ok(expires) => expires,
            Err((path, error)) => {
                compiler.fault(path.to_owned(), error);
                None
            }
        };
        let faults = compiler.into_faults();
        if !faults.is_empty() {
            let error = |(path, message)| CompileError {
                kind: "PolicyException".to_owned(),
                policy: name.key(),
                path,
                message,
            };
            return Err(faults.into_iter().map(error).collect());
        }
        let priority = written.metadata.labels.get(PRIORITY);
        Ok(Exception {
            name,
            conditions,
            images: spec.images.clone(),
            values: spec.allowed_values.clone(),
            result: match spec.report_result {
                Some(ExceptionResult::Pass) => RuleStatus::Pass,
                Some(ExceptionResult::Skip) | None => RuleStatus::Skip,
            },
            priority: priority.and_then(|text| text.parse().ok()).unwrap_or(0),
            expires,
        })
    }

    fn holds<'a>(
        &'a self,
        scope: &Scope<'_, 'a>,
        source: &dyn ContextSource,
    ) -> Result<bool, String> {
        if self.expires.is_some_and(|end| source.now() >= end) {
            return Ok(false);
        }
        preamble::all_hold(&self.conditions, scope)
    }

    /// Whether it lets a request off the whole policy.
    fn is_whole(&self) -> bool {
        self.images.is_empty() && self.values.is_empty()
    }
}

impl Exemption {
    fn of(holding: &[&Exception]) -> Exemption {
        let mut highest = 0;
        let mut status = holding
            .first()
            .map_or(RuleStatus::Skip, |first| first.result);
        for exception in holding {
            if exception.priority > highest {
                (highest, status) = (exception.priority, exception.result);
            }
        }
        let names = holding.iter().map(|exception| exception.name.clone());
        Exemption {
            status,
            names: names.collect(),
        }
    }

    /// What a policy answers of a request that is let off. One that verifies images skips it, whatever the exception wants reported.
    #[must_use]
    pub fn response(self, rule_type: RuleType) -> RuleResponse {
        let keys: Vec<String> = self.names.iter().map(ExceptionName::key).collect();
        let status = match rule_type {
            RuleType::ImageVerify => RuleStatus::Skip,
            _ => self.status,
        };
        let ended = match status {
            RuleStatus::Pass => "passed",
            _ => "skipped",
        };
        let keys = keys.join(", ");
        RuleResponse {
            rule: "exception".into(),
            rule_type,
            status,
            message: format!("rule is {ended} due to policy exception: {keys}").into(),
            detail: Some(Box::new(RuleDetail {
                exceptions: self.names,
                ..RuleDetail::default()
            })),
        }
    }
}

/// Why an exception can be used with no policy of a kind that it names, whatever these say.
#[must_use]
pub fn mistakes(written: &CelPolicyException) -> Vec<CompileError> {
    let mut mistakes = Vec::new();
    for named in &written.spec.policy_refs {
        let flavours = Flavour::of_kind(&named.kind).iter();
        let tried = flavours.map(|flavour| Exception::compile(written, *flavour).err());
        // What one way of evaluation takes is meant for it.
        let errors: Option<Vec<Vec<CompileError>>> = tried.collect();
        mistakes.extend(errors.into_iter().flatten().next().unwrap_or_default());
    }
    CompileError::keep_once(&mut mistakes);
    mistakes
}

/// Whether an exception names a policy.
#[must_use]
pub fn names(exception: &CelPolicyException, policy: &PolicyInfo) -> bool {
    let mut refs = exception.spec.policy_refs.iter();
    refs.any(|one| one.name == policy.name && one.kind == policy.kind)
}

/// When an exception stops to hold: at its `expiresAt`, or at its annotation `portcullis.io/expires`
/// if that comes first.
///
/// # Errors
/// The path of an expiry that cannot be read, and why.
pub fn expiry(written: &CelPolicyException) -> Result<Option<Nanoseconds>, (&'static str, String)> {
    let told = |path, error: ExpiryError| (path, error.to_string());
    let annotated = expiry_of(&written.metadata.annotations);
    let annotated = annotated.map_err(|error| told("metadata.annotations", error))?;
    let Some(text) = &written.spec.expires_at else {
        return Ok(annotated);
    };
    let Ok(end) = expires(text) else {
        let problem = format!("`{text}` is not a time; write one such as `2026-12-31T18:00:00Z`");
        return Err(("spec.expiresAt", problem));
    };
    Ok(Some(annotated.map_or(end, |other| end.min(other))))
}

fn name(metadata: &ObjectMeta) -> ExceptionName {
    ExceptionName {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    }
}

/// What expressions read as `exceptions`.
fn allowed<'a>(holding: &[&'a Exception]) -> Value<'a> {
    let list = |of: fn(&'a Exception) -> &'a [String]| {
        let texts = holding.iter().flat_map(|exception| of(exception));
        Value::List(List::from_iter(
            texts.map(|text| Value::String(text.as_str().into())),
        ))
    };
    let images = list(|exception| &exception.images);
    let values = list(|exception| &exception.values);
    let fields = [("allowedImages", images), ("allowedValues", values)];
    let fields = fields.map(|(name, value)| (Key::String(name.into()), value));
    Value::Map(Map::from_iter(fields))
}
