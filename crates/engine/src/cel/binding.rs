//! Bindings of native admission policies, made ready: for which requests and with which parameters a
//! policy is in effect.

use portcullis_api::{
    admission_policy::{AdmissionPolicyBinding, AdmissionPolicyBindingKind},
    cel_policy::ValidationAction,
    cluster_policy::ParamKind,
};
use serde_json::Value;

use super::{
    compiler::Compiler,
    parameters::{Parameters, WrittenReference},
    preamble::compiled_constraints,
};
use crate::{context::source::ContextSource, matching::constraints::Constraints, request::Request};

/// A binding, ready to be asked.
#[derive(Debug)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Whether a violation denies the request.
    pub denies: bool,
    /// Whether a violation warns the user.
    pub warns: bool,
    /// Every request of the policy without them.
    constraints: Option<Constraints>,
    parameters: Option<Parameters>,
}

impl Binding {
    /// The bindings of a policy among all. What is wrong with one is kept by the compiler.
    pub fn of_policy(
        compiler: &mut Compiler,
        kind: AdmissionPolicyBindingKind,
        policy: &str,
        parameters: Option<&ParamKind>,
        all: &[&AdmissionPolicyBinding],
    ) -> Vec<Binding> {
        let own = all
            .iter()
            .filter(|one| one.kind == kind && one.spec.policy_name == policy);
        own.map(|written| Binding::compile(compiler, written, parameters))
            .collect()
    }

    fn compile(
        compiler: &mut Compiler,
        written: &AdmissionPolicyBinding,
        parameters: Option<&ParamKind>,
    ) -> Binding {
        let name = written.metadata.name.clone().unwrap_or_default();
        let spec = &written.spec;
        let path = format!("binding {name}: spec.matchResources");
        let actions = &spec.validation_actions;
        Binding {
            // A binding that does not say what a violation does is one that Kyverno's commands deny by.
            denies: actions.is_empty() || actions.contains(&ValidationAction::Deny),
            warns: actions.contains(&ValidationAction::Warn),
            constraints: compiled_constraints(compiler, &path, spec.match_resources.as_ref())
                .map(Constraints::of_whole_names),
            parameters: parameters.and_then(|kind| referred(compiler, written, kind)),
            name,
        }
    }

    /// Whether the policy is in effect for a request that it is about.
    #[must_use]
    pub fn matches(&self, request: &Request<'_>) -> bool {
        let constraints = self.constraints.as_ref();
        constraints.is_none_or(|constraints| constraints.matches(request))
    }

    /// The objects to evaluate the policy with, one after the other: null where it has no parameters,
    /// and none where there is no such object and the binding allows that.
    ///
    /// # Errors
    /// They cannot be had, or there is none and the binding then denies.
    pub fn parameters(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> Result<Vec<Value>, String> {
        match &self.parameters {
            Some(parameters) => parameters.find(request, source),
            None => Ok(vec![Value::Null]),
        }
    }

    /// Whether several objects may be referred to.
    #[must_use]
    pub fn selects_parameters(&self) -> bool {
        let parameters = self.parameters.as_ref();
        parameters.is_some_and(Parameters::is_selection)
    }
}

fn referred(
    compiler: &mut Compiler,
    written: &AdmissionPolicyBinding,
    kind: &ParamKind,
) -> Option<Parameters> {
    let reference = written.spec.param_ref.as_ref()?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (api_version, kind) = (text(&kind.api_version), text(&kind.kind));
    let written_reference = WrittenReference {
        name: reference.name.as_deref(),
        namespace: reference.namespace.as_deref(),
        selector: reference.selector.as_ref(),
        not_found_action: reference.parameter_not_found_action.as_deref(),
    };
    match Parameters::compile((&api_version, &kind), written_reference) {
        Ok(parameters) => Some(parameters),
        Err(error) => {
            let name = written.metadata.name.clone().unwrap_or_default();
            let path = format!("binding {name}: spec.paramRef.selector");
            compiler.fault(path, error.to_string());
            None
        }
    }
}
