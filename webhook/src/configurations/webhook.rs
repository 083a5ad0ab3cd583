//! One webhook of a configuration.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_api::{
    cel_expression::MatchCondition,
    label_selector::{LabelSelector, LabelSelectorRequirement},
};
use serde_json::{Map, Value, json};

use super::{
    ClientConfig, Settings,
    coverage::Coverage,
    limits,
    needs::Need,
    protected,
    selection::{self, Namespaces, Selection},
    width::Width,
};
use crate::path::{FailurePolicy, Question, Whom};

/// Policies that are asked together, by one webhook or two.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    question: Question,
    failure_policy: FailurePolicy,
    whom: Whom,
    /// The versions that are meant where other policies mean others of the same resources; empty for
    /// most.
    versions: String,
    conditions: Vec<MatchCondition>,
    coverage: Coverage,
    selection: Selection,
    timeout: i32,
    is_exact: bool,
}

/// Which part of the requests a webhook gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What may fail closed.
    Closed,
    /// What the cluster needs to come back; it never fails closed.
    Infrastructure,
    /// Everything, by policies that do not fail closed.
    Open,
}

/// What policies share that are asked the same question together.
pub(super) type Group = (bool, Whom, String);

impl Asked {
    pub(super) fn of(need: Need, settings: &Settings, width: Width) -> Asked {
        let conditions = limits::named(need.conditions);
        let configured = settings.configuration.match_conditions.len();
        let has_own = width == Width::Needed && limits::are_taken(&conditions, configured);
        let whom = match conditions.as_slice() {
            [] => Whom::Together,
            _ if has_own => Whom::Policy(need.key),
            _ => Whom::Untested,
        };
        Asked {
            question: need.question,
            failure_policy: need.failure_policy,
            versions: String::new(),
            conditions: if has_own { conditions } else { Vec::new() },
            whom,
            coverage: protected::sent(need.coverage),
            selection: need.selection,
            timeout: need.timeout.unwrap_or(i32::from(settings.timeout)),
            is_exact: need.is_exact,
        }
        .widened(width)
    }

    fn widened(self, width: Width) -> Asked {
        if !width.is_everything() {
            return self;
        }
        Asked {
            coverage: protected::sent(Coverage::everything()),
            selection: Selection::default(),
            ..self
        }
    }

    /// What it shares with those that are asked the same question together.
    pub(super) fn group(&self) -> Group {
        let ignores = self.failure_policy == FailurePolicy::Ignore;
        (ignores, self.whom.clone(), self.versions.clone())
    }

    pub(super) fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The same about something else, which is sent in these versions.
    pub(super) fn about(&self, coverage: Coverage, versions: String) -> Asked {
        Asked {
            coverage,
            versions,
            ..self.clone()
        }
    }

    pub(super) fn join(&mut self, other: Asked) {
        self.coverage.extend(other.coverage);
        self.selection = std::mem::take(&mut self.selection).or(other.selection);
        self.timeout = self.timeout.max(other.timeout);
        self.is_exact &= other.is_exact;
    }

    /// Whether other versions of a resource are not meant.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The webhooks that ask these policies.
    pub(super) fn webhooks(&self, settings: &Settings) -> Vec<Value> {
        let parts: &[Part] = match self.failure_policy {
            FailurePolicy::Fail => &[Part::Closed, Part::Infrastructure],
            FailurePolicy::Ignore => &[Part::Open],
        };
        let webhooks = parts.iter();
        webhooks
            .filter_map(|part| self.webhook(*part, settings))
            .collect()
    }

    fn webhook(&self, part: Part, settings: &Settings) -> Option<Value> {
        let coverage = match part {
            Part::Closed => protected::closed(self.coverage.clone()),
            Part::Infrastructure => protected::infrastructure(&self.coverage),
            Part::Open => self.coverage.clone(),
        };
        let namespaces = namespaces(&self.selection.namespaces, part, &settings.namespace)?;
        let configuration = &settings.configuration;
        let namespaces = join(namespaces, configuration.namespace_selector.as_ref());
        let objects = self.selection.objects.clone().unwrap_or_default();
        let objects = join(objects, configuration.object_selector.as_ref());
        if coverage.is_empty() {
            return None;
        }
        let mut webhook = Map::new();
        let mut set = |key: &str, value: Value| webhook.insert(key.to_owned(), value);
        set("name", Value::from(self.name(part)));
        set("admissionReviewVersions", json!(["v1"]));
        set("clientConfig", client(settings, &self.path()));
        let fails = part == Part::Closed;
        set(
            "failurePolicy",
            json!(if fails { "Fail" } else { "Ignore" }),
        );
        set(
            "matchPolicy",
            json!(if self.is_exact { "Exact" } else { "Equivalent" }),
        );
        set("sideEffects", json!("NoneOnDryRun"));
        set("timeoutSeconds", json!(self.timeout.clamp(1, 30)));
        set("namespaceSelector", json!(namespaces));
        set("objectSelector", json!(objects));
        let conditions = self.conditions(part, &coverage, settings);
        if !conditions.is_empty() {
            set("matchConditions", json!(conditions));
        }
        if self.question == Question::Mutate {
            set("reinvocationPolicy", json!("IfNeeded"));
        }
        set("rules", Value::from(coverage.rules()));
        Some(Value::Object(webhook))
    }

