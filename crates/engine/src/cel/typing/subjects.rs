//! What of each kind of policy is checked: its expressions, and what they may read.

use portcullis_api::{
    admission_policy::{MutatingAdmissionPolicySpec, ValidatingAdmissionPolicySpec},
    cel_expression::{AuditAnnotation, CelValidation, CelVariable, MatchCondition},
    cel_policy_exception::CelPolicyException,
    cluster_policy::{MatchResources, ParamKind, Policy, Rule},
    deleting_policy::{DeletingPolicy, DeletingPolicyKind},
    generating_policy::{
        GeneratingPolicy, GeneratingPolicyKind, GenerationTemplate, Interpolation,
    },
    image_validating_policy::{ImageValidatingPolicy, ImageValidatingPolicyKind},
    match_constraints::MatchConstraints,
    mutating_policy::{CelMutation, MutatingPolicy, MutatingPolicyKind},
    validating_policy::{ValidatingPolicy, ValidatingPolicyKind},
};

use serde_json::to_value;

use super::kinds::Matched;
use crate::{
    autogen::{
        cel::{Rewriting, expand},
        pod_controllers,
    },
    cel::environment::Flavour,
    load::Loaded,
    policies::generating_policy::placeholder::placeholders,
};

/// Expressions that read the same objects.
#[derive(Debug)]
pub(super) struct Subject<'p> {
    pub(super) flavour: Flavour,
    pub(super) matched: Vec<Matched<'p>>,
    /// `apiVersion` and `kind` of `params`.
    pub(super) param_kind: Option<(&'p str, &'p str)>,
    pub(super) variables_path: String,
    pub(super) variables: &'p [CelVariable],
    /// Whether mistakes of variables are told: not where different objects are read by them.
    pub(super) tells_variables: bool,
    pub(super) expressions: Vec<Expression<'p>>,
}

/// An expression that is checked.
#[derive(Debug)]
pub(super) struct Expression<'p> {
    pub(super) path: String,
    pub(super) text: &'p str,
    /// Where in the text at the path it starts, in bytes.
    pub(super) offset: usize,
}

/// What is checked of a policy.
pub(super) fn of(loaded: &Loaded) -> Vec<Subject<'_>> {
    let one = match loaded {
        Loaded::Policy(policy) => return of_rules(policy),
        Loaded::Validating(policy) => of_validating(policy),
        Loaded::Mutating(policy) => return of_mutating(policy),
        Loaded::Deleting(policy) => of_deleting(policy),
        Loaded::Generating(policy) => of_generating(policy),
        Loaded::ImageValidating(policy) => of_image_validating(policy),
        Loaded::ValidatingAdmission(policy) => of_validating_admission(&policy.spec),
        Loaded::MutatingAdmission(policy) => of_mutating_admission(&policy.spec),
        _ => None,
    };
    one.into_iter().collect()
}

/// What is checked of an exception for one of the policies that it names; nothing where it is not known
/// what such a policy is about. Its conditions are those of derived policies, too, and read no variables.
pub(super) fn of_exception<'p>(
    exception: &'p CelPolicyException,
    policy: &'p Loaded,
) -> Option<Subject<'p>> {
    let about = match policy {
        Loaded::Policy(_) => return None,
        policy => of(policy).into_iter().next()?,
    };
    let mut subject = Subject {
        variables: &[],
        expressions: Vec::new(),
        ..about
    };
    subject.matched.extend(derived(policy));
    subject.conditions("spec.matchConditions", &exception.spec.match_conditions);
    Some(subject)
}

/// The kinds that the policies derived of a policy are about.
fn derived(policy: &Loaded) -> Option<Matched<'static>> {
    let (spec, rewriting) = match policy {
        Loaded::Validating(policy) => (to_value(&policy.spec), Rewriting::Everything),
        Loaded::ImageValidating(policy) => (to_value(&policy.spec), Rewriting::Everything),
        Loaded::Mutating(policy) => (to_value(&policy.spec), Rewriting::Mutations),
        _ => return None,
    };
    let derived = expand(&spec.unwrap_or_default(), rewriting);
    let is_derived = |kind: &&str| {
        let mut targets = derived.iter().flat_map(|derived| &derived.targets);
        targets.any(|target| target.kind == *kind)
    };
    let kinds: Vec<&str> = pod_controllers().filter(is_derived).collect();
    (!kinds.is_empty()).then_some(Matched::Kinds(kinds))
}

