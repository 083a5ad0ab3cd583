//! The form of native admission policies and their bindings: what the API server refuses of one beside
//! its expressions.
//!
//! A policy that it would refuse is in effect nowhere, and so passing it would say nothing.

mod constraints;
mod names;

use std::collections::BTreeSet;

use portcullis_api::{
    admission_policy::{
        AdmissionPolicyBinding, AdmissionPolicyBindingKind, MutatingAdmissionPolicySpec,
        ValidatingAdmissionPolicySpec,
    },
    cel_expression::{AuditAnnotation, CelValidation, CelVariable, MatchCondition},
    cel_policy::ValidationAction,
    cluster_policy::{ParamKind, ParamRef},
    match_constraints::MatchConstraints,
};
use portcullis_cel::syntax::is_identifier;
use portcullis_values::nearest::nearest;

use self::names::is_qualified_name;

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const CHANGING_OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "UPDATE"];
const REASONS: &[&str] = &["Forbidden", "Invalid", "RequestEntityTooLarge"];
const REINVOCATION_POLICIES: &[&str] = &["IfNeeded", "Never"];
const NOT_FOUND_ACTIONS: &[&str] = &["Allow", "Deny"];
const MAX_CONDITIONS: usize = 64;
const MAX_ANNOTATIONS: usize = 20;
const MAX_ANNOTATION_EXPRESSION: usize = 5 * 1024;

/// What is wrong, as path and message.
#[derive(Debug, Default)]
pub struct Faults(Vec<(String, String)>);

/// What is wrong with a policy that validates.
#[must_use]
pub fn of_validating(spec: &ValidatingAdmissionPolicySpec) -> Vec<(String, String)> {
    let mut faults = Faults::default();
    faults.policy(
        spec.match_constraints.as_ref(),
        &spec.match_conditions,
        &spec.variables,
        spec.param_kind.as_ref(),
        OPERATIONS,
    );
    if spec.validations.is_empty() && spec.audit_annotations.is_empty() {
        faults.add(
            "spec.validations",
            "a policy has validations or auditAnnotations",
        );
    }
    for (index, validation) in spec.validations.iter().enumerate() {
        faults.validation(&format!("spec.validations[{index}]"), validation);
    }
    faults.annotations("spec.auditAnnotations", &spec.audit_annotations);
    faults.0
}

/// What is wrong with a policy that changes objects.
#[must_use]
pub fn of_mutating(spec: &MutatingAdmissionPolicySpec) -> Vec<(String, String)> {
    let mut faults = Faults::default();
    faults.policy(
        spec.match_constraints.as_ref(),
        &spec.match_conditions,
        &spec.variables,
        spec.param_kind.as_ref(),
        CHANGING_OPERATIONS,
    );
    if spec.mutations.is_empty() {
        faults.add("spec.mutations", "a policy has at least one mutation");
    }
    if let Some(policy) = &spec.reinvocation_policy {
        faults.word("spec.reinvocationPolicy", policy, REINVOCATION_POLICIES);
    }
    faults.0
}

/// What is wrong with the bindings of a policy among all.
#[must_use]
pub fn of_bindings(
    kind: AdmissionPolicyBindingKind,
    policy: Option<&str>,
    all: &[&AdmissionPolicyBinding],
) -> Vec<(String, String)> {
    let own = all
        .iter()
        .filter(|one| one.kind == kind && Some(one.spec.policy_name.as_str()) == policy);
    own.flat_map(|one| {
        let name = one.metadata.name.as_deref().unwrap_or_default();
        let faults = of_binding(one).into_iter();
        faults.map(move |(path, message)| (format!("binding {name}: {path}"), message))
    })
    .collect()
}

fn of_binding(binding: &AdmissionPolicyBinding) -> Vec<(String, String)> {
    let mut faults = Faults::default();
    let spec = &binding.spec;
    let validates = binding.kind == AdmissionPolicyBindingKind::ValidatingAdmissionPolicyBinding;
    let operations = match validates {
        true => OPERATIONS,
        false => CHANGING_OPERATIONS,
    };
    if let Some(constraints) = &spec.match_resources {
        faults.constraints("spec.matchResources", constraints, operations);
    }
    if let Some(reference) = &spec.param_ref {
        faults.reference("spec.paramRef", reference);
    }
    if validates {
        faults.actions("spec.validationActions", &spec.validation_actions);
    }
    faults.0
}

impl Faults {
    fn add(&mut self, path: &str, message: &str) {
        self.0.push((path.to_owned(), message.to_owned()));
    }

    /// A word that must be one of a list.
    fn word(&mut self, path: &str, word: &str, known: &[&str]) {
        if known.contains(&word) {
            return;
        }
        let meant = nearest(word, known.iter().copied());
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
        let message = format!(
            "the API server does not know `{word}`; expected {}{}",
            known.join(", "),
            meant.unwrap_or_default()
        );
        self.add(path, &message);
    }

