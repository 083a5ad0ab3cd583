//! `validate.podSecurity` of a rule: a level and version of the standard, less exclusions.
//!
//! ```yaml
//! podSecurity:
//!   level: restricted
//!   version: latest
//!   exclude:
//!     - controlName: Capabilities
//!       images: ["nginx*"]
//! ```
//!
//! A rule without a level checks what restricted checks.

use portcullis_api::cluster_policy::{PodSecurity, PodSecurityLevel, PodSecurityStandard};
use serde_json::Value;

use super::{
    check::CheckResult,
    exclusion::exempt,
    failure::PodSecurityFailure,
    images::images,
    level::Level,
    lint::{PodSecurityError, lint},
    pod::{Pod, PodError},
    standard::Standard,
    version::Version,
    workload::Workload,
};

/// How a rule reads the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As written: each version has the checks that it has, and privileged has none.
    #[default]
    Standard,
    /// As Kyverno 1.19 does it, with [`Standard::of_kyverno`] and [`Workload::pod_as_kyverno`].
    Kyverno,
}

/// A podSecurity rule, ready to run.
#[derive(Clone, Debug)]
pub struct CompiledPodSecurity {
    standard: Standard,
    level: &'static str,
    version: String,
    exclude: Vec<PodSecurityStandard>,
    dialect: Dialect,
}

/// What a rule says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodSecurityOutcome {
    /// The pod is as the rule wants it.
    Pass,
    /// It is not, but exceptions cover all that is wrong.
    Exempt,
    /// It is not.
    Fail(PodSecurityFailure),
}

impl CompiledPodSecurity {
    /// Makes a rule ready; `path` is the rule's own, such as `spec.rules[0]`, for errors.
    ///
    /// # Errors
    /// Everything that is wrong with the version and the exclusions.
    pub fn compile(
        rule: &PodSecurity,
        path: &str,
        dialect: Dialect,
    ) -> Result<CompiledPodSecurity, Vec<PodSecurityError>> {
        let errors = lint(rule, path);
        if !errors.is_empty() {
            return Err(errors);
        }
        let version = rule.version.clone().unwrap_or_default();
        let level = rule.level.map(Level::from);
        let standard = match dialect {
            Dialect::Standard => Standard::of_rule,
            Dialect::Kyverno => Standard::of_kyverno,
        };
        Ok(CompiledPodSecurity {
            standard: standard(
                level.unwrap_or(Level::Restricted),
                Version::parse(&version).unwrap_or(Version::NEWEST),
            ),
            level: level.map_or("", Level::as_str),
            version,
            exclude: rule.exclude.clone(),
            dialect,
        })
    }

    /// The pod of an object, as this rule sees it.
    ///
    /// # Errors
    /// The kind holds no pod, or a field has a type that Kubernetes would refuse.
    pub fn pod<'a>(&self, object: &'a Value, kind: &str) -> Result<Pod<'a>, PodError> {
        let workload = workload(kind)?;
        match self.dialect {
            Dialect::Standard => workload.pod(object),
            Dialect::Kyverno => workload.pod_as_kyverno(object),
        }
    }

    /// What a pod does not pass, less the rule's exclusions.
    #[must_use]
    pub fn check(&self, pod: &Pod<'_>) -> Vec<CheckResult> {
        let mut results = self.standard.evaluate(pod);
        self.exempt(&self.exclude, pod, &mut results);
        results
    }

    fn exempt(
        &self,
        exclusions: &[PodSecurityStandard],
        pod: &Pod<'_>,
        results: &mut Vec<CheckResult>,
    ) {
        for exclusion in exclusions {
            if results.is_empty() {
                return;
            }
            exempt(exclusion, &self.standard, pod, results);
        }
    }
}

/// Evaluates a rule on an object.
///
/// `exceptions` are the exclusions of the exceptions that match, in order. `full_name` gives an
/// image with registry and tag, such as `docker.io/nginx:latest`; it is asked only on a failure.
///
/// # Errors
/// The kind holds no pod, or a field has a type that Kubernetes would refuse.
pub fn evaluate(
    rule: &CompiledPodSecurity,
    exceptions: &[PodSecurityStandard],
    object: &Value,
    kind: &str,
    full_name: &dyn Fn(&str) -> Option<String>,
) -> Result<PodSecurityOutcome, PodError> {
    let pod = rule.pod(object, kind)?;
    let mut results = rule.check(&pod);
    if results.is_empty() {
        return Ok(PodSecurityOutcome::Pass);
    }
    rule.exempt(exceptions, &pod, &mut results);
    if results.is_empty() {
        return Ok(PodSecurityOutcome::Exempt);
    }
    let workload = workload(kind)?;
    for result in &mut results {
        result.images = images(&result.forbidden.detail, &pod, full_name);
        for error in &mut result.forbidden.errors {
            error.field = workload.field(&error.field);
        }
    }
    let (level, version) = (rule.level, rule.version.clone());
    Ok(PodSecurityOutcome::Fail(PodSecurityFailure {
        level,
        version,
        results,
    }))
}

fn workload(kind: &str) -> Result<Workload, PodError> {
    Workload::of_kind(kind).ok_or_else(|| PodError::Kind(kind.to_owned()))
}

impl From<PodSecurityLevel> for Level {
    fn from(level: PodSecurityLevel) -> Level {
        match level {
            PodSecurityLevel::Privileged => Level::Privileged,
            PodSecurityLevel::Baseline => Level::Baseline,
            PodSecurityLevel::Restricted => Level::Restricted,
        }
    }
}