impl<'p> Subject<'p> {
    /// The text of a variable's expression, or of one of the expressions that follow them.
    pub(super) fn text(&self, number: usize) -> Option<&str> {
        match self.variables.get(number) {
            Some(variable) => Some(&variable.expression),
            None => {
                let expression = self.expressions.get(number - self.variables.len())?;
                Some(expression.text)
            }
        }
    }

    /// A policy with `matchConstraints`, and with expressions that are added.
    fn new(
        flavour: Flavour,
        constraints: Option<&'p MatchConstraints>,
        variables: &'p [CelVariable],
    ) -> Option<Subject<'p>> {
        Some(Subject {
            flavour,
            matched: vec![Matched::Resources(&constraints?.resource_rules)],
            param_kind: None,
            variables_path: "spec.variables".to_owned(),
            variables,
            tells_variables: true,
            expressions: Vec::new(),
        })
    }

    fn add(&mut self, path: String, text: Option<&'p String>) {
        let text = text.filter(|text| !text.is_empty());
        self.expressions.extend(text.map(|text| Expression {
            path,
            text,
            offset: 0,
        }));
    }

    fn conditions(&mut self, path: &str, written: &'p [MatchCondition]) {
        for (index, condition) in written.iter().enumerate() {
            self.add(
                format!("{path}[{index}].expression"),
                Some(&condition.expression),
            );
        }
    }

    fn validations(&mut self, path: &str, written: &'p [CelValidation]) {
        for (index, validation) in written.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.add(format!("{path}.expression"), Some(&validation.expression));
            let message = validation.message_expression.as_ref();
            self.add(format!("{path}.messageExpression"), message);
        }
    }

    fn annotations(&mut self, path: &str, written: &'p [AuditAnnotation]) {
        for (index, annotation) in written.iter().enumerate() {
            self.add(
                format!("{path}[{index}].valueExpression"),
                Some(&annotation.value_expression),
            );
        }
    }

    /// The expressions between `((` and `))`.
    fn template(&mut self, path: &str, written: &'p GenerationTemplate) {
        if written.interpolate != Some(Interpolation::Cel) {
            return;
        }
        let text = &written.value;
        for placeholder in placeholders(text) {
            self.expressions.push(Expression {
                path: path.to_owned(),
                text: placeholder,
                offset: placeholder
                    .as_ptr()
                    .addr()
                    .saturating_sub(text.as_ptr().addr()),
            });
        }
    }

    fn mutations(&mut self, written: &'p [CelMutation]) {
        for (index, mutation) in written.iter().enumerate() {
            let patches = [
                ("applyConfiguration", &mutation.apply_configuration),
                ("jsonPatch", &mutation.json_patch),
            ];
            for (field, patch) in patches {
                let text = patch.as_ref().and_then(|patch| patch.expression.as_ref());
                self.add(format!("spec.mutations[{index}].{field}.expression"), text);
            }
        }
    }
}

/// Only in this mode is `object` one of Kubernetes.
fn reads_kubernetes(mode: Option<&String>) -> bool {
    mode.is_none_or(|mode| mode.is_empty() || mode == "Kubernetes")
}

fn of_validating(policy: &ValidatingPolicy) -> Option<Subject<'_>> {
    let spec = &policy.spec;
    let mode = spec.evaluation.as_ref().and_then(|of| of.mode.as_ref());
    let flavour = match policy.kind {
        ValidatingPolicyKind::ValidatingPolicy => Flavour::Validating,
        ValidatingPolicyKind::NamespacedValidatingPolicy => Flavour::NamespacedValidating,
    };
    let constraints = spec.match_constraints.as_ref();
    let mut subject =
        Subject::new(flavour, constraints, &spec.variables).filter(|_| reads_kubernetes(mode))?;
    subject.conditions("spec.matchConditions", &spec.match_conditions);
    subject.validations("spec.validations", &spec.validations);
    subject.annotations("spec.auditAnnotations", &spec.audit_annotations);
    Some(subject)
}

