//! Why a policy says what it says of a resource: which filter said no, what each condition read, and
//! what decided.

mod expressions;

use std::{collections::BTreeMap, path::PathBuf};

use portcullis_engine::{
    CompileOptions,
    compile::CompiledPolicy,
    evaluate,
    matching::Mismatch,
    policy_info::PolicyInfo,
    record::{ConditionNote, Leaf, Place as Part, Recorder},
    request::{Operation, Request},
    response::{RuleResponse, RuleStatus},
};
use serde_json::Value;

pub use self::expressions::{Expression, Known};
use self::expressions::{Listening, Owner};
use crate::{
    diagnostic::{Diagnostic, SourceFile},
    offline::{
        Overrides,
        objects::{self, text},
        policies,
        requests::{Surroundings, request},
        source::{OfflineSource, World},
    },
    suite::inputs::catalogue,
};

/// What is explained.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Files and folders of policies.
    pub policies: Vec<PathBuf>,
    /// Texts that stand in for files of policies.
    pub overrides: Overrides,
    /// Files and folders of exceptions.
    pub exceptions: Vec<PathBuf>,
    /// What is known of the world.
    pub world: World,
    /// Who asks, and labels of namespaces.
    pub surroundings: Surroundings,
}

/// Every rule of every policy on one resource.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The policy, as `name` or `namespace/name`.
    pub policy: String,
    /// The resource, as `namespace/Kind/name`.
    pub resource: String,
    /// The rules, derived ones included.
    pub rules: Vec<RuleExplanation>,
}

/// One rule on one resource.
#[derive(Clone, Debug)]
pub struct RuleExplanation {
    /// The rule's name.
    pub rule: String,
    /// Why the rule is not about the resource; empty when it is.
    pub mismatches: Vec<Mismatch>,
    /// What was decided, in order.
    pub steps: Vec<Step>,
    /// How it ended; none when the rule says nothing of the resource.
    pub end: Option<(RuleStatus, String)>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A condition.
    Condition(ConditionNote),
    /// A leaf of the pattern at a place, such as `anyPattern[1]`.
    Leaf(String, Leaf),
    /// An exception, as `namespace/name`, and whether it lets the resource off.
    Exception(String, bool),
    /// Whether the preconditions hold as a whole.
    Preconditions(bool),
    /// What a check, or a part of one, decided.
    Checked(String, RuleStatus),
    /// An expression in CEL.
    Expression(Expression),
    /// An object that is generated, as `namespace/Kind/name`.
    Generated(String),
}