    fn policy(
        &mut self,
        constraints: Option<&MatchConstraints>,
        conditions: &[MatchCondition],
        variables: &[CelVariable],
        parameters: Option<&ParamKind>,
        operations: &[&str],
    ) {
        match constraints {
            Some(constraints) => {
                if constraints.resource_rules.is_empty() {
                    let path = "spec.matchConstraints.resourceRules";
                    self.add(path, "a policy has at least one resource rule");
                }
                self.constraints("spec.matchConstraints", constraints, operations);
            }
            None => self.add("spec.matchConstraints", "a policy has matchConstraints"),
        }
        self.conditions("spec.matchConditions", conditions);
        for (index, variable) in variables.iter().enumerate() {
            if !is_identifier(&variable.name) {
                let path = format!("spec.variables[{index}].name");
                let message = format!(
                    "`{}` is not a name of CEL: a letter or `_`, then letters, digits and `_`, and no reserved word",
                    variable.name
                );
                self.add(&path, &message);
            }
        }
        let empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
        if parameters.is_some_and(|of| empty(&of.api_version) || empty(&of.kind)) {
            self.add("spec.paramKind", "expected both apiVersion and kind");
        }
    }

    fn conditions(&mut self, path: &str, conditions: &[MatchCondition]) {
        if conditions.len() > MAX_CONDITIONS {
            self.add(path, "the API server takes 64 conditions at most");
        }
        let mut names = BTreeSet::new();
        for (index, condition) in conditions.iter().enumerate() {
            let path = format!("{path}[{index}].name");
            self.name(&path, &condition.name);
            if !names.insert(&condition.name) {
                self.add(&path, "an earlier condition has this name");
            }
        }
    }

    fn name(&mut self, path: &str, name: &str) {
        if !is_qualified_name(name) {
            let message = format!(
                "`{name}` is not a name: up to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
            );
            self.add(path, &message);
        }
    }

    fn validation(&mut self, path: &str, validation: &CelValidation) {
        if let Some(reason) = &validation.reason {
            self.word(&format!("{path}.reason"), reason, REASONS);
        }
        let Some(message) = validation.message.as_deref().filter(|one| !one.is_empty()) else {
            return;
        };
        let path = format!("{path}.message");
        match message.trim() {
            "" => self.add(&path, "the message is empty"),
            text if text.contains(['\n', '\r']) => {
                self.add(
                    &path,
                    "a message has one line; use `messageExpression` for more",
                );
            }
            _ => {}
        }
    }

    fn annotations(&mut self, path: &str, annotations: &[AuditAnnotation]) {
        if annotations.len() > MAX_ANNOTATIONS {
            self.add(path, "the API server takes 20 annotations at most");
        }
        let mut keys = BTreeSet::new();
        for (index, annotation) in annotations.iter().enumerate() {
            let at = format!("{path}[{index}]");
            // The policy's name stands before it.
            match annotation.key.contains('/') {
                true => self.add(&format!("{at}.key"), "a key has no `/`"),
                false => self.name(&format!("{at}.key"), &annotation.key),
            }
            if !keys.insert(&annotation.key) {
                self.add(&format!("{at}.key"), "an earlier annotation has this key");
            }
            if annotation.value_expression.trim().len() > MAX_ANNOTATION_EXPRESSION {
                let path = format!("{at}.valueExpression");
                self.add(&path, "the API server takes 5120 bytes at most");
            }
        }
    }

    fn reference(&mut self, path: &str, reference: &ParamRef) {
        let name = reference.name.as_deref().unwrap_or_default();
        if name.is_empty() != reference.selector.is_some() {
            self.add(path, "expected name or selector, and only one of them");
        }
        match &reference.parameter_not_found_action {
            Some(action) => {
                let path = format!("{path}.parameterNotFoundAction");
                self.word(&path, action, NOT_FOUND_ACTIONS);
            }
            None => self.add(path, "expected a parameterNotFoundAction: Allow or Deny"),
        }
    }

    fn actions(&mut self, path: &str, actions: &[ValidationAction]) {
        let has = |wanted: ValidationAction| actions.contains(&wanted);
        if actions.is_empty() {
            self.add(path, "expected at least one of Deny, Warn and Audit");
        }
        if has(ValidationAction::Deny) && has(ValidationAction::Warn) {
            self.add(path, "Deny says what Warn would; remove one of them");
        }
        let mut earlier = Vec::new();
        for action in actions {
            if earlier.contains(&action) {
                self.add(path, "an action stands twice");
            }
            earlier.push(action);
        }
    }
}

#[cfg(test)]
mod tests;