    fn conditions(
        &self,
        part: Part,
        coverage: &Coverage,
        settings: &Settings,
    ) -> Vec<MatchCondition> {
        let protected = protected::condition(coverage, part == Part::Closed);
        let protected = protected.map(|expression| MatchCondition {
            name: "brings-no-webhook-back".to_owned(),
            expression,
        });
        let configured = settings.configuration.match_conditions.iter().cloned();
        let all = protected.into_iter().chain(configured);
        limits::named(all.chain(self.conditions.iter().cloned()))
    }

    /// The path that asks these policies, as [`crate::path`] reads it.
    fn path(&self) -> String {
        let question = self.question_name();
        let failure_policy = match self.failure_policy {
            FailurePolicy::Fail => "fail",
            FailurePolicy::Ignore => "ignore",
        };
        match &self.whom {
            Whom::Together => format!("/{question}/{failure_policy}"),
            Whom::Untested => format!("/{question}/{failure_policy}/untested"),
            Whom::Policy(key) => format!("/{question}/{failure_policy}/finegrained/{key}"),
        }
    }

    fn name(&self, part: Part) -> String {
        let question = self.question_name();
        let part = match part {
            Part::Closed => "fail",
            Part::Infrastructure => "fail-infrastructure",
            Part::Open => "ignore",
        };
        let of = match &self.whom {
            Whom::Together => String::new(),
            Whom::Untested => ".untested".to_owned(),
            Whom::Policy(key) => match key.split_once('/') {
                None => format!(".{key}.clusterpolicy"),
                Some((namespace, name)) => format!(".{name}.{namespace}.policy"),
            },
        };
        let versions = match self.versions.as_str() {
            "" => String::new(),
            versions => format!(".{versions}"),
        };
        format!("{question}-{part}{of}{versions}.portcullis.io")
    }

    fn question_name(&self) -> &'static str {
        match self.question {
            Question::Validate => "validate",
            Question::Mutate => "mutate",
        }
    }
}

/// The selector of namespaces for a part; none where it leaves nothing.
fn namespaces(meant: &Namespaces, part: Part, own: &str) -> Option<LabelSelector> {
    let infrastructure = protected::NAMESPACES;
    let kept: Vec<&str> = infrastructure
        .into_iter()
        .filter(|name| *name != own)
        .collect();
    let own = Some(own).filter(|own| !own.is_empty());
    let left_out: Vec<&str> = match part {
        Part::Open => own.into_iter().collect(),
        Part::Closed | Part::Infrastructure => own.into_iter().chain(infrastructure).collect(),
    };
    let requirement: Option<LabelSelectorRequirement> = match part {
        Part::Infrastructure => Some(selection::named("In", kept.iter().copied())),
        _ if left_out.is_empty() => None,
        _ => Some(selection::named("NotIn", left_out.iter().copied())),
    };
    let mut selector = match meant {
        Namespaces::All => LabelSelector::default(),
        Namespaces::Labelled(selector) => selector.clone(),
        Namespaces::Named(names) => {
            let names = names.iter().map(String::as_str);
            let names: Vec<&str> = match part {
                Part::Infrastructure => names.filter(|name| kept.contains(name)).collect(),
                _ => names.filter(|name| !left_out.contains(name)).collect(),
            };
            let requirement = (!names.is_empty()).then(|| selection::named("In", names))?;
            return Some(LabelSelector {
                match_expressions: vec![requirement],
                ..LabelSelector::default()
            });
        }
    };
    selector.match_expressions.extend(requirement);
    Some(selector)
}

fn join(selector: LabelSelector, configured: Option<&LabelSelector>) -> LabelSelector {
    match configured {
        None => selector,
        Some(configured) => selection::both(selector, configured),
    }
}

/// How the API server reaches a path.
pub(super) fn client(settings: &Settings, path: &str) -> Value {
    let ca_bundle = STANDARD.encode(&settings.ca_bundle);
    match &settings.client {
        ClientConfig::Url(base) => {
            let url = format!("{}{path}", base.trim_end_matches('/'));
            json!({"url": url, "caBundle": ca_bundle})
        }
        ClientConfig::Service {
            name,
            namespace,
            port,
        } => json!({
            "service": {"name": name, "namespace": namespace, "path": path, "port": port},
            "caBundle": ca_bundle,
        }),
    }
}
