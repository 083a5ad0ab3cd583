//! Events about violations: one for each policy, rule and object, with a count, and no more than so
//! many at a time; and about policies that hold, where the configuration asks for them.
//!
//! A request that is denied leaves an Event on the policy, whose object never came to be. One that
//! passes although a rule fails leaves one on the object, too.

use std::collections::BTreeMap;

use portcullis_engine::{
    policy_info::PolicyInfo,
    response::{EngineResponse, RuleResponse, RuleStatus, RuleType},
};
use portcullis_values::gotime::GoTime;
use serde_json::{Value, json};

use super::subject::Subject;
use crate::configuration::Configuration;

/// The longest note that the server takes, in bytes.
const LONGEST: usize = 1024;

/// The actions that Kyverno's Events name.
const BLOCKED: &str = "Resource Blocked";
const PASSED: &str = "Resource Passed";
const MUTATED: &str = "Resource Mutated";

/// How long an Event is counted up before a new one begins, in microseconds.
const COUNTED: i64 = 600 * 1_000_000;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub struct EventsLimits {
    /// How many Events are counted at the same time.
    pub counted: usize,
    /// How many are written in one turn.
    pub a_turn: usize,
}

impl Default for EventsLimits {
    fn default() -> EventsLimits {
        EventsLimits {
            counted: 1000,
            a_turn: 20,
        }
    }
}

/// What the Events are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    policy: (String, String, String),
    rule: String,
    object: [String; 4],
    reason: &'static str,
    action: &'static str,
    is_on_policy: bool,
}

#[derive(Clone, Debug)]
struct Counted {
    body: Value,
    first: i64,
    last: i64,
    count: u64,
    written: u64,
}

/// Events that are counted.
#[derive(Debug)]
pub struct Events {
    counted: BTreeMap<Key, Counted>,
    limits: EventsLimits,
    /// The actions of successes that are told; nothing where none are, empty for all.
    successes: Option<Vec<String>>,
    /// Who writes: a name of this process.
    instance: String,
    dropped: u64,
    number: u64,
}

/// What the Events of one request or scan have in common.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'o> {
    /// The object.
    pub subject: &'o Subject,
    /// Whether the request was denied.
    pub is_blocked: bool,
    /// Whether it was a scan.
    pub is_scan: bool,
    /// When, in microseconds since 1970.
    pub micros: i64,
}

impl Events {
    /// No Events yet.
    #[must_use]
    pub fn new(instance: String, limits: EventsLimits) -> Events {
        Events {
            counted: BTreeMap::new(),
            limits,
            successes: None,
            instance,
            dropped: 0,
            number: 0,
        }
    }

    /// Which of what passes is counted, too, as `generateSuccessEvents` and `successEventActions` of the
    /// configuration say.
    pub fn tell_successes(&mut self, configuration: &Configuration) {
        let actions = &configuration.success_event_actions;
        self.successes = configuration
            .generate_success_events
            .then(|| actions.clone());
    }

    fn tells(&self, response: &EngineResponse) -> bool {
        let is_told = |actions: &Vec<String>| {
            actions.is_empty() || actions.iter().any(|one| one == success(response))
        };
        self.successes.as_ref().is_some_and(is_told) && passes(response)
    }

    /// Counts what fails or cannot be evaluated.
    pub fn count<'r>(
        &mut self,
        occasion: Occasion<'_>,
        responses: impl IntoIterator<Item = &'r EngineResponse>,
    ) {
        for response in responses {
            if self.tells(response) {
                let success = ("PolicyApplied", success(response));
                self.add(occasion, &response.policy, None, success, true);
            }
            for rule in &response.rules {
                let reason = match rule.status {
                    RuleStatus::Fail => "PolicyViolation",
                    RuleStatus::Error => "PolicyError",
                    RuleStatus::Pass | RuleStatus::Warn | RuleStatus::Skip => continue,
                };
                let action = match occasion.is_blocked {
                    true => BLOCKED,
                    false => PASSED,
                };
                let failure = (reason, action);
                self.add(occasion, &response.policy, Some(rule), failure, true);
                if !occasion.is_blocked {
                    self.add(occasion, &response.policy, Some(rule), failure, false);
                }
            }
        }
    }

    /// Counts one of a reason and action; without a rule it is about the policy as a whole, which passes.
    fn add(
        &mut self,
        occasion: Occasion<'_>,
        policy: &PolicyInfo,
        rule: Option<&RuleResponse>,
        what: (&'static str, &'static str),
        is_on_policy: bool,
    ) {
        let key = key(occasion, policy, rule, what, is_on_policy);
        if let Some(known) = self.counted.get_mut(&key) {
            if occasion.micros - known.first < COUNTED {
                known.count += 1;
                known.last = occasion.micros;
                return;
            }
            self.counted.remove(&key);
        }
        if self.counted.len() >= self.limits.counted {
            self.drop_oldest();
        }
        self.number += 1;
        let name = format!("portcullis.{}.{:x}", self.instance, self.number);
        let mut body = body(occasion, policy, rule, &key);
        if let Some(body) = body.as_object_mut() {
            let namespace = match is_on_policy {
                true => &policy.namespace,
                false => &occasion.subject.namespace,
            };
            let namespace = match namespace.as_str() {
                "" => "default",
                namespace => namespace,
            };
            let metadata = json!({"name": name, "namespace": namespace});
            body.insert("metadata".to_owned(), metadata);
            let instance = Value::from(self.instance.as_str());
            body.insert("reportingInstance".to_owned(), instance);
        }
        let counted = Counted {
            body,
            first: occasion.micros,
            last: occasion.micros,
            count: 1,
            written: 0,
        };
        self.counted.insert(key, counted);
    }

    fn drop_oldest(&mut self) {
        let oldest = self.counted.iter().min_by_key(|(_, counted)| counted.last);
        if let Some((key, counted)) = oldest.map(|(key, counted)| (key.clone(), counted.clone())) {
            self.dropped += u64::from(counted.written < counted.count);
            self.counted.remove(&key);
        }
    }

    /// The Events that are to be written now, those that are new first; the others have their turn
    /// later.
    pub fn plan(&mut self, micros: i64) -> Vec<Value> {
        self.counted.retain(|_, counted| {
            counted.written < counted.count || micros - counted.first < COUNTED
        });
        let mut due: Vec<&mut Counted> = self
            .counted
            .values_mut()
            .filter(|counted| counted.written < counted.count)
            .collect();
        due.sort_by_key(|counted| (counted.written > 0, counted.last));
        let turn = due.into_iter().take(self.limits.a_turn);
        turn.map(Counted::write).collect()
    }

    /// How many Events were never written, or not with their last count.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Counted {
    fn write(&mut self) -> Value {
        self.written = self.count;
        let mut event = self.body.clone();
        if let Some(event) = event.as_object_mut() {
            event.insert("eventTime".to_owned(), time(self.first).into());
            if self.count > 1 {
                let series = json!({"count": self.count, "lastObservedTime": time(self.last)});
                event.insert("series".to_owned(), series);
            }
        }
        event
    }
}