/// Explains what the policies say of each resource in a file, or what keeps them from it.
///
/// # Errors
/// Every policy and manifest that cannot be used.
pub fn explain(
    question: &Question,
    resources: &SourceFile,
) -> Result<Vec<Explanation>, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let loaded = policies::load(&question.policies, &question.overrides);
    let exceptions = policies::load(&question.exceptions, &Overrides::new());
    faults.extend(loaded.errors.iter().chain(&exceptions.errors).cloned());
    let (set, refused) = loaded.compile(&exceptions, &CompileOptions::default());
    faults.extend(loaded.refusals(&exceptions, &refused));
    let mut world = question.world.clone();
    world.catalogue = catalogue();
    if let Some(live) = &world.live {
        live.add_kinds(&mut world.catalogue);
    }
    let (found, unread) = objects::read(resources, &world.catalogue);
    faults.extend(unread);
    if found.is_empty() && faults.is_empty() {
        let none = format!("{}: no manifest in this file", resources.path.display());
        faults.push(Diagnostic::error(none));
    }
    if set.policies().is_empty() && faults.is_empty() {
        faults.push(Diagnostic::error("no policy in these files and folders"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut explanations = Vec::new();
    for object in &found {
        // A rule that is not asked of this object has nothing of the one before.
        let listening = Listening::default();
        let source = OfflineSource::new(&world).telling(&listening);
        let request = request(
            object,
            Operation::Create,
            &world.catalogue,
            &question.surroundings,
        );
        let mut notes = Notes::of(&listening);
        let responses = evaluate(&set, &request, &source, &mut notes);
        let patched = responses
            .iter()
            .rev()
            .find_map(|one| one.patched.as_deref());
        let changed = Request {
            object: patched.or(request.object),
            ..request.clone()
        };
        for policy in set.policies() {
            let info = policy.info();
            let response = responses.iter().find(|one| one.policy.key() == info.key());
            let answers = |rule: &str| -> Vec<&RuleResponse> {
                let rules = response.into_iter().flat_map(|response| &response.rules);
                rules.filter(|one| &*one.rule == rule).collect()
            };
            let rules = match policy {
                CompiledPolicy::ClusterPolicy(policy) => policy
                    .rules()
                    .iter()
                    .map(|rule| {
                        let answers = answers(rule.name());
                        let mut mismatches = rule.matcher().explain(&request);
                        if mismatches.is_empty() && answers.is_empty() {
                            mismatches.extend(rule.names_no_image(&changed, &source));
                        }
                        let mut decided = notes.expressions(&owner(info));
                        decided.extend(notes.steps(&info.name, rule.name()));
                        RuleExplanation {
                            rule: rule.name().to_owned(),
                            mismatches,
                            steps: steps(decided, &answers),
                            end: end(&answers),
                        }
                    })
                    .collect(),
                CompiledPolicy::Cleanup(policy) => {
                    let answers = answers(&info.name);
                    vec![RuleExplanation {
                        rule: info.name.clone(),
                        mismatches: policy.explain(&request),
                        steps: steps(notes.steps(&info.name, &info.name), &answers),
                        end: end(&answers),
                    }]
                }
                CompiledPolicy::Validating(_)
                | CompiledPolicy::Mutating(_)
                | CompiledPolicy::Deleting(_)
                | CompiledPolicy::Generating(_)
                | CompiledPolicy::ValidatingAdmission(_)
                | CompiledPolicy::MutatingAdmission(_)
                | CompiledPolicy::ImageValidating(_) => {
                    let rules = response.into_iter().flat_map(|response| &response.rules);
                    let mut expressions = notes.expressions(&owner(info));
                    let told: Vec<RuleExplanation> = rules
                        .map(|rule| RuleExplanation {
                            rule: rule.rule.to_string(),
                            mismatches: Vec::new(),
                            steps: steps(std::mem::take(&mut expressions), &[rule]),
                            end: end(&[rule]),
                        })
                        .collect();
                    match told.is_empty() {
                        true => vec![nothing(expressions)],
                        false => told,
                    }
                }
            };
            explanations.push(Explanation {
                policy: info.key(),
                resource: named(object),
                rules,
            });
        }
    }
    Ok(explanations)
}

/// How a rule ended that may have answered several times, such as for each target of a mutation: the
/// worst of the answers, and what all of them say.
fn end(answers: &[&RuleResponse]) -> Option<(RuleStatus, String)> {
    let rank = |status: RuleStatus| match status {
        RuleStatus::Skip => 0,
        RuleStatus::Pass => 1,
        RuleStatus::Warn => 2,
        RuleStatus::Fail => 3,
        RuleStatus::Error => 4,
    };
    let statuses = answers.iter().map(|answer| answer.status);
    let worst = statuses.max_by_key(|status| rank(*status))?;
    let messages: Vec<&str> = answers.iter().map(|answer| &*answer.message).collect();
    Some((worst, messages.join("\n")))
}

/// What is told of a policy in CEL that gives no answer, by the expressions that it asked.
fn nothing(expressions: Vec<Step>) -> RuleExplanation {
    let (path, reason) = match expressions.is_empty() {
        true => (
            "spec.matchConstraints",
            "does not match, or the policy has nothing to say of the operation",
        ),
        false => (
            "spec",
            "a condition does not hold, or nothing is to be done",
        ),
    };
    RuleExplanation {
        rule: String::new(),
        mismatches: vec![Mismatch {
            path: path.to_owned(),
            reason: reason.to_owned(),
        }],
        steps: expressions,
        end: None,
    }
}

/// The decisions, the expressions that decided, and the objects that the rule generates.
fn steps(mut decided: Vec<Step>, answers: &[&RuleResponse]) -> Vec<Step> {
    let expressions = answers.iter().filter_map(|answer| {
        let path = answer.expression()?;
        Some(Step::Checked(path.to_string(), answer.status))
    });
    decided.extend(expressions);
    let generated = answers.iter().flat_map(|answer| answer.generated());
    decided.extend(generated.map(|object| Step::Generated(named(object))));
    decided
}

/// `namespace/Kind/name`, as `apply` has it.
fn named(object: &Value) -> String {
    let parts = ["/metadata/namespace", "/kind", "/metadata/name"].map(|part| text(object, part));
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

/// Whom the expressions of a whole policy belong to.
fn owner(policy: &PolicyInfo) -> Owner {
    (format!("{} {}", policy.kind, policy.key()), String::new())
}

/// The decisions of one evaluation.
struct Notes<'l> {
    listening: &'l Listening,
    /// The policy that is evaluated, as the last match says.
    policy: String,
    /// The decisions of each policy and rule.
    steps: BTreeMap<(String, String), Vec<Step>>,
}

impl<'l> Notes<'l> {
    fn of(listening: &'l Listening) -> Notes<'l> {
        Notes {
            listening,
            policy: String::new(),
            steps: BTreeMap::new(),
        }
    }

    /// What was decided of a rule, and the expressions that it asked.
    fn steps(&self, policy: &str, rule: &str) -> Vec<Step> {
        let of_rule = (policy.to_owned(), rule.to_owned());
        let mut steps = self.steps.get(&of_rule).cloned().unwrap_or_default();
        steps.extend(self.expressions(&of_rule));
        steps
    }

    fn expressions(&self, owner: &Owner) -> Vec<Step> {
        let expressions = self.listening.of(owner).into_iter();
        expressions.map(Step::Expression).collect()
    }

    fn note(&mut self, rule: &str, step: Step) {
        let of_rule = (self.policy.clone(), rule.to_owned());
        self.steps.entry(of_rule).or_default().push(step);
    }
}

impl Recorder for Notes<'_> {
    const LISTENS: bool = true;

    fn asked(&mut self, policy: &PolicyInfo) {
        self.listening.turn_to(owner(policy));
    }

    fn matched(&mut self, policy: &str, rule: &str, _: bool) {
        policy.clone_into(&mut self.policy);
        // A rule that verifies images is asked before and after objects are changed.
        let of_rule = (policy.to_owned(), rule.to_owned());
        self.steps.remove(&of_rule);
        self.listening.turn_to(of_rule);
    }

    fn condition(&mut self, rule: &str, note: ConditionNote) {
        self.note(rule, Step::Condition(note));
    }

    fn preconditions(&mut self, rule: &str, hold: bool) {
        self.note(rule, Step::Preconditions(hold));
    }

    fn checked(&mut self, rule: &str, place: Part<'_>, status: RuleStatus) {
        self.note(rule, Step::Checked(place.to_string(), status));
    }

    fn leaf(&mut self, rule: &str, place: Part<'_>, leaf: Leaf) {
        self.note(rule, Step::Leaf(place.to_string(), leaf));
    }

    fn exception(&mut self, rule: &str, exception: &str, holds: bool) {
        self.note(rule, Step::Exception(exception.to_owned(), holds));
    }
}