/// With targets, `object` is one thing in conditions and another in mutations.
fn of_mutating(policy: &MutatingPolicy) -> Vec<Subject<'_>> {
    let spec = &policy.spec;
    let mode = spec.evaluation.as_ref().and_then(|of| of.mode.as_ref());
    if !reads_kubernetes(mode) {
        return Vec::new();
    }
    let flavour = match policy.kind {
        MutatingPolicyKind::MutatingPolicy => Flavour::Mutating,
        MutatingPolicyKind::NamespacedMutatingPolicy => Flavour::NamespacedMutating,
    };
    let constraints = spec.match_constraints.as_ref();
    let Some(mut subject) = Subject::new(flavour, constraints, &spec.variables) else {
        return Vec::new();
    };
    subject.conditions("spec.matchConditions", &spec.match_conditions);
    let Some(targets) = &spec.target_match_constraints else {
        subject.mutations(&spec.mutations);
        subject.annotations("spec.auditAnnotations", &spec.audit_annotations);
        return vec![subject];
    };
    subject.tells_variables = false;
    let path = "spec.targetMatchConstraints.expression".to_owned();
    subject.add(path, targets.expression.as_ref());
    let mut target = Subject {
        matched: vec![Matched::Resources(&targets.resource_rules)],
        variables_path: subject.variables_path.clone(),
        expressions: Vec::new(),
        ..subject
    };
    target.conditions("spec.targetMatchConditions", &spec.target_match_conditions);
    target.mutations(&spec.mutations);
    // What an expression names may be of any kind.
    let are_known = targets.expression.is_none();
    std::iter::once(subject)
        .chain(Some(target).filter(|_| are_known))
        .collect()
}

fn of_deleting(policy: &DeletingPolicy) -> Option<Subject<'_>> {
    let spec = &policy.spec;
    let flavour = match policy.kind {
        DeletingPolicyKind::DeletingPolicy => Flavour::Deleting,
        DeletingPolicyKind::NamespacedDeletingPolicy => Flavour::NamespacedDeleting,
    };
    let mut subject = Subject::new(flavour, spec.match_constraints.as_ref(), &spec.variables)?;
    subject.conditions("spec.conditions", &spec.conditions);
    Some(subject)
}

fn of_generating(policy: &GeneratingPolicy) -> Option<Subject<'_>> {
    let spec = &policy.spec;
    let flavour = match policy.kind {
        GeneratingPolicyKind::GeneratingPolicy => Flavour::Generating,
        GeneratingPolicyKind::NamespacedGeneratingPolicy => Flavour::NamespacedGenerating,
    };
    let mut subject = Subject::new(flavour, spec.match_constraints.as_ref(), &spec.variables)?;
    subject.conditions("spec.matchConditions", &spec.match_conditions);
    for (index, generation) in spec.generate.iter().enumerate() {
        let path = format!("spec.generate[{index}]");
        subject.add(format!("{path}.expression"), generation.expression.as_ref());
        if let Some(template) = &generation.template {
            subject.template(&format!("{path}.template.value"), template);
        }
    }
    subject.annotations("spec.auditAnnotations", &spec.audit_annotations);
    Some(subject)
}

fn of_image_validating(policy: &ImageValidatingPolicy) -> Option<Subject<'_>> {
    let spec = &policy.spec;
    let mode = spec.evaluation.as_ref().and_then(|of| of.mode.as_ref());
    let flavour = match policy.kind {
        ImageValidatingPolicyKind::ImageValidatingPolicy => Flavour::ImageValidating,
        ImageValidatingPolicyKind::NamespacedImageValidatingPolicy => {
            Flavour::NamespacedImageValidating
        }
    };
    let constraints = spec.match_constraints.as_ref();
    let mut subject =
        Subject::new(flavour, constraints, &spec.variables).filter(|_| reads_kubernetes(mode))?;
    subject.conditions("spec.matchConditions", &spec.match_conditions);
    subject.conditions("spec.images", &spec.images);
    subject.validations("spec.validations", &spec.validations);
    subject.annotations("spec.auditAnnotations", &spec.audit_annotations);
    Some(subject)
}