/// The action of an Event about what passes.
fn success(response: &EngineResponse) -> &'static str {
    let mut rules = response.rules.iter();
    match rules.any(|rule| rule.rule_type == RuleType::Mutation) {
        true => MUTATED,
        false => PASSED,
    }
}

/// Whether some rule passes, and none fails or cannot be evaluated.
fn passes(response: &EngineResponse) -> bool {
    let has = |status| response.rules.iter().any(|rule| rule.status == status);
    has(RuleStatus::Pass) && !has(RuleStatus::Fail) && !has(RuleStatus::Error)
}

fn key(
    occasion: Occasion<'_>,
    policy: &PolicyInfo,
    rule: Option<&RuleResponse>,
    (reason, action): (&'static str, &'static str),
    is_on_policy: bool,
) -> Key {
    let subject = occasion.subject;
    // A controller that is denied tries again with another name, made from the same prefix.
    let name = match (occasion.is_blocked, subject.generate_name.as_str()) {
        (true, prefix) if !prefix.is_empty() => prefix,
        _ => &subject.name,
    };
    let object = [
        &subject.api_version,
        &subject.kind,
        &subject.namespace,
        name,
    ];
    let policy = (&policy.kind, &policy.namespace, &policy.name);
    Key {
        policy: (policy.0.clone(), policy.1.clone(), policy.2.clone()),
        rule: rule.map_or_else(String::new, |rule| rule.rule.to_string()),
        object: object.map(|part| part.to_owned()),
        reason,
        action,
        is_on_policy,
    }
}

/// The Event without its name and its times.
fn body(
    occasion: Occasion<'_>,
    policy: &PolicyInfo,
    rule: Option<&RuleResponse>,
    key: &Key,
) -> Value {
    let subject = occasion.subject;
    let reference = json!({
        "apiVersion": policy.api_version,
        "kind": policy.kind,
        "namespace": policy.namespace,
        "name": policy.name,
    });
    let mut object = json!({
        "apiVersion": subject.api_version,
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": subject.name,
    });
    if let Some(object) = object.as_object_mut().filter(|_| !occasion.is_blocked) {
        object.insert("uid".to_owned(), subject.uid.as_str().into());
    }
    let (regarding, related) = match key.is_on_policy {
        true => (reference, object),
        false => (object, reference),
    };
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "type": if rule.is_some() { "Warning" } else { "Normal" },
        "reason": key.reason,
        "action": key.action,
        "note": note(occasion, policy, rule, key.is_on_policy),
        "regarding": regarding,
        "related": related,
        "reportingController": if occasion.is_scan { "kyverno-scan" } else { "kyverno-admission" },
    })
}

fn note(
    occasion: Occasion<'_>,
    policy: &PolicyInfo,
    rule: Option<&RuleResponse>,
    is_on_policy: bool,
) -> String {
    let subject = occasion.subject;
    let name = match subject.namespace.as_str() {
        "" => subject.name.clone(),
        namespace => format!("{namespace}/{}", subject.name),
    };
    let Some(rule) = rule else {
        return format!("{} {name}: pass", subject.kind);
    };
    let status = rule.status.as_str();
    let mut note = if is_on_policy {
        let rule_name = match &*rule.rule {
            "" => String::new(),
            name => format!("[{name}] "),
        };
        let blocked = if occasion.is_blocked {
            " (blocked)"
        } else {
            ""
        };
        let (kind, message) = (&subject.kind, &rule.message);
        format!("{kind} {name}: {rule_name}{status}{blocked}; {message}")
    } else {
        let rule_name = match &*rule.rule {
            "" => policy.key(),
            name => format!("{}/{name}", policy.key()),
        };
        format!("policy {rule_name} {status}: {}", rule.message)
    };
    let mut end = note.len().min(LONGEST);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    note.truncate(end);
    note
}

/// A time as the server writes it, with microseconds.
fn time(micros: i64) -> String {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let nanos = i128::from(micros) * 1_000;
    let time = GoTime::from_unix(seconds, u32::try_from(nanos).unwrap_or_default());
    time.format("2006-01-02T15:04:05.000000Z07:00")
}