fn of_validating_admission(spec: &ValidatingAdmissionPolicySpec) -> Option<Subject<'_>> {
    let constraints = spec.match_constraints.as_ref();
    let mut subject = Subject::new(Flavour::Admission, constraints, &spec.variables)?;
    subject.param_kind = param_kind(spec.param_kind.as_ref());
    subject.conditions("spec.matchConditions", &spec.match_conditions);
    subject.validations("spec.validations", &spec.validations);
    subject.annotations("spec.auditAnnotations", &spec.audit_annotations);
    Some(subject)
}

fn of_mutating_admission(spec: &MutatingAdmissionPolicySpec) -> Option<Subject<'_>> {
    let constraints = spec.match_constraints.as_ref();
    let mut subject = Subject::new(Flavour::Admission, constraints, &spec.variables)?;
    subject.param_kind = param_kind(spec.param_kind.as_ref());
    subject.conditions("spec.matchConditions", &spec.match_conditions);
    subject.mutations(&spec.mutations);
    Some(subject)
}

fn param_kind(written: Option<&ParamKind>) -> Option<(&str, &str)> {
    let kind = written?;
    let api_version = kind.api_version.as_deref().unwrap_or_default();
    Some((api_version, kind.kind.as_deref().unwrap_or_default()))
}

fn of_rules(policy: &Policy) -> Vec<Subject<'_>> {
    let rules = policy.spec.rules.iter().enumerate();
    let subjects = rules.filter_map(|(index, rule)| of_rule(rule, &format!("spec.rules[{index}]")));
    of_webhook(policy).into_iter().chain(subjects).collect()
}

/// The conditions of a policy's webhook, which is asked about the kinds of all rules, derived ones
/// among them.
fn of_webhook(policy: &Policy) -> Option<Subject<'_>> {
    let spec = &policy.spec;
    let webhook = spec.webhook_configuration.as_ref()?;
    let kinds = spec.rules.iter().map(|rule| kinds_of(&rule.r#match));
    let mut kinds = kinds.collect::<Option<Vec<_>>>()?.concat();
    if kinds.iter().any(|kind| kind.contains("Pod")) {
        kinds.extend(pod_controllers().map(|kind| -> &str { kind }));
    }
    let mut subject = Subject {
        flavour: Flavour::Admission,
        matched: vec![Matched::Kinds(kinds)],
        param_kind: None,
        variables_path: String::new(),
        variables: &[],
        tells_variables: false,
        expressions: Vec::new(),
    };
    let path = "spec.webhookConfiguration.matchConditions";
    subject.conditions(path, &webhook.match_conditions);
    Some(subject)
}

fn of_rule<'p>(rule: &'p Rule, path: &str) -> Option<Subject<'p>> {
    let cel = rule.validate.as_ref()?.cel.as_ref()?;
    let below = format!("{path}.validate.cel");
    let mut subject = Subject {
        flavour: Flavour::ClusterPolicy,
        matched: vec![Matched::Kinds(kinds_of(&rule.r#match)?)],
        param_kind: param_kind(cel.param_kind.as_ref()),
        variables_path: format!("{below}.variables"),
        variables: &cel.variables,
        tells_variables: true,
        expressions: Vec::new(),
    };
    subject.conditions(&format!("{path}.celPreconditions"), &rule.cel_preconditions);
    subject.validations(&format!("{below}.expressions"), &cel.expressions);
    subject.annotations(&format!("{below}.auditAnnotations"), &cel.audit_annotations);
    Some(subject)
}

/// The kinds of a match block; nothing if a filter names none.
fn kinds_of(block: &MatchResources) -> Option<Vec<&str>> {
    let filters = block.any.iter().chain(&block.all).flatten();
    let inline = block.resources.iter().map(Some);
    let mut kinds = Vec::new();
    for resources in filters
        .map(|filter| filter.resources.as_ref())
        .chain(inline)
    {
        let named = &resources?.kinds;
        if named.is_empty() {
            return None;
        }
        kinds.extend(named.iter().map(String::as_str));
    }
    Some(kinds)
}
